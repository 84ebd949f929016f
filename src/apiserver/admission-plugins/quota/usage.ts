import type { Container, PersistentVolumeClaim, Pod, ResourceQuotaSpec, Service } from '../../../api/core/v1.gen.ts';
import { podTotals, type ResourceList } from '../../../api/pod-resources.ts';
import type { ResourceClaim } from '../../../api/resource/v1.gen.ts';
import { type GroupResource, groupResourceName, type KubeObject } from '../../../api/resource.ts';
import {
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  newQuantity,
  parseQuantity,
  quantityValue,
} from '../../../schema/quantity.ts';
import { isNative } from '../../validation/resources.ts';
import { effectiveSpec } from './resizing.ts';
import { isInScope, requirementsOf } from './scopes.ts';

/*
 * What objects count for against a quota. Pure; the quota controller uses the same functions to count what is there.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */

/** Kinds whose number a quota can name without "count/"; pods, services and claims count for more than one. */
const aliased: ReadonlySet<string> = new Set('configmaps replicationcontrollers resourcequotas secrets'.split(' '));

const storageClass = '.storageclass.storage.k8s.io/';
const deviceClass = '.deviceclass.resource.k8s.io/devices';
const implicitDevices = 'requests.deviceclass.resource.kubernetes.io/';
/** As many devices as one claim can get. */
const mostDevices = 32;

/** Resources that are not stored, and events: no quota is for them. */
const ignored: ReadonlySet<string> = new Set([
  'bindings',
  'componentstatuses',
  'events',
  'events.events.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'selfsubjectreviews.authentication.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
]);

export const isIgnored = (group: string, resource: string): boolean =>
  ignored.has(groupResourceName({ group, resource }));

const countName = (resource: GroupResource): string => `count/${groupResourceName(resource)}`;

/** Usage by resource name of a quota ("pods", "requests.cpu", "count/deployments.apps"). Objects are of the resource's kind. */
export function usageOf(resource: GroupResource, object: KubeObject): ResourceList {
  const usage: Record<string, string> = { [countName(resource)]: '1' };
  const name = resource.resource;
  if (resource.group === 'resource.k8s.io' && name === 'resourceclaims')
    Object.assign(usage, deviceUsage(object as ResourceClaim));
  if (resource.group !== '') return usage;
  if (aliased.has(name)) usage[name] = '1';
  // The resource names the kind.
  else if (name === 'pods') Object.assign(usage, podUsage(object as Pod));
  else if (name === 'services') Object.assign(usage, serviceUsage(object as Service));
  else if (name === 'persistentvolumeclaims') Object.assign(usage, claimUsage(object as PersistentVolumeClaim));
  return usage;
}

/** Whether a quota's resource name is about objects of the resource. */
export function isAbout(name: string, resource: GroupResource): boolean {
  if (name === countName(resource)) return true;
  if (resource.group === 'resource.k8s.io' && resource.resource === 'resourceclaims') return name.endsWith(deviceClass);
  if (resource.group !== '') return false;
  switch (resource.resource) {
    case 'pods':
      return isAboutPods(name);
    case 'services':
      return name === 'services' || name === 'services.nodeports' || name === 'services.loadbalancers';
    case 'persistentvolumeclaims':
      return (
        name === 'persistentvolumeclaims' ||
        name === 'requests.storage' ||
        name.endsWith(`${storageClass}persistentvolumeclaims`) ||
        name.endsWith(`${storageClass}requests.storage`)
      );
    default:
      return aliased.has(name) && name === resource.resource;
  }
}

