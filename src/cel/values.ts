/**
 * Values of expressions at run time. What JavaScript has is used as it is: a string is a string, an int a number (or a
 * bigint, past 2^53), so that objects of the API need no conversion. Doubles and uints are wrapped, to be told from ints.
 * Errors are values too: `false && error` is false.
 */
import { formatDuration } from '../schema/duration.ts';
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, INT, NULL, STRING, TIMESTAMP, TYPE, UINT } from './types.ts';

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | CelUint
  | CelDouble
  | CelDuration
  | CelTimestamp
  | CelTypeValue
  | CelOptional
  | CelList
  | CelMap
  | CelObject
  | CelError;

export const MAX_INT = 2n ** 63n - 1n;
export const MIN_INT = -(2n ** 63n);
export const MAX_UINT = 2n ** 64n - 1n;

/** The int of a bigint within 64 bits. */
export function intFromBigInt(value: bigint): number | bigint {
  const narrow = Number(value);
  return Number.isSafeInteger(narrow) ? narrow : value;
}

export class CelUint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class CelDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export class CelDuration {
  readonly nanoseconds: bigint;
  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

/** A moment: nanoseconds since the epoch, and the zone it was written in: string() writes it so again. */
export class CelTimestamp {
  readonly nanoseconds: bigint;
  /** Minutes ahead of UTC. */
  readonly zone: number;
  constructor(nanoseconds: bigint, zone = 0) {
    this.nanoseconds = nanoseconds;
    this.zone = zone;
  }
}

export class CelTypeValue {
  /** The name at run time, without parameters. */
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class CelOptional {
  static readonly none = new CelOptional(undefined);
  /** Undefined of the empty one. */
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

/** What went wrong while evaluating, in cel-go's words. */
export class CelError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export abstract class CelList {
  abstract readonly size: number;
  /** An element; the index is within the list. */
  abstract at(index: number): Value;
  /** Of lists that are sets or maps: they are equal in any order, and joined without repeating anything. */
  equals?(other: CelList): boolean;
  joined?(other: CelList): CelList;
  /** What it is read out of: lists of one source have the same elements. */
  get source(): unknown {
    return this;
  }

  *[Symbol.iterator](): Generator<Value> {
    for (let i = 0; i < this.size; i++) yield this.at(i);
  }
}

export class ArrayList extends CelList {
  readonly elements: readonly Value[];
  constructor(elements: readonly Value[]) {
    super();
    this.elements = elements;
  }
  override get size(): number {
    return this.elements.length;
  }
  override at(index: number): Value {
    return this.elements[index] ?? null;
  }
}

/** A map, or an object of fields. Keys are ints, uints, bools and strings. */
export abstract class CelMap {
  abstract readonly size: number;
  /** Undefined where there is no such key. */
  abstract get(key: Value): Value | undefined;
  abstract keys(): Iterable<Value>;
}

/** One thing for all keys that are equal: 1, 1u and 1.0 find each other. */
export function mapKey(key: Value): unknown {
  switch (typeof key) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return key;
  }
  if (key instanceof CelUint) return intFromBigInt(key.value);
  if (key instanceof CelDouble) return Number.isInteger(key.value) ? intFromBigInt(BigInt(key.value)) : key.value;
  return key;
}

export class EntryMap extends CelMap {
  readonly #entries: ReadonlyMap<unknown, readonly [Value, Value]>;
  constructor(entries: ReadonlyMap<unknown, readonly [Value, Value]>) {
    super();
    this.#entries = entries;
  }
  static of(entries: Iterable<readonly [Value, Value]>): EntryMap {
    return new EntryMap(new Map(Array.from(entries, (entry) => [mapKey(entry[0]), entry] as const)));
  }
  override get size(): number {
    return this.#entries.size;
  }
  override get(key: Value): Value | undefined {
    return this.#entries.get(mapKey(key))?.[1];
  }
  override *keys(): Generator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }
}

/** A value of a type of Kubernetes' own (a quantity, an IP address): only functions look into it. */
export abstract class CelObject {
  abstract readonly type: CelType;
  abstract equals(other: CelObject): boolean;
  /** What the value costs to look at; most count as one. */
  get size(): number {
    return 1;
  }
}

/** The type a value has at run time; parameters are not known then. */
export function valueType(value: Value): CelType {
  switch (typeof value) {
    case 'boolean':
      return BOOL;
    case 'number':
    case 'bigint':
      return INT;
    case 'string':
      return STRING;
  }
  if (value === null) return NULL;
  if (value instanceof CelDouble) return DOUBLE;
  if (value instanceof CelList) return LIST;
  if (value instanceof CelMap) return objectType(value) ?? MAP;
  if (value instanceof CelObject) return value.type;
  if (value instanceof CelUint) return UINT;
  if (value instanceof CelTimestamp) return TIMESTAMP;
  if (value instanceof CelDuration) return DURATION;
  if (value instanceof Uint8Array) return BYTES;
  if (value instanceof CelOptional) return OPTIONAL;
  if (value instanceof CelTypeValue) return TYPE;
  return ERROR_VALUE;
}

const LIST: CelType = { kind: 'list', name: 'list', params: [] };
const MAP: CelType = { kind: 'map', name: 'map', params: [] };
const OPTIONAL: CelType = { kind: 'opaque', name: 'optional_type', params: [] };
const ERROR_VALUE: CelType = { kind: 'error', name: 'error', params: [] };

/** A map that is an object of a schema. */
export abstract class CelStruct extends CelMap {
  abstract readonly type: CelType;
}

const objectType = (value: CelMap): CelType | undefined => (value instanceof CelStruct ? value.type : undefined);

/** Numbers of all three types by value; undefined of anything else. */
function numeric(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return value instanceof CelUint || value instanceof CelDouble ? value.value : undefined;
}

/** Deep equality, numbers across their types. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  const number = numeric(a);
  if (number !== undefined) {
    const other = numeric(b);
    if (other === undefined) return false;
    if (a instanceof CelDouble || b instanceof CelDouble) return Number(number) === Number(other);
    // biome-ignore lint/suspicious/noDoubleEquals: the loose form compares a bigint and a number by their exact values.
    return number == other;
  }
  if (a instanceof CelList) return b instanceof CelList && (a.equals?.(b) ?? equalLists(a, b));
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof CelDuration) return b instanceof CelDuration && a.nanoseconds === b.nanoseconds;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && a.nanoseconds === b.nanoseconds;
  if (a instanceof CelTypeValue) return b instanceof CelTypeValue && a.name === b.name;
  if (a instanceof CelObject) return b instanceof CelObject && a.type.name === b.type.name && a.equals(b);
  if (a instanceof CelOptional && b instanceof CelOptional) {
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equal(a.value, b.value);
  }
  return false;
}

function equalLists(a: CelList, b: CelList): boolean {
  if (a.size !== b.size) return false;
  for (let i = 0; i < a.size; i++) if (!equal(a.at(i), b.at(i))) return false;
  return true;
}

function equalMaps(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const [left, right] = [a.get(key), b.get(key)];
    if (left === undefined || right === undefined || !equal(left, right)) return false;
  }
  return true;
}

/** -1, 0 or 1 where the two can be ordered; NaN of a NaN; undefined of types that cannot. */
export function compare(a: Value, b: Value): number | undefined {
  const left = numeric(a);
  if (left !== undefined) {
    const right = numeric(b);
    if (right === undefined) return undefined;
    if (a instanceof CelDouble || b instanceof CelDouble) return compareNumbers(Number(left), Number(right));
    return compareNumbers(left, right);
  }
  if (typeof a === 'string') return typeof b === 'string' ? compareStrings(a, b) : undefined;
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : undefined;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? Buffer.compare(a, b) : undefined;
  const moments =
    (a instanceof CelDuration && b instanceof CelDuration) || (a instanceof CelTimestamp && b instanceof CelTimestamp);
  if (!moments) return undefined;
  return a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds ? 1 : 0;
}

/** NaN where one of them is none. */
function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  // biome-ignore lint/suspicious/noDoubleEquals: across number and bigint.
  return a == b ? 0 : Number.NaN;
}

