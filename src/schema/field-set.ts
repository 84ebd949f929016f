/**
 * Sets of fields, as managedFields has them: a tree whose steps are names ("f:spec"), keys of associative lists
 * ('k:{"name":"a"}'), values of sets ('v:"x"') and positions ("i:0"). A path is in the set when its node is a member.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
import { isJsonObject, type JsonObject, MAX_DEPTH, setOwn } from './json.ts';
import { quote } from './quote.ts';

/**
 * Objects of a kind mostly have the same fields, so equal sets are mostly one object, with its JSON made once: a new
 * set is looked up by its hash. This is for speed only: sets may be equal and not the same. What was not asked for
 * since the table was last full is forgotten.
 */
const MAX_KNOWN = 4_000;
/** Larger ones are hardly seen twice. */
const MAX_KNOWN_CHILDREN = 200;
let known = new Map<number, FieldSet>();
let knownBefore = new Map<number, FieldSet>();

function remember(hash: number, set: FieldSet): void {
  if (known.size >= MAX_KNOWN) {
    knownBefore = known;
    known = new Map();
  }
  known.set(hash, set);
}

const mix = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01000193);

/** Of longer steps so many characters from each end count. */
const HASHED = 32;

/** A step's part of the hash of a set: for those who have the same steps again and again. */
export function stepHash(step: string): number {
  const { length } = step;
  let hash = length;
  // Names of one list may differ in any place: those of variables have prefixes and suffixes in common.
  const head = Math.min(length, HASHED);
  for (let at = 2; at < head; at++) hash = mix(hash, step.charCodeAt(at));
  for (let at = Math.max(head, length - HASHED); at < length; at++) hash = mix(hash, step.charCodeAt(at));
  return hash;
}

/** The hash of a set without children; `hashWith` adds them one by one. */
export const hashBare = (member: boolean): number => (member ? 1 : 2);
export const hashWith = (hash: number, step: number, set: FieldSet): number => mix(mix(hash, step), set.hash);

function hashOf(member: boolean, steps: readonly string[], sets: readonly FieldSet[]): number {
  let hash = hashBare(member);
  for (let i = 0; i < steps.length; i++) hash = hashWith(hash, stepHash(steps[i] ?? ''), sets[i] ?? FieldSet.none);
  return hash;
}

export class FieldSet {
  readonly member: boolean;
  /** Of what is below this node: the steps, each once, and the set at each. */
  readonly steps: readonly string[];
  readonly sets: readonly FieldSet[];
  readonly hash: number;
  #children: ReadonlyMap<string, FieldSet> | undefined;
  #json: JsonObject | undefined;
  #text: string | undefined;

  private constructor(member: boolean, steps: readonly string[], sets: readonly FieldSet[], hash: number) {
    this.member = member;
    this.steps = steps;
    this.sets = sets;
    this.hash = hash;
  }

  static readonly none = new FieldSet(false, [], [], 3);
  static readonly leaf = new FieldSet(true, [], [], 4);

  /** A node with these children; empty ones are left out. */
  static node(member: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
    const kept = new Map<string, FieldSet>();
    for (const [step, child] of children) if (!child.empty) kept.set(step, child);
    return FieldSet.of(member, [...kept.keys()], [...kept.values()]);
  }

  /** The same of arrays that are the set's from now on: no set empty; of those at the same step, the first counts. */
  static of(member: boolean, steps: readonly string[], sets: readonly FieldSet[]): FieldSet {
    return FieldSet.#of(member, steps, sets, 0, steps.length, hashOf(member, steps, sets), true);
  }

  /** The same of what the arrays have from `from` to `to` (exclusive), and its hash; they stay the caller's. */
  static ofRange(
    member: boolean,
    steps: readonly string[],
    sets: readonly FieldSet[],
    from: number,
    to: number,
    hash: number,
  ): FieldSet {
    return FieldSet.#of(member, steps, sets, from, to, hash, false);
  }

