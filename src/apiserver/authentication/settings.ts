import type { WebhookKubeconfig } from '../config-file/kubeconfig.ts';
import type { AnonymousOptions } from './authenticator.ts';
import type { FrontProxyOptions } from './front-proxy.ts';
import type { JwtSettings } from './jwt/authenticators.ts';
import type { TokenFile } from './token-file.ts';

/** How the API server finds out who asks; all of it may be left out. `flags.ts` makes one of kube-apiserver's flags. */
export interface AuthenticationSettings {
  readonly tokenFile?: TokenFile;
  readonly frontProxy?: FrontProxyOptions;
  readonly anonymous?: AnonymousOptions;
  /** --api-audiences; default: the issuers. */
  readonly audiences?: readonly string[];
  readonly serviceAccounts?: ServiceAccountSettings;
  readonly jwt?: JwtSettings;
  readonly webhook?: TokenWebhookSettings;
  /** Whether secrets of type bootstrap.kubernetes.io/token are tokens. */
  readonly bootstrapTokens?: boolean;
}

export interface TokenWebhookSettings {
  readonly kubeconfig: WebhookKubeconfig;
  /** Of authentication.k8s.io. */
  readonly version: 'v1' | 'v1beta1';
  /** How long its answers count. Milliseconds. */
  readonly cacheTtlMs: number;
}

export interface ServiceAccountSettings {
  /** PEM private key that signs; default: the cluster's own. */
  readonly signingKey?: string;
  /** PEM public or private keys and certificates whose tokens are good beside it; a text may hold several. */
  readonly verificationKeys?: readonly string[];
  /** The first signs, tokens of all are good. */
  readonly issuers?: readonly string[];
  /** Where the keys are published, if not here: the URL that discovery names. */
  readonly jwksUri?: string;
  /** The longest life of a token that somebody asks for. Seconds. */
  readonly maxExpirationSeconds?: number;
  /** Whether tokens that admission put into pods live a year; default true. */
  readonly extendExpiration?: boolean;
}
