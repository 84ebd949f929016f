import { ApiError, errors } from '../../api/errors.ts';
import { apiVersionOf, type KubeObject } from '../../api/resource.ts';
import { CompactedError, type Store } from '../../store/store.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { turns } from '../../utils/turns.ts';
import type {
  CoreWatch,
  CoreWatchSink,
  ListParameters,
  ServedResource,
  Stored,
  StoredList,
  WatchParameters,
} from '../core.ts';
import type { WatchCaches } from './caches.ts';
import { type ContinueToken, decodeContinue, encodeContinue, expiredContinue } from './continue-token.ts';
import { Entry } from './entry.ts';
import { CacheEvent } from './event.ts';
import { listRevision, readRevision, validateListOptions } from './resource-version.ts';
import { compileSelection, type Selection } from './selection.ts';
import type { WatchCache } from './watch-cache.ts';
import { Watcher } from './watcher.ts';

/** How often a watch that allows bookmarks gets one. */
const BOOKMARK_MS = 60_000;
/** How long before its end a watch gets its last one, so that the next can go on from near there. */
const LAST_BOOKMARK_MS = 2_000;
/** A watch without timeoutSeconds lasts this long, and up to twice as long, so that not all end together. */
const SHORTEST_WATCH_MS = 30 * 60_000;

/** Objects that a selector judges before others have their turn on the event loop. */
const JUDGED_IN_A_TURN = 100;

/** What a reader sees of an entry where that is not the entry itself: another version of the kind. */
export type View = (entry: Entry) => Stored;

export interface ReaderOptions {
  readonly store: Store;
  readonly caches: WatchCaches;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1). */
  readonly random: () => number;
}

interface Bookmarked {
  readonly watcher: Watcher;
  readonly resource: ServedResource;
  /** How far the watch has been told everything. */
  readonly reached: () => number;
}

/** Gets, lists and watches, with what resourceVersion, limit, continue and selectors mean for them. */
export class Reader {
  readonly #store: Store;
  readonly #caches: WatchCaches;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #bookmarked = new Set<Bookmarked>();
  #bookmarkTimer: Timer | undefined;

  constructor(options: ReaderOptions) {
    this.#store = options.store;
    this.#caches = options.caches;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#random = options.random;
  }

  /** The object; "" or absent resourceVersion: with every write acknowledged before, else not older than that. */
  async get(
    resource: ServedResource,
    namespace: string,
    name: string,
    resourceVersion?: string,
  ): Promise<Entry | undefined> {
    const revision = readRevision(resourceVersion);
    if (revision === undefined) await this.#caches.fresh();
    else if (revision > 0) await this.#caches.atLeast(revision);
    const cache = await this.#caches.of(resource);
    return cache.get(cache.key(namespace, name));
  }

  /** `name` narrows the list to that object, as a field selector would. */
  async list(
    resource: ServedResource,
    namespace: string,
    name: string,
    parameters: ListParameters,
    view?: View,
  ): Promise<StoredList> {
    validateListOptions(parameters, false);
    const selection = compileSelection(resource, namespace, name, parameters);
    const { resourceVersion } = parameters;
    // "0" is answered whole: what reads at any revision wants a list, not pages.
    const limit = resourceVersion === '0' ? 0 : (parameters.limit ?? 0);
    const prefix = this.#listPrefix(resource, namespace);
    const token = parameters.continue ? decodeContinue(parameters.continue, prefix) : undefined;
    if (token && resourceVersion && resourceVersion !== '0') {
      throw errors.badRequest('specifying resource version is not allowed when using continue');
    }
    const revision = listRevision(resourceVersion);
    const page = token
      ? await this.#page(resource, namespace, selection, token, limit)
      : await this.#firstPage(resource, namespace, selection, revision, limit, parameters.resourceVersionMatch);
    const items = view ? shown(page.entries, view) : page.entries;
    return {
      resource,
      items,
      resourceVersion: String(page.revision),
      ...(page.next !== undefined && {
        continue: encodeContinue({ revision: page.revision, start: page.next }, prefix),
      }),
      ...(page.next !== undefined && selection.all && { remainingItemCount: page.remaining }),
    };
  }

