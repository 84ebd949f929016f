import { createHash } from 'node:crypto';
import type { IPFamily } from '../utils/ip.ts';
import { familyOf, familyOfRange, rangeContains } from '../utils/ip.ts';
import type { ProxyEndpoint, ServicePortInfo } from './service-ports.ts';
import { categorizeEndpoints, type NodeTopology } from './topology.ts';

/** What the rules of a node depend on besides services. */
export interface NodeInfo extends NodeTopology {
  /** Addresses at which node ports answer. Loopback ones are ignored, as in kube-proxy's nftables mode. */
  readonly nodeIPs: readonly string[];
  /** Ranges of pod addresses, at most one a family. Traffic from outside of them to a service is masqueraded. */
  readonly clusterCIDRs: readonly string[];
  /** Ranges of service addresses. */
  readonly serviceCIDRs: readonly string[];
}

/**
 * A piece of an nftables table that belongs to one owner (a service, or the base). Values are nft's own language.
 * `elements` are keyed by `elementKey(set or map, element)`; the value is "" for an element of a set.
 */
export interface Fragment {
  /** Name to what follows it in braces: type, hook and priority; "" for a chain that is only jumped to. */
  readonly chains: ReadonlyMap<string, Chain>;
  /** Name to the declaration of sets and maps. */
  readonly sets: ReadonlyMap<string, SetDeclaration>;
  readonly elements: ReadonlyMap<string, string>;
}

export interface Chain {
  readonly hook?: string;
  readonly rules: readonly string[];
}

export interface SetDeclaration {
  readonly kind: 'set' | 'map';
  /** "type ipv4_addr; flags dynamic,timeout;" */
  readonly body: string;
  /** Its elements come from packets and outlive changes of the rules. */
  readonly dynamic?: boolean;
}

export function elementKey(set: string, element: string): string {
  return `${set}\0${element}`;
}

/** Same bit as kube-proxy's (--iptables-masquerade-bit 14). */
const MASQUERADE_MARK = '0x4000';
const DROP = 'drop';
const REJECT = 'goto reject-chain';

interface Words {
  readonly ip: 'ip' | 'ip6';
  readonly address: 'ipv4_addr' | 'ipv6_addr';
  readonly multicast: string;
}

const words: Record<IPFamily, Words> = {
  IPv4: { ip: 'ip', address: 'ipv4_addr', multicast: '224.0.0.0/4' },
  IPv6: { ip: 'ip6', address: 'ipv6_addr', multicast: 'ff00::/8' },
};

/** nft's name of the family's tables. */
export function tableFamily(family: IPFamily): 'ip' | 'ip6' {
  return words[family].ip;
}

/** Hooks, dispatch and masquerading: everything that does not depend on services. */
export function baseFragment(family: IPFamily, node: NodeInfo): Fragment {
  const { ip, address, multicast } = words[family];
  const podRange = node.clusterCIDRs.find((range) => familyOfRange(range) === family);
  const serviceRanges = node.serviceCIDRs.filter((range) => familyOfRange(range) === family);
  const chains = new Map<string, Chain>();
  const chain = (name: string, rules: readonly string[], hook?: string) =>
    chains.set(name, { rules, ...(hook && { hook }) });
  const dispatchKey = `${ip} daddr . meta l4proto . th dport`;
  const nodePortKey = `${ip} daddr @nodeport-ips meta l4proto . th dport`;

  // Source ranges are judged before, missing endpoints after the destination was replaced: what still has a service's
  // address by then found no endpoint.
  chain('filter-prerouting', ['ct state new jump firewall-check'], 'type filter hook prerouting priority -110;');
  chain('filter-output-pre-dnat', ['ct state new jump firewall-check'], 'type filter hook output priority -110;');
  chain('nat-prerouting', ['jump services'], 'type nat hook prerouting priority -100;');
  chain('nat-output', ['jump services'], 'type nat hook output priority -100;');
  const checks = ['ct state new jump service-endpoints-check', 'ct state new jump cluster-ips-check'];
  chain(
    'filter-input',
    ['ct state new jump nodeport-endpoints-check', ...checks],
    'type filter hook input priority 0;',
  );
  chain('filter-forward', checks, 'type filter hook forward priority 0;');
  chain('filter-output', checks, 'type filter hook output priority 0;');
  chain('nat-postrouting', ['jump masquerading'], 'type nat hook postrouting priority 100;');

  chain('firewall-check', [`${dispatchKey} vmap @firewall-ips`]);
  chain('services', [
    podRange
      ? `${ip} daddr @cluster-ips ${ip} saddr != ${podRange} jump mark-for-masquerade`
      : `${ip} daddr @cluster-ips fib saddr type local jump mark-for-masquerade`,
    `${dispatchKey} vmap @service-ips`,
    `${nodePortKey} vmap @service-nodeports`,
  ]);
  chain('service-endpoints-check', [`${dispatchKey} vmap @no-endpoint-services`]);
  chain('nodeport-endpoints-check', [`${nodePortKey} vmap @no-endpoint-nodeports`]);
  chain('cluster-ips-check', [
    `${ip} daddr @cluster-ips reject`,
    ...serviceRanges.map((range) => `${ip} daddr ${range} reject`),
  ]);
  chain('reject-chain', ['reject']);
  chain('mark-for-masquerade', [`meta mark set meta mark or ${MASQUERADE_MARK}`]);
  chain('masquerading', [
    // A pod that reached itself through a service must see an address other than its own.
    `${ip} saddr . ${ip} daddr @hairpin masquerade fully-random`,
    ...(podRange
      ? [`${ip} saddr ${podRange} ${ip} daddr != { ${podRange}, ${multicast} } masquerade fully-random`]
      : []),
    `meta mark and ${MASQUERADE_MARK} == 0 return`,
    `meta mark set meta mark xor ${MASQUERADE_MARK}`,
    'masquerade fully-random',
  ]);

  const verdicts = (key: string): SetDeclaration => ({ kind: 'map', body: `type ${key} : verdict;` });
  const sets = new Map<string, SetDeclaration>([
    ['cluster-ips', { kind: 'set', body: `type ${address};` }],
    ['nodeport-ips', { kind: 'set', body: `type ${address};` }],
    ['hairpin', { kind: 'set', body: `type ${address} . ${address};` }],
    ['service-ips', verdicts(`${address} . inet_proto . inet_service`)],
    ['service-nodeports', verdicts('inet_proto . inet_service')],
    ['no-endpoint-services', verdicts(`${address} . inet_proto . inet_service`)],
    ['no-endpoint-nodeports', verdicts('inet_proto . inet_service')],
    ['firewall-ips', verdicts(`${address} . inet_proto . inet_service`)],
  ]);
  const elements = new Map<string, string>();
  for (const nodeIP of node.nodeIPs) {
    if (familyOf(nodeIP) === family && !isLoopback(nodeIP)) elements.set(elementKey('nodeport-ips', nodeIP), '');
  }
  return { chains, sets, elements };
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || rangeContains('127.0.0.0/8', ip);
}

