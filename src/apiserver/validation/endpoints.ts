import { isIP } from 'node:net';
import type { EndpointSubset, Endpoints } from '../../api/core/v1.gen.ts';
import type { EndpointSlice } from '../../api/discovery/v1.gen.ts';
import { dns1123LabelProblems, dns1123SubdomainProblems, labelValueProblems } from '../../api/names.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { validateLabels } from '../registry/metadata.ts';
import { ipProblem } from './addresses.ts';
import {
  addAll,
  checkEnum,
  checkImmutable,
  checkIp,
  checkLabel1123,
  checkOptionalEnum,
  checkQualifiedName,
  checkSubdomain,
  type Found,
  looseIp,
  portProblems,
  required,
} from './values.ts';

const protocols = ['SCTP', 'TCP', 'UDP'];

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
  if (!looseIp(ip)) wrong('must be a valid IP address');
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
const MAX_TOPOLOGY = 16;

/** https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
export function validateEndpointSlice(slice: EndpointSlice): Found {
  const found: Found = [];
  checkSlice(slice, found);
  checkSliceEndpoints(slice, found);
  return found;
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): Found {
  const found: Found = [];
  checkSlice(slice, found);
  // What was good enough when it was written may stay.
  if (!deepEqual(slice.endpoints, old.endpoints)) checkSliceEndpoints(slice, found);
  checkImmutable(slice.addressType ?? '', old.addressType, Path.of('addressType'), found);
  return found;
}

function checkSlice({ addressType, ports = [] }: EndpointSlice, found: Found): void {
  checkEnum(addressType, ['FQDN', 'IPv4', 'IPv6'], Path.of('addressType'), found);
  const list = ports ?? [];
  if (list.length > MAX_PORTS) {
    found.push(fieldErrors.tooMany(Path.of('ports'), list.length, MAX_PORTS));
    return;
  }
  const names = new Set<string>();
  for (const [i, { name = '', protocol, appProtocol }] of list.entries()) {
    const at = Path.of('ports').index(i);
    if (name) checkLabel1123(name, at.child('name'), found);
    if (names.has(name)) found.push(fieldErrors.duplicate(at.child('name'), name));
    names.add(name);
    checkOptionalEnum(protocol, protocols, at.child('protocol'), found);
    if (appProtocol !== undefined) checkQualifiedName(appProtocol, at.child('appProtocol'), found);
  }
}

function checkSliceEndpoints(slice: EndpointSlice, found: Found): void {
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > MAX_ENDPOINTS) {
    found.push(fieldErrors.tooMany(Path.of('endpoints'), endpoints.length, MAX_ENDPOINTS));
    return;
  }
  const remote = !isApiServer(slice);
  for (const [i, { addresses, nodeName, deprecatedTopology, hostname, hints }] of endpoints.entries()) {
    const at = Path.of('endpoints').index(i);
    checkAddresses(addresses ?? [], slice.addressType, remote, at.child('addresses'), found);
    if (nodeName !== undefined) checkSubdomain(nodeName, at.child('nodeName'), found);
    const topology = at.child('deprecatedTopology');
    const labels = Object.keys(deprecatedTopology ?? {}).length;
    if (labels > MAX_TOPOLOGY) found.push(fieldErrors.tooMany(topology, labels, MAX_TOPOLOGY));
    if (deprecatedTopology) validateLabels(deprecatedTopology, topology, found);
    if (hostname !== undefined) checkLabel1123(hostname, at.child('hostname'), found);
    if (hints) checkHints(hints, at.child('hints'), found);
  }
}

function checkAddresses(addresses: readonly string[], type: string, remote: boolean, path: Path, found: Found): void {
  if (addresses.length === 0) found.push(fieldErrors.required(path, 'must contain at least 1 address'));
  else if (addresses.length > MAX_ADDRESSES) found.push(fieldErrors.tooMany(path, addresses.length, MAX_ADDRESSES));
  for (const [i, address] of addresses.entries()) {
    const at = path.index(i);
    if (type === 'FQDN') checkDomain(address, at, found);
    if (type !== 'IPv4' && type !== 'IPv6') continue;
    const problem = ipProblem(address);
    // Addresses of the older family were never held to one spelling.
    if (problem && !(type === 'IPv4' && problem.startsWith('must be in canonical form'))) {
      found.push(fieldErrors.invalid(at, address, problem));
      continue;
    }
    if (isIP(address) !== (type === 'IPv4' ? 4 : 6)) {
      found.push(fieldErrors.invalid(path, address, `must be an ${type} address`));
    }
    if (remote) checkNonSpecialIp(address, at, found);
  }
}

/** A domain of two names or more; a dot may end it. */
function checkDomain(name: string, path: Path, found: Found): void {
  if (name === '') {
    found.push(fieldErrors.required(path));
    return;
  }
  const domain = name.endsWith('.') ? name.slice(0, -1) : name;
  const problems = dns1123SubdomainProblems(domain);
  const labels = domain.split('.');
  const bad = labels.find((label) => dns1123LabelProblems(label).length > 0);
  if (problems.length > 0) found.push(fieldErrors.invalid(path, domain, problems.join(',')));
  else if (labels.length < 2) {
    const why = 'should be a domain with at least two segments separated by dots';
    found.push(fieldErrors.invalid(path, domain, why));
  } else if (bad !== undefined) found.push(fieldErrors.invalid(path, bad, dns1123LabelProblems(bad).join(',')));
}

type Hints = NonNullable<NonNullable<EndpointSlice['endpoints']>[number]['hints']>;

function checkHints({ forZones, forNodes }: Hints, path: Path, found: Found): void {
  for (const [list, field, problemsOf] of [
    [forZones, 'forZones', labelValueProblems],
    [forNodes, 'forNodes', dns1123SubdomainProblems],
  ] as const) {
    const at = path.child(field);
    if ((list?.length ?? 0) > MAX_HINTS) {
      found.push(fieldErrors.tooMany(at, list?.length ?? 0, MAX_HINTS));
      return;
    }
    const seen = new Set<string>();
    for (const [i, { name = '' }] of (list ?? []).entries()) {
      const where = at.index(i).child('name');
      if (seen.has(name)) found.push(fieldErrors.duplicate(where, name));
      seen.add(name);
      addAll(found, where, name, problemsOf(name));
    }
  }
}
