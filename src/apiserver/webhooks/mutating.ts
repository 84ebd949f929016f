import type { MutatingWebhook } from '../../api/admissionregistration/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { cloneJson, isJsonObject } from '../../schema/json.ts';
import { jsonSyntaxError } from '../../schema/json-syntax.ts';
import { goJsonKind } from '../../schema/patch-error.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionPlugin, AdmissionRequest, Reinvocation } from '../admission.ts';
import { Attributes } from '../policies/attributes.ts';
import { replaceContents, unviewed } from '../policies/views.ts';
import { WebhookAudit } from './audit.ts';
import { ask, CallFailed, failedClosed, refuseAbandoned } from './caller.ts';
import { type Hook, HookSource } from './hooks.ts';
import { type Invocation, invocationOf } from './invocation.ts';
import { patchedBy } from './patch.ts';
import { handlesWebhooks, type WebhookOptions } from './plugins.ts';
import type { Answer } from './review.ts';

type Changeable = AdmissionRequest & { readonly object: Mutable<KubeObject> | undefined };

const NAME = 'MutatingAdmissionWebhook';

/** What one request's rounds know of each other. */
interface Rounds {
  /** The object as the webhooks left it, where one of them may be asked again. */
  output: unknown;
  /** Webhooks that want to see what others change after them. */
  readonly asked: Set<string>;
  /** Those for which there is something to see. */
  readonly due: Set<string>;
}

/**
 * Lets the webhooks that a request concerns change its object, one after the other.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
export function mutatingAdmissionWebhook(options: WebhookOptions): AdmissionPlugin {
  const source = new HookSource<MutatingWebhook>(options.objects, 'mutatingwebhookconfigurations');
  return {
    name: NAME,
    handles: handlesWebhooks,
    idle: () => source.idle,
    async admit(request, reinvocation) {
      const hooks = await source.hooks();
      if (hooks.length === 0) return;
      const rounds = roundsOf(reinvocation);
      if (reinvocation.again && !deepEqual(rounds.output, request.object)) changed(rounds);
      const attributes = await Attributes.of(request, options);
      for (const [index, hook] of hooks.entries()) {
        const invocation = await invocationOf(hook, attributes, options);
        // A webhook that was not asked the first time is not asked the second time either.
        if (!invocation || (reinvocation.again && !rounds.due.has(hook.id))) continue;
        refuseAbandoned(attributes);
        const audit = new WebhookAudit(request.context.audit, hook, reinvocation.again ? 1 : 0, index);
        if (await askOne(options, hook, attributes, invocation, request, audit)) {
          changed(rounds);
          reinvocation.request();
        }
        if (hook.webhook.reinvocationPolicy === 'IfNeeded') rounds.asked.add(hook.id);
      }
      // Whoever comes later changes the object in place.
      rounds.output = rounds.asked.size > 0 ? cloneJson(request.object) : undefined;
    },
  };
}

function roundsOf({ state }: Reinvocation): Rounds {
  // Only this plugin writes under its name.
  let rounds = state.get(NAME) as Rounds | undefined;
  if (!rounds) {
    rounds = { output: undefined, asked: new Set(), due: new Set() };
    state.set(NAME, rounds);
  }
  return rounds;
}

function changed({ asked, due }: Rounds): void {
  for (const id of asked) due.add(id);
  asked.clear();
}

/** Whether the webhook changed the object. */
async function askOne(
  options: WebhookOptions,
  hook: Hook,
  attributes: Attributes,
  invocation: Invocation,
  request: Changeable,
  audit: WebhookAudit,
): Promise<boolean> {
  const { name, failurePolicy } = hook.webhook;
  const began = performance.now();
  const observe = (error: unknown, ignored: boolean) =>
    options.metrics.observe(name, 'admit', request.operation, (performance.now() - began) / 1000, error, ignored);
  try {
    const answer = await ask(options.client, hook, attributes, invocation, true);
    const isChanged = await apply(options, hook, answer, attributes, invocation, request, audit);
    observe(undefined, false);
    audit.asked(isChanged);
    return isChanged;
  } catch (error) {
    const ignored = error instanceof CallFailed && failurePolicy === 'Ignore';
    observe(error, ignored);
    audit.asked(false);
    if (ignored) {
      audit.failedOpen();
      return false;
    }
    throw error instanceof CallFailed ? failedClosed(error) : error;
  }
}

async function apply(
  { model, convert }: WebhookOptions,
  { webhook }: Hook,
  answer: Answer,
  attributes: Attributes,
  { matched, object }: Invocation,
  request: Changeable,
  audit: WebhookAudit,
): Promise<boolean> {
  const operations = answer.patch === '' ? [] : operationsOf(webhook.name, answer);
  if (operations.length === 0) return false;
  if (!object || !request.object) {
    const what = `admission webhook ${quote(webhook.name)} attempted to modify the object, which is not supported for this operation`;
    throw errors.internal(what);
  }
  if (answer.patchType !== 'JSONPatch') {
    throw new CallFailed(webhook.name, `unsupported patch type ${quote(answer.patchType)}`, 400);
  }
  const result = patchedBy(operations, object, model, { ...request.target, resource: matched.resource });
  audit.patched(operations);
  if (deepEqual(result, object)) return false;
  replaceContents(request.object, await unviewed(attributes, result, request.object, matched, convert));
  return true;
}

/** The operations of a patch as far as they can be read. */
function operationsOf(webhook: string, { patch }: Answer): readonly unknown[] {
  const undecodable = (why: string) =>
    new CallFailed(webhook, `received undecodable patch in webhook response: ${why}`, 503);
  let value: unknown;
  try {
    value = JSON.parse(patch);
  } catch {
    throw undecodable(jsonSyntaxError(Buffer.from(patch)) ?? 'unexpected end of JSON input');
  }
  if (value === null) return [];
  if (!Array.isArray(value)) {
    throw undecodable(`json: cannot unmarshal ${goJsonKind(value)} into Go value of type jsonpatch.Patch`);
  }
  const odd = value.find((operation) => !isJsonObject(operation) && operation !== null);
  if (odd !== undefined) {
    throw undecodable(`json: cannot unmarshal ${goJsonKind(odd)} into Go value of type jsonpatch.Operation`);
  }
  return value;
}
