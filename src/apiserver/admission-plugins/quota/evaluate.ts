import type { Pod, ResourceQuota } from '../../../api/core/v1.gen.ts';
import { errors } from '../../../api/errors.ts';
import { quantityOf, type ResourceList } from '../../../api/pod-resources.ts';
import type { GroupResource } from '../../../api/resource.ts';
import { addQuantities, compareQuantities, formatQuantity, subtractQuantities } from '../../../schema/quantity.ts';
import type { AdmissionRequest } from '../../admission.ts';
import { objectOf, oldObjectOf, refusal } from '../readers.ts';
import type { LimitedResource } from './configuration.ts';
import { isInScope, isTerminating, requirementsOf, type ScopeRequirement } from './scopes.ts';
import { describeResources, isAbout, missingRequests, quotaCounts, usageOf } from './usage.ts';

export const resourceOf = ({ target: { resource } }: AdmissionRequest): GroupResource => ({
  group: resource.group,
  resource: resource.data.resource,
});

/** A quota that a request is counted by, and the names of it that are about the request's resource. */
interface Concerned {
  readonly index: number;
  readonly quota: ResourceQuota;
  readonly names: readonly string[];
}

/**
 * The quotas of a namespace with a request counted in; the same list where it counts for nothing. Throws where one of
 * them, or a limit of the configuration, forbids it.
 */
export function evaluate(
  request: AdmissionRequest,
  quotas: readonly ResourceQuota[],
  limited: readonly LimitedResource[],
): readonly ResourceQuota[] {
  if (!mayCountMore(request)) return quotas;
  const resource = resourceOf(request);
  const object = objectOf(request);
  const isPod = resource.group === '' && resource.resource === 'pods';
  const concerned: Concerned[] = [];
  quotas.forEach((quota, index) => {
    const hard = quota.status?.hard ?? {};
    const names = Object.keys(hard).filter((name) => isAbout(name, resource));
    if (names.length === 0 || !quotaCounts(quota.spec, resource, object)) return;
    const why = isPod ? missingRequests(objectOf<Pod>(request), hard) : undefined;
    if (why) throw refusal(request, `failed quota: ${quota.metadata.name}: ${why}`);
    if (names.some((name) => quantityOf(quota.status?.used ?? {}, name) === undefined))
      throw refusal(
        request,
        `status unknown for quota: ${quota.metadata.name}, resources: ${[...names].sort().join(',')}`,
      );
    concerned.push({ index, quota, names });
  });
  if (concerned.length === 0 && limited.length === 0) return quotas;

  const usage = usageOf(resource, object);
  const negative = Object.keys(usage).filter((name) => compareQuantities(usage[name] ?? '0', '0') < 0);
  if (negative.length > 0)
    throw refusal(request, `quota usage is negative for resource(s): ${negative.sort().join(',')}`);
  const old = request.operation === 'UPDATE' ? oldObjectOf(request) : undefined;
  const growth = old ? growthOf(usage, usageOf(resource, old)) : positive(usage);
  const charges = concerned.flatMap(({ index, quota }) => {
    // What the quota did not count before is new to it as a whole.
    const more = !old || quotaCounts(quota.spec, resource, old) ? growth : positive(usage);
    return Object.keys(more).length > 0 ? [{ index, quota, more }] : [];
  });
  const countsForNothing = concerned.length > 0 ? charges.length === 0 : Object.keys(growth).length === 0;
  if (countsForNothing) return quotas;
  if (limited.length > 0) checkCovered(request, quotas, concerned, usage, limited);

  let next: ResourceQuota[] | undefined;
  for (const { index, quota, more } of charges) {
    const used = usedWith(request, quota, more);
    if (!used) continue;
    next ??= [...quotas];
    next[index] = { ...quota, status: { ...quota.status, used } };
  }
  return next ?? quotas;
}

/** Requests that may count for more than before: everything made, and the few kinds that can grow. */
export function handles(operation: string, group: string, resource: string, subresource: string): boolean {
  if (operation === 'CREATE') return subresource === '';
  if (operation !== 'UPDATE') return false;
  if (group === 'resource.k8s.io') return resource === 'resourceclaims' && subresource === '';
  if (group !== '') return false;
  if (resource === 'services') return subresource === '';
  if (resource === 'persistentvolumeclaims') return subresource === '' || subresource === 'status';
  return resource === 'pods' && (subresource === '' || subresource === 'resize');
}

