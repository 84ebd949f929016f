import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import { Slab } from '../utils/slab.ts';
import { compareKeys, inRange } from './keys.ts';
import { Batch, type StateDraft } from './lmdb-batch.ts';
import { damaged, keyValue, LoggedChange, Turn } from './lmdb-changes.ts';
import { Expiry } from './lmdb-expiry.ts';
import { History } from './lmdb-history.ts';
import {
  bytesInFile,
  encodeLog,
  type IndexRecord,
  type LogRecord,
  positionOf,
  revisionOf,
  type State,
} from './lmdb-records.ts';
import { Tables } from './lmdb-tables.ts';
import { checkOperations, tooLong } from './operations.ts';
import {
  type Change,
  CompactedError,
  FutureRevisionError,
  type KeyValue,
  type Operation,
  type RangeOptions,
  type RangeResult,
  type Store,
  StoreUnavailableError,
  type TxnResult,
  type WatchHandle,
  type WatchSink,
} from './store.ts';
import { Watchers } from './watchers.ts';

const EMPTY = Buffer.alloc(0);
/** Writes that wait for the disk, at most. */
const MOST_WAITING = 20_000;
const MOST_WAITING_BYTES = 256 * 1024 * 1024;
/** A watch that catches up is handed so many changes at a time. */
const CATCH_UP_CHANGES = 1000;

export interface LmdbOptions {
  /** A directory of its own; made with mode 0700. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long replaced and deleted values can still be read. */
  readonly historyMs?: number;
  /** History may take this much, or as much as the live data where that is more. */
  readonly historyBytes?: number;
}

/**
 * The embedded store. Transactions are judged at once against what is durable and what is on its way, and committed
 * in batches, one after the other: while one batch goes to disk the next one collects. Nobody sees a write, or an
 * answer that rests on it, before it is durable. See README.md and, for the file, lmdb-tables.ts.
 */
export class LmdbStore implements Store {
  readonly #tables: Tables;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #watchers: Watchers;
  readonly #history: History;
  readonly #expiry: Expiry;
  /** For records until they are in the file. */
  readonly #memory = new Slab();
  #durable: State;
  /** As it will be when everything on its way is durable. */
  #next: StateDraft;
  #collecting: Batch | undefined;
  #committing: Batch | undefined;
  #scheduled = false;
  /** Resolves when the loop of commits is idle. */
  #idle: Promise<void> = Promise.resolve();
  #closed = false;

  /** Throws StoreUnavailableError where another process has the store open, naming it. */
  static async open(options: LmdbOptions): Promise<LmdbStore> {
    const tables = new Tables(options.path);
    try {
      const state = tables.loadState() ?? {
        revision: 1,
        compacted: 0,
        swept: positionOf(1, 0),
        historyBytes: 0,
        liveBytes: 0,
      };
      return new LmdbStore(tables, state, options);
    } catch (error) {
      await tables.close();
      throw error;
    }
  }

