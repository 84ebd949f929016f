/**
 * Takes a value from a client (parsed JSON, or a caller's object) to the form that everything behind relies on: a new
 * plain value, its fields in the model's order, unknown fields left out, zero values present or absent as Kubernetes
 * has them after reading JSON into its Go types and writing it again, quantities and times in canonical form.
 *
 * It is on the way of every write. Types are compiled into plans once; a decode then visits the keys that are there
 * and the few fields that must be written anyway.
 */

import { badBase64 } from './base64.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { embeddedName } from './embedded.ts';
import { typeOfField } from './go-aliases.ts';
import { describe, goType, kindOf } from './go-words.ts';
import { cloneJson, DepthError, isJsonObject, type JsonObject, MAX_DEPTH, setOwn } from './json.ts';
import type { Field, ObjectSchema, ScalarSchema, ScalarType, Schema } from './model.ts';
import { canonicalQuantity } from './quantity.ts';
import { isTypeMeta, unknownFields } from './strict.ts';
import { canonicalMicroTime, canonicalTime } from './time.ts';

/** The value does not fit its type. The message is Kubernetes' own; callers put "... cannot be handled as a Pod: " before it. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}

export interface DecodeOptions {
  /** Fill in the model's constant defaults. */
  readonly defaults: boolean;
}

export interface Decoded {
  /** A private copy; the caller may change it. */
  readonly object: JsonObject;
  /** Paths of fields that the schema does not have, in the input's order: "spec.containers[0].foo". At most 100. */
  readonly unknown: readonly string[];
}

interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Decodes a value of any object type. Throws DecodeError. */
export function decode(schema: ObjectSchema, value: unknown, options: DecodeOptions): Decoded {
  return run(schema, value, options, undefined);
}

/** Decodes an object of a kind; `kind` and `apiVersion` are written as the caller names them, whatever the value says. */
export function decodeKind<T extends object = JsonObject>(
  schema: ObjectSchema,
  gvk: TypeMeta,
  value: unknown,
  options: DecodeOptions,
): { object: T; unknown: readonly string[] } {
  const { object, unknown } = run(schema, value, options, gvk);
  // The schema is T's description: this is where a described value becomes a typed one.
  return { object: object as T, unknown };
}

function run(schema: ObjectSchema, value: unknown, options: DecodeOptions, gvk: TypeMeta | undefined): Decoded {
  const plan = planOf(schema);
  const input = value ?? {};
  if (!isJsonObject(input)) {
    throw new DecodeError(`json: cannot unmarshal ${kindOf(input)} into Go value of type ${goType(schema)}`);
  }
  const context = new Context(options.defaults);
  try {
    const object = plan.decode(input, context, gvk);
    if (context.error !== undefined) throw firstError(plan, input, options, gvk) ?? new DecodeError(context.error);
    return { object, unknown: context.unknown ? unknownFields(schema, input, gvk !== undefined) : [] };
  } catch (error) {
    if (error instanceof DepthError) throw new DecodeError(error.message);
    throw error;
  }
}

/** What Go, which reads from the beginning to the end, complains of: decoding goes by the model's order otherwise. */
function firstError(
  plan: Plan,
  input: JsonObject,
  options: DecodeOptions,
  gvk: TypeMeta | undefined,
): DecodeError | undefined {
  const context = new Context(options.defaults);
  context.inOrder = true;
  plan.decode(input, context, gvk);
  return context.error === undefined ? undefined : new DecodeError(context.error);
}

/** What one decode carries along. */
class Context {
  readonly defaults: boolean;
  /** Names of the fields on the way to the value at hand: Go's messages have these, not indices or keys. */
  readonly path: string[] = [];
  depth = 0;
  unknown = false;
  /** Fields are read in the order of the input, to find what is wrong; what comes of it is of no use. */
  inOrder = false;
  /** The first mismatch that does not stop decoding (Go goes on, and what stops it later is reported instead). */
  error: string | undefined;
  /** Inside types that read their own JSON, nothing is reported as unknown. */
  lenient = 0;

  constructor(defaults: boolean) {
    this.defaults = defaults;
  }

  /** A value of the wrong type: reported unless something was before. */
  mismatch(owner: Plan | undefined, name: string, value: unknown, type: string): void {
    this.error ??= this.mismatchText(owner, name, describe(value, type), type);
  }

