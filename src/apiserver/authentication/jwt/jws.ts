import { constants, type KeyObject, verify } from 'node:crypto';
import { isJsonObject, type JsonObject, parseJson } from '../../../schema/json.ts';

/** A JSON Web Signature in compact form, taken apart; nothing of it is verified. */
export interface Jws {
  /** Why it cannot be verified whatever the key. */
  readonly malformed?: string;
  readonly algorithm: string;
  readonly keyId: string;
  /** Extensions that have to be understood and are not. */
  readonly critical: boolean;
  readonly content: Buffer;
  readonly signature: Buffer;
  readonly claims: JsonObject;
}

/** Longer tokens are not looked at. */
const LONGEST = 64 * 1024;

/** Undefined for what is no JWT: three parts, the second of them the claims. */
export function parseJws(token: string): Jws | undefined {
  if (token.length > LONGEST) return undefined;
  const [header, payload, signature, more] = token.split('.', 4);
  if (header === undefined || payload === undefined || signature === undefined || more !== undefined) return undefined;
  const claims = base64url.test(payload) ? object(payload) : undefined;
  if (!claims) return undefined;
  // Go's reader passes over white space here.
  const [head, signed] = [bare(header), bare(signature)];
  const parsed = base64url.test(head) ? object(head) : undefined;
  const { alg = '', kid, crit, b64 = true } = parsed ?? {};
  const malformed =
    badBase64(head) ??
    badBase64(signed) ??
    (parsed ? undefined : 'the header is no JSON object') ??
    (typeof alg === 'string' ? undefined : 'failed to unmarshal algorithm');
  return {
    ...(malformed !== undefined && { malformed }),
    algorithm: typeof alg === 'string' ? alg : '',
    keyId: typeof kid === 'string' ? kid : '',
    critical: crit !== undefined && !(Array.isArray(crit) && crit.every((name) => name === 'b64') && b64 === true),
    content: Buffer.from(`${head}.${payload}`),
    signature: Buffer.from(signed, 'base64url'),
    claims,
  };
}

const bare = (text: string): string => (/\s/.test(text) ? text.replace(/\s+/g, '') : text);

function badBase64(text: string): string | undefined {
  const at = text.search(/[^A-Za-z0-9_-]/);
  return at < 0 ? undefined : `illegal base64 data at input byte ${at}`;
}

const base64url = /^[A-Za-z0-9_-]*$/;

function object(part: string): JsonObject | undefined {
  try {
    const value = parseJson(Buffer.from(part, 'base64url').toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

interface Algorithm {
  readonly hash: string;
  readonly key: 'rsa' | 'ec';
  readonly curve?: string;
  readonly pss?: true;
}

/** All that Kubernetes allows, https://www.rfc-editor.org/rfc/rfc7518#section-3.1 */
const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['ES256', { hash: 'sha256', key: 'ec', curve: 'prime256v1' }],
  ['ES384', { hash: 'sha384', key: 'ec', curve: 'secp384r1' }],
  ['ES512', { hash: 'sha512', key: 'ec', curve: 'secp521r1' }],
  ['PS256', { hash: 'sha256', key: 'rsa', pss: true }],
  ['PS384', { hash: 'sha384', key: 'rsa', pss: true }],
  ['PS512', { hash: 'sha512', key: 'rsa', pss: true }],
  ['RS256', { hash: 'sha256', key: 'rsa' }],
  ['RS384', { hash: 'sha384', key: 'rsa' }],
  ['RS512', { hash: 'sha512', key: 'rsa' }],
]);

export const signingAlgorithms: readonly string[] = [...algorithms.keys()];

/** Whether the signature is of a key. The algorithm is the token's own: a key of another kind never fits it. */
export function signedBy({ algorithm, critical, content, signature }: Jws, key: KeyObject): boolean {
  const known = algorithms.get(algorithm);
  if (!known || critical || key.asymmetricKeyType !== known.key) return false;
  if (known.curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== known.curve) return false;
  const how = known.pss
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
    : { key, dsaEncoding: 'ieee-p1363' as const };
  return verify(known.hash, content, how, signature);
}
