/**
 * Strategic merge patch: a merge patch that knows which lists are merged, and by which key, from the type model.
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
 *
 * Directives: `$patch` (replace, delete, merge) in objects and in elements of merged lists, `$retainKeys`,
 * `$deleteFromPrimitiveList/FIELD`, `$setElementOrder/FIELD`.
 */
import { DepthError, isJsonObject, type JsonObject, MAX_DEPTH, setOwn } from './json.ts';
import type { Field, ObjectSchema, Schema } from './model.ts';
import { notAnObject, PatchError } from './patch-error.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList';
const SET_ORDER = '$setElementOrder';

/** The directive is shown as Go's %s has it. */
function unknownDirective(directive: unknown, patch: JsonObject): PatchError {
  const text = typeof directive === 'string' ? directive : `%!s(${goValue(directive)})`;
  return internal(`unknown patch type: ${text} in map: ${show(patch)}`);
}

const goValue = (value: unknown): string => (value === null ? '<nil>' : `${goKind(value)}=${show(value)}`);

const badOrder = () => new PatchError('bad', 'invalid patch format of setElementOrder list');
const badRetainKeys = () => new PatchError('bad', 'invalid patch format of retainKeys');
const internal = (message: string) => new PatchError('internal', message);

/** The patched value; inputs stay as they are and may be shared by the result. Throws PatchError. */
export function applyStrategicMerge(schema: ObjectSchema, original: unknown, patch: unknown): unknown {
  if (patch === null) return original;
  if (!isJsonObject(patch)) throw new PatchError('bad', notAnObject(patch));
  if (!isJsonObject(original)) throw new PatchError('bad', 'invalid JSON document');
  try {
    return mergeObject(schema, original, patch, 0);
  } catch (error) {
    if (error instanceof DepthError) throw new PatchError('bad', error.message);
    throw error;
  }
}

function mergeObject(schema: Schema | undefined, original: JsonObject, patch: JsonObject, depth: number): JsonObject {
  if (depth > MAX_DEPTH) throw new DepthError();
  if (Object.hasOwn(patch, DIRECTIVE)) return directed(patch);
  const out = retained(original, patch);
  const done = new Set<string>([RETAIN_KEYS]);
  for (const key of Object.keys(patch)) {
    if (key.startsWith(SET_ORDER)) {
      done.add(key);
      done.add(setOrder(schema, out, patch, key, depth));
    }
  }
  const deletions: string[] = [];
  for (const key of Object.keys(patch)) {
    if (done.has(key)) continue;
    if (key.startsWith(DELETE_FROM_LIST)) deletions.push(key);
    else mergeMember(schema, out, key, patch[key], depth);
  }
  for (const key of deletions) deleteFromList(out, key, patch[key]);
  return out;
}

function directed(patch: JsonObject): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === 'replace') {
    const { [DIRECTIVE]: _, ...rest } = patch;
    return rest;
  }
  if (directive === 'delete') return {};
  throw unknownDirective(directive, patch);
}

/** A copy of the original, without the keys that `$retainKeys` does not name. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return { ...original };
  const list = patch[RETAIN_KEYS];
  if (!Array.isArray(list)) throw badRetainKeys();
  const keep = new Set<unknown>(list);
  for (const [key, value] of Object.entries(patch)) {
    const special = key === RETAIN_KEYS || key.startsWith(DELETE_FROM_LIST) || key.startsWith(SET_ORDER);
    if (value !== null && !special && !keep.has(key)) throw badRetainKeys();
  }
  const out: JsonObject = {};
  for (const key of Object.keys(original)) if (keep.has(key)) setOwn(out, key, original[key]);
  return out;
}

function mergeMember(schema: Schema | undefined, out: JsonObject, key: string, value: unknown, depth: number): void {
  if (value === null) {
    delete out[key];
    return;
  }
  const existing = Object.hasOwn(out, key) ? out[key] : undefined;
  const field = fieldOf(schema, key);
  if (isJsonObject(existing) && isJsonObject(value)) {
    const merged =
      field?.patch === 'replace' ? value : mergeObject(field?.schema ?? valuesOf(schema), existing, value, depth + 1);
    setOwn(out, key, merged);
  } else if (Array.isArray(existing) && Array.isArray(value)) {
    setOwn(out, key, isMerged(field) ? mergeList(field, existing, value, depth + 1) : value);
  } else {
    const clean = withoutDirectives(value, depth);
    if (clean === undefined) delete out[key];
    else setOwn(out, key, clean);
  }
}

const fieldOf = (schema: Schema | undefined, key: string): Field | undefined =>
  schema?.node === 'object' ? schema.fields.get(key) : undefined;
const valuesOf = (schema: Schema | undefined): Schema | undefined =>
  schema?.node === 'map' ? schema.values : undefined;
const isMerged = (field: Field | undefined): field is Field =>
  field?.patch === 'merge' || field?.patch === 'merge,retainKeys';

/** What a patch adds where nothing was: nulls and elements with directives go; undefined when it is a directive itself. */
function withoutDirectives(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new DepthError();
  if (Array.isArray(value)) {
    const out: unknown[] = [];
    for (const item of value) {
      const clean = withoutDirectives(item, depth + 1);
      if (clean !== undefined) out.push(clean);
    }
    return out;
  }
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const out: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === null) continue;
    const clean = withoutDirectives(item, depth + 1);
    if (clean !== undefined) setOwn(out, key, clean);
  }
  return out;
}

