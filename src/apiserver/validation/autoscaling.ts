import type { HorizontalPodAutoscaler, MetricSpec } from '../../api/autoscaling/v2.gen.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import { checkPathSegment } from './addresses.ts';
import { checkContainerResourceName } from './resources.ts';
import {
  checkLabel1123,
  checkNonNegative,
  checkNonNegativeQuantity,
  checkOptionalEnum,
  type Found,
  required,
} from './values.ts';

const SPEC = Path.of('spec');
const STATUS = Path.of('status');
const MAX_WINDOW = 3600;
const MAX_PERIOD = 1800;

/** https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/ */
export function validateAutoscaler(autoscaler: HorizontalPodAutoscaler): Found {
  return checkAutoscaler(autoscaler, undefined);
}

/** What was let pass by older versions may stay. */
export function validateAutoscalerUpdate(autoscaler: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler): Found {
  return checkAutoscaler(autoscaler, old);
}

export function validateAutoscalerStatusUpdate({ status }: HorizontalPodAutoscaler): Found {
  const found: Found = [];
  for (const name of ['currentReplicas', 'desiredReplicas'] as const) {
    checkNonNegative(status?.[name], STATUS, name, found);
  }
  return found;
}

type Reference = HorizontalPodAutoscaler['spec']['scaleTargetRef'];

