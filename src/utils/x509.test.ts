import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  createCertificate,
  createCertificateRequest,
  generateKey,
  loadAuthority,
  parseCertificateRequest,
  privateKeyPem,
} from './x509.ts';

const now = Date.UTC(2026, 0, 1);
const year = 365 * 86_400_000;

function authority() {
  const { publicKey, privateKey } = generateKey();
  const cert = createCertificate({
    subject: { commonName: 'kubernetes', organizations: [] },
    publicKey,
    signingKey: privateKey,
    notBefore: now,
    notAfter: now + 30 * year,
    isCa: true,
    usages: ['digital signature', 'cert sign', 'key encipherment'],
  });
  return { cert, key: privateKeyPem(privateKey) };
}

describe('certificates', () => {
  test('an authority signs what OpenSSL reads and verifies', () => {
    const pair = authority();
    const ca = loadAuthority(pair);
    const owner = generateKey();
    const text = createCertificate({
      subject: { commonName: 'jane', organizations: ['devs', 'ops'] },
      publicKey: owner.publicKey,
      issuer: ca,
      signingKey: ca.key,
      notBefore: now,
      notAfter: now + year,
      usages: ['digital signature', 'key encipherment'],
      extendedUsages: ['client auth', 'server auth'],
      names: { dns: ['kubernetes', 'kubernetes.default'], ips: ['127.0.0.1', '::1', 'fd00::12:3'] },
    });
    const leaf = new X509Certificate(text);
    const root = new X509Certificate(pair.cert);
    expect(root.ca).toBe(true);
    expect(root.checkIssued(root)).toBe(true);
    expect(root.validToDate.getTime()).toBe(now + 30 * year);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.verify(owner.publicKey)).toBe(false);
    expect(leaf.checkPrivateKey(owner.privateKey)).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.subject.split('\n').sort()).toEqual(['CN=jane', 'O=devs', 'O=ops']);
    expect(leaf.subjectAltName).toBe(
      'DNS:kubernetes, DNS:kubernetes.default, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:FD00:0:0:0:0:0:12:3',
    );
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(leaf.validToDate.getTime()).toBe(now + year);
    expect(ca.notAfter).toBe(now + 30 * year);
  });

  test('a request comes back as it was made', () => {
    const key = generateKey();
    const request = parseCertificateRequest(
      createCertificateRequest({
        ...key,
        subject: { commonName: 'system:node:n1', organizations: ['system:nodes'] },
        names: { dns: ['n1'], ips: ['10.0.0.1', 'fd00::1'], uris: ['spiffe://x/y'], emails: ['a@b.c'] },
      }),
    );
    expect(request.subject).toEqual({ commonName: 'system:node:n1', organizations: ['system:nodes'] });
    expect(request.names).toEqual({
      dns: ['n1'],
      ips: ['10.0.0.1', 'fd00::1'],
      uris: ['spiffe://x/y'],
      emails: ['a@b.c'],
    });
    expect(request.publicKey.equals(key.publicKey)).toBe(true);
  });

  test('a request that somebody else signed is refused', () => {
    const text = createCertificateRequest({
      subject: { commonName: 'a', organizations: [] },
      publicKey: generateKey().publicKey,
      privateKey: generateKey().privateKey,
    });
    expect(() => parseCertificateRequest(text)).toThrow('signature is invalid');
  });

  test.each(['', 'x', '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----'])(
    'malformed requests are refused: %j',
    (text) => {
      expect(() => parseCertificateRequest(text)).toThrow();
    },
  );

  test('keys are written as PKCS#8', () => {
    const { privateKey } = generateKey();
    expect(createPrivateKey(privateKeyPem(privateKey)).equals(privateKey)).toBe(true);
  });
});