  mismatchText(owner: Plan | undefined, name: string, got: string, type: string): string {
    if (!owner) return `json: cannot unmarshal ${got} into Go value of type ${type}`;
    const names = name === '' ? this.path : [...this.path, name];
    const own = typeOfField(owner.goName, names.at(-1) ?? '', type);
    return `json: cannot unmarshal ${got} into Go struct field ${owner.goName}.${names.join('.')} of type ${own}`;
  }
}

/** Operations of a node, numbered so that the walk is one switch. */
const OBJECT = 0;
const LIST = 1;
const MAP = 2;
const STRING = 3;
const BOOL = 4;
const INT32 = 5;
const INT64 = 6;
const DOUBLE = 7;
const BYTES = 8;
const QUANTITY = 9;
const TIME = 10;
const MICROTIME = 11;
const DURATION = 12;
const INT_OR_STRING = 13;
const RAW = 14;
const JSON_VALUE = 15;
const UNION = 16;

const operations: Readonly<Record<ScalarType, number>> = {
  string: STRING,
  bool: BOOL,
  int32: INT32,
  int64: INT64,
  double: DOUBLE,
  bytes: BYTES,
  Quantity: QUANTITY,
  Time: TIME,
  MicroTime: MICROTIME,
  Duration: DURATION,
  IntOrString: INT_OR_STRING,
  RawExtension: RAW,
  FieldsV1: RAW,
  JSON: JSON_VALUE,
  JSONSchemaPropsOrArray: UNION,
  JSONSchemaPropsOrBool: UNION,
  JSONSchemaPropsOrStringArray: UNION,
};

/** What an absent or null element of a list or map becomes. */
function zeroOf(node: Node, context: Context): unknown {
  switch (node.op) {
    case OBJECT:
      return node.plan.decode({}, context);
    case STRING:
      return '';
    case BOOL:
      return false;
    case INT32:
    case INT64:
    case DOUBLE:
    case INT_OR_STRING:
      return 0;
    case QUANTITY:
      return '0';
    case DURATION:
      return '0s';
    default:
      return null;
  }
}

class Node {
  readonly op: number;
  readonly schema: Schema;
  /** Element of a list, value of a map. */
  readonly items: Node | undefined;
  #plan: Plan | undefined;

  constructor(schema: Schema) {
    this.schema = schema;
    this.op =
      schema.node === 'object'
        ? OBJECT
        : schema.node === 'list'
          ? LIST
          : schema.node === 'map'
            ? MAP
            : operations[schema.type];
    this.items =
      schema.node === 'list' ? new Node(schema.items) : schema.node === 'map' ? new Node(schema.values) : undefined;
  }

  get plan(): Plan {
    if (this.#plan) return this.#plan;
    const schema = this.schema.node === 'scalar' ? this.schema.of : this.schema;
    if (schema?.node !== 'object') throw new Error('only objects have a plan');
    this.#plan = planOf(schema);
    return this.#plan;
  }
}

class FieldPlan {
  readonly name: string;
  /** As messages name it. */
  readonly goName: string;
  readonly node: Node;
  readonly pointer: boolean;
  readonly always: boolean;
  readonly fallback: Field['default'];
  /** Visited even when the input does not have the field. */
  readonly visit: boolean;

  constructor(field: Field, type: string) {
    this.name = field.name;
    this.goName = embeddedName(type, field.name);
    this.node = new Node(field.schema);
    this.pointer = field.pointer;
    this.always = field.always;
    // A default that is the zero value changes nothing where zero values are not written.
    this.fallback =
      field.default === undefined || (!field.pointer && isZero(field.default)) ? undefined : field.default;
    this.visit = this.always || this.fallback !== undefined;
  }
}

const isZero = (value: unknown) => value === '' || value === 0 || value === false;

const plans = new WeakMap<ObjectSchema, Plan>();

function planOf(schema: ObjectSchema): Plan {
  let plan = plans.get(schema);
  if (!plan) {
    plan = new Plan(schema);
    plans.set(schema, plan);
  }
  return plan;
}

class Plan {
  readonly schema: ObjectSchema;
  readonly goName: string;
  readonly #fields: readonly FieldPlan[];
  readonly #index = new Map<string, number>();

