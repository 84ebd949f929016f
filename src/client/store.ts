import type { KubeObject } from '../api/resource.ts';

/** Values under which an object is found in an index; most functions give none or one. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Read access to what an informer has seen. The objects are shared and immutable; arrays are the caller's own. */
export interface Lister<T extends KubeObject> {
  /** `namespace` is "" for cluster-scoped objects. */
  get(namespace: string, name: string): T | undefined;
  /** All objects, or those of a namespace. No order is promised. */
  list(namespace?: string): T[];
  /** Objects for which the index's function gave `value`. Throws for an index that was never added. */
  byIndex(index: string, value: string): T[];
  readonly size: number;
}

interface Index<T> {
  readonly of: IndexFunction<T>;
  readonly buckets: Map<string, Set<T>>;
}

/** Objects by namespace and name, with secondary indices kept in step (client-go's Indexer). */
export class Indexer<T extends KubeObject> implements Lister<T> {
  readonly #namespaces = new Map<string, Map<string, T>>();
  readonly #indices = new Map<string, Index<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  list(namespace?: string): T[] {
    if (namespace !== undefined && namespace !== '') return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    const all: T[] = [];
    for (const names of this.#namespaces.values()) for (const object of names.values()) all.push(object);
    return all;
  }

  byIndex(index: string, value: string): T[] {
    const found = this.#indices.get(index);
    if (!found) throw new Error(`no index named ${index}`);
    return [...(found.buckets.get(value) ?? [])];
  }

  hasIndex(name: string): boolean {
    return this.#indices.has(name);
  }

  addIndex(name: string, of: IndexFunction<T>): void {
    if (this.#indices.has(name)) throw new Error(`there is an index named ${name} already`);
    const index: Index<T> = { of, buckets: new Map() };
    this.#indices.set(name, index);
    for (const object of this.list()) insert(index, object);
  }

  /** Returns what was there before. */
  set(object: T): T | undefined {
    const { namespace = '', name } = object.metadata;
    const names = this.#namespaces.get(namespace) ?? new Map<string, T>();
    this.#namespaces.set(namespace, names);
    const old = names.get(name);
    names.set(name, object);
    if (old === undefined) this.#size++;
    for (const index of this.#indices.values()) {
      if (old !== undefined) remove(index, old);
      insert(index, object);
    }
    return old;
  }

  /** Returns what was removed. */
  delete(namespace: string, name: string): T | undefined {
    const names = this.#namespaces.get(namespace);
    const old = names?.get(name);
    if (!names || old === undefined) return undefined;
    names.delete(name);
    if (names.size === 0) this.#namespaces.delete(namespace);
    this.#size--;
    for (const index of this.#indices.values()) remove(index, old);
    return old;
  }
}

function insert<T>(index: Index<T>, object: T): void {
  for (const value of index.of(object)) {
    const bucket = index.buckets.get(value);
    if (bucket) bucket.add(object);
    else index.buckets.set(value, new Set([object]));
  }
}

function remove<T>(index: Index<T>, object: T): void {
  for (const value of index.of(object)) {
    const bucket = index.buckets.get(value);
    bucket?.delete(object);
    if (bucket?.size === 0) index.buckets.delete(value);
  }
}

/** "namespace/name", or just "name" for cluster-scoped objects: the key that work queues use (MetaNamespaceKeyFunc). */
export function keyOf(object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** The inverse of `keyOf`. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
