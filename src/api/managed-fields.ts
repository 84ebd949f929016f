/**
 * Server-side apply: who owns which fields of an object. Pure functions over an object and its managedFields.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */

import { configurationProblems } from '../schema/configuration-problems.ts';
import { decode } from '../schema/decode.ts';
import { deepEqual } from '../schema/equal.ts';
import { FieldSet, nameStep } from '../schema/field-set.ts';
import { deepFreeze } from '../schema/freeze.ts';
import { isJsonObject, type JsonObject } from '../schema/json.ts';
import type { ObjectSchema } from '../schema/model.ts';
import { quote } from '../schema/quote.ts';
import { formatTime, timeToMs } from '../schema/time.ts';
import {
  type Comparison,
  compareValues,
  fieldSetOf,
  KeylessElement,
  mergeValues,
  removeFields,
  type Shape,
  shapeOf,
  withNamedFields,
} from '../schema/typed-value.ts';
import { lastAppliedFields, MIGRATING_MANAGER, withLastApplied } from './managed-fields-last-applied.ts';
import type { ManagedFieldsEntry } from './meta/v1.gen.ts';

/** Who writes, and how. */
export interface FieldManager {
  /** Name given by the client or derived from its user agent; "" becomes "unknown". */
  readonly manager: string;
  readonly apiVersion: string;
  /** "" for the object itself. */
  readonly subresource: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Fields of the object that this endpoint resets, which nobody comes to own through it. */
  readonly ignore?: FieldSet;
  /**
   * An object as another version of its kind shows it: owners by other versions are compared in theirs. Undefined
   * where the versions do not differ.
   */
  readonly convert?: (object: JsonObject, apiVersion: string) => VersionedObject | undefined;
  /** Whether the kind has such a version: owners by versions that are gone are forgotten. Absent: it has any. */
  readonly knows?: (apiVersion: string) => boolean;
}

export interface VersionedObject {
  readonly schema: ObjectSchema;
  readonly object: JsonObject;
}

/** Others own fields that an apply would change. `status.details.causes` has an entry for each. */
export class ApplyConflict extends Error {
  readonly causes: readonly {
    readonly reason: 'FieldManagerConflict';
    readonly message: string;
    readonly field: string;
  }[];

