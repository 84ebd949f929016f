import type { Secret } from '../../api/core/v1.gen.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { Registry } from '../../utils/metrics.ts';
import { RemoteWebhook } from '../config-file/remote-webhook.ts';
import { bootstrapTokens } from './bootstrap-tokens.ts';
import { JwtAuthenticators } from './jwt/authenticators.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';
import type { AuthenticationSettings } from './settings.ts';
import { audienceAgnostic, type TokenAuthenticator, TokenUnion } from './token.ts';
import { TokenCache } from './token-cache.ts';
import { WebhookTokens } from './webhook-tokens.ts';

export interface TokenAuthenticatorsOptions {
  readonly settings: AuthenticationSettings;
  readonly serviceAccounts: ServiceAccountTokens;
  /** A secret of kube-system. */
  readonly bootstrapSecret: (name: string) => Secret | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly registry?: Registry;
}

/** A webhook is asked for no longer than this about one token. Milliseconds. */
const WEBHOOK_TIMEOUT = 30_000;

/** Everybody who knows bearer tokens, in Kubernetes' order: who is here first, then those who have to ask others. */
export function createTokenAuthenticators(options: TokenAuthenticatorsOptions): {
  readonly all: TokenAuthenticator;
  close(): void;
} {
  const { settings, serviceAccounts, clock, random, log, registry } = options;
  const { tokenFile, jwt, webhook } = settings;
  const { audiences } = serviceAccounts;
  const issuers =
    jwt &&
    new JwtAuthenticators({ ...jwt, audiences, serviceAccountIssuers: serviceAccounts.issuers, clock, log, registry });
  const remote = webhook && new RemoteWebhook(webhook.kubeconfig, { clock, random, timeoutMs: WEBHOOK_TIMEOUT });
  const members: (TokenAuthenticator | undefined)[] = [
    tokenFile && audienceAgnostic(audiences, (token) => tokenFile.authenticate(token)),
    serviceAccounts,
    settings.bootstrapTokens
      ? audienceAgnostic(audiences, bootstrapTokens({ secret: options.bootstrapSecret, clock }))
      : undefined,
    issuers,
    webhook &&
      remote &&
      new TokenCache(new WebhookTokens({ webhook: remote, version: webhook.version, audiences, log }), {
        clock,
        ttlMs: webhook.cacheTtlMs,
        registry,
      }),
  ];
  return {
    all: new TokenUnion(members.filter((member) => member !== undefined)),
    close() {
      issuers?.close();
      remote?.close();
    },
  };
}