  constructor(schema: ObjectSchema) {
    this.schema = schema;
    this.goName = schema.name.slice(schema.name.lastIndexOf('.') + 1);
    this.#fields = [...schema.fields.values()].map((field) => new FieldPlan(field, schema.name));
    for (const [i, field] of this.#fields.entries()) this.#index.set(field.name, i);
  }

  decode(input: JsonObject, context: Context, gvk?: TypeMeta): JsonObject {
    const fields = this.#fields;
    if (context.inOrder) return this.#inspect(input, context);
    const slots: unknown[] = new Array(fields.length);
    // Of plain objects these are their own keys, and no array is made of them.
    for (const key in input) {
      const i = this.#index.get(key);
      if (i !== undefined) slots[i] = input[key];
      else if (context.lenient === 0 && input[key] !== undefined && !this.schema.preserveUnknown)
        context.unknown = true;
    }
    const out: JsonObject = gvk ? { kind: gvk.kind, apiVersion: gvk.apiVersion } : {};
    for (let i = gvk && this.schema.kind ? 2 : 0; i < fields.length; i++) {
      const given = slots[i];
      // biome-ignore lint/style/noNonNullAssertion: i is in range
      const field = fields[i]!;
      if (given === undefined && !field.visit) continue;
      const value =
        given === undefined || given === null ? undefined : decodeNode(field.node, given, context, this, field.goName);
      if (value !== undefined && (field.pointer || !isEmpty(field.node.op, value))) out[field.name] = value;
      else if (field.fallback !== undefined && context.defaults) out[field.name] = structuredDefault(field.fallback);
      else if (field.always) out[field.name] = value ?? absent(field, context);
    }
    if (this.schema.preserveUnknown) {
      for (const key of Object.keys(input)) {
        if (input[key] !== undefined && !this.#index.has(key) && !(gvk && isTypeMeta(key))) {
          setOwn(out, key, cloneJson(input[key], context.depth));
        }
      }
    }
    return out;
  }

  #inspect(input: JsonObject, context: Context): JsonObject {
    for (const [key, given] of Object.entries(input)) {
      const i = this.#index.get(key);
      const field = i === undefined ? undefined : this.#fields[i];
      if (field && given !== undefined && given !== null) decodeNode(field.node, given, context, this, field.goName);
    }
    return {};
  }
}

const structuredDefault = (value: Field['default']) => (typeof value === 'object' ? { ...value } : value);

/** What stands for a field that is always written and was not given. */
function absent(field: FieldPlan, context: Context): unknown {
  if (field.pointer) return null;
  if (field.node.op !== OBJECT) return zeroOf(field.node, context);
  context.path.push(field.name);
  const value = field.node.plan.decode({}, context);
  context.path.pop();
  return value;
}

/** Whether Go's omitempty leaves a value out that is not behind a pointer. */
function isEmpty(op: number, value: unknown): boolean {
  switch (op) {
    case STRING:
      return value === '';
    case BOOL:
      return value === false;
    case INT32:
    case INT64:
    case DOUBLE:
      return value === 0;
    case LIST:
    case BYTES:
      return (value as { length: number }).length === 0; // an array or a string
    case MAP:
      return !hasKeys(value as JsonObject); // made by decodeNode
    default:
      return false;
  }
}

/** As most maps do; copying them at once is much quicker when they are large. */
function hasStringsOnly(value: JsonObject): boolean {
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
}

function hasKeys(value: JsonObject): boolean {
  for (const _ in value) return true;
  return Object.keys(value).length > 0;
}

/**
 * The canonical form of a value that is neither null nor undefined; undefined when it stands for "not set" or did not
 * fit. `owner` and `name` say for messages which field it is of.
 */
function decodeNode(node: Node, value: unknown, context: Context, owner: Plan | undefined, name: string): unknown {
  switch (node.op) {
    case STRING:
      if (typeof value === 'string') return value;
      break;
    case BOOL:
      if (typeof value === 'boolean') return value;
      break;
    case INT32:
      if (typeof value === 'number' && value >= -2147483648 && value <= 2147483647 && Number.isInteger(value))
        return value || 0;
      break;
    case INT64:
      if (typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63)
        return value || 0;
      break;
    case DOUBLE:
      if (typeof value === 'number') return value;
      break;
    case OBJECT: {
      if (typeof value !== 'object' || Array.isArray(value)) break;
      if (context.depth++ > MAX_DEPTH) throw new DepthError();
      if (name !== '') context.path.push(name);
      const out = node.plan.decode(value as JsonObject, context); // not null, by the caller; not an array
      if (name !== '') context.path.pop();
      context.depth--;
      return out;
    }
    case LIST:
      if (!Array.isArray(value)) break;
      return decodeList(node, value, context, owner, name);
    case MAP:
      if (typeof value !== 'object' || Array.isArray(value)) break;
      return decodeMap(node, value as JsonObject, context, owner, name); // as for OBJECT
    default:
      return decodeSpecial(node, value, context, owner, name);
  }
  context.mismatch(owner, name, value, goType(node.schema));
  return undefined;
}

function decodeList(
  node: Node,
  value: readonly unknown[],
  context: Context,
  owner: Plan | undefined,
  name: string,
): unknown[] {
  const items = node.items;
  const out: unknown[] = [];
  if (!items) return out;
  if (name !== '') context.path.push(name);
  for (const item of value) {
    out.push(
      item === null || item === undefined ? zeroOf(items, context) : decodeNode(items, item, context, owner, ''),
    );
  }
  if (name !== '') context.path.pop();
  return out;
}

function decodeMap(node: Node, value: JsonObject, context: Context, owner: Plan | undefined, name: string): JsonObject {
  const items = node.items;
  if (items?.op === STRING && hasStringsOnly(value)) return { ...value };
  const out: JsonObject = {};
  if (!items) return out;
  if (name !== '') context.path.push(name);
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item === undefined) continue;
    setOwn(out, key, item === null ? zeroOf(items, context) : decodeNode(items, item, context, owner, ''));
  }
  if (name !== '') context.path.pop();
  return out;
}

