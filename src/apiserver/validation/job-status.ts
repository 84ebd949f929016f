import type { Job } from '../../api/batch/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { timeToMs } from '../../schema/time.ts';
import { invalidWhole } from './batch.ts';
import { overlap, parseIndexes } from './job-indexes.ts';
import { checkNonNegative, type Found, IMMUTABLE } from './values.ts';

const STATUS = Path.of('status');
const CONDITIONS = STATUS.child('conditions');

type Status = Job['status'];

const is = ({ conditions }: Status, type: string, value = 'True'): boolean =>
  conditions?.some((condition) => condition.type === type && condition.status === value) ?? false;
const isFinished = (status: Status): boolean => is(status, 'Complete') || is(status, 'Failed');

/** What differs between two states of a Job: rules are held up only where something changed that they are about. */
function changes(status: Status, old: Status) {
  const condition = (type: string): boolean => is(status, type) !== is(old, type);
  const field = (name: keyof Status): boolean => !deepEqual(status[name], old[name]);
  return {
    complete: condition('Complete'),
    failed: condition('Failed'),
    failureTarget: condition('FailureTarget'),
    success: condition('SuccessCriteriaMet'),
    finished: isFinished(status) !== isFinished(old),
    active: (status.active ?? 0) !== (old.active ?? 0),
    completedIndexes: (status.completedIndexes ?? '') !== (old.completedIndexes ?? ''),
    field,
  };
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/#managedby */
export function validateJobStatusUpdate(job: Job, { status: old }: Job): Found {
  const found: Found = [];
  const { status } = job;
  for (const name of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    checkNonNegative(status[name], STATUS, name, found);
  }
  checkUncounted(status, found);
  const changed = changes(status, old);
  checkConditions(status, changed, found);
  checkTimes(job, changed, found);
  checkPods(status, changed, found);
  checkIndexes(job, changed, found);
  checkEnds(job, found);
  checkSteps(job, old, found);
  return found;
}

type Changes = ReturnType<typeof changes>;

const whole = (why: string, found: Found): void => {
  found.push(invalidWhole(CONDITIONS, why));
};

function checkUncounted({ uncountedTerminatedPods: pods }: Status, found: Found): void {
  const seen = new Set<string>();
  for (const end of ['succeeded', 'failed'] as const) {
    for (const [i, uid] of (pods?.[end] ?? []).entries()) {
      const at = STATUS.child('uncountedTerminatedPods', end).index(i);
      if (uid === '') found.push(fieldErrors.invalid(at, uid, 'must not be empty'));
      else if (seen.has(uid)) found.push(fieldErrors.duplicate(at, uid));
      seen.add(uid);
    }
  }
}

function checkConditions(status: Status, changed: Changes, found: Found): void {
  const complete = is(status, 'Complete');
  if ((changed.complete || changed.failed) && complete && is(status, 'Failed')) {
    whole('cannot set Complete=True and Failed=true conditions', found);
  }
  if ((changed.complete || changed.failureTarget) && complete && is(status, 'FailureTarget')) {
    whole('cannot set Complete=True and FailureTarget=true conditions', found);
  }
  if ((changed.failed || changed.field('failedIndexes')) && is(status, 'Failed') && !is(status, 'FailureTarget')) {
    whole('cannot set Failed=True condition without the FailureTarget=true condition', found);
  }
  if ((changed.complete || changed.success) && complete && !is(status, 'SuccessCriteriaMet')) {
    whole('cannot set Complete=True condition without the SuccessCriteriaMet=true condition', found);
  }
}

function checkTimes({ spec, status }: Job, changed: Changes, found: Found): void {
  const { startTime, completionTime } = status;
  const at = STATUS.child('completionTime');
  const ended = changed.field('completionTime');
  if (changed.complete || ended) {
    if (completionTime !== undefined && !is(status, 'Complete')) {
      const why = 'cannot set completionTime when there is no Complete=True condition';
      found.push(fieldErrors.invalid(at, completionTime, why));
    }
    if (completionTime === undefined && is(status, 'Complete')) {
      found.push(fieldErrors.required(at, 'completionTime is required for Complete jobs'));
    }
  }
  const moved = changed.field('startTime');
  if ((moved || ended) && startTime && completionTime && timeToMs(completionTime) < timeToMs(startTime)) {
    found.push(fieldErrors.invalid(at, completionTime, 'must be equal to or after `startTime`'));
  }
  const never = spec.suspend === true && spec.completions === 0;
  if ((changed.finished || moved) && !never && startTime === undefined && isFinished(status)) {
    found.push(fieldErrors.required(STATUS.child('startTime'), 'startTime is required for finished job'));
  }
}

function checkPods(status: Status, changed: Changes, found: Found): void {
  const { active = 0, terminating = 0, ready, uncountedTerminatedPods: uncounted } = status;
  const finished = isFinished(status);
  if ((changed.finished || changed.active) && active > 0 && finished) {
    found.push(fieldErrors.invalid(STATUS.child('active'), active, 'active>0 is invalid for finished job'));
  }
  const counted = changed.finished || changed.field('uncountedTerminatedPods');
  if (counted && finished && (uncounted?.failed?.length || uncounted?.succeeded?.length)) {
    const shown = { Succeeded: uncounted.succeeded ?? null, Failed: uncounted.failed ?? null };
    found.push(fieldErrors.invalid(STATUS.child('uncountedTerminatedPods'), shown, 'must be empty for finished job'));
  }
  if ((changed.finished || changed.field('terminating')) && terminating > 0 && finished) {
    const why = 'terminating>0 is invalid for finished job';
    found.push(fieldErrors.invalid(STATUS.child('terminating'), terminating, why));
  }
  if ((changed.field('ready') || changed.active) && ready !== undefined && ready > active) {
    found.push(fieldErrors.invalid(STATUS.child('ready'), ready, 'cannot set more ready pods than active'));
  }
}

function checkIndexes({ spec, status }: Job, changed: Changes, found: Found): void {
  const { completedIndexes = '', failedIndexes } = status;
  const { completions, backoffLimitPerIndex } = spec;
  const failed = changed.field('failedIndexes');
  const completedPath = STATUS.child('completedIndexes');
  const failedPath = STATUS.child('failedIndexes');
  if (changed.completedIndexes) {
    const parsed = completions === undefined ? 0 : parseIndexes(completedIndexes, completions);
    if (typeof parsed !== 'number') {
      const why = `error parsing completedIndexes: ${parsed.problem}`;
      found.push(fieldErrors.invalid(completedPath, completedIndexes, why));
    }
    if (completedIndexes !== '' && spec.completionMode !== 'Indexed') {
      const why = 'cannot set non-empty completedIndexes when non-indexed completion mode';
      found.push(fieldErrors.invalid(completedPath, completedIndexes, why));
    }
  }
  if (failedIndexes === undefined) return;
  if (failed && backoffLimitPerIndex === undefined) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    found.push(fieldErrors.invalid(failedPath, failedIndexes, why));
  } else if (failed && completions !== undefined) {
    const parsed = parseIndexes(failedIndexes, completions);
    if (typeof parsed !== 'number') {
      const why = `error parsing failedIndexes: ${parsed.problem}`;
      found.push(fieldErrors.invalid(failedPath, failedIndexes, why));
    }
  }
  if ((failed || changed.completedIndexes) && completions !== undefined) {
    const both = overlap(completedIndexes, failedIndexes, completions);
    if (both !== undefined) {
      const why = `failedIndexes and completedIndexes overlap at index: ${both}`;
      found.push(fieldErrors.invalid(failedPath, failedIndexes, why));
    }
  }
}

