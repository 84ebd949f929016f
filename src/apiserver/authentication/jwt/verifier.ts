import { kindOf } from '../../../schema/go-words.ts';
import { isJsonObject, parseJson } from '../../../schema/json.ts';
import type { Clock, Timer } from '../../../utils/clock.ts';
import type { Logger } from '../../../utils/log.ts';
import { TokenError } from '../token.ts';
import type { HttpsClient } from './https.ts';
import type { Jws } from './jws.ts';
import { RemoteKeySet } from './key-set.ts';

export interface VerifierOptions {
  readonly issuer: string;
  /** Where its discovery document is, if not below the issuer. */
  readonly discoveryUrl?: string;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  readonly client: HttpsClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly fetchedKeys?: (text: string | undefined) => void;
}

/** Until the issuer has answered, it is asked so often. Milliseconds. */
const RETRY = 10_000;
/** How far the clock of who makes tokens may be ahead (nbf). Milliseconds. */
const LEEWAY = 60_000;

/** Verifies what one issuer signs (https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation). */
export class Verifier {
  readonly #options: VerifierOptions;
  #keys: RemoteKeySet | undefined;
  /** Why it is not ready. */
  #problem: string;
  #timer: Timer | undefined;
  #closed = false;
  /** Settles when the issuer has been asked for the first time. */
  readonly asked: Promise<void>;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#problem = `oidc: authenticator for issuer ${JSON.stringify(options.issuer)} is not initialized`;
    this.asked = this.#discover();
  }

  /** Undefined: ready to verify. */
  get problem(): string | undefined {
    return this.#keys ? undefined : this.#problem;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.stop();
  }

  /** Returns in the same turn where the keys are known. Throws, or rejects with, a TokenError. */
  verify(jws: Jws): void | Promise<void> {
    if (!this.#keys) throw new TokenError('oidc: authenticator not initialized');
    const { algorithms } = this.#options;
    if (jws.malformed !== undefined) throw new TokenError(`oidc: malformed jwt: ${jws.malformed}`);
    if (!algorithms.includes(jws.algorithm)) {
      const got = JSON.stringify(jws.algorithm);
      throw new TokenError(
        `oidc: id token signed with unsupported algorithm, expected ${quoted(algorithms)} got ${got}`,
      );
    }
    const pending = this.#keys.verify(jws);
    if (pending) return pending.then(() => this.#checkClaims(jws));
    this.#checkClaims(jws);
  }

  #checkClaims({ claims }: Jws): void {
    const { issuer, audiences, clock } = this.#options;
    const { iss, aud, sub, exp, iat, nbf, _claim_names: names, _claim_sources: sources } = claims;
    if (sub !== null && sub !== undefined && typeof sub !== 'string') throw unfit(sub, 'sub', 'string');
    const named = audiencesOf(aud);
    const [expiry, , notBefore] = [timeOf(exp), timeOf(iat), nbf === null ? undefined : timeOf(nbf)];
    checkSources(names, sources);
    if (iss !== issuer && !(issuer === GOOGLE && `https://${String(iss)}` === GOOGLE)) {
      throw new TokenError(
        `oidc: id token issued by a different provider, expected ${JSON.stringify(issuer)} got ${JSON.stringify(iss)}`,
      );
    }
    if (!audiences.some((audience) => named.includes(audience))) {
      const [only = '', ...others] = audiences;
      const expected = others.length > 0 ? `in ${quoted([...audiences].sort())}` : JSON.stringify(only);
      throw new TokenError(`oidc: expected audience ${expected} got ${quoted(named)}`);
    }
    const now = clock.now();
    if (expiry === undefined || expiry < now)
      throw new TokenError(`oidc: token is expired (Token Expiry: ${timeText(expiry)})`);
    if (notBefore !== undefined && now + LEEWAY < notBefore) {
      const [current, before] = [timeText(now), timeText(notBefore)];
      throw new TokenError(`oidc: current time ${current} before the nbf (not before) time: ${before}`);
    }
  }

  async #discover(): Promise<void> {
    const { issuer, client, clock, log, fetchedKeys } = this.#options;
    const url = this.#options.discoveryUrl || `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    try {
      const { status, body } = await client.get(url);
      if (status !== 200) throw new Error(`${status}: ${body.slice(0, 256)}`);
      const keysUrl = readDiscovery(body, issuer);
      this.#keys = new RemoteKeySet({ url: keysUrl, client, clock, fetched: fetchedKeys });
    } catch (error) {
      this.#problem = (error as Error).message;
      if (this.#closed) return;
      log.error({ issuer, error: this.#problem }, 'oidc authenticator: initializing plugin');
      this.#timer = clock.after(RETRY, () => void this.#discover());
    }
  }
}

const GOOGLE = 'https://accounts.google.com';

/** The URL of the keys. */
function readDiscovery(text: string, issuer: string): string {
  let document: unknown;
  try {
    document = parseJson(text);
  } catch {
    document = undefined;
  }
  if (!isJsonObject(document)) throw new Error('oidc: failed to decode provider discovery object: no JSON object');
  const { issuer: named = '', jwks_uri: keys } = document;
  if (named !== issuer) {
    const [expected, got] = [JSON.stringify(issuer), JSON.stringify(named)];
    throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${expected} got ${got}`);
  }
  if (typeof keys !== 'string' || keys === '') throw new Error('provider did not return JWKS URL');
  return keys;
}

const unfit = (value: unknown, field: string, type: string): TokenError =>
  new TokenError(
    `oidc: failed to unmarshal claims: json: cannot unmarshal ${kindOf(value)} into Go struct field idToken.${field} of type ${type}`,
  );

function audiencesOf(aud: unknown): readonly string[] {
  if (aud === undefined) return [];
  if (aud === null) return [''];
  if (typeof aud === 'string') return [aud];
  if (!Array.isArray(aud)) throw unfit(aud, 'aud', '[]string');
  return aud.map((audience: unknown) => {
    if (audience === null) return '';
    if (typeof audience !== 'string') throw unfit(audience, 'aud', 'string');
    return audience;
  });
}

/** Milliseconds of a claim in seconds; numbers may stand in quotes. */
function timeOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const failed = (why: string) => new TokenError(`oidc: failed to unmarshal claims: ${why}`);
  if (value === null) throw failed('strconv.ParseFloat: parsing "": invalid syntax');
  if (typeof value === 'number') return Math.trunc(value) * 1000;
  if (typeof value === 'string' && /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(value))
    return Math.trunc(Number(value)) * 1000;
  if (typeof value !== 'string')
    throw failed(`json: cannot unmarshal ${kindOf(value)} into Go value of type json.Number`);
  const literal = JSON.stringify(JSON.stringify(value));
  throw failed(`json: invalid number literal, trying to unmarshal ${literal} into Number`);
}

/** Claims that are elsewhere must say where. */
function checkSources(names: unknown, sources: unknown): void {
  if (names === undefined || names === null) return;
  if (!isJsonObject(names)) throw unfit(names, '_claim_names', 'map[string]string');
  for (const source of Object.values(names)) {
    if (typeof source !== 'string') throw unfit(source, '_claim_names', 'string');
    if (source === '') throw new TokenError('oidc: failed to obtain source from claim name');
    if (!isJsonObject(sources) || !Object.hasOwn(sources, source)) throw new TokenError('oidc: source does not exist');
  }
}

/** As Go prints times. */
function timeText(ms: number | undefined): string {
  if (ms === undefined) return '0001-01-01 00:00:00 +0000 UTC';
  if (Math.abs(ms) > 8.64e15) return String(ms / 1000);
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

const quoted = (texts: readonly string[]): string => `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
