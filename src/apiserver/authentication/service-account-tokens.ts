import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomUUID,
  sign,
  verify as verifySignature,
} from 'node:crypto';
import type { Clock } from '../../utils/clock.ts';
import type { Registry } from '../../utils/metrics.ts';
import type { UserInfo } from '../user.ts';
import {
  type LegacyClaims,
  type LegacyTokenReaders,
  LegacyTokens,
  legacyClaims,
  legacyIssuer,
  readLegacyClaims,
} from './legacy-tokens.ts';
import { type TokenAuthenticator, TokenError, type TokenOwner } from './token.ts';
import { extraKeys, serviceAccountGroups, serviceAccountUsername } from './users.ts';

/** What a token's validity hangs on. `deleted` is deletionTimestamp in milliseconds. */
export interface Identity {
  readonly uid: string;
  readonly deleted?: number;
}

/** Live lookups; undefined for what does not exist. */
export interface TokenReaders extends LegacyTokenReaders {
  pod(namespace: string, name: string): Identity | undefined;
  node(name: string): Identity | undefined;
}

export interface ServiceAccountTokenOptions {
  /** --service-account-issuer: the first signs, tokens of all are good; default: `defaultIssuer`. */
  readonly issuers?: readonly string[];
  /** --api-audiences; default: the issuers. */
  readonly audiences?: readonly string[];
  /** PEM private key, RSA or P-256. */
  readonly signingKey: string;
  /** More PEM keys, public or private, whose tokens are still good (--service-account-key-file); a text may hold several. */
  readonly verificationKeys?: readonly string[];
  /** --service-account-jwks-uri: where the keys are for others. */
  readonly jwksUri?: string;
  readonly readers: TokenReaders;
  /** Told that a token from a secret was used, where its label does not say so of today ("2026-01-31"). */
  readonly usedSecret?: (namespace: string, name: string, today: string) => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly registry?: Registry;
}

export interface NameAndUid {
  readonly name: string;
  readonly uid: string;
}

/** The node of a pod: its name alone where it is not there. */
export interface NodeClaim {
  readonly name: string;
  readonly uid?: string;
}

export interface TokenSpec {
  readonly namespace: string;
  readonly serviceAccount: NameAndUid;
  /** Empty: the API server's own. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly pod?: NameAndUid;
  readonly secret?: NameAndUid;
  readonly node?: NodeClaim;
  /** Seconds after which using the token is worth a warning, for tokens made to outlive their request. */
  readonly warnAfterSeconds?: number;
}

interface Claims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  readonly jti: string;
  readonly sub: string;
  readonly private: {
    readonly namespace: string;
    readonly serviceAccount: NameAndUid;
    readonly pod?: NameAndUid;
    readonly secret?: NameAndUid;
    readonly node?: NodeClaim;
    /** Seconds. */
    readonly warnAfter?: number;
  };
}

export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';
/** Clocks may differ by this much: for deletions, and for tokens from the future. Seconds. */
const leeway = 60;
/** Tokens whose signature has been checked are remembered, the oldest forgotten first. */
const cacheSize = 4_000;
/** Longer ones are not looked at; ours have about 1,300 characters. */
const longestToken = 16_384;

interface Key {
  readonly id: string;
  readonly algorithm: 'RS256' | 'ES256';
  readonly publicKey: KeyObject;
}

/**
 * Makes and checks service account tokens: JWTs bound to the lives of a service account and, where asked, a pod, a
 * secret or a node (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/).
 */
export class ServiceAccountTokens implements TokenAuthenticator {
  readonly issuer: string;
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly #signingKey: KeyObject;
  readonly #own: Key;
  readonly #keys = new Map<string, Key>();
  readonly #readers: TokenReaders;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #jwksUri: string | undefined;
  readonly #legacy: LegacyTokens;
  readonly #metrics: ReturnType<typeof metricsOf> | undefined;
  readonly #checked = new Map<string, Claims | LegacyClaims>();

