import { type ApiError, errors } from '../../api/errors.ts';
import { keepReset } from '../../api/managed-fields.ts';
import { model } from '../../api/model.ts';
import { apiVersionOf, type KubeObject, type Mutable, parseApiVersion } from '../../api/resource.ts';
import { isUnservedKind } from '../../api/unserved-kinds.ts';
import { DecodeError, decodeKind } from '../../schema/decode.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { isJsonObject, parseJson } from '../../schema/json.ts';
import type { ObjectSchema } from '../../schema/model.ts';
import { quote } from '../../schema/quote.ts';
import { mayHaveDuplicates, strictProblems, withSortedNames } from '../../schema/strict.ts';
import type { Body, ServedResource } from '../core.ts';
import type { VersionShape } from '../custom/version-shape.ts';
import { type DecodedBody, RepeatedBodies } from './repeated-bodies.ts';
import { metaComplaint, parseComplaint, unrecognized } from './unrecognized.ts';

/** Warnings that one request's unknown fields may cause. */
const MAX_WARNINGS = 100;

/** A kind as a body is expected to be. */
export interface ExpectedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: ObjectSchema;
  /** Of custom resources: what decodes them in place of the model. */
  readonly shape?: VersionShape;
  /** Runs on the decoded object, after the model's constant defaults. */
  readonly setDefaults?: (object: Mutable<KubeObject>) => void;
}

export const kindOf = (resource: ServedResource): ExpectedKind => ({
  group: resource.group,
  version: resource.version,
  kind: resource.data.kind,
  schema: resource.schema,
  ...(resource.custom && { shape: resource.custom.shape }),
  setDefaults: resource.strategy.setDefaults,
});

/** A body as a JSON value, with its text where it came as one. */
export interface ParsedBody {
  readonly value: unknown;
  readonly text: string | undefined;
  /** Names given twice in a text that is not JSON. */
  readonly repeated?: readonly string[];
}

/** Throws BadRequest where the bytes are no JSON. */
export function parseBody(body: Body, expected: ExpectedKind): ParsedBody {
  if ('object' in body) return { value: body.object, text: undefined, repeated: body.repeated ?? [] };
  const text = body.bytes.toString();
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw unrecognized(expected.kind, parseComplaint(error, body.bytes), body.bytes);
  }
  const complaint = metaComplaint(value);
  if (complaint) throw unrecognized(expected.kind, complaint, body.bytes);
  // Of kinds that it has no type for, Kubernetes takes what the object says.
  if (expected.shape && !(isJsonObject(value) && value.kind)) {
    throw unrecognized(expected.kind, `Object 'Kind' is missing in '${text}'`, body.bytes);
  }
  return { value, text };
}

/**
 * A client's object in canonical form, with defaults: a private copy. Fields the kind does not have are dropped, and
 * told as warnings or refused, as `fieldValidation` says (default Warn); where the text is known, fields given twice
 * are told too.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
 */
export function decodeObject(
  expected: ExpectedKind,
  parsed: ParsedBody,
  fieldValidation: string | undefined,
  warn: (message: string) => void,
): Mutable<KubeObject> {
  return judged(expected, decodeParsed(expected, parsed, fieldValidation === 'Ignore'), fieldValidation, warn);
}

/** The same of a body that is to make an object, which may be one of many. */
export function decodeBody(
  expected: ExpectedKind,
  body: Body,
  fieldValidation: string | undefined,
  warn: (message: string) => void,
): Mutable<KubeObject> {
  if ('object' in body) return decodeObject(expected, parseBody(body, expected), fieldValidation, warn);
  const decoded = repeatsOf(expected.schema).decode(body.bytes, () =>
    decodeParsed(expected, parseBody(body, expected), false),
  );
  return judged(expected, decoded, fieldValidation, warn);
}

const repeats = new WeakMap<ObjectSchema, RepeatedBodies>();

function repeatsOf(schema: ObjectSchema): RepeatedBodies {
  let bodies = repeats.get(schema);
  if (!bodies) {
    bodies = new RepeatedBodies(schema);
    repeats.set(schema, bodies);
  }
  return bodies;
}

function decodeParsed(expected: ExpectedKind, parsed: ParsedBody, lenient: boolean): DecodedBody {
  const { value } = parsed;
  checkKind(expected, value);
  const { object, unknown } = decodeInOrder(expected, parsed);
  keepReset(object, value);
  if (lenient) return { object, complaints: [] };
  return { object, complaints: complaintsAbout(expected, parsed, unknown) };
}

/** What came as something else than JSON is read in the order of names, so that the first complaint is Kubernetes'. */
function decodeInOrder(expected: ExpectedKind, { value, text }: ParsedBody): ReturnType<typeof decodeAs> {
  try {
    return decodeAs(expected, value, cannotHandle(expected));
  } catch (error) {
    if (text === undefined) decodeAs(expected, withSortedNames(value), cannotHandle(expected));
    throw error;
  }
}

function complaintsAbout(
  expected: ExpectedKind,
  { value, text, repeated = [] }: ParsedBody,
  unknown: readonly string[],
): string[] {
  const { schema, shape } = expected;
  // Of custom resources, Kubernetes puts the path between quotes as it is.
  const quoted = shape ? (path: string) => `"${path}"` : quote;
  const missing = (paths = unknown) => paths.map((path) => `unknown field ${quoted(path)}`);
  if (text === undefined) {
    if (unknown.length === 0) return [...repeated];
    // On its way to JSON a mapping is put in order.
    return [...repeated, ...missing(decodeExpected(expected, withSortedNames(value)).unknown)];
  }
  if (shape) return [...(mayHaveDuplicates(text, value) ? strictProblems(text, undefined, true) : []), ...missing()];
  return unknown.length > 0 || mayHaveDuplicates(text, value) ? strictProblems(text, schema, true) : [];
}

