import { readFile } from 'node:fs/promises';
import type { Pod } from '../../api/core/v1.gen.ts';

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface DnsSettings {
  /** Addresses of the cluster's DNS service; empty: there is none. */
  readonly clusterDns: readonly string[];
  /** "cluster.local" */
  readonly clusterDomain: string;
  /** The node's own configuration: "/etc/resolv.conf". */
  readonly resolvConf: string;
}

const MOST_SERVERS = 3;
const MOST_SEARCHES = 32;
const MOST_SEARCH_CHARACTERS = 2048;

/**
 * A pod's resolver configuration. https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
 */
export async function dnsConfig(pod: Pod, settings: DnsSettings): Promise<DnsConfig> {
  const { clusterDns, clusterDomain } = settings;
  const host = parseResolvConf(await readFile(settings.resolvConf, 'utf8').catch(() => ''));
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  const cluster =
    clusterDns.length > 0 &&
    (policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !pod.spec.hostNetwork));
  let base: DnsConfig = host;
  if (policy === 'None') {
    base = { servers: [], searches: [], options: [] };
  } else if (cluster) {
    const namespace = pod.metadata.namespace ?? '';
    const domains = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
    base = { servers: clusterDns, searches: [...domains, ...host.searches], options: ['ndots:5'] };
  }
  const own = pod.spec.dnsConfig ?? {};
  const servers = [...new Set([...base.servers, ...(own.nameservers ?? [])])];
  const searches = [...new Set([...base.searches, ...(own.searches ?? [])])];
  return { servers: servers.slice(0, MOST_SERVERS), searches: bounded(searches), options: mergeOptions(base, own) };
}

function bounded(searches: readonly string[]): string[] {
  const kept: string[] = [];
  let characters = 0;
  for (const search of searches.slice(0, MOST_SEARCHES)) {
    characters += search.length + 1;
    if (characters > MOST_SEARCH_CHARACTERS) break;
    kept.push(search);
  }
  return kept;
}

/** The pod's own options replace those of the same name. */
function mergeOptions(
  base: DnsConfig,
  own: { readonly options?: readonly { readonly name?: string; readonly value?: string }[] },
): string[] {
  const options = new Map<string, string>();
  for (const option of base.options) {
    const [name = '', ...value] = option.split(':');
    options.set(name, value.length ? `${name}:${value.join(':')}` : name);
  }
  for (const { name = '', value } of own.options ?? []) options.set(name, value ? `${name}:${value}` : name);
  return [...options.values()];
}

/** resolv.conf(5), as far as pods inherit it. */
function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0]) servers.push(values[0]);
    else if (keyword === 'search') searches = values.map((v) => (v === '.' ? v : v.replace(/\.$/, '')));
    else if (keyword === 'options') options = [...new Set([...options, ...values])];
  }
  return { servers, searches, options };
}
