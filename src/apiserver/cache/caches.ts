import { ApiError, errors } from '../../api/errors.ts';
import { type Change, prefixEnd, type Store, type WatchHandle } from '../../store/store.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { ServedResource } from '../core.ts';
import type { Entry } from './entry.ts';
import { WatchCache } from './watch-cache.ts';

/** What a cache must know of a resource. */
export type CachedResource = Pick<ServedResource, 'prefix' | 'strategy'> & {
  readonly data: Pick<ServedResource['data'], 'namespaced'>;
};

/** All objects of the API lie under this prefix, as in Kubernetes. */
const ROOT = '/registry/';
/** How long a read waits for a revision that is not here yet. */
const FRESHNESS_WAIT_MS = 3000;
/** Reads that may wait for a revision at a time. */
const MAX_WAITING = 10_000;

/**
 * The watch caches of all resources. One watch on the store feeds them all, so that one number says how far every
 * cache has come; a cache is read from the store when its resource is first asked for.
 */
export class WatchCaches {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #caches = new Map<string, WatchCache>();
  /** Changes that came while a cache was being read. */
  readonly #loading = new Map<string, { readonly changes: Change[]; readonly done: Promise<WatchCache> }>();
  readonly #waiting = new Set<{ readonly revision: number; readonly wake: () => void }>();
  #revision = 0;
  #started: Promise<void> | undefined;
  #handle: WatchHandle | undefined;
  #closed = false;

  constructor(options: { readonly store: Store; readonly clock: Clock; readonly log: Logger }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Everything up to this revision is in the caches and was handed to the watchers. */
  get revision(): number {
    return this.#revision;
  }

  /** The resource's cache; at once when it was read before. */
  of(resource: CachedResource): WatchCache | Promise<WatchCache> {
    return this.#caches.get(resource.prefix) ?? this.#load(resource);
  }

  /** The cache when it is there: for those who must not wait. */
  peek(prefix: string): WatchCache | undefined {
    return this.#caches.get(prefix);
  }

  /** Waits until the caches hold everything that was acknowledged before the call. */
  async fresh(): Promise<void> {
    if (!this.#started) await this.#start();
    const revision = await this.#store.revision();
    if (revision > this.#revision) await this.atLeast(revision);
  }

  /** Waits until the caches are at the revision; refuses after three seconds, with Kubernetes' words. */
  async atLeast(revision: number): Promise<void> {
    if (!this.#started) await this.#start();
    if (revision <= this.#revision) return;
    if (this.#waiting.size >= MAX_WAITING) throw tooLarge(revision, this.#revision);
    await new Promise<void>((resolve, reject) => {
      const waiting = {
        revision,
        wake: () => {
          timer.stop();
          this.#waiting.delete(waiting);
          resolve();
        },
      };
      const timer = this.#clock.after(FRESHNESS_WAIT_MS, () => {
        this.#waiting.delete(waiting);
        reject(tooLarge(revision, this.#revision));
      });
      this.#waiting.add(waiting);
    });
  }

  /** Drops a resource's cache and ends its watches; the next request reads it again. */
  forget(prefix: string): void {
    const cache = this.#caches.get(prefix);
    this.#caches.delete(prefix);
    if (cache) for (const watcher of [...cache.watchers()]) watcher.end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#started?.catch(() => undefined);
    this.#handle?.stop();
    for (const waiting of [...this.#waiting]) waiting.wake();
    this.#drop(undefined);
  }

  #start(): Promise<void> {
    this.#started ??= this.#follow().catch((error) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  async #follow(): Promise<void> {
    const revision = await this.#store.revision();
    if (this.#closed) throw errors.serviceUnavailable('the server is shutting down');
    this.#revision = revision;
    this.#handle = this.#store.watch(ROOT, prefixEnd(ROOT), revision, {
      changes: (changes) => this.#take(changes),
      progress: (reached) => this.#advance(reached),
      ended: (error) => {
        this.#log.error({ err: error }, 'the watch on the store ended; the caches are read again');
        this.#started = undefined;
        this.#drop(errors.expired(`the watch on the store ended: ${error.message}`));
      },
    });
  }

  /** Forgets all caches; their watchers end. */
  #drop(error: Error | undefined): void {
    const caches = [...this.#caches.values()];
    this.#caches.clear();
    this.#loading.clear();
    for (const cache of caches) for (const watcher of [...cache.watchers()]) watcher.end(error);
  }

  #take(changes: readonly Change[]): void {
    let last = 0;
    for (const change of changes) {
      const { key } = change;
      const slash = key.indexOf('/', ROOT.length) + 1;
      const prefix = key.slice(0, slash);
      const cache = this.#caches.get(prefix);
      if (cache) cache.apply(change);
      else this.#seek(key, prefix, change);
      last = change.revision;
    }
    this.#advance(last);
  }

  /** A resource that is being read, or one whose prefix has two steps ("/registry/services/specs/"). */
  #seek(key: string, prefix: string, change: Change): void {
    if (this.#loading.size > 0) this.#loading.get(prefix)?.changes.push(change);
    const longer = key.slice(0, key.indexOf('/', prefix.length) + 1);
    this.#caches.get(longer)?.apply(change);
    if (this.#loading.size > 0) this.#loading.get(longer)?.changes.push(change);
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    if (this.#waiting.size > 0) {
      for (const waiting of [...this.#waiting]) if (waiting.revision <= revision) waiting.wake();
    }
  }

  #load(resource: CachedResource): Promise<WatchCache> {
    const loading = this.#loading.get(resource.prefix);
    if (loading) return loading.done;
    const changes: Change[] = [];
    const done = this.#read(resource, changes).finally(() => {
      if (this.#loading.get(resource.prefix)?.done === done) this.#loading.delete(resource.prefix);
    });
    this.#loading.set(resource.prefix, { changes, done });
    return done;
  }

  async #read(resource: CachedResource, changes: readonly Change[]): Promise<WatchCache> {
    await this.#start();
    const content = await this.#store.range(resource.prefix, prefixEnd(resource.prefix));
    const select = resource.strategy.selectableFields;
    const cache = new WatchCache(
      { prefix: resource.prefix, namespaced: resource.data.namespaced },
      select ? (entry: Entry) => entry.fields(select) : () => ({}),
      content,
    );
    for (const change of changes) cache.apply(change);
    this.#caches.set(resource.prefix, cache);
    return cache;
  }
}

function tooLarge(revision: number, current: number): ApiError {
  const { status } = errors.timeout(`Too large resource version: ${revision}, current: ${current}`, 1);
  return new ApiError({
    ...status,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      ...status.details,
    },
  });
}
