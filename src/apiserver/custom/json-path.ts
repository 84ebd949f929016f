/**
 * JSONPath as definitions use it for columns: `.status.conditions[?(@.type=="Ready")].status`. Fields, quoted fields,
 * positions, slices, wildcards and filters; what else Kubernetes' kubectl knows is refused when a definition is made.
 * https://kubernetes.io/docs/reference/kubectl/jsonpath/
 */

/** Everything a path finds in a value, in order; what is missing on the way finds nothing. */
export type JsonPath = (value: unknown) => readonly unknown[];

type Step = (value: unknown, found: unknown[]) => void;

/** Undefined where the text is no path. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const steps = parseSteps(text);
  if (!steps) return undefined;
  return (value) => {
    let values: unknown[] = [value];
    for (const step of steps) {
      const found: unknown[] = [];
      for (const one of values) step(one, found);
      values = found;
    }
    return values;
  };
}

const NAME = /^\.?((?:\\.|[^.[\]\\])+)/;
const BRACKETED = /^\[\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|(\*)|(-?\d+)|(-?\d*):(-?\d*)(?::(\d*))?)\s*\]/;
const FILTER =
  /^\[\?\(\s*(@[^\s=!<>)]*)\s*(?:(==|!=|>=|<=|>|<)\s*(?:'([^']*)'|"([^"]*)"|(@[^\s)]*)|([^\s)]+))\s*)?\)\]/;

function parseSteps(text: string): Step[] | undefined {
  const steps: Step[] = [];
  let rest = text.replace(/^\$/, '');
  while (rest !== '' && rest !== '.') {
    const next = nextStep(rest);
    if (!next) return undefined;
    steps.push(next.step);
    rest = rest.slice(next.length);
  }
  return steps;
}

function nextStep(rest: string): { readonly step: Step; readonly length: number } | undefined {
  if (rest.startsWith('..')) return { step: descendants, length: rest[2] === '[' ? 2 : 1 };
  const filter = FILTER.exec(rest);
  if (filter) {
    const step = filterStep(filter);
    return step && { step, length: filter[0].length };
  }
  const bracketed = BRACKETED.exec(rest);
  if (bracketed) return { step: bracketStep(bracketed), length: bracketed[0].length };
  const name = NAME.exec(rest);
  if (!name) return undefined;
  const plain = (name[1] ?? '').replace(/\\(.)/g, '$1');
  return { step: plain === '*' ? members : field(plain), length: name[0].length };
}

const field =
  (name: string): Step =>
  (value, found) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return;
    found.push((value as Readonly<Record<string, unknown>>)[name]);
  };

const members: Step = (value, found) => {
  if (typeof value === 'object' && value !== null) found.push(...Object.values(value));
};

/** How many values below one are looked at. */
const MAX_DESCENDANTS = 10_000;

const descendants: Step = (value, found) => {
  if (found.length >= MAX_DESCENDANTS || typeof value !== 'object' || value === null) return;
  found.push(value);
  for (const one of Object.values(value)) descendants(one, found);
};

function bracketStep(match: RegExpExecArray): Step {
  const [, single, double, star, index, from, to, by] = match;
  const name = single ?? double;
  if (name !== undefined) return field(name.replace(/\\(.)/g, '$1'));
  if (star) return members;
  if (index !== undefined) {
    return (value, found) => {
      const item = Array.isArray(value) ? value.at(Number(index)) : undefined;
      if (item !== undefined) found.push(item);
    };
  }
  return (value, found) => {
    if (!Array.isArray(value)) return;
    const slice = value.slice(Number(from) || 0, to ? Number(to) : undefined);
    const step = Number(by) || 1;
    for (let i = 0; i < slice.length; i += step) found.push(slice[i]);
  };
}

function filterStep(match: RegExpExecArray): Step | undefined {
  const [, path = '@', operator, single, double, other, bare] = match;
  const left = parseJsonPath(path.slice(1));
  const right = other === undefined ? undefined : parseJsonPath(other.slice(1));
  if (!left || (other !== undefined && !right)) return undefined;
  const constant = single ?? double ?? literal(bare);
  return (value, found) => {
    if (!Array.isArray(value)) return;
    for (const item of value) {
      const [mine] = left(item);
      const holds =
        operator === undefined
          ? mine !== undefined
          : mine !== undefined && compare(mine, operator, right ? right(item)[0] : constant);
      if (holds) found.push(item);
    }
  };
}

function literal(text: string | undefined): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== undefined && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function compare(a: unknown, operator: string, b: unknown): boolean {
  if (operator === '==') return a === b;
  if (operator === '!=') return a !== b;
  if ((typeof a !== 'number' || typeof b !== 'number') && (typeof a !== 'string' || typeof b !== 'string'))
    return false;
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}
