import type { Secret } from '../../api/core/v1.gen.ts';

/** Type and namespace of the secrets that are bootstrap tokens. https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ */
export const bootstrapTokenType = 'bootstrap.kubernetes.io/token';
export const bootstrapTokenNamespace = 'kube-system';
const namePrefix = 'bootstrap-token-';

/** For informers that look at no other secrets. */
export const bootstrapTokenSelector = {
  namespace: bootstrapTokenNamespace,
  fieldSelector: `type=${bootstrapTokenType}`,
};

/** The text under a key; "" where there is none. */
export function tokenField({ data = {} }: Secret, key: string): string {
  return Buffer.from(data[key] ?? '', 'base64').toString();
}

/** Milliseconds that a token has left at `now`: infinite where it names no end, 0 where that is over or no time at all. */
export function timeLeft(secret: Secret, now: number): number {
  const text = tokenField(secret, 'expiration');
  if (text === '') return Number.POSITIVE_INFINITY;
  const end = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(end) ? 0 : Math.max(0, end - now);
}

/** The id and the secret of a token that may sign; undefined for all others. */
export function signingToken(
  secret: Secret,
  now: number,
): { readonly id: string; readonly secret: string } | undefined {
  const { name } = secret.metadata;
  const id = tokenField(secret, 'token-id');
  const word = tokenField(secret, 'token-secret');
  if (secret.type !== bootstrapTokenType || !/^[a-z0-9]{6}$/.test(id) || name !== `${namePrefix}${id}`)
    return undefined;
  if (word === '' || timeLeft(secret, now) <= 0) return undefined;
  return tokenField(secret, 'usage-bootstrap-signing') === 'true' ? { id, secret: word } : undefined;
}
