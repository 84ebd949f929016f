import type { Clock } from '../utils/clock.ts';

/** Decides how long a key waits before it is tried again. */
export interface RateLimiter {
  /** Milliseconds to wait; counts as one more failure of the key. */
  when(key: string): number;
  forget(key: string): void;
  /** Failures since the key was last forgotten. */
  numRequeues(key: string): number;
}

/** Doubles with each failure of a key. */
class ExponentialLimiter implements RateLimiter {
  readonly #failures = new Map<string, number>();
  readonly #baseMs: number;
  readonly #maximumMs: number;

  constructor(baseMs: number, maximumMs: number) {
    this.#baseMs = baseMs;
    this.#maximumMs = maximumMs;
  }

  when(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.#baseMs * 2 ** failures, this.#maximumMs);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  numRequeues(key: string): number {
    return this.#failures.get(key) ?? 0;
  }
}

/** A token bucket. Tokens may be taken in advance: the debt is the time to wait. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = clock.now();
  }

  /** Takes a token and says how many milliseconds from now it is there. */
  reserve(): number {
    this.#refill();
    this.#tokens--;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs;
  }

  /** Takes a token if there is one now. */
  tryAccept(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #refill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = now;
  }
}

/**
 * client-go's DefaultTypedControllerRateLimiter: 5 ms doubling to 1000 s for each key, and 10 retries a second with
 * bursts of 100 for all keys together.
 */
export function defaultRateLimiter(clock: Clock): RateLimiter {
  const perKey = new ExponentialLimiter(5, 1_000_000);
  const overall = new TokenBucket(clock, 10, 100);
  return {
    when: (key) => Math.max(perKey.when(key), overall.reserve()),
    forget: (key) => perKey.forget(key),
    numRequeues: (key) => perKey.numRequeues(key),
  };
}
