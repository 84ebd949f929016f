import type { CronJob, Job, JobSpec } from '../../api/batch/v1.gen.ts';
import { parseSchedule } from '../../api/cron-schedule.ts';
import { dns1123SubdomainProblems } from '../../api/names.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { compile } from './apps.ts';
import { checkLabelSelector } from './label-selector.ts';
import { checkPodTemplate } from './pod-spec.ts';
import { checkEnum, checkNonNegative, checkQualifiedName, type Found, IMMUTABLE } from './values.ts';

const SPEC = Path.of('spec');
const MAX_PARALLEL_INDEXED = 100_000;
const MAX_FAILED_INDEXED = 100_000;
const MAX_CRON_NAME = 52;
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

export function validateJob(job: Job): Found {
  const found: Found = [];
  checkSpec(job.spec, SPEC, found);
  const { selector, template } = job.spec;
  if (!selector) found.push(fieldErrors.required(SPEC.child('selector')));
  else checkLabelSelector(selector, SPEC.child('selector'), found);
  const compiled = compile(selector);
  if (compiled && !compiled.matches(template.metadata?.labels)) {
    const at = SPEC.child('template', 'metadata', 'labels');
    found.push(
      fieldErrors.invalid(at, template.metadata?.labels ?? null, '`selector` does not match template `labels`'),
    );
  }
  if (job.spec.completionMode === 'Indexed' && (job.spec.completions ?? 0) > 0) {
    // Pods of a Job are named for their index, and a name has room for 63 characters.
    const longest = `${job.metadata.name}-${(job.spec.completions ?? 1) - 1}`;
    if (longest.length > 63) {
      const why = `will not able to create pod with invalid DNS label: ${longest}`;
      found.push(fieldErrors.invalid(Path.of('metadata', 'name'), job.metadata.name, why));
    }
  }
  return found;
}

function checkSpec(spec: JobSpec, path: Path, found: Found): void {
  for (const name of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
  ] as const) {
    checkNonNegative(spec[name], path, name, found);
  }
  const indexed = spec.completionMode === 'Indexed';
  if (spec.backoffLimitPerIndex !== undefined && spec.completionMode === undefined) {
    found.push(
      fieldErrors.invalid(
        path.child('backoffLimitPerIndex'),
        spec.backoffLimitPerIndex,
        'requires indexed completion mode',
      ),
    );
  }
  if (spec.maxFailedIndexes !== undefined) {
    checkNonNegative(spec.maxFailedIndexes, path, 'maxFailedIndexes', found);
    if (spec.backoffLimitPerIndex === undefined) {
      const why = 'when maxFailedIndexes is specified';
      found.push(fieldErrors.required(path.child('backoffLimitPerIndex'), why));
    }
  }
  if (spec.managedBy !== undefined) checkManagedBy(spec.managedBy, path.child('managedBy'), found);
  if (spec.completionMode !== undefined) checkCompletionMode(spec, path, found);
  if (spec.podFailurePolicy) checkFailurePolicy(spec, path.child('podFailurePolicy'), found);
  if (spec.successPolicy) {
    const at = path.child('successPolicy');
    if (!indexed) {
      const rules = (spec.successPolicy.rules ?? []).map((rule) => ({
        SucceededIndexes: rule.succeededIndexes ?? null,
        SucceededCount: rule.succeededCount ?? null,
      }));
      found.push(fieldErrors.invalid(at, { Rules: rules }, 'requires indexed completion mode'));
    } else checkSuccessPolicy(spec, at, found);
  }
  checkReplacement(spec, path.child('podReplacementPolicy'), found);
  const templatePath = path.child('template');
  checkPodTemplate(spec.template, templatePath, found);
  const policy: string = spec.template.spec.restartPolicy ?? '';
  const at = templatePath.child('spec', 'restartPolicy');
  if (policy === '' || policy === 'Always') {
    const why = 'valid values: "OnFailure", "Never"';
    found.push(fieldErrors.required(at, why));
  } else if (policy !== 'OnFailure' && policy !== 'Never') {
    found.push(fieldErrors.notSupported(at, policy, ['OnFailure', 'Never']));
  } else if (spec.podFailurePolicy && policy !== 'Never') {
    const why = 'only "Never" is supported when podFailurePolicy is specified';
    found.push(fieldErrors.invalid(at, policy, why));
  }
}

function checkManagedBy(manager: string, path: Path, found: Found): void {
  const slash = manager.indexOf('/');
  const domain = manager.slice(0, Math.max(slash, 0));
  if (slash <= 0 || slash === manager.length - 1) {
    const why = 'must be a domain-prefixed path (such as "acme.io/foo")';
    found.push(fieldErrors.invalid(path, manager, why));
  } else for (const problem of dns1123SubdomainProblems(domain)) found.push(fieldErrors.invalid(path, domain, problem));
  if (manager.length > 63) found.push(fieldErrors.tooLong(path, 63));
}

