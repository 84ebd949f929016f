import type { ResourceAttributes, SubjectAccessReviewSpec } from '../../api/authorization/v1.gen.ts';
import type { FieldRequirement } from '../../api/fields.ts';
import type { LabelOperator } from '../../api/labels.ts';
import { isJsonObject } from '../../schema/json.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Authorizer, AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import type { RemoteWebhook } from '../config-file/remote-webhook.ts';
import { WebhookCallError } from '../webhooks/webhook-answer.ts';
import { DecisionCache } from './decision-cache.ts';
import { type Condition, conditionsHold } from './match-conditions.ts';
import type { AuthorizationMetrics } from './metrics.ts';
import type { ResolvedRules, RuleResolver } from './rule-resolver.ts';
import { fieldRequirements, labelRequirements } from './selectors.ts';

export interface WebhookAuthorizerOptions {
  readonly name: string;
  readonly webhook: Pick<RemoteWebhook, 'post' | 'close'>;
  /** Of the SubjectAccessReview that is sent. */
  readonly version: 'v1' | 'v1beta1';
  /** Milliseconds; 0 keeps nothing. */
  readonly authorizedTtl: number;
  readonly unauthorizedTtl: number;
  /** Whether a request is refused when there is no answer; else the next authorizer is asked. */
  readonly denyOnError: boolean;
  readonly conditions: readonly Condition[];
  readonly clock: Clock;
  readonly metrics?: AuthorizationMetrics;
}

/** What a webhook answered. */
export interface WebhookStatus {
  readonly allowed: boolean;
  readonly denied: boolean;
  readonly reason: string;
}

const skipped: AuthorizerDecision = { allowed: false, reason: '' };
/** Answers to questions with longer names than this (characters) are not kept: whoever asks chooses them. */
const MAX_CONTROLLED = 10_000;

/**
 * Asks a program elsewhere with a SubjectAccessReview, and keeps the answers for a while. What is kept is answered in
 * the same turn. https://kubernetes.io/docs/reference/access-authn-authz/webhook/
 */
export class WebhookAuthorizer implements Authorizer, RuleResolver {
  readonly #options: WebhookAuthorizerOptions;
  readonly #cache: DecisionCache;

  constructor(options: WebhookAuthorizerOptions) {
    this.#options = options;
    this.#cache = new DecisionCache(options.clock);
  }

  authorize(attributes: AuthorizerAttributes): AuthorizerDecision | Promise<AuthorizerDecision> {
    const spec = specOf(attributes);
    const { conditions, name, metrics } = this.#options;
    if (conditions.length > 0) {
      const began = performance.now();
      const hold = conditionsHold(conditions, spec);
      metrics?.conditions(name, (performance.now() - began) / 1000, hold);
      if (hold === false) return skipped;
      if (hold !== true) return this.#failed(hold.error);
    }
    const key = JSON.stringify(spec);
    const known = this.#cache.get(key);
    return known ? decisionOf(known) : this.#ask(spec, key, sizeOf(attributes) < MAX_CONTROLLED);
  }

  /** Nobody can list what a webhook allows. */
  rulesFor(): ResolvedRules {
    return { rules: [], incomplete: true, errors: ['webhook authorizer does not support user rule resolution'] };
  }

  close(): void {
    this.#options.webhook.close();
  }

  async #ask(spec: SubjectAccessReviewSpec, key: string, keep: boolean): Promise<AuthorizerDecision> {
    const { webhook, version, name, metrics, denyOnError } = this.#options;
    try {
      const status = statusOf(await webhook.post(reviewOf(spec, version)), version);
      if (keep) {
        this.#cache.set(key, status, status.allowed ? this.#options.authorizedTtl : this.#options.unauthorizedTtl);
      }
      return decisionOf(status);
    } catch (error) {
      if (!(error instanceof WebhookCallError)) throw error;
      if (!denyOnError) metrics?.failOpen(name, error.message.endsWith('deadline exceeded') ? 'timeout' : 'error');
      return this.#failed(error.message);
    }
  }

  #failed(error: string): AuthorizerDecision {
    return { allowed: false, ...(this.#options.denyOnError && { denied: true }), reason: '', error };
  }
}

