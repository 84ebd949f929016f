import { type Clock, realClock, type Timer } from '../utils/clock.ts';
import { type Logger, silent } from '../utils/log.ts';
import { compareKeys } from './keys.ts';
import { checkOperations } from './operations.ts';
import {
  type Change,
  CompactedError,
  type FailedCondition,
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

/** What a key was at a revision; without `value` it was deleted there. */
interface Version {
  readonly revision: number;
  readonly value?: KeyValue;
}

/** The store in plain objects, for tests: nothing survives the process. */
export class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #watchers: Watchers;
  /** All keys with any version, in byte order. */
  readonly #keys: string[] = [];
  /** A key's versions, oldest first. */
  readonly #versions = new Map<string, Version[]>();
  #log: Change[] = [];
  readonly #expiries = new Map<string, Timer>();
  #revision = 1;
  #compacted = 0;
  #closed = false;

  constructor(options: { clock?: Clock; log?: Logger } = {}) {
    this.#clock = options.clock ?? realClock;
    const store = this;
    this.#watchers = new Watchers(
      {
        get revision() {
          return store.#revision;
        },
        get compactedRevision() {
          return store.#compacted;
        },
        changesAfter: (after) => ({ changes: store.#log.filter((c) => c.revision > after), upTo: store.#revision }),
      },
      options.log ?? silent,
    );
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  async revision(): Promise<number> {
    return this.#revision;
  }

  async get(key: string, revision = 0): Promise<KeyValue | undefined> {
    this.#checkRevision(revision);
    return this.#at(key, revision || this.#revision);
  }

  async range(start: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#checkRevision(options.revision ?? 0);
    const revision = options.revision || this.#revision;
    const items: KeyValue[] = [];
    let count = 0;
    for (let i = this.#find(start); i < this.#keys.length; i++) {
      const key = this.#keys[i];
      if (key === undefined || compareKeys(key, end) >= 0) break;
      const value = this.#at(key, revision);
      if (!value) continue;
      count++;
      if (options.countOnly || (options.limit && items.length >= options.limit)) continue;
      items.push(options.keysOnly ? { ...value, value: EMPTY, decoded: undefined } : value);
    }
    return { items, count, revision };
  }

  async txn(operations: readonly Operation[]): Promise<TxnResult> {
    checkOperations(operations);
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
    const failed: FailedCondition[] = [];
    for (const operation of operations) {
      const current = this.#at(operation.key, this.#revision);
      if (operation.expect !== undefined && operation.expect !== (current?.modRevision ?? 0)) {
        failed.push({ key: operation.key, current });
      }
    }
    if (failed.length > 0) return { ok: false, revision: this.#revision, failed };

    const revision = this.#revision + 1;
    const changes: Change[] = [];
    for (const operation of operations) {
      if (operation.type === 'check') continue;
      const { key } = operation;
      const previous = this.#at(key, this.#revision);
      if (operation.type === 'delete') {
        if (previous) changes.push({ type: 'delete', key, revision, previous });
        continue;
      }
      const current: KeyValue = {
        key,
        value: operation.value,
        createRevision: previous?.createRevision ?? revision,
        modRevision: revision,
        version: (previous?.version ?? 0) + 1,
        ...(operation.decoded !== undefined && { decoded: operation.decoded }),
      };
      changes.push({ type: 'put', key, revision, current, ...(previous && { previous }) });
    }
    if (changes.length > 0) {
      for (const change of changes) this.#record(change);
      for (const operation of operations) this.#schedule(operation, revision);
      this.#revision = revision;
      this.#watchers.deliver(changes, revision);
    }
    return { ok: true, revision: this.#revision };
  }

  watch(start: string, end: string, after: number, sink: WatchSink): WatchHandle {
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
    return this.#watchers.add(start, end, after, sink);
  }

  async compact(revision: number): Promise<void> {
    this.#checkRevision(revision);
    if (revision <= this.#compacted) throw new CompactedError(this.#compacted);
    this.#compacted = revision;
    this.#log = this.#log.filter((c) => c.revision > revision);
    for (const [key, versions] of this.#versions) {
      const newest = versions.findLastIndex((v) => v.revision <= revision);
      if (newest < 0) continue;
      versions.splice(0, versions[newest]?.value ? newest : newest + 1);
      if (versions.length > 0) continue;
      this.#versions.delete(key);
      this.#keys.splice(this.#find(key), 1);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#expiries.values()) timer.stop();
    this.#expiries.clear();
    this.#watchers.close(new StoreUnavailableError('the store is closed'));
  }

  #checkRevision(revision: number): void {
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
    if (revision > this.#revision) throw new FutureRevisionError(this.#revision);
    if (revision > 0 && revision < this.#compacted) throw new CompactedError(this.#compacted);
  }

  #at(key: string, revision: number): KeyValue | undefined {
    return this.#versions.get(key)?.findLast((v) => v.revision <= revision)?.value;
  }

  /** The index of the first key that is not before `key`. */
  #find(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] ?? '', key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #record(change: Change): void {
    let versions = this.#versions.get(change.key);
    if (!versions) {
      versions = [];
      this.#versions.set(change.key, versions);
      this.#keys.splice(this.#find(change.key), 0, change.key);
    }
    versions.push({ revision: change.revision, ...(change.current && { value: change.current }) });
    this.#log.push(change);
  }

  #schedule(operation: Operation, revision: number): void {
    if (operation.type === 'check') return;
    const { key } = operation;
    this.#expiries.get(key)?.stop();
    this.#expiries.delete(key);
    if (operation.type === 'put' && operation.ttlSeconds !== undefined) {
      const expire = () => void this.txn([{ type: 'delete', key, expect: revision }]);
      this.#expiries.set(key, this.#clock.after(operation.ttlSeconds * 1000, expire));
    }
  }
}
