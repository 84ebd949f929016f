import {
  type MatchResources,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
  mutatingadmissionpolicies,
  mutatingadmissionpolicybindings,
  type NamedRuleWithOperations,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
  validatingadmissionpolicies,
  validatingadmissionpolicybindings,
} from '../api/admissionregistration/v1.gen.ts';
import type { Namespace } from '../api/core/v1.gen.ts';
import { namespaces } from '../api/core/v1.gen.ts';
import { ApiError } from '../api/errors.ts';
import type { Status } from '../api/meta/v1.gen.ts';
import { model } from '../api/model.ts';
import type { Draft } from '../api/resource.ts';
import type { Authorizer } from '../apiserver/admission.ts';
import { mutatingAdmissionPolicy } from '../apiserver/policies/mutating.ts';
import { type PolicyOptions, validatingAdmissionPolicy } from '../apiserver/policies/validating.ts';
import { strategies } from '../apiserver/strategies/index.ts';
import { type CoreFixture, coreFixture } from './core-fixture.ts';

export const NAMESPACE = 'tests';

type RulesOf<P extends ValidatingAdmissionPolicy | MutatingAdmissionPolicy> = Partial<Draft<P['spec']>>;
type BindingOf<B extends ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding> = Partial<Draft<B['spec']>>;

/** An API server whose only admission is policies; `may` is what its authorizer answers. */
export interface PolicyFixture extends CoreFixture {
  /** Makes a policy about config maps, unless `spec` says otherwise, and binds it. */
  validating(
    name: string,
    spec: RulesOf<ValidatingAdmissionPolicy>,
    binding?: BindingOf<ValidatingAdmissionPolicyBinding>,
  ): Promise<void>;
  mutating(
    name: string,
    spec: RulesOf<MutatingAdmissionPolicy>,
    binding?: BindingOf<MutatingAdmissionPolicyBinding>,
  ): Promise<void>;
}

export async function policyFixture(may: Authorizer['authorize'] = () => allowed): Promise<PolicyFixture> {
  const fixture = coreFixture({
    strategies,
    admission: (objects) => {
      const options: PolicyOptions = {
        model,
        objects,
        resources: objects.resources,
        authorizer: { authorize: may },
        namespace: (name) => objects.get('', 'v1', 'namespaces', '', name) as Namespace | undefined,
        convert: () => Promise.reject(new Error('nothing is to be converted')),
      };
      return [mutatingAdmissionPolicy(options), validatingAdmissionPolicy(options)];
    },
  });
  const { client, core } = fixture;
  await core.preload([fixture.target('namespaces', '').resource]);
  await client.resource(namespaces).create('', { metadata: { name: NAMESPACE, labels: { team: 'red' } } });
  return {
    ...fixture,
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
    async validating(name, spec, binding = {}) {
      await client.resource(validatingadmissionpolicies).create('', {
        metadata: { name },
        spec: { matchConstraints: { resourceRules: [configMaps] }, ...spec },
      });
      await client.resource(validatingadmissionpolicybindings).create('', {
        metadata: { name: `${name}-binding` },
        spec: { policyName: name, validationActions: ['Deny'], ...binding },
      });
    },
    async mutating(name, spec, binding = {}) {
      const matchConstraints: MatchResources = { resourceRules: [{ ...configMaps, operations: ['CREATE', 'UPDATE'] }] };
      await client.resource(mutatingadmissionpolicies).create('', {
        metadata: { name },
        spec: { matchConstraints, reinvocationPolicy: 'Never', ...spec },
      });
      await client.resource(mutatingadmissionpolicybindings).create('', {
        metadata: { name: `${name}-binding` },
        spec: { policyName: name, ...binding },
      });
    },
  };
}

const allowed = { allowed: true, reason: '' };

export const configMaps: NamedRuleWithOperations = {
  operations: ['*'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['configmaps'],
};

/** What a refused request is answered. */
export async function refusalOf(request: Promise<unknown>): Promise<Status> {
  try {
    await request;
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  throw new Error('the request was not refused');
}
