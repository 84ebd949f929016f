/**
 * What server-side apply does with values of a type: which fields they have, how two differ, how one is merged into
 * another, and what is left when fields are taken away. The rules are those of sigs.k8s.io/structured-merge-diff.
 */
import { deepEqual } from './equal.ts';
import { FieldSet, keyStep, nameStep, valueStep } from './field-set.ts';
import { getOwn, isJsonObject, type JsonObject, setOwn } from './json.ts';
import type { Field, ObjectSchema, Schema } from './model.ts';

/** How a value is owned: as one leaf, or part by part. */
export type Shape =
  | { readonly kind: 'leaf' }
  /** No schema: objects part by part, everything else a leaf. */
  | { readonly kind: 'deduced' }
  | { readonly kind: 'struct'; readonly schema: ObjectSchema }
  | { readonly kind: 'map'; readonly values: Shape }
  | { readonly kind: 'set' }
  | { readonly kind: 'keyed'; readonly keys: readonly string[]; readonly items: Shape };

const leaf: Shape = { kind: 'leaf' };
const deduced: Shape = { kind: 'deduced' };
const shapes = new WeakMap<Field | ObjectSchema, Shape>();

/** The shape of an object of its own. */
export function shapeOf(schema: ObjectSchema): Shape {
  let shape = shapes.get(schema);
  if (!shape) {
    shape = { kind: 'struct', schema };
    shapes.set(schema, shape);
  }
  return shape;
}

function fieldShape(field: Field): Shape {
  let shape = shapes.get(field);
  if (!shape) {
    shape = field.atomic ? leaf : nodeShape(field.schema, field);
    shapes.set(field, shape);
  }
  return shape;
}

function nodeShape(node: Schema, field?: Field): Shape {
  switch (node.node) {
    case 'scalar':
      return node.type === 'RawExtension' || node.type === 'JSON' || node.type === 'FieldsV1' ? deduced : leaf;
    case 'object':
      return node.atomic && !field?.granular ? leaf : shapeOf(node);
    case 'map':
      return { kind: 'map', values: nodeShape(node.values) };
    case 'list':
      if (field?.listType === 'set') return { kind: 'set' };
      if (field?.listType === 'map' && field.keys)
        return { kind: 'keyed', keys: field.keys, items: nodeShape(node.items) };
      return leaf;
  }
}

/** The shape of a member; undefined where the schema does not have it. */
function memberShape(shape: Shape, name: string): Shape | undefined {
  if (shape.kind === 'map') return shape.values;
  if (shape.kind === 'deduced') return deduced;
  if (shape.kind !== 'struct') return undefined;
  const field = shape.schema.fields.get(name);
  if (field) return fieldShape(field);
  return shape.schema.preserveUnknown ? deduced : undefined;
}

const isNamed = (shape: Shape, name: string) => shape.kind === 'struct' && shape.schema.fields.has(name);

/** A value that has parts: its members or elements by step, in order, each with its shape. */
interface Parts {
  readonly list: boolean;
  readonly steps: Map<string, { readonly name: string; readonly value: unknown; readonly shape: Shape }>;
  /** Steps that more than one element has. */
  readonly duplicates: readonly string[];
}

function partsOf(shape: Shape, value: unknown): Parts | undefined {
  const steps: Parts['steps'] = new Map();
  const duplicates: string[] = [];
  if (shape.kind === 'set' || shape.kind === 'keyed') {
    if (!Array.isArray(value)) return undefined;
    for (const item of value) {
      const step = shape.kind === 'set' ? valueStep(item) : itemStep(shape.keys, shape.items, item);
      if (steps.has(step)) duplicates.push(step);
      else steps.set(step, { name: '', value: item, shape: shape.kind === 'set' ? leaf : shape.items });
    }
    return { list: true, steps, duplicates };
  }
  if (shape.kind === 'leaf' || !isJsonObject(value)) return undefined;
  for (const name of Object.keys(value)) {
    if (value[name] === undefined) continue;
    steps.set(nameStep(name), { name, value: value[name], shape: memberShape(shape, name) ?? deduced });
  }
  return { list: false, steps, duplicates };
}

/** The step to an element of an associative list; keys that it lacks have their defaults, or null. */
function itemStep(keys: readonly string[], items: Shape, item: unknown): string {
  const out: JsonObject = {};
  for (const key of keys) {
    const given = isJsonObject(item) ? getOwn(item, key) : undefined;
    const fallback = items.kind === 'struct' ? items.schema.fields.get(key)?.default : undefined;
    setOwn(out, key, given ?? fallback ?? null);
  }
  return keyStep(out);
}

