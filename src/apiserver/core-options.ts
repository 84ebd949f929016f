import type { KubeObject } from '../api/resource.ts';
import type { Model } from '../schema/resolve.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import { type Family, labelText, type Registry, Values } from '../utils/metrics.ts';
import type { AdmissionPlugin, Authorizer } from './admission.ts';
import type { WatchCaches } from './cache/caches.ts';
import type { ListParameters, RequestContext, Target } from './core.ts';
import type { ConvertObjects } from './custom/versions.ts';
import type { ObjectReader } from './object-reader.ts';
import type { RegistryHooks } from './registry/hooks.ts';
import { IpRange } from './registry/ip-range.ts';
import { namespaceHooks } from './registry/namespaces.ts';
import { nodePortsInUse, ServiceAllocator } from './registry/service-allocator.ts';
import type { Resources } from './resource-table.ts';

/**
 * A resource or subresource that is not stored but computed: reviews, tokens, componentstatuses. What a handler does
 * not have is 405.
 */
export interface VirtualHandler {
  create?(context: RequestContext, target: Target, object: KubeObject): Promise<object> | object;
  get?(context: RequestContext, target: Target): Promise<object> | object;
  list?(context: RequestContext, target: Target, parameters: ListParameters): Promise<readonly object[]>;
}

export interface CoreOptions {
  readonly store: Store;
  readonly resources: Resources;
  readonly model?: Model;
  /** Built with a reader of the core's own cache, where plugins look at other objects. */
  readonly admission: readonly AdmissionPlugin[] | ((objects: ObjectReader) => readonly AdmissionPlugin[]);
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where admission is measured; absent: it is not. */
  readonly metrics?: Registry;
  /** In [0, 1); default Math.random. */
  readonly random?: () => number;
  /** By "tokenreviews.authentication.k8s.io", "serviceaccounts/token". */
  readonly virtual?: Readonly<Record<string, VirtualHandler>>;
  /** By "services", "deployments.apps". */
  readonly hooks?: Readonly<Record<string, RegistryHooks>>;
  /** What Services are given; default 10.96.0.0/16 and 30000-32767, as kube-apiserver's flags. */
  readonly services?: {
    /** --service-cluster-ip-range: one CIDR, or one of each family; the first is the default. */
    readonly clusterIpRanges?: readonly string[];
    /** --service-node-port-range: first and last port. */
    readonly nodePorts?: readonly [first: number, last: number];
  };
  /** Between versions of custom resources whose definition has a conversion webhook. */
  readonly convert?: ConvertObjects;
}

/** What built-in kinds do beyond their strategies. */
export function builtinHooks(
  options: CoreOptions,
  caches: WatchCaches,
  random: () => number,
): Readonly<Record<string, RegistryHooks>> {
  const { store, clock } = options;
  const { clusterIpRanges = ['10.96.0.0/16'], nodePorts = [30000, 32767] as const } = options.services ?? {};
  const cacheOf = (group: string, resource: string) => () => {
    const served = options.resources.find(group, 'v1', resource);
    if (!served) throw new Error(`the server has no ${resource}`);
    return caches.of(served);
  };
  options.metrics?.add(serviceGauges(clusterIpRanges, nodePorts, caches));
  return {
    namespaces: namespaceHooks,
    services: new ServiceAllocator({
      store,
      clock,
      random,
      ranges: clusterIpRanges.map((cidr) => new IpRange(cidr)),
      nodePorts,
      addresses: cacheOf('networking.k8s.io', 'ipaddresses'),
      ports: () => caches.of(nodePortsInUse),
      services: cacheOf('', 'services'),
      cidrs: cacheOf('networking.k8s.io', 'servicecidrs'),
    }),
  };
}

/** How many addresses and node ports are given and left, under kube-apiserver's names. */
function serviceGauges(
  cidrs: readonly string[],
  [first, last]: readonly [number, number],
  caches: WatchCaches,
): Family {
  const ranges = cidrs.map((cidr) => new IpRange(cidr));
  return {
    render(lines) {
      const addresses = caches.peek('/registry/ipaddresses/');
      const gauge = (name: string, help: string) => new Values('gauge', `kube_apiserver_${name}`, `[ALPHA] ${help}`);
      const given = gauge('clusterip_allocator_allocated_ips', 'Cluster IPs that are given.');
      const left = gauge('clusterip_allocator_available_ips', 'Cluster IPs that are left.');
      for (const range of ranges) {
        let count = 0;
        for (const { key } of addresses?.values() ?? []) {
          if (range.contains(key.slice(key.lastIndexOf('/') + 1))) count++;
        }
        given.set(labelText({ cidr: range.cidr }), count);
        left.set(labelText({ cidr: range.cidr }), Number(range.size) - count);
      }
      const held = gauge('nodeport_allocator_allocated_ports', 'Node ports that are given.');
      const free = gauge('nodeport_allocator_available_ports', 'Node ports that are left.');
      const ports = caches.of(nodePortsInUse);
      // Not read yet: known when somebody looks again.
      if (ports instanceof Promise) ports.catch(() => {});
      else {
        held.set('', ports.size);
        free.set('', last - first + 1 - ports.size);
      }
      for (const family of [given, left, held, free]) family.render(lines);
    },
  };
}
