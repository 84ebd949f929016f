import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../api/admissionregistration/v1.gen.ts';
import { ApiError, errors } from '../../api/errors.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { cloneJson } from '../../schema/json.ts';
import type { AdmissionPlugin, AdmissionRequest, Reinvocation } from '../admission.ts';
import { expectedKind } from '../targets.ts';
import { Activation, CONDITIONS_BUDGET, COST_BUDGET, OutOfBudget } from './activation.ts';
import { Attributes } from './attributes.ts';
import { type CompiledMutatingPolicy, type CompiledMutation, compileMutating } from './compile.ts';
import { conditionsHold } from './conditions.ts';
import { handlesAllBut } from './exempt.ts';
import { type Invocation, invocationsOf } from './invocations.ts';
import { applyConfiguration, applyPatch, MutationError } from './patching.ts';
import { type Hook, PolicySource } from './policy-source.ts';
import { RequestAuthorizer } from './request-authorizer.ts';
import type { PolicyOptions } from './validating.ts';
import { inputsOf } from './validation.ts';
import { replaceContents, unviewed } from './views.ts';

type Binding = MutatingAdmissionPolicyBinding;
type PolicyHook = Hook<MutatingAdmissionPolicy, Binding, CompiledMutatingPolicy>;
type MutableRequest = Parameters<NonNullable<AdmissionPlugin['admit']>>[0];

interface Invoked extends Invocation<Binding> {
  readonly hook: PolicyHook;
}

interface Failure {
  readonly message: string;
  /** "" keeps the answer's own. */
  readonly reason: '' | 'Invalid';
}

const NAME = 'MutatingAdmissionPolicy';

/** What the rounds of one request know of each other. */
interface Rounds {
  /** Eligible for another round should anything change. */
  readonly invoked: Set<string>;
  /** To be invoked again. */
  readonly again: Set<string>;
  output: unknown;
}

const roundsOf = ({ state }: Reinvocation): Rounds => {
  // Nobody else keeps anything under this name.
  const known = state.get(NAME) as Rounds | undefined;
  if (known) return known;
  const rounds: Rounds = { invoked: new Set(), again: new Set(), output: undefined };
  state.set(NAME, rounds);
  return rounds;
};

function changed({ invoked, again }: Rounds): void {
  for (const key of invoked) again.add(key);
  invoked.clear();
}

/** Changes objects as policies say. https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/ */
export function mutatingAdmissionPolicy(options: PolicyOptions): AdmissionPlugin {
  const names = { policies: 'mutatingadmissionpolicies', bindings: 'mutatingadmissionpolicybindings' };
  const source = new PolicySource<MutatingAdmissionPolicy, Binding, CompiledMutatingPolicy>(
    options.objects,
    options.resources,
    names,
    compileMutating,
  );
  return {
    name: NAME,
    handles: handlesAllBut('DELETE'),
    idle: () => source.idle,
    async admit(request, reinvocation) {
      const hooks = await source.hooks();
      if (hooks.length === 0) return;
      const attributes = await Attributes.of(request, options);
      const failures: Failure[] = [];
      const invocations: Invoked[] = [];
      for (const hook of hooks) {
        const { policy } = hook;
        for (const invocation of await invocationsOf(hook, attributes, options)) {
          if (!('problem' in invocation)) invocations.push({ ...invocation, hook });
          else if (policy.spec.failurePolicy !== 'Ignore') {
            failures.push({ message: failureOf(policy, invocation.binding, invocation.problem), reason: '' });
          }
        }
      }
      if (invocations.length > 0) await new Pass(request, attributes, reinvocation, options).run(invocations, failures);
      if (failures.length > 0) throw refused(request, attributes, failures);
    },
  };
}

function failureOf(policy: MutatingAdmissionPolicy, binding: Binding | undefined, why: string): string {
  const { name } = policy.metadata;
  const by = binding ? `policy '${name}' with binding '${binding.metadata.name}'` : `policy "${name}"`;
  return `${by} denied request: ${why}`;
}