  static #of(
    member: boolean,
    steps: readonly string[],
    sets: readonly FieldSet[],
    from: number,
    to: number,
    hash: number,
    owned: boolean,
  ): FieldSet {
    const size = to - from;
    if (size === 0) return member ? FieldSet.leaf : FieldSet.none;
    const recent = known.get(hash);
    if (recent !== undefined && FieldSet.#is(recent, member, steps, sets, from, to)) return recent;
    const older = knownBefore.get(hash);
    let set = older !== undefined && FieldSet.#is(older, member, steps, sets, from, to) ? older : undefined;
    if (!set) {
      const ownSteps = owned ? steps : steps.slice(from, to);
      const ownSets = owned ? sets : sets.slice(from, to);
      if (new Set(ownSteps).size < size) return FieldSet.node(member, firstOfEach(ownSteps, ownSets));
      set = new FieldSet(member, ownSteps, ownSets, hash);
    }
    if (size <= MAX_KNOWN_CHILDREN) remember(hash, set);
    return set;
  }

  static #is(
    set: FieldSet,
    member: boolean,
    steps: readonly string[],
    sets: readonly FieldSet[],
    from: number,
    to: number,
  ): boolean {
    if (set.member !== member || set.steps.length !== to - from) return false;
    for (let i = 0; i < set.steps.length; i++) {
      if (set.sets[i] !== sets[from + i] || set.steps[i] !== steps[from + i]) return false;
    }
    return true;
  }

  get children(): ReadonlyMap<string, FieldSet> {
    this.#children ??= new Map(this.steps.map((step, i) => [step, this.sets[i] ?? FieldSet.none]));
    return this.#children;
  }

  get empty(): boolean {
    return !this.member && this.steps.length === 0;
  }

  at(step: string): FieldSet {
    return this.children.get(step) ?? FieldSet.none;
  }

  /** The set at a step that another set has at position `i`: sets of like objects have their steps in the same order. */
  #near(step: string, i: number): FieldSet | undefined {
    return this.steps[i] === step ? this.sets[i] : this.children.get(step);
  }

  /** With the path to this node itself. */
  asMember(): FieldSet {
    return this.member ? this : FieldSet.of(true, this.steps, this.sets);
  }

  union(other: FieldSet): FieldSet {
    if (other.empty || other === this) return this;
    if (this.empty) return other;
    const sets: FieldSet[] = [];
    let common = 0;
    for (let i = 0; i < this.steps.length; i++) {
      const child = this.sets[i] ?? FieldSet.none;
      const theirs = other.#near(this.steps[i] ?? '', i);
      if (theirs) common++;
      sets.push(theirs ? child.union(theirs) : child);
    }
    const steps = [...this.steps];
    for (let i = 0; common < other.steps.length; i++) {
      const step = other.steps[i] ?? '';
      if (this.children.has(step)) continue;
      common++;
      steps.push(step);
      sets.push(other.sets[i] ?? FieldSet.none);
    }
    return FieldSet.of(this.member || other.member, steps, sets);
  }

  intersection(other: FieldSet): FieldSet {
    if (other.empty || this.empty) return FieldSet.none;
    const children: [string, FieldSet][] = [];
    for (const [step, theirs] of other.children) {
      const child = this.children.get(step);
      if (child) children.push([step, child.intersection(theirs)]);
    }
    return FieldSet.node(this.member && other.member, children);
  }

  /** Members of this set that are not members of the other; what is below a member of the other stays. */
  difference(other: FieldSet): FieldSet {
    if (this === other) return FieldSet.none;
    if (other.empty || this.empty) return this;
    const steps: string[] = [];
    const sets: FieldSet[] = [];
    let changed = this.member && other.member;
    for (let i = 0; i < this.steps.length; i++) {
      const step = this.steps[i] ?? '';
      const child = this.sets[i] ?? FieldSet.none;
      const theirs = other.#near(step, i);
      const left = theirs ? child.difference(theirs) : child;
      if (left !== child) changed = true;
      if (left.empty) continue;
      steps.push(step);
      sets.push(left);
    }
    return changed ? FieldSet.of(this.member && !other.member, steps, sets) : this;
  }

  /** Without the other's members and all that is below them. */
  excluding(other: FieldSet): FieldSet {
    let children: Map<string, FieldSet> | undefined;
    for (const [step, theirs] of other.children) {
      const child = this.children.get(step);
      if (!child) continue;
      const left = theirs.member ? FieldSet.none : child.excluding(theirs);
      if (left === child) continue;
      children ??= new Map(this.children);
      if (left.empty) children.delete(step);
      else children.set(step, left);
    }
    return children ? FieldSet.node(this.member, children) : this;
  }

  equals(other: FieldSet): boolean {
    if (this === other) return true;
    if (this.member !== other.member || this.children.size !== other.children.size) return false;
    for (const [step, child] of this.children) if (!child.equals(other.at(step))) return false;
    return true;
  }

  /** Every member's path as text, '.spec.containers[name="a"].image'; those of one object before what is below them. */
  *paths(prefix = ''): Generator<string> {
    const sorted = this.#sorted();
    for (const [step, child] of sorted) if (child.member) yield prefix + stepText(step);
    for (const [step, child] of sorted) yield* child.paths(prefix + stepText(step));
  }

  /** The JSON form (FieldsV1); frozen, made once for a set. */
  toFieldsV1(): JsonObject {
    const json = this.#toJson();
    if (!this.member) read.set(json, this);
    return json;
  }

  #toJson(): JsonObject {
    if (this.#json) return this.#json;
    const out: JsonObject = {};
    if (this.member && this.steps.length > 0) out['.'] = FieldSet.leaf.#toJson();
    // A step begins with a letter and a colon: none is "__proto__".
    for (const [step, child] of this.#sorted()) out[step] = child.#toJson();
    this.#json = Object.freeze(out);
    return out;
  }

  /** The text of a JSON form, made once where a set made the form. */
  static textOf(fields: JsonObject): string {
    const set = read.get(fields);
    if (!set || set.#json !== fields) return JSON.stringify(fields);
    set.#text ??= JSON.stringify(fields);
    return set.#text;
  }

  #sorted(): [string, FieldSet][] {
    // "f" < "k" < "v": names, keys, values, in Kubernetes' order; positions ("i") come last.
    const pairs = this.steps.map((step, i): [string, FieldSet] => [step, this.sets[i] ?? FieldSet.none]);
    if (pairs.length < 2) return pairs;
    if (!this.steps.some((step) => step.startsWith('i:'))) return pairs.sort(([a], [b]) => (a < b ? -1 : 1));
    const rank = (step: string) => (step.startsWith('i:') ? `z${step}` : step);
    return pairs.sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
  }

  /** Reads the JSON form; undefined where it is not one. */
  static fromFieldsV1(value: unknown): FieldSet | undefined {
    if (!isJsonObject(value)) return undefined;
    const known = read.get(value);
    if (known) return known;
    const root = readNode(value, 0);
    // The root is no path; what has no members below it is empty.
    const set = root && FieldSet.node(false, root.children);
    // Stored objects do not change, and their owners are read again with every update.
    if (set && Object.isFrozen(value)) read.set(value, set);
    return set;
  }
}

