import { X509Certificate } from 'node:crypto';
import type { UserInfo } from '../user.ts';
import type { Headers, PeerCertificate } from './authenticator.ts';

export interface FrontProxyOptions {
  /** PEM: who signs the certificates of front proxies (--requestheader-client-ca-file). */
  readonly ca: string;
  /** Common names that count (--requestheader-allowed-names); empty: all. */
  readonly allowedNames: readonly string[];
}

/** What is known of a connection's certificate. */
interface Known {
  readonly signed: boolean;
  readonly allowed: boolean;
}

const EXTRA = 'x-remote-extra-';

/**
 * Servers before this one that found out who the client is: their certificates are of an authority of their own, and
 * make nobody a user; the user stands in headers.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy
 */
export class FrontProxies {
  readonly #ca: X509Certificate;
  readonly #allowedNames: ReadonlySet<string>;
  /** Signatures are checked once a connection. */
  readonly #known = new WeakMap<PeerCertificate, Known>();

  constructor({ ca, allowedNames }: FrontProxyOptions) {
    this.#ca = new X509Certificate(ca);
    this.#allowedNames = new Set(allowedNames);
  }

  /** Whether a certificate, which TLS has found to be good, is of this authority, and so not a client's. */
  signed(certificate: PeerCertificate): boolean {
    return this.#of(certificate).signed;
  }

  /** The user whom a front proxy names; undefined for all who are none, or name nobody. */
  user(headers: Headers, certificate: PeerCertificate): UserInfo | undefined {
    const [name] = values(headers['x-remote-user']);
    if (!name || !this.#of(certificate).allowed) return undefined;
    const [uid] = values(headers['x-remote-uid']);
    const extra: Record<string, string[]> = {};
    for (const [header, value] of Object.entries(headers)) {
      if (header.startsWith(EXTRA)) extra[unescaped(header.slice(EXTRA.length))] = values(value);
    }
    const groups = values(headers['x-remote-group']);
    return { name, ...(uid && { uid }), groups, ...(Object.keys(extra).length > 0 && { extra }) };
  }

  #of(certificate: PeerCertificate): Known {
    let known = this.#known.get(certificate);
    if (!known) {
      const signed = this.#signs(certificate.raw);
      const name = [certificate.subject?.CN ?? []].flat().at(-1) ?? '';
      known = { signed, allowed: signed && (this.#allowedNames.size === 0 || this.#allowedNames.has(name)) };
      this.#known.set(certificate, known);
    }
    return known;
  }

  #signs(raw: Uint8Array | undefined): boolean {
    if (!raw) return false;
    const certificate = new X509Certificate(raw);
    return certificate.checkIssued(this.#ca) && certificate.verify(this.#ca.publicKey);
  }
}

/** The servers keep repeated ones of these headers apart: a comma belongs to a name. */
const values = (header: string | readonly string[] | undefined): string[] =>
  [header ?? []]
    .flat()
    .map((value) => Buffer.from(value, 'latin1').toString('utf8'))
    .filter((value) => value !== '');

/** Keys have what a header's name may not have as %XX. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
