import type { Service, ServicePort } from '../../api/core/v1.gen.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { validateLabels } from '../registry/metadata.ts';
import { checkIngressHost } from './networking.ts';
import {
  addAll,
  checkCidr,
  checkIp,
  checkLabel1123,
  checkOptionalEnum,
  checkPortNumberOrName,
  checkQualifiedName,
  checkSubdomain,
  type Found,
  IMMUTABLE,
  portProblems,
} from './values.ts';

const SPEC = Path.of('spec');
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const MAX_AFFINITY_SECONDS = 86_400;

/** https://kubernetes.io/docs/concepts/services-networking/service/ */
export function validateService(service: Service): Found {
  const { spec } = service;
  const found: Found = [];
  const headless = spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None';
  if (!spec.ports?.length && !headless && spec.type !== 'ExternalName') {
    found.push(fieldErrors.required(SPEC.child('ports')));
  }
  switch (spec.type) {
    case 'LoadBalancer':
      for (const [i, { port }] of (spec.ports ?? []).entries()) {
        if (port !== 10250) continue;
        const why = 'may not expose port 10250 externally since it is used by kubelet';
        found.push(fieldErrors.invalid(SPEC.child('ports').index(i), port, why));
      }
      if (headless) {
        found.push(
          fieldErrors.invalid(
            SPEC.child('clusterIPs').index(0),
            'None',
            "may not be set to 'None' for LoadBalancer services",
          ),
        );
      }
      break;
    case 'NodePort':
      if (headless) {
        found.push(
          fieldErrors.invalid(
            SPEC.child('clusterIPs').index(0),
            'None',
            "may not be set to 'None' for NodePort services",
          ),
        );
      }
      break;
    case 'ExternalName':
      checkExternalName(spec, found);
      break;
    default:
  }
  checkPorts(spec.ports ?? [], headless, found);
  if (spec.selector) validateLabels(spec.selector, SPEC.child('selector'), found);
  checkAffinity(spec, found);
  for (const [i, ip] of (spec.externalIPs ?? []).entries()) {
    const at = SPEC.child('externalIPs').index(i);
    checkIp(ip, at, found);
    if (/^(127\.|169\.254\.|0\.0\.0\.0$)/.test(ip) || ip === '::1' || ip === '::') {
      const what =
        ip === '0.0.0.0' || ip === '::'
          ? 'may not be unspecified'
          : ip.startsWith('169')
            ? 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'
            : 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
      found.push(fieldErrors.invalid(at, ip, `${what} (0.0.0.0 or ::)`.replace(/\) \(0.*$/, ')')));
    }
  }
  if (!spec.type) found.push(fieldErrors.required(SPEC.child('type')));
  else if (!types.includes(spec.type)) found.push(fieldErrors.notSupported(SPEC.child('type'), spec.type, types));
  checkNodePorts(spec, found);
  checkTraffic(spec, found);
  checkLoadBalancer(spec, found);
  return found;
}

function checkExternalName(spec: Service['spec'], found: Found): void {
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) {
    const value = spec[field];
    if (field === 'clusterIP' || value === undefined || value === null) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    found.push(fieldErrors.forbidden(SPEC.child(field), 'may not be set for ExternalName services'));
  }
  const name = spec.externalName?.replace(/\.$/, '') ?? '';
  if (name === '') found.push(fieldErrors.required(SPEC.child('externalName')));
  else checkSubdomain(name, SPEC.child('externalName'), found);
}

const goPort = ({ name, protocol, appProtocol, port, targetPort, nodePort }: Partial<ServicePort>): object => ({
  Name: name ?? '',
  Protocol: protocol ?? '',
  AppProtocol: appProtocol ?? null,
  Port: port ?? 0,
  TargetPort: targetPort ?? 0,
  NodePort: nodePort ?? 0,
});