function judged(
  expected: ExpectedKind,
  { object, complaints }: DecodedBody,
  fieldValidation: string | undefined,
  warn: (message: string) => void,
): Mutable<KubeObject> {
  if (fieldValidation === 'Ignore' || complaints.length === 0) return object;
  if (fieldValidation === 'Strict') {
    throw errors.badRequest(`${cannotHandle(expected)}: ${strictError(complaints)}`);
  }
  for (const complaint of complaints.slice(0, MAX_WARNINGS)) warn(complaint);
  return object;
}

/** Lines of a YAML text are told as one complaint. */
export function strictError(complaints: readonly string[]): string {
  const lines = complaints.filter((complaint) => complaint.startsWith('line '));
  const others = complaints.filter((complaint) => !complaint.startsWith('line '));
  const all = lines.length > 0 ? [`yaml: unmarshal errors:\n  ${lines.join('\n  ')}`, ...others] : others;
  return `strict decoding error: ${all.join(', ')}`;
}

const cannotHandle = ({ kind, version }: ExpectedKind): string =>
  `${kind} in version ${quote(version)} cannot be handled as a ${kind}`;

/** A value as an object of the kind, with defaults, and the paths of fields that the kind does not have. Throws DecodeError. */
export function decodeExpected(
  expected: ExpectedKind,
  value: unknown,
): { readonly object: Mutable<KubeObject>; readonly unknown: readonly string[] } {
  if (expected.shape) {
    const unknown: string[] = [];
    return { object: expected.shape.decode(value, unknown), unknown };
  }
  const gvk = { apiVersion: apiVersionOf(expected), kind: expected.kind };
  const decoded = decodeKind<Mutable<KubeObject>>(expected.schema, gvk, value, { defaults: true });
  expected.setDefaults?.(decoded.object);
  return decoded;
}

/** The same without looking at kind and apiVersion, for values that are the server's own. */
export function decodeAs(
  expected: ExpectedKind,
  value: unknown,
  what: string,
): { readonly object: Mutable<KubeObject>; readonly unknown: readonly string[] } {
  try {
    return decodeExpected(expected, value);
  } catch (error) {
    if (error instanceof DecodeError) throw errors.badRequest(`${what}: ${error.message}`);
    throw error;
  }
}

/** Throws BadRequest for a value of another kind or version. */
export function checkKind(expected: ExpectedKind, value: unknown): void {
  // Who evicts in the old version still may.
  if (expected.kind === 'Eviction' && isJsonObject(value) && value.apiVersion === 'policy/v1beta1') return;
  const mismatch = kindMismatch(expected, value);
  if (mismatch && expected.shape) throw otherKind(expected, mismatch.kind, value);
  if (mismatch) {
    const { kind, version, why } = mismatch;
    throw errors.badRequest(`${kind} in version ${quote(version)} cannot be handled as a ${expected.kind}: ${why}`);
  }
  if (!isJsonObject(value)) return;
  const { apiVersion = expected.shape && '' } = value;
  const wanted = apiVersionOf(expected);
  const named = expected.shape || (apiVersion !== '' && apiVersion !== '/');
  if (typeof apiVersion === 'string' && named && apiVersion !== wanted) {
    throw errors.badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
}

/** Of custom resources it is for validation to say that the kind is another. */
function otherKind({ group, kind: wanted }: ExpectedKind, kind: string, value: unknown): ApiError {
  const metadata = isJsonObject(value) ? value.metadata : undefined;
  const name = isJsonObject(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
  return errors.invalid({ group, kind }, name, [fieldErrors.invalid(Path.of('kind'), kind, `must be ${wanted}`)]);
}

/** Where the scheme that knows the kinds of a group is made: Kubernetes tells its clients. */
const schemes: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'pkg/apiserver/apiserver.go:55',
  'apiregistration.k8s.io': 'pkg/apiserver/scheme/scheme.go:28',
};

/** Says, as Kubernetes' scheme would, that a value is of another kind; undefined where it is not, or names none. */
export function kindMismatch(
  expected: ExpectedKind,
  value: unknown,
): { readonly kind: string; readonly version: string; readonly why: string } | undefined {
  if (!isJsonObject(value)) return undefined;
  const { apiVersion, kind: given } = value;
  const kind = typeof given === 'string' && given !== '' ? given : expected.kind;
  const wanted = apiVersionOf(expected);
  const named = typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== '/' ? apiVersion : wanted;
  // Of custom resources any version is a kind, until it is compared with the one expected.
  if (kind === expected.kind && (named === wanted || expected.schema.proto === undefined)) return undefined;
  const gv = parseApiVersion(named) ?? { group: '', version: named };
  const own = schemes[expected.group];
  const known = model.kind(gv.group, gv.version, kind) !== undefined || isUnservedKind(named, kind);
  if (!known || (own !== undefined && gv.group !== expected.group)) {
    const scheme = own ?? 'pkg/api/legacyscheme/scheme.go:30';
    const why = `no kind ${quote(kind)} is registered for version ${quote(named)} in scheme ${quote(scheme)}`;
    return { kind, version: gv.version, why };
  }
  if (kind === expected.kind) return undefined;
  const group = expected.group === '' ? 'core' : (expected.group.split('.')[0] ?? '');
  return {
    kind,
    version: gv.version,
    why: `converting (${gv.version}.${kind}) to (${group}.${expected.kind}): unknown conversion`,
  };
}
