/**
 * The store contract: etcd's model. One sequence of revisions; each key has a value, the revision that made it, the
 * revision that last changed it and a count of its changes. Every driver passes `store.conformance.ts`.
 *
 * Guarantees a driver gives:
 *  - A write's promise resolves after the write is durable, and after every watcher in this process was handed it.
 *  - Revisions only grow, by one a transaction, and never repeat, whatever crashes.
 *  - Reads see every acknowledged write of this process and never one that is not durable.
 *  - A watcher sees each change once, in order of revision, with none left out.
 */
export interface Store {
  /** The newest revision that a read started now must see. */
  revision(): Promise<number>;
  get(key: string, revision?: number): Promise<KeyValue | undefined>;
  /** Keys in [start, end), in byte order. Throws `CompactedError` for a revision that is compacted. */
  range(start: string, end: string, options?: RangeOptions): Promise<RangeResult>;
  /** All operations or none, at one revision. The same key may not occur twice. */
  txn(operations: readonly Operation[]): Promise<TxnResult>;
  /**
   * Hands over every change of keys in [start, end) after revision `after` (0: from now). The sink is called
   * synchronously with batches of changes of whole revisions. Throws `CompactedError` when `after` is compacted.
   */
  watch(start: string, end: string, after: number, sink: WatchSink): WatchHandle;
  /**
   * Whether the value would be written otherwise today although it is the same (encrypted with another key): an update
   * that changes nothing is a write then. Absent: never.
   */
  stale?(key: string): Promise<boolean>;
  /** Forgets what was replaced or deleted at or before the revision. */
  compact(revision: number): Promise<void>;
  /** The oldest revision whose state can still be read. */
  readonly compactedRevision: number;
  close(): Promise<void>;
}

export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 1 when created, one more with each change. */
  readonly version: number;
  /** What the writer gave along with the value, when this process wrote it; a cache, never persisted. */
  readonly decoded?: unknown;
}

export interface RangeOptions {
  /** Read the state as of this revision; absent or 0 means the newest. */
  readonly revision?: number;
  /** At most so many; 0 means all. */
  readonly limit?: number;
  /** Leave values out (they are empty). */
  readonly keysOnly?: boolean;
  /** Only count. */
  readonly countOnly?: boolean;
}

export interface RangeResult {
  readonly items: readonly KeyValue[];
  /** How many keys the whole range has, whatever the limit. */
  readonly count: number;
  /** The revision that was read. */
  readonly revision: number;
}

export type Operation = PutOperation | DeleteOperation | CheckOperation;

export interface PutOperation {
  readonly type: 'put';
  readonly key: string;
  readonly value: Buffer;
  /** The key's modRevision must be this (0: the key must not exist); absent: whatever it is. */
  readonly expect?: number;
  /** The key is deleted, by a revision of its own, so many seconds after this write. */
  readonly ttlSeconds?: number;
  /** Handed to watchers in this process with the value; see KeyValue.decoded. */
  readonly decoded?: unknown;
}

export interface DeleteOperation {
  readonly type: 'delete';
  readonly key: string;
  readonly expect?: number;
}

/** Only a condition: the key's modRevision is `expect`. */
export interface CheckOperation {
  readonly type: 'check';
  readonly key: string;
  readonly expect: number;
}

export type TxnResult =
  | { readonly ok: true; readonly revision: number }
  /** A condition did not hold; what the keys of the failed conditions hold now, in the order of the operations. */
  | { readonly ok: false; readonly revision: number; readonly failed: readonly FailedCondition[] };

export interface FailedCondition {
  readonly key: string;
  readonly current: KeyValue | undefined;
}

export interface Change {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly revision: number;
  /** The new state; absent for a delete. */
  readonly current?: KeyValue;
  /** The state before; absent where the key was not there, or where that state is already compacted. */
  readonly previous?: KeyValue;
}

export interface WatchSink {
  changes(changes: readonly Change[]): void;
  /** Nothing up to this revision is still to come. Called on request and now and then when there are no changes. */
  progress?(revision: number): void;
  /** The watch ended and cannot go on (compacted, connection lost for good). */
  ended?(error: Error): void;
}

export interface WatchHandle {
  stop(): void;
}

/** The revision asked for is compacted. */
export class CompactedError extends Error {
  readonly compactedRevision: number;
  constructor(compactedRevision: number) {
    super(`required revision has been compacted; the oldest is ${compactedRevision}`);
    this.name = 'CompactedError';
    this.compactedRevision = compactedRevision;
  }
}

/** The revision asked for is not reached yet. */
export class FutureRevisionError extends Error {
  readonly currentRevision: number;
  constructor(currentRevision: number) {
    super(`required revision is a future revision; the newest is ${currentRevision}`);
    this.name = 'FutureRevisionError';
    this.currentRevision = currentRevision;
  }
}

/** The driver cannot write (disk full, file damaged, connection lost); nothing of the transaction happened. */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
}

/** The end of the range of all keys that start with `prefix`. */
export function prefixEnd(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}
