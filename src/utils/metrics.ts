/** Numbers about a process in Prometheus' text format, https://prometheus.io/docs/instrumenting/exposition_formats/ */

export type Labels = Readonly<Record<string, string | number>>;

/** Distinct sets of labels that a family keeps; what comes after them is not counted. */
const MOST_SERIES = 10_000;

export interface Family {
  render(lines: string[]): void;
}

/** `a="x",b="y"` with the values quoted as the format wants it. */
export function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${String(value).replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`)
    .join(',');
}

export const sample = (name: string, labels: string, value: number): string =>
  labels === '' ? `${name} ${value}` : `${name}{${labels}} ${value}`;

export function header(lines: string[], name: string, type: 'counter' | 'gauge' | 'histogram', help: string): void {
  lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
}

/** One number of a family. What is counted often keeps hold of it and looks nothing up. */
export interface Cell {
  value: number;
}

/** Counts or measures by labels. */
export class Values implements Family {
  readonly #name: string;
  readonly #type: 'counter' | 'gauge';
  readonly #help: string;
  readonly #values = new Map<string, Cell>();

  constructor(type: 'counter' | 'gauge', name: string, help: string) {
    this.#type = type;
    this.#name = name;
    this.#help = help;
  }

  /** `labels` as `labelText` has them. */
  add(labels: string, amount = 1): void {
    this.of(labels).value += amount;
  }

  set(labels: string, value: number): void {
    this.of(labels).value = value;
  }

  /** The number of these labels, 0 at first; one that nobody sees where there are too many. */
  of(labels: string): Cell {
    const found = this.#values.get(labels);
    if (found) return found;
    const cell = { value: 0 };
    if (this.#values.size < MOST_SERIES) this.#values.set(labels, cell);
    return cell;
  }

  /** Forgets one number. */
  delete(labels: string): void {
    this.#values.delete(labels);
  }

  /** Forgets all numbers: for gauges that are filled anew when somebody looks. */
  clear(): void {
    this.#values.clear();
  }

  render(lines: string[]): void {
    if (this.#values.size === 0) return;
    header(lines, this.#name, this.#type, this.#help);
    for (const [labels, { value }] of this.#values) lines.push(sample(this.#name, labels, value));
  }
}

/** How values are spread over ranges, for one set of labels. */
export class Distribution {
  count = 0;
  sum = 0;
  readonly #bounds: readonly number[];
  readonly #inRange: Uint32Array;

  /** `bounds`: the upper ends of the ranges, the least first. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#inRange = new Uint32Array(bounds.length);
  }

  observe(value: number): void {
    this.count++;
    this.sum += value;
    let i = 0;
    while (i < this.#bounds.length && value > (this.#bounds[i] ?? 0)) i++;
    if (i < this.#bounds.length) this.#inRange[i] = (this.#inRange[i] ?? 0) + 1;
  }

  /** `from`: leaves the ranges below out. */
  render(lines: string[], name: string, labels: string, from = 0): void {
    const first = labels === '' ? '' : `${labels},`;
    let below = 0;
    for (const [i, bound] of this.#bounds.entries()) {
      below += this.#inRange[i] ?? 0;
      if (bound >= from) lines.push(`${name}_bucket{${first}le="${bound}"} ${below}`);
    }
    lines.push(
      `${name}_bucket{${first}le="+Inf"} ${this.count}`,
      sample(`${name}_sum`, labels, this.sum),
      sample(`${name}_count`, labels, this.count),
    );
  }
}

/** Distributions by labels. */
export class Histogram implements Family {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #values = new Map<string, Distribution>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  observe(labels: string, value: number): void {
    this.of(labels).observe(value);
  }

  /** The distribution of these labels; one that nobody sees where there are too many. */
  of(labels: string): Distribution {
    const found = this.#values.get(labels);
    if (found) return found;
    const made = new Distribution(this.#bounds);
    if (this.#values.size < MOST_SERIES) this.#values.set(labels, made);
    return made;
  }

  render(lines: string[]): void {
    if (this.#values.size === 0) return;
    header(lines, this.#name, 'histogram', this.#help);
    for (const [labels, values] of this.#values) values.render(lines, this.#name, labels);
  }
}

/** Upper ends of ranges: `count` of them, each `factor` times the one before. */
export const exponential = (start: number, factor: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => start * factor ** i);

/**
 * What a process tells of itself: families by name, each made once, by the component that counts. Whoever asks for one
 * that is there gets it, so that the parts of a process share them.
 */
export class Registry implements Family {
  readonly #families = new Map<string, Values | Histogram>();
  readonly #others: Family[] = [];

  counter(name: string, help: string): Values {
    return this.#values('counter', name, help);
  }

  gauge(name: string, help: string): Values {
    return this.#values('gauge', name, help);
  }

  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const found = this.#families.get(name);
    if (found instanceof Histogram) return found;
    const made = new Histogram(name, help, bounds);
    this.#families.set(name, made);
    return made;
  }

  /** Families that are computed when somebody looks. */
  add(family: Family): void {
    this.#others.push(family);
  }

  #values(type: 'counter' | 'gauge', name: string, help: string): Values {
    const found = this.#families.get(name);
    if (found instanceof Values) return found;
    const made = new Values(type, name, help);
    this.#families.set(name, made);
    return made;
  }

  render(lines: string[]): void {
    for (const family of this.#families.values()) family.render(lines);
    for (const family of this.#others) family.render(lines);
  }
}
