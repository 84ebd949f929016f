/** Whether a webhook is to be asked about a request, and as what. */
import type { MutatingWebhook, ValidatingWebhook } from '../../api/admissionregistration/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { Authorizer } from '../admission.ts';
import type { ConvertObjects } from '../custom/versions.ts';
import { Activation, CONDITIONS_BUDGET } from '../policies/activation.ts';
import { admissionRequest } from '../policies/admission-request.ts';
import type { Attributes, Matched } from '../policies/attributes.ts';
import { conditionsHold } from '../policies/conditions.ts';
import { namespaceSelected, objectSelected, ruleMatches } from '../policies/matching.ts';
import { RequestAuthorizer } from '../policies/request-authorizer.ts';
import { viewIn } from '../policies/views.ts';
import type { Hook } from './hooks.ts';

export interface Invocation {
  readonly matched: Matched;
  /** The objects in the version that was matched. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

export interface InvocationOptions {
  /** Answers match conditions. */
  readonly authorizer: Authorizer;
  /** Between versions of custom resources. */
  readonly convert: ConvertObjects;
}

/** Undefined where the webhook is not to be asked. Rejects with ApiError where that cannot be told. */
export async function invocationOf(
  hook: Hook,
  attributes: Attributes,
  { authorizer, convert }: InvocationOptions,
): Promise<Invocation | undefined> {
  const { webhook } = hook;
  const matched = matchedBy(webhook, attributes);
  if (!matched) return undefined;
  const inNamespace = namespaceSelected(webhook.namespaceSelector, attributes);
  if (inNamespace === false || !objectSelected(webhook.objectSelector, attributes)) return undefined;
  if (inNamespace === undefined) throw errors.notFound({ group: '', resource: 'namespaces' }, attributes.namespace);
  const { request } = attributes;
  const invocation = {
    matched,
    object: await viewIn(attributes, request.object, matched, convert),
    oldObject: await viewIn(attributes, request.oldObject, matched, convert),
  };
  return (await conditionsAllow(hook, attributes, invocation, authorizer)) ? invocation : undefined;
}

function matchedBy(webhook: MutatingWebhook | ValidatingWebhook, attributes: Attributes): Matched | undefined {
  const rules = webhook.rules ?? [];
  const { resource } = attributes.request.target;
  if (rules.some((rule) => ruleMatches(rule, attributes, resource))) return attributes.own;
  if (webhook.matchPolicy !== 'Equivalent') return undefined;
  // The first rule that fits counts, whatever the order of versions.
  const equivalents = [...attributes.equivalents()];
  for (const rule of rules) {
    for (const other of equivalents) {
      if (ruleMatches(rule, attributes, other)) return { resource: other, kind: attributes.kindIn(other) };
    }
  }
  return undefined;
}

async function conditionsAllow(
  { webhook, conditions }: Hook,
  attributes: Attributes,
  { matched, object, oldObject }: Invocation,
  authorizer: Authorizer,
): Promise<boolean> {
  if (conditions.length === 0) return true;
  const { context, target } = attributes.request;
  const inputs = {
    attributes,
    object,
    oldObject,
    request: admissionRequest(attributes, matched),
    params: undefined,
    namespaceObject: undefined,
    authorizer: new RequestAuthorizer(authorizer, context.user),
  };
  const verdict = await conditionsHold(conditions, new Activation(inputs, new Map(), CONDITIONS_BUDGET));
  if (typeof verdict === 'boolean') return verdict;
  if (webhook.failurePolicy === 'Ignore') return false;
  const { group, data } = target.resource;
  throw errors.forbidden({ group, resource: data.resource }, attributes.name, verdict.error);
}
