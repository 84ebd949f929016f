import { randomUUID } from 'node:crypto';
import type { Service, ServiceSpec } from '../../api/core/v1.gen.ts';
import { type ApiError, errors } from '../../api/errors.ts';
import type { ServiceCIDR } from '../../api/networking/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { formatTime } from '../../schema/time.ts';
import type { Operation, PutOperation, Store } from '../../store/store.ts';
import type { Clock } from '../../utils/clock.ts';
import { canonicalAddress } from '../../utils/ip.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { RegistryHooks, Reservation } from './hooks.ts';
import { IpRange } from './ip-range.ts';
import { initFamilies } from './service-families.ts';

/** A key below it for each port that is held. */
export const NODE_PORTS_PREFIX = '/registry/ranges/servicenodeports/';

/** Dry runs count node ports from here, past those that there are. */
const DRY_RUN_PORT = 32768;
const MOST_RANGES = 1000;
const ALLOCATED = 'provided port is already allocated';
const MISMATCH = 'the provided network does not match the current range';

/** Where node ports' holders are written down; not served. */
export const nodePortsInUse = { prefix: NODE_PORTS_PREFIX, data: { namespaced: false }, strategy: {} } as const;

export interface ServiceAllocatorOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Which families the cluster has, the first the default; at most one of each. */
  readonly ranges: readonly IpRange[];
  /** First and last node port. */
  readonly nodePorts: readonly [first: number, last: number];
  /** IPAddress objects, node ports in use, and Services. */
  readonly addresses: () => WatchCache | Promise<WatchCache>;
  readonly ports: () => WatchCache | Promise<WatchCache>;
  readonly services: () => WatchCache | Promise<WatchCache>;
  /** ServiceCIDR objects, from which addresses come; `ranges` until there are any. */
  readonly cidrs: () => WatchCache | Promise<WatchCache>;
}

/** What a Service holds. */
interface Holdings {
  readonly ips: ReadonlySet<string>;
  readonly ports: ReadonlySet<number>;
}

/** Where node ports come from, and why one that was asked for cannot be had. */
interface Ports {
  readonly next: () => number;
  readonly check: (port: number) => string | undefined;
}

/** Of a Service that is new. */
const NOTHING: Holdings = { ips: new Set(), ports: new Set() };

/** A choice that is the client's and cannot be replaced by another. */
interface Chosen {
  readonly ips: ReadonlySet<string>;
  readonly ports: ReadonlySet<number>;
}

/**
 * Gives Services their cluster IPs and node ports. An address is held by an IPAddress object, a port by a key of its
 * own; both are written in the Service's own transaction and only where nobody holds them, so that Services written at
 * the same time, here or by another API server, never share one, and none is lost when a server dies.
 * https://kubernetes.io/docs/reference/networking/virtual-ips/#ip-address-objects
 */
export class ServiceAllocator implements RegistryHooks {
  readonly #options: ServiceAllocatorOptions;
  #repaired: Promise<void> | undefined;
  /** Keys that writes on their way are about to take. */
  readonly #claimed = new Set<string>();
  /** By CIDR. */
  readonly #parsed = new Map<string, IpRange>();

  constructor(options: ServiceAllocatorOptions) {
    this.#options = options;
  }

