import { randomUUID } from 'node:crypto';
import type { Service, ServicePort, ServiceSpec } from '../../api/core/v1.gen.ts';
import { type ApiError, errors } from '../../api/errors.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { formatTime } from '../../schema/time.ts';
import type { Operation, Store } from '../../store/store.ts';
import type { Clock } from '../../utils/clock.ts';
import { canonicalAddress } from '../../utils/ip.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { RegistryHooks, Reservation } from './hooks.ts';
import type { IpRange } from './ip-range.ts';
import { initFamilies } from './service-families.ts';

const NODE_PORTS_PREFIX = '/registry/ranges/servicenodeports/';

/** Where node ports' holders are written down; not served. */
export const nodePortsInUse = { prefix: NODE_PORTS_PREFIX, data: { namespaced: false }, strategy: {} } as const;

export interface ServiceAllocatorOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** The first is the default; at most one of each family. */
  readonly ranges: readonly IpRange[];
  /** First and last node port. */
  readonly nodePorts: readonly [first: number, last: number];
  /** IPAddress objects, node ports in use, and Services. */
  readonly addresses: () => WatchCache | Promise<WatchCache>;
  readonly ports: () => WatchCache | Promise<WatchCache>;
  readonly services: () => WatchCache | Promise<WatchCache>;
}

/** What a Service holds. */
interface Holdings {
  readonly ips: ReadonlySet<string>;
  readonly ports: ReadonlySet<number>;
}

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

  constructor(options: ServiceAllocatorOptions) {
    this.#options = options;
  }

  async beginCreate(object: Mutable<KubeObject>, dryRun: boolean): Promise<Reservation | undefined> {
    // The registry calls this for Services.
    const service = object as Mutable<Service>;
    const spec = service.spec;
    if (!spec) return undefined;
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    else if (spec.clusterIPs?.length && !spec.clusterIP) spec.clusterIP = spec.clusterIPs[0];
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
    const had = holdings(old?.spec);
    if (dryRun) {
      this.#dryRun(service, had);
      return undefined;
    }
    this.#repaired ??= this.#repair().catch((error) => {
      this.#repaired = undefined;
      throw error;
    });
    await this.#repaired;
    const addresses = await this.#options.addresses();
    const ports = await this.#options.ports();
    const chosen = holdings(service.spec);
    this.#fillIps(service, had, addresses);
    this.#fillPorts(service, had, ports);
    let operations = this.#claim(service, had);
    const choose = (again: Mutable<Service>): void => {
      this.#unclaim(operations);
      operations = [];
      forgetGiven(again.spec, chosen);
      this.#fillIps(again, had, addresses);
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

  /** What a dry run would have got: addresses are checked and shown, none is looked for. */
  #dryRun(service: Mutable<Service>, had: Holdings): void {
    const { spec } = service;
    if (!spec || !needsIp(spec)) return;
    const ips = [...(spec.clusterIPs ?? [])];
    for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
      const range = this.#range(family);
      if (!range) continue;
      const ip = ips[i];
      if (!ip) ips[i] = range.base;
      else if (!had.ips.has(canonicalAddress(ip)) && !range.contains(ip))
        throw refuseIp(service, ip, notInRange(ip, range));
    }
    setIps(spec, ips);
    const [first] = this.#options.nodePorts;
    for (const [i, port] of needsNodePorts(spec) ? (spec.ports ?? []).entries() : []) {
      if (!port.nodePort) port.nodePort = first + i;
    }
  }

  #range(family: string): IpRange | undefined {
    return this.#options.ranges.find((range) => range.family === family);
  }

  #fillIps(service: Mutable<Service>, had: Holdings, addresses: WatchCache): void {
    const { spec } = service;
    if (!spec || !needsIp(spec)) return;
    const ips = [...(spec.clusterIPs ?? [])];
    for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
      const range = this.#range(family);
      if (!range) continue;
      const ip = ips[i];
      const isFree = (text: string): boolean => this.#isFree(addresses, text);
      if (!ip) {
        const found = this.#findIp(range, isFree);
        if (found === undefined) throw errors.internal('failed to allocate a serviceIP: range is full');
        ips[i] = found;
        continue;
      }
      if (had.ips.has(canonicalAddress(ip))) continue;
      if (!range.contains(ip)) throw refuseIp(service, ip, notInRange(ip, range));
      if (!isFree(canonicalAddress(ip))) throw refuseIp(service, ip, 'provided IP is already allocated');
    }
    setIps(spec, ips);
  }

  /** A free address: from the upper part at random, then from the part that is left to people. */
  #findIp(range: IpRange, isFree: (ip: string) => boolean): string | undefined {
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
    const { spec } = service;
    if (!spec) return;
    const own = new Set<number>();
    const found: FieldError[] = [];
    const isFree = (port: number): boolean => had.ports.has(port) || own.has(port) || this.#isFree(taken, port);
    const check = (path: Path, port: number): void => {
      const [first, last] = this.#options.nodePorts;
      if (!had.ports.has(port) && (port < first || port > last)) {
        const why = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
        found.push(fieldErrors.invalid(path, port, why));
      } else if (!isFree(port)) found.push(fieldErrors.invalid(path, port, 'provided port is already allocated'));
      own.add(port);
    };
    const ports = spec.ports ?? [];
    for (const [i, { nodePort }] of ports.entries()) {
      if (nodePort) check(Path.of('spec', 'ports').index(i).child('nodePort'), nodePort);
    }
    if (spec.healthCheckNodePort) check(Path.of('spec', 'healthCheckNodePort'), spec.healthCheckNodePort);
    if (found.length > 0) throw errors.invalid({ group: '', kind: 'Service' }, service.metadata.name, found);
    if (needsNodePorts(spec)) for (const port of ports) port.nodePort ||= this.#portFor(port, ports, own, isFree);
    if (needsHealthCheck(spec)) spec.healthCheckNodePort ||= this.#findPort(own, isFree);
  }

  /** One node port serves the same port of several protocols. */
  #portFor(
    port: ServicePort,
    ports: readonly ServicePort[],
    own: Set<number>,
    isFree: (port: number) => boolean,
  ): number {
    for (const other of ports) {
      if (!other.nodePort || other.port !== port.port || other.protocol === port.protocol) continue;
      const both = ports.some((p) => p.nodePort === other.nodePort && p.protocol === port.protocol);
      if (!both) return other.nodePort;
    }
    return this.#findPort(own, isFree);
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
        if (!own.has(port) && isFree(port)) {
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

function takePort(port: number, service: Service): Operation {
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
    if (!spec.clusterIP) {
      spec.clusterIP = spec.clusterIPs?.[0] || old.clusterIP;
    }
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP) spec.clusterIPs = [...(old.clusterIPs ?? [])];
  }
  if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
  // A client of one address changes clusterIP alone.
  if (spec.clusterIP !== old.clusterIP && spec.clusterIPs?.[0] === old.clusterIPs?.[0] && spec.clusterIP) {
    spec.clusterIPs = [spec.clusterIP];
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
