import { type ApiError, errors } from '../../api/errors.ts';
import { kindOf } from '../../schema/go-words.ts';
import { DepthError, isJsonObject } from '../../schema/json.ts';
import { jsonSyntaxError } from '../../schema/json-syntax.ts';

/** How much of a body is shown to who sent it. */
const SHOWN = 30;

/** A body that does not even say what it is; `kind` is what a good one would hold. */
export function unrecognized(kind: string, why: string, bytes: Buffer): ApiError {
  return errors.badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${beginning(bytes)})`,
  );
}

function beginning(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>';
  const shown = bytes.subarray(0, SHOWN);
  const text = shown[0] === 0x7b ? shown.toString() : shown.toString('hex');
  return bytes.length > SHOWN ? `${text} ...` : text;
}

const PREFIX = "couldn't get version/kind; json parse error: ";
const META = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** Why JSON.parse refused a text. */
export function parseComplaint(error: unknown, bytes: Buffer): string {
  const why = error instanceof DepthError ? error.message : (jsonSyntaxError(bytes) ?? 'unexpected end of JSON input');
  return PREFIX + why;
}

/** Why a JSON value has no kind to read; undefined where it may have one. */
export function metaComplaint(value: unknown): string | undefined {
  if (value === null) return undefined;
  if (!isJsonObject(value)) return `${PREFIX}json: cannot unmarshal ${kindOf(value)} into Go value of type ${META}`;
  for (const field of ['apiVersion', 'kind'] as const) {
    const found = value[field];
    if (found === undefined || found === null || typeof found === 'string') continue;
    return `${PREFIX}json: cannot unmarshal ${kindOf(found)} into Go struct field .${field} of type string`;
  }
  const { apiVersion } = value;
  if (typeof apiVersion !== 'string' || apiVersion.split('/').length <= 2) return undefined;
  return `unexpected GroupVersion string: ${apiVersion}`;
}