const surrogate = /[\ud800-\udfff]/;

/** By code points, as bytes of UTF-8 are ordered. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  if (surrogate.test(a) || surrogate.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

/** Characters, as Unicode counts them. */
export function stringSize(text: string): number {
  if (!surrogate.test(text)) return text.length;
  let size = 0;
  for (const _ of text) size++;
  return size;
}

/** What size(value) gives; 1 of what has no size: the unit of costs. */
export function valueSize(value: Value): number {
  if (typeof value === 'string') return stringSize(value);
  if (value instanceof CelList || value instanceof CelMap || value instanceof CelObject) return value.size;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof CelOptional && value.value !== undefined) return valueSize(value.value);
  return 1;
}

/** A number as Go writes doubles: with an exponent below 10^-4 and from a power of ten on (21 in messages). */
export function formatDouble(value: number, exponentFrom = 21): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < exponentFrom) return fixed(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function fixed(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  // Small numbers, for which JavaScript changes to exponents sooner than Go.
  const [mantissa = '', exponent = '0'] = text.replace('-', '').split('e');
  const digits = mantissa.replace('.', '');
  const zeros = '0'.repeat(-Number(exponent) - 1);
  return `${value < 0 ? '-' : ''}0.${zeros}${digits}`;
}

/** A value as Go prints it in messages. */
export function display(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelDouble) return formatDouble(value.value);
  if (value instanceof CelDuration) return formatDuration(value.nanoseconds);
  if (value instanceof CelError) return value.message;
  if (value instanceof CelTypeValue) return value.name;
  if (value instanceof CelList) return `[${Array.from(value, display).join(', ')}]`;
  if (value instanceof CelMap) {
    return `{${Array.from(value.keys(), (key) => `${display(key)}: ${display(value.get(key) ?? null)}`).join(', ')}}`;
  }
  if (value instanceof CelObject) return value.type.name;
  return String(value);
}
