import type { SubjectAccessReviewSpec } from '../../api/authorization/v1.gen.ts';
import { fromJson } from '../../cel/json-values.ts';
import { kubernetesEnvironment } from '../../cel/kubernetes.ts';
import { objectType } from '../../cel/object-types.ts';
import { compile, type Program } from '../../cel/program.ts';
import { BOOL, declaredTypeName, sameType, structType } from '../../cel/types.ts';
import { CelError } from '../../cel/values.ts';
import { type FieldError, fieldErrors, type Path } from '../../schema/field-error.ts';

/*
 * Conditions in CEL under which a webhook is asked: over `request`, the spec of a SubjectAccessReview.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#using-configuration-file-for-authorization
 */

const MAX_CONDITIONS = 64;

const selector = { rawSelector: 'string', requirements: 'list(kubernetes.SelectorRequirement)' };
const environment = kubernetesEnvironment.extend({
  objects: [
    objectType('kubernetes.SelectorRequirement', { key: 'string', operator: 'string', values: 'list(string)' }),
    objectType('kubernetes.FieldSelectorAttributes', selector),
    objectType('kubernetes.LabelSelectorAttributes', selector),
    objectType('kubernetes.ResourceAttributes', {
      namespace: 'string',
      verb: 'string',
      group: 'string',
      version: 'string',
      resource: 'string',
      subresource: 'string',
      name: 'string',
      fieldSelector: 'kubernetes.FieldSelectorAttributes',
      labelSelector: 'kubernetes.LabelSelectorAttributes',
    }),
    objectType('kubernetes.NonResourceAttributes', { path: 'string', verb: 'string' }),
    objectType('kubernetes.SubjectAccessReviewSpec', {
      resourceAttributes: 'kubernetes.ResourceAttributes',
      nonResourceAttributes: 'kubernetes.NonResourceAttributes',
      user: 'string',
      groups: 'list(string)',
      extra: 'map(string, list(string))',
      uid: 'string',
    }),
  ],
  variables: { request: structType('kubernetes.SubjectAccessReviewSpec') },
});

export interface Condition {
  readonly expression: string;
  readonly program: Program;
}

/** `path`: what the conditions are a field of. */
export function compileMatchConditions(
  conditions: readonly { readonly expression?: string }[],
  path: Path,
): { readonly compiled: readonly Condition[]; readonly problems: readonly FieldError[] } {
  const at = path.child('matchConditions');
  if (conditions.length > MAX_CONDITIONS) {
    return { compiled: [], problems: [fieldErrors.tooMany(at, conditions.length, MAX_CONDITIONS)] };
  }
  const compiled: Condition[] = [];
  const problems: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, { expression = '' }] of conditions.entries()) {
    const where = at.index(i).child('expression');
    if (expression.trim() === '') problems.push(fieldErrors.required(where));
    else if (seen.has(expression)) problems.push(fieldErrors.duplicate(where, expression));
    else {
      seen.add(expression);
      const result = compile(expression, environment);
      if ('issues' in result) {
        problems.push(fieldErrors.invalid(where, expression, `compilation failed: ${result.issues}`));
      } else if (!sameType(result.program.ast.type, BOOL)) {
        const why = `must evaluate to bool but got ${declaredTypeName(result.program.ast.type)}`;
        problems.push(fieldErrors.invalid(where, expression, why));
      } else compiled.push({ expression, program: result.program });
    }
  }
  return { compiled, problems };
}

/**
 * Whether all conditions hold: false where one does not, whatever the others; an error where one fails and none is
 * false.
 */
export function conditionsHold(
  conditions: readonly Condition[],
  spec: SubjectAccessReviewSpec,
): boolean | { readonly error: string } {
  const request = fromJson(requestOf(spec));
  const failed = new Set<string>();
  for (const { expression, program } of conditions) {
    const { value } = program.evaluate((name) => (name === 'request' ? request : undefined));
    if (value === false) return false;
    if (value instanceof CelError) {
      failed.add(`cel evaluation error: expression '${expression}' resulted in error: ${value.message}`);
    }
  }
  if (failed.size === 0) return true;
  const [first = ''] = failed;
  return { error: failed.size === 1 ? first : `[${[...failed].join(', ')}]` };
}

/** Every string is there for expressions, also an empty one. */
function requestOf({ user = '', groups = [], uid = '', extra = {}, ...spec }: SubjectAccessReviewSpec): object {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  return {
    user,
    groups,
    uid,
    extra,
    ...(resource && {
      resourceAttributes: {
        namespace: '',
        verb: '',
        group: '',
        version: '',
        resource: '',
        subresource: '',
        name: '',
        ...resource,
      },
    }),
    ...(path && { nonResourceAttributes: { verb: '', path: '', ...path } }),
  };
}