  async #firstPage(
    resource: ServedResource,
    namespace: string,
    selection: Selection,
    revision: number | undefined,
    limit: number,
    match: string | undefined,
  ): Promise<Page> {
    if (revision === undefined) await this.#caches.fresh();
    else if (revision > 0) await this.#caches.atLeast(revision);
    const cache = await this.#caches.of(resource);
    const exact = revision !== undefined && revision > 0 && (match === 'Exact' || (!match && limit > 0));
    const [start, end] = cache.bounds(selection.namespace ?? namespace);
    if (exact) return this.#at(cache, start, end, selection, revision, limit);
    return fromCache(cache, start, end, selection, limit, this.#revisionOf(cache));
  }

  async #page(
    resource: ServedResource,
    namespace: string,
    selection: Selection,
    token: ContinueToken,
    limit: number,
  ): Promise<Page> {
    if (token.revision < 0) await this.#caches.fresh();
    else await this.#caches.atLeast(token.revision);
    const cache = await this.#caches.of(resource);
    const [, end] = cache.bounds(namespace);
    if (token.revision < 0) return fromCache(cache, token.start, end, selection, limit, this.#revisionOf(cache));
    try {
      return await this.#at(cache, token.start, end, selection, token.revision, limit);
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'Expired') {
        throw expiredContinue(token.start, this.#listPrefix(resource, namespace));
      }
      throw error;
    }
  }

  /**
   * The state as of a revision: from the cache while nothing changed since, else from the store's history. A revision
   * that is compacted is refused either way: pages must end some time, however quiet their collection.
   */
  async #at(
    cache: WatchCache,
    start: string,
    end: string,
    selection: Selection,
    revision: number,
    limit: number,
  ): Promise<Page> {
    if (revision < this.#store.compactedRevision) throw tooOld();
    if (cache.since(revision)?.length === 0) return fromCache(cache, start, end, selection, limit, revision);
    const entries: Entry[] = [];
    const chunk = limit > 0 ? Math.max(limit, selection.all ? 0 : 500) : 0;
    let from = start;
    for (;;) {
      const range = await this.#store.range(from, end, { revision, limit: chunk }).catch((error: unknown) => {
        throw error instanceof CompactedError ? tooOld() : error;
      });
      for (const [i, kv] of range.items.entries()) {
        const cached = cache.get(kv.key);
        const entry = cached?.revision === kv.modRevision ? cached : Entry.fromStore(kv);
        if (selection.matches(entry)) entries.push(entry);
        const remaining = range.count - i - 1;
        if (limit > 0 && entries.length === limit && remaining > 0) {
          return { entries, revision, next: `${kv.key}\0`, remaining };
        }
      }
      const last = range.items.at(-1);
      if (!last || range.items.length === range.count) return { entries, revision, next: undefined, remaining: 0 };
      from = `${last.key}\0`;
    }
  }

  /** What a cache holds is the state at this revision. */
  #revisionOf(cache: WatchCache): number {
    return Math.max(this.#caches.revision, cache.loadedAt);
  }

  #listPrefix(resource: ServedResource, namespace: string): string {
    return resource.data.namespaced && namespace !== '' ? `${resource.prefix}${namespace}/` : resource.prefix;
  }

  /**
   * https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch : from "" or "0" the present state
   * comes first as ADDED events; from a revision every event after it, however long ago as the store remembers.
   */
  async watch(
    resource: ServedResource,
    namespace: string,
    name: string,
    parameters: WatchParameters,
    sink: CoreWatchSink,
    view?: View,
    signal?: AbortSignal,
  ): Promise<CoreWatch> {
    validateListOptions(parameters, true);
    const selection = compileSelection(resource, namespace, name, parameters);
    const revision = readRevision(parameters.resourceVersion);
    const initial = parameters.sendInitialEvents ?? (revision === undefined || revision === 0);
    if (revision === undefined) await this.#caches.fresh();
    else if (initial && revision > 0) await this.#caches.atLeast(revision);
    const cache = await this.#caches.of(resource);
    // From here to the end everything happens in one turn, so that no event is lost or doubled.
    const now = this.#revisionOf(cache);
    const fromNow = initial || revision === undefined || revision === 0;
    const recent = fromNow ? [] : cache.since(revision);
    const cleanups: (() => void)[] = [];
    const watched = selection.namespace ?? namespace;
    const [start, end] = cache.bounds(watched);
    const watcher = new Watcher({
      selection,
      namespace: watched,
      prefix: start,
      sink,
      after: fromNow ? now : revision,
      view,
      onEnd: () => {
        for (const cleanup of cleanups) cleanup();
      },
      onFault: (error) => this.#log.error({ err: error, resource: resource.data.resource }, 'a watch handler threw'),
    });
    if (recent) {
      cleanups.push(() => cache.remove(watcher));
      cache.add(watcher);
      const state = initial ? cache.range(start, end).filter((entry) => selection.matches(entry)) : [];
      watcher.begin(state, recent);
    } else this.#watchHistory(cache, watcher, start, end, revision ?? 0, cleanups);
    if (parameters.allowWatchBookmarks && !watcher.ended) {
      const reached = recent ? () => this.#revisionOf(cache) : () => watcher.revision;
      // Who asks for bookmarks and for the present state in the old way is told where it ends, too.
      if (parameters.sendInitialEvents ?? initial) watcher.bookmark(bookmark(resource, now, true));
      const bookmarked: Bookmarked = { watcher, resource, reached };
      this.#bookmarked.add(bookmarked);
      cleanups.push(() => this.#bookmarked.delete(bookmarked));
      this.#armBookmarks();
    }
    this.#limitTime(watcher, resource, parameters, cleanups, recent ? () => this.#revisionOf(cache) : undefined);
    if (signal) {
      const abort = () => watcher.stop();
      if (signal.aborted) abort();
      else {
        signal.addEventListener('abort', abort, { once: true });
        cleanups.push(() => signal.removeEventListener('abort', abort));
      }
    }
    if (watcher.ended) for (const cleanup of cleanups) cleanup();
    return watcher;
  }

  /** A watch from before the cache's memory: served by a watch of its own on the store. */
  #watchHistory(
    cache: WatchCache,
    watcher: Watcher,
    start: string,
    end: string,
    after: number,
    cleanups: (() => void)[],
  ): void {
    const tooOld = (error: Error): Error =>
      error instanceof CompactedError
        ? errors.expired(`too old resource version: ${after} (${error.compactedRevision})`)
        : error;
    try {
      const handle = this.#store.watch(start, end, after, {
        changes: (changes) => {
          for (const { key, revision, current, previous } of changes) {
            if (!current && !previous) {
              watcher.end(errors.expired(`too old resource version: ${after} (${revision})`));
              return;
            }
            const cached = cache.get(key);
            const entry = current && (cached?.revision === revision ? cached : Entry.fromStore(current));
            watcher.deliver(new CacheEvent(key, revision, entry, previous && Entry.fromStore(previous)));
            watcher.advance(revision);
          }
        },
        ended: (error) => watcher.end(tooOld(error)),
      });
      cleanups.push(() => handle.stop());
    } catch (error) {
      throw error instanceof Error ? tooOld(error) : error;
    }
  }

  #limitTime(
    watcher: Watcher,
    resource: ServedResource,
    parameters: WatchParameters,
    cleanups: (() => void)[],
    reached: (() => number) | undefined,
  ): void {
    const seconds = parameters.timeoutSeconds ?? 0;
    const ms = seconds > 0 ? seconds * 1000 : SHORTEST_WATCH_MS * (1 + this.#random());
    const timer = this.#clock.after(ms, () => watcher.end());
    cleanups.push(() => timer.stop());
    if (!parameters.allowWatchBookmarks || !reached || ms < LAST_BOOKMARK_MS) return;
    const last = this.#clock.after(ms - LAST_BOOKMARK_MS, () => watcher.bookmark(bookmark(resource, reached(), false)));
    cleanups.push(() => last.stop());
  }

  #armBookmarks(): void {
    this.#bookmarkTimer ??= this.#clock.after(BOOKMARK_MS, () => {
      this.#bookmarkTimer = undefined;
      const made = new Map<ServedResource, Stored>();
      for (const { watcher, resource, reached } of [...this.#bookmarked]) {
        const revision = reached();
        let stored = made.get(resource);
        if (stored?.revision !== revision) {
          stored = bookmark(resource, revision, false);
          made.set(resource, stored);
        }
        watcher.bookmark(stored);
      }
      if (this.#bookmarked.size > 0) this.#armBookmarks();
    });
  }

  close(): void {
    this.#bookmarkTimer?.stop();
  }
}

