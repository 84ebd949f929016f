/**
 * Label selectors: the text form ("a=b,c in (d,e),!f") and metav1.LabelSelector, compiled for matching.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
 */
import { aggregate, type FieldError, fieldErrors, Path } from '../schema/field-error.ts';
import { quote } from '../schema/quote.ts';
import type { LabelSelector } from './meta/v1.gen.ts';
import { labelValueProblems, qualifiedNameProblems } from './names.ts';

export type Labels = Readonly<Record<string, string>>;

const binaryOperators = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'] as const;
export type LabelOperator = (typeof binaryOperators)[number] | 'exists' | '!';

export interface Requirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A selector that cannot be read; the message is what a client is told. */
export class SelectorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SelectorError';
  }
}

/** Selects the objects whose labels fulfil every requirement. */
export class Selector {
  readonly requirements: readonly Requirement[];
  readonly #none: boolean;

  /** `none`: selects nothing, whatever the requirements. */
  constructor(requirements: readonly Requirement[], none = false) {
    this.requirements = requirements;
    this.#none = none;
  }

  /** Whether it selects everything. */
  get everything(): boolean {
    return !this.#none && this.requirements.length === 0;
  }

  matches(labels: Labels | undefined): boolean {
    if (this.#none) return false;
    for (const requirement of this.requirements) if (!fulfils(requirement, labels)) return false;
    return true;
  }

  /** The value that a key must have, where a requirement leaves only one: what an index can look up. */
  exact(key: string): string | undefined {
    for (const { key: k, operator, values } of this.requirements) {
      if (k === key && values.length === 1 && (operator === '=' || operator === '==' || operator === 'in')) {
        return values[0];
      }
    }
    return undefined;
  }

  /** The text form; reads back as the same selector. */
  toString(): string {
    return this.requirements.map(textOf).join(',');
  }
}

export const selectEverything = new Selector([]);
const selectNothing = new Selector([], true);

function fulfils({ key, operator, values }: Requirement, labels: Labels | undefined): boolean {
  const value = labels && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    default: {
      const [left, right] = [integer(value), integer(values[0])];
      if (left === undefined || right === undefined) return false;
      return operator === 'gt' ? left > right : left < right;
    }
  }
}