function checkCompletionMode(spec: JobSpec, path: Path, found: Found): void {
  const { completionMode, completions, parallelism = 0 } = spec;
  const modes = ['NonIndexed', 'Indexed'];
  if (!modes.includes(completionMode ?? '')) {
    found.push(fieldErrors.notSupported(path.child('completionMode'), completionMode, modes));
  }
  if (completionMode !== 'Indexed') return;
  if (completions === undefined) {
    found.push(fieldErrors.required(path.child('completions'), 'when completion mode is Indexed'));
  }
  if (parallelism > MAX_PARALLEL_INDEXED) {
    const why = `must be less than or equal to ${MAX_PARALLEL_INDEXED} when completion mode is Indexed`;
    found.push(fieldErrors.invalid(path.child('parallelism'), parallelism, why));
  }
  if ((spec.maxFailedIndexes ?? 0) > MAX_FAILED_INDEXED) {
    const why = `must be less than or equal to ${MAX_FAILED_INDEXED}`;
    found.push(fieldErrors.invalid(path.child('maxFailedIndexes'), spec.maxFailedIndexes, why));
  }
}

function checkReplacement({ podReplacementPolicy, podFailurePolicy }: JobSpec, path: Path, found: Found): void {
  if (podReplacementPolicy === undefined) return;
  const allowed = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  checkEnum(podReplacementPolicy, allowed, path, found);
}

function checkFailurePolicy(spec: JobSpec, path: Path, found: Found): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const at = path.child('rules');
  if (rules.length > MAX_RULES) found.push(fieldErrors.tooMany(at, rules.length, MAX_RULES));
  const pod = spec.template.spec;
  const names = [...(pod.containers ?? []), ...(pod.initContainers ?? [])].map(({ name }) => name);
  for (const [i, { action, onExitCodes, onPodConditions }] of rules.entries()) {
    const rule = at.index(i);
    const given: string = action ?? '';
    if (given === 'FailIndex') {
      if (spec.backoffLimitPerIndex === undefined) {
        found.push(fieldErrors.invalid(rule.child('action'), given, 'requires the backoffLimitPerIndex to be set'));
      }
    } else checkEnum(given, actions, rule.child('action'), found);
    if (onExitCodes) {
      const codes = rule.child('onExitCodes');
      checkEnum(onExitCodes.operator, ['In', 'NotIn'], codes.child('operator'), found);
      if (onExitCodes.containerName !== undefined && !names.includes(onExitCodes.containerName)) {
        const why = 'must be one of the container or initContainer names in the pod template';
        found.push(fieldErrors.invalid(codes.child('containerName'), onExitCodes.containerName, why));
      }
      checkExitCodes(onExitCodes.values ?? [], onExitCodes.operator, codes.child('values'), found);
    }
    for (const [j, { type, status }] of (onPodConditions ?? []).entries()) {
      const pattern = rule.child('onPodConditions').index(j);
      checkQualifiedName(type, pattern.child('type'), found);
      checkEnum(status, ['False', 'True', 'Unknown'], pattern.child('status'), found);
    }
    if (onExitCodes && onPodConditions?.length) {
      found.push({
        type: 'FieldValueInvalid',
        field: rule.toString(),
        body: 'Invalid value: specifying both OnExitCodes and OnPodConditions is not supported',
      });
    }
    if (!onExitCodes && !onPodConditions?.length) {
      found.push({
        type: 'FieldValueInvalid',
        field: rule.toString(),
        body: 'Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
      });
    }
  }
}

function checkExitCodes(values: readonly number[], operator: string, path: Path, found: Found): void {
  if (values.length === 0) found.push(fieldErrors.invalid(path, values, 'at least one value is required'));
  else if (values.length > MAX_EXIT_CODES) found.push(fieldErrors.tooMany(path, values.length, MAX_EXIT_CODES));
  const seen = new Set<number>();
  let ordered = true;
  for (const [i, value] of values.entries()) {
    if (operator === 'In' && value === 0) {
      found.push(fieldErrors.invalid(path.index(i), value, 'must not be 0 for the In operator'));
    }
    if (seen.has(value)) found.push(fieldErrors.duplicate(path.index(i), value));
    seen.add(value);
    if (i > 0 && value < (values[i - 1] ?? value)) ordered = false;
  }
  if (!ordered) found.push(fieldErrors.invalid(path, values, 'must be ordered'));
}