function firstOfEach(steps: readonly string[], sets: readonly FieldSet[]): Map<string, FieldSet> {
  const children = new Map<string, FieldSet>();
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] ?? '';
    if (!children.has(step)) children.set(step, sets[i] ?? FieldSet.none);
  }
  return children;
}

/** The set of a JSON form that does not change: one that was read, or that a set made. */
const read = new WeakMap<JsonObject, FieldSet>();

function readNode(value: JsonObject, depth: number): FieldSet | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const children: [string, FieldSet][] = [];
  let member = false;
  const keys = Object.keys(value);
  for (const key of keys) {
    const below = value[key];
    if (!isJsonObject(below)) return undefined;
    if (key === '.') {
      member = true;
      continue;
    }
    const step = canonicalStep(key);
    const child = step === undefined ? undefined : readNode(below, depth + 1);
    if (step === undefined || !child) return undefined;
    children.push([step, child]);
  }
  return FieldSet.node(member || keys.length === 0, children);
}

/** A step as this program writes it, whoever wrote it. */
function canonicalStep(step: string): string | undefined {
  const rest = step.slice(2);
  switch (step.slice(0, 2)) {
    case 'f:':
      return step;
    case 'i:':
      return /^[0-9]{1,15}$/.test(rest) ? step : undefined;
    case 'k:':
    case 'v:': {
      let value: unknown;
      try {
        value = JSON.parse(rest);
      } catch {
        return undefined;
      }
      if (step[0] === 'v') return valueStep(value);
      return isJsonObject(value) ? keyStep(value) : undefined;
    }
    default:
      return undefined;
  }
}

export const nameStep = (name: string): string => `f:${name}`;
export const valueStep = (value: unknown): string => `v:${JSON.stringify(value)}`;
function keyStep(keys: JsonObject): string {
  const sorted: JsonObject = {};
  for (const key of Object.keys(keys).sort()) setOwn(sorted, key, keys[key]);
  return `k:${JSON.stringify(sorted)}`;
}

function stepText(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith('f:')) return `.${rest}`;
  if (step.startsWith('i:')) return `[${rest}]`;
  const text = (value: unknown) => (typeof value === 'string' ? quote(value) : JSON.stringify(value));
  const value: unknown = JSON.parse(rest); // steps are made by the functions above
  if (!step.startsWith('k:') || !isJsonObject(value)) return `[=${text(value)}]`;
  return `[${Object.entries(value)
    .map(([key, item]) => `${key}=${text(item)}`)
    .join(',')}]`;
}
