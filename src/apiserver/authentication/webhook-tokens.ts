import { isJsonObject } from '../../schema/json.ts';
import type { Logger } from '../../utils/log.ts';
import type { RemoteWebhook } from '../config-file/remote-webhook.ts';
import type { UserInfo } from '../user.ts';
import { WebhookCallError } from '../webhooks/webhook-answer.ts';
import { type TokenAuthenticator, TokenError, type TokenOwner } from './token.ts';

export interface WebhookTokensOptions {
  readonly webhook: RemoteWebhook;
  /** Of authentication.k8s.io: what is sent and expected. */
  readonly version: 'v1' | 'v1beta1';
  /** --api-audiences. */
  readonly audiences: readonly string[];
  readonly log: Logger;
}

/** Asks somebody else whose a token is. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication */
export class WebhookTokens implements TokenAuthenticator {
  readonly #options: WebhookTokensOptions;

  constructor(options: WebhookTokensOptions) {
    this.#options = options;
  }

  async authenticateToken(token: string, audiences: readonly string[]): Promise<TokenOwner | undefined> {
    const { webhook, version, log } = this.#options;
    const apiVersion = `authentication.k8s.io/${version}`;
    const review = {
      kind: 'TokenReview',
      apiVersion,
      metadata: {},
      spec: { token, audiences },
      status: { user: {} },
    };
    let answer: unknown;
    try {
      answer = await webhook.post(review);
    } catch (error) {
      if (!(error instanceof WebhookCallError)) throw error;
      log.error({ error: error.message }, 'Failed to make webhook authenticator request');
      throw new TokenError(error.message);
    }
    if (!isJsonObject(answer) || answer.kind !== 'TokenReview' || answer.apiVersion !== apiVersion)
      throw new TokenError(`the webhook did not answer with a TokenReview of ${apiVersion}`);
    const status = isJsonObject(answer.status) ? answer.status : {};
    const named = texts(status.audiences);
    const given = named.length > 0 ? named : this.#options.audiences;
    const matching = audiences.filter((audience) => given.includes(audience));
    if (matching.length === 0) return undefined;
    if (status.authenticated !== true) {
      if (typeof status.error === 'string' && status.error !== '') throw new TokenError(status.error);
      return undefined;
    }
    return { user: userOf(status.user), audiences: matching };
  }
}

function userOf(value: unknown): UserInfo {
  const { username, uid, groups, extra } = isJsonObject(value) ? value : {};
  const more = Object.entries(isJsonObject(extra) ? extra : {}).map(([key, values]) => [key, texts(values)] as const);
  return {
    name: typeof username === 'string' ? username : '',
    ...(typeof uid === 'string' && uid !== '' && { uid }),
    groups: texts(groups),
    ...(more.length > 0 && { extra: Object.fromEntries(more) }),
  };
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : [];
