import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureVersion, type TlsOptions } from 'node:tls';

/** PEM texts: a certificate, those that lead from it to its authority, and its key. */
export interface ServingPair {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** A certificate for clients that name one of these hosts; without names, its own count. */
export interface NamedServingPair extends ServingPair {
  readonly names: readonly string[];
}

export interface ServerTls extends ServingPair {
  /** PEM: who signs client certificates. */
  readonly ca?: string | Buffer;
  /** --tls-sni-cert-key. */
  readonly sni?: readonly NamedServingPair[];
  /** --tls-min-version. Default TLS 1.2. */
  readonly minVersion?: SecureVersion;
  /** --tls-cipher-suites, by OpenSSL's names. Default: what Go offers. */
  readonly ciphers?: readonly string[];
}

/** What Go offers, in its order. */
const defaultCiphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];
const tls13 = defaultCiphers.filter((name) => name.startsWith('TLS_'));

/** For a server, and for `setSecureContext`, which forgets whatever it is not told again. */
export function secureOptions({ cert, key, ca, minVersion = 'TLSv1.2', ciphers }: ServerTls): TlsOptions {
  // As in Go, the suites of TLS 1.3 are not a matter of choice.
  const suites = ciphers ? [...tls13, ...ciphers.filter((name) => !name.startsWith('TLS_'))] : defaultCiphers;
  const old = minVersion < 'TLSv1.2';
  return {
    cert,
    key,
    ca,
    minVersion,
    // As Go prefers it; a fifth less work than 256 bits, and no weaker for it in practice.
    honorCipherOrder: true,
    // OpenSSL speaks TLS 1.0 and 1.1 at its lowest level alone.
    ciphers: [...suites, ...(old ? ['@SECLEVEL=0'] : [])].join(':'),
    // An authority in the file is trusted, be it another's, as for Go.
    allowPartialTrustChain: true,
  };
}

/** Chooses by the host that a client names; undefined: the server's own certificate. */
export type ChooseContext = (host: string) => SecureContext | undefined;

export function contextChooser(tls: ServerTls): ChooseContext {
  const byName = new Map<string, SecureContext>();
  const explicit = new Map<string, SecureContext>();
  // The first of a name counts, and a name that was given counts more than one that a certificate has.
  for (const pair of [...(tls.sni ?? [])].reverse()) {
    const context = createSecureContext(secureOptions({ ...tls, ...pair }));
    const given = pair.names.length > 0;
    for (const name of given ? pair.names : namesOf(pair)) (given ? explicit : byName).set(name.toLowerCase(), context);
  }
  for (const [name, context] of explicit) byName.set(name, context);
  return (host) => {
    const name = host.toLowerCase().replace(/\.$/, '');
    return byName.get(name) ?? byName.get(name.replace(/^[^.]*/, '*'));
  };
}

function namesOf({ cert }: ServingPair): string[] {
  const { subject, subjectAltName = '' } = new X509Certificate(cert);
  const common = /^CN=([a-z0-9*][a-z0-9.*-]*)$/m.exec(subject ?? '')?.[1];
  const names = [...subjectAltName.matchAll(/DNS:([^,\s]+)/g)].map(([, name = '']) => name);
  return common === undefined || /^[\d.]+$/.test(common) ? names : [common, ...names];
}
