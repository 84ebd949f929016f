/** Conversions between types: int("12"), string(1.5), bytes("a"), type(x). */
import { declare } from './declare.ts';
import type { FunctionDeclaration } from './environment.ts';
import { durationText, formatTimestamp, toDuration, toTimestamp } from './time.ts';
import { formatType, runtimeTypeName } from './types.ts';
import {
  CelDouble,
  CelDuration,
  CelError,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  formatDouble,
  intFromBigInt,
  MAX_INT,
  MAX_UINT,
  MIN_INT,
  type Value,
  valueType,
} from './values.ts';

/** The power of ten from which string(double) has an exponent. */
const EXPONENT_FROM = 6;
const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;

const failed = (value: Value, to: string) =>
  new CelError(`type conversion error from '${formatType(valueType(value))}' to '${to}'`);

function toInt(value: Value): Value {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof CelUint)
    return value.value > MAX_INT ? new CelError('integer overflow') : intFromBigInt(value.value);
  if (value instanceof CelDouble) {
    const whole = Math.trunc(value.value);
    if (Number.isNaN(whole) || whole <= -TWO_63 || whole >= TWO_63) return new CelError('integer overflow');
    return intFromBigInt(BigInt(whole));
  }
  if (value instanceof CelTimestamp) return intFromBigInt(floorDivide(value.nanoseconds, 1_000_000_000n));
  if (value instanceof CelDuration) return intFromBigInt(value.nanoseconds);
  if (typeof value !== 'string' || !/^[+-]?[0-9]+$/.test(value)) return failed(value, 'int');
  const parsed = BigInt(value.replace(/^\+/, ''));
  return parsed < MIN_INT || parsed > MAX_INT ? failed(value, 'int') : intFromBigInt(parsed);
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

function toUint(value: Value): Value {
  if (value instanceof CelUint) return value;
  const overflow = () => new CelError('unsigned integer overflow');
  if (typeof value === 'number' || typeof value === 'bigint')
    return value < 0 ? overflow() : new CelUint(BigInt(value));
  if (value instanceof CelDouble) {
    if (!(value.value >= 0 && value.value < TWO_64)) return overflow();
    return new CelUint(BigInt(Math.trunc(value.value)));
  }
  if (typeof value !== 'string' || !/^[0-9]+$/.test(value)) return failed(value, 'uint');
  const parsed = BigInt(value);
  return parsed > MAX_UINT ? failed(value, 'uint') : new CelUint(parsed);
}

function toDouble(value: Value): Value {
  if (value instanceof CelDouble) return value;
  if (typeof value === 'number' || typeof value === 'bigint') return new CelDouble(Number(value));
  if (value instanceof CelUint) return new CelDouble(Number(value.value));
  if (typeof value !== 'string') return failed(value, 'double');
  const special = /^([+-]?)(?:inf|infinity|(nan))$/i.exec(value);
  if (special) return new CelDouble(special[2] ? Number.NaN : special[1] === '-' ? -Infinity : Infinity);
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(value)) return failed(value, 'double');
  const parsed = Number(value);
  return Number.isFinite(parsed) ? new CelDouble(parsed) : failed(value, 'double');
}

const truths = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const falsehoods = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function toBool(value: Value): Value {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    if (truths.has(value)) return true;
    if (falsehoods.has(value)) return false;
  }
  return failed(value, 'bool');
}

/** string(value), of the types the language knows. */
export function toText(value: Value): Value {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
  }
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelDouble) return formatDouble(value.value, EXPONENT_FROM);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelTypeValue) return value.name;
  if (!(value instanceof Uint8Array)) return failed(value, 'string');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

const toBytes = (value: Value): Value =>
  typeof value === 'string' ? Buffer.from(value) : value instanceof Uint8Array ? value : failed(value, 'bytes');

export const conversions: readonly FunctionDeclaration[] = [
  declare('bool', { 'bool_to_bool (bool) bool': toBool, 'string_to_bool (string) bool': toBool }),
  declare('bytes', { 'bytes_to_bytes (bytes) bytes': toBytes, 'string_to_bytes (string) bytes': toBytes }),
  declare('double', {
    'double_to_double (double) double': toDouble,
    'int64_to_double (int) double': toDouble,
    'string_to_double (string) double': toDouble,
    'uint64_to_double (uint) double': toDouble,
  }),
  declare('duration', {
    'duration_to_duration (duration) duration': toDuration,
    'int64_to_duration (int) duration': (value: Value) => failed(value, 'google.protobuf.Duration'),
    'string_to_duration (string) duration': (text: string) => {
      const parsed = toDuration(text);
      return parsed instanceof CelError ? failed(text, 'google.protobuf.Duration') : parsed;
    },
  }),
  declare('dyn', { 'to_dyn (A) dyn': (value: Value) => value }),
  declare('int', {
    'int64_to_int64 (int) int': toInt,
    'double_to_int64 (double) int': toInt,
    'duration_to_int64 (duration) int': toInt,
    'string_to_int64 (string) int': toInt,
    'timestamp_to_int64 (timestamp) int': toInt,
    'uint64_to_int64 (uint) int': toInt,
  }),
  declare('string', {
    'string_to_string (string) string': toText,
    'bool_to_string (bool) string': toText,
    'bytes_to_string (bytes) string': toText,
    'double_to_string (double) string': toText,
    'duration_to_string (duration) string': toText,
    'int64_to_string (int) string': toText,
    'timestamp_to_string (timestamp) string': toText,
    'uint64_to_string (uint) string': toText,
  }),
  declare('timestamp', {
    'timestamp_to_timestamp (timestamp) timestamp': toTimestamp,
    'int64_to_timestamp (int) timestamp': toTimestamp,
    'string_to_timestamp (string) timestamp': (text: string) => {
      const parsed = toTimestamp(text);
      return parsed instanceof CelError ? failed(text, 'google.protobuf.Timestamp') : parsed;
    },
  }),
  declare('type', { 'type (A) type(A)': (value: Value) => new CelTypeValue(runtimeTypeName(valueType(value))) }),
  declare('uint', {
    'uint64_to_uint64 (uint) uint': toUint,
    'double_to_uint64 (double) uint': toUint,
    'int64_to_uint64 (int) uint': toUint,
    'string_to_uint64 (string) uint': toUint,
  }),
];
