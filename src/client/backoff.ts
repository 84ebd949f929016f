import type { Clock } from '../utils/clock.ts';

export interface BackoffOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly initialMs: number;
  readonly maximumMs: number;
  /** A pause in calls of this length starts over from `initialMs`. */
  readonly resetMs: number;
}

/** Delays that double from call to call, each stretched by up to its own length again so that clients spread out. */
export class Backoff {
  readonly #options: BackoffOptions;
  #step = 0;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Milliseconds to wait before the next try. */
  next(): number {
    const { clock, random, initialMs, maximumMs, resetMs } = this.#options;
    const now = clock.now();
    if (now - this.#last > resetMs) this.#step = 0;
    this.#last = now;
    const base = Math.min(initialMs * 2 ** this.#step, maximumMs);
    if (base < maximumMs) this.#step++;
    return base * (1 + random());
  }
}