function checkPorts(ports: readonly ServicePort[], _headless: boolean, found: Found): void {
  const names = new Set<string>();
  const taken = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const at = SPEC.child('ports').index(i);
    if (!port.name) {
      if (ports.length > 1) found.push(fieldErrors.required(at.child('name')));
    } else {
      checkLabel1123(port.name, at.child('name'), found);
      if (names.has(port.name)) found.push(fieldErrors.duplicate(at.child('name'), port.name));
      names.add(port.name);
    }
    addAll(found, at.child('port'), port.port, portProblems(port.port));
    const protocols = ['SCTP', 'TCP', 'UDP'];
    if (!port.protocol) found.push(fieldErrors.required(at.child('protocol')));
    else if (!protocols.includes(port.protocol)) {
      found.push(fieldErrors.notSupported(at.child('protocol'), port.protocol, protocols));
    }
    checkPortNumberOrName(port.targetPort, at.child('targetPort'), found);
    if (port.appProtocol !== undefined) checkQualifiedName(port.appProtocol, at.child('appProtocol'), found);
    const key = `${port.protocol}/${port.port}`;
    if (taken.has(key)) {
      found.push(fieldErrors.duplicate(at, goPort({ protocol: port.protocol, port: port.port })));
    }
    taken.add(key);
  }
}

function checkAffinity({ sessionAffinity, sessionAffinityConfig }: Service['spec'], found: Found): void {
  const affinity: string = sessionAffinity ?? '';
  const at = SPEC.child('sessionAffinity');
  if (affinity === '') found.push(fieldErrors.required(at));
  else if (affinity !== 'ClientIP' && affinity !== 'None') {
    found.push(fieldErrors.notSupported(at, affinity, ['ClientIP', 'None']));
  }
  const config = SPEC.child('sessionAffinityConfig');
  if (affinity === 'ClientIP') {
    const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
    if (seconds !== undefined && !(seconds > 0 && seconds <= MAX_AFFINITY_SECONDS)) {
      const why = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
      found.push(fieldErrors.invalid(config.child('clientIP', 'timeoutSeconds'), seconds, why));
    }
  } else if (affinity === 'None' && sessionAffinityConfig) {
    found.push(fieldErrors.forbidden(config, 'must not be set when session affinity is None'));
  }
}

function checkNodePorts({ type, ports }: Service['spec'], found: Found): void {
  const taken = new Set<string>();
  for (const [i, port] of (ports ?? []).entries()) {
    const at = SPEC.child('ports').index(i).child('nodePort');
    if (!port.nodePort) continue;
    if (type === 'ClusterIP') {
      found.push(fieldErrors.forbidden(at, "may not be used when `type` is 'ClusterIP'"));
      continue;
    }
    const key = `${port.protocol}/${port.nodePort}`;
    if (taken.has(key)) found.push(fieldErrors.duplicate(at, port.nodePort));
    taken.add(key);
  }
}

function checkTraffic(spec: Service['spec'], found: Found): void {
  const external = spec.externalTrafficPolicy;
  const at = SPEC.child('externalTrafficPolicy');
  const reachable =
    spec.type === 'LoadBalancer' ||
    spec.type === 'NodePort' ||
    (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
  if (!reachable) {
    if (external) found.push(fieldErrors.invalid(at, external, 'may only be set for externally-accessible services'));
  } else if (!external) found.push(fieldErrors.required(at));
  else checkOptionalEnum(external, ['Cluster', 'Local'], at, found);
  const check = spec.healthCheckNodePort ?? 0;
  const needsCheck = spec.type === 'LoadBalancer' && external === 'Local';
  if (!needsCheck && check !== 0) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    found.push(fieldErrors.invalid(SPEC.child('healthCheckNodePort'), check, why));
  }
  // A port is found for who asks for none.
  if (needsCheck && check !== 0) addAll(found, SPEC.child('healthCheckNodePort'), check, portProblems(check));
  checkOptionalEnum(spec.internalTrafficPolicy, ['Cluster', 'Local'], SPEC.child('internalTrafficPolicy'), found);
}

const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'";

function checkLoadBalancerClass({ type, loadBalancerClass }: Service['spec'], found: Found): void {
  if (loadBalancerClass === undefined) return;
  const path = SPEC.child('loadBalancerClass');
  if (type === 'LoadBalancer') checkQualifiedName(loadBalancerClass, path, found);
  else found.push(fieldErrors.forbidden(path, ONLY_BALANCED));
}

