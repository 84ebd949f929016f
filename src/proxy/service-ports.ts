import type { Service } from '../api/core/v1.gen.ts';
import type { EndpointSlice } from '../api/discovery/v1.gen.ts';
import { familyOf, type IPFamily } from '../utils/ip.ts';

/** One address behind a service port. */
export interface ProxyEndpoint {
  readonly ip: string;
  readonly port: number;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  /** Runs on this node. */
  readonly local: boolean;
  readonly nodeHints: readonly string[];
  readonly zoneHints: readonly string[];
}

/** A port of a service in one address family, with everything that rules depend on. */
export interface ServicePortInfo {
  /** namespace/name */
  readonly service: string;
  /** Name of the port; "" when it has none. */
  readonly portName: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly clusterIP: string;
  readonly port: number;
  /** 0: none. */
  readonly nodePort: number;
  readonly externalIPs: readonly string[];
  readonly loadBalancerIPs: readonly string[];
  /** Empty: any. Those of the family only. */
  readonly sourceRanges: readonly string[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Seconds; 0: no session affinity. */
  readonly affinitySeconds: number;
  readonly endpoints: readonly ProxyEndpoint[];
}

const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name';

/** Whether the proxy has anything to do for a service: not headless, not an alias, not another proxy's. */
function isProxied(service: Service): boolean {
  const { clusterIP = '', type } = service.spec;
  return (
    clusterIP !== '' &&
    clusterIP !== 'None' &&
    type !== 'ExternalName' &&
    service.metadata.labels?.[PROXY_NAME_LABEL] === undefined
  );
}

/** The ports of a service as the proxy of `family` on node `nodeName` sees them. `slices` are the service's own. */
export function servicePorts(
  service: Service,
  slices: readonly EndpointSlice[],
  family: IPFamily,
  nodeName: string,
): ServicePortInfo[] {
  if (!isProxied(service)) return [];
  const { spec, metadata } = service;
  const ofFamily = (addresses: readonly (string | undefined)[]) =>
    [...new Set(addresses.filter((address) => address !== undefined && familyOf(address) === family))] as string[];
  const clusterIP = ofFamily(spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP])[0];
  if (clusterIP === undefined) return [];
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  const isBalancer = spec.type === 'LoadBalancer';
  const shared = {
    service: `${metadata.namespace}/${metadata.name}`,
    clusterIP,
    externalIPs: ofFamily(spec.externalIPs ?? []),
    // ipMode Proxy: the balancer sends to node ports, its own address must not be caught (KEP-1860).
    loadBalancerIPs: isBalancer
      ? ofFamily(ingress.map((entry) => (entry.ipMode === 'Proxy' ? undefined : entry.ip)))
      : [],
    sourceRanges: isBalancer
      ? (spec.loadBalancerSourceRanges ?? [])
          .map((range) => range.trim())
          .filter((range) => familyOf(range.split('/')[0] ?? '') === family)
      : [],
    internalLocal: spec.internalTrafficPolicy === 'Local',
    externalLocal: spec.externalTrafficPolicy === 'Local',
    affinitySeconds:
      spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0,
  };
  const hasNodePorts = spec.type === 'NodePort' || isBalancer;
  return (spec.ports ?? []).map((port) => {
    const protocol = port.protocol ?? 'TCP';
    return {
      ...shared,
      portName: port.name ?? '',
      protocol: protocol.toLowerCase() as Lowercase<typeof protocol>,
      port: port.port,
      nodePort: hasNodePorts ? (port.nodePort ?? 0) : 0,
      endpoints: endpointsOf(slices, family, nodeName, port.name ?? '', protocol),
    };
  });
}

function endpointsOf(
  slices: readonly EndpointSlice[],
  family: IPFamily,
  nodeName: string,
  portName: string,
  protocol: string,
): ProxyEndpoint[] {
  const found = new Map<string, ProxyEndpoint>();
  for (const slice of slices) {
    if (slice.addressType !== family) continue;
    const slicePort = slice.ports?.find(
      (port) => (port.name ?? '') === portName && (port.protocol ?? 'TCP') === protocol,
    )?.port;
    if (!slicePort) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ip = endpoint.addresses[0];
      if (ip === undefined || familyOf(ip) !== family) continue;
      const key = `${ip} ${slicePort}`;
      const ready = endpoint.conditions?.ready ?? true;
      // While a pod moves between slices it may be in two of them; the better news wins.
      if (found.has(key) && !ready) continue;
      found.set(key, {
        ip,
        port: slicePort,
        ready,
        serving: endpoint.conditions?.serving ?? true,
        terminating: endpoint.conditions?.terminating ?? false,
        local: endpoint.nodeName === nodeName,
        nodeHints: endpoint.hints?.forNodes?.map((hint) => hint.name) ?? [],
        zoneHints: endpoint.hints?.forZones?.map((hint) => hint.name) ?? [],
      });
    }
  }
  // In a fixed order, so that equal endpoints make equal rules.
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}