function deleteFromList(out: JsonObject, directive: string, values: unknown): void {
  const key = nameAfter(directive, DELETE_FROM_LIST);
  if (key === undefined) throw new PatchError('bad', 'invalid patch format of primitive list');
  const list = Object.hasOwn(out, key) ? out[key] : undefined;
  if (!Array.isArray(list) || !Array.isArray(values)) return;
  checkAlike(list, values);
  const gone = new Set<unknown>(values);
  out[key] = list.filter((item) => !gone.has(item));
}

/** "$prefix/name": the name. */
function nameAfter(directive: string, prefix: string): string | undefined {
  return directive.startsWith(`${prefix}/`) ? directive.slice(prefix.length + 1) : undefined;
}

/** Merges the list that a `$setElementOrder` directive is about, in that order; returns the list's key. */
function setOrder(
  schema: Schema | undefined,
  out: JsonObject,
  patch: JsonObject,
  directive: string,
  depth: number,
): string {
  const order = patch[directive];
  if (!Array.isArray(order)) throw internal(`expected a []interface {}, but received a ${goKind(order)}`);
  const key = nameAfter(directive, SET_ORDER);
  if (key === undefined) throw badOrder();
  const before = listAt(out, key);
  const change = listAt(patch, key);
  const field = fieldOf(schema, key);
  if (!field)
    throw internal(`unable to find api field in struct ${goName(schema)} for the json field ${JSON.stringify(key)}`);
  const mergeKey = field.mergeKey ?? '';
  if (mergeKey !== '') checkKeys(order, mergeKey);
  checkOrder(change ?? [], order, mergeKey);
  if (!before && !change) return key;
  let merged: readonly unknown[];
  if (!change) merged = before ?? [];
  else if (!before) merged = asList(withoutDirectives(change, depth));
  else merged = isMerged(field) ? mergeList(field, before, change, depth + 1) : change;
  setOwn(out, key, arrange(merged, order, before ?? [], mergeKey));
  return key;
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function listAt(object: JsonObject, key: string): unknown[] | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  if (value === undefined || Array.isArray(value)) return value;
  throw internal(`expected a []interface {}, but received a ${goKind(value)}`);
}

/** Whatever names elements of a list by their key has to have it. */
function checkKeys(list: readonly unknown[], mergeKey: string): void {
  for (const [i, item] of list.entries()) {
    if (!isJsonObject(item)) throw internal(`value for key ${i} is not a map`);
    keyOf(item, mergeKey);
  }
}

/** Elements of lists that are merged must all be of one type. */
function checkAlike(...lists: (readonly unknown[])[]): void {
  const items = lists.flat(1);
  const [first] = items;
  if (items.some((item) => item === null || goKind(item) !== goKind(first))) {
    throw internal(`list element types are not identical: ${show(lists)}`);
  }
}

/** The patch's elements must appear in the order that the directive names, each of them. */
function checkOrder(change: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (change.length === 0 || order.length === 0) return;
  const kept = mergeKey === '' ? change : change.filter((item) => asObject(item)[DIRECTIVE] !== 'delete');
  let at = 0;
  for (const wanted of order) {
    while (at < kept.length && isJsonObject(kept[at]) && DIRECTIVE in asObject(kept[at])) at++;
    if (at >= kept.length) return;
    if (keyOf(kept[at], mergeKey) === keyOf(wanted, mergeKey)) at++;
  }
  if (at < kept.length) {
    throw internal(`The order in patch list:\n${show(change)}\n doesn't match ${SET_ORDER} list:\n${show(order)}\n`);
  }
}

function asObject(item: unknown): JsonObject {
  if (isJsonObject(item)) return item;
  throw internal(`expected a map[string]interface {}, but received a ${goKind(item)}`);
}

