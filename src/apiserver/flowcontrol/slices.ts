import type { PriorityLevel } from './level.ts';

/** So long requests may be begun in a turn of the event loop before it looks at the network again (milliseconds). */
const SLICE_MS = 0.5;

/**
 * Seats count requests under way; what an event loop runs out of first is its one processor. A turn of the loop in which
 * a slice's time is used up begins no further request: those that have come wait, and in each of the next turns a slice
 * of them is begun, of the level first that had the least of the processor for its seats. So a request of a level that
 * asks for little is at most a slice or two behind a flood of another's, and an idle server begins everything at once.
 */
export class Slices {
  readonly #waiting = new Map<PriorityLevel, (() => void)[]>();
  #count = 0;
  /** When the present turn's slice is over; 0 before its first request. */
  #until = 0;
  #pass = 0;
  #running: PriorityLevel | undefined;
  #ranSince = 0;

  /** Requests that wait. */
  get waiting(): number {
    return this.#count;
  }

  /** Whether a request may begin at once. */
  get free(): boolean {
    if (this.#count > 0) return false;
    if (this.#until > 0) return performance.now() < this.#until;
    this.#until = performance.now() + SLICE_MS;
    setImmediate(this.#turned);
    return true;
  }

  /** Resolves when a request of the level may begin. */
  turn(level: PriorityLevel): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#waiting.get(level);
      if (others) {
        others.push(resolve);
      } else {
        // Who did not want anything has saved nothing up.
        level.pass = Math.max(level.pass, this.#pass);
        this.#waiting.set(level, [resolve]);
      }
      this.#count++;
    });
  }

  readonly #turned = (): void => {
    this.#until = 0;
    if (this.#count === 0) return;
    this.#ranSince = performance.now();
    this.#until = this.#ranSince + SLICE_MS;
    this.#next();
  };

  readonly #next = (): void => {
    const now = performance.now();
    if (this.#running) {
      this.#running.pass += (now - this.#ranSince) / Math.max(1, this.#running.current);
      this.#running = undefined;
    }
    if (this.#count === 0 || now >= this.#until) {
      // Also when nobody waits: who comes in the rest of this turn finds the slice used up or not.
      setImmediate(this.#turned);
      return;
    }
    let first: PriorityLevel | undefined;
    for (const level of this.#waiting.keys()) if (!first || level.pass < first.pass) first = level;
    if (!first) return;
    const requests = this.#waiting.get(first) ?? [];
    const begin = requests.shift();
    if (requests.length === 0) this.#waiting.delete(first);
    this.#count--;
    this.#pass = first.pass;
    this.#running = first;
    this.#ranSince = now;
    begin?.();
    // After all that the request does before it has to wait for something.
    queueMicrotask(this.#afterwards);
  };

  readonly #afterwards = (): void => {
    process.nextTick(this.#next);
  };
}
