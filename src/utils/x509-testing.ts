import { createCertificate, generateKey, loadAuthority, privateKeyPem } from './x509.ts';

const DAY = 86_400_000;

/** For servers of tests, PEM: a certificate for these names, its key, and the authority that clients are to trust. */
export function testServerCertificate(names: { readonly dns?: readonly string[]; readonly ips: readonly string[] }): {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
} {
  const times = { notBefore: Date.now() - DAY, notAfter: Date.now() + DAY };
  const authorityKey = generateKey();
  const ca = createCertificate({
    ...times,
    subject: { commonName: 'authority', organizations: [] },
    publicKey: authorityKey.publicKey,
    signingKey: authorityKey.privateKey,
    usages: ['cert sign'],
    isCa: true,
  });
  const authority = loadAuthority({ cert: ca, key: privateKeyPem(authorityKey.privateKey) });
  const own = generateKey();
  const cert = createCertificate({
    ...times,
    subject: { commonName: 'server', organizations: [] },
    publicKey: own.publicKey,
    issuer: authority,
    signingKey: authority.key,
    usages: ['digital signature'],
    extendedUsages: ['server auth'],
    names,
  });
  return { cert, key: privateKeyPem(own.privateKey), ca };
}
