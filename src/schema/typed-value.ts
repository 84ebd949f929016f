/**
 * What server-side apply does with values of a type: which fields they have, how two differ, how one is merged into
 * another, and what is left when fields are taken away. The rules are those of sigs.k8s.io/structured-merge-diff.
 */
import { deepEqual } from './equal.ts';
import { FieldSet, hashBare, hashWith, nameStep, stepHash, valueStep } from './field-set.ts';
import { getOwn, isJsonObject, type JsonObject, setOwn } from './json.ts';
import type { Field, ObjectSchema, ScalarType, Schema } from './model.ts';

/** How a value is owned: as one leaf, or part by part. */
export type Shape =
  | { readonly kind: 'leaf' }
  /** No schema: objects part by part, everything else a leaf. */
  | { readonly kind: 'deduced' }
  | { readonly kind: 'struct'; readonly schema: ObjectSchema; readonly members: Map<string, Member> }
  | { readonly kind: 'map'; readonly values: Shape }
  | { readonly kind: 'set' }
  | { readonly kind: 'keyed'; readonly keys: readonly Key[]; readonly items: Shape };

/** What is known of a field of a struct once it was asked for. */
interface Member {
  readonly step: string;
  readonly hash: number;
  readonly shape: Shape;
}

/** A key of an associative list, in the order of steps, with what stands before its value there. */
interface Key {
  readonly name: string;
  readonly before: string;
  /** Its value in elements that do not have it. */
  readonly fallback: unknown;
  /** Steps of lists with this key alone, by its value: the same names come again and again. */
  readonly steps: Map<string, Step>;
}

/** A step and its part of the hash of a set. */
interface Step {
  readonly text: string;
  readonly hash: number;
}

/** Steps that are kept of a list. */
const MAX_STEPS = 4000;

const none = FieldSet.none;
const leaf: Shape = { kind: 'leaf' };
const deduced: Shape = { kind: 'deduced' };
const shapes = new WeakMap<Field | ObjectSchema, Shape>();

/** The shape of an object of its own. */
export function shapeOf(schema: ObjectSchema): Shape {
  let shape = shapes.get(schema);
  if (!shape) {
    shape = { kind: 'struct', schema, members: new Map() };
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
      return leaf;
    case 'object':
      return node.atomic && !field?.granular ? leaf : shapeOf(node);
    case 'map':
      return { kind: 'map', values: nodeShape(node.values) };
    case 'list':
      if (field?.listType === 'set') return { kind: 'set' };
      if (field?.listType === 'map' && field.keys)
        return { kind: 'keyed', keys: orderedKeys(field.keys, node.items), items: nodeShape(node.items) };
      return leaf;
  }
}

/** What a key is in elements that do not have it: fields that are always written are empty where they are not given. */
export function keyDefault(items: Schema, name: string): unknown {
  const field = items.node === 'object' ? items.fields.get(name) : undefined;
  if (field === undefined || field.default !== undefined) return field?.default;
  if (!field.always || field.pointer || field.schema.node !== 'scalar') return undefined;
  return emptyScalars[field.schema.type];
}

const emptyScalars: Readonly<Partial<Record<ScalarType, string | number | boolean>>> = {
  string: '',
  int32: 0,
  int64: 0,
  bool: false,
};

/** In the order in which `keyStep` writes them. */
function orderedKeys(names: readonly string[], items: Schema): Key[] {
  const sorted: JsonObject = {};
  for (const name of [...names].sort()) setOwn(sorted, name, '');
  return Object.keys(sorted).map((name) => ({
    name,
    before: `${JSON.stringify(name)}:`,
    fallback: keyDefault(items, name),
    steps: new Map(),
  }));
}

/** The shape of a member; undefined where the schema does not have it. */
function memberShape(shape: Shape, name: string): Shape | undefined {
  if (shape.kind === 'map') return shape.values;
  if (shape.kind === 'deduced') return deduced;
  if (shape.kind !== 'struct') return undefined;
  const member = memberOf(shape, name);
  if (member) return member.shape;
  return shape.schema.preserveUnknown ? deduced : undefined;
}

