import type { ExpiryKey, IndexRecord, State } from './lmdb-records.ts';
import type { Change } from './store.ts';

/** Transactions that commit together, in the order in which they came. */
export class Batch {
  /** The newest record of each key that the batch changes; undefined where it deletes. */
  readonly index = new Map<string, IndexRecord | undefined>();
  readonly log: (readonly [position: number, record: Buffer])[] = [];
  readonly expiry: (readonly [key: ExpiryKey, target: string | undefined])[] = [];
  readonly changes: Change[] = [];
  /** Who waits for the batch: writes, and answers that rest on its writes. */
  readonly #waiting: { done(): void; failed(error: Error): void }[] = [];
  bytes = 0;

  /** What `answer` makes once the batch is durable; it may read what the batch wrote. */
  wait<T>(answer: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = () => {
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.push({ done, failed: reject });
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  settle(): void {
    for (const one of this.#waiting) one.done();
  }

  fail(error: Error): void {
    for (const one of this.#waiting) one.failed(error);
  }
}

/** The counters of the store while transactions are judged; a commit makes them durable, a failure takes them back. */
export type StateDraft = { -readonly [K in keyof State]: State[K] };
