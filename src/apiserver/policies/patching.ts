/** How the two kinds of mutations change an object. https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/ */
import { errors } from '../../api/errors.ts';
import { model } from '../../api/model.ts';
import { apiVersionOf, type KubeObject, type Mutable, parseApiVersion } from '../../api/resource.ts';
import { CelList, CelMap, CelStruct, type Value } from '../../cel/values.ts';
import { configurationProblems } from '../../schema/configuration-problems.ts';
import { DecodeError } from '../../schema/decode.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import { applyJsonPatch } from '../../schema/json-patch.ts';
import type { Field, Schema } from '../../schema/model.ts';
import { PatchError } from '../../schema/patch-error.ts';
import { quote } from '../../schema/quote.ts';
import { mergeValues, shapeOf } from '../../schema/typed-value.ts';
import { decodeExpected, type ExpectedKind } from '../registry/body.ts';
import { unrestored } from '../registry/patch.ts';
import { configurationValue, misnamedTypes, NotPlain, patchValue } from './plain-values.ts';

/** A mutation that does not work out; the policy's failurePolicy says what comes of it. */
export class MutationError extends Error {}

/** Merges what the expression made, as server-side apply would, but without owners. Throws MutationError. */
export function applyConfiguration(expected: ExpectedKind, object: KubeObject, made: Value): Mutable<KubeObject> {
  if (!(made instanceof CelStruct))
    throw new MutationError('unsupported return type from ApplyConfiguration expression');
  const wrong = misnamedTypes(made, 'Object');
  if (wrong.length > 0) throw new MutationError(`type mismatch: ${wrong.join('\n')}`);
  const config = plain(configurationValue, made, 'invalid return type');
  if (!isJsonObject(config)) throw new MutationError('invalid return type');
  // Kubernetes looks for the kind in its own group-version, where this one is not.
  if (expected.kind === 'Scale') {
    const why = `no corresponding type for ${expected.group}/${expected.version}, Kind=${expected.kind}`;
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${why}`);
  }
  const { apiVersion, kind } = object;
  const whole = { ...config, apiVersion, kind };
  const problems = configurationProblems(expected.schema, whole);
  if (problems.length > 0) {
    const list = problems.length === 1 ? problems[0] : `errors:\n${problems.map((p) => `  ${p}`).join('\n')}`;
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${list}`);
  }
  const atomic = atomicParts(expected.schema, undefined, whole, '');
  if (atomic.length > 0) {
    const what = `may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}`;
    throw new MutationError(`error applying patch: invalid ApplyConfiguration: ${what}`);
  }
  return merged(expected, mergeValues(shapeOf(expected.schema), object, whole));
}

/** Paths of what the configuration would replace as a whole. */
function atomicParts(node: Schema, field: Field | undefined, value: unknown, path: string): string[] {
  if (node.node === 'object' && isJsonObject(value)) {
    const own = (field?.atomic ?? false) || (node.atomic && !field?.granular) ? [path] : [];
    const below = Object.keys(value).flatMap((name) => {
      const member = node.fields.get(name);
      return member ? atomicParts(member.schema, member, value[name], `${path}.${name}`) : [];
    });
    return [...own, ...below];
  }
  if (node.node === 'map' && isJsonObject(value)) return field?.atomic ? [path] : [];
  if (node.node === 'list' && Array.isArray(value)) {
    const owned = !field?.atomic && (field?.listType === 'set' || field?.listType === 'map');
    return [
      ...(owned ? [] : [path]),
      ...value.flatMap((item, i) => atomicParts(node.items, undefined, item, `${path}[${i}]`)),
    ];
  }
  return [];
}

/**
 * Applies the JSON patch that the expression made. A test in it that does not hold leaves the object as it is. Throws
 * MutationError, and an ApiError for what is no object of the kind any more.
 */
export function applyPatch(expected: ExpectedKind, object: KubeObject, made: Value): Mutable<KubeObject> | undefined {
  if (!(made instanceof CelList))
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array');
  const operations = Array.from(made, operationOf);
  let patched: unknown;
  try {
    patched = applyJsonPatch(object, operations);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    if (/^testing value .* failed: test failed$/s.test(error.message)) return undefined;
    throw new MutationError(`JSON Patch: ${error.message}`);
  }
  return decoded(expected, patched);
}

function operationOf(value: Value): JsonObject {
  if (!(value instanceof CelMap)) {
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch');
  }
  const text = (name: string) => value.get(name) ?? '';
  const from = text('from');
  const operation: JsonObject = { op: text('op'), path: text('path'), ...(from !== '' && { from }) };
  const given = value.get('value');
  if (given === undefined) return operation;
  if (given instanceof CelStruct) {
    const wrong = misnamedTypes(given, given.type.name);
    if (wrong.length > 0) throw new MutationError(`type mismatch: ${wrong.join('\n')}`);
  }
  const what = 'JSONPath valueExpression evaluated to a type that could not marshal to JSON';
  return { ...operation, value: plain(patchValue, given, what) };
}

function plain(convert: (value: Value) => unknown, value: Value, what: string): unknown {
  try {
    return convert(value);
  } catch (error) {
    if (error instanceof NotPlain) throw new MutationError(`${what}: ${error.message}`);
    throw error;
  }
}

/** A merged object in canonical form, with defaults. */
function merged(expected: ExpectedKind, value: unknown): Mutable<KubeObject> {
  try {
    return decodeExpected(expected, value).object;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const { group, version, kind } = expected;
    const why = unrestored(error.message);
    throw new MutationError(`unable to convert unstructured object to ${group}/${version}, Kind=${kind}: ${why}`);
  }
}

/** A patched one, which must be of the kind and have no other fields than it. */
function decoded(expected: ExpectedKind, value: unknown): Mutable<KubeObject> {
  checkKind(expected, value);
  try {
    const { object, unknown } = decodeExpected(expected, value);
    // Custom resources lose what their schema does not have, and are not asked.
    if (unknown.length === 0 || expected.shape) return object;
    const list = unknown.map((path) => `unknown field ${quote(path)}`);
    throw errors.internal(`strict decoding error: ${list.join(', ')}`);
  } catch (error) {
    if (error instanceof DecodeError) throw errors.internal(error.message);
    throw error;
  }
}

const SCHEME = 'in scheme "pkg/runtime/scheme.go:111"';

/** A value without kind or version is taken for what is expected. */
function checkKind(expected: ExpectedKind, value: unknown): void {
  if (!isJsonObject(value)) return;
  const apiVersion = value.apiVersion || apiVersionOf(expected);
  const kind = value.kind || expected.kind;
  if (kind === expected.kind && apiVersion === apiVersionOf(expected)) return;
  const { group, version } = parseApiVersion(String(apiVersion)) ?? { group: '', version: '' };
  if (!model.kind(group, version, String(kind))) {
    throw errors.internal(
      `no kind ${quote(String(kind))} is registered for version ${quote(String(apiVersion))} ${SCHEME}`,
    );
  }
  if (group !== expected.group || version !== expected.version) {
    const why = `${version}.${kind} is not suitable for converting to ${quote(apiVersionOf(expected))} ${SCHEME}`;
    throw new MutationError(why);
  }
  const wanted = `${expected.group.split('.')[0] || 'core'}.${expected.kind}`;
  throw errors.internal(`failed to convert object: converting (${version}.${kind}) to (${wanted}): unknown conversion`);
}
