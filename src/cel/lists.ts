/** Libraries of lists (Kubernetes' and cel-go's ext.Lists, version 3), sets, and optional values. */
import { add } from './arithmetic.ts';
import { declare } from './declare.ts';
import type { FunctionDeclaration } from './environment.ts';
import {
  ArrayList,
  CelDouble,
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelUint,
  compare,
  equal,
  type Value,
  valueType,
} from './values.ts';

type Int = number | bigint;

const has = (list: CelList, wanted: Value): boolean => {
  for (const element of list) if (equal(element, wanted)) return true;
  return false;
};

const hasAll = (list: CelList, wanted: CelList): boolean => {
  for (const element of wanted) if (!has(list, element)) return false;
  return true;
};

function isSorted(list: CelList): Value {
  for (let i = 1; i < list.size; i++) {
    const order = compare(list.at(i - 1), list.at(i));
    if (order === undefined) return new CelError('no such overload');
    if (order > 0) return false;
  }
  return true;
}

const extreme =
  (name: string, sign: 1 | -1) =>
  (list: CelList): Value => {
    if (list.size === 0) return new CelError(`${name} called on empty list`);
    let best = list.at(0);
    for (const element of list) {
      const order = compare(element, best);
      if (order === undefined) return new CelError('no such overload');
      if (order * sign > 0) best = element;
    }
    return best;
  };

const summed =
  (zero: Value) =>
  (list: CelList): Value => {
    let sum = zero;
    for (const element of list) {
      sum = add(sum, element);
      if (sum instanceof CelError) return sum;
    }
    return sum;
  };

function indexOf(list: CelList, wanted: Value): Value {
  for (let i = 0; i < list.size; i++) if (equal(list.at(i), wanted)) return i;
  return -1;
}

function lastIndexOf(list: CelList, wanted: Value): Value {
  for (let i = list.size - 1; i >= 0; i--) if (equal(list.at(i), wanted)) return i;
  return -1;
}

function slice(list: CelList, start: Int, end: Int): Value {
  const call = `cannot slice(${start}, ${end})`;
  if (start < 0 || end < 0) return new CelError(`${call}, negative indexes not supported`);
  if (start > end) return new CelError(`${call}, start index must be less than or equal to end index`);
  if (list.size < end) return new CelError(`${call}, list is length ${list.size}`);
  return new ArrayList(Array.from(list).slice(Number(start), Number(end)));
}

function flatten(list: CelList, depth: Int = 1): Value {
  if (depth < 0) return new CelError('level must be non-negative');
  const flat = (of: CelList, left: number): Value[] =>
    Array.from(of).flatMap((element) => (element instanceof CelList && left > 0 ? flat(element, left - 1) : [element]));
  return new ArrayList(flat(list, Number(depth)));
}

function sortBy(list: CelList, keys: CelList): Value {
  if (list.size !== keys.size) {
    const sizes = `${list.size} and ${keys.size} elements respectively`;
    const why = 'expected a list of the same size as the associated keys list, but got';
    return new CelError(`@sortByAssociatedKeys() ${why} ${sizes}`);
  }
  if (list.size === 0) return list;
  const first = keys.at(0);
  if (compare(first, first) === undefined) return new CelError('list elements must be comparable');
  const kind = valueType(first).kind;
  const indices = Array.from({ length: list.size }, (_, i) => i);
  if (list.size > 1 && indices.some((i) => valueType(keys.at(i)).kind !== kind)) {
    return new CelError('list elements must have the same type');
  }
  indices.sort((i, j) => compare(keys.at(i), keys.at(j)) || 0);
  return new ArrayList(indices.map((i) => list.at(i)));
}

/** What lists.range may make: more would only be made to break the server. */
const MAX_RANGE = 10_000_000;

function range(count: Int): Value {
  if (count > MAX_RANGE) return new CelError('operation cancelled: actual cost limit exceeded');
  return new ArrayList(Array.from({ length: Math.max(0, Number(count)) }, (_, i) => i));
}

function distinct(list: CelList): Value {
  const found: Value[] = [];
  for (const element of list) if (!found.some((known) => equal(known, element))) found.push(element);
  return new ArrayList(found);
}

const comparable = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];
const summable: readonly (readonly [string, Value])[] = [
  ['int', 0],
  ['uint', new CelUint(0n)],
  ['double', new CelDouble(0)],
  ['duration', new CelDuration(0n)],
];
/** Overloads of sort are named by full type names. */
const full = (type: string) =>
  type === 'duration' ? 'google.protobuf.Duration' : type === 'timestamp' ? 'google.protobuf.Timestamp' : type;
const each = <T>(make: (type: string) => readonly [string, T]) => Object.fromEntries(comparable.map(make));