function memberOf(shape: Shape & { kind: 'struct' }, name: string): Member | undefined {
  const known = shape.members.get(name);
  if (known) return known;
  const field = shape.schema.fields.get(name);
  if (!field) return undefined;
  const step = nameStep(name);
  const member = { step, hash: stepHash(step), shape: fieldShape(field) };
  shape.members.set(name, member);
  return member;
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
      const step = shape.kind === 'set' ? valueStep(item) : itemStep(shape.keys, item);
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

/** An element of an associative list has none of its keys. What clients apply is refused before it comes to this. */
export class KeylessElement extends Error {}

/** The step to an element of an associative list; keys that it lacks have their defaults, or are left out. */
function itemStep(keys: readonly Key[], item: unknown): string {
  let step = '';
  for (const { name, before, fallback } of keys) {
    const given = isJsonObject(item) ? getOwn(item, name) : undefined;
    const value = given === undefined ? fallback : given;
    if (value !== undefined) step += (step === '' ? 'k:{' : ',') + before + jsonText(value);
  }
  if (step === '') throw new KeylessElement();
  return `${step}}`;
}

/** The same with its hash. */
function knownStep(keys: readonly Key[], item: unknown): Step {
  const [only] = keys;
  const name = only && keys.length === 1 && isJsonObject(item) ? getOwn(item, only.name) : undefined;
  const known = typeof name === 'string' ? only?.steps.get(name) : undefined;
  if (known) return known;
  const text = itemStep(keys, item);
  const step = { text, hash: stepHash(text) };
  if (only && typeof name === 'string') {
    if (only.steps.size >= MAX_STEPS) only.steps.clear();
    only.steps.set(name, step);
  }
  return step;
}

/** Names, mostly, for which there are quicker ways. */
const jsonText = (value: unknown): string =>
  typeof value === 'string' && /^[\w./-]*$/.test(value) ? `"${value}"` : JSON.stringify(value);

const isBareList = (value: unknown): boolean => !Array.isArray(value) || value.length === 0;
const isBare = (parts: Parts | undefined): boolean => !parts || parts.steps.size === 0;

/** The fields that a value has, for who applies it. */
export function fieldSetOf(shape: Shape, value: unknown): FieldSet {
  const steps: string[] = [];
  const sets: FieldSet[] = [];
  const add = (step: string, set: FieldSet, owned: boolean) => {
    const whole = owned ? set.asMember() : set;
    if (whole.empty) return;
    steps.push(step);
    sets.push(whole);
  };
  switch (shape.kind) {
    case 'leaf':
      return FieldSet.leaf;
    case 'set':
    case 'keyed': {
      // An empty or absent list or object that is owned part by part has no parts to own.
      if (!Array.isArray(value)) return none;
      const seen = new Set<string>();
      for (const item of value) {
        const step = shape.kind === 'set' ? valueStep(item) : itemStep(shape.keys, item);
        if (seen.has(step)) continue;
        seen.add(step);
        add(step, shape.kind === 'set' ? FieldSet.leaf : fieldSetOf(shape.items, item), true);
      }
      break;
    }
    default:
      if (!isJsonObject(value)) return shape.kind === 'deduced' ? FieldSet.leaf : none;
      for (const name of Object.keys(value)) {
        const item = value[name];
        if (item === undefined) continue;
        const member = shape.kind === 'struct' ? memberOf(shape, name) : undefined;
        const bare = item === null || (isJsonObject(item) && Object.keys(item).length === 0);
        const below = member?.shape ?? (shape.kind === 'map' ? shape.values : deduced);
        add(member?.step ?? nameStep(name), fieldSetOf(below, item), bare || !member);
      }
  }
  return FieldSet.of(false, steps, sets);
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const same: Comparison = { added: none, modified: none, removed: none };

/** By parts that do not change: many objects share them, when they were made of one template. */
const wholeSets = new WeakMap<object, { readonly shape: Shape; readonly set: FieldSet }>();

/** A value with all that is in it: what comes or goes when the value does. */
function wholeSet(shape: Shape, value: unknown): FieldSet {
  if (shape.kind === 'leaf') return FieldSet.leaf;
  if (typeof value !== 'object' || value === null || !Object.isFrozen(value)) return gatherSet(shape, value, true);
  const known = wholeSets.get(value);
  if (known?.shape === shape) return known.set;
  const set = gatherSet(shape, value, true);
  wholeSets.set(value, { shape, set });
  return set;
}

/**
 * What is being gathered, from the outermost value to the one at hand: most sets are known already, so arrays of their
 * own would be made for nothing. Each level has the part from where it began.
 */
const gathered = { steps: [] as string[], sets: [] as FieldSet[], end: 0 };
/** What is left of larger values is not kept. */
const MAX_LEFT = 1000;

function gather(step: string, set: FieldSet): void {
  const { steps, sets, end } = gathered;
  steps[end] = step;
  sets[end] = set;
  gathered.end = end + 1;
}

function gatherSet(shape: Shape, value: unknown, member: boolean): FieldSet {
  const from = gathered.end;
  try {
    const hash = gatherParts(shape, value, hashBare(member));
    return FieldSet.ofRange(member, gathered.steps, gathered.sets, from, gathered.end, hash);
  } finally {
    gathered.end = from;
    if (from === 0 && gathered.steps.length > MAX_LEFT) gathered.steps.length = gathered.sets.length = 0;
  }
}

/** Gathers the steps to a value's parts, and their sets; returns `hash` with them. */
function gatherParts(shape: Shape, value: unknown, hash: number): number {
  switch (shape.kind) {
    case 'leaf':
      break;
    case 'set':
      if (!Array.isArray(value)) break;
      for (const item of value) {
        const step = valueStep(item);
        gather(step, FieldSet.leaf);
        hash = hashWith(hash, stepHash(step), FieldSet.leaf);
      }
      break;
    case 'keyed':
      if (!Array.isArray(value)) break;
      for (const item of value) {
        const set = wholeSet(shape.items, item);
        const step = knownStep(shape.keys, item);
        gather(step.text, set);
        hash = hashWith(hash, step.hash, set);
      }
      break;
    default:
      if (!isJsonObject(value)) break;
      for (const name in value) {
        const below = value[name];
        if (below === undefined) continue;
        const member = shape.kind === 'struct' ? memberOf(shape, name) : undefined;
        const set = wholeSet(member?.shape ?? (shape.kind === 'map' ? shape.values : deduced), below);
        const step = member?.step ?? nameStep(name);
        gather(step, set);
        hash = hashWith(hash, member?.hash ?? stepHash(step), set);
      }
  }
  return hash;
}

/** What changed from one value to another; undefined is a value that is not there. */
export function compareValues(shape: Shape, before: unknown, after: unknown): Comparison {
  if (before === after) return same;
  if (before === undefined) return { added: wholeSet(shape, after), modified: none, removed: none };
  if (after === undefined) return { added: none, modified: none, removed: wholeSet(shape, before) };
  switch (shape.kind) {
    case 'leaf':
      return compareLeaves(before, after);
    case 'set':
    case 'keyed':
      return compareLists(shape, before, after);
    default:
      return compareObjects(shape, before, after);
  }
}

const leafModified: Comparison = { added: none, modified: FieldSet.leaf, removed: none };

/** Two values as a whole. */
const compareLeaves = (before: unknown, after: unknown): Comparison => (deepEqual(before, after) ? same : leafModified);

/** Gathers what was found below a value. */
class Gathered {
  readonly #steps: string[] = [];
  readonly #found: Comparison[] = [];

  add(step: string, found: Comparison): void {
    if (found === same) return;
    this.#steps.push(step);
    this.#found.push(found);
  }

  get result(): Comparison {
    if (this.#found.length === 0) return same;
    return { added: this.#all('added'), modified: this.#all('modified'), removed: this.#all('removed') };
  }

  #all(which: keyof Comparison): FieldSet {
    if (this.#found.every((found) => found[which].empty)) return none;
    const steps: string[] = [];
    const sets: FieldSet[] = [];
    for (let i = 0; i < this.#found.length; i++) {
      const set = this.#found[i]?.[which] ?? none;
      if (set.empty) continue;
      steps.push(this.#steps[i] ?? '');
      sets.push(set);
    }
    return FieldSet.of(false, steps, sets);
  }
}

function isBareObject(value: unknown): boolean {
  if (!isJsonObject(value)) return true;
  for (const name in value) if (Object.hasOwn(value, name)) return false;
  return true;
}

function compareObjects(shape: Shape, before: unknown, after: unknown): Comparison {
  const left = isJsonObject(before) ? before : {};
  const right = isJsonObject(after) ? after : {};
  const mixed = left !== before || right !== after;
  if ((isBareObject(before) && isBareObject(after)) || (mixed && shape.kind === 'deduced')) {
    return compareLeaves(before, after);
  }
  const found = new Gathered();
  let common = 0;
  for (const name of Object.keys(left)) {
    const l = left[name];
    if (l === undefined) continue;
    const r = getOwn(right, name);
    if (r !== undefined) common++;
    if (l !== r) found.add(stepOf(shape, name), compareValues(memberShape(shape, name) ?? deduced, l, r));
  }
  const names = Object.keys(right);
  if (common === names.length) return found.result;
  for (const name of names) {
    if (right[name] === undefined || getOwn(left, name) !== undefined) continue;
    found.add(stepOf(shape, name), compareValues(memberShape(shape, name) ?? deduced, undefined, right[name]));
  }
  return found.result;
}

const stepOf = (shape: Shape, name: string): string =>
  (shape.kind === 'struct' ? memberOf(shape, name)?.step : undefined) ?? nameStep(name);

function compareLists(shape: Shape, before: unknown, after: unknown): Comparison {
  // Most lists stay as they are, and finding that out is cheaper than taking them apart.
  if (deepEqual(before, after)) return same;
  // As in most new objects.
  if (isBareList(before) && !isBareList(after)) {
    return { added: gatherSet(shape, after, false), modified: none, removed: none };
  }
  const left = partsOf(shape, before);
  const right = partsOf(shape, after);
  if (isBare(left) && isBare(right)) return leafModified;
  const found = new Gathered();
  for (const [step, part] of left?.steps ?? []) {
    found.add(step, compareValues(part.shape, part.value, right?.steps.get(step)?.value));
  }
  for (const [step, part] of right?.steps ?? []) {
    if (!left?.steps.has(step)) found.add(step, compareValues(part.shape, undefined, part.value));
  }
  return found.result;
}

/** Whether no property is undefined, which stands for one that is not there. */
function isWhole(value: JsonObject): boolean {
  for (const name in value) if (value[name] === undefined) return false;
  return true;
}

/** Whether a map of leaves has all that another has. */
function hasAllOf(value: JsonObject, other: JsonObject): boolean {
  for (const name in other) if (getOwn(value, name) !== other[name]) return false;
  return true;
}

/** `live` with `config` merged into it: `live` itself where that changes nothing, as when the same is applied again. */
export function mergeValues(shape: Shape, live: unknown, config: unknown): unknown {
  if (config === undefined || live === config) return live;
  if (live === undefined || shape.kind === 'leaf') return config;
  if (shape.kind === 'set' || shape.kind === 'keyed') {
    const left = partsOf(shape, live);
    const right = partsOf(shape, config);
    return isBare(left) && isBare(right) ? config : mergeLists(shape, left, right);
  }
  if (isBareObject(live) && isBareObject(config)) return config;
  const left = isJsonObject(live) ? live : {};
  const right = isJsonObject(config) ? config : {};
  if (shape.kind === 'deduced' && (left !== live || right !== config)) return config;
  if (shape.kind === 'map' && shape.values.kind === 'leaf' && isWhole(left) && isWhole(right)) {
    return left === live && hasAllOf(left, right) ? live : { ...left, ...right };
  }
  const out: JsonObject = {};
  let changed = left !== live;
  for (const name of Object.keys(left)) {
    const value = left[name];
    const applied = value === undefined ? undefined : getOwn(right, name);
    const merged = applied === undefined ? value : mergeValues(memberShape(shape, name) ?? deduced, value, applied);
    if (merged !== value || value === undefined) changed = true;
    if (merged !== undefined) setOwn(out, name, merged);
  }
  for (const name of Object.keys(right)) {
    if (right[name] === undefined || getOwn(left, name) !== undefined) continue;
    setOwn(out, name, right[name]);
    changed = true;
  }
  return changed ? out : live;
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
