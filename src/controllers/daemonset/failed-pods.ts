import type { Clock } from '../../utils/clock.ts';

const FIRST_MS = 1000;
const LONGEST_MS = 15 * 60_000;

/**
 * How soon failed pods are replaced, for each DaemonSet and node: a node that rejects a pod rejects its successor
 * as well, and both would spin. Delays double; a node that was quiet for twice the longest delay starts over.
 */
export class FailedPodBackoff {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { delay: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds to wait; 0 counts as a replacement now. */
  check(key: string): number {
    const now = this.#clock.now();
    const entry = this.#entries.get(key);
    if (entry && now < entry.at + entry.delay) return entry.at + entry.delay - now;
    this.#forgetOld(now);
    const delay = entry && now - entry.at < 2 * LONGEST_MS ? Math.min(entry.delay * 2, LONGEST_MS) : FIRST_MS;
    this.#entries.set(key, { delay, at: now });
    return 0;
  }

  /** Entries are in the order of their times only roughly; looking at the oldest few keeps the map small enough. */
  #forgetOld(now: number): void {
    let looked = 0;
    for (const [key, { at }] of this.#entries) {
      if (looked++ > 10) return;
      if (now - at >= 2 * LONGEST_MS) this.#entries.delete(key);
    }
  }
}