  async beginCreate(object: Mutable<KubeObject>, dryRun: boolean): Promise<Reservation | undefined> {
    // The registry calls this for Services.
    const service = object as Mutable<Service>;
    const spec = service.spec;
    if (!spec) return undefined;
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    initFamilies(service, undefined, this.#options.ranges);
    return this.#allocate(service, undefined, dryRun);
  }

  async beginUpdate(object: Mutable<KubeObject>, old: KubeObject, dryRun: boolean): Promise<Reservation | undefined> {
    const service = object as Mutable<Service>;
    const before = old as Service;
    if (!service.spec || !before.spec) return undefined;
    keepAllocated(service.spec, before.spec);
    initFamilies(service, before, this.#options.ranges);
    return this.#allocate(service, before, dryRun);
  }

  release(last: KubeObject): readonly Operation[] {
    return giveBack(holdings((last as Service).spec));
  }

  async #allocate(
    service: Mutable<Service>,
    old: Service | undefined,
    dryRun: boolean,
  ): Promise<Reservation | undefined> {
    const had = old ? holdings(old.spec) : NOTHING;
    if (dryRun) {
      await this.#dryRun(service, had);
      return undefined;
    }
    this.#repaired ??= this.#repair().catch((error) => {
      this.#repaired = undefined;
      throw error;
    });
    await this.#repaired;
    const addresses = await this.#options.addresses();
    const ports = await this.#options.ports();
    const cidrs = await this.#options.cidrs();
    const chosen = holdings(service.spec);
    this.#fillIps(service, had, addresses, cidrs);
    this.#fillPorts(service, had, ports);
    let operations = this.#claim(service, had);
    const choose = (again: Mutable<Service>): void => {
      this.#unclaim(operations);
      operations = [];
      forgetGiven(again.spec, chosen);
      this.#fillIps(again, had, addresses, cidrs);
      this.#fillPorts(again, had, ports);
      operations = this.#claim(again, had);
    };
    const done = (): void => this.#unclaim(operations);
    return {
      get operations() {
        return operations;
      },
      again: async (object) => choose(object as Mutable<Service>),
      done,
    };
  }

  #claim(service: Service, had: Holdings): readonly Operation[] {
    const operations = this.#operations(service, had);
    for (const { type, key } of operations) if (type === 'put') this.#claimed.add(key);
    return operations;
  }

  #unclaim(operations: readonly Operation[]): void {
    for (const { type, key } of operations) if (type === 'put') this.#claimed.delete(key);
  }

  /** Whether nobody holds a key, nor is about to. */
  #isFree(cache: WatchCache, name: string | number): boolean {
    const key = cache.prefix + name;
    return cache.get(key) === undefined && !this.#claimed.has(key);
  }

  #operations(service: Service, had: Holdings): Operation[] {
    const has = holdings(service.spec);
    const operations: Operation[] = [];
    for (const ip of has.ips) if (!had.ips.has(ip)) operations.push(this.#take(ip, service));
    for (const port of has.ports) if (!had.ports.has(port)) operations.push(takePort(port, service));
    const gone = {
      ips: new Set([...had.ips].filter((ip) => !has.ips.has(ip))),
      ports: new Set([...had.ports].filter((port) => !has.ports.has(port))),
    };
    return [...operations, ...giveBack(gone)];
  }

  /** The ranges of a family from which addresses are given, those of ServiceCIDRs that are ready. */
  #rangesOf(family: string, cidrs: WatchCache): readonly IpRange[] {
    const found = new Map<string, IpRange>();
    let any = false;
    for (const { object } of cidrs.values()) {
      any = true;
      const cidr = object as ServiceCIDR; // that is what the cache holds
      if (!isReady(cidr)) continue;
      for (const text of cidr.spec?.cidrs ?? []) if (!found.has(text)) found.set(text, this.#parse(text));
    }
    const ranges = any ? [...found.values()] : this.#options.ranges;
    return ranges.filter((range) => range.family === family);
  }

  #parse(cidr: string): IpRange {
    let range = this.#parsed.get(cidr);
    if (!range) {
      if (this.#parsed.size >= MOST_RANGES) this.#parsed.clear();
      range = new IpRange(cidr);
      this.#parsed.set(cidr, range);
    }
    return range;
  }

  /** What a dry run would have got: addresses are checked and shown, none is looked for. */
  async #dryRun(service: Mutable<Service>, had: Holdings): Promise<void> {
    const { spec } = service;
    if (!spec) return;
    if (needsIp(spec)) {
      const cidrs = await this.#options.cidrs();
      const ips = [...(spec.clusterIPs ?? [])];
      for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
        const [range] = this.#rangesOf(family, cidrs);
        if (!range) continue;
        const ip = ips[i];
        if (!ip) ips[i] = range.base;
        else if (!had.ips.has(canonicalAddress(ip)) && !range.contains(ip))
          throw refuseIp(service, ip, notInRange(ip, range));
      }
      setIps(spec, ips);
    }
    const taken = await this.#options.ports();
    const own = new Set<number>();
    // Any number will do; this one is no node port that anybody has.
    const next = (): number => {
      const port = (own.size === 0 ? DRY_RUN_PORT : Math.max(...own)) + 1;
      own.add(port);
      return port;
    };
    const check = (port: number): string | undefined => {
      const used = own.has(port) || !this.#isFree(taken, port);
      own.add(port);
      return used ? ALLOCATED : undefined;
    };
    this.#givePorts(service, had, { next, check });
  }

  #fillIps(service: Mutable<Service>, had: Holdings, addresses: WatchCache, cidrs: WatchCache): void {
    const { spec } = service;
    if (!spec || !needsIp(spec)) return;
    const ips = [...(spec.clusterIPs ?? [])];
    const isFree = (text: string): boolean => this.#isFree(addresses, text);
    for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
      const ip = ips[i];
      const ranges = this.#rangesOf(family, cidrs);
      if (!ip) {
        ips[i] = this.#findIp(service, ranges, isFree);
        continue;
      }
      if (had.ips.has(canonicalAddress(ip))) continue;
      if (!ranges.some((range) => range.contains(ip))) throw refuseIp(service, ip, MISMATCH);
      if (!isFree(canonicalAddress(ip))) throw refuseIp(service, ip, 'provided IP is already allocated');
    }
    setIps(spec, ips);
  }

  #findIp(service: Service, ranges: readonly IpRange[], isFree: (ip: string) => boolean): string {
    for (const range of ranges) {
      const found = this.#findIn(range, isFree);
      if (found !== undefined) return found;
    }
    throw errors.internal(`failed to allocate a serviceIP for Service "${service.metadata.name}": range is full`);
  }

  /** A free address: from the upper part at random, then from the part that is left to people. */
  #findIn(range: IpRange, isFree: (ip: string) => boolean): string | undefined {
    const parts: readonly (readonly [start: bigint, size: bigint])[] = [
      [range.reserved, range.size - range.reserved],
      [0n, range.reserved],
    ];
    for (const [start, size] of parts) {
      const offset = BigInt(Math.floor(this.#options.random() * Number(size)));
      for (let i = 0n; i < size; i++) {
        const ip = range.at(start + ((offset + i) % size));
        if (isFree(ip)) return ip;
      }
    }
    return undefined;
  }

  #fillPorts(service: Mutable<Service>, had: Holdings, taken: WatchCache): void {
    const own = new Set<number>();
    const isFree = (port: number): boolean => !own.has(port) && this.#isFree(taken, port);
    const [first, last] = this.#options.nodePorts;
    const check = (port: number): string | undefined => {
      if (port < first || port > last)
        return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
      if (!isFree(port)) return ALLOCATED;
      own.add(port);
      return undefined;
    };
    const next = (): number => this.#findPort(own, isFree);
    this.#givePorts(service, had, { next, check });
  }

  /** Node ports in the order of the ports; the first that cannot be had ends it. */
  #givePorts(service: Mutable<Service>, had: Holdings, { next, check }: Ports): void {
    const { spec } = service;
    if (!spec) return;
    const ports = spec.ports ?? [];
    const take = (i: number, wanted: number): void => {
      const why = had.ports.has(wanted) ? undefined : check(wanted);
      if (why === undefined) return;
      const complaint = fieldErrors.invalid(Path.of('spec', 'ports').index(i).child('nodePort'), wanted, why);
      throw errors.invalid({ group: '', kind: 'Service' }, service.metadata.name, [complaint]);
    };
    /** By port: protocols share one. */
    const given = new Map<number, number>();
    const wants = needsNodePorts(spec);
    const taken = new Set<number>();
    for (const [i, port] of ports.entries()) {
      if (!port.nodePort && !wants) continue;
      if (had !== NOTHING) {
        // An update shares none by itself, and leaves those that share one as they are.
        if (port.nodePort && !taken.has(port.nodePort)) take(i, port.nodePort);
        port.nodePort ||= next();
        taken.add(port.nodePort);
        continue;
      }
      const before = given.get(port.port);
      if (before === undefined) {
        const wanted = port.nodePort || ports.find((p) => p.port === port.port && p.nodePort)?.nodePort;
        if (wanted) take(i, wanted);
        port.nodePort = wanted || next();
        given.set(port.port, port.nodePort);
      } else if (!port.nodePort) port.nodePort = before;
      else if (port.nodePort !== before) take(i, port.nodePort);
    }
    if (!needsHealthCheck(spec)) return;
    const { healthCheckNodePort: wanted } = spec;
    if (wanted && !had.ports.has(wanted)) {
      const why = check(wanted);
      if (why) throw errors.internal(`failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`);
    } else if (!wanted) spec.healthCheckNodePort = next();
  }

  #findPort(own: Set<number>, isFree: (port: number) => boolean): number {
    const [first, last] = this.#options.nodePorts;
    const size = last - first + 1;
    // As with addresses, the lower part is left to those who choose their ports.
    const reserved = size < 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128);
    for (const [start, count] of [
      [first + reserved, size - reserved],
      [first, reserved],
    ] as const) {
      const offset = Math.floor(this.#options.random() * count);
      for (let i = 0; i < count; i++) {
        const port = start + ((offset + i) % count);
        if (isFree(port)) {
          own.add(port);
          return port;
        }
      }
    }
    throw errors.internal('failed to allocate a nodePort: range is full');
  }

  #take(ip: string, service: Service): Operation {
    const { name, namespace } = service.metadata;
    const address = {
      kind: 'IPAddress',
      apiVersion: 'networking.k8s.io/v1',
      metadata: {
        name: ip,
        uid: randomUUID(),
        creationTimestamp: formatTime(this.#options.clock.now()),
        labels: {
          'ipaddress.kubernetes.io/ip-family': ip.includes(':') ? 'IPv6' : 'IPv4',
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      },
      spec: { parentRef: { resource: 'services', namespace, name } },
    };
    return { type: 'put', key: addressKey(ip), value: Buffer.from(JSON.stringify(address)), expect: 0 };
  }

  /** Services that something else wrote (a copy of another cluster's state) get what they claim. */
  async #repair(): Promise<void> {
    const { store } = this.#options;
    const [addresses, ports, services] = await Promise.all([
      this.#options.addresses(),
      this.#options.ports(),
      this.#options.services(),
    ]);
    for (const entry of services.values()) {
      const service = entry.object as Service;
      const has = holdings(service.spec);
      const missing: Operation[] = [];
      for (const ip of has.ips) if (!addresses.get(addresses.prefix + ip)) missing.push(this.#take(ip, service));
      for (const port of has.ports) if (!ports.get(ports.prefix + port)) missing.push(takePort(port, service));
      // One by one: what another Service holds already stays with it.
      for (const operation of missing) await store.txn([operation]);
    }
  }
}

