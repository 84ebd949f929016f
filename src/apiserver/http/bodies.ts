import { ApiError, errors } from '../../api/errors.ts';
import { model } from '../../api/model.ts';
import { DecodeError, decode } from '../../schema/decode.ts';
import { kindOf } from '../../schema/go-words.ts';
import { DepthError, isJsonObject, type JsonObject, parseJson } from '../../schema/json.ts';
import { jsonSyntaxError } from '../../schema/json-syntax.ts';
import { ProtobufError } from '../../schema/protobuf.ts';
import { quote } from '../../schema/quote.ts';
import { mayHaveDuplicates, strictProblems } from '../../schema/strict.ts';
import { turns } from '../../utils/turns.ts';
import type { Body, DeleteParameters, PatchBody, PatchType } from '../core.ts';
import { metaComplaint, parseComplaint, unrecognized } from '../registry/unrecognized.ts';
import { BodyTooLargeError, type Exchange } from './exchange.ts';
import { bodyMediaType, type MediaType, unsupportedByRoute } from './negotiate.ts';
import { decodeProtobuf } from './protobuf.ts';
import { YamlError } from './yaml.ts';
import { readYaml, readYamlStrictly } from './yaml-body.ts';

/** Reads a request's body; throws 413 past the limit (bytes). */
export async function readBody(exchange: Exchange, limit: number): Promise<Buffer> {
  try {
    return await exchange.readBody(limit);
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw errors.entityTooLarge(`limit is ${limit}`);
    throw error;
  }
}

/**
 * An object to be written; its decoding is the registry's, which wants JSON's own text to find fields given twice.
 * `kind` is what a good body would hold, for messages.
 */
export async function readObject(exchange: Exchange, limit: number, kind: string, protobuf: boolean): Promise<Body> {
  const mediaType = bodyMediaType(exchange.headers['content-type'], protobuf);
  const bytes = await readBody(exchange, limit);
  if (mediaType === 'application/json') return { bytes, mediaType };
  let object: unknown;
  let repeated: readonly string[] = [];
  try {
    if (mediaType === 'application/yaml') {
      const read = await readYamlStrictly(bytes.toString());
      object = read.value;
      repeated = read.repeated;
    } else object = decodeProtobuf(bytes);
  } catch (error) {
    if (!(error instanceof YamlError || error instanceof ProtobufError)) throw error;
    throw unrecognized(kind, error.message.replace(/^error converting YAML to JSON: /, ''), bytes);
  }
  const complaint = metaComplaint(object);
  if (complaint) throw unrecognized(kind, complaint, bytes);
  // YAML's nothing is an object without fields, as JSON's null.
  return { object: object ?? {}, repeated };
}

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** The kind of patch that a content type announces; custom resources have no strategic merge patch. Throws 415. */
export function patchType(contentType: string | undefined, custom: boolean): PatchType {
  const before = contentType?.split(';', 1)[0] ?? '';
  // Kubernetes compares letter by letter; only its router overlooks spaces.
  const type = Object.hasOwn(patchTypes, before) ? patchTypes[before] : undefined;
  if (type === undefined && !custom) {
    if (Object.hasOwn(patchTypes, before.trim())) throw errors.unsupportedMediaType(Object.keys(patchTypes));
    throw unsupportedByRoute();
  }
  if (type === undefined || (custom && type === 'strategic')) {
    const accepted = Object.keys(patchTypes).filter((name) => patchTypes[name] !== 'strategic');
    throw errors.unsupportedMediaType(accepted);
  }
  return type;
}

export async function readPatch(exchange: Exchange, limit: number, type: PatchType): Promise<PatchBody> {
  const bytes = await readBody(exchange, limit);
  const began = performance.now();
  const text = bytes.toString();
  if (type === 'apply') {
    try {
      const { value, repeated } = await readYamlStrictly(text);
      if (turns.over(began)) await turns.take();
      return { type, value: applied(value), repeated };
    } catch (error) {
      if (error instanceof YamlError) throw errors.badRequest(`error decoding YAML: ${error.message}`);
      throw error;
    }
  }
  try {
    const value = parseJson(text);
    return { type, value, repeated: mayHaveDuplicates(text, value) ? strictProblems(text, undefined, false) : [] };
  } catch (error) {
    return { type, value: undefined, refusal: errors.badRequest(patchComplaint(type, error, bytes)) };
  }
}

/** The configuration to be applied; no text at all is an object without fields. Throws YamlError. */
function applied(value: unknown): object {
  if (value === null || value === undefined) return {};
  if (isJsonObject(value)) return value;
  const why = `json: cannot unmarshal ${kindOf(value)} into Go value of type map[string]interface {}`;
  throw new YamlError(`error unmarshaling JSON: while decoding JSON: ${why}`);
}

/** A strategic merge patch is not told that the patch is what cannot be read. */
function patchComplaint(type: PatchType, error: unknown, bytes: Buffer): string {
  const why = error instanceof DepthError ? error.message : (jsonSyntaxError(bytes) ?? 'unexpected end of JSON input');
  return type === 'strategic' ? why : `error decoding patch: ${why}`;
}

/** The DeleteOptions that a body holds; undefined without a body. */
export async function readDeleteOptions(exchange: Exchange, limit: number): Promise<DeleteParameters | undefined> {
  const bytes = await readBody(exchange, limit);
  if (bytes.length === 0) return undefined;
  const mediaType = bodyMediaType(exchange.headers['content-type'], true);
  const value = await plainValue(bytes, mediaType);
  const complaint = metaComplaint(value);
  if (complaint) throw errors.badRequest(complaint);
  if (isJsonObject(value)) checkIsDeleteOptions(value);
  try {
    // The decoder has made the value what the model says DeleteOptions is.
    return decode(model.type('meta/v1.DeleteOptions'), value, { defaults: false }).object as DeleteParameters;
  } catch (error) {
    if (error instanceof DecodeError) throw errors.badRequest(error.message);
    throw error;
  }
}

/** Kinds that are the same in all groups and versions: Kubernetes knows them here too. */
const unversioned = ['Status', 'WatchEvent', 'APIVersions', 'APIGroup', 'APIGroupList', 'APIResourceList'];

/** Options of any version are taken; another kind is refused in the words of Kubernetes' scheme. Throws BadRequest. */
function checkIsDeleteOptions({ kind, apiVersion }: JsonObject): void {
  if (typeof kind !== 'string' || kind === '' || kind === 'DeleteOptions') return;
  const version = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : 'v1';
  throw errors.badRequest(
    version === 'v1' && unversioned.includes(kind)
      ? `converting (v1.${kind}) to (v1.DeleteOptions): unknown conversion`
      : `no kind ${quote(kind)} is registered for version ${quote(version)} in scheme "pkg/runtime/scheme.go:111"`,
  );
}

async function plainValue(bytes: Buffer, mediaType: MediaType): Promise<unknown> {
  try {
    switch (mediaType) {
      case 'application/json':
        return parseJson(bytes.toString());
      case 'application/yaml':
        return await readYaml(bytes.toString());
      case 'application/vnd.kubernetes.protobuf':
        return decodeProtobuf(bytes);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error instanceof ProtobufError) throw errors.badRequest(error.message);
    if (error instanceof YamlError)
      throw errors.badRequest(error.message.replace(/^error converting YAML to JSON: /, ''));
    throw errors.badRequest(parseComplaint(error, bytes));
  }
}
