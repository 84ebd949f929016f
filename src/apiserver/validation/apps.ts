import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../api/apps/v1.gen.ts';
import type { PodTemplateSpec, ReplicationController } from '../../api/core/v1.gen.ts';
import { labelSelector, labelSet, type Selector, SelectorError } from '../../api/labels.ts';
import type { LabelSelector } from '../../api/meta/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
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

/** The selector, which has to be there and to select something, compiled; undefined where it is none. */
function checkSelector(selector: LabelSelector | undefined, kind: string, found: Found): Selector | undefined {
  if (!selector) found.push(fieldErrors.required(SELECTOR));
  else {
    checkLabelSelector(selector, SELECTOR, found);
    if (Object.keys(selector).length === 0) {
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

/** Whether an int-or-percent stands for nothing. */
const isZero = (value: number | string | undefined): boolean =>
  value === undefined || (typeof value === 'number' ? value === 0 : Number.parseInt(value, 10) === 0);

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

export function validateDeploymentStatusUpdate({ status }: Deployment, old: Deployment): Found {
  const found: Found = [];
  checkReplicaStatus(status, found, 'unavailableReplicas');
  if ((status.collisionCount ?? 0) < (old.status.collisionCount ?? 0)) {
    const at = STATUS.child('collisionCount');
    found.push(fieldErrors.invalid(at, status.collisionCount ?? null, 'cannot be decremented'));
  }
  return found;
}

interface ReplicaCounts {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly updatedReplicas?: number;
  readonly currentReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
}

function checkReplicaStatus(status: ReplicaCounts, found: Found, ...more: readonly (keyof ReplicaCounts)[]): void {
  const parts: readonly (keyof ReplicaCounts)[] = [
    'fullyLabeledReplicas',
    'readyReplicas',
    'updatedReplicas',
    'currentReplicas',
    'availableReplicas',
  ];
  for (const name of ['replicas', ...parts, ...more, 'observedGeneration'] as const) {
    checkNonNegative(status[name], STATUS, name, found);
  }
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  for (const name of parts) {
    const value = status[name] ?? 0;
    if (value > replicas) {
      found.push(fieldErrors.invalid(STATUS.child(name), value, 'cannot be greater than status.replicas'));
    }
  }
  if (availableReplicas > readyReplicas) {
    const why = 'cannot be greater than readyReplicas';
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

export function validateReplicaStatusUpdate({ status }: { readonly status: ReplicaCounts }): Found {
  const found: Found = [];
  checkReplicaStatus(status, found);
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
  if (!spec.selector || Object.keys(spec.selector).length === 0) {
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
      const why = 'cannot be 0 when maxSurge is 0';
      found.push(fieldErrors.invalid(at.child('maxUnavailable'), maxUnavailable, why));
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

export function validateDaemonSetStatusUpdate({ status }: DaemonSet): Found {
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
  ] as const) {
    checkNonNegative(status[name], STATUS, name, found);
  }
  return found;
}

export function validateStatefulSet({ spec }: StatefulSet): Found {
  const found: Found = [];
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
  checkCounts({ replicas: spec.replicas, minReadySeconds: spec.minReadySeconds }, SPEC, found);
  if (spec.ordinals) checkNonNegative(spec.ordinals.start, Path.of('spec'), 'replicas.ordinals.start', found);
  const selector = checkSelector(spec.selector, 'statefulset', found);
  if (!selector) found.push(fieldErrors.invalid(SELECTOR, spec.selector, ''));
  else {
    checkMatches(spec.template, selector, found);
    checkPodTemplate(spec.template, TEMPLATE, found);
  }
  checkEndless(spec.template, 'StatefulSet', TEMPLATE, found);
  for (const [i, claim] of (spec.volumeClaimTemplates ?? []).entries()) {
    checkClaimSpec(claim.spec, SPEC.child('volumeClaimTemplates').index(i).child('spec'), found);
  }
  if (spec.serviceName) checkLabel1123(spec.serviceName, SPEC.child('serviceName'), found);
  return found;
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
  const found = validateStatefulSet(statefulSet);
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

export function validateControllerRevision({ data, revision }: ControllerRevision): Found {
  const found: Found = [];
  if (data === undefined || data === null) found.push(fieldErrors.required(Path.of('data'), 'data is mandatory'));
  checkNonNegative(revision, Path.root, 'revision', found);
  return found;
}

export function validateControllerRevisionUpdate(revision: ControllerRevision, old: ControllerRevision): Found {
  const found = validateControllerRevision(revision);
  checkImmutable(revision.data, old.data, Path.of('data'), found);
  return found;
}
