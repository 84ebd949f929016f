/** The lists and maps that comprehensions fold into: grown in place, since nobody else can see them, and finished at the end. */
import { ArrayList, CelError, CelList, CelMap, display, EntryMap, mapKey, type Value } from './values.ts';

export class MutableList extends CelList {
  readonly #elements: Value[] = [];
  override get size(): number {
    return this.#elements.length;
  }
  override at(index: number): Value {
    return this.#elements[index] ?? null;
  }
  append(other: CelList): this {
    for (let i = 0; i < other.size; i++) this.#elements.push(other.at(i));
    return this;
  }
  finish(): CelList {
    return new ArrayList(this.#elements);
  }
}

export class MutableMap extends CelMap {
  readonly #entries = new Map<unknown, readonly [Value, Value]>();
  override get size(): number {
    return this.#entries.size;
  }
  override get(key: Value): Value | undefined {
    return this.#entries.get(mapKey(key))?.[1];
  }
  override *keys(): Generator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }
  insert(key: Value, value: Value): Value {
    const normal = mapKey(key);
    if (this.#entries.has(normal)) return new CelError(`insert failed: key ${display(key)} already exists`);
    this.#entries.set(normal, [key, value]);
    return this;
  }
  finish(): CelMap {
    return new EntryMap(this.#entries);
  }
}

/** list + list. */
export function concatenate(a: CelList, b: CelList): CelList {
  if (a instanceof MutableList) return a.append(b);
  if (a.size === 0) return b;
  return b.size === 0 ? a : new ArrayList([...a, ...b]);
}

/** A map with one more entry. */
export function insert(map: CelMap, key: Value, value: Value): Value {
  if (map instanceof MutableMap) return map.insert(key, value);
  const copy = new MutableMap();
  for (const known of map.keys()) copy.insert(known, map.get(known) ?? null);
  return copy.insert(key, value);
}