/** Pods change their sort by an update of their deadline, and their size by resizes alone. */
function mayCountMore(request: AdmissionRequest): boolean {
  const { group, resource } = resourceOf(request);
  if (group !== '' || resource !== 'pods' || request.operation !== 'UPDATE' || request.target.subresource !== '')
    return true;
  return isTerminating(objectOf<Pod>(request)) !== isTerminating(oldObjectOf<Pod>(request));
}

function positive(usage: ResourceList): ResourceList {
  return Object.fromEntries(Object.entries(usage).filter(([, quantity]) => compareQuantities(quantity, '0') !== 0));
}

function growthOf(now: ResourceList, before: ResourceList): ResourceList {
  const more: Record<string, string> = {};
  for (const [name, quantity] of Object.entries(now)) {
    const delta = subtractQuantities(quantity, quantityOf(before, name) ?? '0');
    if (compareQuantities(delta, '0') > 0) more[name] = formatQuantity(delta);
  }
  return more;
}

/** The quota's usage with so much more; undefined where that is none of what it limits. Throws 403 where it is too much. */
function usedWith(request: AdmissionRequest, quota: ResourceQuota, more: ResourceList): ResourceList | undefined {
  const { hard = {}, used: before = {} } = quota.status ?? {};
  const requested = Object.entries(more).filter(([name]) => Object.hasOwn(hard, name));
  if (requested.length === 0) return undefined;
  const used: Record<string, string> = { ...before };
  const exceeded: string[] = [];
  for (const [name, quantity] of requested) {
    const sum = formatQuantity(addQuantities(quantityOf(before, name) ?? '0', quantity));
    used[name] = sum;
    if (compareQuantities(sum, hard[name] ?? '0') > 0) exceeded.push(name);
  }
  // A status tells what has been given already.
  if (exceeded.length === 0 || request.target.subresource === 'status') return used;
  const only = (list: ResourceList) =>
    describeResources(
      Object.fromEntries(exceeded.flatMap((name) => (Object.hasOwn(list, name) ? [[name, list[name] ?? '0']] : []))),
    );
  throw refusal(
    request,
    `exceeded quota: ${quota.metadata.name}, requested: ${only(more)}, used: ${only(before)}, limited: ${only(hard)}`,
  );
}

/** Some things may only be used where a quota says how much of them. */
function checkCovered(
  request: AdmissionRequest,
  quotas: readonly ResourceQuota[],
  concerned: readonly Concerned[],
  usage: ResourceList,
  limited: readonly LimitedResource[],
): void {
  const resource = resourceOf(request);
  const object = objectOf(request);
  const covered = new Set(concerned.flatMap(({ names }) => names));
  const asked = limited
    .filter((one) => (one.apiGroup ?? '') === resource.group && one.resource === resource.resource)
    .flatMap(({ matchContains = [] }) =>
      Object.keys(usage).filter(
        (name) => compareQuantities(usage[name] ?? '0', '0') > 0 && matchContains.some((part) => name.includes(part)),
      ),
    );
  const uncovered = [...new Set(asked)].filter((name) => !covered.has(name)).sort();
  if (uncovered.length > 0) throw refusal(request, `insufficient quota to consume: ${uncovered.join(',')}`);

  const inScope = (scope: ScopeRequirement) => isInScope(resource, object, scope);
  const scopes = limited.flatMap(({ matchScopes = [] }) => matchScopes.filter(inScope));
  if (scopes.length === 0) return;
  const named = new Set(
    quotas.flatMap(({ spec }) => requirementsOf(spec).filter(inScope)).map(({ scopeName }) => scopeName),
  );
  const open = scopes.filter(({ scopeName }) => !named.has(scopeName));
  if (open.length === 0) return;
  // Kubernetes has no reason for this error, and prints what its program holds.
  const texts = open.map(({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(' ')}]}`);
  throw errors.unknown(`insufficient quota to match these scopes: [${texts.join(' ')}]`);
}