const podNames: ReadonlySet<string> = new Set([
  'pods',
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);

function isAboutPods(name: string): boolean {
  if (podNames.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-')) return true;
  return name.startsWith('requests.') && (!isNative(name) || name.startsWith(implicitDevices));
}

function podUsage(pod: Pod): Record<string, string> {
  // A finished pod holds nothing but its place in the store.
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return {};
  const usage: Record<string, string> = { pods: '1' };
  const spec = effectiveSpec(pod);
  for (const [name, quantity] of Object.entries(podTotals(spec, 'requests'))) {
    const byItself =
      name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-');
    if (byItself) usage[name] = quantity;
    usage[`requests.${name}`] = quantity;
  }
  for (const [name, quantity] of Object.entries(podTotals(spec, 'limits'))) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage') usage[`limits.${name}`] = quantity;
  }
  return usage;
}

function serviceUsage({ spec }: Service): Record<string, string> {
  const ports = spec?.ports ?? [];
  const usage = { services: '1', 'services.loadbalancers': '0', 'services.nodeports': '0' };
  if (spec?.type === 'NodePort') usage['services.nodeports'] = String(ports.length);
  if (spec?.type === 'LoadBalancer') {
    const counted = spec.allocateLoadBalancerNodePorts === false ? ports.filter((port) => port.nodePort) : ports;
    usage['services.loadbalancers'] = '1';
    usage['services.nodeports'] = String(counted.length);
  }
  return usage;
}

function claimUsage({ spec, metadata, status }: PersistentVolumeClaim): Record<string, string> {
  const className = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName;
  const [asked, allocated] = [spec.resources?.requests?.storage, status?.allocatedResources?.storage];
  // A claim that grew too far and was taken back still holds what it was given.
  let storage = asked === undefined ? undefined : wholeUnits(asked);
  if (storage !== undefined && allocated !== undefined && compareQuantities(allocated, storage) > 0)
    storage = wholeUnits(allocated);
  const of = (name: string) => `${className}${storageClass}${name}`;
  return {
    persistentvolumeclaims: '1',
    ...(className && { [of('persistentvolumeclaims')]: '1' }),
    ...(storage !== undefined && { 'requests.storage': storage }),
    ...(storage !== undefined && className && { [of('requests.storage')]: storage }),
  };
}

/** Rounded up: there is no part of a byte. */
function wholeUnits(quantity: string): string {
  const whole = newQuantity(quantityValue(quantity), parseQuantity(quantity).format);
  return compareQuantities(whole, quantity) === 0 ? quantity : formatQuantity(whole);
}

function deviceUsage({ spec }: ResourceClaim): Record<string, string> {
  const devices = new Map<string, number>();
  const add = (className: string, count: number) => devices.set(className, (devices.get(className) ?? 0) + count);
  const countOf = ({ allocationMode, count }: { readonly allocationMode?: string; readonly count?: number }): number =>
    allocationMode === 'All' ? mostDevices : (count ?? 0);
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    if (firstAvailable.length > 0) {
      // Only one of them will be allocated; of each class the largest counts.
      const most = new Map<string, number>();
      for (const one of firstAvailable)
        most.set(one.deviceClassName, Math.max(most.get(one.deviceClassName) ?? 0, countOf(one)));
      for (const [className, count] of most) add(className, count);
    } else if (exactly) {
      add(exactly.deviceClassName, countOf(exactly));
    }
  }
  return Object.fromEntries([...devices].map(([className, count]) => [className + deviceClass, String(count)]));
}

/** Whether a quota counts an object: all its scopes must be for it. */
export function quotaCounts(spec: ResourceQuotaSpec, resource: GroupResource, object: KubeObject): boolean {
  for (const scope of requirementsOf(spec)) if (!isInScope(resource, object, scope)) return false;
  return true;
}

const mustBeExplicit = ['cpu', 'limits.cpu', 'limits.memory', 'memory', 'requests.cpu', 'requests.memory'];

/** "must specify cpu for: a,b; ..." where containers leave out what the quota limits; undefined where none does. */
export function missingRequests({ spec }: Pod, hard: ResourceList): string | undefined {
  if (spec.resources?.requests || spec.resources?.limits) return undefined;
  const containers: readonly Container[] = [...spec.containers, ...(spec.initContainers ?? [])];
  const problems = mustBeExplicit
    .filter((name) => Object.hasOwn(hard, name))
    .flatMap((name) => {
      const [kind = '', resource = kind] = name.split('.');
      const list = kind === 'limits' ? 'limits' : 'requests';
      const silent = containers.filter(({ resources }) => resources?.[list]?.[resource] === undefined);
      return silent.length ? [`${name} for: ${[...new Set(silent.map((c) => c.name))].sort().join(',')}`] : [];
    });
  return problems.length ? `must specify ${problems.join('; ')}` : undefined;
}

/** "cpu=1,memory=2Gi" */
export const describeResources = (list: ResourceList): string =>
  Object.keys(list)
    .sort()
    .map((name) => `${name}=${canonicalQuantity(list[name] ?? '0')}`)
    .join(',');
