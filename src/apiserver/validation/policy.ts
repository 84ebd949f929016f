import type { HorizontalPodAutoscaler, MetricSpec } from '../../api/autoscaling/v2.gen.ts';
import type { PodDisruptionBudget } from '../../api/policy/v1.gen.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from '../../api/rbac/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import { pathSegment } from '../registry/names.ts';
import { compile } from './apps.ts';
import { checkLabelSelector } from './label-selector.ts';
import {
  addAll,
  checkEnum,
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

const MAX_WINDOW = 3600;
const MAX_PERIOD = 1800;
const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

export function validateHorizontalPodAutoscaler({ spec }: HorizontalPodAutoscaler): Found {
  const found: Found = [];
  const { minReplicas, maxReplicas, scaleTargetRef, metrics, behavior } = spec;
  if (minReplicas !== undefined && minReplicas < 1) {
    found.push(fieldErrors.invalid(SPEC.child('minReplicas'), minReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < 1)
    found.push(fieldErrors.invalid(SPEC.child('maxReplicas'), maxReplicas, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    const why = 'must be greater than or equal to `minReplicas`';
    found.push(fieldErrors.invalid(SPEC.child('maxReplicas'), maxReplicas, why));
  }
  checkReference(scaleTargetRef, SPEC.child('scaleTargetRef'), true, found);
  for (const [i, metric] of (metrics ?? []).entries()) checkMetric(metric, SPEC.child('metrics').index(i), found);
  for (const direction of ['scaleUp', 'scaleDown'] as const) {
    const rules = behavior?.[direction];
    if (!rules) continue;
    const at = SPEC.child('behavior', direction);
    const window = rules.stabilizationWindowSeconds;
    if (window !== undefined && window < 0) {
      found.push(
        fieldErrors.invalid(at.child('stabilizationWindowSeconds'), window, 'must be greater than or equal to zero'),
      );
    }
    if (window !== undefined && window > MAX_WINDOW) {
      found.push(
        fieldErrors.invalid(
          at.child('stabilizationWindowSeconds'),
          window,
          `must be less than or equal to ${MAX_WINDOW}`,
        ),
      );
    }
    checkOptionalEnum(rules.selectPolicy, ['Disabled', 'Max', 'Min'], at.child('selectPolicy'), found);
    if (!rules.policies?.length) {
      found.push(fieldErrors.required(at.child('policies'), 'must specify at least one Policy'));
    }
    for (const [i, { type, value, periodSeconds }] of (rules.policies ?? []).entries()) {
      const policy = at.child('policies').index(i);
      checkEnum(type, ['Percent', 'Pods'], policy.child('type'), found);
      if (value <= 0) found.push(fieldErrors.invalid(policy.child('value'), value, 'must be greater than zero'));
      if (periodSeconds <= 0) {
        found.push(fieldErrors.invalid(policy.child('periodSeconds'), periodSeconds, 'must be greater than zero'));
      }
      if (periodSeconds > MAX_PERIOD) {
        found.push(
          fieldErrors.invalid(
            policy.child('periodSeconds'),
            periodSeconds,
            `must be less than or equal to ${MAX_PERIOD}`,
          ),
        );
      }
    }
  }
  return found;
}

function checkReference(
  ref: HorizontalPodAutoscaler['spec']['scaleTargetRef'],
  path: Path,
  grouped: boolean,
  found: Found,
): void {
  for (const field of ['kind', 'name'] as const) {
    if (required(ref[field], path, field, found)) {
      addAll(found, path.child(field), ref[field], pathSegment(ref[field], false));
    }
  }
  if (!grouped) return;
  const version = ref.apiVersion ?? '';
  if (version.split('/').length > 2) {
    found.push(fieldErrors.invalid(path.child('apiVersion'), version, `unexpected GroupVersion string: ${version}`));
  } else if (version !== '' && version !== 'v1' && !version.includes('/')) {
    found.push(fieldErrors.invalid(path.child('apiVersion'), version, 'apiVersion must specify API group'));
  }
}

const fieldOf: Readonly<Record<string, 'object' | 'pods' | 'resource' | 'containerResource' | 'external'>> = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
  External: 'external',
};
const order = ['object', 'pods', 'resource', 'containerResource', 'external'] as const;

function checkMetric(metric: MetricSpec, path: Path, found: Found): void {
  if (!metric.type) found.push(fieldErrors.required(path.child('type'), 'must specify a metric source type'));
  else if (!metricTypes.includes(metric.type)) {
    found.push(fieldErrors.notSupported(path.child('type'), metric.type, metricTypes));
  }
  const present = order.filter((field) => metric[field] !== undefined);
  const expected = fieldOf[metric.type ?? ''];
  const [first] = present;
  if (first === 'object') {
    const object = metric.object;
    if (object) {
      const at = path.child('object');
      checkReference(object.describedObject, at.child('describedObject'), false, found);
      checkTarget(object.target, at.child('target'), found);
      if (!object.target.value && !object.target.averageValue) {
        found.push(
          fieldErrors.required(at.child('target', 'averageValue'), 'must set either a target value or averageValue'),
        );
      }
    }
  } else if (first !== undefined) {
    const source = metric[first];
    const at = path.child(first);
    if (source) checkTarget(source.target, at.child('target'), found);
    if (source && 'name' in source) required(source.name, at, 'name', found);
    if (source && 'container' in source) required(source.container, at, 'container', found);
  }
  if (expected === undefined) {
    if (metric.type) found.push(fieldErrors.notSupported(path.child('type'), metric.type, metricTypes));
  } else if (!present.includes(expected)) {
    found.push(fieldErrors.required(path.child(expected), 'must populate information for the given metric source'));
  }
  for (const field of present) {
    if (present.length > 1 && field !== expected) {
      found.push(fieldErrors.forbidden(path.child(field), 'must populate the given metric source only'));
    }
  }
}

type Target = NonNullable<MetricSpec['object']>['target'];

function checkTarget({ type, value, averageValue, averageUtilization }: Target, path: Path, found: Found): void {
  if (!type) found.push(fieldErrors.required(path.child('type'), 'must specify a metric target type'));
  else if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue') {
    const why = 'must be either Utilization, Value, or AverageValue';
    found.push(fieldErrors.invalid(path.child('type'), type, why));
  }
  if (value !== undefined && compareQuantities(value, '0') <= 0) {
    found.push(fieldErrors.invalid(path.child('value'), value, 'must be positive'));
  }
  if (averageValue !== undefined && compareQuantities(averageValue, '0') <= 0) {
    found.push(fieldErrors.invalid(path.child('averageValue'), averageValue, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    found.push(fieldErrors.invalid(path.child('averageUtilization'), averageUtilization, 'must be greater than 0'));
  }
}
