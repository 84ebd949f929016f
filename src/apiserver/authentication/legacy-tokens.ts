import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../utils/clock.ts';
import type { Registry } from '../../utils/metrics.ts';
import type { UserInfo } from '../user.ts';
import type { Identity, NameAndUid } from './service-account-tokens.ts';
import { TokenError } from './token.ts';
import { serviceAccountGroups, serviceAccountUsername } from './users.ts';

/** What a token from a secret hangs on. */
export interface SecretIdentity extends Identity {
  /** The token in it. */
  readonly token?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface AccountIdentity extends Identity {
  /** Names of the secrets that it lists: those were made for it. */
  readonly secrets?: readonly string[];
}

export interface LegacyTokenReaders {
  serviceAccount(namespace: string, name: string): AccountIdentity | undefined;
  secret(namespace: string, name: string): SecretIdentity | undefined;
}

export interface LegacyTokensOptions {
  readonly readers: LegacyTokenReaders;
  readonly usedSecret?: (namespace: string, name: string, today: string) => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly registry?: Registry;
}

/** What a token from a secret says. */
export interface LegacyClaims {
  readonly namespace: string;
  readonly account: NameAndUid;
  readonly secretName: string;
}

export const legacyIssuer = 'kubernetes/serviceaccount';
export const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
export const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
const DAY = 86_400_000;

const names = {
  namespace: 'kubernetes.io/serviceaccount/namespace',
  secret: 'kubernetes.io/serviceaccount/secret.name',
  account: 'kubernetes.io/serviceaccount/service-account.name',
  uid: 'kubernetes.io/serviceaccount/service-account.uid',
} as const;

export const legacyClaims = (namespace: string, account: NameAndUid, secretName: string): object => ({
  iss: legacyIssuer,
  [names.namespace]: namespace,
  [names.secret]: secretName,
  [names.account]: account.name,
  [names.uid]: account.uid,
  sub: serviceAccountUsername(namespace, account.name),
});

/** The claims of a token whose signature is good. Throws a TokenError where some are missing. */
export function readLegacyClaims(body: Readonly<Record<string, unknown>>): LegacyClaims {
  const text = (key: string, what: string): string => {
    const value = body[key];
    if (typeof value !== 'string' || value === '') throw new TokenError(`${what} claim is missing`);
    return value;
  };
  const sub = text('sub', 'sub');
  const namespace = text(names.namespace, 'namespace');
  const secretName = text(names.secret, 'secretName');
  const name = text(names.account, 'serviceAccountName');
  const uid = text(names.uid, 'serviceAccountUID');
  if (sub !== serviceAccountUsername(namespace, name)) throw new TokenError('sub claim is invalid');
  return { namespace, account: { name, uid }, secretName };
}

/**
 * Tokens that lie in secrets and have no end of their own.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#auto-generated-legacy-serviceaccount-token-clean-up
 */
export class LegacyTokens {
  readonly #options: LegacyTokensOptions;
  readonly #metrics;

  constructor(options: LegacyTokensOptions) {
    this.#options = options;
    this.#metrics = options.registry && metricsOf(options.registry);
  }

  /** The user of a token whose signature is good. Throws a TokenError where secret or account do not agree (any more). */
  user({ namespace, account, secretName }: LegacyClaims, token: string): UserInfo {
    const { readers } = this.#options;
    const secret = readers.secret(namespace, secretName);
    if (!secret || secret.deleted !== undefined) throw new TokenError('Token has been invalidated');
    if (!same(secret.token ?? '', token)) throw new TokenError("Token does not match server's copy");
    const live = readers.serviceAccount(namespace, account.name);
    if (!live) throw new TokenError(`serviceaccounts ${JSON.stringify(account.name)} not found`);
    if (live.deleted !== undefined)
      throw new TokenError(`ServiceAccount ${namespace}/${account.name} has been deleted`);
    if (live.uid !== account.uid)
      throw new TokenError(`ServiceAccount UID (${live.uid}) does not match claim (${account.uid})`);
    this.#note(namespace, secretName, secret);
    if (secret.labels?.[invalidSinceLabel]) {
      this.#metrics?.invalid.add('');
      const of = `the token in secret ${secretName}/${namespace} for service account ${namespace}/${account.name}`;
      throw new TokenError(
        `${of} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSinceLabel}' label from the secret to temporarily allow use of this token`,
      );
    }
    this.#metrics?.[live.secrets?.includes(secretName) ? 'automatic' : 'manual'].add('');
    return {
      name: serviceAccountUsername(namespace, account.name),
      uid: account.uid,
      groups: serviceAccountGroups(namespace),
    };
  }

  /** Tells that the token is in use: once a day, whichever way midnights fall. */
  #note(namespace: string, name: string, secret: SecretIdentity): void {
    const now = this.#options.clock.now();
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    const last = secret.labels?.[lastUsedLabel];
    if (last !== day(now) && last !== day(now + DAY)) this.#options.usedSecret?.(namespace, name, day(now));
  }
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function metricsOf(registry: Registry) {
  const counter = (name: string, help: string) => registry.counter(`serviceaccount_${name}`, `[ALPHA] ${help}`);
  return {
    manual: counter('legacy_manual_token_uses_total', 'Uses of tokens from secrets that people made.'),
    automatic: counter('legacy_auto_token_uses_total', 'Uses of tokens from secrets that were made for accounts.'),
    invalid: counter('invalid_legacy_auto_token_uses_total', 'Uses of tokens from secrets that were marked invalid.'),
  };
}
