import { ApiError, errors } from '../../api/errors.ts';
import { keepReset } from '../../api/managed-fields.ts';
import type { ObjectMeta } from '../../api/meta/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { DecodeError } from '../../schema/decode.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { goText } from '../../schema/go-text.ts';
import { kindOf } from '../../schema/go-words.ts';
import { getOwn, isJsonObject, type JsonObject, setOwn } from '../../schema/json.ts';
import { applyJsonPatch } from '../../schema/json-patch.ts';
import { applyMergePatch } from '../../schema/merge-patch.ts';
import { PatchError } from '../../schema/patch-error.ts';
import { quote } from '../../schema/quote.ts';
import { applyStrategicMerge } from '../../schema/strategic-merge.ts';
import type { PatchBody } from '../core.ts';
import { sorted as wholly } from '../validation/go-value.ts';
import { decodeExpected, type ExpectedKind, kindMismatch } from './body.ts';
import { canonicalMetadata } from './metadata.ts';

/** Patches of values; apply is another thing. */
export type ValuePatch = PatchBody & { readonly type: 'json' | 'merge' | 'strategic' };

/**
 * An object after a JSON, merge or strategic merge patch, in canonical form with defaults; a private copy.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
 */
export function patchedObject(
  expected: ExpectedKind,
  original: KubeObject,
  patch: ValuePatch,
  fieldValidation: string | undefined,
  warn: (message: string) => void,
): Mutable<KubeObject> {
  const value = apply(expected, original, patch);
  const unnamed = expected.shape ? undefined : typeMetaMismatch(value);
  if (unnamed !== undefined) throw refused(expected, value, patch, typeMetaComplaint(unnamed, patch));
  // What a strategic merge makes is taken for the kind without asking it.
  const mismatch = patch.type === 'strategic' ? undefined : kindMismatch(expected, value);
  if (mismatch) throw refused(expected, value, patch, mismatch.why);
  if (patch.type !== 'strategic' && !expected.shape && !hasVersion(value)) {
    // Kubernetes takes what has no version for its own inner form, in which no field has the name that clients use.
    const name = original.metadata.name ?? '';
    throw errors.badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  try {
    const { object, unknown } = decodeExpected(expected, value);
    if (fieldValidation !== 'Ignore') {
      const complaints = [...(patch.repeated ?? []), ...unknownComplaints(expected, value, patch, unknown)];
      if (complaints.length > 0 && fieldValidation === 'Strict') {
        throw refused(expected, value, patch, `strict decoding error: ${complaints.join(', ')}`);
      }
      for (const complaint of complaints) warn(complaint);
    }
    keepReset(object, value);
    return object;
  } catch (error) {
    if (error instanceof DecodeError)
      throw refused(expected, value, patch, patch.type === 'strategic' ? unrestored(error.message) : error.message);
    throw error;
  }
}

/** What Go says of a version or kind that is no text. */
function typeMetaMismatch(value: unknown): string | undefined {
  if (!isJsonObject(value)) return undefined;
  for (const name of ['apiVersion', 'kind']) {
    const given = value[name];
    if (given === undefined || given === null || typeof given === 'string') continue;
    return `json: cannot unmarshal ${kindOf(given)} into Go struct field .${name} of type string`;
  }
  return undefined;
}

const typeMetaComplaint = (mismatch: string, patch: ValuePatch): string =>
  patch.type === 'strategic' ? unrestored(mismatch) : `couldn't get version/kind; json parse error: ${mismatch}`;

const hasVersion = (value: unknown): boolean =>
  !isJsonObject(value) || (value.apiVersion !== undefined && value.apiVersion !== null && value.apiVersion !== '');

/** In the order of the patched object, as each kind of patch leaves it; a strategic merge does not quote. */
function unknownComplaints(
  expected: ExpectedKind,
  value: unknown,
  patch: ValuePatch,
  unknown: readonly string[],
): string[] {
  if (unknown.length === 0) return [];
  if (patch.type === 'strategic') return unknown.map((path) => `unknown field "${path}"`).sort();
  const paths = decodeExpected(expected, sorted(value, touchedBy(patch))).unknown;
  return paths.map((path) => `unknown field ${quote(path)}`);
}

/** The patched object does not fit its type. It is shown as Kubernetes' patch libraries leave it: what they touched, sorted. */
function refused({ shape }: ExpectedKind, value: unknown, patch: ValuePatch, why: string): ApiError {
  const shown =
    patch.type === 'strategic'
      ? goText(patch.value)
      : JSON.stringify(shape ? wholly(value) : sorted(value, touchedBy(patch)));
  return errors.invalid({ group: '', kind: '' }, '', [fieldErrors.invalid(Path.of('patch'), shown, why)]);
}

const mismatch =
  /^json: cannot unmarshal (string|bool|number|array|object)(?: (\S+))? into Go struct field \S+ of type (\S+)$/;
const goKinds: Readonly<Record<string, string>> = { array: 'slice', object: 'map', number: 'int64' };

/** Kubernetes makes the object of a strategic merge without JSON, and has other words for what does not fit. */
export function unrestored(message: string): string {
  if (message.startsWith('illegal base64')) return `error decoding from json: ${message}`;
  const [, got = '', digits = '', type = ''] = mismatch.exec(message) ?? [];
  if (got === '') return message;
  const kind = /[.eE]/.test(digits) ? 'float64' : (goKinds[got] ?? got);
  if (type.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (type.startsWith('map[') || type === 'v1.ResourceList') return `cannot restore map from ${kind}`;
  if (type.includes('.')) return `cannot restore struct from: ${kind}`;
  return got === 'number' && type !== 'bool' ? `cannot convert ${kind} to ${type}` : `unrecognized type: ${type}`;
}

/** An object for each that a patch looks into: the parents of what a JSON patch's operations name. */
function touchedBy({ type, value }: ValuePatch): unknown {
  if (type !== 'json' || !Array.isArray(value)) return value;
  const touched: JsonObject = {};
  for (const operation of value) {
    if (!isJsonObject(operation) || typeof operation.path !== 'string') continue;
    let at = touched;
    for (const part of operation.path.split('/').slice(1, -1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
      const next = getOwn(at, key);
      const inner = isJsonObject(next) ? next : {};
      setOwn(at, key, inner);
      at = inner;
    }
  }
  return touched;
}

/** The object with keys in order wherever the patch has an object too, and at the top. */
function sorted(value: unknown, patch: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const touched = isJsonObject(patch) ? patch : {};
  const entries = Object.keys(value)
    .sort()
    .map((key) => [key, isJsonObject(touched[key]) ? sorted(value[key], touched[key]) : untouched(key, value[key])]);
  return Object.fromEntries(entries);
}

/** Stored objects have their resourceVersion where it is quickly changed; shown they have it where others do. */
const untouched = (key: string, value: unknown): unknown =>
  key === 'metadata' && isJsonObject(value) ? canonicalMetadata(value as unknown as ObjectMeta) : value;

const failure = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const;

/** What Kubernetes answers when it keeps the reason to itself. */
const rejected = (): ApiError =>
  new ApiError({
    ...failure,
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: {},
    code: 422,
  });

function apply(expected: ExpectedKind, original: KubeObject, patch: ValuePatch): unknown {
  try {
    switch (patch.type) {
      case 'json':
        return applyJsonPatch(original, patch.value);
      case 'merge':
        return applyMergePatch(original, patch.value);
      case 'strategic':
        return applyStrategicMerge(expected.schema, original, patch.value);
    }
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    switch (error.fault) {
      case 'bad':
        throw errors.badRequest(error.message);
      case 'too large':
        throw errors.entityTooLarge(error.message);
      case 'unprocessable':
        throw rejected();
      case 'internal':
        throw new ApiError({ ...failure, message: error.message, code: 500 });
    }
  }
}