const isBare = (parts: Parts | undefined): boolean => !parts || parts.steps.size === 0;

/** The fields that a value has, for who applies it. */
export function fieldSetOf(shape: Shape, value: unknown): FieldSet {
  const parts = partsOf(shape, value);
  if (!parts) {
    // An empty or absent list or object that is owned part by part has no parts to own.
    return shape.kind === 'leaf' || shape.kind === 'deduced' ? FieldSet.leaf : FieldSet.none;
  }
  const children: [string, FieldSet][] = [];
  for (const [step, { name, value: item, shape: below }] of parts.steps) {
    const set = fieldSetOf(below, item);
    const bare = item === null || (isJsonObject(item) && Object.keys(item).length === 0);
    const owned = parts.list || bare || !isNamed(shape, name);
    children.push([step, owned ? set.union(FieldSet.leaf) : set]);
  }
  return FieldSet.node(false, children);
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const none = FieldSet.none;
const same: Comparison = { added: none, modified: none, removed: none };

/** What changed from one value to another; undefined is a value that is not there. */
export function compareValues(shape: Shape, before: unknown, after: unknown): Comparison {
  if (before === after) return same;
  // Most of an object stays as it is, and finding that out is cheaper than taking it apart.
  if (before !== undefined && after !== undefined && deepEqual(before, after)) return same;
  if (shape.kind === 'leaf') return compareLeaves(before, after);
  return shape.kind === 'set' || shape.kind === 'keyed'
    ? compareLists(shape, before, after)
    : compareObjects(shape, before, after);
}

const leafAdded: Comparison = { added: FieldSet.leaf, modified: none, removed: none };
const leafModified: Comparison = { added: none, modified: FieldSet.leaf, removed: none };
const leafRemoved: Comparison = { added: none, modified: none, removed: FieldSet.leaf };

/** Two different values as a whole. */
function compareLeaves(before: unknown, after: unknown): Comparison {
  return before === undefined ? leafAdded : after === undefined ? leafRemoved : leafModified;
}

/** Gathers what was found below a value. */
class Gathered {
  readonly #added: [string, FieldSet][] = [];
  readonly #modified: [string, FieldSet][] = [];
  readonly #removed: [string, FieldSet][] = [];

  add(step: string, found: Comparison): void {
    if (!found.added.empty) this.#added.push([step, found.added]);
    if (!found.modified.empty) this.#modified.push([step, found.modified]);
    if (!found.removed.empty) this.#removed.push([step, found.removed]);
  }

  of(before: unknown, after: unknown): Comparison {
    return {
      added: FieldSet.node(before === undefined, this.#added),
      modified: FieldSet.node(false, this.#modified),
      removed: FieldSet.node(after === undefined, this.#removed),
    };
  }
}

const isBareObject = (value: unknown) => !isJsonObject(value) || Object.keys(value).length === 0;

function compareObjects(shape: Shape, before: unknown, after: unknown): Comparison {
  const bare = isBareObject(before) && isBareObject(after);
  const mixed = before !== undefined && after !== undefined && !(isJsonObject(before) && isJsonObject(after));
  if (bare || (mixed && shape.kind === 'deduced')) return compareLeaves(before, after);
  const left = isJsonObject(before) ? before : {};
  const right = isJsonObject(after) ? after : {};
  const found = new Gathered();
  for (const name of Object.keys(left)) {
    const l = left[name];
    if (l === undefined) continue;
    found.add(nameStep(name), compareValues(memberShape(shape, name) ?? deduced, l, getOwn(right, name)));
  }
  for (const name of Object.keys(right)) {
    if (right[name] === undefined || getOwn(left, name) !== undefined) continue;
    found.add(nameStep(name), compareValues(memberShape(shape, name) ?? deduced, undefined, right[name]));
  }
  return found.of(before, after);
}

function compareLists(shape: Shape, before: unknown, after: unknown): Comparison {
  const left = partsOf(shape, before);
  const right = partsOf(shape, after);
  if (isBare(left) && isBare(right)) return compareLeaves(before, after);
  const found = new Gathered();
  for (const [step, part] of left?.steps ?? []) {
    found.add(step, compareValues(part.shape, part.value, right?.steps.get(step)?.value));
  }
  for (const [step, part] of right?.steps ?? []) {
    if (!left?.steps.has(step)) found.add(step, compareValues(part.shape, undefined, part.value));
  }
  return found.of(before, after);
}

/** `live` with `config` merged into it. */
export function mergeValues(shape: Shape, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const left = partsOf(shape, live);
  const right = partsOf(shape, config);
  if ((isBare(left) && isBare(right)) || (shape.kind === 'deduced' && (!left || !right))) return config;
  if (shape.kind === 'set' || shape.kind === 'keyed') return mergeLists(shape, left, right);
  const out: JsonObject = {};
  for (const [step, part] of left?.steps ?? []) {
    setOwn(out, part.name, mergeValues(part.shape, part.value, right?.steps.get(step)?.value));
  }
  for (const [step, part] of right?.steps ?? []) if (!left?.steps.has(step)) setOwn(out, part.name, part.value);
  return out;
}

/** The configuration's elements in its order, the others where they stood among the ones that both have. */
function mergeLists(shape: Shape, live: Parts | undefined, config: Parts | undefined): unknown[] {
  const left = [...(live?.steps.entries() ?? [])];
  const right = [...(config?.steps.entries() ?? [])];
  const shared = right.map(([step]) => step).filter((step) => live?.steps.has(step));
  const items = shape.kind === 'keyed' ? shape.items : leaf;
  const out: unknown[] = [];
  let l = 0;
  let next = 0;
  for (const [step, part] of right) {
    // Elements that only the live list has come before the shared one that they stood before.
    for (; l < left.length; l++) {
      const [other, mine] = left[l] ?? ['', undefined];
      if (other === step) break;
      if (config?.steps.has(other)) {
        if (other === shared[next]) break;
        continue;
      }
      out.push(mine?.value);
    }
    if (left[l]?.[0] === step) l++;
    if (shared[next] === step) next++;
    out.push(mergeValues(items, live?.steps.get(step)?.value, part.value));
  }
  for (const [step, part] of left.slice(l)) if (!config?.steps.has(step)) out.push(part.value);
  return out;
}

/** The value without the fields of a set. */
export function removeFields(shape: Shape, value: unknown, set: FieldSet): unknown {
  const parts = partsOf(shape, value);
  // An atomic value cannot lose a part: it goes whole.
  if (!parts) return typeof value === 'object' ? null : value;
  const list: unknown[] = [];
  const out: JsonObject = {};
  for (const [step, part] of parts.steps) {
    const below = set.at(step);
    if (below.member) continue;
    const kept = below.empty ? part.value : removeFields(part.shape, part.value, below);
    if (parts.list) list.push(kept);
    else setOwn(out, part.name, kept);
  }
  if (parts.list) return list.length > 0 ? list : null;
  return Object.keys(out).length > 0 ? out : null;
}

/** With the fields of structs that have members below them: owning `spec.replicas` then is owning `spec` too. */
export function withNamedFields(shape: Shape, set: FieldSet): FieldSet {
  const children = [...set.children].map(([step, child]): [string, FieldSet] => {
    const name = step.slice(2);
    const below = step.startsWith('f:')
      ? (memberShape(shape, name) ?? deduced)
      : shape.kind === 'keyed'
        ? shape.items
        : leaf;
    const full = withNamedFields(below, child);
    const named = step.startsWith('f:') && child.children.size > 0 && isNamed(shape, name);
    return [step, named ? full.union(FieldSet.leaf) : full];
  });
  return FieldSet.node(set.member, children);
}

/** What is wrong with a configuration: fields that the schema does not have, elements that are there twice. */
export function configurationProblems(shape: Shape, value: unknown, path = ''): string[] {
  const out: string[] = [];
  if (value === null || value === undefined) return out;
  const expected = shape.kind === 'set' || shape.kind === 'keyed' ? 'list' : 'map';
  const parts = partsOf(shape, value);
  if (!parts) {
    if (shape.kind === 'leaf' || shape.kind === 'deduced') return out;
    return [`${path || '.'}: expected ${expected}, got &${describe(value)}`];
  }
  for (const step of parts.duplicates) {
    const [key = ''] = FieldSet.node(false, [[step, FieldSet.leaf]]).paths();
    out.push(`${path}: duplicate entries for key ${key}`);
  }
  for (const [step, part] of parts.steps) {
    const [text = ''] = FieldSet.node(false, [[step, FieldSet.leaf]]).paths();
    if (!parts.list && memberShape(shape, part.name) === undefined) {
      out.push(`${path}${text}: field not declared in schema`);
    } else out.push(...configurationProblems(part.shape, part.value, path + text));
  }
  return out;
}

const describe = (value: unknown) => `{${JSON.stringify(value)}}`;