/** A 64-bit integer, as strconv.ParseInt reads it. */
function integer(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?[0-9]{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function textOf({ key, operator, values }: Requirement): string {
  const list = [...values].sort().join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`;
    case 'gt':
      return `${key}>${list}`;
    case 'lt':
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}

function requirement(key: string, operator: LabelOperator, values: readonly string[]): Requirement {
  const at = Path.of('values');
  const found: FieldError[] = [];
  const keyProblems = qualifiedNameProblems(key);
  if (keyProblems.length) found.push(fieldErrors.invalid(Path.of('key'), key, keyProblems.join('; ')));
  switch (operator) {
    case 'in':
    case 'notin':
      if (values.length === 0) {
        found.push(fieldErrors.invalid(at, values, "for 'in', 'notin' operators, values set can't be empty"));
      }
      break;
    case 'exists':
    case '!':
      if (values.length) {
        found.push(fieldErrors.invalid(at, values, 'values set must be empty for exists and does not exist'));
      }
      break;
    case 'gt':
    case 'lt':
      for (const [i, value] of values.entries()) {
        if (integer(value) !== undefined) continue;
        found.push(fieldErrors.invalid(at.index(i), value, "for 'Gt', 'Lt' operators, the value must be an integer"));
      }
      break;
    default:
  }
  for (const [i, value] of values.entries()) {
    const problems = labelValueProblems(value);
    if (problems.length) found.push(fieldErrors.invalid(at.index(i).key(key), value, problems.join('; ')));
  }
  if (found.length) throw new SelectorError(aggregate(found));
  return { key, operator, values };
}

const operators: ReadonlyMap<string, LabelOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

const compiled = new WeakMap<LabelSelector, Selector>();

/**
 * Compiles a metav1.LabelSelector: none at all selects nothing, an empty one everything. Throws SelectorError.
 * The result is kept with the selector, which must not change (objects from the API do not).
 */
export function labelSelector(selector: LabelSelector | undefined): Selector {
  if (!selector) return selectNothing;
  const known = compiled.get(selector);
  if (known) return known;
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push(requirement(key, '=', [value]));
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const op = operators.get(operator);
    if (!op) throw new SelectorError(`${quote(operator)} is not a valid label selector operator`);
    requirements.push(requirement(key, op, values ?? []));
  }
  requirements.sort(byKey);
  const result = requirements.length ? new Selector(requirements) : selectEverything;
  if (Object.isFrozen(selector)) compiled.set(selector, result);
  return result;
}

const byKey = (a: Requirement, b: Requirement) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** Selects what has all of these labels; an empty set or none selects everything (replication controllers, services). */
export function labelSet(labels: Labels | undefined): Selector {
  const entries = Object.entries(labels ?? {});
  if (entries.length === 0) return selectEverything;
  return new Selector(entries.map(([key, value]) => ({ key, operator: '=' as const, values: [value] })).sort(byKey));
}

/** Longer selectors are refused; URLs cannot be that long. */
const MAX_TEXT = 1 << 20;

/** Reads the text form. Throws SelectorError in the words that kube-apiserver uses. */
export function parseLabelSelector(text: string): Selector {
  if (text === '') return selectEverything;
  if (text.length > MAX_TEXT) throw new SelectorError('the selector is too long');
  const requirements = new Parser(tokens(text)).parse().sort(byKey);
  return requirements.length ? new Selector(requirements) : selectEverything;
}

interface Token {
  readonly type:
    | 'end'
    | 'identifier'
    | 'in'
    | 'notin'
    | 'error'
    | '('
    | ')'
    | ','
    | '!'
    | '='
    | '=='
    | '!='
    | '>'
    | '<';
  readonly text: string;
}

const symbols = ['==', '!=', '=', '!', '(', ')', ',', '>', '<'] as const;

function tokens(text: string): Token[] {
  const out: Token[] = [];
  const space = /[ \t\r\n]*/y;
  const word = /[^=!(),><\s]+/y;
  let at = 0;
  for (;;) {
    space.lastIndex = at;
    at += space.exec(text)?.[0].length ?? 0;
    if (at >= text.length) break;
    const symbol = symbols.find((s) => text.startsWith(s, at));
    if (symbol) {
      out.push({ type: symbol, text: symbol });
      at += symbol.length;
      continue;
    }
    word.lastIndex = at;
    const found = word.exec(text)?.[0] ?? text.charAt(at);
    out.push({ type: found === 'in' || found === 'notin' ? found : 'identifier', text: found });
    at += found.length;
  }
  out.push({ type: 'end', text: '' });
  return out;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  /** "in" and "notin" are operators only after a key; anywhere else they are names. */
  #peek(operator = false): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] ?? { type: 'end', text: '' };
    if (!operator && (token.type === 'in' || token.type === 'notin')) return { type: 'identifier', text: token.text };
    return token;
  }

  #take(operator = false): Token {
    const token = this.#peek(operator);
    this.#at++;
    return token;
  }

  parse(): Requirement[] {
    const out: Requirement[] = [];
    for (;;) {
      const { type, text } = this.#peek();
      if (type === 'end') return out;
      if (type !== 'identifier' && type !== '!') {
        throw new SelectorError(`found '${text}', expected: !, identifier, or 'end of string'`);
      }
      out.push(this.#requirement());
      const after = this.#take();
      if (after.type === 'end') return out;
      if (after.type !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`);
      const next = this.#peek();
      if (next.type !== 'identifier' && next.type !== '!') {
        throw new SelectorError(`found '${next.text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): Requirement {
    try {
      return this.#read();
    } catch (error) {
      if (error instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${error.message}`);
      throw error;
    }
  }

  #read(): Requirement {
    let key = this.#take();
    const negated = key.type === '!';
    if (negated) key = this.#take();
    if (key.type !== 'identifier') throw new SelectorError(`found '${key.text}', expected: identifier`);
    const problems = qualifiedNameProblems(key.text);
    if (problems.length) {
      throw new SelectorError(aggregate([fieldErrors.invalid(Path.root, key.text, problems.join('; '))]));
    }
    const { type } = this.#peek();
    if (negated) return requirement(key.text, '!', []);
    if (type === 'end' || type === ',') return requirement(key.text, 'exists', []);
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#value()];
    return requirement(key.text, operator, [...new Set(values)].sort());
  }

  #operator(): LabelOperator {
    const { type, text } = this.#take(true);
    switch (type) {
      case 'in':
      case 'notin':
      case '=':
      case '==':
      case '!=':
        return type;
      case '>':
        return 'gt';
      case '<':
        return 'lt';
      default:
        throw new SelectorError(`found '${text}', expected: ${binaryOperators.join(', ')}`);
    }
  }

  #value(): string {
    const { type, text } = this.#peek();
    if (type === 'end' || type === ',') return '';
    this.#at++;
    if (type !== 'identifier') throw new SelectorError(`found '${text}', expected: identifier`);
    return text;
  }

  #values(): string[] {
    const open = this.#take();
    if (open.type !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.type === ')') {
      this.#at++;
      return [''];
    }
    if (first.type !== 'identifier' && first.type !== ',') {
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const out: string[] = [];
    for (;;) {
      const { type, text } = this.#take();
      const next = this.#peek();
      if (type === 'identifier') {
        out.push(text);
        if (next.type !== ',' && next.type !== ')') {
          throw new SelectorError(`found '${next.text}', expected: ',' or ')'`);
        }
      } else if (type === ',') {
        if (out.length === 0) out.push('');
        if (next.type === ',' || next.type === ')') out.push('');
      } else throw new SelectorError(`found '${text}', expected: ',', or identifier`);
      if (this.#peek().type === ')') {
        this.#at++;
        return out;
      }
    }
  }
}
