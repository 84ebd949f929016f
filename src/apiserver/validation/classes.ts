import type { Lease } from '../../api/coordination/v1.gen.ts';
import type { RuntimeClass } from '../../api/node/v1.gen.ts';
import type { PriorityClass } from '../../api/scheduling/v1.gen.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { validateLabels } from '../registry/metadata.ts';
import { checkTolerations } from './pod-scheduling.ts';
import { checkOverhead } from './resources.ts';
import { checkImmutable, checkLabel1123, checkOptionalEnum, type Found } from './values.ts';

const SPEC = Path.of('spec');
const HIGHEST_USER_PRIORITY = 1_000_000_000;
/** Classes that every cluster has. */
const systemClasses: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);

/** What a class that begins as those of the system do lacks to be one. */
function systemProblem({ metadata: { name }, value = 0, globalDefault = false }: PriorityClass): string | undefined {
  const right = systemClasses.get(name);
  if (right === undefined) return `${name} is not a known system priority class`;
  if (value !== right) return `value of ${name} PriorityClass must be ${right}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function validatePriorityClass(priorityClass: PriorityClass): Found {
  const found: Found = [];
  const { metadata, value = 0, preemptionPolicy } = priorityClass;
  // Whether there is a name is for others to say.
  if (metadata.name?.startsWith('system-')) {
    const problem = systemProblem(priorityClass);
    if (problem) {
      const why = `priority class names with 'system-' prefix are reserved for system use only. error: ${problem}`;
      found.push(fieldErrors.forbidden(Path.of('metadata', 'name'), why));
    }
  } else if (value > HIGHEST_USER_PRIORITY) {
    const why = `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`;
    found.push(fieldErrors.forbidden(Path.of('value'), why));
  }
  const at = Path.of('preemptionPolicy');
  if ((preemptionPolicy as string) === '') found.push(fieldErrors.required(at));
  else checkOptionalEnum(preemptionPolicy, ['PreemptLowerPriority', 'Never'], at, found);
  return found;
}

export function validatePriorityClassUpdate(now: PriorityClass, old: PriorityClass): Found {
  const found: Found = [];
  if ((now.value ?? 0) !== (old.value ?? 0)) {
    found.push(fieldErrors.forbidden(Path.of('value'), 'may not be changed in an update.'));
  }
  checkImmutable(now.preemptionPolicy, old.preemptionPolicy, Path.of('preemptionPolicy'), found);
  return found;
}

export function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): Found {
  const found: Found = [];
  if (!handler) found.push(fieldErrors.required(Path.of('handler')));
  else checkLabel1123(handler, Path.of('handler'), found);
  if (overhead?.podFixed) checkOverhead(overhead.podFixed, Path.of('overhead'), found);
  if (!scheduling) return found;
  const at = Path.of('scheduling');
  if (scheduling.nodeSelector) validateLabels(scheduling.nodeSelector, at.child('nodeSelector'), found);
  const tolerations = scheduling.tolerations ?? [];
  checkTolerations(tolerations, at.child('tolerations'), found);
  const seen = new Set<string>();
  for (const [i, { key = '', operator = '', value = '', effect = '', tolerationSeconds }] of tolerations.entries()) {
    const shown = { Key: key, Operator: operator, Value: value, Effect: effect };
    const same = JSON.stringify(shown);
    if (seen.has(same)) {
      const whole = { ...shown, TolerationSeconds: tolerationSeconds ?? null };
      found.push(fieldErrors.duplicate(at.child('tolerations').index(i), whole));
    }
    seen.add(same);
  }
  return found;
}

export function validateRuntimeClassUpdate(now: RuntimeClass, old: RuntimeClass): Found {
  const found = validateRuntimeClass(now);
  checkImmutable(now.handler, old.handler, Path.of('handler'), found);
  return found;
}

export function validateLease({ spec }: Lease): Found {
  const found: Found = [];
  if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
    const at = SPEC.child('leaseDurationSeconds');
    found.push(fieldErrors.invalid(at, spec.leaseDurationSeconds, 'must be greater than 0'));
  }
  if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0) {
    const at = SPEC.child('leaseTransitions');
    found.push(fieldErrors.invalid(at, spec.leaseTransitions, 'must be greater than or equal to 0'));
  }
  return found;
}