function checkLoadBalancer(spec: Service['spec'], found: Found): void {
  const balancer = spec.type === 'LoadBalancer';
  const ranges = SPEC.child('LoadBalancerSourceRanges');
  if (spec.loadBalancerSourceRanges?.length) {
    if (!balancer) {
      found.push(fieldErrors.forbidden(ranges, ONLY_BALANCED));
    }
    for (const [i, range] of spec.loadBalancerSourceRanges.entries()) {
      checkCidr(range.trim(), ranges.index(i), found);
    }
  }
  if (!balancer && spec.allocateLoadBalancerNodePorts !== undefined) {
    found.push(fieldErrors.forbidden(SPEC.child('allocateLoadBalancerNodePorts'), ONLY_BALANCED));
  } else if (balancer && spec.allocateLoadBalancerNodePorts === undefined) {
    found.push(fieldErrors.required(SPEC.child('allocateLoadBalancerNodePorts')));
  }
  checkLoadBalancerClass(spec, found);
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  checkOptionalEnum(spec.trafficDistribution, distributions, SPEC.child('trafficDistribution'), found);
}

/** A cluster IP, once given, stays as long as the service has one. */
export function validateServiceUpdate(service: Service, old: Service): Found {
  const found: Found = [];
  const { spec } = service;
  if (spec.type !== 'ExternalName' && old.spec.type !== 'ExternalName') {
    const [first] = old.spec.clusterIPs ?? [];
    if (first && spec.clusterIPs?.[0] !== first) {
      const why =
        first === 'None' || spec.clusterIPs?.[0] ? 'may not change once set' : 'primary clusterIP can not be unset';
      found.push(fieldErrors.invalid(SPEC.child('clusterIPs').index(0), spec.clusterIPs ?? null, why));
    }
    const [family] = old.spec.ipFamilies ?? [];
    if (family && spec.ipFamilies?.[0] !== family) {
      found.push(
        fieldErrors.invalid(
          SPEC.child('ipFamilies').index(0),
          spec.ipFamilies ?? null,
          'primary ipFamily can not be changed',
        ),
      );
    }
  }
  // What v1.36 says of the class it says twice.
  const classPath = SPEC.child('loadBalancerClass');
  const both = spec.type === 'LoadBalancer' && old.spec.type === 'LoadBalancer';
  if (both && spec.loadBalancerClass !== old.spec.loadBalancerClass) {
    found.push(fieldErrors.invalid(classPath, spec.loadBalancerClass ?? null, 'may not change once set'));
  }
  checkLoadBalancerClass(spec, found);
  const checked = ({ type, externalTrafficPolicy }: Service['spec']): boolean =>
    type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
  if (checked(spec) && checked(old.spec) && (spec.healthCheckNodePort ?? 0) !== (old.spec.healthCheckNodePort ?? 0)) {
    found.push(fieldErrors.forbidden(SPEC.child('healthCheckNodePort'), IMMUTABLE));
  }
  return [...found, ...validateService(service)];
}

/** Where a load balancer serves a Service, as whoever runs it tells. */
export function validateServiceStatusUpdate({ spec, status }: Service, old: Service): Found {
  const found: Found = [];
  const path = Path.of('status', 'loadBalancer', 'ingress');
  const ingress = status.loadBalancer?.ingress ?? [];
  if (spec.type !== 'LoadBalancer' && ingress.length > 0) {
    return [fieldErrors.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  const known = new Set(old.status.loadBalancer?.ingress?.map(({ ip }) => ip));
  for (const [i, { ip, ipMode, hostname }] of ingress.entries()) {
    const at = path.index(i);
    if (ip && !known.has(ip)) checkIp(ip, at.child('ip'), found);
    const mode = at.child('ipMode');
    if (ipMode === undefined) {
      if (ip) found.push(fieldErrors.required(mode, 'must be specified when `ip` is set'));
    } else if (!ip) {
      found.push(fieldErrors.forbidden(mode, 'may not be specified when `ip` is not set'));
    } else if (ipMode !== 'Proxy' && ipMode !== 'VIP') {
      found.push(fieldErrors.notSupported(mode, ipMode, ['Proxy', 'VIP']));
    }
    if (hostname) checkIngressHost(hostname, at.child('hostname'), found);
  }
  return found;
}
