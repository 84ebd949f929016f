/** Plain JSON objects and what keeps them safe to copy: own keys only, `__proto__` as data, bounded depth. */

export type JsonObject = { [key: string]: unknown };

/** How deep a value from a client may nest; deeper ones are refused rather than walked. */
export const MAX_DEPTH = 1000;

export class DepthError extends Error {
  constructor() {
    super('exceeded max depth');
    this.name = 'DepthError';
  }
}

/** How deep a text may nest: Go's bound. JSON.parse has none, and takes a second and gigabytes for a megabyte of brackets. */
const MAX_TEXT_DEPTH = 10_000;
/** Shorter texts are parsed sooner than looked through, however deep. */
const SHORT_TEXT = 32 * 1024;

/** JSON.parse for texts of strangers. Throws SyntaxError or DepthError. */
export function parseJson(text: string): unknown {
  if (text.length > SHORT_TEXT && nestsDeeper(text, MAX_TEXT_DEPTH)) throw new DepthError();
  return JSON.parse(text);
}

/** Nearly all texts have too few brackets, wherever they stand, to be deep: finding those takes a tenth of the time. */
const mayNestDeeper = (text: string, most: number): boolean =>
  countOf(text, '{', most) + countOf(text, '[', most) > most;

function countOf(text: string, c: string, most: number): number {
  let count = 0;
  for (let i = text.indexOf(c); i >= 0 && count <= most; i = text.indexOf(c, i + 1)) count++;
  return count;
}

/** Whether a JSON text has more than so many lists and objects within each other. */
export function nestsDeeper(text: string, most: number): boolean {
  if (!mayNestDeeper(text, most)) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) {
      for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
    } else if (c === 0x5b || c === 0x7b) {
      if (++depth > most) return true;
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
  return false;
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Sets a property that may have any name a client chose: `__proto__` becomes a key like any other. */
export function setOwn(target: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else target[key] = value;
}

/** The own property `key`, never one that the prototype has. */
export function getOwn(target: JsonObject, key: string): unknown {
  return Object.hasOwn(target, key) ? target[key] : undefined;
}

/** A deep copy of a JSON value; undefined properties are left out. Throws DepthError. */
export function cloneJson(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) throw new DepthError();
  if (Array.isArray(value)) return value.map((v) => cloneJson(v, depth + 1));
  const out: JsonObject = {};
  for (const [key, v] of Object.entries(value)) {
    if (v !== undefined) setOwn(out, key, cloneJson(v, depth + 1));
  }
  return out;
}
