import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/admissionregistration/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { validatePolicyBinding } from '../../validation/admission.ts';
import {
  validateMutatingBinding,
  validateMutatingPolicy,
  validateValidatingPolicy,
} from '../../validation/admission-policies.ts';
import { age, UNSET } from '../cells.ts';
import { define } from '../define.ts';
import { countsChanges, updateOnlyStatus, updateSpec } from '../spec-and-status.ts';
import { setRuleDefaults } from './webhooks.ts';

function setMatchDefaults(match: Mutable<MatchResources> | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  setRuleDefaults(match.resourceRules);
  setRuleDefaults(match.excludeResourceRules);
}

const paramKindCell = (kind: ParamKind | undefined): string =>
  kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : UNSET;

function paramRefCell(ref: ParamRef | undefined): string {
  if (!ref) return UNSET;
  if (ref.name) return ref.namespace ? `${ref.namespace}/${ref.name}` : `*/${ref.name}`;
  return ref.selector ? `${ref.namespace ?? '*'}/${JSON.stringify(ref.selector)}` : UNSET;
}

/** https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
export const validatingAdmissionPolicy = define<ValidatingAdmissionPolicy>({
  validateCreate: (policy) => validateValidatingPolicy(policy),
  validateUpdate: validateValidatingPolicy,
  setDefaults: ({ spec }) => {
    spec.failurePolicy ??= 'Fail';
    setMatchDefaults(spec.matchConstraints);
  },
  prepareForCreate: (policy) => {
    policy.metadata.generation = 1;
    policy.status = {};
  },
  prepareForUpdate: updateSpec<ValidatingAdmissionPolicy>,
  subresources: { status: { prepareForUpdate: updateOnlyStatus<ValidatingAdmissionPolicy> } },
  tableCells: (policy, now) => [
    policy.metadata.name,
    policy.spec.validations?.length ?? 0,
    paramKindCell(policy.spec.paramKind),
    age(policy, now),
  ],
  allowUnconditionalUpdate: false,
});

export const validatingAdmissionPolicyBinding = define<ValidatingAdmissionPolicyBinding>({
  validateCreate: validatePolicyBinding,
  validateUpdate: validatePolicyBinding,
  ...countsChanges,
  setDefaults: ({ spec }) => setMatchDefaults(spec.matchResources),
  tableCells: (binding, now) => [
    binding.metadata.name,
    binding.spec.policyName,
    paramRefCell(binding.spec.paramRef),
    age(binding, now),
  ],
  allowUnconditionalUpdate: false,
});

/** https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/ */
export const mutatingAdmissionPolicy = define<MutatingAdmissionPolicy>({
  validateCreate: (policy) => validateMutatingPolicy(policy),
  validateUpdate: validateMutatingPolicy,
  ...countsChanges,
  setDefaults: ({ spec }) => {
    spec.failurePolicy ??= 'Fail';
    setMatchDefaults(spec.matchConstraints);
  },
  tableCells: (policy, now) => [
    policy.metadata.name,
    policy.spec.mutations?.length ?? 0,
    paramKindCell(policy.spec.paramKind),
    age(policy, now),
  ],
  allowUnconditionalUpdate: false,
});

export const mutatingAdmissionPolicyBinding = define<MutatingAdmissionPolicyBinding>({
  validateCreate: validateMutatingBinding,
  validateUpdate: validateMutatingBinding,
  ...countsChanges,
  setDefaults: ({ spec }) => setMatchDefaults(spec.matchResources),
  tableCells: (binding, now) => [
    binding.metadata.name,
    binding.spec.policyName ?? '',
    paramRefCell(binding.spec.paramRef),
    age(binding, now),
  ],
  allowUnconditionalUpdate: false,
});
