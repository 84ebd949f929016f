import type { Service } from '../api/core/v1.gen.ts';
import type { EndpointSlice } from '../api/discovery/v1.gen.ts';
import type { Informer } from '../client/informer.ts';
import { SERVICE_INDEX, serviceOfSlice } from '../proxy/service-slices.ts';
import { canonicalAddress, familyOf, rangeContains } from '../utils/ip.ts';
import type { ResourceRecord, Response } from './response.ts';
import { RCODE, TYPE } from './wire.ts';

export interface ZoneOptions {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  /** "cluster.local" */
  readonly clusterDomain: string;
  /** Addresses that are the cluster's own; their unknown reverse names are answered here and not asked for outside. */
  readonly ranges: readonly string[];
  /** The DNS service's addresses, which the zone's NS record leads to. */
  readonly serverIPs: readonly string[];
  readonly random: () => number;
}

/** What the zone says to a question; `alias` must be followed where it leads out of the zone. */
export interface ZoneAnswer extends Response {
  readonly alias?: string;
}

/** kubeadm's CoreDNS gives 30 s; what follows pods has to be newer. */
const TTL = 30;
const SHORT_TTL = 5;
const ADDRESS_INDEX = 'address';
const LONGEST_ALIAS_CHAIN = 8;

interface EndpointView {
  readonly address: string;
  readonly host: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

/** A service as names see it; made when first asked for, forgotten when one of its objects changes. */
interface ServiceView {
  readonly name: string;
  readonly externalName?: string;
  readonly headless: boolean;
  readonly clusterIPs: readonly string[];
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
  readonly endpoints: readonly EndpointView[];
}

/**
 * The names of services and pods, answered from what informers know (DNS-based service discovery, specification
 * 1.1.0: https://github.com/kubernetes/dns/blob/master/docs/specification.md; where it is silent, as CoreDNS does).
 */
export class ClusterZone {
  readonly #options: ZoneOptions;
  readonly #domain: string;
  readonly #domainLabels: readonly string[];
  readonly #views = new Map<string, ServiceView>();
  readonly #unsubscribe: (() => void)[];

  constructor(options: ZoneOptions) {
    this.#options = options;
    this.#domain = options.clusterDomain.toLowerCase().replace(/\.$/, '');
    this.#domainLabels = this.#domain.split('.');
    options.services.addIndex(ADDRESS_INDEX, clusterIPsOf);
    options.slices.addIndex(SERVICE_INDEX, serviceOfSlice);
    options.slices.addIndex(ADDRESS_INDEX, (slice) =>
      (slice.endpoints ?? []).map(({ addresses }) => canonicalAddress(addresses[0] ?? '')),
    );
    const service = ({ metadata }: Service) => void this.#views.delete(`${metadata.namespace}/${metadata.name}`);
    const slice = (object: EndpointSlice) => {
      for (const key of serviceOfSlice(object)) this.#views.delete(key);
    };
    this.#unsubscribe = [
      options.services.addHandler({ onAdd: service, onUpdate: (_, after) => service(after), onDelete: service }),
      options.slices.addHandler({
        onAdd: slice,
        onUpdate: (before, after) => {
          slice(before);
          slice(after);
        },
        onDelete: slice,
      }),
    ];
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  /** Undefined: not a name of the cluster's, ask elsewhere. `labels` in lower case, most specific first. */
  answer(labels: readonly string[], type: number): ZoneAnswer | undefined {
    const inside = this.#inside(labels);
    if (!inside) return this.#reverse(labels, type);
    const answers: ResourceRecord[] = [];
    let found = this.#forward(inside, labels.join('.'), type);
    let alias: string | undefined;
    for (let i = 0; found.alias !== undefined && i < LONGEST_ALIAS_CHAIN; i++) {
      answers.push(...found.answers);
      alias = found.alias;
      const target = alias.split('.');
      const next = type === TYPE.CNAME ? undefined : this.#inside(target);
      if (!next) return { ...found, answers, ...(type !== TYPE.CNAME ? { alias } : { alias: undefined }) };
      found = this.#forward(next, alias, type);
    }
    return { ...found, answers: [...answers, ...found.answers], alias: undefined };
  }

