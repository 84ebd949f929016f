/**
 * Strict field validation: which fields of a request the schema does not have, and which names it has twice.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
 *
 * Decoding drops unknown fields as it goes and only notes that there were some. These walks find out which, in the
 * order of the request and in Kubernetes' words; they run when there is something to tell, or nothing else to spare.
 */
import { isJsonObject, type JsonObject, MAX_DEPTH } from './json.ts';
import type { ObjectSchema, Schema } from './model.ts';
import { quote } from './quote.ts';

/** More than these are not told. */
const MAX_PROBLEMS = 100;

export const isTypeMeta = (key: string): boolean => key === 'kind' || key === 'apiVersion';

/** Paths of fields that the schema does not have, in the value's order: "spec.containers[0].foo". */
export function unknownFields(schema: ObjectSchema, value: JsonObject, isKind: boolean): string[] {
  const out: string[] = [];
  walk(schema, value, '', isKind, out);
  return out;
}

/** The same value with the names of every object in order, as Go writes maps. */
export function withSortedNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedNames);
  if (!isJsonObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, withSortedNames(value[name])]));
}

const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);

function walk(schema: Schema, value: unknown, path: string, isKind: boolean, out: string[]): void {
  if (out.length >= MAX_PROBLEMS) return;
  if (schema.node === 'list') {
    if (!Array.isArray(value)) return;
    for (const [i, item] of value.entries()) walk(schema.items, item, `${path}[${i}]`, false, out);
    return;
  }
  if (schema.node === 'scalar' || !isJsonObject(value)) return;
  for (const key of Object.keys(value)) {
    if (value[key] === undefined) continue;
    const child = childOf(schema, key, isKind);
    if (child) walk(child, value[key], join(path, key), false, out);
    else if (child === undefined && out.length < MAX_PROBLEMS) out.push(join(path, key));
  }
}

/** The schema of a member; null for one that may hold anything, undefined for one that may not be there. */
function childOf(schema: Schema, key: string, isKind: boolean): Schema | null | undefined {
  if (schema.node === 'map') return schema.values;
  if (schema.node !== 'object') return null;
  const field = schema.fields.get(key);
  if (field) return field.schema;
  return schema.preserveUnknown || (isKind && isTypeMeta(key)) ? null : undefined;
}

/**
 * Everything that strict decoding has against a JSON text: `unknown field "spec.foo"`, `duplicate field "spec.bar"`,
 * in the text's order. The text must be valid JSON (it has been parsed). Without a schema only duplicates are found.
 * `isKind`: the text is an object of a kind, its apiVersion and kind are known fields.
 */
export function strictProblems(text: string, schema: ObjectSchema | undefined, isKind: boolean): string[] {
  return new Scanner(text).problems(schema, isKind);
}

/** Whether any object of a JSON text may have a name twice: cheap, and right about nearly every text. */
export function mayHaveDuplicates(text: string, parsed: unknown): boolean {
  return countNames(parsed, 0) !== countColons(text);
}

/** Members in a parsed value: a text with more of them had duplicates. */
function countNames(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countNames(item, depth + 1);
    return count;
  }
  for (const name in value) {
    count++;
    const item: unknown = value[name as keyof typeof value];
    if (typeof item === 'object') count += countNames(item, depth + 1);
  }
  return count;
}

/** Members in a text: colons outside strings. */
function countColons(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x3a) count++;
    else if (c === 0x22) i = endOfString(text, i);
  }
  return count;
}

/** The index of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/** Reads a valid JSON text member by member; it is the only reader that sees a name twice. */
class Scanner {
  readonly #text: string;
  #at = 0;
  readonly #out = new Set<string>();
  /** There is no schema: every object is looked at. */
  #bare = false;

  constructor(text: string) {
    this.#text = text;
  }

  problems(schema: ObjectSchema | undefined, isKind: boolean): string[] {
    this.#bare = schema === undefined;
    this.#value(schema ?? null, '', isKind, 0);
    return [...this.#out];
  }

  #space(): number {
    while (this.#text.charCodeAt(this.#at) <= 0x20) this.#at++;
    return this.#text.charCodeAt(this.#at);
  }

  #string(): string {
    const start = this.#at;
    this.#at = endOfString(this.#text, start) + 1;
    const raw = this.#text.slice(start, this.#at);
    return raw.includes('\\') ? String(JSON.parse(raw)) : raw.slice(1, -1);
  }

  #value(schema: Schema | null, path: string, isKind: boolean, depth: number): void {
    if (depth > MAX_DEPTH) {
      this.#at = this.#text.length;
      return;
    }
    const c = this.#space();
    if (c === 0x7b) this.#object(schema, path, isKind, depth);
    else if (c === 0x5b) this.#array(schema, path, depth);
    else if (c === 0x22) this.#string();
    else {
      const rest = /[,\]}\s]/g;
      rest.lastIndex = this.#at;
      this.#at = rest.exec(this.#text)?.index ?? this.#text.length;
    }
  }

  #object(schema: Schema | null, path: string, isKind: boolean, depth: number): void {
    const seen = new Set<string>();
    this.#at++;
    while (this.#at < this.#text.length && this.#space() !== 0x7d) {
      if (this.#space() === 0x2c) {
        this.#at++;
        continue;
      }
      const key = this.#string();
      this.#space();
      this.#at++; // the colon
      const where = join(path, key);
      const child = schema && schema.node !== 'scalar' ? childOf(schema, key, isKind) : null;
      if (child === undefined) this.#report(`unknown field ${quote(where)}`);
      // Inside what the schema does not describe a name twice is nobody's concern, unless there is no schema at all.
      else if (seen.has(key) && (schema !== null || this.#bare)) this.#report(`duplicate field ${quote(where)}`);
      seen.add(key);
      this.#value(child ?? null, where, false, depth + 1);
    }
    this.#at++;
  }

  #array(schema: Schema | null, path: string, depth: number): void {
    this.#at++;
    let i = 0;
    while (this.#at < this.#text.length && this.#space() !== 0x5d) {
      if (this.#space() === 0x2c) {
        this.#at++;
        continue;
      }
      this.#value(schema?.node === 'list' ? schema.items : null, `${path}[${i++}]`, false, depth + 1);
    }
    this.#at++;
  }

  #report(problem: string): void {
    if (this.#out.size < MAX_PROBLEMS) this.#out.add(problem);
  }
}
