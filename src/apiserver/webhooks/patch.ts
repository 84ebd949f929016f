import { type ApiError, errors } from '../../api/errors.ts';
import { apiVersionOf, type KubeObject, type Mutable } from '../../api/resource.ts';
import { DecodeError, decode } from '../../schema/decode.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { isJsonObject } from '../../schema/json.ts';
import { applyJsonPatch } from '../../schema/json-patch.ts';
import { PatchError } from '../../schema/patch-error.ts';
import { quote } from '../../schema/quote.ts';
import type { Model } from '../../schema/resolve.ts';
import type { Target } from '../core.ts';
import { decodeExpected, type ExpectedKind } from '../registry/body.ts';
import { expectedKind } from '../targets.ts';

/**
 * The object as a webhook's patch leaves it, in canonical form with defaults, as if a client had sent it. Throws
 * ApiError where the patch does not apply or leaves no object of the kind.
 */
export function patchedBy(
  operations: readonly unknown[],
  object: KubeObject,
  model: Model,
  target: Target,
): Mutable<KubeObject> {
  try {
    const patched = applyJsonPatch(object, operations);
    const expected = expectedKind(model, target);
    const other = otherKind(expected, patched);
    const sameKind = isJsonObject(patched) && patched.kind === expected.kind;
    if (other && target.resource.custom && !sameKind) throw notOfKind(expected, patched);
    if (other) throw errors.internal(other);
    if (object.metadata !== undefined) return decodeExpected(expected, patched).object;
    // What a conversation is asked for with has no metadata, which objects cannot be without.
    const { object: bare } = decode(expected.schema, patched, { defaults: true });
    return { ...bare, apiVersion: object.apiVersion, kind: object.kind } as unknown as Mutable<KubeObject>;
  } catch (error) {
    if (error instanceof PatchError || error instanceof DecodeError) throw errors.internal(error.message);
    throw error;
  }
}

/** A custom resource of another kind can be read, and is refused as what it is not. */
function notOfKind({ group, kind: wanted }: ExpectedKind, patched: unknown): ApiError {
  const { kind, metadata } = isJsonObject(patched) ? patched : {};
  const name = isJsonObject(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
  const found = fieldErrors.invalid(Path.of('kind'), String(kind), `must be ${wanted}`);
  return errors.invalid({ group, kind: String(kind) }, name, [found]);
}

/** Says that a patch made another kind of an object; one that is left out is taken to be what it was. */
function otherKind(expected: ExpectedKind, patched: unknown): string | undefined {
  if (!isJsonObject(patched)) return undefined;
  const wanted = apiVersionOf(expected);
  const { apiVersion, kind } = patched;
  const version = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : wanted;
  const name = typeof kind === 'string' && kind !== '' ? kind : expected.kind;
  if (version === wanted && name === expected.kind) return undefined;
  return `no kind ${quote(name)} is registered for version ${quote(version)} in scheme "pkg/runtime/scheme.go:111"`;
}