const addressKey = (ip: string): string => `/registry/ipaddresses/${ip}`;

/** Holds a port for a Service where nobody does. */
export function takePort(port: number, service: Service): PutOperation {
  const { name, namespace } = service.metadata;
  const holder = { metadata: { name: String(port) }, service: { namespace, name } };
  return { type: 'put', key: NODE_PORTS_PREFIX + port, value: Buffer.from(JSON.stringify(holder)), expect: 0 };
}

function giveBack({ ips, ports }: Holdings): Operation[] {
  return [
    ...[...ips].map((ip): Operation => ({ type: 'delete', key: addressKey(ip) })),
    ...[...ports].map((port): Operation => ({ type: 'delete', key: NODE_PORTS_PREFIX + port })),
  ];
}

function holdings(spec: ServiceSpec | undefined): Holdings & Chosen {
  const ips = new Set<string>();
  const ports = new Set<number>();
  if (spec && needsIp(spec)) for (const ip of spec.clusterIPs ?? []) if (ip) ips.add(canonicalAddress(ip));
  if (spec && spec.type !== 'ExternalName') {
    for (const { nodePort } of spec.ports ?? []) if (nodePort) ports.add(nodePort);
    if (spec.healthCheckNodePort) ports.add(spec.healthCheckNodePort);
  }
  return { ips, ports };
}

