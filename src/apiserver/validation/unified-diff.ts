/** A stretch of lines equal in both texts. */
interface Match {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

interface Change {
  readonly equal: boolean;
  readonly a1: number;
  readonly a2: number;
  readonly b1: number;
  readonly b2: number;
}

const CONTEXT = 3;
/** Lines that make up more than a hundredth of a text this long begin no match. */
const POPULAR_FROM = 200;

/**
 * The changes that make one text of another, in the form of `diff -u` without names of files, found as Python's
 * difflib finds them: the longest match, then those before and after it.
 */
export function unifiedDiff(before: string, after: string): string {
  const a = linesOf(before);
  const b = linesOf(after);
  let out = '';
  for (const hunk of hunksOf(changes(matches(a, b), a.length, b.length))) {
    const first = hunk[0];
    const last = hunk.at(-1);
    if (!first || !last) continue;
    out += `@@ -${range(first.a1, last.a2)} +${range(first.b1, last.b2)} @@\n`;
    for (const { equal, a1, a2, b1, b2 } of hunk) {
      if (equal) for (const line of a.slice(a1, a2)) out += ` ${line}`;
      else {
        for (const line of a.slice(a1, a2)) out += `-${line}`;
        for (const line of b.slice(b1, b2)) out += `+${line}`;
      }
    }
  }
  return out;
}

const linesOf = (text: string): readonly string[] => text.split('\n').map((line) => `${line}\n`);

function range(start: number, end: number): string {
  const length = end - start;
  if (length === 1) return String(start + 1);
  return `${length === 0 ? start : start + 1},${length}`;
}

function matches(a: readonly string[], b: readonly string[]): readonly Match[] {
  const places = new Map<string, number[]>();
  for (const [j, line] of b.entries()) {
    const own = places.get(line);
    if (own) own.push(j);
    else places.set(line, [j]);
  }
  if (b.length >= POPULAR_FROM) {
    const most = Math.floor(b.length / 100) + 1;
    for (const [line, own] of places) if (own.length > most) places.delete(line);
  }
  const found: Match[] = [];
  const open = [{ a1: 0, a2: a.length, b1: 0, b2: b.length }];
  for (let part = open.pop(); part; part = open.pop()) {
    const match = longest(a, b, places, part);
    if (match.size === 0) continue;
    found.push(match);
    open.push({ ...part, a2: match.a, b2: match.b });
    open.push({ ...part, a1: match.a + match.size, b1: match.b + match.size });
  }
  return found.sort((x, y) => x.a - y.a || x.b - y.b);
}

function longest(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  { a1, a2, b1, b2 }: { readonly a1: number; readonly a2: number; readonly b1: number; readonly b2: number },
): Match {
  let best: Match = { a: a1, b: b1, size: 0 };
  /** Lengths of the matches that end at each line of b and the line of a before. */
  let lengths = new Map<number, number>();
  for (let i = a1; i < a2; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] ?? '') ?? []) {
      if (j < b1) continue;
      if (j >= b2) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    lengths = next;
  }
  let { a: x, b: y, size } = best;
  while (x > a1 && y > b1 && a[x - 1] === b[y - 1]) {
    x--;
    y--;
    size++;
  }
  while (x + size < a2 && y + size < b2 && a[x + size] === b[y + size]) size++;
  return { a: x, b: y, size };
}

function changes(found: readonly Match[], aLength: number, bLength: number): readonly Change[] {
  const out: Change[] = [];
  let a1 = 0;
  let b1 = 0;
  for (const { a, b, size } of [...found, { a: aLength, b: bLength, size: 0 }]) {
    if (a1 < a || b1 < b) out.push({ equal: false, a1, a2: a, b1, b2: b });
    if (size > 0) out.push({ equal: true, a1: a, a2: a + size, b1: b, b2: b + size });
    a1 = a + size;
    b1 = b + size;
  }
  return merged(out);
}

/** Matches found apart may touch. */
function merged(list: readonly Change[]): readonly Change[] {
  const out: Change[] = [];
  for (const change of list) {
    const last = out.at(-1);
    if (last?.equal && change.equal) out[out.length - 1] = { ...last, a2: change.a2, b2: change.b2 };
    else out.push(change);
  }
  return out;
}

/** The changes with a few lines around each; those that are close share a hunk. */
function hunksOf(list: readonly Change[]): readonly (readonly Change[])[] {
  const hunks: Change[][] = [];
  let hunk: Change[] = [];
  for (const [i, change] of list.entries()) {
    if (!change.equal) {
      hunk.push(change);
      continue;
    }
    const { a1, a2, b1, b2 } = change;
    const size = a2 - a1;
    const head = { equal: true, a1, a2: Math.min(a2, a1 + CONTEXT), b1, b2: Math.min(b2, b1 + CONTEXT) };
    const tail = { equal: true, a1: Math.max(a1, a2 - CONTEXT), a2, b1: Math.max(b1, b2 - CONTEXT), b2 };
    const isLast = i === list.length - 1;
    if (i === 0) hunk = [tail];
    else if (isLast) hunk.push(head);
    else if (size > 2 * CONTEXT) {
      hunks.push([...hunk, head]);
      hunk = [tail];
    } else hunk.push(change);
  }
  if (hunk.some(({ equal }) => !equal)) hunks.push(hunk);
  return hunks;
}