/** What a reader sees of entries; the same array where that is the entries. */
function shown(entries: readonly Entry[], view: View): readonly Stored[] {
  const views = entries.map(view);
  return views.every((one, i) => one === entries[i]) ? entries : views;
}

interface Page {
  readonly entries: readonly Entry[];
  readonly revision: number;
  /** The key the next page starts with; undefined when there is none. */
  readonly next: string | undefined;
  readonly remaining: number;
}

async function fromCache(
  cache: WatchCache,
  start: string,
  end: string,
  selection: Selection,
  limit: number,
  revision: number,
): Promise<Page> {
  if (selection.all && limit > 0) {
    const entries = cache.range(start, end, limit);
    const last = entries.at(-1);
    const remaining = last ? cache.count(start, end) - entries.length : 0;
    return { entries, revision, next: last && remaining > 0 ? `${last.key}\0` : undefined, remaining };
  }
  const range = selection.name === undefined ? cache.range(start, end) : [...one(cache, selection, start, end)];
  if (selection.all) return { entries: range, revision, next: undefined, remaining: 0 };
  const entries: Entry[] = [];
  for (const [i, entry] of range.entries()) {
    // Judging an object may take parsing it; what is judged here stays as it was when the list was asked for.
    if (i % JUDGED_IN_A_TURN === JUDGED_IN_A_TURN - 1) await turns.take();
    if (!selection.matches(entry)) continue;
    entries.push(entry);
    if (limit > 0 && entries.length === limit && i + 1 < range.length) {
      return { entries, revision, next: `${entry.key}\0`, remaining: range.length - i - 1 };
    }
  }
  return { entries, revision, next: undefined, remaining: 0 };
}

/** The object that a selector names, without walking the others; across namespaces there may be several of the name. */
function one(cache: WatchCache, selection: Selection, start: string, end: string): readonly Entry[] {
  if (cache.namespaced && start === cache.prefix) return cache.range(start, end);
  const entry = cache.get(start + (selection.name ?? ''));
  return entry ? [entry] : [];
}

function bookmark(resource: ServedResource, revision: number, initialEnd: boolean): Stored {
  // Bookmarks have nothing but a resourceVersion, though their type says otherwise.
  const object = {
    kind: resource.data.kind,
    apiVersion: apiVersionOf(resource),
    metadata: {
      resourceVersion: String(revision),
      ...(initialEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
    },
  } as KubeObject;
  return Entry.unstored('', revision, object);
}

const tooOld = (): ApiError => errors.expired('The resourceVersion for the provided list is too old.');
