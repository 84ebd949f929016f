/** Values of objects as expressions see them: read out of plain JSON when an expression asks, as the schema says. */
import { escapeProperty, fieldCalled } from '../../../cel/object-types.ts';
import { toTimestamp } from '../../../cel/time.ts';
import {
  ArrayList,
  CelDouble,
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelTimestamp,
  display,
  equal,
  type Value,
} from '../../../cel/values.ts';
import { parseDuration } from '../../../schema/duration.ts';
import { isInt64 } from '../../../schema/go-number.ts';
import { isJsonObject, type JsonObject } from '../../../schema/json.ts';
import { type Structural, withTypeAndMetadata } from './structural.ts';

/** A JSON value of a schema as a value of expressions; a CelError where it is not of the schema. */
export function toValue(value: unknown, node: Structural): Value {
  if (value === null || value === undefined) {
    return node.nullable ? null : new CelError('invalid data, got null for schema with nullable=false');
  }
  if (node.intOrString) {
    if (typeof value === 'string' || (typeof value === 'number' && isInt64(value))) return value;
    return new CelError('invalid data, expected XIntOrString value to be either a string or integer');
  }
  switch (node.type) {
    case 'object':
      if (!isJsonObject(value)) return wrong('a map for the provided schema with type=object');
      return new ObjectValue(value, node.embedded ? withTypeAndMetadata(node) : node);
    case 'array':
      if (!Array.isArray(value)) return wrong('an array for the provided schema with type=array');
      if (!node.items) return new CelError('invalid array type, expected Items with a non-empty Schema');
      return listValue(value, node, node.items);
    case 'string':
      return typeof value === 'string' ? textValue(value, node.schema.format) : wrong(`string, got ${goType(value)}`);
    case 'number':
      return typeof value === 'number' ? new CelDouble(value) : wrong(`float, got ${goType(value)}`);
    case 'integer':
      if (typeof value === 'number' && isInt64(value)) return Number.isSafeInteger(value) ? value : BigInt(value);
      return wrong(`int, got ${goType(value)}`);
    case 'boolean':
      return typeof value === 'boolean' ? value : wrong(`bool, got ${goType(value)}`);
    default:
      return new CelError(
        `invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ${node.type}`,
      );
  }
}

const wrong = (expected: string): CelError => new CelError(`invalid data, expected ${expected}`);