  constructor(conflicts: readonly { readonly manager: string; readonly paths: readonly string[] }[]) {
    const all = conflicts.flatMap(({ manager, paths }) => paths.map((path) => ({ manager, path })));
    const [only] = all;
    super(
      all.length === 1 && only
        ? `Apply failed with 1 conflict: conflict with ${only.manager}: ${only.path}`
        : `Apply failed with ${all.length} conflicts: ${conflicts
            .map(({ manager, paths }) => [`conflicts with ${manager}:`, ...paths.map((path) => `- ${path}`)].join('\n'))
            .join('\n')}`,
    );
    this.name = 'ApplyConflict';
    this.causes = all.map(({ manager, path }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${manager}`,
      field: path,
    }));
  }
}

/** The applied configuration does not fit the schema. Kubernetes answers 500 with the message. */
export class ApplyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ApplyError';
  }
}

interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** Owners by what makes them one: an applier keeps its identity over versions. */
type Owners = Map<string, Owner>;

const identity = (owner: Pick<Owner, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string =>
  JSON.stringify({
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.operation === 'Apply' ? '' : owner.apiVersion,
    subresource: owner.subresource,
  });

/** Undefined where an entry cannot be read. */
function readOwners(entries: readonly ManagedFieldsEntry[] | undefined): Owners | undefined {
  const owners: Owners = new Map();
  for (const entry of entries ?? []) {
    const { operation, apiVersion = '', fieldsType } = entry;
    const set = FieldSet.fromFieldsV1(entry.fieldsV1 ?? {});
    if ((operation !== 'Apply' && operation !== 'Update') || !apiVersion || fieldsType !== 'FieldsV1' || !set) {
      return undefined;
    }
    const owner: Owner = {
      manager: entry.manager ?? '',
      operation,
      apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      set: entry.fieldsV1 ? set : FieldSet.none,
    };
    owners.set(identity(owner), owner);
  }
  return owners;
}

function writeOwners(owners: Owners): ManagedFieldsEntry[] | undefined {
  if (owners.size === 0) return undefined;
  const sorted = [...owners.values()].sort(
    (a, b) =>
      order(a.operation, b.operation) ||
      seconds(a) - seconds(b) ||
      order(a.manager, b.manager) ||
      order(a.apiVersion, b.apiVersion) ||
      order(a.subresource, b.subresource),
  );
  return sorted.map(({ manager, operation, apiVersion, time, set, subresource }) => ({
    ...(manager && { manager }),
    operation,
    apiVersion,
    ...(time && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: set.toFieldsV1(),
    ...(subresource && { subresource }),
  }));
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const seconds = (owner: Owner): number => (owner.time ? timeToMs(owner.time) / 1000 : 0);

/** Fields that nobody owns. */
const unowned = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
]);

/** By what they were made of: objects of a kind mostly have the same fields. */
const strippedSets = new WeakMap<FieldSet, FieldSet>();

function stripped(set: FieldSet): FieldSet {
  let kept = strippedSets.get(set);
  if (!kept) {
    kept = strip(set);
    strippedSets.set(set, kept);
  }
  return kept;
}

function strip(set: FieldSet): FieldSet {
  const metadata = set.children.get('f:metadata');
  const children = [...set.children].filter(([step]) => step !== 'f:apiVersion' && step !== 'f:kind');
  if (!metadata) return FieldSet.node(false, children);
  const kept = FieldSet.node(
    false,
    [...metadata.children].filter(([step]) => !unowned.has(step.slice(2))),
  );
  return FieldSet.node(
    false,
    children.map(([step, child]) => [step, step === 'f:metadata' ? kept : child] as const),
  );
}

/** An object's metadata and the object without its managedFields. */
function withoutManagedFields(object: JsonObject): JsonObject {
  if (!isJsonObject(object.metadata) || !('managedFields' in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

const entriesOf = (object: JsonObject): readonly ManagedFieldsEntry[] | undefined => {
  const entries = isJsonObject(object.metadata) ? object.metadata.managedFields : undefined;
  return Array.isArray(entries) ? entries : undefined;
};

/** `[]` or one empty entry: the client asks to forget all owners. */
const isReset = (entries: readonly ManagedFieldsEntry[] | undefined): boolean =>
  entries !== undefined && (entries.length === 0 || (entries.length === 1 && deepEqual(entries[0], {})));

/**
 * Puts back into a decoded object the empty list of owners that its client sent: decoding drops empty lists, but this
 * one asks to forget all owners.
 */
export function keepReset(object: { readonly metadata: { managedFields?: unknown } }, sent: unknown): void {
  const entries = isJsonObject(sent) ? entriesOf(sent) : undefined;
  if (entries?.length === 0) object.metadata.managedFields = [];
}

/** What of other owners' fields a change touches; their sets without it. */
function release(owners: Owners, self: string, by: FieldManager, comparisonIn: (apiVersion: string) => Comparison) {
  const conflicts: { owner: Owner; set: FieldSet }[] = [];
  const left: Owners = new Map();
  for (const [id, owner] of owners) {
    if (id === self) {
      left.set(id, owner);
      continue;
    }
    if (owner.apiVersion !== by.apiVersion && by.knows?.(owner.apiVersion) === false) continue;
    const comparison = comparisonIn(owner.apiVersion);
    const touched = owner.set.intersection(comparison.modified.union(comparison.added));
    if (!touched.empty) conflicts.push({ owner, set: touched });
    const set = owner.set.difference(touched).difference(comparison.removed);
    if (!set.empty) left.set(id, { ...owner, set });
  }
  return { conflicts, left };
}

/** What changes between two objects, in any version; `own` is the comparison in the writer's. */
function comparisons(own: Comparison, before: JsonObject, after: unknown, by: FieldManager) {
  const known = new Map<string, Comparison>([[by.apiVersion, own]]);
  return (apiVersion: string): Comparison => {
    let comparison = known.get(apiVersion);
    if (!comparison) {
      const then = by.convert?.(before, apiVersion);
      const now = then && isJsonObject(after) ? by.convert?.(after, apiVersion) : undefined;
      comparison =
        then && now ? ignoring(compareValues(shapeOf(then.schema), then.object, now.object), by.ignore) : own;
      known.set(apiVersion, comparison);
    }
    return comparison;
  };
}

function ignoring(comparison: Comparison, ignore: FieldSet | undefined): Comparison {
  if (!ignore) return comparison;
  return {
    added: comparison.added.excluding(ignore),
    modified: comparison.modified.excluding(ignore),
    removed: comparison.removed.excluding(ignore),
  };
}

/** Not more owners by update than these; the oldest become one. */
const MAX_UPDATERS = 10;

function capUpdaters(owners: Owners): void {
  if (owners.size <= MAX_UPDATERS) return;
  const updaters = [...owners].filter(([, owner]) => owner.operation === 'Update');
  if (updaters.length <= MAX_UPDATERS) return;
  updaters.sort(([a, x], [b, y]) => seconds(x) - seconds(y) || order(a, b));
  let count = updaters.length;
  const first = new Map<string, string>();
  for (const [id, owner] of updaters) {
    if (count <= MAX_UPDATERS) break;
    const bucket: Owner = { ...owner, manager: 'ancient-changes', subresource: '' };
    const bucketId = identity(bucket);
    const earlier = first.get(owner.apiVersion);
    if (earlier === undefined) {
      first.set(owner.apiVersion, id);
      continue;
    }
    const old = owners.get(bucketId) ?? owners.get(earlier);
    if (!owners.has(bucketId)) owners.delete(earlier);
    owners.delete(id);
    owners.set(bucketId, { ...bucket, set: owner.set.union(old?.set ?? FieldSet.none) });
    count--;
  }
}

const empties = new WeakMap<ObjectSchema, JsonObject>();

/** An object of the kind with nothing set, as Go's zero value is; shared, not to be changed. */
function emptyObject(schema: ObjectSchema): JsonObject {
  let object = empties.get(schema);
  if (!object) {
    object = deepFreeze(decode(schema, {}, { defaults: false }).object);
    empties.set(schema, object);
  }
  return object;
}

const asJson = (object: object): JsonObject => object as JsonObject; // API objects are plain JSON objects

/**
 * The managedFields of an object after a create, update or patch: who wrote owns what changed, others lose it.
 * `live` is undefined on create; both objects are in canonical form, `next` as it will be stored.
 */
export function trackUpdate(
  schema: ObjectSchema,
  live: object | undefined,
  next: object,
  by: FieldManager,
): readonly ManagedFieldsEntry[] | undefined {
  const before = asJson(live ?? emptyObject(schema));
  const after = asJson(next);
  const given = entriesOf(after);
  let owners: Owners | undefined;
  if (by.subresource === '') {
    if (isReset(given)) owners = new Map();
    else if (given?.length) owners = readOwners(given);
  }
  owners ??= readOwners(entriesOf(before)) ?? new Map();
  // Objects that were never tracked stay untracked until somebody applies.
  if (owners.size === 0 && live) return undefined;
  try {
    return writeOwners(update(shapeOf(schema), withoutManagedFields(before), withoutManagedFields(after), owners, by));
  } catch (error) {
    // The write is as good as any; who owns what cannot be said any more.
    if (error instanceof KeylessElement) return undefined;
    throw error;
  }
}

function update(shape: Shape, before: JsonObject, after: JsonObject, owners: Owners, by: FieldManager): Owners {
  const comparison = ignoring(compareValues(shape, before, after), by.ignore);
  const { left } = release(owners, '', by, comparisons(comparison, before, after, by));
  const set = stripped(comparison.modified.union(comparison.added));
  if (!set.empty) {
    const owner: Owner = {
      manager: by.manager || 'unknown',
      operation: 'Update',
      apiVersion: by.apiVersion,
      subresource: by.subresource,
      time: formatTime(by.now),
      set,
    };
    const id = identity(owner);
    left.set(id, { ...owner, set: set.union(left.get(id)?.set ?? FieldSet.none) });
  }
  capUpdaters(left);
  return left;
}

export interface Applied {
  /** The merged object without managedFields: give it to `decodeKind` for the canonical form and defaults. */
  readonly object: JsonObject;
  readonly managedFields: readonly ManagedFieldsEntry[] | undefined;
}

/**
 * Merges an applied configuration into the live object (undefined: it is created). Fields that the manager applied
 * before and does not apply now go, unless somebody else owns them, be it by update. Throws ApplyConflict unless `force`, ApplyError.
 */
export function applyConfiguration(
  schema: ObjectSchema,
  live: object | undefined,
  config: object,
  by: FieldManager & { readonly force: boolean },
): Applied {
  const shape = shapeOf(schema);
  const problems = configurationProblems(schema, config);
  if (problems.length > 0) {
    const list = problems.length === 1 ? problems[0] : `errors:\n${problems.map((p) => `  ${p}`).join('\n')}`;
    throw new ApplyError(`failed to create typed patch object (${nameOf(asJson(config))}): ${list}`);
  }
  const stored = asJson(live ?? emptyObject(schema));
  const before = withoutManagedFields(stored);
  let owners = readOwners(entriesOf(stored)) ?? new Map<string, Owner>();
  if (owners.size === 0 && live) {
    const first: FieldManager = { ...by, manager: 'before-first-apply' };
    owners = update(shape, emptyObject(schema), before, owners, first);
  }

  const migrates = by.manager === MIGRATING_MANAGER;
  const applied = fieldSetOf(shape, config);
  const self: Owner = {
    manager: by.manager,
    operation: 'Apply',
    apiVersion: by.apiVersion,
    subresource: by.subresource,
    time: formatTime(by.now),
    set: by.ignore ? applied.excluding(by.ignore) : applied,
  };
  const id = identity(self);
  const last = owners.get(id);
  owners.set(id, self);

  const merged = prune(shape, mergeValues(shape, before, config), owners, last?.set);
  const whole = compareValues(shape, before, merged);
  const comparison = ignoring(whole, by.ignore);
  const { conflicts, left } = release(owners, id, by, comparisons(comparison, before, merged, by));
  if (conflicts.length > 0 && !by.force) {
    const allowed = migrates ? lastAppliedFields(schema, by.apiVersion, before) : FieldSet.none;
    const named = conflicts
      .map(({ owner, set }) => ({
        id: identity(owner),
        manager: describe(owner),
        paths: [...set.difference(allowed).paths()],
      }))
      .filter(({ paths }) => paths.length > 0);
    if (named.length > 0) throw new ApplyConflict(named.sort((a, b) => order(a.id, b.id)));
  }
  const set = stripped(self.set);
  const changed = !(whole.added.empty && whole.modified.empty && whole.removed.empty);
  const unchanged = live !== undefined && !changed && deepEqual(before, merged);
  if (set.empty) left.delete(id);
  // An apply that changes nothing leaves the time as it was; who joins with one has none.
  else left.set(id, { ...self, set, time: unchanged ? last?.time : self.time });
  const object = isJsonObject(merged) ? merged : {};
  return { object: migrates ? withLastApplied(object, asJson(config)) : object, managedFields: writeOwners(left) };
}

function prune(shape: Shape, merged: unknown, owners: Owners, last: FieldSet | undefined): unknown {
  if (!last || last.empty) return merged;
  let owned = FieldSet.none;
  for (const owner of owners.values()) owned = owned.union(owner.set);
  // What was applied before is owned still: nothing goes.
  if (last.difference(owned).empty) return merged;
  const full = (set: FieldSet) => withNamedFields(shape, set);
  const fieldsOf = (value: unknown) => full(fieldSetOf(shape, value));
  const all = fieldsOf(merged);
  const without = (set: FieldSet) => (set.empty ? merged : removeFields(shape, merged, set));
  let pruned = without(full(last));
  pruned = without(all.difference(fieldsOf(pruned).union(full(owned))));
  return without(all.difference(fieldsOf(pruned)).intersection(full(last)));
}

const SCALE_VERSION = 'autoscaling/v1';

/** The set of one field, and whether a set has it. */
const fieldAt = (path: readonly string[]): FieldSet =>
  path.reduceRight((below, name) => FieldSet.node(false, [[nameStep(name), below]]), FieldSet.leaf);
const owns = (set: FieldSet, path: readonly string[]): boolean =>
  path.reduce((at, name) => at.at(nameStep(name)), set).member;

const replicas = ['spec', 'replicas'];

/** The owners of an object's Scale: of its `spec.replicas` those of the object's field at `path`. */
export function scaleOwners(
  entries: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
  path: readonly string[],
): readonly ManagedFieldsEntry[] | undefined {
  const owners: Owners = new Map();
  for (const [id, owner] of readOwners(entries) ?? []) {
    if (owner.apiVersion !== apiVersion || !owns(owner.set, path)) continue;
    owners.set(id, { ...owner, apiVersion: SCALE_VERSION, set: fieldAt(replicas) });
  }
  return writeOwners(owners);
}

/** The other way: the owners of an object after its Scale was applied and has got the owners `scale`. */
export function parentOwners(
  entries: readonly ManagedFieldsEntry[] | undefined,
  apiVersion: string,
  path: readonly string[],
  scale: readonly ManagedFieldsEntry[] | undefined,
): readonly ManagedFieldsEntry[] | undefined {
  const before = readOwners(entries) ?? new Map<string, Owner>();
  const ofScale = readOwners(scale) ?? new Map<string, Owner>();
  const owners: Owners = new Map();
  const field = fieldAt(path);
  for (const [id, owner] of before) {
    if (owner.apiVersion !== apiVersion) continue;
    const kept = !owns(owner.set, path) || ofScale.delete(id);
    const set = kept ? owner.set : owner.set.difference(field);
    if (!set.empty) owners.set(id, { ...owner, set });
  }
  for (const [id, owner] of ofScale) {
    if (owns(owner.set, replicas)) owners.set(id, { ...owner, apiVersion, time: before.get(id)?.time, set: field });
  }
  return writeOwners(owners);
}

/** How conflicts name an owner. */
function describe(owner: Owner): string {
  const name = quote(owner.manager) + (owner.subresource ? ` with subresource ${quote(owner.subresource)}` : '');
  return owner.operation === 'Update' ? `${name} using ${owner.apiVersion}` : name;
}

/** "namespace/name; group/version, Kind=Kind". */
/** Names that are no text are none. */
export function nameOf(object: JsonObject): string {
  const metadata = isJsonObject(object.metadata) ? object.metadata : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const apiVersion = String(object.apiVersion ?? '');
  const gv = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return `${text(metadata.namespace)}/${text(metadata.name)}; ${gv}, Kind=${String(object.kind ?? '')}`;
}
