import type { Container, PersistentVolumeClaim, Pod, ResourceQuotaSpec, Service } from '../../api/core/v1.gen.ts';
import { podTotals, type ResourceList } from '../../api/pod-resources.ts';
import type { GroupResource, KubeObject } from '../../api/resource.ts';
import { canonicalQuantity } from '../../schema/quantity.ts';

/*
 * What objects count for against a quota. Pure; the quota controller uses the same functions to count what is there.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */

/** Kinds whose number a quota can name without "count/". */
const plainCounts: ReadonlySet<string> = new Set(
  'configmaps persistentvolumeclaims replicationcontrollers resourcequotas secrets services'.split(' '),
);

/** Usage by resource name of a quota ("pods", "requests.cpu", "count/deployments.apps"). Objects are of the resource's kind. */
export function usageOf({ group, resource }: GroupResource, object: KubeObject): ResourceList {
  const usage: Record<string, string> = { [group ? `count/${resource}.${group}` : `count/${resource}`]: '1' };
  if (group !== '') return usage;
  if (plainCounts.has(resource)) usage[resource] = '1';
  // The resource names the kind.
  if (resource === 'pods') Object.assign(usage, podUsage(object as Pod));
  else if (resource === 'services') Object.assign(usage, serviceUsage(object as Service));
  else if (resource === 'persistentvolumeclaims') Object.assign(usage, claimUsage(object as PersistentVolumeClaim));
  return usage;
}

function podUsage({ spec, status }: Pod): Record<string, string> {
  // A finished pod holds nothing but its place in the store.
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return {};
  const usage: Record<string, string> = { pods: '1' };
  for (const [name, quantity] of Object.entries(podTotals(spec, 'requests'))) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-'))
      usage[name] = quantity;
    usage[`requests.${name}`] = quantity;
  }
  for (const [name, quantity] of Object.entries(podTotals(spec, 'limits'))) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage') usage[`limits.${name}`] = quantity;
  }
  return usage;
}

function serviceUsage({ spec }: Service): Record<string, string> {
  const ports = String(spec?.ports?.length ?? 0);
  if (spec?.type === 'NodePort') return { 'services.nodeports': ports };
  if (spec?.type !== 'LoadBalancer') return {};
  return {
    'services.loadbalancers': '1',
    ...(spec.allocateLoadBalancerNodePorts !== false && { 'services.nodeports': ports }),
  };
}

function claimUsage({ spec, metadata }: PersistentVolumeClaim): Record<string, string> {
  const className = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName;
  const storage = spec.resources?.requests?.storage;
  const of = (name: string) => `${className}.storageclass.storage.k8s.io/${name}`;
  return {
    ...(className && { [of('persistentvolumeclaims')]: '1' }),
    ...(storage && { 'requests.storage': storage }),
    ...(storage && className && { [of('requests.storage')]: storage }),
  };
}

/** Whether a quota counts an object. Scopes speak of pods; a quota with scopes counts nothing else. */
export function quotaCounts(
  { scopes, scopeSelector }: ResourceQuotaSpec,
  resource: GroupResource,
  object: KubeObject,
): boolean {
  const selectors = [
    ...(scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' as const, values: undefined })),
    ...(scopeSelector?.matchExpressions ?? []),
  ];
  if (selectors.length === 0) return true;
  if (resource.group !== '' || resource.resource !== 'pods') return false;
  // The resource names the kind.
  return selectors.every((selector) => matchesScope(object as Pod, selector));
}

interface ScopeSelector {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function matchesScope({ spec }: Pod, { scopeName, operator, values }: ScopeSelector): boolean {
  switch (scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort(spec);
    case 'NotBestEffort':
      return !isBestEffort(spec);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    case 'PriorityClass': {
      const name = spec.priorityClassName ?? '';
      if (operator === 'Exists') return name !== '';
      if (operator === 'DoesNotExist') return name === '';
      return (values ?? []).includes(name) === (operator === 'In');
    }
    default:
      return false;
  }
}

const allContainers = (spec: Pod['spec']): readonly Container[] => [...(spec.initContainers ?? []), ...spec.containers];

function isBestEffort(spec: Pod['spec']): boolean {
  const asks = ({ requests, limits }: NonNullable<Container['resources']>) =>
    ['cpu', 'memory'].some((name) => requests?.[name] !== undefined || limits?.[name] !== undefined);
  return !asks(spec.resources ?? {}) && !allContainers(spec).some((c) => asks(c.resources ?? {}));
}

function crossesNamespaces({ affinity }: Pod['spec']): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((a) => [
    ...(a?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(a?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
  ]);
  return terms.some((term) => term.namespaces?.length || term.namespaceSelector !== undefined);
}

const mustBeExplicit = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

/** "must specify cpu for: a,b; ..." where containers leave out what the quota limits; undefined where none does. */
export function missingRequests({ spec }: Pod, hard: ReadonlySet<string>): string | undefined {
  if (spec.resources?.requests || spec.resources?.limits) return undefined;
  const problems = mustBeExplicit
    .filter((name) => hard.has(name))
    .sort()
    .flatMap((name) => {
      const [kind, resource = kind] = name.split('.');
      const silent = allContainers(spec)
        .filter(
          ({ resources }) => resources?.[kind === 'limits' ? 'limits' : 'requests']?.[resource ?? ''] === undefined,
        )
        .map((container) => container.name)
        .sort();
      return silent.length ? [`${name} for: ${silent.join(',')}`] : [];
    });
  return problems.length ? `must specify ${problems.join('; ')}` : undefined;
}

/** "cpu=1,memory=2Gi" */
export const describeResources = (list: ResourceList): string =>
  Object.keys(list)
    .sort()
    .map((name) => `${name}=${canonicalQuantity(list[name] ?? '0')}`)
    .join(',');
