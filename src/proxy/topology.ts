import type { ProxyEndpoint, ServicePortInfo } from './service-ports.ts';

export interface CategorizedEndpoints {
  /** For traffic under policy Cluster. */
  readonly cluster: readonly ProxyEndpoint[];
  /** For traffic under policy Local. */
  readonly local: readonly ProxyEndpoint[];
  /** Some endpoint somewhere in the cluster takes traffic, though perhaps none for this node. */
  readonly any: boolean;
}

export interface NodeTopology {
  readonly nodeName: string;
  /** Label topology.kubernetes.io/zone of the node. */
  readonly zone?: string;
}

/**
 * Which endpoints get traffic: the ready ones, near ones first where the service asks for it (traffic distribution,
 * KEP-3015), else those that terminate but still serve (KEP-1669).
 */
export function categorizeEndpoints(port: ServicePortInfo, node: NodeTopology): CategorizedEndpoints {
  const ready = port.endpoints.filter((endpoint) => endpoint.ready);
  const draining = port.endpoints.filter((endpoint) => !endpoint.ready && endpoint.serving && endpoint.terminating);
  const near = nearest(ready, node);
  const localReady = ready.filter((endpoint) => endpoint.local);
  return {
    cluster: near.length > 0 ? near : draining,
    local: localReady.length > 0 ? localReady : draining.filter((endpoint) => endpoint.local),
    any: ready.length + draining.length > 0,
  };
}

/** Hints count only when every ready endpoint has them and one is for this node, or else for its zone. */
function nearest(ready: readonly ProxyEndpoint[], node: NodeTopology): readonly ProxyEndpoint[] {
  if (ready.every((endpoint) => endpoint.nodeHints.length > 0)) {
    const here = ready.filter((endpoint) => endpoint.nodeHints.includes(node.nodeName));
    if (here.length > 0) return here;
  }
  const { zone } = node;
  if (zone && ready.every((endpoint) => endpoint.zoneHints.length > 0)) {
    const inZone = ready.filter((endpoint) => endpoint.zoneHints.includes(zone));
    if (inZone.length > 0) return inZone;
  }
  return ready;
}
