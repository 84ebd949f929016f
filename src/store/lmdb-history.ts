import type { Clock, Timer } from '../utils/clock.ts';
import type { StateDraft } from './lmdb-batch.ts';
import { bytesInFile, positionOf, revisionOf } from './lmdb-records.ts';
import type { Tables } from './lmdb-tables.ts';

/** A slice of compaction takes at most so long, and reads so many changes, before writes and reads get their turn. */
const SLICE_MS = 3;
const SLICE_CHANGES = 512;
const RETRY_MS = 1000;
/** Once history is too large it shrinks to this part of what is allowed, so that compaction does not run at each write. */
const SHRINK_TO = 0.9;

/**
 * Compaction. The history window ends where changes are older than `historyMs`, where somebody asked for it, or where
 * history would take more than is allowed. Changes leave it one by one, oldest first: what a change replaced goes,
 * and a deletion goes itself; the newest value of a key stays, however old.
 */
export class History {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #historyMs: number;
  readonly #minimumBytes: number;
  readonly #onDue: () => void;
  /** The newest sample: when, and what. */
  #lastSample: number;
  #lastRevision: number;
  #timer: Timer | undefined;
  #passed: number[] = [];
  #closed = false;

  /** `onDue` is called when time has moved the end of the window: see `expire`. */
  constructor(tables: Tables, clock: Clock, options: { historyMs: number; minimumBytes: number; onDue: () => void }) {
    this.#tables = tables;
    this.#clock = clock;
    this.#historyMs = options.historyMs;
    this.#minimumBytes = options.minimumBytes;
    this.#onDue = options.onDue;
    const last = [...tables.timesUntil(Number.MAX_SAFE_INTEGER - 1)].at(-1);
    this.#lastSample = last?.time ?? 0;
    this.#lastRevision = last?.revision ?? 0;
    this.arm();
  }

  /** Now and then, what to note of the time with a commit: everything up to its revision was written by now. */
  sample(revision: number): readonly (readonly [number, number | undefined])[] {
    const removals = this.#passed.map((time) => [time, undefined] as const);
    const now = this.#clock.now();
    // A commit that only forgets has nothing to be forgotten later; a sample of it would wake an idle store for ever.
    if (revision <= this.#lastRevision || now - this.#lastSample < this.#historyMs / 20) return removals;
    return [...removals, [now, revision]];
  }

  /** After a commit that carried `times`. */
  sampled(times: readonly (readonly [number, number | undefined])[]): void {
    if (times.length === 0) return;
    const last = times.at(-1);
    if (last?.[1] !== undefined) [this.#lastSample, this.#lastRevision] = last;
    // Others may have passed while these were written.
    const written = new Set(times.map(([time]) => time));
    this.#passed = this.#passed.filter((time) => !written.has(time));
    if (!this.#timer) this.arm();
  }

  /** After a commit that failed: what it was to forget is forgotten later. */
  failed(): void {
    this.#passed = [];
    this.arm(RETRY_MS);
  }

  /** Sets the timer for the next sample that will leave the window; none when there is nothing to forget. */
  arm(soonestMs = 0): void {
    this.#timer?.stop();
    this.#timer = undefined;
    if (this.#closed) return;
    const passed = new Set(this.#passed);
    for (const { time } of this.#tables.timesUntil(Number.MAX_SAFE_INTEGER - 1)) {
      if (passed.has(time)) continue;
      this.#timer = this.#clock.after(Math.max(time + this.#historyMs - this.#clock.now(), soonestMs), () => {
        this.#timer = undefined;
        this.#onDue();
      });
      return;
    }
  }

  /** Moves the end of the window to where time has moved it. */
  expire(state: StateDraft): void {
    this.#passed = [];
    for (const { time, revision } of this.#tables.timesUntil(this.#clock.now() - this.#historyMs)) {
      this.#passed.push(time);
      state.compacted = Math.max(state.compacted, Math.min(revision, state.revision));
    }
    this.arm();
  }

  /** Whether `slice` has something to do. `durable` is the newest revision that can be read. */
  due(state: StateDraft, durable: number): boolean {
    return this.#passed.length > 0 || this.#goal(state, durable) > state.swept || this.#oversize(state, durable, 1);
  }

  /** Takes the next changes out of history: what to remove from the log with the commit that makes `state` durable. */
  slice(state: StateDraft, durable: number): number[] {
    const removals: number[] = [];
    const goal = this.#goal(state, durable);
    let shrinking = this.#oversize(state, durable, 1);
    if (goal <= state.swept && !shrinking) return removals;
    const end = performance.now() + SLICE_MS;
    let last = state.swept;
    let read = 0;
    for (const { position, change } of this.#tables.changesAfter(state.swept)) {
      shrinking &&= this.#oversize(state, durable, SHRINK_TO);
      if (revisionOf(position) > durable || (position > goal && !shrinking)) {
        state.swept = Math.max(last, goal);
        return removals;
      }
      if (read++ === SLICE_CHANGES || performance.now() > end) {
        state.swept = last;
        return removals;
      }
      if (change.previousPosition > 0) {
        removals.push(change.previousPosition);
        state.historyBytes -= change.previousBytes;
      }
      if (change.type === 'delete') {
        removals.push(position);
        state.historyBytes -= bytesInFile(Buffer.byteLength(change.key), 0);
      }
      last = position;
      state.compacted = Math.max(state.compacted, revisionOf(position));
    }
    state.swept = Math.max(last, goal);
    return removals;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.stop();
  }

  /** The last position of what is to be forgotten, as far as it is durable. */
  #goal(state: StateDraft, durable: number): number {
    return positionOf(Math.min(state.compacted, durable) + 1, 0) - 1;
  }

  #oversize(state: StateDraft, durable: number, part: number): boolean {
    const allowed = Math.max(this.#minimumBytes, state.liveBytes);
    return state.historyBytes > allowed * part && state.swept < positionOf(durable, 0);
  }
}