/** Types that read their own JSON: what they refuse ends the decoding. */
function decodeSpecial(node: Node, value: unknown, context: Context, owner: Plan | undefined, name: string): unknown {
  const refuse = (type: string) => new DecodeError(context.mismatchText(owner, name, describe(value, type), type));
  switch (node.op) {
    case QUANTITY:
      return hard(() => canonicalQuantity(typeof value === 'string' ? value.trim() : JSON.stringify(value)));
    case TIME:
    case MICROTIME:
      if (typeof value !== 'string') throw refuse('string');
      return hard(() => (node.op === TIME ? canonicalTime(value) : canonicalMicroTime(value)));
    case DURATION:
      if (typeof value !== 'string') throw refuse('string');
      return hard(() => formatDuration(parseDuration(value)));
    case INT_OR_STRING:
      if (typeof value === 'string') return value;
      if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2 ** 31) return value | 0 || 0;
      throw refuse('int32');
    case BYTES: {
      if (typeof value !== 'string') {
        context.mismatch(owner, name, value, '[]uint8');
        return undefined;
      }
      const bad = badBase64(value);
      if (bad === undefined) return value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, '') : value;
      context.error ??= `illegal base64 data at input byte ${bad}`;
      return undefined;
    }
    case UNION:
      return decodeUnion(node, node.schema as ScalarSchema, value, context); // UNION is an operation of scalars
    default:
      return cloneJson(value, context.depth);
  }
}

function hard<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new DecodeError(error instanceof Error ? error.message : String(error));
  }
}

function decodeUnion(node: Node, schema: ScalarSchema, value: unknown, context: Context): unknown {
  const props = (v: unknown) => {
    if (context.depth++ > MAX_DEPTH) throw new DepthError();
    if (!isJsonObject(v)) {
      throw new DecodeError(`json: cannot unmarshal ${kindOf(v)} into Go value of type v1.JSONSchemaProps`);
    }
    context.lenient++;
    const out = node.plan.decode(v, context);
    context.lenient--;
    context.depth--;
    return out;
  };
  if (Array.isArray(value)) {
    if (schema.type === 'JSONSchemaPropsOrArray') return value.map((v) => props(v ?? {}));
    if (schema.type === 'JSONSchemaPropsOrStringArray') {
      const wrong = value.find((v) => typeof v !== 'string');
      if (wrong === undefined) return [...value];
      throw new DecodeError(`json: cannot unmarshal ${kindOf(wrong)} into Go value of type string`);
    }
  }
  if (schema.type === 'JSONSchemaPropsOrBool') {
    if (typeof value === 'boolean') return value;
    if (!isJsonObject(value)) throw new DecodeError('boolean or JSON schema expected');
  }
  return isJsonObject(value) ? props(value) : null;
}
