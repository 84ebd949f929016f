/** Webhooks as their configurations have them, made ready to ask. */
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../api/admissionregistration/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import { AdmissionCompiler } from '../../cel/admission.ts';
import { BOOL } from '../../cel/types.ts';
import type { ServedResource, Stored } from '../core.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { Expression } from '../policies/activation.ts';

export interface Hook<W extends MutatingWebhook | ValidatingWebhook = MutatingWebhook | ValidatingWebhook> {
  readonly webhook: W;
  /** The configuration that has it. */
  readonly configuration: string;
  /** Tells webhooks apart that have the same name. */
  readonly id: string;
  readonly conditions: readonly Expression[];
}

type Configuration<W> = W extends MutatingWebhook ? MutatingWebhookConfiguration : ValidatingWebhookConfiguration;

/**
 * The webhooks of all configurations of a kind, in order of the configurations' names. They are those in the watch cache
 * at the time of asking: a webhook is asked from the moment its creation was answered. Each configuration is compiled
 * once.
 */
export class HookSource<W extends MutatingWebhook | ValidatingWebhook> {
  readonly #objects: ObjectReader;
  readonly #resource: ServedResource;
  readonly #compiled = new WeakMap<KubeObject, readonly Hook<W>[]>();
  #last: { readonly stored: readonly Stored[]; readonly hooks: readonly Hook<W>[] } | undefined;

  /** `resource` is mutatingwebhookconfigurations or validatingwebhookconfigurations, as W is. */
  constructor(objects: ObjectReader, resource: string) {
    const found = objects.resources.find('admissionregistration.k8s.io', 'v1', resource);
    if (!found) throw new Error(`the API server does not have ${resource}`);
    this.#objects = objects;
    this.#resource = found;
  }

  /** Whether there is no webhook, as far as is known without waiting. */
  get idle(): boolean {
    const stored = this.#objects.stored(this.#resource);
    return !(stored instanceof Promise) && stored.length === 0;
  }

  async hooks(): Promise<readonly Hook<W>[]> {
    const stored = await this.#objects.stored(this.#resource);
    if (this.#last?.stored !== stored) {
      // The resource's own schema has decoded them.
      const hooks = stored.flatMap(({ object }) => this.#hooksOf(object as Configuration<W>));
      this.#last = { stored, hooks };
    }
    return this.#last.hooks;
  }

  #hooksOf(configuration: Configuration<W>): readonly Hook<W>[] {
    let hooks = this.#compiled.get(configuration);
    if (!hooks) {
      const seen = new Map<string, number>();
      hooks = ((configuration.webhooks ?? []) as readonly W[]).map((webhook) => {
        const { name } = webhook;
        const count = seen.get(name) ?? 0;
        seen.set(name, count + 1);
        return {
          webhook,
          configuration: configuration.metadata.name,
          id: `${configuration.metadata.name}/${name}/${count}`,
          conditions: (webhook.matchConditions ?? []).map(({ expression }) => condition(expression)),
        };
      });
      this.#compiled.set(configuration, hooks);
    }
    return hooks;
  }
}

const compiler = new AdmissionCompiler(false);

const condition = (text: string): Expression => ({
  text,
  compiled: compiler.condition(text, { authorizer: true }, [BOOL]),
});
