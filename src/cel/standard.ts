/** The language's own functions: operators, conversions, text, time. https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions */
import { concatenate, insert } from './accumulators.ts';
import { add, divide, modulo, multiply, negate, subtract } from './arithmetic.ts';
import { conversions } from './conversions.ts';
import { declare } from './declare.ts';
import type { FunctionDeclaration } from './environment.ts';
import { compileRegExp } from './regexp.ts';
import { qualify } from './select.ts';
import { durationPart, timestampPart, timestampParts } from './time.ts';
import {
  type CelDuration,
  CelError,
  CelList,
  CelMap,
  type CelTimestamp,
  compare,
  equal,
  type Value,
  valueSize,
} from './values.ts';

const noOverload = () => new CelError('no such overload');

/** Signatures of all pairs that may be ordered. */
function comparisons(name: string): Record<string, undefined> {
  const found: Record<string, undefined> = {};
  const same = ['bool', 'int64:int', 'uint64:uint', 'double', 'string', 'bytes', 'timestamp', 'duration'];
  for (const entry of same) {
    const [id, type = entry] = entry.split(':');
    found[`${name}_${id} (${type}, ${type}) bool`] = undefined;
  }
  const numbers = ['int64:int', 'uint64:uint', 'double:double'].map((entry) => entry.split(':'));
  for (const [id, type] of numbers) {
    for (const [otherId, other] of numbers) {
      if (id !== otherId) found[`${name}_${id}_${otherId} (${type}, ${other}) bool`] = undefined;
    }
  }
  return found;
}

const comparison = (name: string, id: string, holds: (order: number) => boolean) =>
  declare(name, comparisons(id), (a: Value, b: Value) => {
    const order = compare(a, b);
    if (order === undefined) {
      return typeof a === 'object' && compare(a, a) === undefined
        ? new CelError(`no such overload: ${name}`)
        : noOverload();
    }
    return Number.isNaN(order) ? new CelError('NaN values cannot be ordered') : holds(order);
  });

/** Whether a list has the element, or a map the key. */
export function contains(item: Value, container: Value): Value {
  if (container instanceof CelList) {
    for (const element of container) if (equal(element, item)) return true;
    return false;
  }
  return container instanceof CelMap ? container.get(item) !== undefined : noOverload();
}

function matches(text: string, pattern: string): Value {
  const compiled = compileRegExp(pattern);
  return compiled instanceof CelError ? compiled : compiled.test(text);
}

const plus = (a: Value, b: Value): Value =>
  a instanceof CelList && b instanceof CelList ? (a.joined?.(b) ?? concatenate(a, b)) : add(a, b);

const operators: readonly FunctionDeclaration[] = [
  declare('_?_:_', { 'conditional (bool, A, A) A': undefined }),
  declare('_&&_', { 'logical_and (bool, bool) bool': undefined }),
  declare('_||_', { 'logical_or (bool, bool) bool': undefined }),
  declare('!_', { 'logical_not (bool) bool': undefined }, (a: Value) => (typeof a === 'boolean' ? !a : noOverload())),
  declare('@not_strictly_false', { 'not_strictly_false (bool) bool': undefined }, (a: Value) => a !== false),
  declare('_==_', { 'equals (A, A) bool': undefined }, (a: Value, b: Value) => equal(a, b)),
  declare('_!=_', { 'not_equals (A, A) bool': undefined }, (a: Value, b: Value) => !equal(a, b)),
  comparison('_<_', 'less', (order) => order < 0),
  comparison('_<=_', 'less_equals', (order) => order <= 0),
  comparison('_>_', 'greater', (order) => order > 0),
  comparison('_>=_', 'greater_equals', (order) => order >= 0),
  declare(
    '_+_',
    {
      'add_bytes (bytes, bytes) bytes': undefined,
      'add_double (double, double) double': undefined,
      'add_duration_duration (duration, duration) duration': undefined,
      'add_duration_timestamp (duration, timestamp) timestamp': undefined,
      'add_timestamp_duration (timestamp, duration) timestamp': undefined,
      'add_int64 (int, int) int': undefined,
      'add_list (list(A), list(A)) list(A)': undefined,
      'add_string (string, string) string': undefined,
      'add_uint64 (uint, uint) uint': undefined,
    },
    plus,
  ),
  declare(
    '_-_',
    {
      'subtract_double (double, double) double': undefined,
      'subtract_duration_duration (duration, duration) duration': undefined,
      'subtract_int64 (int, int) int': undefined,
      'subtract_timestamp_duration (timestamp, duration) timestamp': undefined,
      'subtract_timestamp_timestamp (timestamp, timestamp) duration': undefined,
      'subtract_uint64 (uint, uint) uint': undefined,
    },
    subtract,
  ),
  ...(
    [
      ['_*_', 'multiply', multiply],
      ['_/_', 'divide', divide],
    ] as const
  ).map(([name, id, compute]) =>
    declare(
      name,
      {
        [`${id}_double (double, double) double`]: undefined,
        [`${id}_int64 (int, int) int`]: undefined,
        [`${id}_uint64 (uint, uint) uint`]: undefined,
      },
      compute,
    ),
  ),
  declare('_%_', { 'modulo_int64 (int, int) int': undefined, 'modulo_uint64 (uint, uint) uint': undefined }, modulo),
  declare('-_', { 'negate_double (double) double': undefined, 'negate_int64 (int) int': undefined }, negate),
  declare('@in', { 'in_list (A, list(A)) bool': undefined, 'in_map (A, map(A, B)) bool': undefined }, contains),
  declare('_[_]', { 'index_list (list(A), int) A': undefined, 'index_map (map(A, B), A) B': undefined }, qualify),
  declare('cel.@mapInsert', {
    '@mapInsert_map_map (map(K, V), map(K, V)) map(K, V)': (map: CelMap, more: CelMap) => {
      let result: Value = map;
      for (const key of more.keys()) {
        if (!(result instanceof CelMap)) return result;
        result = insert(result, key, more.get(key) ?? null);
      }
      return result;
    },
    '@mapInsert_map_key_value (map(K, V), K, V) map(K, V)': insert,
  }),
];

