import { quote } from '../../schema/quote.ts';

/** Indexes of completions as a Job's status writes them: "0,3-5", rising, each below `completions`. */
export type IndexesProblem = { readonly problem: string };
type Interval = readonly [first: number, last: number];

/** How many indexes the text names, or what is wrong with it. */
export function parseIndexes(text: string, completions: number): number | IndexesProblem {
  if (text === '') return 0;
  let total = 0;
  let previous: number | undefined;
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    if ('problem' in interval) return interval;
    const [first, last] = interval;
    if (previous !== undefined && previous >= first) return falling(previous, first);
    total += last - first + 1;
    previous = last;
  }
  return total;
}

const falling = (previous: number, current: number): IndexesProblem => ({
  problem: `non-increasing order, previous: ${previous}, current: ${current}`,
});

function parseInterval(part: string, completions: number): Interval | IndexesProblem {
  const limits = part.split('-');
  if (limits.length > 2) {
    const rule = "violates the requirement that an index interval can have at most two parts separated by '-'";
    return { problem: `the fragment ${quote(part)} ${rule}` };
  }
  const numbers: number[] = [];
  for (const limit of limits) {
    if (!/^[+-]?[0-9]+$/.test(limit)) return { problem: `cannot convert string to integer for index: ${quote(limit)}` };
    const number = Number(limit);
    if (number >= completions) return { problem: `too large index: ${quote(limit)}` };
    numbers.push(number);
  }
  const [first = 0, last = first] = numbers;
  if (numbers.length > 1 && first >= last) return falling(first, last);
  return [first, last];
}

/** The first index that both texts name; parts that are no intervals are left out. */
export function overlap(a: string, b: string, completions: number): number | undefined {
  const intervals = (text: string): readonly Interval[] =>
    text.split(',').flatMap((part) => {
      const interval = parseInterval(part, completions);
      return 'problem' in interval ? [] : [interval];
    });
  const left = intervals(a);
  const right = intervals(b);
  let i = 0;
  let j = 0;
  for (let [x, y] = [left[i], right[j]]; x && y; [x, y] = [left[i], right[j]]) {
    if (x[0] <= y[1] && y[0] <= x[1]) return Math.max(x[0], y[0]);
    if (x[0] <= y[0]) i++;
    else j++;
  }
  return undefined;
}
