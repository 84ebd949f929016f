/**
 * Metadata of objects and of objects within objects (x-kubernetes-embedded-resource): it is Kubernetes' ObjectMeta,
 * whatever a schema says.
 */
import type { ObjectMeta } from '../../../api/meta/v1.gen.ts';
import { model } from '../../../api/model.ts';
import { dns1035LabelProblems } from '../../../api/names.ts';
import { DecodeError, decode } from '../../../schema/decode.ts';
import { type FieldError, fieldErrors, Path } from '../../../schema/field-error.ts';
import { isJsonObject, type JsonObject } from '../../../schema/json.ts';
import { validateMetadata } from '../../registry/metadata.ts';
import { pathSegment } from '../../registry/names.ts';
import { sorted } from '../../validation/go-value.ts';
import { mapList, mapMembers } from './pruning.ts';
import { memberOf, type Structural } from './structural.ts';

/** What is to become of metadata that is none. */
export interface CoerceOptions {
  /** Fields of a wrong type are dropped, as they are of objects from storage; otherwise they are a CoerceError. */
  readonly dropInvalid: boolean;
  /** Gets the paths of fields that metadata does not have. */
  readonly unknown?: string[];
}

/** An object within an object is none. The message is Kubernetes' own. */
export class CoerceError extends Error {
  readonly problem: FieldError;
  constructor(problem: FieldError) {
    super(`${problem.field}: ${problem.body}`);
    this.name = 'CoerceError';
    this.problem = problem;
  }
}

/** Metadata as ObjectMeta has it. Throws DecodeError unless invalid fields are to be dropped. */
export function coerceMetadata(metadata: unknown, path: string, options: CoerceOptions): JsonObject {
  try {
    return decoded(metadata, path, options.unknown);
  } catch (error) {
    if (!(error instanceof DecodeError) || !options.dropInvalid || !isJsonObject(metadata)) throw error;
  }
  const valid = Object.entries(metadata).filter(([name, value]) => isValid({ [name]: value }));
  return decoded(Object.fromEntries(valid), path, options.unknown);
}

function decoded(metadata: unknown, path: string, unknown: string[] | undefined): JsonObject {
  const result = decode(model.type('meta/v1.ObjectMeta'), metadata, { defaults: false });
  for (const field of result.unknown) unknown?.push(`${path}.${field}`);
  if (result.object.creationTimestamp === null) delete result.object.creationTimestamp;
  return result.object;
}

function isValid(metadata: JsonObject): boolean {
  try {
    decoded(metadata, '', undefined);
    return true;
  } catch {
    return false;
  }
}

/** Gives objects within an object the metadata they may have. Throws CoerceError. */
export function coerceEmbedded<T>(value: T, node: Structural | undefined, options: CoerceOptions): T;
export function coerceEmbedded(value: unknown, node: Structural | undefined, options: CoerceOptions): unknown {
  return node ? coerce(value, node, '', options) : value;
}

function coerce(value: unknown, node: Structural, path: string, options: CoerceOptions): unknown {
  if (!node.below.embedded) return value;
  if (Array.isArray(value)) {
    const { items } = node;
    return items ? mapList(value, (item, i) => coerce(item, items, `${path}[${i}]`, options)) : value;
  }
  if (!isJsonObject(value)) return value;
  const join = (name: string) => (path === '' ? name : `${path}.${name}`);
  return mapMembers(value, (found, name) => {
    const member = node.embedded ? coerceMeta(found, name, join(name), options) : found;
    const schema = memberOf(node, name);
    if (!schema || member === undefined) return member;
    return coerce(member, schema, node.properties.has(name) ? join(name) : `${path}[${name}]`, options);
  });
}

/** A member of an embedded object; undefined to drop it. */
function coerceMeta(value: unknown, name: string, path: string, options: CoerceOptions): unknown {
  if (name === 'apiVersion' || name === 'kind') {
    if (typeof value === 'string') return value;
    if (options.dropInvalid) return undefined;
    throw new CoerceError(complaint(path, value, 'must be a string'));
  }
  if (name !== 'metadata') return value;
  try {
    return coerceMetadata(value, path, options);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    if (options.dropInvalid) return value;
    throw new CoerceError(complaint(path, value, error.message));
  }
}

const complaint = (path: string, value: unknown, why: string): FieldError =>
  fieldErrors.invalid(Path.of(path), sorted(value), why);

/** What is wrong with the apiVersion, kind and metadata of objects within an object. */
export function embeddedProblems(object: JsonObject, root: Structural): FieldError[] {
  const found: FieldError[] = [];
  check(object, root, Path.root, found);
  return found;
}

function check(value: unknown, node: Structural, path: Path, found: FieldError[]): void {
  if (!node.below.embedded) return;
  if (Array.isArray(value)) {
    if (node.items) for (const [i, item] of value.entries()) check(item, node.items, path.index(i), found);
    return;
  }
  if (!isJsonObject(value)) return;
  if (node.embedded) checkObject(value, path, found);
  for (const [name, member] of Object.entries(value)) {
    const schema = memberOf(node, name);
    if (schema) check(member, schema, node.properties.has(name) ? path.child(name) : path.key(name), found);
  }
}

function checkObject(object: JsonObject, path: Path, found: FieldError[]): void {
  for (const name of ['apiVersion', 'kind'])
    if (!Object.hasOwn(object, name)) found.push(fieldErrors.required(path.child(name)));
  for (const [name, value] of Object.entries(object)) {
    const at = path.child(name);
    if (name === 'apiVersion' || name === 'kind') {
      if (typeof value !== 'string') found.push(fieldErrors.invalid(at, sorted(value), 'must be a string'));
      else if (value === '') found.push(fieldErrors.invalid(at, value, 'must not be empty'));
      else
        for (const why of (name === 'kind' ? kindProblems : versionProblems)(value))
          found.push(fieldErrors.invalid(at, value, why));
    } else if (name === 'metadata') checkMetadata(value, at, found);
  }
}

function kindProblems(kind: string): string[] {
  const problems = dns1035LabelProblems(kind.toLowerCase());
  return problems.length === 0 ? [] : [`may have mixed case, but should otherwise match: ${problems.join(',')}`];
}

const versionProblems = (apiVersion: string): string[] =>
  apiVersion.split('/').length > 2 ? [`unexpected GroupVersion string: ${apiVersion}`] : [];

function checkMetadata(metadata: unknown, path: Path, found: FieldError[]): void {
  let meta: ObjectMeta;
  try {
    // What decode makes of the type is the type.
    meta = decoded(metadata, '', undefined) as unknown as ObjectMeta;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    found.push(fieldErrors.invalid(path, sorted(metadata), error.message));
    return;
  }
  const named = { ...meta, name: meta.name || 'fakename' };
  const prefix = path.toString();
  for (const problem of validateMetadata(named, Boolean(meta.namespace), pathSegment)) {
    found.push({ ...problem, field: problem.field.replace(/^metadata/, () => prefix) });
  }
}
