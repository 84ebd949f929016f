import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
} from '../../api/admissionregistration/v1.gen.ts';
import type { APIService } from '../../api/apiregistration/v1.gen.ts';
import { dns1035LabelProblems } from '../../api/names.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { checkMatchResources, checkParamRef } from './admission.ts';
import { addAll, checkOptionalEnum, checkSubdomain, type Found, portProblems } from './values.ts';

const SPEC = Path.of('spec');
const NAME = Path.of('metadata', 'name');

/** https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/ */
export function validateApiService({ metadata, spec }: APIService): Found {
  const found: Found = [];
  const { group = '', version = '', service, caBundle, insecureSkipTLSVerify } = spec;
  const name = `${version}.${group}`;
  if (metadata.name !== name) {
    const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`;
    found.push(fieldErrors.invalid(NAME, metadata.name, why));
  }
  if (group === '' && version !== 'v1') {
    const why = 'only v1 may have an empty group and it better be legacy kube';
    found.push(fieldErrors.required(SPEC.child('group'), why));
  }
  if (group) checkSubdomain(group, SPEC.child('group'), found);
  addAll(found, SPEC.child('version'), version, dns1035LabelProblems(version));
  for (const [field, most] of [
    ['groupPriorityMinimum', 20_000],
    ['versionPriority', 1000],
  ] as const) {
    const value = spec[field];
    if (value >= 1 && value <= most) continue;
    found.push(fieldErrors.invalid(SPEC.child(field), value, `must be positive and less than ${most}`));
  }
  const insecure = SPEC.child('insecureSkipTLSVerify');
  if (!service) {
    if (caBundle) {
      const size = `${Buffer.byteLength(caBundle, 'base64')} bytes`;
      found.push(fieldErrors.invalid(SPEC.child('caBundle'), size, 'local APIServices may not have a caBundle'));
    }
    if (insecureSkipTLSVerify) {
      found.push(fieldErrors.invalid(insecure, true, 'local APIServices may not have insecureSkipTLSVerify'));
    }
    return found;
  }
  const at = SPEC.child('service');
  if (!service.namespace) found.push(fieldErrors.required(at.child('namespace')));
  if (!service.name) found.push(fieldErrors.required(at.child('name')));
  const problems = portProblems(service.port ?? 443);
  if (problems.length > 0) {
    found.push(fieldErrors.invalid(at.child('port'), service.port, `port is not valid: ${problems.join(', ')}`));
  }
  if (insecureSkipTLSVerify && caBundle) {
    found.push(fieldErrors.invalid(insecure, true, 'may not be true if caBundle is present'));
  }
  return found;
}

function checkParamKind(kind: ParamKind | undefined, found: Found): void {
  if (!kind) return;
  const at = SPEC.child('paramKind');
  const [version = '', group] = (kind.apiVersion ?? '').split('/').reverse();
  if (!kind.apiVersion) found.push(fieldErrors.required(at.child('apiVersion')));
  else {
    if (group) checkSubdomain(group, at.child('apiVersion'), found);
    addAll(found, at.child('apiVersion'), version, dns1035LabelProblems(version));
  }
  if (!kind.kind) found.push(fieldErrors.required(at.child('kind')));
  else {
    const problems = dns1035LabelProblems(kind.kind.toLowerCase());
    if (problems.length > 0) {
      const why = `may have mixed case, but should otherwise match: ${problems.join(',')}`;
      found.push(fieldErrors.invalid(at.child('kind'), kind.kind, why));
    }
  }
}

type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;

/** What both kinds of policies have; whether an expression compiles is for those to say who run it. */
function checkPolicy({ spec }: Policy, found: Found): void {
  checkOptionalEnum(spec.failurePolicy, ['Fail', 'Ignore'], SPEC.child('failurePolicy'), found);
  checkParamKind(spec.paramKind, found);
  const at = SPEC.child('matchConstraints');
  if (!spec.matchConstraints) found.push(fieldErrors.required(at));
  else {
    checkMatchResources(spec.matchConstraints, at, found);
    if (!spec.matchConstraints.resourceRules?.length) found.push(fieldErrors.required(at.child('resourceRules')));
  }
}

export function validateValidatingPolicy(policy: ValidatingAdmissionPolicy): Found {
  const found: Found = [];
  checkPolicy(policy, found);
  const { validations, auditAnnotations } = policy.spec;
  if (!validations?.length && !auditAnnotations?.length) {
    const why = 'validations or auditAnnotations must contain at least one item';
    found.push(fieldErrors.required(SPEC.child('validations'), why));
    found.push(fieldErrors.required(SPEC.child('auditAnnotations'), why));
  }
  for (const [i, { expression, message }] of (validations ?? []).entries()) {
    const at = SPEC.child('validations').index(i);
    if (!expression?.trim()) found.push(fieldErrors.required(at.child('expression'), 'expression is not specified'));
    if (message !== undefined && /[\r\n]/.test(message.trim())) {
      found.push(fieldErrors.invalid(at.child('message'), message, 'message must not contain line breaks'));
    }
  }
  return found;
}

export function validateMutatingPolicy(policy: MutatingAdmissionPolicy): Found {
  const found: Found = [];
  checkPolicy(policy, found);
  const { mutations, reinvocationPolicy } = policy.spec;
  if (!mutations?.length) {
    found.push(fieldErrors.required(SPEC.child('mutations'), 'mutations must contain at least one item'));
  }
  for (const [i, { patchType }] of (mutations ?? []).entries()) {
    const at = SPEC.child('mutations').index(i).child('patchType');
    if (!patchType) found.push(fieldErrors.required(at));
    checkOptionalEnum(patchType, ['ApplyConfiguration', 'JSONPatch'], at, found);
  }
  const reinvocation = SPEC.child('reinvocationPolicy');
  checkOptionalEnum(reinvocationPolicy, ['IfNeeded', 'Never'], reinvocation, found);
  // What is deleted cannot be changed any more.
  const changing = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
  const at = SPEC.child('matchConstraints', 'resourceRules', 'operations');
  for (const { operations } of policy.spec.matchConstraints?.resourceRules ?? []) {
    for (const operation of operations ?? []) checkOptionalEnum(operation, changing, at, found);
  }
  return found;
}

export function validateMutatingBinding({ spec }: MutatingAdmissionPolicyBinding): Found {
  const found: Found = [];
  if (!spec.policyName) found.push(fieldErrors.required(SPEC.child('policyName')));
  else checkSubdomain(spec.policyName, SPEC.child('policyName'), found);
  const ref: ParamRef | undefined = spec.paramRef;
  if (ref) checkParamRef(ref, SPEC.child('paramRef'), found);
  if (spec.matchResources) checkMatchResources(spec.matchResources, SPEC.child('matchResources'), found);
  return found;
}
