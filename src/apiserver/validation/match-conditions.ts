/** Conditions of webhooks and policies: expressions that must compile. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchconditions */
import type { MatchCondition } from '../../api/admissionregistration/v1.gen.ts';
import { AdmissionCompiler, type AdmissionScope } from '../../cel/admission.ts';
import { BOOL, type CelType } from '../../cel/types.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { checkQualifiedName, type Found } from './values.ts';

const MAX_CONDITIONS = 64;
const stateless = new AdmissionCompiler(false);

export function checkMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  params: boolean,
  path: Path,
  found: Found,
): void {
  const count = conditions?.length ?? 0;
  if (count > MAX_CONDITIONS) found.push(fieldErrors.tooMany(path, count, MAX_CONDITIONS));
  const names = new Set<string>();
  for (const [i, { name, expression }] of (conditions ?? []).entries()) {
    const at = path.index(i);
    const trimmed = trim(expression ?? '');
    if (trimmed === '') found.push(fieldErrors.required(at.child('expression')));
    else checkExpression(stateless, trimmed, { params, authorizer: true }, [BOOL], at.child('expression'), found);
    if (!name) found.push(fieldErrors.required(at.child('name')));
    else checkQualifiedName(name, at.child('name'), found);
    if (name && names.has(name)) found.push(fieldErrors.duplicate(at.child('name'), name));
    names.add(name);
  }
}

/** `types`: what the expression may evaluate to; `shown`: what a complaint quotes. */
export function checkExpression(
  compiler: AdmissionCompiler,
  expression: string,
  scope: AdmissionScope,
  types: readonly CelType[],
  path: Path,
  found: Found,
  shown = expression,
): void {
  const condition = compiler.condition(expression, scope, types);
  if ('problem' in condition) found.push(fieldErrors.invalid(path, shown, condition.problem));
}

const spaces = /^[\t-\r \u0085\p{Z}]+|[\t-\r \u0085\p{Z}]+$/gu;

/** As Go trims space. */
export const trim = (text: string): string => text.replace(spaces, '');