/** What identifies an element: the value of its merge key, or for lists of scalars itself. */
function keyOf(item: unknown, mergeKey: string): unknown {
  if (mergeKey === '') return item;
  const object = asObject(item);
  if (!Object.hasOwn(object, mergeKey)) {
    throw internal(`map: ${show(object)} does not contain declared merge key: ${mergeKey}`);
  }
  return object[mergeKey];
}

function mergeList(
  field: Field,
  original: readonly unknown[],
  patch: readonly unknown[],
  depth: number,
): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  const mergeKey = field.mergeKey ?? '';
  checkAlike(original, patch);
  const sample = original[0] ?? patch[0];
  if (Array.isArray(sample)) throw new PatchError('unprocessable', 'lists of lists are not supported');
  if (!isJsonObject(sample)) return arrange([...new Set([...original, ...patch])], patch, original, '');
  if (mergeKey === '') throw internal(`cannot merge lists without merge key for ${goName(field.schema)}`);
  const items = field.schema.node === 'list' ? field.schema.items : undefined;

  let kept = [...original];
  let replace = false;
  let changes: JsonObject[] = [];
  for (const item of patch) {
    const change = asObject(item);
    const directive = change[DIRECTIVE];
    if (directive === undefined) changes.push(change);
    else if (directive === 'delete') {
      const gone = keyOf(change, mergeKey);
      kept = kept.filter((other, i) => identity(other, mergeKey, i) !== gone);
    } else if (directive === 'replace') replace = true;
    else if (directive === 'merge') throw internal('merging lists cannot yet be specified in the patch');
    else throw unknownDirective(directive, change);
  }
  if (replace) {
    kept = changes;
    changes = [];
  }
  const server = [...kept];
  for (const change of changes) {
    const key = keyOf(change, mergeKey);
    const at = kept.findIndex((other, i) => identity(other, mergeKey, i) === key);
    const base = kept[at];
    if (isJsonObject(base)) kept[at] = mergeObject(items, base, change, depth);
    else kept.push(withoutNulls(change, depth));
  }
  return arrange(kept, changes, server, mergeKey);
}

/** The merge key of an element that may lack it, in which case it is equal to no other. */
function identity(item: unknown, mergeKey: string, i: number): unknown {
  if (!isJsonObject(item)) throw internal(`value for key ${i} is not a map`);
  return item[mergeKey];
}

/** A new element of a list is taken as it is; only nulls, which mean "not there", go. */
function withoutNulls(value: JsonObject, depth: number): unknown {
  return withoutDirectives(value, depth) ?? {};
}

/**
 * Orders a merged list: elements that `order` names come in that order, the others in the server's, woven together so
 * that where both lists know two elements the server's order decides between them.
 */
function arrange(
  merged: readonly unknown[],
  order: readonly unknown[],
  server: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const rank = ranks(order, mergeKey);
  const serverRank = ranks(server, mergeKey);
  const named: unknown[] = [];
  const others: unknown[] = [];
  for (const item of merged) (rank.has(keyOf(item, mergeKey)) ? named : others).push(item);
  const by = (r: Map<unknown, number>) => (a: unknown, b: unknown) =>
    (r.get(keyOf(a, mergeKey)) ?? 0) - (r.get(keyOf(b, mergeKey)) ?? 0);
  named.sort(by(rank));
  if (others.every((item) => serverRank.has(keyOf(item, mergeKey)))) others.sort(by(serverRank));
  const out: unknown[] = [];
  let i = 0;
  for (const item of named) {
    const at = serverRank.get(keyOf(item, mergeKey));
    while (i < others.length && at !== undefined) {
      const other = serverRank.get(keyOf(others[i], mergeKey));
      if (other === undefined || other >= at) break;
      out.push(others[i++]);
    }
    out.push(item);
  }
  out.push(...others.slice(i));
  return out;
}

function ranks(list: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const out = new Map<unknown, number>();
  for (const [i, item] of list.entries()) {
    const key = isJsonObject(item) && mergeKey !== '' ? item[mergeKey] : item;
    if (!out.has(key)) out.set(key, i);
  }
  return out;
}

/** A value as Go's %v prints it: messages quote patches that way. */
function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  if (isJsonObject(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map((key) => `${key}:${show(value[key])}`).join(' ')}]`;
  }
  return value === null || value === undefined ? '<nil>' : String(value);
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isJsonObject(value)) return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : value === null || value === undefined ? '%!s(<nil>)' : typeof value;
}

const goName = (schema: Schema | undefined): string =>
  schema?.node === 'object' ? schema.name.slice(schema.name.lastIndexOf('.') + 1) : 'struct';
