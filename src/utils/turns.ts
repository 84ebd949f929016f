/**
 * Long work cut into pieces, of all requests together one in a turn of the event loop: however many lists are printed
 * at a time, whoever asks for a little waits for one piece at most, not for one of each.
 */
/** What work may take of a turn, in milliseconds. */
const SHARE_MS = 5;

class Turns {
  #waiting: (() => void)[] = [];
  #next = 0;
  /** Turns given so far. */
  given = 0;

  /** Resolves when it is the caller's turn, in the order of calls. Work up to some 5 ms, then ask again. */
  take(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) setImmediate(this.#give);
    });
  }

  /** Whether work that began at `since` (performance.now()) has had its share of a turn and should take the next. */
  over(since: number): boolean {
    return performance.now() - since > SHARE_MS;
  }

  readonly #give = (): void => {
    const resolve = this.#waiting[this.#next++];
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    } else setImmediate(this.#give);
    this.given++;
    resolve?.();
  };
}

export const turns = new Turns();

/** One piece of work's share of turns: it asks `over` between its parts, and rests where it is. */
export class Pace {
  #until = performance.now() + SHARE_MS;

  /** Until when it may work, on performance.now()'s clock. */
  get until(): number {
    return this.#until;
  }

  get over(): boolean {
    return performance.now() > this.#until;
  }

  async rest(): Promise<void> {
    await turns.take();
    this.#until = performance.now() + SHARE_MS;
  }
}
