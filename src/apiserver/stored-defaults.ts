import { createHash } from 'node:crypto';
import { ApiError } from '../api/errors.ts';
import { parseApiVersion } from '../api/resource.ts';
import { deepEqual } from '../schema/equal.ts';
import { isJsonObject } from '../schema/json.ts';
import type { Model } from '../schema/resolve.ts';
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
} from '../store/store.ts';
import { StoreView } from '../store/store-view.ts';
import { turns } from '../utils/turns.ts';
import { skiffVersion } from '../utils/version.ts';
import { storedTexts } from './cache/stored-text.ts';
import { KeyResources } from './key-resources.ts';
import { decodeAs, kindOf } from './registry/body.ts';
import type { Resources } from './resource-table.ts';

/** Beside the objects of the API: which model the newest of them were written with, and since when. */
const KEY = '/skiff/model';

interface ModelRecord {
  /** Tells the model, with all its defaults. */
  readonly hash: string;
  /** What was written up to this revision was written with others. */
  readonly since: number;
}

/** Two milliseconds; most of the model is not resolved for it. */
export function modelHash(model: Model): string {
  return createHash('sha256').update(skiffVersion).update(JSON.stringify(model.groups)).digest('hex');
}

/**
 * Kubernetes fills defaults in, and drops fields that it does not know, whenever it reads what it has stored; Skiff does
 * it when it writes. The two differ for what another version of Skiff wrote, with other defaults: such objects are
 * decoded anew when they are read. The store remembers up to which revision that may be so; where nothing is, the store
 * is answered as it is.
 */
export async function withStoredDefaults(store: Store, resources: Resources, hash: string): Promise<Store> {
  const found = await store.get(KEY);
  const known = found && decodeRecord(found.value);
  if (known?.hash === hash) return known.since > 0 ? new UpgradedStore(store, resources, known.since) : store;
  const revision = await store.revision();
  const fresh = !known && (await store.range('/registry/', '/registry0', { limit: 1, countOnly: true })).count === 0;
  const record: ModelRecord = { hash, since: fresh ? 0 : revision };
  await store.txn([{ type: 'put', key: KEY, value: Buffer.from(JSON.stringify(record)) }]);
  return fresh ? store : new UpgradedStore(store, resources, revision);
}

function decodeRecord(value: Buffer): ModelRecord | undefined {
  const parsed: unknown = JSON.parse(value.toString());
  if (!isJsonObject(parsed)) return undefined;
  const { hash, since } = parsed;
  return typeof hash === 'string' && typeof since === 'number' ? { hash, since } : undefined;
}

/** Shows what was written up to a revision as the present model has it, under the revision that it has. */
class UpgradedStore extends StoreView {
  readonly #resources: Resources;
  readonly #keys: KeyResources;
  readonly #since: number;

  constructor(store: Store, resources: Resources, since: number) {
    super(store);
    this.#resources = resources;
    this.#keys = new KeyResources(resources);
    this.#since = since;
  }

  override async get(key: string, revision?: number): Promise<KeyValue | undefined> {
    return this.#fitted(await this.store.get(key, revision));
  }

  override async range(start: string, end: string, options: RangeOptions = {}): Promise<RangeResult> {
    const result = await this.store.range(start, end, options);
    if (options.keysOnly || options.countOnly) return result;
    const items: KeyValue[] = [];
    let began = performance.now();
    for (const item of result.items) {
      items.push(this.#fitted(item) ?? item);
      if (!turns.over(began)) continue;
      await turns.take();
      began = performance.now();
    }
    return { ...result, items };
  }

  override async txn(operations: readonly Operation[]): Promise<TxnResult> {
    const result = await this.store.txn(operations);
    if (result.ok) return result;
    const failed = result.failed.map(({ key, current }) => ({ key, current: this.#fitted(current) }));
    return { ...result, failed };
  }

  override watch(start: string, end: string, after: number, sink: WatchSink): WatchHandle {
    if (after === 0 || after >= this.#since) return this.store.watch(start, end, after, sink);
    return this.store.watch(start, end, after, {
      changes: (changes) => sink.changes(changes.map((change) => this.#fittedChange(change))),
      progress: (revision) => sink.progress?.(revision),
      ended: (error) => sink.ended?.(error),
    });
  }

  #fittedChange(change: Change): Change {
    const { type, key, revision } = change;
    return { type, key, revision, current: this.#fitted(change.current), previous: this.#fitted(change.previous) };
  }

  #fitted(found: KeyValue | undefined): KeyValue | undefined {
    if (!found || found.modRevision > this.#since) return found;
    const served = this.#keys.of(found.key);
    // Custom resources are fitted to their definitions when they are shown.
    if (!served || served.custom) return found;
    const object: unknown = JSON.parse(found.value.toString());
    if (!isJsonObject(object)) return found;
    const { group = '', version = '' } = parseApiVersion(String(object.apiVersion)) ?? {};
    const written = this.#resources.find(group, version, served.data.resource);
    if (!written) return found;
    try {
      const fitted = decodeAs(kindOf(written), object, found.key).object;
      if (deepEqual(fitted, object)) return found;
      return { ...found, value: Buffer.from(storedTexts(fitted).join('')) };
    } catch (error) {
      // What the present model cannot read at all is shown as it is: one object must not hide all others.
      if (error instanceof ApiError) return found;
      throw error;
    }
  }
}