  constructor(options: ServiceAccountTokenOptions) {
    this.issuers = options.issuers?.length ? options.issuers : [defaultIssuer];
    this.issuer = this.issuers[0] ?? defaultIssuer;
    this.audiences = options.audiences?.length ? options.audiences : this.issuers;
    this.#readers = options.readers;
    this.#clock = options.clock;
    this.#metrics = options.registry && metricsOf(options.registry);
    this.#jwksUri = options.jwksUri;
    this.#legacy = new LegacyTokens(options);
    this.#signingKey = createPrivateKey(options.signingKey);
    this.#own = keyOf(createPublicKey(options.signingKey));
    const others = (options.verificationKeys ?? []).flatMap((text) =>
      pemBlocks(text).map((pem) => createPublicKey(pem)),
    );
    for (const key of [this.#own, ...others.map(keyOf)]) this.#keys.set(key.id, key);
  }

  /** A signed token, when it ends in seconds since the epoch, and the id by which users are known who show it. */
  issue(spec: TokenSpec): { token: string; expires: number; id: string } {
    const now = Math.floor(this.#clock.now() / 1000);
    const expires = now + spec.expirationSeconds;
    const { namespace, serviceAccount, node, pod, secret } = spec;
    const jti = randomUUID();
    const claims = {
      aud: spec.audiences.length ? spec.audiences : this.audiences,
      exp: expires,
      iat: now,
      iss: this.issuer,
      jti,
      'kubernetes.io': {
        namespace,
        ...(node && { node }),
        ...(pod && { pod }),
        ...(secret && { secret }),
        serviceaccount: serviceAccount,
        ...(spec.warnAfterSeconds !== undefined && { warnafter: now + spec.warnAfterSeconds }),
      },
      nbf: now,
      sub: serviceAccountUsername(namespace, serviceAccount.name),
    };
    return { token: this.#signed(claims), expires, id: `JTI=${jti}` };
  }

  #signed(claims: object): string {
    const content = `${encode({ alg: this.#own.algorithm, kid: this.#own.id })}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(content), { key: this.#signingKey, dsaEncoding: 'ieee-p1363' });
    return `${content}.${signature.toString('base64url')}`;
  }

  /** The token of a secret of type kubernetes.io/service-account-token: it lives as long as the secret. */
  issueLegacy(namespace: string, account: NameAndUid, secretName: string): string {
    return this.#signed(legacyClaims(namespace, account, secretName));
  }

  /** See TokenAuthenticator. Tokens of this issuer that are not good (any more) are a TokenError. */
  authenticateToken(token: string, audiences: readonly string[]): TokenOwner | undefined {
    const claims = this.#verified(token);
    if (!claims) return undefined;
    const legacy = 'secretName' in claims;
    // Only the API server takes tokens that are for nobody.
    const own = legacy || claims.aud.length === 0 ? this.audiences : claims.aud;
    if (own === this.audiences) this.#metrics?.legacy.add('');
    const matching = audiences.filter((audience) => own.includes(audience));
    if (matching.length === 0)
      throw new TokenError(
        `token audiences [${quoted(own)}] is invalid for the target audiences [${quoted(audiences)}]`,
      );
    if (legacy) return { user: this.#legacy.user(claims, token), audiences: matching };
    this.#checkAlive(claims);
    return { user: userOf(claims), audiences: matching };
  }

  #verified(token: string): Claims | LegacyClaims | undefined {
    if (token.length > longestToken) return undefined;
    const cached = this.#checked.get(token);
    if (cached) return cached;
    const parts = token.split('.');
    const [header = '', payload = '', signature = ''] = parts;
    if (parts.length !== 3) return undefined;
    const body = record(decode(payload));
    if (typeof body?.iss !== 'string') return undefined;
    if (body.iss !== legacyIssuer && !this.issuers.includes(body.iss)) return undefined;
    const { alg, kid } = record(decode(header)) ?? {};
    const content = Buffer.from(`${header}.${payload}`);
    const bytes = Buffer.from(signature, 'base64url');
    const named = typeof kid === 'string' ? this.#keys.get(kid) : undefined;
    const candidates = kid === undefined ? [...this.#keys.values()] : named ? [named] : [];
    const good = candidates.some(
      ({ algorithm, publicKey }) =>
        alg === algorithm && verifySignature('sha256', content, { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes),
    );
    if (!good) throw new TokenError('failed to verify signature');
    const claims = body.iss === legacyIssuer ? readLegacyClaims(body) : claimsOf(body);
    if (this.#checked.size >= cacheSize) {
      for (const oldest of this.#checked.keys()) {
        this.#checked.delete(oldest);
        break;
      }
    }
    this.#checked.set(token, claims);
    return claims;
  }

  #checkAlive(claims: Claims): void {
    const now = Math.floor(this.#clock.now() / 1000);
    if (now > claims.exp) throw new TokenError('service account token has expired');
    if (now + leeway < claims.nbf) throw new TokenError('service account token is not valid yet');
    if (now + leeway < claims.iat) throw new TokenError('service account token is issued in the future');
    const { namespace, serviceAccount, pod, secret, node, warnAfter } = claims.private;
    const long = (live: Identity) => live.deleted !== undefined && live.deleted / 1000 < now - leeway;
    const account = this.#readers.serviceAccount(namespace, serviceAccount.name);
    if (!account) throw new TokenError(`serviceaccounts ${JSON.stringify(serviceAccount.name)} not found`);
    if (account.uid !== serviceAccount.uid)
      throw new TokenError(`service account UID (${account.uid}) does not match claim (${serviceAccount.uid})`);
    if (long(account)) throw new TokenError(`service account ${namespace}/${serviceAccount.name} has been deleted`);
    const check = (kind: string, claim: NodeClaim, live: Identity | undefined) => {
      if (!live) throw new TokenError('service account token has been invalidated');
      if (live.uid !== claim.uid) {
        const words = `does not match service account ${kind} ref claim (${claim.uid ?? ''})`;
        throw new TokenError(`${kind} UID (${live.uid}) ${words}`);
      }
      if (long(live)) throw new TokenError('service account token has been invalidated');
    };
    if (secret) check('secret', secret, this.#readers.secret(namespace, secret.name));
    if (pod) check('pod', pod, this.#readers.pod(namespace, pod.name));
    // A pod's token says on which node it runs; only a token bound to the node itself ends with it.
    if (node && !pod) check('node', node, this.#readers.node(node.name));
    if (warnAfter !== undefined && this.#metrics) this.#metrics[now > warnAfter ? 'stale' : 'valid'].add('');
  }

  /** /.well-known/openid-configuration. `keysUrl` is where clients find `keySet`, unless --service-account-jwks-uri says otherwise: "https://HOST:PORT/openid/v1/jwks". */
  openIdConfiguration(keysUrl: string): object {
    return {
      issuer: this.issuer,
      jwks_uri: this.#jwksUri ?? keysUrl,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set([...this.#keys.values()].map((key) => key.algorithm))].sort(),
    };
  }

  /** /openid/v1/jwks, served as application/jwk-set+json. */
  keySet(): object {
    return {
      keys: [...this.#keys.values()].map(({ id, algorithm, publicKey }) => {
        const { kty, ...numbers } = publicKey.export({ format: 'jwk' });
        return { use: 'sig', kty, kid: id, alg: algorithm, ...numbers };
      }),
    };
  }
}

/** The blocks of a PEM text, without what only describes a curve. */
export const pemBlocks = (text: string): string[] =>
  (text.match(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g) ?? []).filter(
    (block) => !block.startsWith('-----BEGIN EC PARAMETERS'),
  );

function keyOf(publicKey: KeyObject): Key {
  const type = publicKey.asymmetricKeyType;
  if (type !== 'rsa' && publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error(`service account keys must be RSA or P-256, not ${type}`);
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  return { id, algorithm: type === 'rsa' ? 'RS256' : 'ES256', publicKey };
}

function userOf(claims: Claims): UserInfo {
  const { namespace, serviceAccount, pod, node } = claims.private;
  return {
    name: serviceAccountUsername(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: serviceAccountGroups(namespace),
    extra: {
      [extraKeys.credentialId]: [`JTI=${claims.jti}`],
      ...(node && { [extraKeys.nodeName]: [node.name] }),
      ...(node?.uid !== undefined && { [extraKeys.nodeUid]: [node.uid] }),
      ...(pod && { [extraKeys.podName]: [pod.name], [extraKeys.podUid]: [pod.uid] }),
    },
  };
}

function metricsOf(registry: Registry) {
  return {
    legacy: registry.counter('serviceaccount_legacy_tokens_total', '[ALPHA] Uses of tokens that are for no audience.'),
    stale: registry.counter('serviceaccount_stale_tokens_total', '[ALPHA] Uses of tokens that should be renewed.'),
    valid: registry.counter('serviceaccount_valid_tokens_total', '[ALPHA] Uses of tokens that are fresh.'),
  };
}

const quoted = (list: readonly string[]): string => list.map((text) => JSON.stringify(text)).join(' ');
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/** The claims of a token whose signature is good; what another signer with our key left out is an error all the same. */
function claimsOf(body: Readonly<Record<string, unknown>>): Claims {
  const wrong = () => new TokenError('service account token has malformed claims');
  const text = (value: unknown): string => {
    if (typeof value !== 'string') throw wrong();
    return value;
  };
  const number = (value: unknown): number => {
    if (typeof value !== 'number') throw wrong();
    return value;
  };
  const nodeOf = (value: unknown): NodeClaim | undefined => {
    const object = record(value);
    return object && { name: text(object.name), ...(object.uid !== undefined && { uid: text(object.uid) }) };
  };
  const named = (value: unknown): NameAndUid | undefined => {
    const object = record(value);
    return object && { name: text(object.name), uid: text(object.uid) };
  };
  const kubernetes = record(body['kubernetes.io']);
  const serviceAccount = named(kubernetes?.serviceaccount);
  if (!kubernetes || !serviceAccount) throw wrong();
  const namespace = text(kubernetes.namespace);
  const sub = text(body.sub);
  if (sub !== serviceAccountUsername(namespace, serviceAccount.name)) throw wrong();
  return {
    aud: (Array.isArray(body.aud) ? body.aud : body.aud === undefined ? [] : [body.aud]).map(text),
    exp: number(body.exp),
    iat: number(body.iat),
    nbf: number(body.nbf),
    jti: text(body.jti),
    sub,
    private: {
      namespace,
      serviceAccount,
      pod: named(kubernetes.pod),
      secret: named(kubernetes.secret),
      node: nodeOf(kubernetes.node),
      ...(kubernetes.warnafter !== undefined && { warnAfter: number(kubernetes.warnafter) }),
    },
  };
}
