import type { Pod, ResourceQuotaSpec } from '../../api/core/v1.gen.ts';
import type { ResourceList } from '../../api/pod-resources.ts';
import type { GroupResource, KubeObject } from '../../api/resource.ts';
import { isAbout, quotaCounts, usageOf } from '../../apiserver/admission-plugins/quota/usage.ts';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  newQuantity,
  parseQuantity,
} from '../../schema/quantity.ts';

const COUNT = 'count/';
/** Resources that quotas know by more names than count/RESOURCE. */
const named: readonly GroupResource[] = [
  ...'pods services persistentvolumeclaims configmaps replicationcontrollers resourcequotas secrets'
    .split(' ')
    .map((resource) => ({ group: '', resource })),
  { group: 'resource.k8s.io', resource: 'resourceclaims' },
];

/** Whose objects a quota's resource name is about; undefined for a name that nothing is counted under. */
export function countedResource(name: string): GroupResource | undefined {
  if (name.startsWith(COUNT)) {
    const [resource = '', ...group] = name.slice(COUNT.length).split('.');
    return { group: group.join('.'), resource };
  }
  return named.find((resource) => isAbout(name, resource));
}

/** A pod that should be gone by now, as on a node that is lost, holds nothing but its place in the store. */
function isOverdue({ metadata }: KubeObject, now: number): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false;
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

/** Objects do not change, and most are counted again and again. */
const usages = new WeakMap<KubeObject, ResourceList>();

function cachedUsage(resource: GroupResource, object: KubeObject): ResourceList {
  let usage = usages.get(object);
  if (!usage) {
    usage = usageOf(resource, object);
    usages.set(object, usage);
  }
  return usage;
}

/** What one object takes of a quota, of the resources that the quota limits; nothing that is none. */
export function usageIn(spec: ResourceQuotaSpec, resource: GroupResource, object: KubeObject): ResourceList {
  if (!quotaCounts(spec, resource, object)) return {};
  const hard = spec.hard ?? {};
  const limited = Object.entries(cachedUsage(resource, object)).filter(
    ([name, quantity]) => Object.hasOwn(hard, name) && compareQuantities(quantity, '0') > 0,
  );
  return Object.fromEntries(limited);
}

/** What all objects of a resource take of a quota: every name it limits that is about the resource, "0" where none does. */
export function totalUsage(
  spec: ResourceQuotaSpec,
  resource: GroupResource,
  objects: readonly KubeObject[],
  now: number,
): Record<string, string> {
  // How often each text occurs, by name: thousands of pods differ in few quantities, and only those are added up.
  const tallies = new Map<string, Map<string, number>>();
  for (const name of Object.keys(spec.hard ?? {})) {
    const about = countedResource(name);
    if (about?.group === resource.group && about.resource === resource.resource) tallies.set(name, new Map());
  }
  const isPod = resource.group === '' && resource.resource === 'pods';
  for (const object of objects) {
    if (!quotaCounts(spec, resource, object)) continue;
    const usage = isPod && isOverdue(object as Pod, now) ? { 'count/pods': '1' } : cachedUsage(resource, object);
    for (const [name, quantity] of Object.entries(usage)) {
      const tally = tallies.get(name);
      tally?.set(quantity, (tally.get(quantity) ?? 0) + 1);
    }
  }
  const used: Record<string, string> = {};
  for (const [name, tally] of tallies) {
    let sum = newQuantity(0);
    for (const [text, times] of tally) {
      const quantity = parseQuantity(text);
      sum = addQuantities(sum, { ...quantity, value: quantity.value * BigInt(times) });
    }
    used[name] = formatQuantity(sum);
  }
  return used;
}

export function sameResources(a: ResourceList, b: ResourceList): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => {
      const other = b[name];
      return other !== undefined && compareQuantities(a[name] ?? '0', other) === 0;
    })
  );
}

/** One text for equal lists. */
export const resourcesKey = (list: ResourceList): string =>
  Object.keys(list)
    .sort()
    .map((name) => `${name}=${canonicalQuantity(list[name] ?? '0')}`)
    .join(',');
