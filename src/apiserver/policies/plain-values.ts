/** Values that expressions make, as JSON. */

import {
  CelDouble,
  CelDuration,
  CelList,
  CelMap,
  CelOptional,
  CelStruct,
  CelTimestamp,
  CelUint,
  display,
  type Value,
} from '../../cel/values.ts';
import { formatDuration } from '../../schema/duration.ts';
import { type JsonObject, setOwn } from '../../schema/json.ts';

/** A value that JSON cannot say. */
export class NotPlain extends Error {}

export function plainValue(value: Value): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  if (value instanceof CelDouble) return value.value;
  if (value instanceof CelList) return Array.from(value, plainValue);
  if (value instanceof CelMap) return plainMap(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof CelDuration) return formatDuration(value.nanoseconds);
  if (value instanceof CelTimestamp) return display(value);
  if (value instanceof CelOptional && value.value !== undefined) return plainValue(value.value);
  throw new NotPlain(`unable to convert ${display(value)} to JSON`);
}

function plainMap(map: CelMap): JsonObject {
  const out: JsonObject = {};
  for (const key of map.keys()) {
    if (typeof key !== 'string') {
      throw new NotPlain(`map key ${display(key)} is no string`);
    }
    setOwn(out, key, plainValue(map.get(key) ?? null));
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
      `unexpected type name "${value.type.name}", expected "${path}", which matches field name path from root Object type`,
    );
  }
  for (const key of value.keys()) {
    found.push(...misnamedTypes(value.get(key) ?? null, struct ? `${path}.${String(key)}` : path));
  }
  return found;
}