/** One whose controller has said nothing yet is. */
function isReady({ metadata, status }: ServiceCIDR): boolean {
  if (metadata.deletionTimestamp) return false;
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  return condition === undefined || condition.status === 'True';
}

const needsIp = (spec: ServiceSpec): boolean => spec.type !== 'ExternalName' && spec.clusterIPs?.[0] !== 'None';

const needsNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);

const needsHealthCheck = (spec: ServiceSpec): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

function setIps(spec: Mutable<ServiceSpec>, ips: readonly string[]): void {
  if (ips.length === 0) return;
  spec.clusterIP = ips[0];
  spec.clusterIPs = [...ips];
}

/** Takes out what was given without being asked for. */
function forgetGiven(spec: Mutable<ServiceSpec> | undefined, chosen: Chosen): void {
  if (!spec) return;
  if (needsIp(spec)) {
    spec.clusterIPs = (spec.clusterIPs ?? []).map((ip) => (chosen.ips.has(canonicalAddress(ip)) ? ip : ''));
    spec.clusterIP = spec.clusterIPs[0];
  }
  for (const port of spec.ports ?? []) {
    if (port.nodePort && !chosen.ports.has(port.nodePort)) port.nodePort = undefined;
  }
  if (spec.healthCheckNodePort && !chosen.ports.has(spec.healthCheckNodePort)) spec.healthCheckNodePort = undefined;
}