export const listFunctions: readonly FunctionDeclaration[] = [
  declare(
    'isSorted',
    each((t) => [`list_${t}_is_sorted_bool list(${t}).() bool`, isSorted]),
  ),
  declare(
    'min',
    each((t) => [`list_${t}_min_${t} list(${t}).() ${t}`, extreme('min', -1)]),
  ),
  declare(
    'max',
    each((t) => [`list_${t}_max_${t} list(${t}).() ${t}`, extreme('max', 1)]),
  ),
  declare(
    'sum',
    Object.fromEntries(summable.map(([t, zero]) => [`list_${t}_sum_${t} list(${t}).() ${t}`, summed(zero)])),
  ),
  declare('indexOf', { 'list_a_index_of_int list(A).(A) int': indexOf }),
  declare('lastIndexOf', { 'list_a_last_index_of_int list(A).(A) int': lastIndexOf }),
  declare('slice', { 'list_slice list(T).(int, int) list(T)': slice }),
  declare('flatten', {
    'list_flatten list(list(T)).() list(T)': flatten,
    'list_flatten_int list(dyn).(int) list(dyn)': flatten,
  }),
  declare(
    'sort',
    each((t) => [`list_${full(t)}_sort list(${t}).() list(${t})`, (list: CelList) => sortBy(list, list)]),
  ),
  declare(
    '@sortByAssociatedKeys',
    each((t) => [`list_${full(t)}_sortByAssociatedKeys list(T).(list(${t})) list(T)`, sortBy]),
  ),
  declare('lists.range', { 'lists_range (int) list(int)': range }),
  declare('reverse', {
    'list_reverse list(T).() list(T)': (list: CelList) => new ArrayList(Array.from(list).reverse()),
  }),
  declare('distinct', { 'list_distinct list(T).() list(T)': distinct }),
  declare('sets.contains', { 'list_sets_contains_list (list(T), list(T)) bool': hasAll }),
  declare('sets.equivalent', {
    'list_sets_equivalent_list (list(T), list(T)) bool': (a: CelList, b: CelList) => hasAll(a, b) && hasAll(b, a),
  }),
  declare('sets.intersects', {
    'list_sets_intersects_list (list(T), list(T)) bool': (a: CelList, b: CelList) =>
      Array.from(a).some((element) => has(b, element)),
  }),
];

const isZero = (value: Value): boolean =>
  value === null ||
  value === false ||
  value === 0 ||
  value === '' ||
  (value instanceof CelDouble && value.value === 0) ||
  (value instanceof CelUint && value.value === 0n) ||
  (value instanceof CelDuration && value.nanoseconds === 0n) ||
  (value instanceof CelTimestamp && value.nanoseconds === -62135596800n * 1_000_000_000n) ||
  (value instanceof Uint8Array && value.length === 0) ||
  ((value instanceof CelList || value instanceof CelMap) && value.size === 0);

function unwrap(list: CelList): Value {
  const found: Value[] = [];
  for (const element of list) {
    if (!(element instanceof CelOptional)) return new CelError('no such overload');
    if (element.value !== undefined) found.push(element.value);
  }
  return new ArrayList(found);
}

export const optionalFunctions: readonly FunctionDeclaration[] = [
  declare('optional.of', { 'optional_of (V) optional(V)': (value: Value) => new CelOptional(value) }),
  declare('optional.ofNonZeroValue', {
    'optional_ofNonZeroValue (V) optional(V)': (value: Value) =>
      isZero(value) ? CelOptional.none : new CelOptional(value),
  }),
  declare('optional.none', { 'optional_none () optional(V)': () => CelOptional.none }),
  declare('value', {
    'optional_value optional(V).() V': ({ value }: CelOptional) => value ?? new CelError('optional.none() dereference'),
  }),
  declare('hasValue', { 'optional_hasValue optional(V).() bool': ({ value }: CelOptional) => value !== undefined }),
  declare('or', { 'optional_or_optional optional(V).(optional(V)) optional(V)': undefined }),
  declare('orValue', { 'optional_orValue_value optional(V).(V) V': undefined }),
  declare('_?._', { 'select_optional_field (dyn, string) optional(V)': undefined }),
  declare('_[?_]', {
    'list_optindex_optional_int (list(V), int) optional(V)': undefined,
    'optional_list_optindex_optional_int (optional(list(V)), int) optional(V)': undefined,
    'map_optindex_optional_value (map(K, V), K) optional(V)': undefined,
    'optional_map_optindex_optional_value (optional(map(K, V)), K) optional(V)': undefined,
  }),
  declare('_[_]', {
    'optional_list_index_int (optional(list(V)), int) optional(V)': undefined,
    'optional_map_index_value (optional(map(K, V)), K) optional(V)': undefined,
  }),
  declare('first', {
    'list_first list(V).() optional(V)': (l: CelList) => (l.size > 0 ? new CelOptional(l.at(0)) : CelOptional.none),
  }),
  declare('last', {
    'list_last list(V).() optional(V)': (l: CelList) =>
      l.size > 0 ? new CelOptional(l.at(l.size - 1)) : CelOptional.none,
  }),
  declare('optional.unwrap', { 'optional_unwrap (list(optional(V))) list(V)': unwrap }),
  declare('unwrapOpt', { 'optional_unwrapOpt list(optional(V)).() list(V)': unwrap }),
];
