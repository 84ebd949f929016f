/** JSON merge patch, RFC 7386. */
import { DepthError, isJsonObject, type JsonObject, MAX_DEPTH, setOwn } from './json.ts';
import { notAnObject, PatchError } from './patch-error.ts';

/** The patched value; parts that the patch does not touch are shared with `original`. Throws PatchError. */
export function applyMergePatch(original: unknown, patch: unknown): unknown {
  if (patch === null) throw new PatchError('bad', 'Invalid JSON Patch');
  if (!isJsonObject(patch)) throw new PatchError('bad', `error decoding patch: ${notAnObject(patch)}`);
  try {
    return merge(original, patch, 0);
  } catch (error) {
    if (error instanceof DepthError) throw new PatchError('bad', error.message);
    throw error;
  }
}

function merge(original: unknown, patch: unknown, depth: number): unknown {
  if (!isJsonObject(patch)) return Array.isArray(patch) ? withoutNulls(patch, depth) : patch;
  if (depth > MAX_DEPTH) throw new DepthError();
  const out: JsonObject = {};
  const base = isJsonObject(original) ? original : {};
  for (const key of Object.keys(base)) {
    const value = base[key];
    if (!Object.hasOwn(patch, key)) setOwn(out, key, value);
    else if (patch[key] !== null) setOwn(out, key, merge(value, patch[key], depth + 1));
  }
  for (const key of Object.keys(patch)) {
    if (patch[key] !== null && !Object.hasOwn(base, key)) setOwn(out, key, merge(undefined, patch[key], depth + 1));
  }
  return out;
}

/** A list is taken whole; in its objects, as everywhere in a patch, null means that there is no such field. */
function withoutNulls(list: readonly unknown[], depth: number): unknown[] {
  if (depth > MAX_DEPTH) throw new DepthError();
  return list.map((item) => (item === null ? null : merge(undefined, item, depth + 1)));
}
