import type { Service, ServicePort } from '../../../api/core/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { Path } from '../../../schema/field-error.ts';
import { validateService, validateServiceStatusUpdate, validateServiceUpdate } from '../../validation/service.ts';
import { age, labelsCell, NONE, UNKNOWN } from '../cells.ts';
import { define } from '../define.ts';
import { warnOfCidr, warnOfIp } from './ip-warnings.ts';

const AFFINITY_SECONDS = 10_800;

/** https://kubernetes.io/docs/concepts/services-networking/service/ */
function setDefaults(service: Mutable<Service>): void {
  const { spec } = service;
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  else if (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
  }
  spec.type ??= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (!port.targetPort) port.targetPort = port.port;
  }
  if (isExternal(service)) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of service.status.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

/** Reached from outside the cluster. */
const isExternal = ({ spec }: Service): boolean =>
  spec.type === 'LoadBalancer' ||
  spec.type === 'NodePort' ||
  (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);

const portCell = ({ port, nodePort, protocol }: ServicePort): string =>
  nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;

function externalCell({ spec, status }: Service): string {
  const ips = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return ips.join(',') || NONE;
    case 'LoadBalancer': {
      const given = (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
      const balancers = [...new Set(given.filter((address) => address !== ''))].sort();
      return [...balancers, ...ips].join(',') || '<pending>';
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return UNKNOWN;
  }
}

/** Fields that a service of its kind does not heed, and ways of writing that are going. */
function serviceWarnings({ metadata, spec }: Service): readonly string[] {
  const found: string[] = [];
  if (metadata.annotations?.[HINTS] !== undefined) {
    found.push(`annotation ${HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  }
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  const at = (field: string, i: number): Path => Path.of('spec', field).index(i);
  if (spec.type !== 'ExternalName' && !headless && spec.clusterIP) {
    for (const [i, ip] of (spec.clusterIPs ?? []).entries()) warnOfIp(ip, at('clusterIPs', i), found);
  }
  const externalIPs = spec.externalIPs ?? [];
  if (headless) {
    if (spec.loadBalancerIP) found.push('spec.loadBalancerIP is ignored for headless services');
    if (externalIPs.length > 0) found.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') found.push('spec.SessionAffinity is ignored for headless services');
  }
  for (const [i, ip] of externalIPs.entries()) warnOfIp(ip, at('externalIPs', i), found);
  if (externalIPs.length > 0 && !headless && spec.type !== 'ExternalName') {
    found.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  }
  if (spec.loadBalancerIP) warnOfIp(spec.loadBalancerIP, Path.of('spec', 'loadBalancerIP'), found);
  for (const [i, cidr] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    warnOfCidr(cidr, at('loadBalancerSourceRanges', i), found);
  }
  if (spec.type === 'ExternalName' && externalIPs.length > 0) {
    found.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (spec.type !== 'ExternalName' && spec.externalName) {
    found.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (spec.trafficDistribution === 'PreferClose') {
    found.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return found;
}

const HINTS = 'service.kubernetes.io/topology-aware-hints';

type Spec = Service['spec'];

const reachable = ({ type, externalIPs }: Spec): boolean =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs?.length ?? 0) > 0);
const hasNodePorts = ({ type }: Spec): boolean => type === 'NodePort' || type === 'LoadBalancer';
const hasHealthCheck = ({ type, externalTrafficPolicy }: Spec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

/** What the former type had, the new one cannot have, and the client has not touched goes; validation judges the rest. */
function dropTypeDependent(service: Mutable<Service>, { spec: old }: Service): void {
  const { spec } = service;
  const forget = (...fields: readonly (keyof Spec)[]): void => {
    if (fields.every((field) => deepEqual(spec[field], old[field]))) for (const field of fields) delete spec[field];
  };
  if (old.type !== 'ExternalName' && spec.type === 'ExternalName') {
    forget('clusterIP', 'clusterIPs');
    forget('ipFamilies');
    forget('ipFamilyPolicy');
  }
  if (hasNodePorts(old) && !hasNodePorts(spec)) {
    const known = new Set(old.ports?.map(({ nodePort }) => nodePort));
    const ports = spec.ports ?? [];
    if (ports.every(({ nodePort }) => !nodePort || known.has(nodePort))) {
      spec.ports = ports.map(({ nodePort: _, ...port }) => port);
    }
  }
  if (hasHealthCheck(old) && !hasHealthCheck(spec)) forget('healthCheckNodePort');
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    forget('allocateLoadBalancerNodePorts');
    forget('loadBalancerClass');
  }
  if (reachable(old) && !reachable(spec)) forget('externalTrafficPolicy');
  if (spec.type !== 'LoadBalancer') service.status = { ...service.status, loadBalancer: {} };
}

export const service = define<Service>({
  validateCreate: validateService,
  validateUpdate: validateServiceUpdate,
  allowCreateOnUpdate: true,
  setDefaults,
  prepareForCreate: (service) => {
    service.status = { loadBalancer: {} };
  },
  prepareForUpdate: (service, old) => {
    service.status = old.status as Mutable<Service>['status'];
    dropTypeDependent(service, old);
  },
  subresources: {
    status: {
      prepareForUpdate: (service, old) => {
        service.spec = old.spec as Mutable<Service>['spec'];
      },
      validateUpdate: validateServiceStatusUpdate,
    },
  },
  warnings: serviceWarnings,
  selectableFields: ({ spec }) => ({ 'spec.clusterIP': spec?.clusterIP ?? '', 'spec.type': spec?.type ?? '' }),
  tableCells: (service, now) => [
    service.metadata.name,
    service.spec.type,
    service.spec.clusterIPs?.[0] ?? NONE,
    externalCell(service),
    (service.spec.ports ?? []).map(portCell).join(',') || NONE,
    age(service, now),
    labelsCell(service.spec.selector),
  ],
});
