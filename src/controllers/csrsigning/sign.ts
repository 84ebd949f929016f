import { type CertificateRequest, createCertificate, type KeyPair, loadAuthority } from '../../utils/x509.ts';
import { sortUsages } from '../../utils/x509-usages.ts';

const minute = 60_000;
/** Certificates begin a little in the past, for clients whose clock is behind. */
const backdate = 5 * minute;
/** Shorter lives than this are given in full. */
const short = 8 * 60 * minute;
const shortest = 10 * minute;

export interface SigningOptions {
  /** Of the request's spec ("digital signature", "client auth", ...). */
  readonly usages: readonly string[];
  /** spec.expirationSeconds. */
  readonly expirationSeconds?: number;
  /** The longest life, and that of certificates that ask for none: --cluster-signing-duration. Milliseconds. */
  readonly duration: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Signs a request: its subject and its names, for the usages of the spec and no longer than the authority lives. Throws
 * where the authority's time is over.
 */
export function signRequest(request: CertificateRequest, ca: KeyPair, options: SigningOptions): string {
  const { duration, now, expirationSeconds } = options;
  const { usages, extendedUsages } = sortUsages(options.usages);
  const authority = loadAuthority(ca);
  if (now >= authority.notAfter) {
    throw new Error(
      `refusing to sign a certificate that expired in the past: NotAfter=${new Date(authority.notAfter).toISOString()}`,
    );
  }
  const life =
    expirationSeconds === undefined ? duration : Math.min(Math.max(expirationSeconds * 1000, shortest), duration);
  return createCertificate({
    subject: request.subject,
    names: request.names,
    publicKey: request.publicKey,
    issuer: authority,
    signingKey: authority.key,
    notBefore: now - backdate,
    notAfter: Math.min(life < short ? now + life : now + life - backdate, authority.notAfter),
    usages,
    extendedUsages,
  });
}
