import { isIPv6 } from 'node:net';
import type { Container, Node, Pod, Service, ServicePort } from '../../api/core/v1.gen.ts';
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '../../api/discovery/v1.gen.ts';
import { isPodReady, isPodTerminal } from '../shared/pods.ts';

export type AddressType = EndpointSlice['addressType'];

/** Whether the pod has, or has not lost yet, an address behind which something may answer. */
export function isEndpoint(pod: Pod): boolean {
  return !isPodTerminal(pod) && (pod.status.podIPs?.length ?? 0) > 0;
}

/** https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions */
export function endpointOf(pod: Pod, node: Node | undefined, service: Service, addressType: AddressType): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone'];
  const hints = ready ? hintsOf(service, zone, pod.spec.nodeName) : undefined;
  return {
    addresses: addressesOf(pod, addressType),
    conditions: { ready, serving, terminating },
    ...(hasOwnName(pod, service) && { hostname: pod.spec.hostname }),
    targetRef: {
      kind: 'Pod',
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    ...(zone && { zone }),
    ...(hints && { hints }),
  };
}

function addressesOf(pod: Pod, addressType: AddressType): string[] {
  const ips = (pod.status.podIPs ?? []).map(({ ip }) => ip);
  return ips.filter((ip) => isIPv6(ip) === (addressType === 'IPv6'));
}

/** A pod with hostname and subdomain has a DNS name below the headless Service of that name. */
export function hasOwnName(pod: Pod, service: Service): boolean {
  return (
    Boolean(pod.spec.hostname) &&
    pod.spec.subdomain === service.metadata.name &&
    service.metadata.namespace === pod.metadata.namespace
  );
}

/** Where the endpoint's traffic should come from (KEP-4444, KEP-3015). */
function hintsOf(service: Service, zone: string | undefined, node: string | undefined): EndpointHints | undefined {
  const forZones = zone ? [{ name: zone }] : undefined;
  switch (service.spec.trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return forZones && { forZones };
    case 'PreferSameNode':
      return node || forZones
        ? { ...(forZones && { forZones }), ...(node && { forNodes: [{ name: node }] }) }
        : undefined;
    default:
      return undefined;
  }
}

/** The Service's ports as this pod serves them; a named port that the pod has not is left out. */
export function endpointPorts(service: Service, pod: Pod): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const port of service.spec.ports ?? []) {
    const number = containerPort(pod, port);
    if (number === undefined) continue;
    ports.push({
      name: port.name ?? '',
      protocol: port.protocol,
      port: number,
      ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
    });
  }
  return ports;
}

/** What a Service's target port is in a pod: its number, or the number of the container port of that name. */
export function containerPort(pod: Pod, { targetPort, protocol }: ServicePort): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars] satisfies Container[]) {
    const found = container.ports?.find((port) => port.name === targetPort && port.protocol === protocol);
    if (found) return found.containerPort;
  }
  return undefined;
}
