import type { CronJob, Job, JobSpec } from '../../api/batch/v1.gen.ts';
import type { Container, PodTemplateSpec } from '../../api/core/v1.gen.ts';
import { parseSchedule } from '../../api/cron-schedule.ts';
import { dns1123LabelProblems } from '../../api/names.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { compile } from './apps.ts';
import { checkDomainPrefixedPath } from './domain-path.ts';
import { goPodSpec, goValue } from './go-value.ts';
import { parseIndexes } from './job-indexes.ts';
import { checkLabelSelector } from './label-selector.ts';
import { checkPodTemplate } from './pod-spec.ts';
import { checkEnum, checkNonNegative, checkOptionalEnum, checkQualifiedName, type Found, IMMUTABLE } from './values.ts';

const SPEC = Path.of('spec');
const TEMPLATE = SPEC.child('template');
const MAX_PARALLEL_INDEXED = 100_000;
const MAX_FAILED_INDEXED = 100_000;
/** Indexed Jobs beyond so many completions keep track of their failures only within these bounds. */
const MANY_COMPLETIONS = 100_000;
const MAX_OF_MANY = 10_000;
const MAX_CRON_NAME = 52;
const MAX_RULES = 20;
const MAX_PATTERNS = 20;
const MAX_EXIT_CODES = 255;
const MAX_INDEXES_TEXT = 64 * 1024;
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

/** A complaint about a whole whose value would say nothing. */
export const invalidWhole = (path: Path, why: string): FieldError => ({
  type: 'FieldValueInvalid',
  field: path.toString(),
  body: `Invalid value: ${why}`,
});

export function validateJob(job: Job): Found {
  return checkJob(job, true);
}

/** `prefixed`: its pods have the labels that Kubernetes has added in time, with its prefix, too. */
function checkJob(job: Job, prefixed: boolean): Found {
  const found: Found = [];
  checkGeneratedSelector(job, prefixed, found);
  checkJobSpec(job.spec, found);
  const { completionMode, completions } = job.spec;
  if (completionMode === 'Indexed' && completions !== undefined && completions > 0) {
    // The host names of a Job's pods are its name and their index.
    const longest = `${job.metadata.name}-${completions - 1}`;
    if (dns1123LabelProblems(longest).length > 0) {
      const why = `will not able to create pod with invalid DNS label: ${longest}`;
      found.push(fieldErrors.invalid(Path.of('metadata', 'name'), job.metadata.name, why));
    }
  }
  return found;
}

const UID_LABEL = 'batch.kubernetes.io/controller-uid';
const NAME_LABEL = 'batch.kubernetes.io/job-name';

/** The selector and labels that keep a Job's pods apart from all others', unless the client sees to that. */
function checkGeneratedSelector({ metadata, spec }: Job, prefixed: boolean, found: Found): void {
  if (spec.manualSelector || !spec.selector) return;
  const expected: Readonly<Record<string, string>> = {
    'controller-uid': metadata.uid ?? '',
    'job-name': metadata.name ?? '',
    ...(prefixed && { [UID_LABEL]: metadata.uid ?? '', [NAME_LABEL]: metadata.name ?? '' }),
  };
  const at = TEMPLATE.child('metadata', 'labels');
  const labels = spec.template.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(expected)) {
    const given = labels[key];
    if (given === undefined) found.push(fieldErrors.required(at.key(key), `must be '${value}'`));
    else if (given !== value) found.push(fieldErrors.invalid(at.key(key), labels, `must be '${value}'`));
  }
  const selector = compile(spec.selector);
  if (selector && !selector.matches(expected)) {
    found.push(fieldErrors.invalid(SPEC.child('selector'), spec.selector, '`selector` not auto-generated'));
  }
}

/** The spec of a Job, which has a selector, unlike that in a template for Jobs. */
function checkJobSpec(spec: JobSpec, found: Found): void {
  checkSpec(spec, SPEC, found);
  const { selector, template } = spec;
  if (!selector) found.push(fieldErrors.required(SPEC.child('selector')));
  else checkLabelSelector(selector, SPEC.child('selector'), found);
  const labels = template.metadata?.labels;
  if (compile(selector)?.matches(labels) !== false) return;
  const why = '`selector` does not match template `labels`';
  found.push(fieldErrors.invalid(TEMPLATE.child('metadata', 'labels'), labels ?? null, why));
}

