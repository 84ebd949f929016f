import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { services } from '../api/core/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import type { InformerFactory } from '../client/informer.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { Exchange } from './exchange.ts';
import { Forwarder } from './forwarder.ts';
import { parseResolvConf, type Upstream } from './resolv-conf.ts';
import { makeQuery, Resolver } from './resolver.ts';
import { type Listener, listen } from './server.ts';
import { ClusterZone } from './zone.ts';

export interface DnsOptions {
  readonly informers: InformerFactory;
  /** "cluster.local" */
  readonly clusterDomain: string;
  /** Where to listen, on UDP and TCP each. Port 0: any. */
  readonly bind: readonly { readonly address: string; readonly port: number }[];
  /** Who is asked for other names; absent: the name servers of /etc/resolv.conf. */
  readonly upstreams?: readonly Upstream[];
  /** Addresses of the kube-dns service: the zone's name server, and never an upstream. */
  readonly serviceIPs?: readonly string[];
  /** Ranges of the cluster's own addresses, whose reverse names are not asked for outside. */
  readonly ranges?: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly udp?: Exchange;
  readonly tcp?: Exchange;
  /** From 0 up to 1; absent: unpredictable. */
  readonly random?: () => number;
}

export interface DnsServer {
  /** Where it listens, in the order of `bind`. */
  readonly addresses: readonly { readonly address: string; readonly port: number }[];
  stop(): Promise<void>;
}

/** Unpredictable, which identities of questions must be. */
function unpredictable(): number {
  return randomBytes(4).readUInt32BE(0) / 2 ** 32;
}

/**
 * The node's name server: the cluster's names from the informers, others from upstream. Waits until services are known,
 * since an empty zone would deny names that are there. Rejects when an address cannot be bound.
 */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  const { log, clock, informers } = options;
  const random = options.random ?? unpredictable;
  const upstreams = await chooseUpstreams(options);
  const zone = new ClusterZone({
    services: informers.informer(services),
    slices: informers.informer(endpointslices),
    clusterDomain: options.clusterDomain,
    ranges: options.ranges ?? [],
    serverIPs: options.serviceIPs ?? [],
    random,
  });
  const forwarder = new Forwarder({
    upstreams,
    clock,
    log,
    random,
    ...(options.udp && { udp: options.udp }),
    ...(options.tcp && { tcp: options.tcp }),
  });
  const probes = new Map<string, Upstream>();
  const resolver = new Resolver(zone, forwarder, log, (label) => {
    const upstream = probes.get(label);
    if (!upstream) return;
    probes.delete(label);
    forwarder.exclude(upstream);
    log.error({ upstream }, 'this name server sends our questions back to us and is not used; see /etc/resolv.conf');
  });
  const listeners: Listener[] = [];
  const stop = async () => {
    forwarder.stop();
    zone.close();
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  try {
    await Promise.all([informers.informer(services).hasSynced, informers.informer(endpointslices).hasSynced]);
    for (const { address, port } of options.bind) listeners.push(await listen(resolver, address, port, log));
  } catch (error) {
    await stop();
    throw error;
  }
  // A question that only we could be asked: whoever brings it back to us is a loop.
  for (const upstream of upstreams) {
    const label = `loop-${randomBytes(8).toString('hex')}`;
    probes.set(label, upstream);
    void forwarder
      .probe(upstream, makeQuery([label, ...options.clusterDomain.split('.')]))
      .finally(() => probes.delete(label));
  }
  return { addresses: listeners.map(({ address, port }) => ({ address, port })), stop };
}

async function chooseUpstreams(options: DnsOptions): Promise<readonly Upstream[]> {
  let chosen = options.upstreams;
  if (!chosen) {
    try {
      chosen = parseResolvConf(await readFile('/etc/resolv.conf', 'utf8'));
    } catch (error) {
      options.log.warn({ err: error }, 'there is no /etc/resolv.conf: names outside the cluster will not resolve');
      chosen = [];
    }
  }
  const isOurs = (upstream: Upstream) =>
    options.serviceIPs?.includes(upstream.address) ||
    options.bind.some(({ address, port }) => address === upstream.address && port !== 0 && port === upstream.port);
  return chosen.filter((upstream) => !isOurs(upstream));
}
