import { ApiError, errors } from '../../api/errors.ts';
import { ApplyConflict, ApplyError, applyConfiguration, nameOf } from '../../api/managed-fields.ts';
import { apiVersionOf, type KubeObject, type Mutable, parseApiVersion } from '../../api/resource.ts';
import { DecodeError } from '../../schema/decode.ts';
import type { FieldSet } from '../../schema/field-set.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import { turns } from '../../utils/turns.ts';
import { inVersion, versionsKnown } from '../conversion.ts';
import { decodeExpected, type ExpectedKind } from './body.ts';
import { unrestored } from './patch.ts';

export interface ApplyOptions {
  readonly manager: string;
  /** "" for the object itself. */
  readonly subresource: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly force: boolean;
  /** Fields that this endpoint leaves as they are. */
  readonly ignore: FieldSet | undefined;
}

/**
 * The object that comes of an applied configuration, in canonical form with defaults, and with its managedFields;
 * `live` is undefined where there is none yet.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export async function appliedObject(
  expected: ExpectedKind,
  live: KubeObject | undefined,
  config: unknown,
  options: ApplyOptions,
): Promise<Mutable<KubeObject>> {
  if (!isJsonObject(config)) throw errors.badRequest('error decoding patch: the configuration is no object');
  checkKind(expected, config);
  const metadata = isJsonObject(config.metadata) ? config.metadata : {};
  if (Array.isArray(metadata.managedFields)) {
    throw errors.badRequest('metadata.managedFields must be nil');
  }
  const began = performance.now();
  try {
    const applied = applyConfiguration(expected.schema, live, config, {
      ...options,
      apiVersion: apiVersionOf(expected),
      convert: inVersion,
      knows: versionsKnown(expected.group, expected.kind, expected.schema),
    });
    if (turns.over(began)) await turns.take();
    const { object } = decodeExpected(expected, applied.object);
    // Entries are made anew for every apply and belong to the object.
    object.metadata.managedFields = applied.managedFields as Mutable<typeof applied.managedFields>;
    return object;
  } catch (error) {
    if (error instanceof DecodeError) throw failed(notConverted(config, error.message));
    if (error instanceof ApplyConflict) throw errors.applyConflict(error.causes, error.message);
    if (error instanceof ApplyError) throw failed(error.message);
    throw error;
  }
}

const failed = (message: string): ApiError =>
  new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });

/** What fits the schema and not the type: a time, a quantity, a number that is too large. */
function notConverted(config: JsonObject, why: string): string {
  const { version, kind } = typeOf(config);
  const to = `${version}, Kind=${kind}`;
  return `failed to convert new object (${nameOf(config)}) to proper version: unable to convert unstructured object to ${to}: ${unrestored(why)}`;
}

/** As Go prints a version and a kind: the core group is the empty one. */
function typeOf({ apiVersion, kind }: JsonObject): { readonly version: string; readonly kind: string } {
  const gv = typeof apiVersion === 'string' ? parseApiVersion(apiVersion) : undefined;
  return { version: gv ? `${gv.group}/${gv.version}` : '/', kind: typeof kind === 'string' ? kind : '' };
}

/** Of names that a configuration has twice: warns, or throws BadRequest where validation is Strict. */
export function tellRepeated(
  repeated: readonly string[] | undefined,
  fieldValidation: string | undefined,
  warn: (message: string) => void,
): void {
  if (!repeated?.length || fieldValidation === 'Ignore') return;
  if (fieldValidation === 'Strict') {
    const lines = repeated.join('\n  ');
    throw errors.badRequest(
      `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${lines}`,
    );
  }
  for (const line of repeated) warn(line);
}

/** An applied configuration must name its kind and version, and those of the endpoint. */
function checkKind(expected: ExpectedKind, { apiVersion, kind }: JsonObject): void {
  if (kind === expected.kind && apiVersion === apiVersionOf(expected)) return;
  const named = typeOf({ apiVersion, kind });
  throw errors.badRequest(`invalid object type: ${named.version}, Kind=${named.kind}`);
}