  private constructor(tables: Tables, state: State, options: LmdbOptions) {
    this.#tables = tables;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#durable = state;
    this.#next = { ...state };
    const store = this;
    this.#watchers = new Watchers(
      {
        get revision() {
          return store.#durable.revision;
        },
        get compactedRevision() {
          return store.#next.compacted;
        },
        changesAfter: (after, start, end) => store.#changesAfter(after, start, end),
      },
      options.log,
    );
    this.#history = new History(tables, options.clock, {
      historyMs: options.historyMs ?? 300_000,
      minimumBytes: options.historyBytes ?? 64 * 1024 * 1024,
      onDue: () => this.#expireHistory(),
    });
    this.#expiry = new Expiry(tables, options.clock, (operations) => this.txn(operations));
    if (this.#history.due(this.#next, state.revision)) this.#schedule();
  }

  get compactedRevision(): number {
    return this.#next.compacted;
  }

  async revision(): Promise<number> {
    return this.#durable.revision;
  }

  async get(key: string, revision = 0): Promise<KeyValue | undefined> {
    this.#checkRevision(revision);
    if (revision > 0 && revision < this.#durable.revision) {
      return (await this.range(key, `${key}\0`, { revision })).items[0];
    }
    return this.#read(key, this.#tables.entry(key));
  }

  async range(start: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#checkRevision(options.revision ?? 0);
    const newest = this.#durable.revision;
    const revision = options.revision || newest;
    if (tooLong(start)) return { items: [], count: 0, revision };
    using read = this.#tables.pin();
    const turn = new Turn();
    const changed =
      revision === newest ? new Map<string, number>() : await this.#since(revision, start, end, read, turn);
    if (options.countOnly && changed.size === 0) {
      return { items: [], count: this.#tables.count(start, end, read), revision };
    }
    // What changed since `revision`, as it was then, merged into what did not change.
    const past = [...changed].filter(([, position]) => position > 0).sort(([a], [b]) => compareKeys(a, b));
    const items: KeyValue[] = [];
    const limit = options.limit || Number.POSITIVE_INFINITY;
    let count = 0;
    const take = (key: string, position: number, record: IndexRecord | undefined) => {
      if (count++ >= limit || options.countOnly) return;
      const change = record ?? this.#tables.change(position, read);
      if (!change) throw damaged(key, position);
      const value = options.keysOnly ? EMPTY : this.#value(key, position, read);
      items.push(keyValue(key, position, change, value));
    };
    let next = 0;
    for (const { key, record } of this.#tables.entries(start, end, read)) {
      if (count >= limit && changed.size === 0) {
        return { items, count: this.#tables.count(start, end, read), revision };
      }
      for (let p = past[next]; p && compareKeys(p[0], key) < 0; p = past[++next]) take(p[0], p[1], undefined);
      if (!changed.has(key)) take(key, record.position, record);
      if (turn.over()) await this.#pass(turn);
    }
    for (const [key, position] of past.slice(next)) take(key, position, undefined);
    return { items, count, revision };
  }

  async txn(operations: readonly Operation[]): Promise<TxnResult> {
    checkOperations(operations);
    this.#checkOpen();
    const records = new Array<IndexRecord | undefined>(operations.length);
    const failed: string[] = [];
    let changes = false;
    let onItsWay = false;
    for (const [i, operation] of operations.entries()) {
      const pending = this.#pending(operation.key);
      const record = pending ? pending.index.get(operation.key) : this.#tables.entry(operation.key);
      records[i] = record;
      onItsWay ||= pending !== undefined;
      if (operation.expect !== undefined && operation.expect !== (record ? revisionOf(record.position) : 0)) {
        failed.push(operation.key);
      }
      changes ||= operation.type === 'put' || (operation.type === 'delete' && record !== undefined);
    }
    if (failed.length > 0 || !changes) {
      const answer = (): TxnResult => {
        const { revision } = this.#durable;
        if (failed.length === 0) return { ok: true, revision };
        const current = failed.map((key) => ({ key, current: this.#read(key, this.#tables.entry(key)) }));
        return { ok: false, revision, failed: current };
      };
      const batch = this.#collecting ?? this.#committing;
      return onItsWay && batch ? batch.wait(answer) : answer();
    }
    return this.#write(operations, records);
  }

  watch(start: string, end: string, after: number, sink: WatchSink): WatchHandle {
    this.#checkOpen();
    return this.#watchers.add(start, end, after, sink);
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    if (revision > this.#durable.revision) throw new FutureRevisionError(this.#durable.revision);
    if (revision <= this.#next.compacted) throw new CompactedError(this.#next.compacted);
    this.#next.compacted = revision;
    this.#collecting ??= new Batch();
    this.#schedule();
    await this.#collecting.wait(() => undefined);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#expiry.close();
    this.#history.close();
    await this.#idle;
    this.#watchers.close(new StoreUnavailableError('the store is closed'));
    // Reads that gave others a turn find the store closed, and let go of their snapshots, before the file goes.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#tables.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
  }

  #checkRevision(revision: number): void {
    this.#checkOpen();
    if (revision > this.#durable.revision) throw new FutureRevisionError(this.#durable.revision);
    if (revision > 0 && revision < this.#next.compacted) throw new CompactedError(this.#next.compacted);
  }

  /** Lets others have a turn in the middle of a read. */
  async #pass(turn: Turn): Promise<void> {
    await turn.pass();
    this.#checkOpen();
  }

  /** The batch that has the newest word on a key which is not durable yet. */
  #pending(key: string): Batch | undefined {
    if (this.#collecting?.index.has(key)) return this.#collecting;
    return this.#committing?.index.has(key) ? this.#committing : undefined;
  }

  #read(key: string, record: IndexRecord | undefined): KeyValue | undefined {
    return record && keyValue(key, record.position, record, this.#value(key, record.position));
  }

  #value(key: string, position: number, read?: ReturnType<Tables['pin']>): Buffer {
    const value = this.#tables.value(position, read);
    if (!value) throw damaged(key, position);
    return value;
  }

  #write(operations: readonly Operation[], records: readonly (IndexRecord | undefined)[]): Promise<TxnResult> {
    this.#collecting ??= new Batch();
    const batch = this.#collecting;
    if (batch.waiting >= MOST_WAITING || batch.bytes >= MOST_WAITING_BYTES) {
      throw new StoreUnavailableError('too many writes wait for the disk');
    }
    const state = this.#next;
    const revision = ++state.revision;
    for (const [i, operation] of operations.entries()) {
      const previous = records[i];
      if (operation.type === 'check' || (operation.type === 'delete' && !previous)) continue;
      const { key, type } = operation;
      const position = positionOf(revision, i);
      const value = operation.type === 'put' ? operation.value : EMPTY;
      const change: LogRecord = {
        type,
        key,
        createRevision: previous?.createRevision ?? revision,
        version: type === 'put' ? (previous?.version ?? 0) + 1 : 0,
        previousPosition: previous?.position ?? 0,
        previousBytes: previous?.bytes ?? 0,
        value,
      };
      const encoded = encodeLog(change, this.#memory);
      const bytes = bytesInFile(Buffer.byteLength(key), value.length);
      batch.log.push([position, encoded]);
      batch.bytes += encoded.length;
      state.liveBytes -= change.previousBytes;
      state.historyBytes += change.previousBytes;
      if (previous?.expires) batch.expiry.push([[previous.expires, previous.position], undefined]);
      if (operation.type === 'delete') {
        state.historyBytes += bytes;
        batch.index.set(key, undefined);
        batch.changes.push(new LoggedChange(this.#tables, position, change, undefined));
        continue;
      }
      state.liveBytes += bytes;
      const expires =
        operation.ttlSeconds === undefined ? 0 : this.#clock.now() + Math.ceil(operation.ttlSeconds * 1000);
      if (expires > 0) {
        batch.expiry.push([[expires, position], key]);
      }
      const { createRevision, version } = change;
      batch.index.set(key, { position, createRevision, version, expires, bytes });
      batch.changes.push(new LoggedChange(this.#tables, position, change, operation.decoded));
    }
    this.#schedule();
    return batch.wait(() => ({ ok: true, revision }));
  }

  /** Starts the loop of commits, after the transactions of this turn. */
  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    this.#idle = new Promise((resolve) => {
      setImmediate(async () => {
        while (this.#collecting || (!this.#closed && this.#history.due(this.#next, this.#durable.revision))) {
          const batch = this.#collecting ?? new Batch();
          // A full disk has room again once history is compacted, so that is tried without the writes.
          if (!(await this.#commit(batch)) && batch.log.length === 0) break;
        }
        this.#scheduled = false;
        resolve();
      });
    });
  }

  /** Whether the batch, and a slice of compaction with it, is durable. */
  async #commit(batch: Batch): Promise<boolean> {
    this.#collecting = undefined;
    this.#committing = batch;
    let state: State;
    let times: ReturnType<History['sample']>;
    try {
      const logRemovals = this.#history.slice(this.#next, this.#durable.revision);
      times = this.#history.sample(this.#next.revision);
      state = { ...this.#next };
      const { index, log, expiry } = batch;
      await this.#tables.commit({ index, log, expiry, logRemovals, times, state });
    } catch (error) {
      this.#undo(batch, error instanceof Error ? error : new Error(String(error)));
      return false;
    }
    this.#durable = state;
    this.#committing = undefined;
    this.#history.sampled(times);
    for (const [[time], target] of batch.expiry) if (target !== undefined) this.#expiry.arm(time);
    this.#watchers.deliver(batch.changes, state.revision);
    batch.settle();
    return true;
  }

  /** Nothing of the batch happened, so what was judged upon it did not either. */
  #undo(batch: Batch, error: Error): void {
    this.#log.error({ err: error, writes: batch.waiting }, 'the store cannot write');
    const next = this.#collecting;
    this.#collecting = undefined;
    this.#committing = undefined;
    this.#next = { ...this.#durable };
    this.#history.failed();
    batch.fail(error);
    next?.fail(error);
  }

  #expireHistory(): void {
    this.#history.expire(this.#next);
    this.#schedule();
  }

  /** For each key of the range that changed after a revision: the position of what it was at that revision, or 0. */
  async #since(
    revision: number,
    start: string,
    end: string,
    read: ReturnType<Tables['pin']>,
    turn: Turn,
  ): Promise<Map<string, number>> {
    const changed = new Map<string, number>();
    for (const { change } of this.#tables.changesAfter(positionOf(revision + 1, 0) - 1, read)) {
      if (!changed.has(change.key) && inRange(change.key, start, end)) changed.set(change.key, change.previousPosition);
      if (turn.over()) await this.#pass(turn);
    }
    return changed;
  }

  #changesAfter(after: number, start: string, end: string): { changes: Change[]; upTo: number } {
    const changes: Change[] = [];
    const turn = new Turn();
    let upTo = after;
    for (const { position, change } of this.#tables.changesAfter(positionOf(after + 1, 0) - 1)) {
      const revision = revisionOf(position);
      if (revision !== upTo && (changes.length >= CATCH_UP_CHANGES || turn.over())) return { changes, upTo };
      upTo = revision;
      if (!inRange(change.key, start, end)) continue;
      const value = change.type === 'put' ? this.#value(change.key, position) : EMPTY;
      changes.push(new LoggedChange(this.#tables, position, { ...change, value }, undefined));
    }
    return { changes, upTo: this.#durable.revision };
  }
}
