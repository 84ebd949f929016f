import type { KubeObject } from '../../api/resource.ts';
import type { ServedResource, Stored } from '../core.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { Resources } from '../resource-table.ts';

type Binding = KubeObject & { readonly spec: { readonly policyName?: string } };

/** A policy, what was made of it, and its bindings in order of names. */
export interface Hook<P, B, E> {
  readonly policy: P;
  readonly evaluator: E;
  readonly bindings: readonly B[];
}

/**
 * The policies of one kind that are bound, in order of names. They are those in the watch cache at the time of asking:
 * a policy holds from the moment its creation was answered. Each is compiled once.
 */
export class PolicySource<P extends KubeObject, B extends Binding, E> {
  readonly #objects: ObjectReader;
  readonly #resources: Resources;
  readonly #policies: string;
  readonly #bindings: string;
  readonly #compile: (policy: P) => E;
  readonly #compiled = new WeakMap<KubeObject, E>();
  #policyResource: ServedResource | undefined;
  #bindingResource: ServedResource | undefined;
  #last:
    | {
        readonly policies: readonly Stored[];
        readonly bindings: readonly Stored[];
        readonly hooks: readonly Hook<P, B, E>[];
      }
    | undefined;

  /** `policies` and `bindings` name resources of admissionregistration.k8s.io/v1. */
  constructor(
    objects: ObjectReader,
    resources: Resources,
    names: { readonly policies: string; readonly bindings: string },
    compile: (policy: P) => E,
  ) {
    this.#objects = objects;
    this.#resources = resources;
    this.#policies = names.policies;
    this.#bindings = names.bindings;
    this.#compile = compile;
  }

  /** Whether there is nothing bound, as far as is known without waiting. */
  get idle(): boolean {
    this.#bindingResource ??= this.#find(this.#bindings);
    const bindings = this.#objects.stored(this.#bindingResource);
    return !(bindings instanceof Promise) && bindings.length === 0;
  }

  async hooks(): Promise<readonly Hook<P, B, E>[]> {
    this.#policyResource ??= this.#find(this.#policies);
    this.#bindingResource ??= this.#find(this.#bindings);
    const [policies, bindings] = [
      await this.#objects.stored(this.#policyResource),
      await this.#objects.stored(this.#bindingResource),
    ];
    const last = this.#last;
    if (last && last.policies === policies && last.bindings === bindings) return last.hooks;
    const hooks = this.#join(policies, bindings);
    this.#last = { policies, bindings, hooks };
    return hooks;
  }

  #join(policies: readonly Stored[], bindings: readonly Stored[]): readonly Hook<P, B, E>[] {
    const byPolicy = new Map<string, B[]>();
    for (const { object } of bindings) {
      // The resource's own schema has decoded it; policies alike.
      const binding = object as B;
      const { policyName = '' } = binding.spec;
      const known = byPolicy.get(policyName);
      if (known) known.push(binding);
      else byPolicy.set(policyName, [binding]);
    }
    const hooks: Hook<P, B, E>[] = [];
    for (const { object } of policies) {
      const bound = byPolicy.get(object.metadata.name);
      if (bound) hooks.push({ policy: object as P, evaluator: this.#evaluatorOf(object as P), bindings: bound });
    }
    return hooks;
  }

  #evaluatorOf(policy: P): E {
    let evaluator = this.#compiled.get(policy);
    if (evaluator === undefined) {
      evaluator = this.#compile(policy);
      this.#compiled.set(policy, evaluator);
    }
    return evaluator;
  }

  #find(resource: string): ServedResource {
    const found = this.#resources.find('admissionregistration.k8s.io', 'v1', resource);
    if (!found) throw new Error(`the API server does not have ${resource}`);
    return found;
  }
}