function checkAutoscaler({ spec }: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler | undefined): Found {
  const found: Found = [];
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics, behavior } = spec;
  const least = old?.spec.minReplicas === 0 ? 0 : 1;
  if (minReplicas !== undefined && minReplicas < least) {
    const why = `must be greater than or equal to ${least}`;
    found.push(fieldErrors.invalid(SPEC.child('minReplicas'), minReplicas, why));
  }
  const most = SPEC.child('maxReplicas');
  if (maxReplicas === 0) found.push(fieldErrors.required(most, 'must be set and greater than 0'));
  else if (maxReplicas < 0) found.push(fieldErrors.invalid(most, maxReplicas, 'must be greater than or equal to 1'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    found.push(fieldErrors.invalid(most, maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  checkReference(scaleTargetRef, SPEC.child('scaleTargetRef'), versionsOf(scaleTargetRef, old), found);
  const objects = old?.spec.metrics?.some(({ type, object }) => type === 'Object' && isOddVersion(object))
    ? 'any'
    : 'core';
  for (const [i, metric] of (metrics ?? []).entries()) {
    checkMetric(metric, SPEC.child('metrics').index(i), objects, found);
  }
  if (minReplicas === 0 && !metrics?.some(({ type }) => type === 'Object' || type === 'External')) {
    const why = 'must specify at least one Object or External metric to support scaling to zero replicas';
    found.push(fieldErrors.forbidden(SPEC.child('metrics'), why));
  }
  for (const direction of ['scaleUp', 'scaleDown'] as const) {
    const rules = behavior?.[direction];
    if (rules) checkRules(rules, SPEC.child('behavior', direction), found);
  }
  return found;
}

/** Which apiVersions a reference may have: those that name a group, those of the core group as well, or any text. */
type Versions = 'grouped' | 'core' | 'any';

function versionsOf({ apiVersion, kind }: Reference, old: HorizontalPodAutoscaler | undefined): Versions {
  const before = old?.spec.scaleTargetRef;
  if (before && before.apiVersion === apiVersion && before.kind === kind) return 'any';
  return kind === 'ReplicationController' ? 'core' : 'grouped';
}

const isOddVersion = (source: MetricSpec['object']): boolean =>
  (source?.describedObject.apiVersion ?? '').split('/').length > 2;

function checkReference(ref: Reference, path: Path, versions: Versions, found: Found): void {
  for (const field of ['kind', 'name'] as const) {
    if (required(ref[field], path, field, found)) checkPathSegment(ref[field], path.child(field), found);
  }
  const version = ref.apiVersion ?? '';
  const at = path.child('apiVersion');
  const slashes = version.split('/').length - 1;
  if (versions === 'any') return;
  if (slashes > 1) found.push(fieldErrors.invalid(at, version, `unexpected GroupVersion string: ${version}`));
  else if (versions === 'grouped' && (slashes === 0 || version === '/' || version.startsWith('/'))) {
    found.push(fieldErrors.invalid(at, version, 'apiVersion must specify API group'));
  }
}

type Rules = NonNullable<NonNullable<HorizontalPodAutoscaler['spec']['behavior']>['scaleUp']>;

function checkRules(rules: Rules, path: Path, found: Found): void {
  const window = rules.stabilizationWindowSeconds ?? 0;
  const at = path.child('stabilizationWindowSeconds');
  if (window < 0) found.push(fieldErrors.invalid(at, window, 'must be greater than or equal to zero'));
  if (window > MAX_WINDOW) found.push(fieldErrors.invalid(at, window, `must be less than or equal to ${MAX_WINDOW}`));
  checkOptionalEnum(rules.selectPolicy, ['Disabled', 'Max', 'Min'], path.child('selectPolicy'), found);
  const policies = rules.policies ?? [];
  if (policies.length === 0) {
    found.push(fieldErrors.required(path.child('policies'), 'must specify at least one Policy'));
  }
  for (const [i, { type = '', value = 0, periodSeconds: period = 0 }] of policies.entries()) {
    const policy = path.child('policies').index(i);
    checkOptionalEnum(type, ['Percent', 'Pods'], policy.child('type'), found);
    if (value <= 0) found.push(fieldErrors.invalid(policy.child('value'), value, 'must be greater than zero'));
    const where = policy.child('periodSeconds');
    if (period <= 0) found.push(fieldErrors.invalid(where, period, 'must be greater than zero'));
    if (period > MAX_PERIOD) {
      found.push(fieldErrors.invalid(where, period, `must be less than or equal to ${MAX_PERIOD}`));
    }
  }
  if (rules.tolerance !== undefined) checkNonNegativeQuantity(rules.tolerance, path.child('tolerance'), found);
}

const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
const sourceOf = new Map<string, (typeof sources)[number]>([
  ['Object', 'object'],
  ['Pods', 'pods'],
  ['Resource', 'resource'],
  ['ContainerResource', 'containerResource'],
  ['External', 'external'],
]);

function checkMetric(metric: MetricSpec, path: Path, versions: Versions, found: Found): void {
  const type = metric.type ?? '';
  const at = path.child('type');
  if (type === '') found.push(fieldErrors.required(at, 'must specify a metric source type'));
  checkOptionalEnum(type, metricTypes, at, found);
  const present = sources.filter((source) => metric[source] !== undefined);
  // Of several sources the first is looked at closely.
  checkSource(metric, present[0], path, versions, found);
  const expected = sourceOf.get(type);
  if (expected === undefined) found.push(fieldErrors.notSupported(at, type, metricTypes));
  else if (!present.includes(expected)) {
    found.push(fieldErrors.required(path.child(expected), 'must populate information for the given metric source'));
  }
  if (present.length === 1) return;
  for (const source of present) {
    if (source === expected) continue;
    found.push(fieldErrors.forbidden(path.child(source), 'must populate the given metric source only'));
  }
}

function checkSource(
  metric: MetricSpec,
  source: (typeof sources)[number] | undefined,
  path: Path,
  versions: Versions,
  found: Found,
): void {
  if (source === undefined) return;
  const at = path.child(source);
  const { object, external, pods, resource, containerResource } = metric;
  if (source === 'object' && object) {
    checkReference(object.describedObject, at.child('describedObject'), versions, found);
    checkIdentifier(object.metric, at, found);
    checkTarget(object.target, at, found);
    needs(
      object.target.value ?? object.target.averageValue,
      at,
      'averageValue',
      'must set either a target value or averageValue',
      found,
    );
  } else if (source === 'external' && external) {
    checkIdentifier(external.metric, at, found);
    checkTarget(external.target, at, found);
    const { value, averageValue } = external.target;
    const what = 'a target value for metric';
    needs(value ?? averageValue, at, 'averageValue', `must set either ${what} or a per-pod target`, found);
    if (value !== undefined && averageValue !== undefined) {
      found.push(fieldErrors.forbidden(at.child('target', 'value'), `may not set both ${what} and a per-pod target`));
    }
  } else if (source === 'pods' && pods) {
    checkIdentifier(pods.metric, at, found);
    checkTarget(pods.target, at, found);
    needs(pods.target.averageValue, at, 'averageValue', 'must specify a positive target averageValue', found);
  } else if (source === 'resource' && resource) {
    if (!resource.name) found.push(fieldErrors.required(at.child('name'), 'must specify a resource name'));
    checkUtilization(resource.target, at, found);
  } else if (containerResource) {
    const { name, container, target } = containerResource;
    if (!name) found.push(fieldErrors.required(at.child('name'), 'must specify a resource name'));
    else checkContainerResourceName(name, at.child('name'), found);
    if (!container) found.push(fieldErrors.required(at.child('container'), 'must specify a container'));
    else checkLabel1123(container, at.child('container'), found);
    checkUtilization(target, at, found);
  }
}

type Target = NonNullable<MetricSpec['object']>['target'];

function needs(value: unknown, path: Path, field: string, why: string, found: Found): void {
  if (value === undefined) found.push(fieldErrors.required(path.child('target', field), why));
}

function checkUtilization(target: Target, path: Path, found: Found): void {
  checkTarget(target, path, found);
  const { averageUtilization, averageValue } = target;
  const what = 'a target raw value';
  const why = `must set either ${what} or a target utilization`;
  needs(averageUtilization ?? averageValue, path, 'averageUtilization', why, found);
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const both = `may not set both ${what} and a target utilization`;
    found.push(fieldErrors.forbidden(path.child('target', 'averageValue'), both));
  }
}

function checkIdentifier({ name }: { readonly name: string }, path: Path, found: Found): void {
  const at = path.child('metric', 'name');
  if (!name) found.push(fieldErrors.required(at, 'must specify a metric name'));
  else checkPathSegment(name, at, found);
}

function checkTarget(target: Target, path: Path, found: Found): void {
  const { type = '', value, averageValue, averageUtilization } = target;
  const at = path.child('target');
  if (type === '') found.push(fieldErrors.required(at.child('type'), 'must specify a metric target type'));
  if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue') {
    const why = 'must be either Utilization, Value, or AverageValue';
    found.push(fieldErrors.invalid(at.child('type'), type, why));
  }
  for (const [amount, field] of [
    [value, 'value'],
    [averageValue, 'averageValue'],
  ] as const) {
    if (amount === undefined || compareQuantities(amount, '0') > 0) continue;
    found.push(fieldErrors.invalid(at.child(field), amount, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    found.push(fieldErrors.invalid(at.child('averageUtilization'), averageUtilization, 'must be greater than 0'));
  }
}
