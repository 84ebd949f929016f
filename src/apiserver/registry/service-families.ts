import type { Service } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import type { Mutable } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { familyOf } from '../../utils/ip.ts';
import type { IpRange } from './ip-range.ts';
import { validateClusterIps } from './service-cluster-ips.ts';

const SPEC = Path.of('spec');
const POLICY = SPEC.child('ipFamilyPolicy');

/**
 * Settles a Service's ipFamilyPolicy and ipFamilies by what it asks for and what the cluster has.
 * https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services
 */
export function initFamilies(
  service: Mutable<Service>,
  old: Service | undefined,
  ranges: readonly Pick<IpRange, 'family'>[],
): void {
  const { spec } = service;
  if (!spec || spec.type === 'ExternalName') return;
  if (old && keepsPreference(spec, old.spec)) return;
  const headless = spec.clusterIP === 'None';
  const selectorless = Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec?.ipFamilyPolicy ?? (headless && selectorless ? 'RequireDualStack' : 'SingleStack');
  refuse(service, validateClusterIps(spec));
  const found: FieldError[] = [];
  const single = spec.ipFamilyPolicy === 'SingleStack';
  if (old?.spec && old.spec.type !== 'ExternalName') settleUpdate(spec, old.spec, single, found);
  if (single) {
    if ((spec.clusterIPs?.length ?? 0) > 1) {
      const why = "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified";
      found.push(fieldErrors.invalid(POLICY, spec.ipFamilyPolicy, why));
    }
    if ((spec.ipFamilies?.length ?? 0) > 1) {
      const why = "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified";
      found.push(fieldErrors.invalid(POLICY, spec.ipFamilyPolicy, why));
    }
  }
  const families = [...(spec.ipFamilies ?? [])];
  const configured = (family: string): boolean => ranges.some((range) => range.family === family);
  for (const [i, ip] of (headless ? [] : (spec.clusterIPs ?? [])).entries()) {
    const family = familyOf(ip);
    if (i < families.length || family === undefined) continue;
    if (configured(family)) families.push(family);
    else {
      const path = SPEC.child('clusterIPs').index(i);
      found.push(fieldErrors.invalid(path, spec.clusterIPs, `${family} is not configured on this cluster`));
    }
  }
  refuse(service, found);
  const fallback = ranges[0]?.family ?? 'IPv4';
  if (headless && selectorless) {
    if (families.length === 0) families.push(fallback);
    if (families.length < 2 && !single) families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
    spec.ipFamilies = families;
    return;
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack' && ranges.length < 2) {
    const why = 'this cluster is not configured for dual-stack services';
    found.push(fieldErrors.invalid(POLICY, spec.ipFamilyPolicy, why));
  }
  for (const [i, family] of families.entries()) {
    if (configured(family)) continue;
    found.push(fieldErrors.invalid(SPEC.child('ipFamilies').index(i), family, 'not configured on this cluster'));
  }
  refuse(service, found);
  if (families.length === 0) families.push(fallback);
  if (!single && families.length === 1 && ranges.length === 2) families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
  spec.ipFamilies = families;
}

/** An update to a single stack drops the second address; any other may not lose one. */
function settleUpdate(
  spec: Mutable<NonNullable<Service['spec']>>,
  old: NonNullable<Service['spec']>,
  single: boolean,
  found: FieldError[],
): void {
  if (single) {
    if (deepEqual(spec.clusterIPs, old.clusterIPs)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    if (deepEqual(spec.ipFamilies, old.ipFamilies)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
    return;
  }
  const lost = (now: readonly string[] | undefined, before: readonly string[] | undefined): boolean =>
    now !== undefined && now.length === 1 && before?.length === 2 && now[0] === before[0];
  if (lost(spec.clusterIPs, old.clusterIPs)) {
    const why = "must be 'SingleStack' to release the secondary cluster IP";
    found.push(fieldErrors.invalid(POLICY, spec.ipFamilyPolicy, why));
  }
  if (lost(spec.ipFamilies, old.ipFamilies)) {
    const why = "must be 'SingleStack' to release the secondary IP family";
    found.push(fieldErrors.invalid(POLICY, spec.ipFamilyPolicy, why));
  }
}

/** Of a Service that would like to be dual-stack and says nothing new about it. */
function keepsPreference(spec: NonNullable<Service['spec']>, old: Service['spec']): boolean {
  const same = (a: readonly string[] = [], b: readonly string[] = []): boolean => a.join() === b.join();
  return (
    old !== undefined &&
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    (old.ipFamilyPolicy ?? spec.ipFamilyPolicy) === spec.ipFamilyPolicy &&
    old.type === spec.type &&
    same(old.clusterIPs, spec.clusterIPs) &&
    same(old.ipFamilies, spec.ipFamilies)
  );
}

function refuse(service: Service, found: readonly FieldError[]): void {
  if (found.length > 0) throw errors.invalid({ group: '', kind: 'Service' }, service.metadata.name, found);
}
