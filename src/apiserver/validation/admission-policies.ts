/** Policies of admission, validating and mutating. https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
import type {
  AuditAnnotation,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  NamedRuleWithOperations,
  ParamKind,
  ValidatingAdmissionPolicy,
  Validation,
  Variable,
} from '../../api/admissionregistration/v1.gen.ts';
import { dns1035LabelProblems, dns1123SubdomainProblems } from '../../api/names.ts';
import { AdmissionCompiler, JSON_PATCH_TYPE, OBJECT_TYPE } from '../../cel/admission.ts';
import { BOOL, listOf, NULL, STRING } from '../../cel/types.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { checkMatchResources, checkParamRef } from './admission.ts';
import { checkExpression, checkMatchConditions, trim } from './match-conditions.ts';
import { checkOptionalEnum, checkQualifiedName, checkSubdomain, type Found } from './values.ts';

const SPEC = Path.of('spec');
const MAX_ANNOTATIONS = 20;
const MAX_ANNOTATION_EXPRESSION = 5 * 1024;
/** What is deleted cannot be changed any more. */
const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

function checkParamKind({ apiVersion, kind }: ParamKind, at: Path, found: Found): void {
  const path = at.child('apiVersion');
  const parts = (apiVersion ?? '').split('/');
  if (!apiVersion) found.push(fieldErrors.required(path));
  else if (parts.length > 2) {
    found.push(fieldErrors.invalid(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  } else {
    const [version = '', group = ''] = parts.toReversed();
    const problems = group ? dns1123SubdomainProblems(group) : [];
    if (problems.length > 0) found.push(fieldErrors.invalid(path, group, problems.join(',')));
    const wrong = dns1035LabelProblems(version);
    if (!version) found.push(fieldErrors.invalid(path, apiVersion, 'version must be specified'));
    else if (wrong.length > 0) found.push(fieldErrors.invalid(path, version, wrong.join(',')));
  }
  if (!kind) {
    found.push(fieldErrors.required(at.child('kind')));
    return;
  }
  const problems = dns1035LabelProblems(kind.toLowerCase());
  if (problems.length === 0) return;
  const why = `may have mixed case, but should otherwise match: ${problems.join(',')}`;
  found.push(fieldErrors.invalid(at.child('kind'), kind, why));
}

type Spec = (ValidatingAdmissionPolicy | MutatingAdmissionPolicy)['spec'];

/** What both kinds of policies have before their own. */
function checkPolicy(spec: Spec, old: Spec | undefined, mutating: boolean, found: Found): void {
  checkOptionalEnum(spec.failurePolicy, ['Fail', 'Ignore'], SPEC.child('failurePolicy'), found);
  if (spec.paramKind) checkParamKind(spec.paramKind, SPEC.child('paramKind'), found);
  const at = SPEC.child('matchConstraints');
  if (!spec.matchConstraints) found.push(fieldErrors.required(at));
  else {
    checkMatchResources(spec.matchConstraints, at, found);
    if (!spec.matchConstraints.resourceRules?.length) found.push(fieldErrors.required(at.child('resourceRules')));
    if (mutating) checkMutatingOperations(spec.matchConstraints.resourceRules, at, found);
  }
  const unchanged =
    old && deepEqual(spec.paramKind, old.paramKind) && deepEqual(spec.matchConditions, old.matchConditions);
  if (unchanged) return;
  const params = spec.paramKind !== undefined;
  checkMatchConditions(spec.matchConditions, params, SPEC.child('matchConditions'), found);
}

function checkMutatingOperations(rules: readonly NamedRuleWithOperations[] | undefined, at: Path, found: Found): void {
  const path = at.child('resourceRules', 'operations');
  for (const { operations } of rules ?? []) {
    for (const operation of operations ?? []) checkOptionalEnum(operation, mutatingOperations, path, found);
  }
}

const reserved = new Set(
  'true false null in as break const continue else for function if import in let loop package namespace return var void while'.split(
    ' ',
  ),
);

function checkVariables(
  compiler: AdmissionCompiler,
  variables: readonly Variable[] | undefined,
  params: boolean,
  found: Found,
): void {
  for (const [i, { name, expression }] of (variables ?? []).entries()) {
    const at = SPEC.child('variables').index(i);
    if (!trim(name ?? '')) found.push(fieldErrors.required(at.child('name'), 'name is not specified'));
    else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || reserved.has(name)) {
      found.push(fieldErrors.invalid(at.child('name'), name, 'must be a valid CEL identifier'));
    }
    if (!trim(expression ?? '')) {
      found.push(fieldErrors.required(at.child('expression'), 'expression is not specified'));
      continue;
    }
    const condition = compiler.variable(name, expression, { params, authorizer: true });
    if ('problem' in condition) found.push(fieldErrors.invalid(at.child('expression'), expression, condition.problem));
  }
}

function checkValidation(compiler: AdmissionCompiler, validation: Validation, params: boolean, at: Path, found: Found) {
  const { expression, message, messageExpression, reason } = validation;
  const path = at.child('expression');
  if (!trim(expression ?? '')) found.push(fieldErrors.required(path, 'expression is not specified'));
  else checkExpression(compiler, expression, { params, authorizer: true }, [BOOL], path, found);
  const messagePath = at.child('messageExpression');
  if (messageExpression && !trim(messageExpression)) {
    found.push(fieldErrors.invalid(messagePath, messageExpression, 'must be non-empty if specified'));
  } else if (messageExpression) {
    checkExpression(compiler, messageExpression, { params }, [STRING], messagePath, found);
  }
  if (message && !trim(message)) {
    found.push(fieldErrors.invalid(at.child('message'), message, 'must be non-empty if specified'));
  } else if (/[\r\n]/.test(trim(message ?? ''))) {
    found.push(fieldErrors.invalid(at.child('message'), message, 'must not contain line breaks'));
  }
  checkOptionalEnum(reason, ['Forbidden', 'Invalid', 'RequestEntityTooLarge'], at.child('reason'), found);
}

function checkAnnotations(
  compiler: AdmissionCompiler,
  { metadata, spec }: ValidatingAdmissionPolicy,
  annotations: readonly AuditAnnotation[],
  found: Found,
): void {
  const path = SPEC.child('auditAnnotations');
  if (annotations.length > MAX_ANNOTATIONS) {
    const shown = annotations.map(({ key, valueExpression }) => ({ Key: key, ValueExpression: valueExpression }));
    found.push(fieldErrors.invalid(path, shown, `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`));
  }
  const keys = new Set<string>();
  for (const [i, { key = '', valueExpression = '' }] of annotations.entries()) {
    const at = path.index(i);
    if (metadata.name) checkQualifiedName(`${metadata.name}/${key}`, at.child('key'), found);
    else found.push(fieldErrors.invalid(at.child('key'), key, 'requires metadata.name be non-empty'));
    const expression = trim(valueExpression);
    const value = at.child('valueExpression');
    if (!expression) found.push(fieldErrors.required(value, 'valueExpression is not specified'));
    else if (Buffer.byteLength(expression) > MAX_ANNOTATION_EXPRESSION) {
      found.push(fieldErrors.required(value, `must not exceed ${MAX_ANNOTATION_EXPRESSION} bytes in length`));
    } else {
      const scope = { params: spec.paramKind !== undefined, authorizer: true };
      checkExpression(compiler, expression, scope, [STRING, NULL], value, found, valueExpression);
    }
    if (keys.has(key)) found.push(fieldErrors.duplicate(at.child('key'), key));
    keys.add(key);
  }
}

export function validateValidatingPolicy(policy: ValidatingAdmissionPolicy, old?: ValidatingAdmissionPolicy): Found {
  const found: Found = [];
  const { spec } = policy;
  const { validations, auditAnnotations, variables } = spec;
  checkPolicy(spec, old?.spec, false, found);
  const compiler = new AdmissionCompiler((variables?.length ?? 0) > 0);
  const params = spec.paramKind !== undefined;
  checkVariables(compiler, variables, params, found);
  if (!validations?.length && !auditAnnotations?.length) {
    const why = 'validations or auditAnnotations must contain at least one item';
    found.push(fieldErrors.required(SPEC.child('validations'), why));
    found.push(fieldErrors.required(SPEC.child('auditAnnotations'), why));
    return found;
  }
  for (const [i, validation] of (validations ?? []).entries()) {
    checkValidation(compiler, validation, params, SPEC.child('validations').index(i), found);
  }
  if (auditAnnotations) checkAnnotations(compiler, policy, auditAnnotations, found);
  return found;
}

function checkMutation(compiler: AdmissionCompiler, mutation: Mutation, params: boolean, at: Path, found: Found): void {
  const { patchType } = mutation;
  const scope = { params, authorizer: true, patchTypes: true };
  const check = (field: 'jsonPatch' | 'applyConfiguration', expression = '') => {
    const path = at.child(field, 'expression');
    const trimmed = trim(expression);
    if (!trimmed) found.push(fieldErrors.required(path));
    else {
      const type = field === 'jsonPatch' ? listOf(JSON_PATCH_TYPE) : OBJECT_TYPE;
      checkExpression(compiler, trimmed, scope, [type], path, found);
    }
  };
  const only = (wanted: 'jsonPatch' | 'applyConfiguration', other: 'jsonPatch' | 'applyConfiguration') => {
    if (!mutation[wanted]) {
      found.push(fieldErrors.required(at.child(wanted), `must be specified when patchType is ${patchType}`));
    } else check(wanted, mutation[wanted]?.expression);
    if (mutation[other]) {
      const why = `must not be specified when patchType is ${patchType}`;
      found.push(fieldErrors.invalid(at.child(other), `{${other}}`, why));
    }
  };
  if (!patchType) found.push(fieldErrors.required(at.child('patchType')));
  else if (patchType === 'JSONPatch') only('jsonPatch', 'applyConfiguration');
  else if (patchType === 'ApplyConfiguration') only('applyConfiguration', 'jsonPatch');
  else found.push(fieldErrors.notSupported(at.child('patchType'), patchType, ['ApplyConfiguration', 'JSONPatch']));
}

/** https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/ */
export function validateMutatingPolicy(policy: MutatingAdmissionPolicy, old?: MutatingAdmissionPolicy): Found {
  const found: Found = [];
  const { spec } = policy;
  checkPolicy(spec, old?.spec, true, found);
  const compiler = new AdmissionCompiler(true);
  const params = spec.paramKind !== undefined;
  checkVariables(compiler, spec.variables, params, found);
  if (!spec.mutations?.length) {
    found.push(fieldErrors.required(SPEC.child('mutations'), 'mutations must contain at least one item'));
  }
  for (const [i, mutation] of (spec.mutations ?? []).entries()) {
    checkMutation(compiler, mutation, params, SPEC.child('mutations').index(i), found);
  }
  const path = SPEC.child('reinvocationPolicy');
  if (!spec.reinvocationPolicy) found.push(fieldErrors.required(path));
  else checkOptionalEnum(spec.reinvocationPolicy, ['IfNeeded', 'Never'], path, found);
  return found;
}

export function validateMutatingBinding({ spec }: MutatingAdmissionPolicyBinding): Found {
  const found: Found = [];
  if (!spec.policyName) found.push(fieldErrors.required(SPEC.child('policyName')));
  else checkSubdomain(spec.policyName, SPEC.child('policyName'), found);
  if (spec.paramRef) checkParamRef(spec.paramRef, SPEC.child('paramRef'), found);
  if (spec.matchResources) {
    const at = SPEC.child('matchResources');
    checkMatchResources(spec.matchResources, at, found);
    checkMutatingOperations(spec.matchResources.resourceRules, at, found);
  }
  return found;
}