function checkSuccessPolicy(spec: JobSpec, path: Path, found: Found): void {
  const rules = spec.successPolicy?.rules ?? [];
  if (rules.length === 0) {
    found.push(
      fieldErrors.required(
        path.child('rules'),
        'at least one rules must be specified when the successPolicy is specified',
      ),
    );
  }
  if (rules.length > MAX_RULES) found.push(fieldErrors.tooMany(path.child('rules'), rules.length, MAX_RULES));
  for (const [i, { succeededCount, succeededIndexes }] of rules.entries()) {
    const at = path.child('rules').index(i);
    if (succeededCount === undefined && succeededIndexes === undefined) {
      found.push(fieldErrors.required(at, 'at least one of succeededCount or succeededIndexes must be specified'));
    }
    checkNonNegative(succeededCount, at, 'succeededCount', found);
    const completions = spec.completions ?? 0;
    if (succeededCount !== undefined && succeededCount > completions) {
      const why = `must be less than or equal to ${completions} (the number of specified completions)`;
      found.push(fieldErrors.invalid(at.child('succeededCount'), succeededCount, why));
    }
  }
}

const started = (job: Job): boolean => job.status.startTime !== undefined;

/** What a Job's pods are cannot change, but for where they may run as long as it has never started. */
export function validateJobUpdate(job: Job, old: Job): Found {
  const found = validateJob(job);
  const { spec } = job;
  const change = (field: keyof JobSpec, shown: unknown = spec[field]): void => {
    if (deepEqual(spec[field], old.spec[field])) return;
    found.push(fieldErrors.invalid(SPEC.child(field), shown ?? null, IMMUTABLE));
  };
  if (!deepEqual(spec.completions, old.spec.completions)) {
    const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
    if (spec.completionMode !== 'Indexed') change('completions');
    else if (!elastic || old.spec.completions === undefined || spec.completions === undefined) {
      const why = 'can only be modified in tandem with parallelism';
      found.push(fieldErrors.invalid(SPEC.child('completions'), spec.completions ?? null, why));
    }
  }
  change('selector');
  const shape = schedulable(spec);
  const before = schedulable(old.spec);
  const mayMove = old.spec.suspend === true && !started(old);
  if (!deepEqual(mayMove ? shape : spec.template, mayMove ? before : old.spec.template)) {
    found.push(fieldErrors.invalid(SPEC.child('template'), spec.template, IMMUTABLE));
  }
  change('completionMode');
  change('podFailurePolicy');
  change('backoffLimitPerIndex');
  change('managedBy');
  change('successPolicy');
  return found;
}

/** A template without what says where its pods may run. */
function schedulable({ template }: JobSpec): unknown {
  const { nodeSelector: _n, tolerations: _t, affinity, schedulingGates: _g, ...spec } = template.spec;
  const { nodeAffinity: _a, ...others } = affinity ?? {};
  const { labels: _l, annotations: _an, ...metadata } = template.metadata ?? {};
  return { metadata, spec: { ...spec, affinity: Object.keys(others).length > 0 ? others : undefined } };
}

export function validateCronJob(cronJob: CronJob): Found {
  const found: Found = [];
  const { spec, metadata } = cronJob;
  if (!spec.schedule) found.push(fieldErrors.required(SPEC.child('schedule')));
  else checkSchedule(spec.schedule, spec.timeZone !== undefined, found);
  checkNonNegative(spec.startingDeadlineSeconds, SPEC, 'startingDeadlineSeconds', found);
  if (spec.timeZone !== undefined) checkTimeZone(spec.timeZone, found);
  checkEnum(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], SPEC.child('concurrencyPolicy'), found);
  const path = SPEC.child('jobTemplate', 'spec');
  checkSpec(spec.jobTemplate.spec, path, found);
  if (spec.jobTemplate.spec.manualSelector) {
    found.push(fieldErrors.notSupported(path.child('manualSelector'), true, ['nil', 'false']));
  }
  checkNonNegative(spec.successfulJobsHistoryLimit, SPEC, 'successfulJobsHistoryLimit', found);
  checkNonNegative(spec.failedJobsHistoryLimit, SPEC, 'failedJobsHistoryLimit', found);
  if (metadata.name.length > MAX_CRON_NAME) {
    const why = `must be no more than ${MAX_CRON_NAME} characters`;
    found.push(fieldErrors.invalid(Path.of('metadata', 'name'), metadata.name, why));
  }
  return found;
}

function checkSchedule(schedule: string, zoned: boolean, found: Found): void {
  const at = SPEC.child('schedule');
  try {
    parseSchedule(schedule, 'UTC');
  } catch (error) {
    found.push(fieldErrors.invalid(at, schedule, (error as Error).message));
  }
  if (!schedule.includes('TZ')) return;
  const why = zoned
    ? 'cannot use both timeZone field and TZ or CRON_TZ in schedule'
    : 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
  found.push(fieldErrors.invalid(at, schedule, why));
}

function checkTimeZone(zone: string, found: Found): void {
  const at = SPEC.child('timeZone');
  if (zone === '') {
    found.push(fieldErrors.invalid(at, zone, 'timeZone must be nil or non-empty string'));
    return;
  }
  if (zone.toLowerCase() === 'local') {
    found.push(
      fieldErrors.invalid(
        at,
        zone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    );
    return;
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    found.push(fieldErrors.invalid(at, zone, `unknown time zone ${zone}`));
  }
}
