/**
 * The way from client-side apply, which keeps what was applied in an annotation, to server-side apply: `kubectl apply
 * --server-side` takes over without conflicts what `kubectl apply` had applied, and keeps the annotation up to date.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#migration-between-client-side-and-server-side-apply
 */
import { configurationProblems } from '../schema/configuration-problems.ts';
import { FieldSet } from '../schema/field-set.ts';
import { getOwn, isJsonObject, type JsonObject, parseJson, setOwn } from '../schema/json.ts';
import type { ObjectSchema } from '../schema/model.ts';
import { compareValues, fieldSetOf, shapeOf } from '../schema/typed-value.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
/** The manager's name that `kubectl apply --server-side` has unless told otherwise; others are no such migration. */
export const MIGRATING_MANAGER = 'kubectl';
/** All annotations of an object together. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const annotations = isJsonObject(object.metadata) ? object.metadata.annotations : undefined;
  return isJsonObject(annotations) ? annotations : undefined;
}

function lastAppliedText(object: JsonObject): string | undefined {
  const text = getOwn(annotationsOf(object) ?? {}, ANNOTATION);
  return typeof text === 'string' && text !== '' ? text : undefined;
}

/** Fields that client-side apply set and that are still as it set them; none where it was never used. */
export function lastAppliedFields(schema: ObjectSchema, apiVersion: string, live: JsonObject): FieldSet {
  const text = lastAppliedText(live);
  if (text === undefined) return FieldSet.none;
  let last: unknown;
  try {
    last = parseJson(text);
  } catch {
    return FieldSet.none;
  }
  if (!isJsonObject(last) || last.apiVersion !== apiVersion) return FieldSet.none;
  if (configurationProblems(schema, last).length > 0) return FieldSet.none;
  const shape = shapeOf(schema);
  const { added, modified, removed } = compareValues(shape, last, live);
  return fieldSetOf(shape, last).difference(modified).difference(added).difference(removed);
}

/** The object with the configuration in its annotation, where it has one; without it where it would grow too large. */
export function withLastApplied(object: JsonObject, config: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  if (!annotations || lastAppliedText(object) === undefined || !isJsonObject(object.metadata)) return object;
  const kept: JsonObject = { ...annotations, [ANNOTATION]: `${goJson(withoutAnnotation(config))}\n` };
  let size = 0;
  for (const [key, value] of Object.entries(kept)) size += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  if (size > MAX_ANNOTATION_BYTES) delete kept[ANNOTATION];
  return { ...object, metadata: { ...object.metadata, annotations: kept } };
}

function withoutAnnotation(config: JsonObject): JsonObject {
  const annotations = annotationsOf(config);
  if (!annotations || !isJsonObject(config.metadata)) return config;
  const { [ANNOTATION]: _, ...rest } = annotations;
  return { ...config, metadata: { ...config.metadata, annotations: rest } };
}

/** JSON as Go writes it: keys in order, and nothing in it that HTML would take for its own. */
function goJson(value: JsonObject): string {
  const text = JSON.stringify(sorted(value));
  return text.replace(/[<>&\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const out: JsonObject = {};
  for (const key of Object.keys(value).sort()) setOwn(out, key, sorted(value[key]));
  return out;
}
