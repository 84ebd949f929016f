import type { Clock, Timer } from '../utils/clock.ts';
import { revisionOf } from './lmdb-records.ts';
import type { Tables } from './lmdb-tables.ts';
import type { Operation } from './store.ts';

/** At most so many keys are deleted at once, and a failed round is tried again after so long. */
const AT_ONCE = 256;
const RETRY_MS = 1000;

/** Deletes keys whose time is over, each by a revision of its own. One timer, set for the soonest. */
export class Expiry {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #txn: (operations: readonly Operation[]) => Promise<unknown>;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(tables: Tables, clock: Clock, txn: (operations: readonly Operation[]) => Promise<unknown>) {
    this.#tables = tables;
    this.#clock = clock;
    this.#txn = txn;
    this.#armForSoonest();
  }

  /** A key that expires then was written. */
  arm(time: number): void {
    if (this.#closed || time >= this.#timerAt) return;
    this.#timer?.stop();
    this.#timerAt = time;
    this.#timer = this.#clock.after(Math.max(time - this.#clock.now(), 0), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      void this.#expire();
    });
  }

  close(): void {
    this.#closed = true;
    this.#timer?.stop();
  }

  #armForSoonest(): void {
    for (const { time } of this.#tables.expiring(Number.MAX_SAFE_INTEGER - 1, 1)) this.arm(time);
  }

  async #expire(): Promise<void> {
    const deletions: Promise<unknown>[] = [];
    for (const { key, position } of this.#tables.expiring(this.#clock.now(), AT_ONCE)) {
      // The row of a key that was written again is gone; one whose write is on its way fails the condition.
      deletions.push(this.#txn([{ type: 'delete', key, expect: revisionOf(position) }]));
    }
    const results = await Promise.allSettled(deletions);
    if (this.#closed) return;
    if (results.some((r) => r.status === 'rejected')) this.arm(this.#clock.now() + RETRY_MS);
    else this.#armForSoonest();
  }
}
