import type { ServiceAccountTokens } from '../apiserver/authentication/service-account-tokens.ts';
import type { PathHandler } from '../apiserver/http/paths.ts';

/** How others check this cluster's service account tokens (OpenID Connect discovery). */
export function tokenIssuerHandlers(
  tokens: ServiceAccountTokens,
  host: string,
  port: number,
): Record<string, PathHandler> {
  const json = (value: object, type: string): PathHandler => {
    const body = Buffer.from(JSON.stringify(value));
    return ({ exchange }) =>
      exchange.respond(200, { 'content-type': type, 'cache-control': 'public, max-age=3600' }, [body]);
  };
  return {
    '/.well-known/openid-configuration': json(
      tokens.openIdConfiguration(`https://${host}:${port}/openid/v1/jwks`),
      'application/json',
    ),
    '/openid/v1/jwks': json(tokens.keySet(), 'application/jwk-set+json'),
  };
}
