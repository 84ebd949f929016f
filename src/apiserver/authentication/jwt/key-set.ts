import { createPublicKey, type KeyObject } from 'node:crypto';
import { isJsonObject, parseJson } from '../../../schema/json.ts';
import type { Clock } from '../../../utils/clock.ts';
import { TokenError } from '../token.ts';
import type { Fetched, HttpsClient } from './https.ts';
import { type Jws, signedBy } from './jws.ts';

interface Key {
  readonly id: string;
  readonly key: KeyObject;
}

export interface RemoteKeySetOptions {
  readonly url: string;
  readonly client: HttpsClient;
  readonly clock: Pick<Clock, 'now'>;
  /** Hears of each fetch: the text of the key set, or undefined where there was none. */
  readonly fetched?: (text: string | undefined) => void;
}

/** Keys that are to end so soon are fetched anew. Milliseconds. */
const EXPIRES_SOON = 30_000;
/** Tokens with unknown keys make the issuer be asked no more often than this. Milliseconds. */
const LEAST = 10_000;
const MAX_KEYS = 256;

/** The keys of an issuer, fetched when a token shows one that is not known. */
export class RemoteKeySet {
  readonly #options: RemoteKeySetOptions;
  #keys: readonly Key[] = [];
  #fetchedAt = Number.NEGATIVE_INFINITY;
  /** For so long the issuer promises that there are no others. */
  #expires = 0;
  #underWay: Promise<void> | undefined;

  constructor(options: RemoteKeySetOptions) {
    this.#options = options;
  }

  /** Returns in the same turn where a known key has signed; else resolves then. Throws, or rejects with, a TokenError. */
  verify(jws: Jws): void | Promise<void> {
    if (this.#signed(jws)) return;
    const now = this.#options.clock.now();
    if (now + EXPIRES_SOON <= this.#expires || now < this.#fetchedAt + LEAST) {
      throw new TokenError('failed to verify signature: failed to verify id token signature');
    }
    return this.#verifyAnew(jws);
  }

  async #verifyAnew(jws: Jws): Promise<void> {
    this.#underWay ??= this.#fetch().finally(() => {
      this.#underWay = undefined;
    });
    try {
      await this.#underWay;
    } catch (error) {
      throw new TokenError(`failed to verify signature: fetching keys ${(error as Error).message}`);
    }
    if (!this.#signed(jws)) throw new TokenError('failed to verify signature: failed to verify id token signature');
  }

  #signed(jws: Jws): boolean {
    return this.#keys.some(({ id, key }) => (jws.keyId === '' || id === jws.keyId) && signedBy(jws, key));
  }

  async #fetch(): Promise<void> {
    const { url, client, clock, fetched } = this.#options;
    try {
      const answer = await client.get(url).catch((error: Error) => {
        throw new Error(`oidc: get keys failed ${error.message}`);
      });
      if (answer.status !== 200) throw new Error(`oidc: get keys failed: status ${answer.status}`);
      this.#keys = readKeys(answer.body);
      this.#fetchedAt = clock.now();
      this.#expires = clock.now() + freshFor(answer) * 1000;
      fetched?.(answer.body);
    } catch (error) {
      fetched?.(undefined);
      throw error;
    }
  }
}

/** The keys that can verify; others (symmetric ones, unknown curves) are passed over. */
function readKeys(text: string): Key[] {
  let set: unknown;
  try {
    set = parseJson(text);
  } catch {
    throw new Error('oidc: failed to decode keys: no JSON');
  }
  const entries = isJsonObject(set) && Array.isArray(set.keys) ? set.keys.slice(0, MAX_KEYS) : [];
  return entries.flatMap((jwk) => {
    if (!isJsonObject(jwk) || (jwk.kty !== 'RSA' && jwk.kty !== 'EC')) return [];
    try {
      const { kty, n, e, crv, x, y } = jwk;
      const key = createPublicKey({ key: JSON.parse(JSON.stringify({ kty, n, e, crv, x, y })), format: 'jwk' });
      return [{ id: typeof jwk.kid === 'string' ? jwk.kid : '', key }];
    } catch {
      return [];
    }
  });
}

/** Seconds for which a shared cache may keep the answer. */
function freshFor({ headers }: Fetched): number {
  const directives = (headers['cache-control'] ?? '').toLowerCase();
  if (/\b(no-store|no-cache|private)\b/.test(directives)) return 0;
  const age = /\bs-maxage=(\d+)/.exec(directives)?.[1] ?? /\bmax-age=(\d+)/.exec(directives)?.[1];
  if (age !== undefined) return Number(age);
  const [expires, date] = [Date.parse(headers.expires ?? ''), Date.parse(headers.date ?? '')];
  return expires > date ? (expires - date) / 1000 : 0;
}
