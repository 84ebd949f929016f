import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../api/apps/v1.gen.ts';
import type { PodTemplateSpec, ReplicationController, Volume } from '../../api/core/v1.gen.ts';
import { labelSelector, labelSet, type Selector, SelectorError } from '../../api/labels.ts';
import type { LabelSelector } from '../../api/meta/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { validateAnnotations, validateLabels } from '../registry/metadata.ts';
import { checkLabelSelector } from './label-selector.ts';
import { checkClaimSpec } from './persistent-volume-claim.ts';
import { checkEndless, checkEndlessPodTemplate, checkPodTemplate } from './pod-spec.ts';
import {
  checkImmutable,
  checkLabel1123,
  checkNonNegative,
  checkNotMoreThan100Percent,
  checkPositiveIntOrPercent,
  type Found,
} from './values.ts';

const SPEC = Path.of('spec');
const STATUS = Path.of('status');
const TEMPLATE = SPEC.child('template');
const SELECTOR = SPEC.child('selector');
const NO_MATCH = '`selector` does not match template `labels`';

/** Undefined where the selector is none; complaints about its parts are another's. */
export function compile(selector: LabelSelector | undefined): Selector | undefined {
  try {
    return labelSelector(selector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

const isEmpty = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  Object.keys(matchLabels ?? {}).length === 0 && !matchExpressions?.length;

/** The selector, which has to be there and to select something, compiled; undefined where it is none. */
function checkSelector(selector: LabelSelector | undefined, kind: string, found: Found): Selector | undefined {
  if (!selector) found.push(fieldErrors.required(SELECTOR));
  else {
    checkLabelSelector(selector, SELECTOR, found);
    if (isEmpty(selector)) {
      found.push(fieldErrors.invalid(SELECTOR, selector, `empty selector is invalid for ${kind}`));
    }
  }
  return compile(selector ?? undefined);
}

function checkMatches(template: PodTemplateSpec, selector: Selector, found: Found): void {
  const labels = template.metadata?.labels;
  if (selector.everything || selector.matches(labels)) return;
  found.push(fieldErrors.invalid(TEMPLATE.child('metadata', 'labels'), labels ?? null, NO_MATCH));
}

function checkCounts(counts: Readonly<Record<string, number | undefined>>, path: Path, found: Found): void {
  for (const [name, value] of Object.entries(counts)) checkNonNegative(value, path, name, found);
}

/** Whether an int-or-percent stands for nothing, as all texts do that are neither. */
const isZero = (value: number | string | undefined): boolean =>
  value === undefined ||
  (typeof value === 'number'
    ? value === 0
    : !/^(?:[0-9]+%|[+-]?[0-9]+)$/.test(value) || Number.parseInt(value, 10) === 0);

export function validateDeployment(deployment: Deployment): Found {
  const { spec } = deployment;
  const found: Found = [];
  checkCounts({ replicas: spec.replicas }, SPEC, found);
  const selector = checkSelector(spec.selector, 'deployment', found);
  if (!selector) found.push(fieldErrors.invalid(SELECTOR, spec.selector, 'invalid label selector'));
  else {
    checkMatches(spec.template, selector, found);
    checkEndlessPodTemplate(spec.template, 'ReplicaSet', TEMPLATE, found);
  }
  checkStrategy(spec.strategy, found);
  checkCounts({ minReadySeconds: spec.minReadySeconds, revisionHistoryLimit: spec.revisionHistoryLimit }, SPEC, found);
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    checkCounts({ progressDeadlineSeconds: deadline }, SPEC, found);
    if (deadline <= (spec.minReadySeconds ?? 0)) {
      const why = 'must be greater than minReadySeconds';
      found.push(fieldErrors.invalid(SPEC.child('progressDeadlineSeconds'), deadline, why));
    }
  }
  return found;
}

function checkStrategy({ type, rollingUpdate }: Deployment['spec']['strategy'], found: Found): void {
  const path = SPEC.child('strategy');
  const at = path.child('rollingUpdate');
  if (type === 'Recreate') {
    if (rollingUpdate) {
      const why = "may not be specified when strategy `type` is 'Recreate'";
      found.push(fieldErrors.forbidden(at, why));
    }
  } else if (type === 'RollingUpdate') {
    const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
    checkPositiveIntOrPercent(maxUnavailable, at.child('maxUnavailable'), found);
    checkPositiveIntOrPercent(maxSurge, at.child('maxSurge'), found);
    if (isZero(maxUnavailable) && isZero(maxSurge)) {
      const why = 'may not be 0 when `maxSurge` is 0';
      found.push(fieldErrors.invalid(at.child('maxUnavailable'), maxUnavailable, why));
    }
    checkNotMoreThan100Percent(maxUnavailable, at.child('maxUnavailable'), found);
  } else {
    const shown = {
      Type: type,
      RollingUpdate: rollingUpdate
        ? { MaxUnavailable: rollingUpdate.maxUnavailable ?? 0, MaxSurge: rollingUpdate.maxSurge ?? 0 }
        : null,
    };
    found.push(fieldErrors.notSupported(path, shown, ['Recreate', 'RollingUpdate']));
  }
}

export function validateDeploymentUpdate(deployment: Deployment, old: Deployment): Found {
  const found = validateDeployment(deployment);
  checkImmutable(deployment.spec.selector, old.spec.selector, SELECTOR, found);
  return found;
}

export function validateDeploymentStatusUpdate({ status }: Deployment, { status: old }: Deployment): Found {
  const found: Found = [];
  const parts = ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const;
  for (const name of [
    'observedGeneration',
    'replicas',
    ...parts,
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ] as const) {
    checkNonNegative(status[name], STATUS, name, found);
  }
  checkParts(status, parts, 'readyReplicas', found);
  checkCollisions(status.collisionCount, old.collisionCount, found);
  return found;
}

function checkCollisions(count: number | undefined, before: number | undefined, found: Found): void {
  // Nothing is less than nothing, but for a count that was there and is gone.
  if (before === undefined || (count !== undefined && count >= before)) return;
  found.push(fieldErrors.invalid(STATUS.child('collisionCount'), count ?? 0, 'cannot be decremented'));
}

interface ReplicaCounts {
  readonly replicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly updatedReplicas?: number;
  readonly currentReplicas?: number;
  readonly availableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly observedGeneration?: number;
}

/** No more of anything than there are. */
function checkParts(status: ReplicaCounts, parts: readonly (keyof ReplicaCounts)[], ready: string, found: Found): void {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  for (const name of parts) {
    const value = status[name] ?? 0;
    if (value > replicas) {
      found.push(fieldErrors.invalid(STATUS.child(name), value, 'cannot be greater than status.replicas'));
    }
  }
  if (availableReplicas > readyReplicas) {
    const why = `cannot be greater than ${ready}`;
    found.push(fieldErrors.invalid(STATUS.child('availableReplicas'), availableReplicas, why));
  }
}

export function validateReplicaSet({ spec }: ReplicaSet): Found {
  const found: Found = [];
  checkCounts({ replicas: spec.replicas, minReadySeconds: spec.minReadySeconds }, SPEC, found);
  const selector = checkSelector(spec.selector, 'deployment', found);
  if (!selector) found.push(fieldErrors.invalid(SELECTOR, spec.selector, 'invalid label selector'));
  else if (!spec.template) found.push(fieldErrors.required(TEMPLATE));
  else {
    checkMatches(spec.template, selector, found);
    checkEndlessPodTemplate(spec.template, 'ReplicaSet', TEMPLATE, found);
  }
  return found;
}

export function validateReplicaSetUpdate(replicaSet: ReplicaSet, old: ReplicaSet): Found {
  const found = validateReplicaSet(replicaSet);
  checkImmutable(replicaSet.spec.selector, old.spec.selector, SELECTOR, found);
  return found;
}

/** Of ReplicaSets and ReplicationControllers. */
export function validateReplicaStatusUpdate({ status }: { readonly status: ReplicaCounts }): Found {
  const found: Found = [];
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  for (const name of ['replicas', ...parts, 'observedGeneration', 'terminatingReplicas'] as const) {
    checkNonNegative(status[name], STATUS, name, found);
  }
  checkParts(status, parts, 'readyReplicas', found);
  return found;
}

export function validateReplicationController({ spec }: ReplicationController): Found {
  const found: Found = [];
  checkCounts({ minReadySeconds: spec.minReadySeconds }, SPEC, found);
  const selector = labelSet(spec.selector);
  if (selector.everything) found.push(fieldErrors.required(SELECTOR));
  checkCounts({ replicas: spec.replicas }, SPEC, found);
  if (!spec.template) found.push(fieldErrors.required(TEMPLATE));
  else {
    checkMatches(spec.template, selector, found);
    checkEndlessPodTemplate(spec.template, 'ReplicationController', TEMPLATE, found);
  }
  return found;
}

export function validateDaemonSet({ spec }: DaemonSet): Found {
  const found: Found = [];
  checkLabelSelector(spec.selector, SELECTOR, found);
  const selector = compile(spec.selector);
  if (selector && !selector.everything && !selector.matches(spec.template.metadata?.labels)) {
    const at = TEMPLATE.child('metadata', 'labels');
    found.push(fieldErrors.invalid(at, spec.template.metadata?.labels ?? null, NO_MATCH));
  }
  if (spec.selector && isEmpty(spec.selector)) {
    found.push(fieldErrors.invalid(SELECTOR, spec.selector, 'empty selector is invalid for daemonset'));
  }
  checkPodTemplate(spec.template, TEMPLATE, found);
  checkEndless(spec.template, 'DaemonSet', TEMPLATE, found);
  checkCounts({ minReadySeconds: spec.minReadySeconds }, SPEC, found);
  const { type, rollingUpdate } = spec.updateStrategy;
  const path = SPEC.child('updateStrategy');
  if (type === 'RollingUpdate') {
    const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
    const at = path.child('rollingUpdate');
    checkPositiveIntOrPercent(maxUnavailable, at.child('maxUnavailable'), found);
    checkPositiveIntOrPercent(maxSurge, at.child('maxSurge'), found);
    checkNotMoreThan100Percent(maxUnavailable, at.child('maxUnavailable'), found);
    checkNotMoreThan100Percent(maxSurge, at.child('maxSurge'), found);
    if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
      const why = 'may not be set when maxUnavailable is non-zero';
      found.push(fieldErrors.invalid(at.child('maxSurge'), maxSurge, why));
    } else if (isZero(maxUnavailable) && isZero(maxSurge)) {
      found.push(fieldErrors.required(at.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'));
    }
  } else if (type !== 'OnDelete') {
    const shown = {
      Type: type,
      RollingUpdate: rollingUpdate
        ? { MaxUnavailable: rollingUpdate.maxUnavailable ?? 0, MaxSurge: rollingUpdate.maxSurge ?? 0 }
        : null,
    };
    found.push(fieldErrors.notSupported(path, shown, ['RollingUpdate', 'OnDelete']));
  }
  checkCounts({ revisionHistoryLimit: spec.revisionHistoryLimit }, SPEC, found);
  return found;
}

export function validateDaemonSetUpdate(daemonSet: DaemonSet, old: DaemonSet): Found {
  const found = validateDaemonSet(daemonSet);
  checkImmutable(daemonSet.spec.selector, old.spec.selector, SELECTOR, found);
  return found;
}

export function validateDaemonSetStatusUpdate({ status }: DaemonSet, { status: old }: DaemonSet): Found {
  const found: Found = [];
  for (const name of [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ] as const) {
    checkNonNegative(status[name], STATUS, name, found);
  }
  checkCollisions(status.collisionCount, old.collisionCount, found);
  return found;
}

export function validateStatefulSet({ spec }: StatefulSet): Found {
  const found: Found = [];
  checkStatefulSet(spec, true, found);
  return found;
}

/** `whole`: also what cannot change later on. */
function checkStatefulSet(spec: StatefulSet['spec'], whole: boolean, found: Found): void {
  const management: string = spec.podManagementPolicy ?? '';
  if (management === '') found.push(fieldErrors.required(SPEC.child('podManagementPolicy')));
  else if (management !== 'OrderedReady' && management !== 'Parallel') {
    const why = "must be 'OrderedReady' or 'Parallel'";
    found.push(fieldErrors.invalid(SPEC.child('podManagementPolicy'), management, why));
  }
  checkUpdateStrategy(spec.updateStrategy, found);
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const when of ['whenDeleted', 'whenScaled'] as const) {
    const policy = retention?.[when];
    if (policy === 'Retain' || policy === 'Delete') continue;
    const at = SPEC.child('persistentVolumeClaimRetentionPolicy', when);
    found.push(fieldErrors.notSupported(at, policy ?? '', ['Retain', 'Delete']));
  }
  for (const [i, claim] of (whole ? (spec.volumeClaimTemplates ?? []) : []).entries()) {
    checkClaimSpec(claim.spec, SPEC.child('volumeClaimTemplates').index(i).child('spec'), found);
  }
  checkCounts({ replicas: spec.replicas, minReadySeconds: spec.minReadySeconds }, SPEC, found);
  if (spec.ordinals) checkNonNegative(spec.ordinals.start, SPEC.child('ordinals'), 'start', found);
  if (whole && spec.serviceName) checkLabel1123(spec.serviceName, SPEC.child('serviceName'), found);
  const selector = checkSelector(spec.selector, 'statefulset', found);
  if (!selector) found.push(fieldErrors.invalid(SELECTOR, spec.selector, ''));
  else {
    checkMatches(spec.template, selector, found);
    checkPodTemplate(asMade(spec), TEMPLATE, found);
    const { labels, annotations } = spec.template.metadata ?? {};
    // The template's metadata is looked at once more, under paths that it does not have.
    if (labels) validateLabels(labels, TEMPLATE.child('labels'), found);
    if (annotations) validateAnnotations(annotations, TEMPLATE.child('annotations'), found);
  }
  checkEndless(spec.template, 'StatefulSet', TEMPLATE, found);
}

/** The template as pods are made from it: they have their own host names, and volumes for the claims. */
function asMade({ template, volumeClaimTemplates }: StatefulSet['spec']): PodTemplateSpec {
  const { subdomain: _s, hostname: _h, ...spec } = template.spec;
  const claims = new Map<string, Volume>();
  for (const { metadata } of volumeClaimTemplates ?? []) {
    const name = metadata?.name ?? '';
    claims.set(name, { name, persistentVolumeClaim: { claimName: name } });
  }
  if (claims.size === 0) return { ...template, spec };
  const others = (spec.volumes ?? []).filter(({ name }) => !claims.has(name));
  return { ...template, spec: { ...spec, volumes: [...claims.values(), ...others] } };
}

function checkUpdateStrategy(strategy: StatefulSet['spec']['updateStrategy'], found: Found): void {
  const path = SPEC.child('updateStrategy');
  const { rollingUpdate } = strategy;
  const type: string = strategy.type ?? '';
  const shown = {
    Type: type,
    RollingUpdate: rollingUpdate ? { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: null } : null,
  };
  if (type === '') found.push(fieldErrors.required(path));
  else if (type === 'OnDelete') {
    if (rollingUpdate) {
      const why = `only allowed for updateStrategy 'RollingUpdate'`;
      found.push(fieldErrors.invalid(path.child('rollingUpdate'), shown.RollingUpdate, why));
    }
  } else if (type === 'RollingUpdate') {
    if (!rollingUpdate) return;
    const at = path.child('rollingUpdate');
    checkNonNegative(rollingUpdate.partition, at, 'partition', found);
    const { maxUnavailable } = rollingUpdate;
    if (maxUnavailable === undefined) return;
    checkPositiveIntOrPercent(maxUnavailable, at.child('maxUnavailable'), found);
    if (isZero(maxUnavailable)) {
      found.push(fieldErrors.invalid(at.child('maxUnavailable'), maxUnavailable, 'cannot be 0'));
    }
    checkNotMoreThan100Percent(maxUnavailable, at.child('maxUnavailable'), found);
  } else found.push(fieldErrors.invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'"));
}

/** The fields of a StatefulSet that follow its pods around for life are fixed. */
export function validateStatefulSetUpdate(statefulSet: StatefulSet, old: StatefulSet): Found {
  const found: Found = [];
  checkStatefulSet(statefulSet.spec, false, found);
  const changeable = {
    replicas: undefined,
    template: undefined,
    updateStrategy: undefined,
    minReadySeconds: undefined,
    ordinals: undefined,
    revisionHistoryLimit: undefined,
    persistentVolumeClaimRetentionPolicy: undefined,
  };
  if (!deepEqual({ ...statefulSet.spec, ...changeable }, { ...old.spec, ...changeable })) {
    const why =
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    found.push(fieldErrors.forbidden(SPEC, why));
  }
  return found;
}

export function validateStatefulSetStatusUpdate({ status }: StatefulSet, { status: old }: StatefulSet): Found {
  const found: Found = [];
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const;
  for (const name of ['replicas', ...parts, 'observedGeneration', 'collisionCount'] as const) {
    checkNonNegative(status[name], STATUS, name, found);
  }
  checkParts(status, parts, 'status.readyReplicas', found);
  checkCollisions(status.collisionCount, old.collisionCount, found);
  return found;
}

export function validateControllerRevision({ data, revision }: ControllerRevision): Found {
  const found: Found = [];
  checkNonNegative(revision, Path.root, 'revision', found);
  const at = Path.of('data');
  if (data === undefined || data === null) found.push(fieldErrors.required(at, 'data is mandatory'));
  else if (typeof data !== 'object' || Array.isArray(data)) {
    found.push(fieldErrors.required(at, 'data must be a valid JSON object'));
  }
  return found;
}

export function validateControllerRevisionUpdate(
  { data, revision }: ControllerRevision,
  old: ControllerRevision,
): Found {
  const found: Found = [];
  checkNonNegative(revision, Path.root, 'revision', found);
  checkImmutable(data, old.data, Path.of('data'), found);
  return found;
}
