import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCertificate, generateKey, loadAuthority, privateKeyPem } from '../../utils/x509.ts';
import { createAuthenticator, type Headers } from './authenticator.ts';
import { FrontProxies } from './front-proxy.ts';

const window = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };

function authority(commonName: string) {
  const { publicKey, privateKey } = generateKey();
  const subject = { commonName, organizations: [] };
  const usages = ['digital signature', 'cert sign'] as const;
  const cert = createCertificate({ ...window, subject, publicKey, signingKey: privateKey, isCa: true, usages });
  const issuer = loadAuthority({ cert, key: privateKeyPem(privateKey) });
  const issue = (CN: string, O: string) => {
    const pem = createCertificate({
      ...window,
      subject: { commonName: CN, organizations: [O] },
      publicKey: generateKey().publicKey,
      issuer,
      signingKey: privateKey,
      usages: ['digital signature'],
      extendedUsages: ['client auth'],
    });
    return { raw: new X509Certificate(pem).raw, subject: { CN, O } };
  };
  return { cert, issue };
}

describe('FrontProxies', () => {
  const proxies = authority('front-proxy-ca');
  const authenticate = createAuthenticator({
    audiences: [],
    frontProxies: new FrontProxies({ ca: proxies.cert, allowedNames: ['front-proxy-client'] }),
  });
  const headers: Headers = {
    'x-remote-user': 'alice',
    'x-remote-uid': '7',
    'x-remote-group': ['dev', 'a,b'],
    'x-remote-extra-example.com%2fscope': 'all',
  };

  it('believes what a front proxy says of its client', () => {
    const peerCertificate = proxies.issue('front-proxy-client', 'x');
    expect(authenticate({ headers, peerCertificate, verified: true, path: '/' })).toEqual({
      name: 'alice',
      uid: '7',
      groups: ['dev', 'a,b', 'system:authenticated'],
      extra: { 'example.com/scope': ['all'] },
    });
  });

  it('makes nobody a user by a certificate that is for front proxies', () => {
    const peerCertificate = proxies.issue('front-proxy-client', 'system:masters');
    expect(() => authenticate({ headers: {}, peerCertificate, verified: true, path: '/' })).toThrow('Unauthorized');
    const other = proxies.issue('admin', 'system:masters');
    expect(() => authenticate({ headers, peerCertificate: other, verified: true, path: '/' })).toThrow('Unauthorized');
  });

  it('does not look at the headers of anybody else', () => {
    const peerCertificate = authority('clients').issue('front-proxy-client', 'staff');
    expect(authenticate({ headers, peerCertificate, verified: true, path: '/' })).toMatchObject({
      name: 'front-proxy-client',
    });
    expect(authenticate({ headers, verified: false, path: '/' })).toMatchObject({ name: 'system:anonymous' });
  });
});
