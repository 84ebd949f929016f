import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../api/admissionregistration/v1.gen.ts';
import { ApiError, errors } from '../../api/errors.ts';
import type { AdmissionPlugin, Authorizer } from '../admission.ts';
import type { ConvertObjects } from '../custom/versions.ts';
import type { ObjectReader } from '../object-reader.ts';
import { Attributes, type Surroundings } from './attributes.ts';
import { type CompiledValidatingPolicy, compileValidating } from './compile.ts';
import { handlesAllBut } from './exempt.ts';
import { invocationsOf } from './invocations.ts';
import { type Hook, PolicySource } from './policy-source.ts';
import { RequestAuthorizer } from './request-authorizer.ts';
import { type Decision, judge } from './validation.ts';

export interface PolicyOptions extends Surroundings {
  readonly objects: ObjectReader;
  readonly authorizer: Authorizer;
  /** Between versions of custom resources. */
  readonly convert: ConvertObjects;
}

type Binding = ValidatingAdmissionPolicyBinding;
type PolicyHook = Hook<ValidatingAdmissionPolicy, Binding, CompiledValidatingPolicy>;

interface Denial extends Pick<Decision, 'message' | 'reason'> {
  readonly policy: string;
  readonly binding: string | undefined;
}

const codes: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

/** Refuses what policies say may not be. https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
export function validatingAdmissionPolicy(options: PolicyOptions): AdmissionPlugin {
  const names = { policies: 'validatingadmissionpolicies', bindings: 'validatingadmissionpolicybindings' };
  const source = new PolicySource<ValidatingAdmissionPolicy, Binding, CompiledValidatingPolicy>(
    options.objects,
    options.resources,
    names,
    compileValidating,
  );
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: handlesAllBut(),
    idle: () => source.idle,
    async validate(request) {
      const hooks = await source.hooks();
      if (hooks.length === 0) return;
      const attributes = await Attributes.of(request, options);
      const authorizer = new RequestAuthorizer(options.authorizer, request.context.user);
      let first: Denial | undefined;
      for (const hook of hooks) {
        for await (const denial of denials(hook, attributes, authorizer, options)) first ??= denial;
      }
      if (first) throw refused(attributes, first);
    },
  };
}

/** Why one policy refuses the request; warns where a binding only warns. */
async function* denials(
  hook: PolicyHook,
  attributes: Attributes,
  authorizer: RequestAuthorizer,
  options: PolicyOptions,
): AsyncGenerator<Denial> {
  const { metadata, spec } = hook.policy;
  const policy = metadata.name;
  const annotations = new Map<string, Set<string>>();
  for (const invocation of await invocationsOf(hook, attributes, options)) {
    const binding = invocation.binding?.metadata.name;
    if ('problem' in invocation) {
      if (spec.failurePolicy !== 'Ignore') yield { policy, binding, message: invocation.problem, reason: '' };
      continue;
    }
    const { matched, params } = invocation;
    const result = await judge(hook, attributes, matched, params, { authorizer, convert: options.convert });
    for (const decision of result.denied) yield* act(decision, policy, invocation.binding, attributes);
    for (const message of result.annotationErrors) yield { policy, binding, message, reason: '' };
    for (const [key, value] of result.annotations) {
      const values = annotations.get(key);
      if (values) values.add(value);
      else annotations.set(key, new Set([value]));
    }
  }
  const { audit } = attributes.request.context;
  // Bindings with parameters of their own may each have something else to say.
  for (const [key, values] of annotations) audit?.add(`${policy}/${key}`, [...values].join(', '));
}

function* act(decision: Decision, policy: string, binding: Binding, { request }: Attributes): Generator<Denial> {
  const { name } = binding.metadata;
  for (const action of binding.spec.validationActions ?? []) {
    if (action === 'Deny') yield { ...decision, policy, binding: name };
    if (action === 'Warn') {
      const what = `Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${name}'`;
      request.context.warn(`${what}: ${decision.message}`);
    }
    if (action === 'Audit') request.context.audit?.add(VALIDATION_FAILURE, failureText(decision, policy, binding));
  }
}

const VALIDATION_FAILURE = 'validation.policy.admission.k8s.io/validation_failure';

/** https://kubernetes.io/docs/reference/labels-annotations-taints/audit-annotations/#validation-policy-admission-k8s-io-validation-failure */
function failureText({ message, index }: Decision, policy: string, { metadata, spec }: Binding): string {
  const { validationActions } = spec;
  return JSON.stringify([{ message, policy, binding: metadata.name, expressionIndex: index, validationActions }]);
}

function refused({ request, name }: Attributes, denial: Denial): ApiError {
  const { group, data } = request.target.resource;
  const by = denial.binding === undefined ? '' : ` with binding '${denial.binding}'`;
  const message = `ValidatingAdmissionPolicy '${denial.policy}'${by} denied request: ${denial.message}`;
  const { metadata } = (request.object as Partial<NonNullable<typeof request.object>> | undefined) ?? {};
  const shown = name || metadata?.name || metadata?.generateName || 'Unknown';
  const { status } = errors.forbidden({ group, resource: data.resource }, shown, message);
  const reason = denial.reason || 'Invalid';
  return new ApiError({
    ...status,
    reason,
    details: { ...status.details, causes: [{ message }] },
    code: codes[reason] ?? 422,
  });
}
