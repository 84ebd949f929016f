import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { createCertificate, generateKey, privateKeyPem } from '../../utils/x509.ts';
import { readServingFlags, ServingFiles, type ServingFlags } from './serving-flags.ts';
import { TestServer } from './test-server.ts';
import type { ServerTls } from './tls-options.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-serving-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function pair(commonName: string, ...dns: string[]) {
  const { publicKey, privateKey } = generateKey();
  const cert = createCertificate({
    subject: { commonName, organizations: [] },
    publicKey,
    signingKey: privateKey,
    notBefore: Date.now() - 60_000,
    notAfter: Date.now() + 3_600_000,
    usages: ['digital signature'],
    extendedUsages: ['server auth'],
    names: { dns },
  });
  return { cert, key: privateKeyPem(privateKey) };
}

/** Writes a certificate and its key; the flag's value for both. */
function files(name: string, { cert, key } = pair(name, name)): readonly [cert: string, key: string] {
  const paths = [join(dir, `${name}.crt`), join(dir, `${name}.key`)] as const;
  writeFileSync(paths[0], cert);
  writeFileSync(paths[1], key);
  return paths;
}

describe('what is refused, and in which words', () => {
  const refuse = (flags: ServingFlags) => expect(() => readServingFlags(flags));
  test.each<[ServingFlags, string]>([
    [{ tlsCertFile: '/x' }, 'missing filename for serving cert'],
    [{ tlsMinVersion: 'VersionTLS14' }, 'unknown tls version "VersionTLS14"'],
    [{ tlsCipherSuites: ['TLS_X'] }, "Cipher suite TLS_X not supported or doesn't exist"],
    [{ tlsCipherSuites: ['TLS_RSA_WITH_RC4_128_SHA'] }, 'none of these can be offered'],
    [{ tlsSniCertKey: ['a'] }, 'expected comma separated certificate and key file paths'],
    [{ tlsSniCertKey: ['a,b:'] }, 'empty names list is not allowed'],
    [{ tlsSniCertKey: ['/nowhere,/nowhere'] }, '--tls-sni-cert-key: /nowhere is not there'],
  ])('%j', (flags, words) => {
    refuse(flags).toThrow(words);
  });

  test('files that are no certificate and its key', () => {
    const [cert, key] = files('a');
    const [, other] = files('b');
    refuse({ tlsCertFile: cert, tlsPrivateKeyFile: other }).toThrow('private key does not match public key');
    refuse({ tlsCertFile: key, tlsPrivateKeyFile: key }).toThrow('holds no PEM certificate');
    refuse({ tlsCertFile: cert, tlsPrivateKeyFile: cert }).toThrow('holds no PEM private key');
  });
});

describe('a server', () => {
  let server: TestServer;
  const own = pair('own', 'kubernetes');
  const serve = async (tls: ServerTls) => {
    server = await TestServer.start({ tls });
  };
  afterEach(() => server.stop());

  /** Whose certificate a client sees, and what was agreed on. */
  const shake = (options: ConnectionOptions = {}) =>
    new Promise<{ readonly name: string; readonly protocol: string | null; readonly cipher: string }>(
      (resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ...options }, () => {
          const { subject } = socket.getPeerCertificate();
          resolve({
            name: String(subject.CN),
            protocol: socket.getProtocol(),
            cipher: socket.getCipher().standardName,
          });
          socket.destroy();
        });
        socket.on('error', reject);
      },
    );
  const flags = (given: ServingFlags, onChange = () => {}) =>
    new ServingFiles(readServingFlags(given), { clock: new FakeClock(), log: silent, onChange });

  test('shows the certificate of the host that is asked for', async () => {
    const sni = [files('a.example'), files('b.example'), files('c', pair('c', '*.wild.example'))];
    const settings = flags({
      tlsSniCertKey: [`${sni[0]}`, `${sni[1]}:given.example,a.example`, `${sni[2]}`],
    });
    await serve(settings.tls(own, []));
    const shown = async (servername?: string) => (await shake({ servername })).name;
    expect(await shown()).toBe('own');
    expect(await shown('other.example')).toBe('own');
    // Names that were given count more than those in a certificate.
    expect(await shown('a.example')).toBe('b.example');
    expect(await shown('given.example')).toBe('b.example');
    expect(await shown('b.example')).toBe('own');
    expect(await shown('x.wild.example')).toBe('c');
    settings.stop();
  });

  test('with a certificate of somebody else shows its own to those who ask for its names', async () => {
    const [tlsCertFile, tlsPrivateKeyFile] = files('theirs');
    const settings = flags({ tlsCertFile, tlsPrivateKeyFile });
    await serve(settings.tls(own, ['kubernetes']));
    expect((await shake()).name).toBe('theirs');
    expect((await shake({ servername: 'kubernetes' })).name).toBe('own');
    settings.stop();
  });

  test('speaks the versions and ciphers it was told, after a reload, too', async () => {
    const settings = flags({ tlsMinVersion: 'VersionTLS13' });
    await serve(settings.tls(own, []));
    await expect(shake({ maxVersion: 'TLSv1.2' })).rejects.toThrow();
    expect((await shake()).protocol).toBe('TLSv1.3');
    server.server.reload(settings.tls(own, []));
    await expect(shake({ maxVersion: 'TLSv1.2' })).rejects.toThrow();
    const suites = flags({ tlsCipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] });
    server.server.reload(suites.tls(own, []));
    expect((await shake({ maxVersion: 'TLSv1.2' })).cipher).toBe('TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384');
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } as const;
    await expect(shake(weak)).rejects.toThrow();
    settings.stop();
    suites.stop();
  });

  test('takes up files that change, and waits for the key of a new certificate', async () => {
    const clock = new FakeClock();
    const [tlsCertFile, tlsPrivateKeyFile] = files('a');
    const settings = new ServingFiles(readServingFlags({ tlsCertFile, tlsPrivateKeyFile }), {
      clock,
      log: silent,
      onChange: () => server.server.reload(settings.tls(own, [])),
    });
    await serve(settings.tls(own, []));
    const next = pair('next');
    writeFileSync(tlsCertFile, next.cert);
    await clock.advance(60_000);
    expect((await shake()).name).toBe('a');
    writeFileSync(tlsPrivateKeyFile, next.key);
    await clock.advance(60_000);
    expect((await shake()).name).toBe('next');
    settings.stop();
  });
});
