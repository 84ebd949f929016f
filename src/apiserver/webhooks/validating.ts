import type { ValidatingWebhook } from '../../api/admissionregistration/v1.gen.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { Attributes } from '../policies/attributes.ts';
import { ask, CallFailed, failedClosed, refuseAbandoned } from './caller.ts';
import { type Hook, HookSource } from './hooks.ts';
import { type Invocation, invocationOf } from './invocation.ts';
import { handlesWebhooks, type WebhookOptions } from './plugins.ts';

/**
 * Asks all webhooks that a request concerns, at once, whether it may be.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
export function validatingAdmissionWebhook(options: WebhookOptions): AdmissionPlugin {
  const source = new HookSource<ValidatingWebhook>(options.objects, 'validatingwebhookconfigurations');
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: handlesWebhooks,
    idle: () => source.idle,
    async validate(request) {
      const hooks = await source.hooks();
      if (hooks.length === 0) return;
      const attributes = await Attributes.of(request, options);
      const asked: Promise<void>[] = [];
      const invocations: { readonly hook: Hook; readonly invocation: Invocation }[] = [];
      for (const hook of hooks) {
        const invocation = await invocationOf(hook, attributes, options);
        if (invocation) invocations.push({ hook, invocation });
      }
      if (invocations.length === 0) return;
      refuseAbandoned(attributes);
      // The first refusal counts, once all have answered.
      let first: { readonly error: unknown } | undefined;
      for (const [index, { hook, invocation }] of invocations.entries()) {
        const answered = askOne(options, hook, index, attributes, invocation).catch((error: unknown) => {
          first ??= { error };
        });
        asked.push(answered);
      }
      await Promise.all(asked);
      if (first) throw first.error;
    },
  };
}

async function askOne(
  { client, metrics }: WebhookOptions,
  hook: Hook,
  index: number,
  attributes: Attributes,
  invocation: Invocation,
): Promise<void> {
  const { name, failurePolicy } = hook.webhook;
  const { operation, context } = attributes.request;
  const began = performance.now();
  const observe = (error: unknown, ignored: boolean) =>
    metrics.observe(name, 'validating', operation, (performance.now() - began) / 1000, error, ignored);
  try {
    await ask(client, hook, attributes, invocation, false);
    observe(undefined, false);
  } catch (error) {
    const ignored = error instanceof CallFailed && failurePolicy === 'Ignore';
    observe(error, ignored);
    if (!ignored) throw error instanceof CallFailed ? failedClosed(error) : error;
    context.audit?.add(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, name);
  }
}
