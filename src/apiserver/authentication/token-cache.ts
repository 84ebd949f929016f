import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../../utils/clock.ts';
import { labelText, type Registry } from '../../utils/metrics.ts';
import type { TokenAuthenticator, TokenOwner } from './token.ts';

export interface TokenCacheOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** How long an answer counts, that a token is somebody's and that it is nobody's. Milliseconds; 0: never. */
  readonly ttlMs: number;
  readonly registry?: Registry;
}

interface Entry {
  readonly answer: TokenOwner | undefined;
  readonly until: number;
}

/** As many as kube-apiserver keeps. */
const MOST = 4_096;
const MOST_WAITING = 4_096;

/**
 * Remembers what another authenticator answered, but not its errors, and asks it about a token once at a time. Tokens
 * are kept as digests.
 */
export class TokenCache implements TokenAuthenticator {
  readonly #inner: TokenAuthenticator;
  readonly #options: TokenCacheOptions;
  readonly #salt = randomBytes(32).toString('base64');
  /** The oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Map<string, Promise<TokenOwner | undefined>>();
  readonly #metrics;

  constructor(inner: TokenAuthenticator, options: TokenCacheOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#metrics = options.registry && metricsOf(options.registry);
  }

  authenticateToken(
    token: string,
    audiences: readonly string[],
  ): TokenOwner | undefined | Promise<TokenOwner | undefined> {
    const { clock, ttlMs } = this.#options;
    const key = hash('sha256', `${this.#salt}${JSON.stringify(audiences)}${token}`, 'base64');
    const known = this.#entries.get(key);
    const now = clock.now();
    if (known && now < known.until) {
      this.#metrics?.request('hit', 0);
      return known.answer;
    }
    this.#entries.delete(key);
    const waiting = this.#underWay.get(key);
    if (waiting) return waiting;
    const began = performance.now();
    const settled = (status: 'ok' | 'error') => {
      this.#underWay.delete(key);
      this.#metrics?.fetched(status);
      this.#metrics?.request('miss', (performance.now() - began) / 1000);
    };
    const asked = (async () => {
      try {
        const answer = await this.#inner.authenticateToken(token, audiences);
        settled('ok');
        if (ttlMs > 0) this.#keep(key, { answer, until: clock.now() + ttlMs });
        return answer;
      } catch (error) {
        settled('error');
        throw error;
      }
    })();
    if (this.#underWay.size < MOST_WAITING) this.#underWay.set(key, asked);
    return asked;
  }

  #keep(key: string, entry: Entry): void {
    if (this.#entries.size >= MOST) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(key, entry);
  }
}

function metricsOf(registry: Registry) {
  const requests = registry.counter(
    'authentication_token_cache_request_total',
    '[ALPHA] Questions to the token cache.',
  );
  const fetches = registry.counter(
    'authentication_token_cache_fetch_total',
    '[ALPHA] Answers fetched for the token cache.',
  );
  const seconds = registry.histogram(
    'authentication_token_cache_request_duration_seconds',
    '[ALPHA] Seconds until the token cache had an answer.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  );
  return {
    request(status: 'hit' | 'miss', took: number): void {
      const labels = labelText({ status });
      requests.add(labels);
      seconds.observe(labels, took);
    },
    fetched: (status: 'ok' | 'error') => fetches.add(labelText({ status })),
  };
}
