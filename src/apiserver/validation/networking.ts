import { isIP } from 'node:net';
import type { Ingress, IngressBackend, IngressClass, NetworkPolicy } from '../../api/networking/v1.gen.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { rangeContains } from '../../utils/ip.ts';
import { checkPathSegment, cidrProblem } from './addresses.ts';
import { checkDomainPrefixedPath } from './domain-path.ts';
import { checkLabelSelector } from './label-selector.ts';
import {
  addAll,
  BAD_CIDR,
  checkIp,
  checkLabel1123,
  checkOptionalEnum,
  checkPortNumberOrName,
  checkSubdomain,
  checkWildcardSubdomain,
  type Found,
  portNameProblems,
  portProblems,
  required,
} from './values.ts';

const SPEC = Path.of('spec');
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];

export const INGRESS_CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/** https://kubernetes.io/docs/concepts/services-networking/ingress/ */
export function validateIngress(ingress: Ingress): Found {
  const found = validateIngressUpdate(ingress);
  const annotation = ingress.metadata.annotations?.[INGRESS_CLASS_ANNOTATION];
  const name = ingress.spec.ingressClassName;
  if (annotation !== undefined && name !== undefined && annotation !== name) {
    const why = 'must match `ingressClassName` when both are specified';
    found.push(fieldErrors.invalid(Path.of('annotations', INGRESS_CLASS_ANNOTATION), annotation, why));
  }
  return found;
}

export function validateIngressUpdate({ spec }: Ingress): Found {
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
      checkPath(path, pathType ?? undefined, one, found);
      // Without a type it is not known what the path is, and the rest is not looked at.
      if ((pathType ?? undefined) !== undefined) checkBackend(backend ?? {}, one.child('backend'), found);
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
  if (isSloppyIp(host)) found.push(fieldErrors.invalid(path, host, NOT_A_NAME));
  if (host.includes('*')) checkWildcardSubdomain(host, path, found);
  else checkSubdomain(host, path, found);
}

const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEndings = ['/..', '/.'];

function checkPath(path: string, type: string | undefined, at: Path, found: Found): void {
  if (type === undefined) {
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
    checkTypedReference(resource, path.child('resource'), found);
    return;
  }
  if (!service) {
    found.push(fieldErrors.invalid(path, '', 'resource or service backend is required'));
    return;
  }
  const at = path.child('service');
  if (required(service.name, at, 'name', found)) checkLabel1123(service.name, at.child('name'), found);
  const { name, number } = service.port ?? {};
  if (name && number) found.push(fieldErrors.invalid(path, '', 'cannot set both port name & port number'));
  else if (name) addAll(found, at.child('port', 'name'), name, portNameProblems(name));
  else if (number) addAll(found, at.child('port', 'number'), number, portProblems(number));
  else found.push(fieldErrors.required(path, 'port name or number is required'));
}

interface TypedReference {
  readonly apiGroup?: string;
  readonly kind: string;
  readonly name: string;
}

function checkTypedReference({ apiGroup, kind, name }: TypedReference, path: Path, found: Found): void {
  // Where nothing is said it may be null.
  if ((apiGroup ?? undefined) !== undefined) checkSubdomain(apiGroup ?? '', path.child('apiGroup'), found);
  if (required(kind, path, 'kind', found)) checkPathSegment(kind, path.child('kind'), found);
  if (required(name, path, 'name', found)) checkPathSegment(name, path.child('name'), found);
}

/** Addresses under which an Ingress is reached, as whoever serves it tells. */
export function validateIngressStatusUpdate({ status }: Ingress): Found {
  const found: Found = [];
  for (const [i, { ip, hostname }] of (status?.loadBalancer?.ingress ?? []).entries()) {
    const at = Path.of('status', 'loadBalancer', 'ingress').index(i);
    if (ip) checkIp(ip, at.child('ip'), found);
    if (hostname) checkIngressHost(hostname, at.child('hostname'), found);
  }
  return found;
}

/** The name under which a load balancer is reached. */
export function checkIngressHost(hostname: string, path: Path, found: Found): void {
  checkSubdomain(hostname, path, found);
  if (isSloppyIp(hostname)) found.push(fieldErrors.invalid(path, hostname, NOT_A_NAME));
}

const NOT_A_NAME = 'must be a DNS name, not an IP address';

/** Also of octets with leading zeros, as old clients wrote them. */
const isSloppyIp = (host: string): boolean =>
  isIP(host) !== 0 || (/^[0-9]+(?:\.[0-9]+){3}$/.test(host) && host.split('.').every((octet) => Number(octet) <= 255));

