import type { ServiceSpec } from '../../api/core/v1.gen.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { familyOf } from '../../utils/ip.ts';

const SPEC = Path.of('spec');
const IPS = SPEC.child('clusterIPs');
const FAMILIES = SPEC.child('ipFamilies');
const families = ['IPv4', 'IPv6'];
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

/** Whether clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy agree, before any of them is filled in. */
export function validateClusterIps(spec: ServiceSpec): FieldError[] {
  const found: FieldError[] = [];
  const ips = spec.clusterIPs ?? [];
  const complain = (why: string): void => void found.push(fieldErrors.invalid(IPS, ips, why));
  if (spec.clusterIP) {
    if (ips.length === 0) found.push(fieldErrors.required(IPS, ''));
    else if (ips[0] !== spec.clusterIP) complain('first value must match `clusterIP`');
  } else if (ips.length > 0) complain('must be empty when `clusterIP` is not specified');

  const wanted: readonly string[] = spec.ipFamilies ?? [];
  for (const [i, family] of wanted.entries()) {
    if (!families.includes(family)) found.push(fieldErrors.notSupported(FAMILIES.index(i), family, families));
    if (wanted.indexOf(family) < i) found.push(fieldErrors.duplicate(FAMILIES.index(i), family));
  }
  const policy: string | undefined = spec.ipFamilyPolicy;
  if (policy !== undefined && !policies.includes(policy))
    found.push(fieldErrors.notSupported(SPEC.child('ipFamilyPolicy'), policy, policies));

  let valid = true;
  for (const [i, ip] of ips.entries()) {
    if (i === 0 && ip === 'None') {
      if (ips.length > 1) complain("'None' must be the first and only value");
      valid &&= ips.length === 1;
    } else if (!familyOf(ip)) {
      const why = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
      found.push(fieldErrors.invalid(IPS.index(i), ip, why));
      valid = false;
    }
  }
  if (ips.length > 2) complain('may only hold up to 2 values');
  if (!valid) return found;
  const actual = ips.map(familyOf);
  if (ips.length > 1 && new Set(actual).size < ips.length)
    complain('may specify no more than one IP for each IP family');
  if (ips[0] === 'None') return found;
  for (const [i, ip] of ips.entries()) {
    const expected = wanted[i];
    if (expected === undefined || !families.includes(expected) || expected === actual[i]) continue;
    const why = `expected an ${expected} value as indicated by \`ipFamilies[${i}]\``;
    found.push(fieldErrors.invalid(IPS.index(i), ip, why));
  }
  return found;
}