/** The rules of one service: its ports, in one family. */
export function serviceFragment(family: IPFamily, ports: readonly ServicePortInfo[], node: NodeInfo): Fragment {
  const builder = new FragmentBuilder(family, node);
  for (const port of ports) builder.port(port);
  return builder;
}

class FragmentBuilder implements Fragment {
  readonly chains = new Map<string, Chain>();
  readonly sets = new Map<string, SetDeclaration>();
  readonly elements = new Map<string, string>();
  readonly #family: IPFamily;
  readonly #words: Words;
  readonly #node: NodeInfo;

  constructor(family: IPFamily, node: NodeInfo) {
    this.#family = family;
    this.#words = words[family];
    this.#node = node;
  }

  port(port: ServicePortInfo): void {
    const { cluster, local, any } = categorizeEndpoints(port, this.#node);
    const name = chainSuffix(port);
    const clusterChain = `service-${name}`;
    const localChain = `local-${name}`;
    const hasExternal = port.nodePort > 0 || port.externalIPs.length > 0 || port.loadBalancerIPs.length > 0;

    const usesCluster = cluster.length > 0 && (!port.internalLocal || hasExternal);
    const usesLocal = local.length > 0 && (port.internalLocal || (hasExternal && port.externalLocal));
    if (usesCluster) this.#endpoints(clusterChain, port, cluster);
    if (usesLocal) this.#endpoints(localChain, port, local);
    for (const endpoint of [...(usesCluster ? cluster : []), ...(usesLocal ? local : [])]) {
      if (endpoint.local) this.#element('hairpin', `${endpoint.ip} . ${endpoint.ip}`, '');
    }

    this.#element('cluster-ips', port.clusterIP, '');
    const internal = port.internalLocal ? local : cluster;
    this.#dispatch(
      port.clusterIP,
      port,
      internal.length > 0 ? `goto ${port.internalLocal ? localChain : clusterChain}` : undefined,
      internal.length > 0 ? undefined : any ? DROP : REJECT,
    );
    if (hasExternal) this.#external(port, { clusterChain, localChain, cluster, local, any });
  }

