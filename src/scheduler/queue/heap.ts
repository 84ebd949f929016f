/** A binary heap of keyed items: the least first, any of them removable by its key. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #index = new Map<string, number>();
  readonly #less: (a: T, b: T) => boolean;
  readonly #keyOf: (item: T) => string;

  constructor(less: (a: T, b: T) => boolean, keyOf: (item: T) => string) {
    this.#less = less;
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#items.length;
  }

  has(key: string): boolean {
    return this.#index.has(key);
  }

  get(key: string): T | undefined {
    const at = this.#index.get(key);
    return at === undefined ? undefined : this.#items[at];
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  values(): Iterable<T> {
    return this.#items;
  }

  /** Adds the item, or takes the place of the one with its key. */
  push(item: T): void {
    const key = this.#keyOf(item);
    const at = this.#index.get(key);
    if (at === undefined) {
      this.#items.push(item);
      this.#index.set(key, this.#items.length - 1);
      this.#up(this.#items.length - 1);
    } else {
      this.#items[at] = item;
      this.#down(this.#up(at));
    }
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(this.#keyOf(first));
    return first;
  }

  remove(key: string): T | undefined {
    const at = this.#index.get(key);
    if (at === undefined) return undefined;
    const item = this.#items[at];
    const last = this.#items.pop();
    this.#index.delete(key);
    if (last !== undefined && at < this.#items.length) {
      this.#set(at, last);
      this.#down(this.#up(at));
    }
    return item;
  }

  #set(at: number, item: T): void {
    this.#items[at] = item;
    this.#index.set(this.#keyOf(item), at);
  }

  #up(from: number): number {
    let at = from;
    const item = this.#items[at];
    if (item === undefined) return at;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || !this.#less(item, parent)) break;
      this.#set(at, parent);
      at = above;
    }
    this.#set(at, item);
    return at;
  }

  #down(from: number): void {
    let at = from;
    const item = this.#items[at];
    if (item === undefined) return;
    for (;;) {
      let below = 2 * at + 1;
      let child = this.#items[below];
      if (child === undefined) break;
      const right = this.#items[below + 1];
      if (right !== undefined && this.#less(right, child)) {
        child = right;
        below++;
      }
      if (!this.#less(child, item)) break;
      this.#set(at, child);
      at = below;
    }
    this.#set(at, item);
  }
}