  /** The labels in front of the cluster's domain. */
  #inside(labels: readonly string[]): readonly string[] | undefined {
    const start = labels.length - this.#domainLabels.length;
    if (start < 0 || !this.#domainLabels.every((label, i) => labels[start + i] === label)) return undefined;
    return labels.slice(0, start);
  }

  #forward(inside: readonly string[], name: string, type: number): ZoneAnswer {
    const [kind, ...path] = inside.toReversed();
    switch (kind) {
      case undefined:
        return this.#apex(name, type);
      case 'svc':
        return this.#service(path, name, type);
      case 'pod':
        return this.#pod(path, name, type);
      case 'dns-version':
        if (path.length > 0) return this.#negative(RCODE.NXDOMAIN);
        return type === TYPE.TXT
          ? positive([{ name, ttl: TTL, data: { type: 'TXT', text: '1.1.0' } }])
          : this.#negative();
      case 'dns':
        if (path.length === 0) return this.#negative();
        if (path.length > 1 || path[0] !== 'ns') return this.#negative(RCODE.NXDOMAIN);
        return this.#addresses(name, this.#options.serverIPs, type, TTL);
      default:
        return this.#negative(RCODE.NXDOMAIN);
    }
  }

  #apex(name: string, type: number): ZoneAnswer {
    if (type === TYPE.SOA) return positive([this.#soa()]);
    if (type !== TYPE.NS) return this.#negative();
    const target = `ns.dns.${this.#domain}`;
    const additionals = this.#options.serverIPs.map((address) => addressRecord(target, address, TTL));
    return positive([{ name, ttl: TTL, data: { type: 'NS', target } }], additionals);
  }

  /** namespace, service, and then nothing, a host name, or protocol and port. */
  #service(path: readonly string[], name: string, type: number): ZoneAnswer {
    const [namespace, service, third, fourth] = path;
    if (namespace === undefined) return this.#negative();
    if (service === undefined) {
      return this.#negative(this.#options.services.store.list(namespace).length > 0 ? RCODE.NOERROR : RCODE.NXDOMAIN);
    }
    const view = this.#view(namespace, service);
    if (!view || path.length > 4) return this.#negative(RCODE.NXDOMAIN);
    if (view.externalName !== undefined) {
      if (third !== undefined || familyOf(view.externalName)) return this.#negative(RCODE.NXDOMAIN);
      return {
        ...positive([{ name, ttl: TTL, data: { type: 'CNAME', target: view.externalName } }]),
        alias: view.externalName,
      };
    }
    if (third === undefined) {
      if (view.headless && view.endpoints.length === 0) return this.#negative(RCODE.NXDOMAIN);
      if (type === TYPE.SRV) return this.#ports(view, name, () => true);
      return view.headless
        ? this.#addresses(
            name,
            view.endpoints.map(({ address }) => address),
            type,
            SHORT_TTL,
          )
        : this.#addresses(name, view.clusterIPs, type, TTL);
    }
    if (!third.startsWith('_')) {
      if (fourth !== undefined) return this.#negative(RCODE.NXDOMAIN);
      const hosts = view.endpoints.filter(({ host }) => host === third).map(({ address }) => address);
      return hosts.length > 0 ? this.#addresses(name, hosts, type, SHORT_TTL) : this.#negative(RCODE.NXDOMAIN);
    }
    const ports = view.headless ? view.endpoints.flatMap((endpoint) => endpoint.ports) : view.ports;
    const ofProtocol = ports.filter(({ protocol }) => `_${protocol}` === third);
    if (fourth === undefined) return this.#negative(ofProtocol.length > 0 ? RCODE.NOERROR : RCODE.NXDOMAIN);
    const isPort = (port: { name: string; protocol: string }) =>
      `_${port.protocol}` === third && port.name !== '' && `_${port.name}` === fourth;
    if (!ports.some(isPort)) return this.#negative(RCODE.NXDOMAIN);
    return type === TYPE.SRV ? this.#ports(view, name, isPort) : this.#negative();
  }

  #ports(
    view: ServiceView,
    name: string,
    wanted: (port: { name: string; protocol: string; port: number }) => boolean,
  ): ZoneAnswer {
    const targets = view.headless
      ? view.endpoints.flatMap(({ host, address, ports }) =>
          ports.filter(wanted).map(({ port }) => ({ target: `${host}.${view.name}`, port, addresses: [address] })),
        )
      : view.ports.filter(wanted).map(({ port }) => ({ target: view.name, port, addresses: view.clusterIPs }));
    if (targets.length === 0) return this.#negative();
    const ttl = view.headless ? SHORT_TTL : TTL;
    const weight = Math.max(Math.floor(100 / targets.length), 1);
    const seen = new Set<string>();
    const answers: ResourceRecord[] = [];
    const additionals: ResourceRecord[] = [];
    for (const { target, port, addresses } of targets) {
      if (!seen.has(`${target} ${port}`)) {
        answers.push({ name, ttl, data: { type: 'SRV', priority: 0, weight, port, target } });
      }
      seen.add(`${target} ${port}`);
      for (const address of addresses) {
        if (!seen.has(`${target} ${address}`)) additionals.push(addressRecord(target, address, ttl));
        seen.add(`${target} ${address}`);
      }
    }
    return positive(answers, additionals);
  }

  /** 10-244-0-5.default.pod: the address is in the name (CoreDNS' "pods insecure", kubeadm's choice). */
  #pod(path: readonly string[], name: string, type: number): ZoneAnswer {
    const [, dashed] = path;
    if (dashed === undefined) return this.#negative();
    const v4 = dashed.replaceAll('-', '.');
    const address = familyOf(v4) ? v4 : dashed.replaceAll('-', ':');
    if (path.length > 2 || !familyOf(address)) return this.#negative(RCODE.NXDOMAIN);
    return this.#addresses(name, [address], type, TTL);
  }

  #reverse(labels: readonly string[], type: number): ZoneAnswer | undefined {
    const address = reverseAddress(labels);
    if (address === undefined) return undefined;
    const { services, slices, ranges } = this.#options;
    const name = labels.join('.');
    const [service] = services.store.byIndex(ADDRESS_INDEX, address);
    const targets = new Set<string>();
    if (service) {
      targets.add(`${service.metadata.name}.${service.metadata.namespace}.svc.${this.#domain}`);
    } else {
      for (const slice of slices.store.byIndex(ADDRESS_INDEX, address)) {
        for (const key of serviceOfSlice(slice)) {
          const [namespace = '', of = ''] = key.split('/');
          const view = this.#view(namespace, of);
          if (!view?.headless) continue;
          for (const endpoint of view.endpoints) {
            if (canonicalAddress(endpoint.address) === address) targets.add(`${endpoint.host}.${view.name}`);
          }
        }
      }
    }
    if (targets.size === 0) {
      return ranges.some((range) => rangeContains(range, address)) ? this.#negative(RCODE.NXDOMAIN) : undefined;
    }
    if (type !== TYPE.PTR) return this.#negative();
    const ttl = service ? TTL : SHORT_TTL;
    return positive([...targets].map((target) => ({ name, ttl, data: { type: 'PTR', target } })));
  }

  /** Addresses of the asked-for family, starting anywhere, so that clients that take the first spread out. */
  #addresses(name: string, addresses: readonly string[], type: number, ttl: number): ZoneAnswer {
    const family = type === TYPE.A ? 'IPv4' : type === TYPE.AAAA ? 'IPv6' : undefined;
    const wanted = [...new Set(addresses)].filter((address) => familyOf(address) === family);
    if (family === undefined || wanted.length === 0) return this.#negative();
    const start = Math.floor(this.#options.random() * wanted.length);
    const turned = [...wanted.slice(start), ...wanted.slice(0, start)];
    return positive(turned.map((address) => addressRecord(name, address, ttl)));
  }

  #negative(rcode: Response['rcode'] = RCODE.NOERROR): ZoneAnswer {
    return { rcode, authoritative: true, answers: [], authorities: [this.#soa()] };
  }

  #soa(): ResourceRecord {
    const { services, slices } = this.#options;
    const serial = Math.max(Number(services.resourceVersion) || 0, Number(slices.resourceVersion) || 0) % 2 ** 32;
    const data = {
      type: 'SOA',
      primary: `ns.dns.${this.#domain}`,
      mailbox: `hostmaster.${this.#domain}`,
      serial,
      minimum: SHORT_TTL,
    } as const;
    return { name: this.#domain, ttl: SHORT_TTL, data };
  }

  #view(namespace: string, name: string): ServiceView | undefined {
    const key = `${namespace}/${name}`;
    const known = this.#views.get(key);
    if (known) return known;
    const service = this.#options.services.store.get(namespace, name);
    if (!service) return undefined;
    const { spec } = service;
    const view: ServiceView = {
      name: `${name}.${namespace}.svc.${this.#domain}`,
      headless: spec.clusterIP === 'None',
      clusterIPs: clusterIPsOf(service),
      ports: (spec.ports ?? []).map((port) => ({
        name: port.name ?? '',
        protocol: port.protocol.toLowerCase(),
        port: port.port,
      })),
      endpoints: endpointsOf(this.#options.slices.store.byIndex(SERVICE_INDEX, key)),
      ...(spec.type === 'ExternalName' && { externalName: (spec.externalName ?? '').toLowerCase().replace(/\.$/, '') }),
    };
    this.#views.set(key, view);
    return view;
  }
}

