import type { KubeObject } from '../api/resource.ts';
import type { WatchCaches } from './cache/caches.ts';
import type { WatchCache } from './cache/watch-cache.ts';
import type { ServedResource, Stored } from './core.ts';
import type { Resources } from './resource-table.ts';

/** The newest state of the API as this process knows it, without waiting: for admission plugins and authorizers. */
export interface ObjectReader {
  readonly resources: Resources;
  /** Undefined while the resource was not `preload`ed. `namespace` is "" for cluster-scoped objects. */
  get(group: string, version: string, resource: string, namespace: string, name: string): KubeObject | undefined;
  /** `namespace` "" lists all. */
  list(group: string, version: string, resource: string, namespace: string): readonly KubeObject[];
  /**
   * All objects of a resource as they are stored, in order of keys: at once where it is in the cache, which it then
   * stays. The same array for as long as nothing changes and somebody holds it.
   */
  stored(resource: ServedResource): readonly Stored[] | Promise<readonly Stored[]>;
}

export class CachedObjects implements ObjectReader {
  readonly resources: Resources;
  readonly #caches: WatchCaches;

  constructor(resources: Resources, caches: WatchCaches) {
    this.resources = resources;
    this.#caches = caches;
  }

  get(group: string, version: string, resource: string, namespace: string, name: string): KubeObject | undefined {
    const served = this.resources.find(group, version, resource);
    const cache = served && this.#caches.peek(served.prefix);
    return cache?.get(cache.key(namespace, name))?.object;
  }

  stored(resource: ServedResource): readonly Stored[] | Promise<readonly Stored[]> {
    const cache = this.#caches.of(resource);
    return cache instanceof Promise ? cache.then(everything) : everything(cache);
  }

  /**
   * How many objects there are of each resource that has been read, and how often they changed since. Resources that
   * are stored together count once.
   */
  *counts(): Generator<readonly [resource: ServedResource, objects: number, changes: number]> {
    const seen = new Set<string>();
    for (const resource of this.resources.all()) {
      const cache = this.#caches.peek(resource.prefix);
      if (!cache || seen.has(resource.prefix)) continue;
      seen.add(resource.prefix);
      yield [resource, cache.size, cache.changes];
    }
  }

  /** How many objects of a resource there are and how long their JSON is on average (bytes), by a few of them. */
  statistics(
    group: string,
    version: string,
    resource: string,
  ): { readonly count: number; readonly averageBytes: number } | undefined {
    const served = this.resources.find(group, version, resource);
    const cache = served && this.#caches.peek(served.prefix);
    if (!cache) return undefined;
    let looked = 0;
    let bytes = 0;
    for (const entry of cache.values()) {
      if (looked++ === SAMPLE) break;
      bytes += entry.json.length;
    }
    return { count: cache.size, averageBytes: looked === 0 ? 0 : bytes / Math.min(looked, SAMPLE) };
  }

  list(group: string, version: string, resource: string, namespace: string): readonly KubeObject[] {
    const served = this.resources.find(group, version, resource);
    const cache = served && this.#caches.peek(served.prefix);
    // Of what limits and quotas are about most clusters have none.
    if (!cache || cache.size === 0) return nothing;
    const [start, end] = cache.bounds(namespace);
    return cache.range(start, end).map((entry) => entry.object);
  }
}

/** Objects that are looked at for how long they are. */
const SAMPLE = 4;
const nothing: readonly KubeObject[] = [];
const everything = (cache: WatchCache): readonly Stored[] => cache.range(cache.prefix, cache.end);