/** A Job ends in one way. */
function checkEnds({ spec, status }: Job, found: Found): void {
  const success = is(status, 'SuccessCriteriaMet');
  if (success && is(status, 'Failed')) whole('cannot set SuccessCriteriaMet=True and Failed=true conditions', found);
  if (success && is(status, 'FailureTarget')) {
    whole('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions', found);
  }
  if (spec.successPolicy && !success && is(status, 'Complete')) {
    whole('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True', found);
  }
}

/** Counts only grow, and what is done is done. */
function checkSteps({ spec, status }: Job, old: Status, found: Found): void {
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (is(old, type) && !is(status, type)) whole(`cannot disable the terminal ${type}=True condition`, found);
  }
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  for (const name of elastic ? (['failed'] as const) : (['failed', 'succeeded'] as const)) {
    const value = status[name] ?? 0;
    if (value >= (old[name] ?? 0)) continue;
    found.push(fieldErrors.invalid(STATUS.child(name), value, `cannot decrease the ${name} counter`));
  }
  const { completionTime, startTime } = status;
  if (completionTime && old.completionTime && completionTime !== old.completionTime) {
    found.push(fieldErrors.invalid(STATUS.child('completionTime'), completionTime, IMMUTABLE));
  }
  const resumes = is(old, 'Suspended') && is(status, 'Suspended', 'False');
  if (old.startTime && startTime !== old.startTime && !resumes && !spec.suspend) {
    const why = 'field is immutable for unsuspended job once set';
    found.push(fieldErrors.invalid(STATUS.child('startTime'), startTime ?? null, why));
  }
  const [had, has] = [is(old, 'SuccessCriteriaMet'), is(status, 'SuccessCriteriaMet')];
  if (had && !has) whole('cannot disable the SuccessCriteriaMet=True condition', found);
  if (is(old, 'Complete') && !had && has) {
    whole('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions', found);
  }
}
