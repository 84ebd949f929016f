/**
 * What Kubernetes' storage makes of an object: it is written as protobuf and read again, so that the fields of every
 * answer are in the order of its type, keys of maps are sorted, and an empty list that is always written is null. Decoding
 * gives much of this form; defaults, admission and strategies add to it in whatever order they come.
 */
import { isJsonObject, type JsonObject, setOwn } from './json.ts';
import type { ObjectSchema, Schema } from './model.ts';

/** The value in stored form: itself where it is so already, a new one that shares its unchanged parts otherwise. */
export function storedForm<T extends object>(schema: ObjectSchema, object: T): T {
  // API objects are plain JSON objects, and stay what they were.
  return structForm(shapeOf(schema), object as JsonObject) as T;
}

interface Member {
  readonly rank: number;
  readonly always: boolean;
  /** Undefined for values that have one form only. */
  readonly form: ((value: unknown) => unknown) | undefined;
}
type Shape = ReadonlyMap<string, Member>;

const shapes = new WeakMap<ObjectSchema, Shape>();

function shapeOf(schema: ObjectSchema): Shape {
  let shape = shapes.get(schema);
  if (!shape) {
    const members = new Map<string, Member>();
    // Before its members: types contain themselves.
    shapes.set(schema, members);
    for (const field of schema.fields.values()) {
      members.set(field.name, { rank: members.size, always: field.always, form: formOf(field.schema) });
    }
    shape = members;
  }
  return shape;
}

function formOf(schema: Schema): Member['form'] {
  switch (schema.node) {
    case 'object': {
      const shape = shapeOf(schema);
      return (value) => (isJsonObject(value) ? structForm(shape, value) : value);
    }
    case 'list': {
      const items = formOf(schema.items);
      return items && ((value) => (Array.isArray(value) ? listForm(items, value) : value));
    }
    case 'map': {
      const values = formOf(schema.values);
      return (value) => (isJsonObject(value) ? mapForm(values, value) : value);
    }
    default: {
      // Of bytes there are none or some, and no null.
      if (schema.type === 'bytes') return (value) => value ?? '';
      if (!schema.of) return undefined;
      const shape = shapeOf(schema.of);
      const one = (value: unknown) => (isJsonObject(value) ? structForm(shape, value) : value);
      return (value) => (Array.isArray(value) ? listForm(one, value) : one(value));
    }
  }
}

function structForm(shape: Shape, value: JsonObject): JsonObject {
  let last = -1;
  let ordered = true;
  let changed: Map<string, unknown> | undefined;
  for (const key in value) {
    const member = shape.get(key);
    if (!member) continue;
    if (member.rank < last) ordered = false;
    last = member.rank;
    const given = value[key];
    if (typeof given !== 'object' || given === null) continue;
    const form =
      member.always && Array.isArray(given) && given.length === 0 ? null : member.form ? member.form(given) : given;
    if (form === given) continue;
    changed ??= new Map();
    changed.set(key, form);
  }
  if (ordered && !changed) return value;
  const keys = Object.keys(value);
  if (!ordered) {
    const rank = (key: string) => shape.get(key)?.rank ?? shape.size;
    keys.sort((a, b) => rank(a) - rank(b));
  }
  return rebuilt(keys, value, changed);
}

/** Lists in stored form that do not change: those of bodies that come again, and of objects that are written again. */
const formed = new WeakSet<readonly unknown[]>();

function listForm(form: (value: unknown) => unknown, value: readonly unknown[]): readonly unknown[] {
  if (formed.has(value)) return value;
  let out: unknown[] | undefined;
  for (let i = 0; i < value.length; i++) {
    const item = form(value[i]);
    if (item === value[i]) continue;
    out ??= [...value];
    out[i] = item;
  }
  if (!out && value.length > 0 && Object.isFrozen(value)) formed.add(value);
  return out ?? value;
}

function mapForm(form: Member['form'], value: JsonObject): JsonObject {
  let last = '';
  let ordered = true;
  let changed: Map<string, unknown> | undefined;
  for (const key in value) {
    if (key < last) ordered = false;
    last = key;
    if (!form) continue;
    const given = value[key];
    const formed = form(given);
    if (formed === given) continue;
    changed ??= new Map();
    changed.set(key, formed);
  }
  if (ordered && !changed) return value;
  const keys = Object.keys(value);
  return rebuilt(ordered ? keys : keys.sort(), value, changed);
}

function rebuilt(
  keys: readonly string[],
  value: JsonObject,
  changed: ReadonlyMap<string, unknown> | undefined,
): JsonObject {
  const out: JsonObject = {};
  for (const key of keys) setOwn(out, key, changed?.has(key) ? changed.get(key) : value[key]);
  return out;
}
