/** Values that expressions make, as JSON: for patches, and for configurations, where Kubernetes takes less. */

import { asJson } from '../../cel/json-values.ts';
import {
  CelDouble,
  CelDuration,
  CelList,
  CelMap,
  CelOptional,
  CelStruct,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  display,
  type Value,
  valueType,
} from '../../cel/values.ts';
import { GoValue } from '../../schema/configuration-problems.ts';
import { type JsonObject, setOwn } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import { formatMicroTime, formatTime } from '../../schema/time.ts';

/** A value that JSON cannot say, in cel-go's words. */
export class NotPlain extends Error {}

/** Whole numbers beyond are written as text, as protobuf's JSON has them. */
const LARGEST_WHOLE = 2n ** 53n;
const NANOSECONDS = 1_000_000_000n;

/** The value of an operation of a patch. Throws NotPlain. */
export function patchValue(value: Value): unknown {
  const simple = simpleValue(value);
  if (simple !== undefined) return simple;
  if (typeof value === 'bigint') return beyond(value) ? String(value) : Number(value);
  if (value instanceof CelUint) return beyond(value.value) ? String(value.value) : Number(value.value);
  if (value instanceof CelList) return Array.from(value, patchValue);
  if (value instanceof CelMap) return patchMap(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof CelDuration) return seconds(value.nanoseconds);
  if (value instanceof CelTimestamp) return instant(value.nanoseconds);
  if (value instanceof CelOptional) {
    if (value.value === undefined) throw new NotPlain('optional.none() dereference');
    return patchValue(value.value);
  }
  if (value instanceof CelTypeValue) throw new NotPlain("type conversion not supported for 'type'");
  const { name } = valueType(value);
  throw new NotPlain(`type conversion error from '${name.slice(name.lastIndexOf('.') + 1)}' to '*structpb.Value'`);
}

/** What both take as it is; undefined for everything else. */
function simpleValue(value: Value): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'number':
      return value;
  }
  if (value === null) return null;
  if (value instanceof CelDouble) return value.value;
  return asJson(value);
}

const beyond = (value: bigint): boolean => value > LARGEST_WHOLE || value < -LARGEST_WHOLE;

function patchMap(map: CelMap): JsonObject {
  const out: JsonObject = {};
  for (const key of map.keys()) {
    if (typeof key === 'boolean') throw new NotPlain("type conversion error from bool to 'string'");
    if (typeof key !== 'string') {
      throw new NotPlain(`unsupported type conversion from '${valueType(key).name}' to string`);
    }
    setOwn(out, key, patchValue(map.get(key) ?? null));
  }
  return out;
}

/** "3600s", "-1.5s" */
function seconds(nanoseconds: bigint): string {
  const magnitude = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(magnitude % NANOSECONDS)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${nanoseconds < 0n ? '-' : ''}${magnitude / NANOSECONDS}${fraction && `.${fraction}`}s`;
}

function instant(nanoseconds: bigint): string {
  const milliseconds = Number(nanoseconds / 1_000_000n);
  return nanoseconds % NANOSECONDS === 0n ? formatTime(milliseconds) : formatMicroTime(milliseconds);
}

const NULL = new GoValue('NULL_VALUE', '0');

/**
 * A configuration as it is merged. Objects are written down with their types; of maps and lists that an expression makes
 * only the outermost counts, and what is in them is a value that no field takes. Throws NotPlain.
 */
export function configurationValue(value: Value): unknown {
  if (value instanceof CelStruct) return fieldsOf(value, configurationValue);
  const json = asJson(value);
  if (json !== undefined) return json;
  if (value instanceof CelList) return Array.from(value, innerValue);
  return value instanceof CelMap ? fieldsOf(value, innerValue) : innerValue(value);
}

function innerValue(value: Value): unknown {
  if (value instanceof CelStruct) return fieldsOf(value, configurationValue);
  if (value === null) return NULL;
  const simple = simpleValue(value);
  if (simple !== undefined) return simple;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  if (value instanceof CelOptional && value.value !== undefined) return innerValue(value.value);
  if (value instanceof CelDuration) return new GoValue(display(value), String(value.nanoseconds));
  if (value instanceof Uint8Array) {
    const bytes = Array.from(value, (byte) => `0x${byte.toString(16)}`).join(', ');
    return new GoValue(`[${value.join(' ')}]`, `[]uint8{${bytes}}`);
  }
  if (value instanceof CelList) {
    const items = Array.from(value);
    return new GoValue(`[${items.map(display).join(' ')}]`, `[]ref.Val{${items.map(syntax).join(', ')}}`);
  }
  if (value instanceof CelMap) {
    const entries = Array.from(value.keys(), (key) => [key, value.get(key) ?? null] as const);
    const texts = entries.map(([key, item]) => `${display(key)}:${display(item)}`).sort();
    const syntaxes = entries.map(([key, item]) => `${syntax(key)}:${syntax(item)}`).sort();
    return new GoValue(`map[${texts.join(' ')}]`, `map[ref.Val]ref.Val{${syntaxes.join(', ')}}`);
  }
  return new GoValue(display(value), display(value));
}

const syntax = (value: Value): string => (typeof value === 'string' ? quote(value) : display(value));

function fieldsOf(map: CelMap, convert: (value: Value) => unknown): JsonObject {
  const out: JsonObject = {};
  for (const key of map.keys()) {
    if (typeof key !== 'string') throw new NotPlain(`map key ${display(key)} is no string`);
    setOwn(out, key, convert(map.get(key) ?? null));
  }
  return out;
}

/**
 * What is wrong with the names of the types an object was put together from: below `Object{spec: ...}` stands an
 * `Object.spec`. Lists and maps between them have no names.
 */
export function misnamedTypes(value: Value, path: string): string[] {
  if (value instanceof CelList) return Array.from(value).flatMap((element) => misnamedTypes(element, path));
  if (!(value instanceof CelMap)) return [];
  const found: string[] = [];
  const struct = value instanceof CelStruct;
  if (struct && value.type.name !== path) {
    found.push(
      `unexpected type name ${quote(value.type.name)}, expected ${quote(path)}, which matches field name path from root Object type`,
    );
  }
  for (const key of value.keys()) {
    found.push(...misnamedTypes(value.get(key) ?? null, struct ? `${path}.${String(key)}` : path));
  }
  return found;
}