function goType(value: unknown): string {
  if (typeof value === 'number') return isInt64(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

function textValue(text: string, format: string | undefined): Value {
  switch (format) {
    case 'duration':
      try {
        return new CelDuration(parseDuration(text));
      } catch {
        return scalaDuration(text) ?? new CelError(`Invalid duration ${text}: unable to parse ${text} as duration`);
      }
    case 'date':
      return timestamp(`${text}T00:00:00Z`) ?? new CelError(`Invalid date formatted string ${text}`);
    case 'date-time':
      return timestamp(text) ?? timestamp(`${text}Z`) ?? new CelError(`Invalid date-time formatted string ${text}`);
    case 'byte':
      return Buffer.from(text, 'base64url');
    default:
      return text;
  }
}

function timestamp(text: string): CelTimestamp | undefined {
  const made = toTimestamp(text.toUpperCase());
  return made instanceof CelTimestamp ? made : undefined;
}

const SECOND = 1_000_000_000n;
const units: readonly (readonly [readonly string[], string, bigint])[] = [
  [['ns'], 'nano', 1n],
  [['us', 'µs'], 'micro', 1_000n],
  [['ms'], 'milli', 1_000_000n],
  [['s'], 'sec', SECOND],
  [['m'], 'min', 60n * SECOND],
  [['h', 'hr'], 'hour', 3_600n * SECOND],
  [['d'], 'day', 86_400n * SECOND],
  [['w', 'wk'], 'week', 604_800n * SECOND],
];

/** "2 days", "1 hour 5 minutes". */
function scalaDuration(text: string): CelDuration | undefined {
  let sum: bigint | undefined;
  for (const [, digits = '', unit = ''] of text.matchAll(/([0-9]+)\s*([A-Za-zµ]+)/g)) {
    const name = unit.toLowerCase();
    const found = units.find(([names, word]) => names.includes(name) || name.startsWith(word));
    if (found) sum = (sum ?? 0n) + BigInt(digits) * found[2];
  }
  return sum === undefined ? undefined : new CelDuration(sum);
}

class ListValue extends CelList {
  readonly #list: readonly unknown[];
  readonly #items: Structural;
  constructor(list: readonly unknown[], items: Structural) {
    super();
    this.#list = list;
    this.#items = items;
  }
  override get source(): unknown {
    return this.#list;
  }
  override get size(): number {
    return this.#list.length;
  }
  override at(index: number): Value {
    return toValue(this.#list[index], this.#items);
  }
}

function listValue(list: readonly unknown[], node: Structural, items: Structural): CelList {
  const plain = new ListValue(list, items);
  if (node.listType === 'set') return new UniqueList(plain, textOf);
  if (node.listType !== 'map') return plain;
  const keys = node.listMapKeys.map((key) => escapeProperty(key) ?? key);
  const keyOf = (item: Value): string =>
    item instanceof CelMap ? keys.map((key) => textOf(item.get(key) ?? null)).join() : textOf(item);
  return new UniqueList(plain, keyOf);
}

/** Tells values of one type apart. */
const textOf = (value: Value): string => JSON.stringify(display(value));

/** A list whose elements are told apart by something of theirs: a set, or a map. */
class UniqueList extends CelList {
  readonly #list: CelList;
  readonly #keyOf: (item: Value) => string;
  constructor(list: CelList, keyOf: (item: Value) => string) {
    super();
    this.#list = list;
    this.#keyOf = keyOf;
  }
  override get source(): unknown {
    return this.#list.source;
  }
  override get size(): number {
    return this.#list.size;
  }
  override at(index: number): Value {
    return this.#list.at(index);
  }
  override equals(other: CelList): boolean {
    if (other.size !== this.size) return false;
    const own = this.#byKey();
    for (const item of other) {
      const same = own.get(this.#keyOf(item));
      if (same === undefined || !equal(same, item)) return false;
    }
    return true;
  }
  /** What has the same key as an element here takes its place. */
  override joined(other: CelList): CelList {
    const all = this.#byKey();
    for (const item of other) all.set(this.#keyOf(item), item);
    return new UniqueList(new ArrayList([...all.values()]), this.#keyOf);
  }
  #byKey(): Map<string, Value> {
    const items = new Map<string, Value>();
    for (const item of this) items.set(this.#keyOf(item), item);
    return items;
  }
}

/** Names of properties by what expressions call them. */
const unescaped = new WeakMap<Structural, ReadonlyMap<string, string>>();

function namesOf(node: Structural): ReadonlyMap<string, string> {
  const known = unescaped.get(node);
  if (known) return known;
  const names = new Map<string, string>();
  for (const name of node.properties.keys()) {
    const escaped = escapeProperty(name);
    if (escaped !== undefined) names.set(escaped, name);
  }
  unescaped.set(node, names);
  return names;
}

class ObjectValue extends CelMap {
  readonly #object: JsonObject;
  readonly #node: Structural;
  constructor(object: JsonObject, node: Structural) {
    super();
    this.#object = object;
    this.#node = node;
  }
  override get size(): number {
    return Object.keys(this.#object).length;
  }
  override get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined;
    const { properties, additional } = this.#node;
    const isObject = properties.size > 0;
    const name = isObject ? fieldCalled(namesOf(this.#node), key) : key;
    if (name === undefined || !Object.hasOwn(this.#object, name)) return undefined;
    const value = this.#object[name];
    const schema = isObject ? properties.get(name) : additional;
    // A property that is null is as if it were absent.
    return schema && !(isObject && value === null) ? toValue(value, schema) : undefined;
  }
  override *keys(): Generator<Value> {
    const { properties, additional } = this.#node;
    for (const name of Object.keys(this.#object)) {
      if (properties.has(name)) yield escapeProperty(name) ?? name;
      else if (additional && properties.size === 0) yield name;
    }
  }
}