function positive(answers: readonly ResourceRecord[], additionals?: readonly ResourceRecord[]): ZoneAnswer {
  return { rcode: RCODE.NOERROR, authoritative: true, answers, ...(additionals && { additionals }) };
}

function addressRecord(name: string, address: string, ttl: number): ResourceRecord {
  return { name, ttl, data: { type: familyOf(address) === 'IPv6' ? 'AAAA' : 'A', address } };
}

function clusterIPsOf({ spec }: Service): readonly string[] {
  const all = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP];
  return all
    .filter((address) => address !== undefined)
    .filter(familyOf)
    .map(canonicalAddress);
}

/** Ready endpoints; "not ready" ones that are to be published come as ready. Each address once. */
function endpointsOf(slices: readonly EndpointSlice[]): EndpointView[] {
  const found = new Map<string, EndpointView>();
  for (const slice of slices) {
    const ports = (slice.ports ?? []).flatMap(({ name, protocol, port }) =>
      port ? [{ name: name ?? '', protocol: (protocol ?? 'TCP').toLowerCase(), port }] : [],
    );
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      if (address === undefined || !familyOf(address) || endpoint.conditions?.ready === false) continue;
      const host = endpoint.hostname || address.replaceAll(/[.:]/g, '-');
      const known = found.get(address);
      found.set(address, { address, host, ports: known ? [...known.ports, ...ports] : ports });
    }
  }
  return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}

/** The address that a name under in-addr.arpa or ip6.arpa stands for. */
function reverseAddress(labels: readonly string[]): string | undefined {
  if (labels.at(-1) !== 'arpa') return undefined;
  const parts = labels.slice(0, -2).toReversed();
  if (labels.at(-2) === 'in-addr' && parts.length === 4) {
    return familyOf(parts.join('.')) === 'IPv4' ? parts.join('.') : undefined;
  }
  if (labels.at(-2) !== 'ip6' || parts.length !== 32 || !parts.every((part) => /^[0-9a-f]$/.test(part)))
    return undefined;
  return canonicalAddress(parts.join('').replaceAll(/(.{4})(?=.)/g, '$1:'));
}
