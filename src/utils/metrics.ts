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

/** Counts or measures by labels. */
export class Values implements Family {
  readonly #name: string;
  readonly #type: 'counter' | 'gauge';
  readonly #help: string;
  readonly #values = new Map<string, number>();

  constructor(type: 'counter' | 'gauge', name: string, help: string) {
    this.#type = type;
    this.#name = name;
    this.#help = help;
  }

  /** `labels` as `labelText` has them. */
  add(labels: string, amount = 1): void {
    this.set(labels, (this.#values.get(labels) ?? 0) + amount);
  }

  set(labels: string, value: number): void {
    if (this.#values.has(labels) || this.#values.size < MOST_SERIES) this.#values.set(labels, value);
  }

  render(lines: string[]): void {
    if (this.#values.size === 0) return;
    header(lines, this.#name, this.#type, this.#help);
    for (const [labels, value] of this.#values) lines.push(sample(this.#name, labels, value));
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
    let found = this.#values.get(labels);
    if (!found) {
      if (this.#values.size >= MOST_SERIES) return;
      found = new Distribution(this.#bounds);
      this.#values.set(labels, found);
    }
    found.observe(value);
  }

  render(lines: string[]): void {
    if (this.#values.size === 0) return;
    header(lines, this.#name, 'histogram', this.#help);
    for (const [labels, values] of this.#values) values.render(lines, this.#name, labels);
  }
}