export function validateIngressClass({ spec }: IngressClass): Found {
  const found: Found = [];
  const { controller = '', parameters } = spec;
  const at = SPEC.child('controller');
  if (controller.length > 250) found.push(fieldErrors.tooLong(at, 250));
  checkDomainPrefixedPath(controller, at, found);
  if (!parameters) return found;
  const path = SPEC.child('parameters');
  checkTypedReference(parameters, path, found);
  const { scope, namespace } = parameters;
  checkOptionalEnum(scope, ['Cluster', 'Namespace'], path.child('scope'), found);
  if (scope === 'Namespace') {
    if (namespace !== undefined) checkLabel1123(namespace, path.child('namespace'), found);
    else found.push(fieldErrors.required(path.child('namespace'), "`parameters.scope` is set to 'Namespace'"));
  } else if (scope === 'Cluster' && namespace !== undefined) {
    found.push(fieldErrors.forbidden(path.child('namespace'), "`parameters.scope` is set to 'Cluster'"));
  }
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
export const validateNetworkPolicy = (policy: NetworkPolicy): Found => checkPolicy(policy, new Set());
export const validateNetworkPolicyUpdate = (policy: NetworkPolicy, old: NetworkPolicy): Found =>
  checkPolicy(policy, rangesOf(old));

function checkPolicy({ spec }: NetworkPolicy, known: ReadonlySet<string>): Found {
  const found: Found = [];
  checkLabelSelector(spec.podSelector, SPEC.child('podSelector'), found);
  for (const [i, { ports, from }] of (spec.ingress ?? []).entries()) {
    const at = SPEC.child('ingress').index(i);
    checkPolicyPorts(ports, at.child('ports'), found);
    checkPeers(from, at.child('from'), known, found);
  }
  for (const [i, { ports, to }] of (spec.egress ?? []).entries()) {
    const at = SPEC.child('egress').index(i);
    checkPolicyPorts(ports, at.child('ports'), found);
    checkPeers(to, at.child('to'), known, found);
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
      // What is shown is the port, not what is wrong.
      found.push(fieldErrors.invalid(at.child('endPort'), port, 'must be greater than or equal to `port`'));
    }
    addAll(found, at.child('endPort'), endPort, portProblems(endPort));
  }
}

function checkPeers(peers: Peers, path: Path, known: ReadonlySet<string>, found: Found): void {
  for (const [i, { podSelector, namespaceSelector, ipBlock }] of (peers ?? []).entries()) {
    const at = path.index(i);
    checkLabelSelector(podSelector, at.child('podSelector'), found);
    checkLabelSelector(namespaceSelector, at.child('namespaceSelector'), found);
    if (ipBlock) checkBlock(ipBlock, at.child('ipBlock'), known, found);
    if (ipBlock && (podSelector || namespaceSelector)) {
      found.push(fieldErrors.forbidden(at, 'may not specify both ipBlock and another peer'));
    }
    if (!ipBlock && !podSelector && !namespaceSelector) {
      found.push(fieldErrors.required(at, 'must specify a peer'));
    }
  }
}

type Block = NonNullable<NonNullable<Peers>[number]['ipBlock']>;

/** `known`: ranges that were there before may stay as they are. */
function checkBlock({ cidr, except }: Block, path: Path, known: ReadonlySet<string>, found: Found): void {
  if (!required(cidr, path, 'cidr', found)) return;
  const check = (range: string, at: Path): boolean => {
    const problem = cidrProblem(range);
    if (problem && (problem === BAD_CIDR || !known.has(range))) found.push(fieldErrors.invalid(at, range, problem));
    return problem !== BAD_CIDR;
  };
  if (!check(cidr, path.child('cidr'))) return;
  for (const [i, range] of (except ?? []).entries()) {
    const at = path.child('except').index(i);
    if (check(range, at) && !strictlyWithin(range, cidr)) {
      found.push(fieldErrors.invalid(at, range, 'must be a strict subset of `cidr`'));
    }
  }
}

/** All ranges that a policy names. */
function rangesOf({ spec }: NetworkPolicy): ReadonlySet<string> {
  const peers = [...(spec.ingress ?? []).map(({ from }) => from), ...(spec.egress ?? []).map(({ to }) => to)].flat();
  return new Set(peers.flatMap((peer) => (peer?.ipBlock ? [peer.ipBlock.cidr, ...(peer.ipBlock.except ?? [])] : [])));
}

function strictlyWithin(inner: string, outer: string): boolean {
  const [base = '', length] = inner.split('/');
  return Number(length) > Number(outer.split('/')[1]) && rangeContains(outer, base);
}
