/** Where a full chunk is split; inserting moves at most so many references. */
const LARGEST = 512;

/**
 * String keys in order (of UTF-16 units, which for keys of ASCII is byte order), with inserts and deletes that cost
 * little however many there are: a list of sorted chunks, as a B-tree of two levels.
 */
export class SortedMap<V> {
  readonly #values = new Map<string, V>();
  #chunks: string[][] = [];

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    if (!this.#values.has(key)) this.#insert(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const c = this.#chunkOf(key);
    const chunk = this.#chunks[c];
    if (!chunk) return;
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0) this.#chunks.splice(c, 1);
  }

  values(): Iterable<V> {
    return this.#values.values();
  }

  /** The values of keys in [start, end), in order of keys, at most `limit` of them. */
  range(start: string, end: string, limit = Number.POSITIVE_INFINITY): V[] {
    const out: V[] = [];
    for (let c = this.#chunkOf(start); c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c] as string[];
      for (let i = c === 0 || (chunk[0] as string) < start ? lowerBound(chunk, start) : 0; i < chunk.length; i++) {
        const key = chunk[i] as string;
        if (key >= end || out.length >= limit) return out;
        out.push(this.#values.get(key) as V);
      }
    }
    return out;
  }

  /** How many keys are in [start, end). */
  count(start: string, end: string): number {
    return Math.max(this.#rank(end) - this.#rank(start), 0);
  }

  #rank(key: string): number {
    const c = this.#chunkOf(key);
    let rank = 0;
    for (let i = 0; i < c; i++) rank += (this.#chunks[i] as string[]).length;
    const chunk = this.#chunks[c];
    return chunk ? rank + lowerBound(chunk, key) : rank;
  }

  #insert(key: string): void {
    const c = this.#chunkOf(key);
    const chunk = this.#chunks[c];
    if (!chunk) {
      this.#chunks.push([key]);
      return;
    }
    chunk.splice(lowerBound(chunk, key), 0, key);
    if (chunk.length > LARGEST) this.#chunks.splice(c + 1, 0, chunk.splice(LARGEST >> 1));
  }

  /** The chunk that holds the key or would: the last one that starts at or before it. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#chunks[middle]?.[0] ?? '') <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }
}

/** Index of the first key that is not before `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
