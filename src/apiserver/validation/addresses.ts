import { isIP } from 'node:net';
import type { IPAddress, ServiceCIDR } from '../../api/networking/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { addressNumber, addressText, canonicalAddress, familyOf, familyOfRange } from '../../utils/ip.ts';
import { pathSegment } from '../registry/names.ts';
import { addAll, BAD_CIDR, BAD_IP, checkSubdomain, type Found, IMMUTABLE, required } from './values.ts';

const SPEC = Path.of('spec');
const NAME = Path.of('metadata', 'name');
const MAPPED = 0xffffn;

const octets = /^[0-9]+(?:\.[0-9]+){3}$/;

/** Also reads what old clients wrote: octets of an IPv4 address with leading zeros. */
function withoutLeadingZeros(address: string): string {
  if (!octets.test(address)) return address;
  return address.split('.').map(Number).join('.');
}

const isMapped = (address: string): boolean => isIP(address) === 6 && (addressNumber(address) ?? 0n) >> 32n === MAPPED;

/** What is wrong with an address of which there is to be one spelling only. */
export function ipProblem(value: string): string | undefined {
  const plain = withoutLeadingZeros(value);
  if (isIP(plain) === 0 || value.includes('%')) return BAD_IP;
  if (plain !== value) return 'must not have leading 0s';
  if (isMapped(value)) return 'must not be an IPv4-mapped IPv6 address';
  const canonical = canonicalAddress(value);
  return canonical === value ? undefined : `must be in canonical form (${quote(canonical)})`;
}

/** What is wrong with a range; whether it is spelled as it should be is for `canonicalRange`. */
export function cidrProblem(value: string): string | undefined {
  const [address = '', prefix = '', ...more] = value.split('/');
  const plain = withoutLeadingZeros(address);
  const family = familyOf(plain);
  const width = family === 'IPv4' ? 32 : 128;
  if (family === undefined || !/^[0-9]+$/.test(prefix) || Number(prefix) > width || more.length > 0) return BAD_CIDR;
  if (plain !== address || prefix !== String(Number(prefix))) return 'must not have leading 0s in IP or prefix length';
  if (isMapped(address)) return 'must not have an IPv4-mapped IPv6 address';
  const host = BigInt(width - Number(prefix));
  const number = addressNumber(address) ?? 0n;
  return (number >> host) << host === number ? undefined : 'must not have bits set beyond the prefix length';
}

/** An address with the length of its network's prefix, as an interface has it ("10.9.8.7/24"), in its one spelling. */
export function checkInterfaceAddress(value: string, path: Path, found: Found): void {
  const [address = '', prefix = '', ...more] = value.split('/');
  const plain = withoutLeadingZeros(address);
  const family = familyOf(plain);
  const width = family === 'IPv4' ? 32 : 128;
  if (family === undefined || !/^[0-9]+$/.test(prefix) || Number(prefix) > width || more.length > 0) {
    const why = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)';
    found.push(fieldErrors.invalid(path, value, why));
    return;
  }
  const mapped = isMapped(plain);
  const inner = mapped ? addressText((addressNumber(plain) ?? 0n) & 0xffffffffn, 'IPv4') : canonicalAddress(plain);
  const length = mapped && Number(prefix) >= 96 ? Number(prefix) - 96 : Number(prefix);
  const canonical = `${inner}/${length}`;
  if (value !== canonical)
    found.push(fieldErrors.invalid(path, value, `must be in canonical form (${quote(canonical)})`));
}

/** The one spelling of a good range. */
function canonicalRange(value: string): string {
  const [address = '', prefix = ''] = value.split('/');
  const family = familyOf(address) ?? 'IPv4';
  return `${addressText(addressNumber(address) ?? 0n, family)}/${prefix}`;
}

/** https://kubernetes.io/docs/reference/networking/virtual-ips/#ip-address-objects */
export function validateIpAddress({ metadata, spec }: IPAddress): Found {
  const found: Found = [];
  const problem = ipProblem(metadata.name);
  if (problem) found.push(fieldErrors.invalid(NAME, metadata.name, problem));
  const at = SPEC.child('parentRef');
  if (!spec.parentRef) {
    found.push(fieldErrors.required(at));
    return found;
  }
  const { group, resource, namespace, name } = spec.parentRef;
  if (group) checkSubdomain(group, at.child('group'), found);
  if (required(resource, at, 'resource', found)) checkPathSegment(resource, at.child('resource'), found);
  if (required(name, at, 'name', found)) checkPathSegment(name, at.child('name'), found);
  if (namespace) checkPathSegment(namespace, at.child('namespace'), found);
  return found;
}

/** Something that becomes a step of a path. */
export const checkPathSegment = (value: string, path: Path, found: Found): void =>
  addAll(found, path, value, pathSegment(value, false));

export function validateIpAddressUpdate(address: IPAddress, old: IPAddress): Found {
  const found = validateIpAddress(address);
  const ref = address.spec.parentRef;
  if (!deepEqual(ref, old.spec.parentRef)) {
    const shown = ref && {
      Group: ref.group ?? '',
      Resource: ref.resource ?? '',
      Namespace: ref.namespace ?? '',
      Name: ref.name ?? '',
    };
    found.push(fieldErrors.invalid(SPEC.child('parentRef'), shown ?? null, IMMUTABLE));
  }
  return found;
}

const CIDRS = SPEC.child('cidrs');

/** One range of each family at most. */
export function validateServiceCidr({ spec }: ServiceCIDR): Found {
  const found: Found = [];
  const cidrs = spec.cidrs ?? [];
  if (cidrs.length === 0) found.push(fieldErrors.required(CIDRS, 'at least one CIDR required'));
  else if (cidrs.length > 2) {
    found.push(fieldErrors.invalid(CIDRS, { CIDRs: cidrs }, 'may only hold up to 2 values'));
  } else checkCidrs(cidrs, found);
  return found;
}

function checkCidrs(cidrs: readonly string[], found: Found): void {
  for (const [i, cidr] of cidrs.entries()) {
    const at = CIDRS.index(i);
    const problem = cidrProblem(cidr);
    const canonical = problem === undefined ? canonicalRange(cidr) : cidr;
    if (problem) found.push(fieldErrors.invalid(at, cidr, problem));
    else if (canonical !== cidr) {
      found.push(fieldErrors.invalid(at, cidr, `must be in canonical form (${quote(canonical)})`));
    }
  }
  const [first, second] = cidrs.map(familyOfRange);
  if (cidrs.length === 2 && first !== undefined && first === second) {
    const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    found.push(fieldErrors.invalid(CIDRS, cidrs, why));
  }
}

/** A second family may be added; what is there stays. */
export function validateServiceCidrUpdate(cidr: ServiceCIDR, old: ServiceCIDR): Found {
  const found: Found = [];
  const before = old.spec.cidrs ?? [];
  const now = cidr.spec.cidrs ?? [];
  const grows = before.length === 1 && now.length === 2;
  if (before.length !== now.length && !grows) {
    found.push(fieldErrors.invalid(CIDRS, cidr.spec.cidrs ?? null, IMMUTABLE));
    return found;
  }
  for (const [i, range] of before.entries()) {
    if (now[i] !== range) found.push(fieldErrors.invalid(CIDRS.index(i), now[i], IMMUTABLE));
  }
  if (grows) checkCidrs(now, found);
  return found;
}
