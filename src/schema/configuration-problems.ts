/**
 * What makes a configuration unfit for server-side apply: fields that the schema does not have, values of another
 * type, elements of associative lists that are there twice. The rules and words are those of
 * sigs.k8s.io/structured-merge-diff, which looks at the types that JSON tells apart, not at formats and ranges.
 */
import { DepthError, getOwn, isJsonObject as isAnyObject, type JsonObject, MAX_DEPTH } from './json.ts';
import type { Field, ObjectSchema, ScalarType, Schema } from './model.ts';
import { quote } from './quote.ts';
import { keyDefault } from './typed-value.ts';

const kinds: Readonly<Partial<Record<ScalarType, 'string' | 'number' | 'boolean'>>> = {
  string: 'string',
  bytes: 'string',
  Duration: 'string',
  bool: 'boolean',
  int32: 'number',
  int64: 'number',
  double: 'number',
};
/** Any scalar will do for these; the rest may be anything. */
const untyped: ReadonlySet<ScalarType> = new Set(['Quantity', 'Time', 'MicroTime', 'IntOrString']);

/** A value of a type that JSON does not have, which fits nowhere: as Go's %v and %#v print it. */
export class GoValue {
  readonly text: string;
  readonly syntax: string;
  constructor(text: string, syntax: string) {
    this.text = text;
    this.syntax = syntax;
  }
}

const isJsonObject = (value: unknown): value is JsonObject => isAnyObject(value) && !(value instanceof GoValue);

export function configurationProblems(schema: ObjectSchema, value: unknown): string[] {
  const found: string[] = [];
  visit(schema, undefined, value, '', 0, found);
  return found;
}

function visit(
  node: Schema,
  field: Field | undefined,
  value: unknown,
  path: string,
  depth: number,
  found: string[],
): void {
  if (depth > MAX_DEPTH) throw new DepthError();
  if (value === null || value === undefined) return;
  const wrong = (why: string) => found.push(`${path || '.'}: ${why}`);
  switch (node.node) {
    case 'scalar': {
      const why = scalarProblem(node.type, value);
      if (why) wrong(why);
      return;
    }
    case 'list':
      if (Array.isArray(value)) visitList(node, field, value, path, depth, found);
      else wrong(`expected list, got &{${goText(value)}}`);
      return;
    case 'map':
      if (!isJsonObject(value)) {
        wrong(`expected map, got &{${goText(value)}}`);
        return;
      }
      for (const key of Object.keys(value))
        visit(node.values, undefined, value[key], `${path}.${key}`, depth + 1, found);
      return;
    case 'object':
      if (!isJsonObject(value)) {
        wrong(`expected map, got &{${goText(value)}}`);
        return;
      }
      for (const key of Object.keys(value)) {
        const member = node.fields.get(key);
        if (member) visit(member.schema, member, value[key], `${path}.${key}`, depth + 1, found);
        else if (!node.preserveUnknown) {
          found.push(`${path}.${key}: field not declared in schema`);
          // Nothing more of the object is looked at.
          return;
        }
      }
  }
}

function visitList(
  node: Schema & { readonly node: 'list' },
  field: Field | undefined,
  list: readonly unknown[],
  path: string,
  depth: number,
  found: string[],
): void {
  const seen = new Set<string>();
  for (const [i, item] of list.entries()) {
    let step = `[${i}]`;
    if (field?.listType === 'set' || (field?.listType === 'map' && field.keys)) {
      const why = field.keys ? keyedProblem(node.items, field.keys, item) : setProblem(item);
      if (why) {
        found.push(`${path}: element ${i}: ${why}`);
        return;
      }
      step = field.keys ? keyedStep(node.items, field.keys, item) : `[=${scalarText(item)}]`;
      if (seen.has(step)) found.push(`${path}: duplicate entries for key ${step}`);
      seen.add(step);
    }
    visit(node.items, undefined, item, path + step, depth + 1, found);
  }
}

function keyedProblem(items: Schema, keys: readonly string[], item: unknown): string | undefined {
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isJsonObject(item)) return 'associative list with keys may not have non-map elements';
  const known = (key: string) => getOwn(item, key) !== undefined || keyDefault(items, key) !== undefined;
  if (keys.some(known)) return undefined;
  const named = `[${keys.map(quote).join(' ')}]`;
  return `associative list with keys has an element that omits all key fields ${named} (and doesn't have default values for any key fields)`;
}

function setProblem(item: unknown): string | undefined {
  if (item === null) return "associative list without keys has an element that's an explicit null";
  if (Array.isArray(item)) return 'not supported: associative list with lists as elements';
  return isJsonObject(item) ? "associative list without keys has an element that's a map type" : undefined;
}

/** '[name="a"]': keys that an element lacks have their defaults, or null. */
function keyedStep(items: Schema, keys: readonly string[], item: unknown): string {
  const parts = [...keys].sort().map((key) => {
    const given = isJsonObject(item) ? getOwn(item, key) : undefined;
    return `${key}=${scalarText((given === undefined ? keyDefault(items, key) : given) ?? null)}`;
  });
  return `[${parts.join(',')}]`;
}

const scalarText = (value: unknown): string => (typeof value === 'string' ? quote(value) : JSON.stringify(value));

function scalarProblem(type: ScalarType, value: unknown): string | undefined {
  if (untyped.has(type)) {
    return typeof value === 'object' ? `expected any scalar, got &{${goText(value)}}` : undefined;
  }
  const wanted = kinds[type];
  if (wanted === undefined || typeof value === wanted) return undefined;
  switch (wanted) {
    case 'string':
      return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'boolean':
      return `expected boolean, got &{${goText(value)}}`;
    case 'number':
      return `expected numeric (int or float), got ${goType(value)}`;
  }
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isJsonObject(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** As Go's %#v has it. */
function goSyntax(value: unknown): string {
  if (value instanceof GoValue) return value.syntax;
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isJsonObject(value)) {
    const parts = Object.keys(value).map((key) => `${quote(key)}:${goSyntax(value[key])}`);
    return `map[string]interface {}{${parts.sort().join(', ')}}`;
  }
  return value === null ? 'interface {}(nil)' : scalarText(value);
}

/** As Go's %v has it. */
function goText(value: unknown): string {
  if (value instanceof GoValue) return value.text;
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isJsonObject(value)) return value === null ? '<nil>' : String(value);
  const parts = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText(value[key])}`);
  return `map[${parts.join(' ')}]`;
}
