import {
  CelDouble,
  CelDuration,
  CelList,
  CelMap,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  equal,
  mapKey,
  type Value,
} from './values.ts';

/**
 * Values by what makes them equal, so that looking for one does not walk all: who looks for each element of a list in
 * another one would hold the server for as long as their product takes.
 */
export class MemberIndex {
  readonly #list: CelList;
  readonly #keys = new Set<unknown>();
  /** Whether all elements have keys. */
  readonly #complete: boolean;

  constructor(list: CelList) {
    this.#list = list;
    let complete = true;
    for (const element of list) {
      const key = keyOf(element);
      if (key === undefined) complete = false;
      else this.#keys.add(key);
    }
    this.#complete = complete;
  }

  has(value: Value): boolean {
    const key = keyOf(value);
    if (key !== undefined && this.#keys.has(key)) return true;
    if (key !== undefined && (this.#complete || typeof value !== 'object')) return false;
    for (const element of this.#list) if (equal(element, value)) return true;
    return false;
  }
}

/** One thing for all values that are equal; undefined of what has none: NaN, and numbers that doubles do not tell apart. */
function keyOf(value: Value): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (isNumber(value)) return numberOf(value);
  const text = textOf(value);
  // No text of an object begins so.
  return text === undefined ? undefined : MARK + text;
}

function numberOf(value: Value): number | undefined {
  const key = mapKey(value);
  return typeof key === 'number' && Math.abs(key) <= Number.MAX_SAFE_INTEGER ? key + 0 : undefined;
}

const MARK = '\ud800\udbff';

const isNumber = (value: Value): boolean =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof CelUint || value instanceof CelDouble;

function textOf(value: Value): string | undefined {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (isNumber(value)) return numberOf(value)?.toString();
  if (value instanceof CelDuration) return `d${value.nanoseconds}`;
  if (value instanceof CelTimestamp) return `t${value.nanoseconds}`;
  if (value instanceof CelTypeValue) return `y${value.name}`;
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString('base64')}`;
  if (value instanceof CelList) return value.equals ? undefined : listText(value);
  return value instanceof CelMap ? mapText(value) : undefined;
}

function listText(list: CelList): string | undefined {
  const texts = Array.from(list, textOf);
  return texts.includes(undefined) ? undefined : `[${texts.join()}]`;
}

function mapText(map: CelMap): string | undefined {
  const texts: string[] = [];
  for (const name of map.keys()) {
    const [key, member] = [textOf(name), textOf(map.get(name) ?? null)];
    if (key === undefined || member === undefined) return undefined;
    texts.push(`${key}:${member}`);
  }
  return `{${texts.sort().join()}}`;
}
