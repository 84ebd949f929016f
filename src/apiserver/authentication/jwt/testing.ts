/** An issuer of tokens for tests: an HTTPS server on this machine with a discovery document and keys. */
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { testServerCertificate } from '../../../utils/x509-testing.ts';

export interface TestIssuer {
  readonly url: string;
  /** PEM: who signs its certificate. */
  readonly ca: string;
  /** How often the keys were asked for. */
  fetches(): number;
  /** What the keys are answered with; undefined: the keys that were made. */
  keys: object | undefined;
  /** What the discovery document says besides. */
  discovery: object;
  /** More paths, and what is there. */
  readonly pages: Map<string, string>;
  /** Sent with the keys. */
  cacheControl: string;
  /** Makes another key, and publishes it. */
  addKey(kid: string, kind?: KeyKind): void;
  token(claims: object, header?: TokenHeader): string;
  close(): Promise<void>;
}

export type KeyKind = 'rsa' | 'P-256' | 'P-384' | 'P-521';

export interface TokenHeader {
  readonly alg?: string;
  readonly kid?: string;
  /** The key that signs, by its id; default: `kid`. */
  readonly signer?: string;
  readonly [more: string]: unknown;
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

export async function startIssuer(): Promise<TestIssuer> {
  const { cert, key, ca } = testServerCertificate({ ips: ['127.0.0.1'] });
  const keys = new Map<string, { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>();
  let fetches = 0;
  const server = createServer({ cert, key }, (request, reply) => {
    const page = issuer.pages.get(request.url ?? '');
    reply.setHeader('content-type', 'application/json');
    if (page !== undefined) reply.end(page);
    else if (request.url === '/.well-known/openid-configuration') {
      reply.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys`, ...issuer.discovery }));
    } else if (request.url === '/keys') {
      fetches++;
      if (issuer.cacheControl) reply.setHeader('cache-control', issuer.cacheControl);
      reply.end(JSON.stringify(issuer.keys ?? { keys: published() }));
    } else {
      reply.statusCode = 404;
      reply.end();
    }
  });
  const published = () =>
    [...keys].map(([kid, { publicKey }]) => ({ kid, use: 'sig', ...publicKey.export({ format: 'jwk' }) }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer: TestIssuer = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca,
    fetches: () => fetches,
    keys: undefined,
    discovery: {},
    pages: new Map(),
    cacheControl: '',
    addKey(kid, kind = 'rsa') {
      keys.set(
        kid,
        kind === 'rsa'
          ? generateKeyPairSync('rsa', { modulusLength: 2048 })
          : generateKeyPairSync('ec', { namedCurve: kind }),
      );
    },
    token(claims, { alg = 'RS256', kid = 'rsa', signer = kid, ...more } = {}) {
      const content = `${part({ alg, ...(kid && { kid }), ...more })}.${part({ iss: issuer.url, ...claims })}`;
      const privateKey = keys.get(signer)?.privateKey;
      if (!privateKey) throw new Error(`there is no key ${signer}`);
      const how = alg.startsWith('PS')
        ? { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : { key: privateKey, dsaEncoding: 'ieee-p1363' as const };
      const hash = `sha${alg.slice(2)}`;
      return `${content}.${sign(hash, Buffer.from(content), how).toString('base64url')}`;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  issuer.addKey('rsa');
  return issuer;
}