const sized = (value: Value): Value =>
  typeof value === 'string' || value instanceof CelList || value instanceof CelMap || value instanceof Uint8Array
    ? valueSize(value)
    : new CelError('no such overload: size');

/** Of two texts, as which values of unknown types may turn out not to be. */
const ofTexts =
  (compute: (a: string, b: string) => Value) =>
  (a: Value, b: Value): Value =>
    typeof a === 'string' && typeof b === 'string' ? compute(a, b) : noOverload();

const text: readonly FunctionDeclaration[] = [
  declare(
    'size',
    {
      'size_bytes (bytes) int': undefined,
      'bytes_size bytes.() int': undefined,
      'size_list (list(A)) int': undefined,
      'list_size list(A).() int': undefined,
      'size_map (map(A, B)) int': undefined,
      'map_size map(A, B).() int': undefined,
      'size_string (string) int': undefined,
      'string_size string.() int': undefined,
    },
    sized,
  ),
  declare(
    'contains',
    { 'contains_string string.(string) bool': undefined },
    ofTexts((a, b) => a.includes(b)),
  ),
  declare(
    'startsWith',
    { 'starts_with_string string.(string) bool': undefined },
    ofTexts((a, b) => a.startsWith(b)),
  ),
  declare(
    'endsWith',
    { 'ends_with_string string.(string) bool': undefined },
    ofTexts((a, b) => a.endsWith(b)),
  ),
  declare(
    'matches',
    { 'matches (string, string) bool': undefined, 'matches_string string.(string) bool': undefined },
    ofTexts(matches),
  ),
];

const timestampIds: Readonly<Record<string, string>> = {
  getFullYear: 'year',
  getMonth: 'month',
  getDayOfYear: 'day_of_year',
  getDayOfMonth: 'day_of_month',
  getDate: 'day_of_month_1_based',
  getDayOfWeek: 'day_of_week',
  getHours: 'hours',
  getMinutes: 'minutes',
  getSeconds: 'seconds',
  getMilliseconds: 'milliseconds',
};

const time: readonly FunctionDeclaration[] = Object.entries(timestampParts).map(([name, part]) => {
  const id = timestampIds[name] ?? '';
  const withZone = id === 'seconds' ? 'timestamp_to_seconds_tz' : `timestamp_to_${id}_with_tz`;
  const ofDuration = ['hours', 'minutes', 'seconds', 'milliseconds'].includes(id);
  return declare(name, {
    ...(ofDuration && { [`duration_to_${id} duration.() int`]: (value: CelDuration) => durationPart(value, name) }),
    [`timestamp_to_${id} timestamp.() int`]: (value: CelTimestamp) => timestampPart(value, part, ''),
    [`${withZone} timestamp.(string) int`]: (value: CelTimestamp, zone: string) => timestampPart(value, part, zone),
  });
});

export const standardFunctions: readonly FunctionDeclaration[] = [...operators, ...text, ...time, ...conversions];
