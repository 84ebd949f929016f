/** A timer that can be stopped; stopping one that has fired does nothing. */
export interface Timer {
  stop(): void;
}

/**
 * Where time comes from. Nothing outside this file calls Date.now, setTimeout or setInterval for behaviour that a
 * test would want to turn: controllers, queues, leases and workers take a Clock.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `run` once, `ms` milliseconds from now. The timer does not keep the process alive. */
  after(ms: number, run: () => void): Timer;
  /** Resolves `ms` milliseconds from now, or at once (without error) when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

abstract class BaseClock implements Clock {
  abstract now(): number;
  abstract after(ms: number, run: () => void): Timer;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        timer.stop();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = this.after(ms, finish);
      signal?.addEventListener('abort', finish, { once: true });
    });
  }
}

/** setTimeout fires at once for longer delays than this. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

class RealClock extends BaseClock {
  now(): number {
    return Date.now();
  }

  after(ms: number, run: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (left: number) => {
      handle = setTimeout(
        () => (left > LONGEST_TIMEOUT ? arm(left - LONGEST_TIMEOUT) : run()),
        Math.min(Math.max(left, 0), LONGEST_TIMEOUT),
      );
      handle.unref();
    };
    arm(ms);
    return { stop: () => clearTimeout(handle) };
  }
}

export const realClock: Clock = new RealClock();

/** A clock that moves only when it is told to. */
export class FakeClock extends BaseClock {
  #now: number;
  #serial = 0;
  readonly #timers = new Set<{ at: number; serial: number; run: () => void }>();

  constructor(start = Date.UTC(2026, 0, 1)) {
    super();
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const timer = { at: this.#now + Math.max(ms, 0), serial: this.#serial++, run };
    this.#timers.add(timer);
    return { stop: () => void this.#timers.delete(timer) };
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time forward, firing timers in order; what a timer's promises wait for runs before the next one fires. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      let next: { at: number; serial: number; run: () => void } | undefined;
      for (const t of this.#timers) {
        if (t.at <= end && (!next || t.at < next.at || (t.at === next.at && t.serial < next.serial))) next = t;
      }
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets promise callbacks and immediates that are due run to their end. */
export async function settle(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
