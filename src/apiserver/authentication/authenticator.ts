import { type ApiError, errors } from '../../api/errors.ts';
import { refusedBy } from '../refusals.ts';
import type { UserInfo } from '../user.ts';
import type { FrontProxies } from './front-proxy.ts';
import { type TokenAuthenticator, TokenError, type TokenOwner } from './token.ts';
import { anonymousUser, asAuthenticated, extraKeys } from './users.ts';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What TLS knows of the client: node:tls' DetailedPeerCertificate has this shape. */
export interface PeerCertificate {
  readonly subject?: {
    readonly CN?: string | readonly string[];
    readonly O?: string | readonly string[];
  };
  /** DER. */
  readonly raw?: Uint8Array;
  /** Colon-separated hexadecimal SHA-256. */
  readonly fingerprint256?: string;
}

export interface Credentials {
  /** Names in lower case. */
  readonly headers: Headers;
  readonly peerCertificate?: PeerCertificate;
  /** Whether TLS found the certificate to be signed by the client authority, for clients, and in date. */
  readonly verified: boolean;
  /** Of the request's URL, as sent. */
  readonly path: string;
}

export interface AuthenticatorOptions {
  /** Whoever knows bearer tokens, in one. */
  readonly tokens?: TokenAuthenticator;
  /** --api-audiences: what a token has to be for. */
  readonly audiences: readonly string[];
  /** Those who may say in headers whom they found the client to be. */
  readonly frontProxies?: FrontProxies;
  /** Who shows no credentials; default: is system:anonymous wherever. The authorizer then says what that user may. */
  readonly anonymous?: AnonymousOptions;
  /** Hears why credentials were refused; nothing of them is in it. */
  readonly refused?: (why: string) => void;
}

/** --anonymous-auth, or `anonymous` of an AuthenticationConfiguration. */
export interface AnonymousOptions {
  readonly enabled: boolean;
  /** The only paths that take anonymous requests; absent: all do. */
  readonly paths?: ReadonlySet<string>;
}

/**
 * Answers who makes a request, in the same turn where that is known. Undefined: nobody showed credentials and anonymous
 * requests are off. Throws, or rejects with, 401 for credentials that are wrong, unless others beside them are right
 * (a client certificate and a stale token).
 */
export type Authenticate = (credentials: Credentials) => UserInfo | undefined | Promise<UserInfo | undefined>;

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/ */
export function createAuthenticator(options: AuthenticatorOptions): Authenticate {
  const { tokens, audiences, frontProxies, anonymous, refused } = options;
  const refusal = (error: unknown) => {
    if (!(error instanceof TokenError)) throw error;
    refused?.(error.message);
    return unauthorized(error.message);
  };
  const later = async (pending: Promise<TokenOwner | undefined>): Promise<UserInfo> => {
    const owner = await pending.catch((error) => {
      throw refusal(error);
    });
    if (owner) return asAuthenticated(owner.user);
    throw unauthorized(UNKNOWN_TOKEN);
  };
  return ({ headers, peerCertificate, verified: trusted, path }) => {
    let verified = trusted;
    if (frontProxies && verified && peerCertificate?.subject !== undefined && frontProxies.signed(peerCertificate)) {
      const user = frontProxies.user(headers, peerCertificate);
      if (user) return asAuthenticated(user);
      verified = false;
    }
    const token = bearerToken(headers);
    const hasCertificate = peerCertificate?.subject !== undefined;
    if (hasCertificate && verified) {
      const user = certificateUser(peerCertificate);
      if (user) return asAuthenticated(user);
    }
    if (token !== undefined && tokens) {
      try {
        const owner = tokens.authenticateToken(token, audiences);
        if (owner instanceof Promise) return later(owner);
        if (owner) return asAuthenticated(owner.user);
      } catch (error) {
        throw refusal(error);
      }
    }
    if (token !== undefined) throw unauthorized(UNKNOWN_TOKEN);
    if (hasCertificate && !verified) throw unauthorized(UNTRUSTED);
    if (anonymous && (!anonymous.enabled || anonymous.paths?.has(path) === false)) return undefined;
    return anonymousUser;
  };
}

const UNKNOWN_TOKEN = 'no authenticator knows the bearer token';
const UNTRUSTED = 'the client certificate was not signed by the client authority, or is out of date';

/** `why` is for the log of refused requests: clients are told nothing. */
const unauthorized = (why: string): ApiError => refusedBy(errors.unauthorized(), { by: 'authenticator', why });

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/** The common name is the user, organizations are its groups. Undefined for a certificate without a common name. */
function certificateUser({ subject, fingerprint256 }: PeerCertificate): UserInfo | undefined {
  const name = list(subject?.CN).at(-1);
  if (!name) return undefined;
  const id = fingerprint256?.replaceAll(':', '').toLowerCase();
  return {
    name,
    groups: list(subject?.O),
    ...(id && { extra: { [extraKeys.credentialId]: [`X509SHA256=${id}`] } }),
  };
}

const webSocketPrefix = 'base64url.bearer.authorization.k8s.io.';

/** The token of `Authorization: Bearer`; browsers, which cannot set it on a WebSocket, send it as a subprotocol. */
function bearerToken(headers: Headers): string | undefined {
  const authorization = list(headers.authorization)[0]?.trim();
  if (authorization) {
    const [scheme = '', token] = authorization.split(' ', 3);
    return scheme.toLowerCase() === 'bearer' && token ? token : undefined;
  }
  for (const protocol of list(headers['sec-websocket-protocol']).flatMap((value) => value.split(','))) {
    const text = protocol.trim();
    if (text.startsWith(webSocketPrefix))
      return Buffer.from(text.slice(webSocketPrefix.length), 'base64url').toString('utf8');
  }
  return undefined;
}
