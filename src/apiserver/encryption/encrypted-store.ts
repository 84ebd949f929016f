import type {
  Change,
  KeyValue,
  Operation,
  RangeOptions,
  RangeResult,
  Store,
  TxnResult,
  WatchHandle,
  WatchSink,
} from '../../store/store.ts';
import { StoreView } from '../../store/store-view.ts';
import type { Logger } from '../../utils/log.ts';
import { turns } from '../../utils/turns.ts';
import type { Opened, Provider } from './provider.ts';

/** What a writer gave to this store along with its value; the value itself need not be decrypted for it. */
class Known {
  readonly store: EncryptedStore;
  readonly value: Buffer;
  readonly decoded: unknown;

  constructor(store: EncryptedStore, value: Buffer, decoded: unknown) {
    this.store = store;
    this.value = value;
    this.decoded = decoded;
  }
}

/**
 * A store whose values are encrypted on disk as an EncryptionConfiguration has it; who reads and watches sees them as
 * they were written. History is encrypted with what was in force when it was written.
 */
export class EncryptedStore extends StoreView {
  readonly #provider: (key: string) => Provider;
  readonly #log: Logger;
  /** Changes that wait for a plugin; a write is not acknowledged before they have been handed over. */
  readonly #waiting = new Set<Promise<void>>();

  /** `provider` tells by whom the value of a key is written, and read, at present. */
  constructor(store: Store, provider: (key: string) => Provider, log: Logger) {
    super(store);
    this.#provider = provider;
    this.#log = log;
  }

  override async get(key: string, revision?: number): Promise<KeyValue | undefined> {
    const found = await this.store.get(key, revision);
    return found && this.#opened(found);
  }

  override async range(start: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    const result = await this.store.range(start, end, options);
    if (options.keysOnly || options.countOnly) return result;
    const items: KeyValue[] = [];
    let began = performance.now();
    for (const item of result.items) {
      const opened = this.#opened(item);
      items.push(opened instanceof Promise ? await opened : opened);
      if (!turns.over(began)) continue;
      await turns.take();
      began = performance.now();
    }
    return { ...result, items };
  }

  override async txn(operations: readonly Operation[]): Promise<TxnResult> {
    const result = await this.store.txn(operations.map((operation) => this.#sealed(operation)));
    if (this.#waiting.size > 0) await Promise.all(this.#waiting);
    if (result.ok) return result;
    const failed = await Promise.all(
      result.failed.map(async ({ key, current }) => ({ key, current: current && (await this.#opened(current)) })),
    );
    return { ...result, failed };
  }

  override watch(start: string, end: string, after: number, sink: WatchSink): WatchHandle {
    /** Resolved when all before has been handed over; undefined when nothing waits. */
    let line: Promise<void> | undefined;
    let stopped = false;
    const fail = (error: unknown) => {
      if (stopped) return;
      stopped = true;
      handle?.stop();
      sink.ended?.(error instanceof Error ? error : new Error(String(error)));
    };
    const wait = (next: Promise<void>) => {
      const step = next.catch(fail).finally(() => {
        this.#waiting.delete(step);
        if (line === step) line = undefined;
      });
      line = step;
      this.#waiting.add(step);
    };
    const inTurn = (run: () => void) => {
      if (line) wait(line.then(() => (stopped ? undefined : run())));
      else run();
    };
    const handle = this.store.watch(start, end, after, {
      changes: (changes) => {
        try {
          const opened = changes.map((change) => this.#openedChange(change));
          const now: Change[] = [];
          for (const change of opened) if (!(change instanceof Promise)) now.push(change);
          if (now.length === opened.length) {
            inTurn(() => sink.changes(now));
            return;
          }
          const before = line;
          wait(
            (async () => {
              const all = await Promise.all(opened);
              await before;
              if (!stopped) sink.changes(all);
            })(),
          );
        } catch (error) {
          fail(error);
        }
      },
      progress: (revision) => inTurn(() => sink.progress?.(revision)),
      ended: (error) => inTurn(() => sink.ended?.(error)),
    });
    return {
      stop() {
        stopped = true;
        handle.stop();
      },
    };
  }

  override async stale(key: string): Promise<boolean> {
    const found = await this.store.get(key);
    if (!found) return false;
    return (await this.#provider(key).decrypt(found.value, key)).stale;
  }

  #sealed(operation: Operation): Operation {
    if (operation.type !== 'put') return operation;
    const { key, value, decoded } = operation;
    const provider = this.#provider(key);
    const data = provider.encrypt(value, key);
    return data === value ? operation : { ...operation, value: data, decoded: new Known(this, value, decoded) };
  }

  #opened(found: KeyValue): KeyValue | Promise<KeyValue> {
    const { key, decoded, value } = found;
    if (decoded instanceof Known && decoded.store === this)
      return { ...found, value: decoded.value, decoded: decoded.decoded };
    const shown = (opened: Opened): KeyValue => (opened.value === value ? found : { ...found, value: opened.value });
    const problem = (error: unknown): never => {
      const why = error instanceof Error ? error.message : String(error);
      this.#log.error({ key, error: why }, 'failed to decrypt data');
      throw new Error(`unable to transform key "${key}": ${why}`);
    };
    try {
      const opened = this.#provider(key).decrypt(value, key);
      return opened instanceof Promise ? opened.then(shown, problem) : shown(opened);
    } catch (error) {
      return problem(error);
    }
  }

  #openedChange(change: Change): Change | Promise<Change> {
    const current = change.current && this.#opened(change.current);
    const previous = this.#openedPrevious(change.previous);
    if (!(current instanceof Promise) && !(previous instanceof Promise)) return { ...change, current, previous };
    return Promise.all([current, previous]).then(([now, before]) => ({ ...change, current: now, previous: before }));
  }

  /** What was before and cannot be read is as good as compacted: the change itself must not be held up by it. */
  #openedPrevious(previous: KeyValue | undefined): KeyValue | undefined | Promise<KeyValue | undefined> {
    if (!previous) return undefined;
    try {
      const opened = this.#opened(previous);
      return opened instanceof Promise ? opened.catch(() => undefined) : opened;
    } catch {
      return undefined;
    }
  }
}
