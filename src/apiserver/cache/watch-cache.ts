import { type Change, prefixEnd, type RangeResult } from '../../store/store.ts';
import { Entry } from './entry.ts';
import { CacheEvent, EventRing } from './event.ts';
import { SortedMap } from './sorted-map.ts';
import type { Watcher } from './watcher.ts';

/** Watchers that an event with some property may concern, by that property's value. */
type Buckets = Map<string, Set<Watcher>>;

/**
 * The state of one resource and its newest events, kept in step with the store by `apply`. Watchers stand in the most
 * selective bucket they fit: the value of a field they ask for exactly, their namespace, or the bucket of all; an event
 * is shown to those it may concern and costs nothing for the others.
 */
export class WatchCache {
  readonly prefix: string;
  readonly end: string;
  readonly namespaced: boolean;
  readonly #select: (entry: Entry) => Readonly<Record<string, string>>;
  readonly #entries = new SortedMap<Entry>();
  #listed: { readonly start: string; readonly end: string; readonly entries: WeakRef<readonly Entry[]> } | undefined;
  readonly #ring: EventRing;
  readonly #loadedAt: number;
  /** Taken in since. */
  changes = 0;
  readonly #all = new Set<Watcher>();
  readonly #byNamespace: Buckets = new Map();
  readonly #byField = new Map<string, Buckets>();

  constructor(
    resource: { readonly prefix: string; readonly namespaced: boolean },
    select: (entry: Entry) => Readonly<Record<string, string>>,
    content: RangeResult,
  ) {
    this.prefix = resource.prefix;
    this.end = prefixEnd(resource.prefix);
    this.namespaced = resource.namespaced;
    this.#select = select;
    for (const kv of content.items) this.#entries.set(kv.key, Entry.fromStore(kv));
    this.#loadedAt = content.revision;
    this.#ring = new EventRing(content.revision);
  }

  /** The revision this cache was read at; what the store hands over up to it is already in. */
  get loadedAt(): number {
    return this.#loadedAt;
  }

  get size(): number {
    return this.#entries.size;
  }

  key(namespace: string, name: string): string {
    return this.namespaced ? `${this.prefix}${namespace}/${name}` : this.prefix + name;
  }

  /** "" for cluster-scoped objects. */
  namespaceOf(key: string): string {
    return this.namespaced ? key.slice(this.prefix.length, key.indexOf('/', this.prefix.length)) : '';
  }

  /** First and last key (exclusive) of a namespace, or of all. */
  bounds(namespace: string): readonly [start: string, end: string] {
    if (!this.namespaced || namespace === '') return [this.prefix, this.end];
    return [`${this.prefix}${namespace}/`, `${this.prefix}${namespace}0`];
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** The same array as long as nothing changes and somebody may still have it, so that answers made of it can be kept. */
  range(start: string, end: string, limit?: number): readonly Entry[] {
    if (limit !== undefined) return this.#entries.range(start, end, limit);
    const last = this.#listed;
    const listed = last?.start === start && last.end === end ? last.entries.deref() : undefined;
    if (listed) return listed;
    const entries = this.#entries.range(start, end);
    this.#listed = { start, end, entries: new WeakRef(entries) };
    return entries;
  }

  count(start: string, end: string): number {
    return this.#entries.count(start, end);
  }

  values(): Iterable<Entry> {
    return this.#entries.values();
  }

  /** Events after the revision; undefined when the cache does not go back so far. */
  since(revision: number): readonly CacheEvent[] | undefined {
    return this.#ring.after(revision);
  }

  /** Takes a change of the store in and shows it to the watchers. */
  apply(change: Change): void {
    if (change.revision <= this.#loadedAt) return;
    this.#listed = undefined;
    this.changes++;
    const previous = this.#entries.get(change.key);
    let current: Entry | undefined;
    if (change.current) {
      current = Entry.fromStore(change.current);
      this.#entries.set(change.key, current);
    } else {
      if (!previous) return;
      this.#entries.delete(change.key);
    }
    const event = new CacheEvent(change.key, change.revision, current, previous);
    this.#ring.push(event);
    this.#show(event);
  }

  #show(event: CacheEvent): void {
    for (const watcher of this.#all) watcher.deliver(event);
    if (this.#byNamespace.size > 0) {
      const interested = this.#byNamespace.get(this.namespaceOf(event.key));
      if (interested) for (const watcher of interested) watcher.deliver(event);
    }
    for (const [field, buckets] of this.#byField) {
      const now = event.current && this.#field(event.current, field);
      const before = event.previous && this.#field(event.previous, field);
      const interested = now === undefined ? undefined : buckets.get(now);
      if (interested) for (const watcher of interested) watcher.deliver(event);
      const left = before === undefined || before === now ? undefined : buckets.get(before);
      if (left) for (const watcher of left) watcher.deliver(event);
    }
  }

  #field(entry: Entry, field: string): string {
    if (field === 'metadata.name') return entry.key.slice(entry.key.lastIndexOf('/') + 1);
    return this.#select(entry)[field] ?? '';
  }

  add(watcher: Watcher): void {
    this.#bucket(watcher, true)?.add(watcher);
  }

  remove(watcher: Watcher): void {
    this.#bucket(watcher, false)?.delete(watcher);
    const { exact } = watcher.selection;
    if (exact) {
      const buckets = this.#byField.get(exact.field);
      if (buckets?.get(exact.value)?.size === 0) buckets.delete(exact.value);
      if (buckets?.size === 0) this.#byField.delete(exact.field);
    } else if (this.#byNamespace.get(watcher.namespace)?.size === 0) this.#byNamespace.delete(watcher.namespace);
  }

  /** Every watcher, in no order. */
  *watchers(): Iterable<Watcher> {
    yield* this.#all;
    for (const set of this.#byNamespace.values()) yield* set;
    for (const buckets of this.#byField.values()) for (const set of buckets.values()) yield* set;
  }

  #bucket(watcher: Watcher, make: boolean): Set<Watcher> | undefined {
    const { exact } = watcher.selection;
    if (!exact && watcher.namespace === '') return this.#all;
    let buckets = exact ? this.#byField.get(exact.field) : this.#byNamespace;
    if (!buckets) {
      if (!make || !exact) return undefined;
      buckets = new Map();
      this.#byField.set(exact.field, buckets);
    }
    const value = exact ? exact.value : watcher.namespace;
    let set = buckets.get(value);
    if (!set && make) {
      set = new Set();
      buckets.set(value, set);
    }
    return set;
  }
}
