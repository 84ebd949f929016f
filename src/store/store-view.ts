import type {
  KeyValue,
  Operation,
  RangeOptions,
  RangeResult,
  Store,
  TxnResult,
  WatchHandle,
  WatchSink,
} from './store.ts';

/** A store seen in another way (measured, encrypted, ...): whatever a subclass does not concern itself with is the store's. */
export abstract class StoreView implements Store {
  protected readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  get compactedRevision(): number {
    return this.store.compactedRevision;
  }

  revision(): Promise<number> {
    return this.store.revision();
  }

  get(key: string, revision?: number): Promise<KeyValue | undefined> {
    return this.store.get(key, revision);
  }

  range(start: string, end: string, options?: RangeOptions): Promise<RangeResult> {
    return this.store.range(start, end, options);
  }

  txn(operations: readonly Operation[]): Promise<TxnResult> {
    return this.store.txn(operations);
  }

  watch(start: string, end: string, after: number, sink: WatchSink): WatchHandle {
    return this.store.watch(start, end, after, sink);
  }

  async stale(key: string): Promise<boolean> {
    return (await this.store.stale?.(key)) ?? false;
  }

  compact(revision: number): Promise<void> {
    return this.store.compact(revision);
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