  #external(
    port: ServicePortInfo,
    to: {
      clusterChain: string;
      localChain: string;
      cluster: readonly ProxyEndpoint[];
      local: readonly ProxyEndpoint[];
      any: boolean;
    },
  ): void {
    const { ip } = this.#words;
    const chainName = `external-${chainSuffix(port)}`;
    const rules: string[] = [];
    if (!port.externalLocal) {
      if (to.cluster.length > 0) rules.push('jump mark-for-masquerade', `goto ${to.clusterChain}`);
    } else {
      // Pods and the node itself are inside: they reach every endpoint, whatever the policy for the outside.
      if (to.cluster.length > 0) {
        const podRange = this.#node.clusterCIDRs.find((range) => familyOfRange(range) === this.#family);
        if (podRange) rules.push(`${ip} saddr ${podRange} goto ${to.clusterChain}`);
        rules.push('fib saddr type local jump mark-for-masquerade', `fib saddr type local goto ${to.clusterChain}`);
      }
      if (to.local.length > 0) rules.push(`goto ${to.localChain}`);
    }
    if (rules.length > 0) this.chains.set(chainName, { rules });
    const dispatch = rules.length > 0 ? `goto ${chainName}` : undefined;
    const reachable = (port.externalLocal ? to.local : to.cluster).length > 0;
    const otherwise = reachable ? undefined : to.any ? DROP : REJECT;
    for (const address of new Set([...port.externalIPs, ...port.loadBalancerIPs])) {
      this.#dispatch(address, port, dispatch, otherwise);
    }
    if (port.nodePort > 0) {
      const key = `${port.protocol} . ${port.nodePort}`;
      if (dispatch) this.#element('service-nodeports', key, dispatch);
      if (otherwise) this.#element('no-endpoint-nodeports', key, otherwise);
    }
    if (port.sourceRanges.length > 0 && port.loadBalancerIPs.length > 0) this.#firewall(port);
  }

  #firewall(port: ServicePortInfo): void {
    const chainName = `firewall-${chainSuffix(port)}`;
    // A node inside the ranges may speak from the balancer's address when that is bound to it.
    const fromNode = port.sourceRanges.some((range) =>
      this.#node.nodeIPs.some((nodeIP) => rangeContains(range, nodeIP)),
    );
    if (port.sourceRanges.some((range) => range.endsWith('/0'))) return;
    const sources = new Set([...port.sourceRanges, ...(fromNode ? port.loadBalancerIPs : [])]);
    this.chains.set(chainName, { rules: [`${this.#words.ip} saddr != { ${[...sources].join(', ')} } drop`] });
    for (const address of port.loadBalancerIPs) {
      this.#element('firewall-ips', `${address} . ${port.protocol} . ${port.port}`, `goto ${chainName}`);
    }
  }

  #dispatch(address: string, port: ServicePortInfo, dispatch: string | undefined, otherwise: string | undefined): void {
    const key = `${address} . ${port.protocol} . ${port.port}`;
    if (dispatch) this.#element('service-ips', key, dispatch);
    if (otherwise) this.#element('no-endpoint-services', key, otherwise);
  }

  #element(set: string, element: string, value: string): void {
    this.elements.set(elementKey(set, element), value);
  }

  /** A chain that sends a connection to one of `endpoints`, each as likely as the others. */
  #endpoints(chainName: string, port: ServicePortInfo, endpoints: readonly ProxyEndpoint[]): void {
    const { ip } = this.#words;
    if (port.affinitySeconds === 0) {
      this.chains.set(chainName, { rules: [`meta l4proto ${port.protocol} ${this.#dnat(endpoints)}`] });
      return;
    }
    const rules: string[] = [];
    const verdicts: string[] = [];
    endpoints.forEach((endpoint, i) => {
      const id = digest(`${chainSuffix(port)} ${endpoint.ip} ${endpoint.port} ${port.affinitySeconds}`);
      const set = `affinity-${id}`;
      this.sets.set(set, {
        kind: 'set',
        body: `type ${this.#words.address}; flags dynamic,timeout; timeout ${port.affinitySeconds}s;`,
        dynamic: true,
      });
      this.chains.set(`endpoint-${id}`, {
        rules: [`update @${set} { ${ip} saddr }`, `meta l4proto ${port.protocol} ${this.#dnat([endpoint])}`],
      });
      rules.push(`${ip} saddr @${set} goto endpoint-${id}`);
      verdicts.push(`${i} : goto endpoint-${id}`);
    });
    rules.push(`numgen random mod ${endpoints.length} vmap { ${verdicts.join(', ')} }`);
    this.chains.set(chainName, { rules });
  }

  #dnat(endpoints: readonly ProxyEndpoint[]): string {
    const [only] = endpoints;
    if (endpoints.length === 1 && only) {
      return `dnat to ${this.#family === 'IPv6' ? `[${only.ip}]` : only.ip}:${only.port}`;
    }
    const targets = endpoints.map((endpoint, i) => `${i} : ${endpoint.ip} . ${endpoint.port}`);
    return `dnat ${this.#words.ip} to numgen random mod ${endpoints.length} map { ${targets.join(', ')} }`;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Readable, unique, and short enough for nft (127 characters with the longest prefix). */
function chainSuffix(port: ServicePortInfo): string {
  const name = `${port.service}/${port.protocol}/${port.portName}`;
  return `${digest(name)}-${name}`.slice(0, 110);
}