function checkSpec(spec: JobSpec, path: Path, found: Found): void {
  for (const name of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const) {
    checkNonNegative(spec[name], path, name, found);
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    found.push(fieldErrors.required(path.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  }
  if (spec.managedBy !== undefined) checkManagedBy(spec.managedBy, path.child('managedBy'), found);
  checkCompletionMode(spec, path, found);
  if (spec.podFailurePolicy) checkFailurePolicy(spec, path.child('podFailurePolicy'), found);
  if (spec.successPolicy) {
    const at = path.child('successPolicy');
    if (spec.completionMode !== 'Indexed') {
      found.push(
        fieldErrors.invalid(at, goValue('SuccessPolicy', spec.successPolicy), 'requires indexed completion mode'),
      );
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
  checkDomainPrefixedPath(manager, path, found);
  if (Buffer.byteLength(manager) > 63) found.push(fieldErrors.tooLong(path, 63));
}

function checkCompletionMode(spec: JobSpec, path: Path, found: Found): void {
  const { completionMode, completions, parallelism = 0, maxFailedIndexes: failed, backoffLimitPerIndex: limit } = spec;
  const wrong = (field: keyof JobSpec, value: number, why: string): void => {
    found.push(fieldErrors.invalid(path.child(field), value, why));
  };
  checkOptionalEnum(completionMode, ['NonIndexed', 'Indexed'], path.child('completionMode'), found);
  if (completionMode === undefined || completionMode === 'NonIndexed') {
    if (limit !== undefined) wrong('backoffLimitPerIndex', limit, 'requires indexed completion mode');
    if (failed !== undefined) wrong('maxFailedIndexes', failed, 'requires indexed completion mode');
  }
  if (completionMode !== 'Indexed') return;
  if (completions === undefined) {
    found.push(fieldErrors.required(path.child('completions'), 'when completion mode is Indexed'));
  }
  if (parallelism > MAX_PARALLEL_INDEXED) {
    const why = `must be less than or equal to ${MAX_PARALLEL_INDEXED} when completion mode is Indexed`;
    wrong('parallelism', parallelism, why);
  }
  if (failed !== undefined && completions !== undefined && failed > completions) {
    wrong('maxFailedIndexes', failed, 'must be less than or equal to completions');
  }
  if (failed !== undefined && failed > MAX_FAILED_INDEXED) {
    wrong('maxFailedIndexes', failed, `must be less than or equal to ${MAX_FAILED_INDEXED}`);
  }
  if (limit === undefined || completions === undefined || completions <= MANY_COMPLETIONS) return;
  const bound = `must be less than or equal to ${MAX_OF_MANY} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  if (failed === undefined) {
    const why = `must be specified when completions is above ${MANY_COMPLETIONS}`;
    found.push(fieldErrors.required(path.child('maxFailedIndexes'), why));
  }
  if (parallelism > MAX_OF_MANY) wrong('parallelism', parallelism, bound);
  if (failed !== undefined && failed > MAX_OF_MANY) wrong('maxFailedIndexes', failed, bound);
}

function checkReplacement({ podReplacementPolicy, podFailurePolicy }: JobSpec, path: Path, found: Found): void {
  const allowed = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  checkOptionalEnum(podReplacementPolicy, allowed, path, found);
}

/** The value has to be there; if not, the complaint names all that it could be. */
function checkNamedEnum(value: string | undefined, allowed: readonly string[], path: Path, found: Found): void {
  if (value) checkOptionalEnum(value, allowed, path, found);
  else found.push(fieldErrors.required(path, `valid values: [${allowed.map((one) => `"${one}"`).join(' ')}]`));
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
    } else checkNamedEnum(given, actions, rule.child('action'), found);
    if (onExitCodes) {
      const codes = rule.child('onExitCodes');
      checkNamedEnum(onExitCodes.operator, ['In', 'NotIn'], codes.child('operator'), found);
      if (onExitCodes.containerName !== undefined && !names.includes(onExitCodes.containerName)) {
        const why = 'must be one of the container or initContainer names in the pod template';
        found.push(fieldErrors.invalid(codes.child('containerName'), onExitCodes.containerName, why));
      }
      checkExitCodes(onExitCodes.values, onExitCodes.operator, codes.child('values'), found);
    }
    const patterns = onPodConditions ?? [];
    if (patterns.length > MAX_PATTERNS) {
      found.push(fieldErrors.tooMany(rule.child('onPodConditions'), patterns.length, MAX_PATTERNS));
    }
    for (const [j, { type = '', status }] of patterns.entries()) {
      const pattern = rule.child('onPodConditions').index(j);
      checkQualifiedName(type, pattern.child('type'), found);
      checkNamedEnum(status, ['False', 'True', 'Unknown'], pattern.child('status'), found);
    }
    if (onExitCodes && patterns.length > 0) {
      found.push(invalidWhole(rule, 'specifying both OnExitCodes and OnPodConditions is not supported'));
    }
    if (!onExitCodes && patterns.length === 0) {
      found.push(invalidWhole(rule, 'specifying one of OnExitCodes and OnPodConditions is required'));
    }
  }
}

function checkExitCodes(given: readonly number[] | undefined, operator: string, path: Path, found: Found): void {
  const values = given ?? [];
  if (values.length === 0) found.push(fieldErrors.invalid(path, given ?? null, 'at least one value is required'));
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
    const completions = spec.completions ?? 0;
    let indexes = 0;
    if (succeededIndexes !== undefined) {
      const where = at.child('succeededIndexes');
      if (Buffer.byteLength(succeededIndexes) > MAX_INDEXES_TEXT) {
        found.push(fieldErrors.tooLong(where, MAX_INDEXES_TEXT));
      }
      const parsed = parseIndexes(succeededIndexes, completions);
      if (typeof parsed === 'number') indexes = parsed;
      else
        found.push(fieldErrors.invalid(where, succeededIndexes, `error parsing succeededIndexes: ${parsed.problem}`));
    }
    if (succeededCount === undefined) continue;
    const where = at.child('succeededCount');
    checkNonNegative(succeededCount, at, 'succeededCount', found);
    if (succeededCount > completions) {
      const why = `must be less than or equal to ${completions} (the number of specified completions)`;
      found.push(fieldErrors.invalid(where, succeededCount, why));
    }
    if (succeededIndexes !== undefined && succeededCount > indexes) {
      const why = `must be less than or equal to ${indexes} (the number of indexes in the specified succeededIndexes field)`;
      found.push(fieldErrors.invalid(where, succeededCount, why));
    }
  }
}

/** May what only matters to the scheduler, and the resources of containers, still change? Only while nothing runs. */
function restsSuspended({ spec, status }: Job): boolean {
  const suspended = status.conditions?.some(({ type, status: is }) => type === 'Suspended' && is === 'True');
  return spec.suspend === true && suspended === true && !status.active;
}

/** What a Job's pods are cannot change, but for where they may run and with how much as long as it rests. */
export function validateJobUpdate(job: Job, old: Job): Found {
  const had = old.spec.template.metadata?.labels;
  const found = checkJob(job, had?.[NAME_LABEL] !== undefined && had[UID_LABEL] !== undefined);
  const { spec } = job;
  // The spec is looked at once more with what was there before.
  checkJobSpec(spec, found);
  const change = (field: keyof JobSpec, shown: unknown = spec[field]): void => {
    if (deepEqual(spec[field], old.spec[field])) return;
    found.push(fieldErrors.invalid(SPEC.child(field), shown ?? null, IMMUTABLE));
  };
  if (spec.completionMode !== 'Indexed') change('completions');
  else if (spec.completions !== undefined && spec.completions !== old.spec.completions) {
    if (spec.completions !== spec.parallelism) {
      const why = 'can only be modified in tandem with spec.parallelism';
      found.push(fieldErrors.invalid(SPEC.child('completions'), spec.completions, why));
    }
  }
  change('selector');
  if (restsSuspended(old)) {
    if (!deepEqual(resting(spec.template), resting(old.spec.template))) {
      found.push(fieldErrors.invalid(TEMPLATE.child('spec'), goPodSpec({ ...spec.template.spec }), IMMUTABLE));
    }
  } else change('template', goValue('PodTemplateSpec', spec.template));
  change('completionMode');
  change('podFailurePolicy', spec.podFailurePolicy && goValue('PodFailurePolicy', spec.podFailurePolicy));
  change('backoffLimitPerIndex');
  change('managedBy');
  change('successPolicy', spec.successPolicy && goValue('SuccessPolicy', spec.successPolicy));
  return found;
}

/** The part of a resting Job's template that stays all the same. */
function resting({
  spec: { nodeSelector: _n, tolerations: _t, schedulingGates: _g, ...spec },
}: PodTemplateSpec): unknown {
  const { nodeAffinity: _a, ...others } = spec.affinity ?? {};
  const bare = (containers: readonly Container[] | undefined): unknown =>
    containers?.map(({ resources: _r, ...container }) => container);
  return {
    ...spec,
    affinity: Object.keys(others).length > 0 ? others : undefined,
    containers: bare(spec.containers),
    initContainers: bare(spec.initContainers),
  };
}

export function validateCronJob(cronJob: CronJob): Found {
  const found: Found = [];
  checkCronJob(cronJob, undefined, found);
  // Clients may leave the name out, and are told elsewhere.
  const { name = '' } = cronJob.metadata;
  if (name.length > MAX_CRON_NAME) {
    const why = `must be no more than ${MAX_CRON_NAME} characters`;
    found.push(fieldErrors.invalid(Path.of('metadata', 'name'), name, why));
  }
  return found;
}

export function validateCronJobUpdate(cronJob: CronJob, old: CronJob): Found {
  const found: Found = [];
  checkCronJob(cronJob, old, found);
  return found;
}

function checkCronJob({ spec }: CronJob, old: CronJob | undefined, found: Found): void {
  if (!spec.schedule) found.push(fieldErrors.required(SPEC.child('schedule')));
  else checkSchedule(spec, old?.spec.schedule?.includes('TZ') ?? false, found);
  checkNonNegative(spec.startingDeadlineSeconds, SPEC, 'startingDeadlineSeconds', found);
  if (spec.timeZone !== undefined && spec.timeZone !== old?.spec.timeZone) checkTimeZone(spec.timeZone, found);
  checkEnum(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], SPEC.child('concurrencyPolicy'), found);
  const path = SPEC.child('jobTemplate', 'spec');
  const job = spec.jobTemplate.spec;
  checkSpec(job, path, found);
  if (job.selector) {
    found.push(fieldErrors.invalid(path.child('selector'), job.selector, '`selector` will be auto-generated'));
  }
  if (job.manualSelector) {
    found.push(fieldErrors.notSupported(path.child('manualSelector'), true, ['nil', 'false']));
  }
  checkNonNegative(spec.successfulJobsHistoryLimit, SPEC, 'successfulJobsHistoryLimit', found);
  checkNonNegative(spec.failedJobsHistoryLimit, SPEC, 'failedJobsHistoryLimit', found);
}

/** `zoned`: the schedule has always named its time zone, as it once could. */
function checkSchedule({ schedule, timeZone }: CronJob['spec'], zoned: boolean, found: Found): void {
  const at = SPEC.child('schedule');
  try {
    parseSchedule(schedule, 'UTC');
  } catch (error) {
    found.push(fieldErrors.invalid(at, schedule, (error as Error).message));
  }
  if (!schedule.includes('TZ')) return;
  if (!zoned) {
    const why = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
    found.push(fieldErrors.invalid(at, schedule, why));
  } else if (timeZone !== undefined) {
    found.push(fieldErrors.invalid(at, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
  }
}

/** A step of a time zone's name: the tz database begins each with a capital letter. */
const zoneStep = /^[A-Za-z._0-9+][-A-Za-z._0-9+]{0,13}$/;

function checkTimeZone(zone: string, found: Found): void {
  const at = SPEC.child('timeZone');
  const wrong = (why: string): void => {
    found.push(fieldErrors.invalid(at, zone, why));
  };
  if (zone === '') {
    wrong('timeZone must be nil or non-empty string');
    return;
  }
  const named = zone.split('/').every((step) => step !== '.' && step !== '..' && zoneStep.test(step));
  if (named && zone.toLowerCase() === 'local') {
    wrong('timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
  }
  if (!named || (zone !== 'Local' && !isTimeZone(zone))) wrong(`unknown time zone ${zone}`);
}

function isTimeZone(zone: string): boolean {
  // What else ICU takes are offsets, and names in any case.
  if (!/^[A-Z]/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
