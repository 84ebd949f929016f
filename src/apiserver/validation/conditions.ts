import type { Condition } from '../../api/meta/v1.gen.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { checkQualifiedName, type Found } from './values.ts';

const MAX_REASON = 1024;
const MAX_MESSAGE = 32 * 1024;
const reasons = /^[A-Za-z](?:[A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;

/** metav1.Condition, as all newer kinds have them in their status. */
export function checkMetaConditions(conditions: readonly Condition[] | undefined, path: Path, found: Found): void {
  const types = new Set<string>();
  for (const [i, condition] of (conditions ?? []).entries()) {
    const at = path.index(i);
    const { type = '' } = condition;
    if (types.has(type)) found.push(fieldErrors.duplicate(at.child('type'), type));
    types.add(type);
    checkCondition(condition, at, found);
  }
}

function checkCondition(condition: Condition, path: Path, found: Found): void {
  const { type = '', status = '', observedGeneration = 0, lastTransitionTime, reason = '', message = '' } = condition;
  checkQualifiedName(type, path.child('type'), found);
  const statuses = ['False', 'True', 'Unknown'];
  if (!statuses.includes(status)) found.push(fieldErrors.notSupported(path.child('status'), status, statuses));
  if (observedGeneration < 0) {
    const why = 'must be greater than or equal to zero';
    found.push(fieldErrors.invalid(path.child('observedGeneration'), observedGeneration, why));
  }
  if (!lastTransitionTime) found.push(fieldErrors.required(path.child('lastTransitionTime')));
  const at = path.child('reason');
  if (reason === '') found.push(fieldErrors.required(at));
  else {
    if (!reasons.test(reason)) {
      const pattern = reasons.source.slice(1, -1).replace('(?:', '(');
      const why = `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${pattern}')`;
      found.push(fieldErrors.invalid(at, reason, why));
    }
    if (Buffer.byteLength(reason) > MAX_REASON) found.push(fieldErrors.tooLong(at, MAX_REASON));
  }
  if (Buffer.byteLength(message) > MAX_MESSAGE) found.push(fieldErrors.tooLong(path.child('message'), MAX_MESSAGE));
}
