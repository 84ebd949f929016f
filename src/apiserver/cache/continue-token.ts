import { ApiError, errors } from '../../api/errors.ts';
import { describe, kindOf } from '../../schema/go-words.ts';
import { isJsonObject } from '../../schema/json.ts';
import { jsonSyntaxError } from '../../schema/json-syntax.ts';

/** Where the next page of a list starts, and at which revision; -1 is whatever is newest. */
export interface ContinueToken {
  readonly revision: number;
  readonly start: string;
}

const VERSION = 'meta.k8s.io/v1';

/** `start` must lie under `prefix`, which the token leaves out. */
export function encodeContinue(token: ContinueToken, prefix: string): string {
  const body = { v: VERSION, rv: token.revision, start: token.start.slice(prefix.length) };
  return Buffer.from(JSON.stringify(body)).toString('base64url');
}

/** Throws BadRequest in Kubernetes' words. The start it gives lies under `prefix`, whatever the client sent. */
export function decodeContinue(text: string, prefix: string): ContinueToken {
  const illegal = text.search(/[^A-Za-z0-9_-]/);
  if (illegal >= 0) throw invalid(`illegal base64 data at input byte ${illegal}`);
  if (text.length % 4 === 1) throw invalid(`illegal base64 data at input byte ${text.length - 1}`);
  const bytes = Buffer.from(text, 'base64url');
  const value = parse(bytes);
  if (value.v !== VERSION) {
    throw invalid(`server does not recognize this encoded version ${value.v ?? ''}`);
  }
  if (!value.rv) throw invalid('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  const start = value.start;
  if (!start) throw invalid('encoded start key empty (version meta.k8s.io/v1)');
  const steps = (start.startsWith('/') ? start.slice(1) : start).split('/');
  if (steps.some((step) => step === '' || step === '.' || step === '..')) throw invalid(start);
  return { revision: value.rv, start: prefix + steps.join('/') };
}

/** What the fields of a token hold, by the types that Go decodes them into. */
interface Fields {
  readonly v?: string;
  readonly rv?: number;
  readonly start?: string;
}

const types = new Map([
  ['v', 'string'],
  ['rv', 'int64'],
  ['start', 'string'],
]);

function parse(bytes: Buffer): Fields {
  const wrong = jsonSyntaxError(bytes);
  if (wrong !== undefined) throw invalid(wrong);
  const value: unknown = JSON.parse(bytes.toString());
  if (value === null) return {};
  if (!isJsonObject(value)) {
    throw invalid(`json: cannot unmarshal ${kindOf(value)} into Go value of type storage.continueToken`);
  }
  const fields: Record<string, unknown> = {};
  for (const [key, found] of Object.entries(value)) {
    const name = key.toLowerCase();
    const type = types.get(name);
    if (type === undefined || found === null) continue;
    const fits = type === 'string' ? typeof found === 'string' : Number.isSafeInteger(found);
    if (!fits) {
      throw invalid(
        `json: cannot unmarshal ${describe(found, type)} into Go struct field continueToken.${name} of type ${type}`,
      );
    }
    fields[name] = found;
  }
  return fields;
}

const invalid = (why: string): ApiError =>
  errors.badRequest(`invalid continue token: continue key is not valid: ${why}`);

/** The page's revision is compacted: the answer has a token that goes on with the newest state instead. */
export function expiredContinue(start: string, prefix: string): ApiError {
  const { status } = errors.expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
  );
  return new ApiError({ ...status, metadata: { continue: encodeContinue({ revision: -1, start }, prefix) } });
}
