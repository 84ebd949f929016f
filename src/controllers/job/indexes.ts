/** A set of completion indexes, written as in Job status: "0,2-5,7". */
export class IndexSet {
  /** Ascending, not touching each other. */
  readonly #ranges: readonly (readonly [first: number, last: number])[];

  private constructor(ranges: readonly (readonly [number, number])[]) {
    this.#ranges = ranges;
  }

  static readonly empty = new IndexSet([]);

  static of(indexes: Iterable<number>): IndexSet {
    const ranges: [number, number][] = [];
    for (const index of [...new Set(indexes)].sort((a, b) => a - b)) {
      const last = ranges.at(-1);
      if (last && last[1] + 1 === index) last[1] = index;
      else ranges.push([index, index]);
    }
    return new IndexSet(ranges);
  }

  /** Reads the text form, leaving out indexes of `limit` and above; what cannot be read counts for nothing. */
  static parse(text: string, limit: number): IndexSet {
    const ranges: [number, number][] = [];
    for (const part of text.split(',')) {
      const match = /^(\d+)(?:-(\d+))?$/.exec(part);
      if (!match) continue;
      const first = Number(match[1]);
      const last = Math.min(Number(match[2] ?? match[1]), limit - 1);
      if (first >= limit || last < first) continue;
      const before = ranges.at(-1);
      if (before && before[1] + 1 >= first) before[1] = Math.max(before[1], last);
      else ranges.push([first, last]);
    }
    return new IndexSet(ranges);
  }

  get size(): number {
    return this.#ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  has(index: number): boolean {
    return this.#ranges.some(([first, last]) => first <= index && index <= last);
  }

  union(other: IndexSet): IndexSet {
    const ranges: [number, number][] = [];
    for (const [first, last] of [...this.#ranges, ...other.#ranges].sort((a, b) => a[0] - b[0])) {
      const before = ranges.at(-1);
      if (before && before[1] + 1 >= first) before[1] = Math.max(before[1], last);
      else ranges.push([first, last]);
    }
    return new IndexSet(ranges);
  }

  /** How many indexes both have. */
  overlap(other: IndexSet): number {
    let common = 0;
    for (const [first, last] of this.#ranges) {
      for (const [from, to] of other.#ranges) common += Math.max(0, Math.min(last, to) - Math.max(first, from) + 1);
    }
    return common;
  }

  /** The first `count` indexes below `limit` that are not in the set. */
  missing(count: number, limit: number): number[] {
    const result: number[] = [];
    let next = 0;
    for (const [first, last] of [...this.#ranges, [limit, limit] as const]) {
      for (; next < Math.min(first, limit) && result.length < count; next++) result.push(next);
      next = last + 1;
    }
    return result;
  }

  toString(): string {
    return this.#ranges
      .map(([first, last]) =>
        first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`,
      )
      .join(',');
  }
}
