import { isIP } from 'node:net';
import type { EndpointSubset, Endpoints } from '../../api/core/v1.gen.ts';
import type { EndpointSlice } from '../../api/discovery/v1.gen.ts';
import { dns1035LabelProblems } from '../../api/names.ts';
import type { Ingress, IngressBackend, IngressClass, NetworkPolicy } from '../../api/networking/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { familyOfRange, rangeContains } from '../../utils/ip.ts';
import { checkLabelSelector } from './label-selector.ts';
import {
  addAll,
  checkCidr,
  checkEnum,
  checkIp,
  checkLabel1123,
  checkOptionalEnum,
  checkPortNumberOrName,
  checkQualifiedName,
  checkSubdomain,
  checkWildcardSubdomain,
  type Found,
  portNameProblems,
  portProblems,
  required,
} from './values.ts';

const SPEC = Path.of('spec');
const protocols = ['SCTP', 'TCP', 'UDP'];
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];

/** https://kubernetes.io/docs/concepts/services-networking/ingress/ */
export function validateIngress({ spec }: Ingress): Found {
  const found: Found = [];
  if (!spec.rules?.length && !spec.defaultBackend) {
    found.push(fieldErrors.invalid(SPEC, spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
  }
  if (spec.defaultBackend) checkBackend(spec.defaultBackend, SPEC.child('defaultBackend'), found);
  for (const [i, { host, http }] of (spec.rules ?? []).entries()) {
    const at = SPEC.child('rules').index(i);
    if (host) checkHost(host, at.child('host'), found);
    if (!http) continue;
    const paths = at.child('http', 'paths');
    if (!http.paths?.length) found.push(fieldErrors.required(paths));
    for (const [j, { path = '', pathType, backend }] of (http.paths ?? []).entries()) {
      const one = paths.index(j);
      checkPath(path, pathType, one, found);
      checkBackend(backend ?? {}, one.child('backend'), found);
    }
  }
  for (const [i, { hosts, secretName }] of (spec.tls ?? []).entries()) {
    const at = SPEC.child('tls').index(i);
    for (const [j, host] of (hosts ?? []).entries()) {
      if (host.includes('*')) checkWildcardSubdomain(host, at.child('hosts').index(j), found);
      else checkSubdomain(host, at.child('hosts').index(j), found);
    }
    if (secretName) checkSubdomain(secretName, at.child('secretName'), found);
  }
  if (spec.ingressClassName !== undefined) checkSubdomain(spec.ingressClassName, SPEC.child('ingressClassName'), found);
  return found;
}

function checkHost(host: string, path: Path, found: Found): void {
  if (isIP(host) !== 0) found.push(fieldErrors.invalid(path, host, 'must be a DNS name, not an IP address'));
  if (host.includes('*')) checkWildcardSubdomain(host, path, found);
  else checkSubdomain(host, path, found);
}

const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEndings = ['/..', '/.'];

function checkPath(path: string, type: string | undefined, at: Path, found: Found): void {
  if (!type) {
    found.push(fieldErrors.required(at.child('pathType'), 'pathType must be specified'));
    return;
  }
  if (!pathTypes.includes(type)) {
    found.push(fieldErrors.notSupported(at.child('pathType'), type, pathTypes));
    return;
  }
  const where = at.child('path');
  if (type === 'ImplementationSpecific') {
    if (path && !path.startsWith('/')) found.push(fieldErrors.invalid(where, path, 'must be an absolute path'));
    return;
  }
  if (!path.startsWith('/')) found.push(fieldErrors.invalid(where, path, 'must be an absolute path'));
  if (!path) return;
  for (const bad of badSequences) {
    if (path.includes(bad)) found.push(fieldErrors.invalid(where, path, `must not contain '${bad}'`));
  }
  for (const bad of badEndings) {
    if (path.endsWith(bad)) found.push(fieldErrors.invalid(where, path, `cannot end with '${bad}'`));
  }
}

function checkBackend({ service, resource }: IngressBackend, path: Path, found: Found): void {
  if (service && resource) {
    found.push(fieldErrors.invalid(path, '', 'cannot set both resource and service backends'));
    return;
  }
  if (resource) {
    required(resource.kind, path.child('resource'), 'kind', found);
    required(resource.name, path.child('resource'), 'name', found);
    return;
  }
  if (!service) {
    found.push(fieldErrors.required(path, 'resource or service backend is required'));
    return;
  }
  const at = path.child('service');
  if (required(service.name, at, 'name', found))
    addAll(found, at.child('name'), service.name, dns1035LabelProblems(service.name));
  const { name, number } = service.port ?? {};
  if (name && number) found.push(fieldErrors.invalid(path, '', 'cannot set both port name & port number'));
  else if (name) addAll(found, at.child('port', 'name'), name, portNameProblems(name));
  else if (number) addAll(found, at.child('port', 'number'), number, portProblems(number));
  else found.push(fieldErrors.required(path, 'port name or number is required'));
}

export function validateIngressClass({ spec }: IngressClass): Found {
  const found: Found = [];
  const { controller = '', parameters } = spec;
  const at = SPEC.child('controller');
  if (controller.length > 250) found.push(fieldErrors.tooLong(at, 250));
  const slash = controller.indexOf('/');
  if (!controller) found.push(fieldErrors.required(at));
  else if (slash <= 0 || slash === controller.length - 1) {
    found.push(fieldErrors.invalid(at, controller, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  }
  if (!parameters) return found;
  const path = SPEC.child('parameters');
  if (parameters.apiGroup !== undefined) checkSubdomain(parameters.apiGroup, path.child('apiGroup'), found);
  required(parameters.kind, path, 'kind', found);
  required(parameters.name, path, 'name', found);
  if (parameters.scope === 'Cluster') {
    if (parameters.namespace !== undefined) {
      const why = "`parameters.scope` is set to 'Cluster'";
      found.push(fieldErrors.forbidden(path.child('namespace'), why));
    }
  } else if (parameters.scope === 'Namespace') {
    if (!parameters.namespace) {
      found.push(fieldErrors.required(path.child('namespace'), "`parameters.scope` is set to 'Namespace'"));
    } else checkLabel1123(parameters.namespace, path.child('namespace'), found);
  } else checkEnum(parameters.scope, ['Cluster', 'Namespace'], path.child('scope'), found);
  return found;
}

export function validateIngressClassUpdate(ingressClass: IngressClass, old: IngressClass): Found {
  const found = validateIngressClass(ingressClass);
  if (ingressClass.spec.controller !== old.spec.controller) {
    found.push(fieldErrors.invalid(SPEC.child('controller'), ingressClass.spec.controller ?? '', 'field is immutable'));
  }
  return found;
}

/** https://kubernetes.io/docs/concepts/services-networking/network-policies/ */
export function validateNetworkPolicy({ spec }: NetworkPolicy): Found {
  const found: Found = [];
  checkLabelSelector(spec.podSelector, SPEC.child('podSelector'), found);
  for (const [i, { ports, from }] of (spec.ingress ?? []).entries()) {
    const at = SPEC.child('ingress').index(i);
    checkPolicyPorts(ports, at.child('ports'), found);
    checkPeers(from, at.child('from'), found);
  }
  for (const [i, { ports, to }] of (spec.egress ?? []).entries()) {
    const at = SPEC.child('egress').index(i);
    checkPolicyPorts(ports, at.child('ports'), found);
    checkPeers(to, at.child('to'), found);
  }
  const types = SPEC.child('policyTypes');
  if ((spec.policyTypes?.length ?? 0) > 2) {
    found.push(fieldErrors.invalid(types, spec.policyTypes, 'may not specify more than two policyTypes'));
    return found;
  }
  for (const [i, type] of (spec.policyTypes ?? []).entries()) {
    if (type !== 'Ingress' && type !== 'Egress') {
      found.push(fieldErrors.notSupported(types.index(i), type, ['Ingress', 'Egress']));
    }
  }
  return found;
}

type PolicyPorts = NonNullable<NetworkPolicy['spec']['ingress']>[number]['ports'];
type Peers = NonNullable<NetworkPolicy['spec']['ingress']>[number]['from'];

function checkPolicyPorts(ports: PolicyPorts, path: Path, found: Found): void {
  for (const [i, { protocol, port, endPort }] of (ports ?? []).entries()) {
    const at = path.index(i);
    checkOptionalEnum(protocol, ['TCP', 'UDP', 'SCTP'], at.child('protocol'), found);
    if (port === undefined) {
      if (endPort !== undefined) {
        found.push(
          fieldErrors.invalid(at.child('endPort'), endPort, 'may not be specified when `port` is not specified'),
        );
      }
      continue;
    }
    checkPortNumberOrName(port, at.child('port'), found);
    if (endPort === undefined) continue;
    if (typeof port === 'string') {
      found.push(fieldErrors.invalid(at.child('endPort'), endPort, 'may not be specified when `port` is non-numeric'));
      continue;
    }
    if (endPort < port) {
      found.push(fieldErrors.invalid(at.child('endPort'), endPort, 'must be greater than or equal to `port`'));
    }
    addAll(found, at.child('endPort'), endPort, portProblems(endPort));
  }
}

function checkPeers(peers: Peers, path: Path, found: Found): void {
  for (const [i, { podSelector, namespaceSelector, ipBlock }] of (peers ?? []).entries()) {
    const at = path.index(i);
    checkLabelSelector(podSelector, at.child('podSelector'), found);
    checkLabelSelector(namespaceSelector, at.child('namespaceSelector'), found);
    if (ipBlock) {
      const block = at.child('ipBlock');
      if (required(ipBlock.cidr, block, 'cidr', found)) checkCidr(ipBlock.cidr, block.child('cidr'), found);
      if (ipBlock.cidr && familyOfRange(ipBlock.cidr)) {
        for (const [j, except] of (ipBlock.except ?? []).entries()) {
          const exceptPath = block.child('except').index(j);
          if (!familyOfRange(except)) checkCidr(except, exceptPath, found);
          else if (!strictlyWithin(except, ipBlock.cidr)) {
            const why = `must be a strict subset of \`cidr\``;
            found.push(fieldErrors.invalid(exceptPath, except, why));
          }
        }
      }
    }
    if (ipBlock && (podSelector || namespaceSelector)) {
      found.push(fieldErrors.forbidden(at, 'may not specify both ipBlock and another peer'));
    }
    if (!ipBlock && !podSelector && !namespaceSelector) {
      found.push(fieldErrors.required(at, 'must specify a peer'));
    }
  }
}

function strictlyWithin(inner: string, outer: string): boolean {
  const [base = '', length] = inner.split('/');
  return Number(length) > Number(outer.split('/')[1]) && rangeContains(outer, base);
}

/** The API servers' own endpoints: with everything on one machine their address may be the loopback. */
const isApiServer = ({ metadata }: Endpoints | EndpointSlice): boolean =>
  metadata.namespace === 'default' && metadata.name === 'kubernetes';

export function validateEndpoints(endpoints: Endpoints): Found {
  const found: Found = [];
  const remote = !isApiServer(endpoints);
  for (const [i, subset] of (endpoints.subsets ?? []).entries()) {
    checkSubset(subset, remote, Path.of('subsets').index(i), found);
  }
  return found;
}

function checkSubset(
  { addresses, notReadyAddresses, ports }: EndpointSubset,
  remote: boolean,
  path: Path,
  found: Found,
): void {
  if (!addresses?.length && !notReadyAddresses?.length) {
    found.push(fieldErrors.required(path, 'must specify `addresses` or `notReadyAddresses`'));
  }
  for (const [list, field] of [
    [addresses, 'addresses'],
    [notReadyAddresses, 'notReadyAddresses'],
  ] as const) {
    for (const [i, { ip, hostname, nodeName }] of (list ?? []).entries()) {
      const at = path.child(field).index(i);
      checkIp(ip, at.child('ip'), found);
      if (hostname) checkLabel1123(hostname, at.child('hostname'), found);
      if (nodeName !== undefined) checkSubdomain(nodeName, at.child('nodeName'), found);
      if (remote) checkNonSpecialIp(ip, at.child('ip'), found);
    }
  }
  for (const [i, { name, port, protocol, appProtocol }] of (ports ?? []).entries()) {
    const at = path.child('ports').index(i);
    if ((ports?.length ?? 0) > 1) required(name, at, 'name', found);
    if (name) checkLabel1123(name, at.child('name'), found);
    addAll(found, at.child('port'), port, portProblems(port));
    checkEnum(protocol, protocols, at.child('protocol'), found);
    if (appProtocol !== undefined) checkQualifiedName(appProtocol, at.child('appProtocol'), found);
  }
}

/** Endpoints are other machines: not this one, not everybody. */
function checkNonSpecialIp(ip: string, path: Path, found: Found): void {
  const wrong = (why: string): void => {
    found.push(fieldErrors.invalid(path, ip, why));
  };
  if (isIP(ip) === 0) wrong('must be a valid IP address');
  else if (ip === '0.0.0.0' || ip === '::') wrong(`may not be unspecified (${ip})`);
  else if (ip.startsWith('127.') || ip === '::1') wrong('may not be in the loopback range (127.0.0.0/8, ::1/128)');
  else if (ip.startsWith('169.254.') || /^fe[89ab]/i.test(ip)) {
    wrong('may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  } else if (ip.startsWith('224.0.0.') || /^ff[0-9a-f]2:/i.test(ip)) {
    wrong('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
  }
}

const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_HINTS = 8;

/** https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
export function validateEndpointSlice(slice: EndpointSlice): Found {
  const found: Found = [];
  const types = ['FQDN', 'IPv4', 'IPv6'];
  const type: string = slice.addressType ?? '';
  if (type === '') found.push(fieldErrors.required(Path.of('addressType')));
  else if (!types.includes(type)) found.push(fieldErrors.notSupported(Path.of('addressType'), type, types));
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > MAX_ENDPOINTS) {
    found.push(fieldErrors.tooMany(Path.of('endpoints'), endpoints.length, MAX_ENDPOINTS));
    return found;
  }
  for (const [i, endpoint] of endpoints.entries()) {
    const at = Path.of('endpoints').index(i);
    const addresses = endpoint.addresses ?? [];
    if (addresses.length === 0)
      found.push(fieldErrors.required(at.child('addresses'), 'must contain at least 1 address'));
    else if (addresses.length > MAX_ADDRESSES) {
      found.push(fieldErrors.tooMany(at.child('addresses'), addresses.length, MAX_ADDRESSES));
    }
    for (const [j, address] of addresses.entries()) {
      const where = at.child('addresses').index(j);
      if (type === 'FQDN') checkSubdomain(address, where, found);
      else {
        const version = type === 'IPv4' ? 4 : 6;
        if (isIP(address) !== version) {
          const why = `must be a valid IP${version === 4 ? 'v4' : 'v6'} address`;
          found.push(fieldErrors.invalid(where, address, why));
        } else if (!isApiServer(slice)) checkNonSpecialIp(address, where, found);
      }
    }
    if (endpoint.nodeName !== undefined) checkSubdomain(endpoint.nodeName, at.child('nodeName'), found);
    if (endpoint.hostname !== undefined) checkLabel1123(endpoint.hostname, at.child('hostname'), found);
    const zones = endpoint.hints?.forZones ?? [];
    if (zones.length > MAX_HINTS)
      found.push(fieldErrors.tooMany(at.child('hints', 'forZones'), zones.length, MAX_HINTS));
  }
  const ports = slice.ports ?? [];
  if (ports.length > MAX_PORTS) {
    found.push(fieldErrors.tooMany(Path.of('ports'), ports.length, MAX_PORTS));
    return found;
  }
  const names = new Set<string>();
  for (const [i, { name = '', protocol, appProtocol }] of ports.entries()) {
    const at = Path.of('ports').index(i);
    if (name) checkLabel1123(name, at.child('name'), found);
    if (names.has(name)) found.push(fieldErrors.duplicate(at.child('name'), name));
    names.add(name);
    checkEnum(protocol, protocols, at.child('protocol'), found);
    if (appProtocol !== undefined) checkQualifiedName(appProtocol, at.child('appProtocol'), found);
  }
  return found;
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): Found {
  const found = validateEndpointSlice(slice);
  if (!deepEqual(slice.addressType, old.addressType)) {
    found.push(fieldErrors.invalid(Path.of('addressType'), slice.addressType, 'field is immutable'));
  }
  return found;
}
