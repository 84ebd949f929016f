import type { PodDisruptionBudget } from '../../api/policy/v1.gen.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from '../../api/rbac/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { pathSegment } from '../registry/names.ts';
import { compile } from './apps.ts';
import { checkMetaConditions } from './conditions.ts';
import { checkLabelSelector } from './label-selector.ts';
import {
  addAll,
  checkNonNegative,
  checkNotMoreThan100Percent,
  checkOptionalEnum,
  checkPositiveIntOrPercent,
  checkSubdomain,
  type Found,
  required,
} from './values.ts';

const SPEC = Path.of('spec');
const RBAC = 'rbac.authorization.k8s.io';

export function validatePodDisruptionBudget({ spec }: PodDisruptionBudget): Found {
  const found: Found = [];
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const shown = {
      MinAvailable: minAvailable,
      Selector: selector ?? null,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
    };
    found.push(fieldErrors.invalid(SPEC, shown, 'minAvailable and maxUnavailable cannot be both set'));
  }
  for (const [value, field] of [
    [minAvailable, 'minAvailable'],
    [maxUnavailable, 'maxUnavailable'],
  ] as const) {
    if (value === undefined) continue;
    checkPositiveIntOrPercent(value, SPEC.child(field), found);
    checkNotMoreThan100Percent(value, SPEC.child(field), found);
  }
  checkLabelSelector(selector, SPEC.child('selector'), found);
  const policies = ['AlwaysAllow', 'IfHealthyBudget'];
  checkOptionalEnum(unhealthyPodEvictionPolicy, policies, SPEC.child('unhealthyPodEvictionPolicy'), found);
  return found;
}

export function validateBudgetStatusUpdate({ status }: PodDisruptionBudget): Found {
  const found: Found = [];
  const at = Path.of('status');
  checkMetaConditions(status.conditions, at.child('conditions'), found);
  for (const name of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) {
    checkNonNegative(status[name], at, name, found);
  }
  return found;
}

/** https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export function validateRole({ rules }: Role): Found {
  const found: Found = [];
  for (const [i, rule] of (rules ?? []).entries()) checkRule(rule, true, Path.of('rules').index(i), found);
  return found;
}

export function validateClusterRole({ rules, aggregationRule }: ClusterRole): Found {
  const found: Found = [];
  for (const [i, rule] of (rules ?? []).entries()) checkRule(rule, false, Path.of('rules').index(i), found);
  if (!aggregationRule) return found;
  const at = Path.of('aggregationRule', 'clusterRoleSelectors');
  if (!aggregationRule.clusterRoleSelectors?.length) {
    found.push(fieldErrors.required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  }
  for (const [i, selector] of (aggregationRule.clusterRoleSelectors ?? []).entries()) {
    checkLabelSelector(selector, at.index(i), found);
    if (!compile(selector)) found.push(fieldErrors.invalid(at.index(i), null, 'invalid label selector.'));
  }
  return found;
}

function checkRule(rule: PolicyRule, namespaced: boolean, path: Path, found: Found): void {
  const { verbs, apiGroups, resources, nonResourceURLs } = rule;
  if (!verbs?.length) found.push(fieldErrors.required(path.child('verbs'), 'verbs must contain at least one value'));
  if (nonResourceURLs?.length) {
    const at = path.child('nonResourceURLs');
    if (namespaced) {
      found.push(fieldErrors.invalid(at, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    }
    if (apiGroups?.length || resources?.length || rule.resourceNames?.length) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs';
      found.push(fieldErrors.invalid(at, nonResourceURLs, why));
    }
    return;
  }
  if (!apiGroups?.length) {
    found.push(fieldErrors.required(path.child('apiGroups'), 'resource rules must supply at least one api group'));
  }
  if (!resources?.length) {
    found.push(fieldErrors.required(path.child('resources'), 'resource rules must supply at least one resource'));
  }
}

type Binding = RoleBinding | ClusterRoleBinding;

function checkBinding({ roleRef, subjects }: Binding, kinds: readonly string[], found: Found): void {
  const ref = Path.of('roleRef');
  if (roleRef.apiGroup !== RBAC) {
    found.push(fieldErrors.notSupported(ref.child('apiGroup'), roleRef.apiGroup, [RBAC]));
  }
  if (!kinds.includes(roleRef.kind)) found.push(fieldErrors.notSupported(ref.child('kind'), roleRef.kind, kinds));
  if (!roleRef.name) found.push(fieldErrors.required(ref.child('name')));
  else addAll(found, ref.child('name'), roleRef.name, pathSegment(roleRef.name, false));
  for (const [i, { kind, apiGroup = '', name, namespace }] of (subjects ?? []).entries()) {
    const at = Path.of('subjects').index(i);
    required(name, at, 'name', found);
    switch (kind) {
      case 'ServiceAccount':
        if (name) checkSubdomain(name, at.child('name'), found);
        if (apiGroup) found.push(fieldErrors.notSupported(at.child('apiGroup'), apiGroup, ['']));
        if (!namespace && kinds.length === 1) found.push(fieldErrors.required(at.child('namespace')));
        break;
      case 'User':
      case 'Group':
        if (apiGroup !== RBAC) found.push(fieldErrors.notSupported(at.child('apiGroup'), apiGroup, [RBAC]));
        break;
      default:
        found.push(fieldErrors.notSupported(at.child('kind'), kind, ['ServiceAccount', 'User', 'Group']));
    }
  }
}

export function validateRoleBinding(binding: RoleBinding): Found {
  const found: Found = [];
  checkBinding(binding, ['Role', 'ClusterRole'], found);
  return found;
}

export function validateClusterRoleBinding(binding: ClusterRoleBinding): Found {
  const found: Found = [];
  checkBinding(binding, ['ClusterRole'], found);
  return found;
}

/** A binding is to one role for ever. */
function checkRoleRef(binding: Binding, old: Binding, found: Found): Found {
  if (!deepEqual(binding.roleRef, old.roleRef)) {
    const { apiGroup, kind, name } = binding.roleRef;
    const shown = { APIGroup: apiGroup, Kind: kind, Name: name };
    found.push(fieldErrors.invalid(Path.of('roleRef'), shown, 'cannot change roleRef'));
  }
  return found;
}

export const validateRoleBindingUpdate = (binding: RoleBinding, old: RoleBinding): Found =>
  checkRoleRef(binding, old, validateRoleBinding(binding));
export const validateClusterRoleBindingUpdate = (binding: ClusterRoleBinding, old: ClusterRoleBinding): Found =>
  checkRoleRef(binding, old, validateClusterRoleBinding(binding));