/** An update that leaves out what was allocated keeps it. */
function keepAllocated(spec: Mutable<ServiceSpec>, old: ServiceSpec): void {
  if (spec.type !== 'ExternalName' && old.type !== 'ExternalName') {
    if (!spec.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP) spec.clusterIPs = [...(old.clusterIPs ?? [])];
  }
  // A client of one address changes clusterIP alone.
  if (spec.clusterIP !== old.clusterIP && sameIps(spec, old)) {
    spec.clusterIPs = old.clusterIP && !spec.clusterIP ? undefined : [spec.clusterIP ?? ''];
  }
  if (needsNodePorts(spec) && needsNodePorts(old)) {
    const used = new Set((spec.ports ?? []).map((port) => port.nodePort).filter((port) => port !== undefined));
    for (const port of spec.ports ?? []) {
      if (port.nodePort) continue;
      const same = old.ports?.find((p) => p.port === port.port && p.protocol === port.protocol);
      if (same?.nodePort && !used.has(same.nodePort)) port.nodePort = same.nodePort;
    }
  }
  if (needsHealthCheck(spec) && needsHealthCheck(old)) spec.healthCheckNodePort ||= old.healthCheckNodePort;
}

const sameIps = (a: ServiceSpec, b: ServiceSpec): boolean =>
  (a.clusterIPs ?? []).join() === (b.clusterIPs ?? []).join();

const notInRange = (ip: string, range: IpRange): string =>
  `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${range.cidr}`;

function refuseIp(service: Service, ip: string, why: string): ApiError {
  const complaint = fieldErrors.invalid(
    Path.of('spec', 'clusterIPs'),
    service.spec?.clusterIPs ?? [],
    `failed to allocate IP ${ip}: ${why}`,
  );
  return errors.invalid({ group: '', kind: 'Service' }, service.metadata.name, [complaint]);
}