function decisionOf({ allowed, denied, reason }: WebhookStatus): AuthorizerDecision {
  if (!denied) return { allowed, reason };
  const both = 'webhook subject access review returned both allow and deny response';
  return { allowed: false, denied: true, reason, ...(allowed && { error: both }) };
}

function specOf(attributes: AuthorizerAttributes): SubjectAccessReviewSpec {
  const { user, verb, path } = attributes;
  return {
    ...(attributes.resource === ''
      ? { nonResourceAttributes: { ...(path && { path }), ...(verb && { verb }) } }
      : { resourceAttributes: resourceOf(attributes) }),
    ...(user.name && { user: user.name }),
    ...(user.groups.length > 0 && { groups: user.groups }),
    ...(user.extra && Object.keys(user.extra).length > 0 && { extra: user.extra }),
    ...(user.uid && { uid: user.uid }),
  };
}

function resourceOf(attributes: AuthorizerAttributes): ResourceAttributes {
  const { namespace, verb, group, version, resource, subresource, name } = attributes;
  const fields = fieldRequirements(attributes).map(fieldRequirement);
  const labels = labelRequirements(attributes).flatMap(({ key, operator, values }) => {
    const shown = labelOperators[operator];
    return shown === undefined ? [] : [{ key, operator: shown, ...(values.length > 0 && { values }) }];
  });
  return {
    ...(namespace && { namespace }),
    ...(verb && { verb }),
    ...(group && { group }),
    ...(version && { version }),
    resource,
    ...(subresource && { subresource }),
    ...(name && { name }),
    ...(fields.length > 0 && { fieldSelector: { requirements: fields } }),
    ...(labels.length > 0 && { labelSelector: { requirements: labels } }),
  };
}

const fieldRequirement = ({ field, operator, value }: FieldRequirement) => ({
  key: field,
  operator: operator === '=' ? 'In' : 'NotIn',
  values: [value],
});

/** Those for numbers have no name in a review; left out, more is asked for. */
const labelOperators: Readonly<Record<LabelOperator, string | undefined>> = {
  in: 'In',
  '=': 'In',
  '==': 'In',
  notin: 'NotIn',
  '!=': 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
  gt: undefined,
  lt: undefined,
};

/** The characters of a question that whoever asks has chosen. */
const sizeOf = (a: AuthorizerAttributes): number =>
  a.namespace.length +
  a.verb.length +
  a.group.length +
  a.version.length +
  a.resource.length +
  a.subresource.length +
  a.name.length +
  a.path.length;

const kind = 'SubjectAccessReview';

function reviewOf(spec: SubjectAccessReviewSpec, version: 'v1' | 'v1beta1'): object {
  const { groups, extra, uid, ...rest } = spec;
  // The beta version calls groups by another name.
  const ofUser = { ...(groups && { [version === 'v1' ? 'groups' : 'group']: groups }), extra, uid };
  return {
    kind,
    apiVersion: `authorization.k8s.io/${version}`,
    metadata: {},
    spec: { ...rest, ...ofUser },
    status: { allowed: false },
  };
}

function statusOf(answer: unknown, version: 'v1' | 'v1beta1'): WebhookStatus {
  const wrong = (why: string) => new WebhookCallError(why);
  if (!isJsonObject(answer)) throw wrong('the answer is no object');
  const apiVersion = `authorization.k8s.io/${version}`;
  if ((answer.kind ?? kind) !== kind || (answer.apiVersion ?? apiVersion) !== apiVersion) {
    const given = String(answer.apiVersion ?? apiVersion).replace(/^.*\//, '');
    throw wrong(`converting (${given}.${answer.kind ?? kind}) to (${version}.${kind}): unknown conversion`);
  }
  const status = answer.status ?? {};
  if (!isJsonObject(status)) throw wrong('the status of the answer is no object');
  const { allowed = false, denied = false, reason = '' } = status;
  const mistyped = (field: string, value: unknown, type: string) =>
    wrong(
      `json: cannot unmarshal ${jsonType(value)} into Go struct field ${kind}Status.status.${field} of type ${type}`,
    );
  if (typeof allowed !== 'boolean') throw mistyped('allowed', allowed, 'bool');
  if (typeof denied !== 'boolean') throw mistyped('denied', denied, 'bool');
  if (typeof reason !== 'string') throw mistyped('reason', reason, 'string');
  return { allowed, denied, reason };
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
