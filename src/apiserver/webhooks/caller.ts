/** Asks one webhook about one request, whatever kind of webhook it is. */
import type { MutatingWebhook, ValidatingWebhook } from '../../api/admissionregistration/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { DecodeError } from '../../schema/decode.ts';
import { quote } from '../../schema/quote.ts';
import type { Attributes } from '../policies/attributes.ts';
import type { WebhookClient } from './client.ts';
import type { Hook } from './hooks.ts';
import type { Invocation } from './invocation.ts';
import { type Answer, BadAnswer, dryRunUnsupported, readReview, rejection, reviewFor } from './review.ts';
import { WebhookCallError } from './webhook-answer.ts';

/** A webhook could not be asked, or did not answer what can be understood: its failure policy decides. */
export class CallFailed extends Error {
  /** For the metrics. */
  readonly code: number;

  constructor(webhook: string, why: string, code: number) {
    super(`failed calling webhook ${quote(webhook)}: ${why}`);
    this.code = code;
  }
}

const DEFAULT_TIMEOUT_SECONDS = 10;
const withoutSideEffects: ReadonlySet<string> = new Set(['None', 'NoneOnDryRun']);

/** The answer of a webhook that allows the request. Rejects with CallFailed, or with ApiError where it refuses. */
export async function ask(
  client: WebhookClient,
  { webhook }: Hook,
  attributes: Attributes,
  invocation: Invocation,
  mutating: boolean,
): Promise<Answer> {
  const { context, dryRun } = attributes.request;
  if (dryRun && !withoutSideEffects.has(webhook.sideEffects)) throw dryRunUnsupported(webhook.name);
  const answer = await answerOf(client, webhook, attributes, invocation, mutating);
  for (const [key, value] of Object.entries(answer.auditAnnotations))
    context.audit?.add(`${webhook.name}/${key}`, value);
  for (const warning of answer.warnings) context.warn(warning);
  if (!answer.allowed) throw rejection(webhook.name, answer.status);
  return answer;
}

async function answerOf(
  client: WebhookClient,
  webhook: MutatingWebhook | ValidatingWebhook,
  attributes: Attributes,
  invocation: Invocation,
  mutating: boolean,
): Promise<Answer> {
  const { name, clientConfig, admissionReviewVersions, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = webhook;
  const review = reviewFor(admissionReviewVersions, attributes, invocation);
  if (!review) {
    const why = 'webhook does not accept known AdmissionReview versions (v1, v1beta1)';
    throw new CallFailed(name, `could not create admission objects: ${why}`, 400);
  }
  try {
    const { signal } = attributes.request.context;
    const value = await client.call(clientConfig, review.body, { timeoutMs: timeoutSeconds * 1000, signal });
    return readReview(review, mutating, value);
  } catch (error) {
    if (error instanceof BadAnswer)
      throw new CallFailed(name, `received invalid webhook response: ${error.message}`, 503);
    if (error instanceof DecodeError) throw new CallFailed(name, `failed to call webhook: ${error.message}`, 503);
    if (error instanceof WebhookCallError) {
      throw new CallFailed(name, `failed to call webhook: ${error.message}`, error.code);
    }
    throw error;
  }
}

/** What is thrown where a failure policy lets nothing through. */
export const failedClosed = (failure: CallFailed) => errors.internal(failure.message);

/** Whoever waits for the request is gone: nothing more is asked on its behalf. */
export function refuseAbandoned({ request }: Attributes): void {
  if (request.context.signal?.aborted) throw errors.timeout('request did not complete within requested timeout', 0);
}