/** One round of one request. */
class Pass {
  readonly #request: MutableRequest;
  readonly #attributes: Attributes;
  readonly #reinvocation: Reinvocation;
  readonly #options: PolicyOptions;
  readonly #authorizer: RequestAuthorizer;

  constructor(request: MutableRequest, attributes: Attributes, reinvocation: Reinvocation, options: PolicyOptions) {
    this.#request = request;
    this.#attributes = attributes;
    this.#reinvocation = reinvocation;
    this.#options = options;
    this.#authorizer = new RequestAuthorizer(options.authorizer, request.context.user);
  }

  async run(invocations: readonly Invoked[], failures: Failure[]): Promise<void> {
    const { object } = this.#request;
    if (!object) return;
    const rounds = roundsOf(this.#reinvocation);
    const { again } = this.#reinvocation;
    if (again && !deepEqual(rounds.output, object)) changed(rounds);
    let mutated = false;
    for (const invocation of invocations) {
      const { hook, binding, params } = invocation;
      const { policy, evaluator } = hook;
      const fail = (why: string) => {
        if (policy.spec.failurePolicy === 'Ignore') return;
        failures.push({ message: failureOf(policy, binding, why), reason: 'Invalid' });
      };
      const { conditions } = await inputsOf(this.#attributes, invocation.matched, params, this.#options.convert);
      const activation = new Activation(
        { ...conditions, authorizer: this.#authorizer },
        evaluator.variables,
        CONDITIONS_BUDGET,
      );
      const holds = await conditionsHold(evaluator.conditions, activation);
      if (holds !== true) {
        if (holds !== false) fail(holds.error);
        continue;
      }
      const { name, namespace } = params?.metadata ?? {};
      const key = JSON.stringify([policy.metadata.name, binding.metadata.name, namespace, name]);
      if (again && !rounds.again.has(key)) continue;
      const before = cloneJson(object);
      for (const mutation of evaluator.mutations) {
        try {
          await this.#mutate(object, mutation, invocation);
          this.#reinvocation.request();
          mutated = true;
        } catch (error) {
          if (!(error instanceof MutationError) && !(error instanceof OutOfBudget)) throw error;
          fail(error.message);
        }
      }
      if (!deepEqual(before, object)) changed(rounds);
      if (policy.spec.reinvocationPolicy === 'IfNeeded') rounds.invoked.add(key);
    }
    // Whatever the policies did, they and the plugins before them look at the outcome once more.
    if (mutated) changed(rounds);
    rounds.output = cloneJson(object);
  }

  /** Evaluates one mutation, and makes the object what it says. */
  async #mutate(object: Mutable<KubeObject>, mutation: CompiledMutation, invocation: Invoked): Promise<void> {
    const { hook, matched, params } = invocation;
    const { compiled } = mutation.expression;
    if ('problem' in compiled) throw new MutationError(compiled.problem);
    const { convert, model } = this.#options;
    const { own } = await inputsOf(this.#attributes, matched, params, convert);
    const inputs = { ...own, authorizer: this.#authorizer };
    const outcome = await new Activation(inputs, hook.evaluator.variables, COST_BUDGET).evaluate(mutation.expression);
    if ('error' in outcome) throw new MutationError(outcome.error);
    if (!inputs.object) return;
    const expected = expectedKind(model, { ...this.#request.target, resource: matched.resource });
    const change = mutation.patchType === 'JSONPatch' ? applyPatch : applyConfiguration;
    const made = change(expected, inputs.object, outcome.value);
    if (made) replaceContents(object, await unviewed(this.#attributes, made, object, matched, convert));
  }
}

function refused({ target, object }: AdmissionRequest, { name }: Attributes, failures: readonly Failure[]): ApiError {
  const { group, data } = target.resource;
  const [first] = failures;
  const shown = name || object?.metadata.name || object?.metadata.generateName || 'Unknown';
  const { status } = errors.forbidden({ group, resource: data.resource }, shown, '');
  return new ApiError({
    ...status,
    message: first?.message ?? '',
    reason: first?.reason || status.reason,
    details: { ...status.details, causes: failures.map(({ message }) => ({ message })) },
  });
}
