import type { PersistentVolumeClaim, Pod, ResourceQuotaSpec } from '../../../api/core/v1.gen.ts';
import { qosClass } from '../../../api/pod-qos.ts';
import type { GroupResource, KubeObject } from '../../../api/resource.ts';

/*
 * Which objects a quota with scopes is about.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes
 */

export interface ScopeRequirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** What a quota asks of objects: scopes ask that they are so. */
export const requirementsOf = ({ scopes, scopeSelector }: ResourceQuotaSpec): readonly ScopeRequirement[] =>
  scopes || scopeSelector
    ? [
        ...(scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
        ...(scopeSelector?.matchExpressions ?? []),
      ]
    : nothing;

const nothing: readonly ScopeRequirement[] = [];

/** Whether the object is what a scope asks for. Only pods and claims of volumes can be. */
export function isInScope({ group, resource }: GroupResource, object: KubeObject, scope: ScopeRequirement): boolean {
  if (group !== '') return false;
  // The resource names the kind.
  if (resource === 'pods') return isPodInScope(object as Pod, scope);
  if (resource === 'persistentvolumeclaims') return isClaimInScope(object as PersistentVolumeClaim, scope);
  return false;
}

/** Until a pod ends by itself: then it is another sort of load. */
export const isTerminating = ({ spec }: Pod): boolean => (spec.activeDeadlineSeconds ?? -1) >= 0;

function isPodInScope(pod: Pod, scope: ScopeRequirement): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return qosClass(pod.spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClass(pod.spec) !== 'BestEffort';
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod.spec);
    case 'PriorityClass':
      return selects(scope, pod.spec.priorityClassName ? [pod.spec.priorityClassName] : []);
    default:
      return false;
  }
}

function isClaimInScope({ spec, status }: PersistentVolumeClaim, scope: ScopeRequirement): boolean {
  if (scope.scopeName !== 'VolumeAttributesClass') return false;
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return selects(
    scope,
    names.filter((name) => name !== undefined && name !== ''),
  );
}

/** As label selectors read the operators; what has no name is not in any list. */
function selects({ operator, values = [] }: ScopeRequirement, names: readonly (string | undefined)[]): boolean {
  switch (operator) {
    case 'Exists':
      return names.length > 0;
    case 'DoesNotExist':
      return names.length === 0;
    case 'In':
      return names.some((name) => values.includes(name ?? ''));
    case 'NotIn':
      return names.length === 0 || names.some((name) => !values.includes(name ?? ''));
    default:
      return false;
  }
}

function crossesNamespaces({ affinity }: Pod['spec']): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((a) => [
    ...(a?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(a?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
  ]);
  return terms.some((term) => term.namespaces?.length || term.namespaceSelector !== undefined);
}
