import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../utils/clock.ts';
import { askForRotation, finishRotation } from './authorities.ts';
import { ensureCertificates } from './certificates.ts';

const day = 86_400_000;
const names = { hostnames: ['box'], ips: ['10.96.0.1', 'fd00::7'], node: { name: 'box', ips: ['192.0.2.7'] } };
let dir: string;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'skiff-certificates-')), 'pki');
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true }));

test('the first time makes all of them, the next time none', () => {
  const first = ensureCertificates(dir, names);
  expect(ensureCertificates(dir, names)).toEqual(first);
  const ca = new X509Certificate(first.ca.cert);
  const { node, serviceAccountKey, caBundle, ...pairs } = first;
  expect(caBundle).toBe(first.ca.cert);
  expect(serviceAccountKey).toContain('PRIVATE KEY');
  for (const [name, pair] of Object.entries({ ...pairs, ...node })) {
    const issuer = name.startsWith('frontProxy') ? new X509Certificate(first.frontProxyCa.cert) : ca;
    expect(new X509Certificate(pair.cert).verify(issuer.publicKey), name).toBe(true);
  }
  const serving = new X509Certificate(first.serving.cert);
  for (const name of ['kubernetes', 'kubernetes.default.svc.cluster.local', 'localhost', 'box'])
    expect(serving.checkHost(name), name).toBe(name);
  for (const ip of ['127.0.0.1', '::1', '10.96.0.1']) expect(serving.checkIP(ip), ip).toBe(ip);
  expect(new X509Certificate(first.admin.cert).subject).toBe('O=system:masters\nCN=kubernetes-admin');
  expect(new X509Certificate(first.node?.client.cert ?? '').subject).toBe('O=system:nodes\nCN=system:node:box');
});

test('files are for their owner only', () => {
  ensureCertificates(dir, names);
  chmodSync(dir, 0o755);
  ensureCertificates(dir, names);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
  for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).mode & 0o777, file).toBe(0o600);
});

test('new names make a new serving certificate and leave the others', () => {
  const first = ensureCertificates(dir, names);
  const second = ensureCertificates(dir, { ...names, ips: [...names.ips, '192.0.2.1'] });
  expect(second.serving).not.toEqual(first.serving);
  expect({ ...second, serving: undefined }).toEqual({ ...first, serving: undefined });
});

test('leaves are renewed three months before their end, the authorities stay', () => {
  const clock = new FakeClock();
  const first = ensureCertificates(dir, names, clock);
  const at = (days: number) => ensureCertificates(dir, names, { now: () => clock.now() + days * day });
  expect(at(270)).toEqual(first);
  const renewed = at(280);
  expect(renewed.ca).toEqual(first.ca);
  expect(renewed.serviceAccountKey).toBe(first.serviceAccountKey);
  expect(renewed.admin).not.toEqual(first.admin);
  expect(() => at(4000)).toThrow('ended at');
});

test('a damaged leaf is made anew, a damaged authority is an error', () => {
  const first = ensureCertificates(dir, names);
  writeFileSync(join(dir, 'admin.crt'), 'nonsense');
  expect(ensureCertificates(dir, names).admin).not.toEqual(first.admin);
  rmSync(join(dir, 'ca.key'));
  expect(() => ensureCertificates(dir, names)).toThrow('ca.key is not');
  writeFileSync(join(dir, 'ca.key'), readFileSync(join(dir, 'admin.key')));
  expect(() => ensureCertificates(dir, names)).toThrow('do not belong together');
});

describe('a new authority', () => {
  const verifies = (leaf: string, ca: string) => new X509Certificate(leaf).verify(new X509Certificate(ca).publicKey);
  /** What a client that trusts `ca` alone makes of a chain. */
  const believes = (chain: string, ca: string): boolean => {
    const certificates = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
    const root = new X509Certificate(ca);
    return certificates.every((one, i) => {
      const issuer = i + 1 < certificates.length ? new X509Certificate(certificates[i + 1] ?? '') : root;
      return new X509Certificate(one).checkIssued(issuer) && new X509Certificate(one).verify(issuer.publicKey);
    });
  };

  test('signs all leaves; who knows only the one before believes them until that ends', () => {
    const first = ensureCertificates(dir, names);
    askForRotation(dir, 'ca');
    const second = ensureCertificates(dir, names);
    expect(second.ca).not.toEqual(first.ca);
    expect(second.caBundle).toBe(second.ca.cert + first.ca.cert);
    expect(second.frontProxyCa).toEqual(first.frontProxyCa);
    expect(second.serviceAccountKey).toBe(first.serviceAccountKey);
    for (const pair of [second.serving, second.admin, second.kubeletClient]) {
      expect(verifies(pair.cert, second.ca.cert)).toBe(true);
      expect(believes(pair.cert, first.ca.cert)).toBe(true);
    }
    expect(ensureCertificates(dir, names)).toEqual(second);
    expect(() => askForRotation(dir, 'ca')).toThrow('still trusted');

    finishRotation(dir, 'ca');
    const third = ensureCertificates(dir, names);
    expect(third.caBundle).toBe(second.ca.cert);
    expect(believes(third.serving.cert, first.ca.cert)).toBe(false);
    expect(verifies(third.serving.cert, second.ca.cert)).toBe(true);
    askForRotation(dir, 'ca');
    expect(ensureCertificates(dir, names).ca).not.toEqual(third.ca);
  });

  test('is ended wherever it was interrupted', () => {
    const first = ensureCertificates(dir, names);
    askForRotation(dir, 'ca');
    const second = ensureCertificates(dir, names);
    // As it was before the last step, and before the two last.
    for (const moved of [['crt'], ['crt', 'key']]) {
      for (const ext of moved) renameSync(join(dir, `ca.${ext}`), join(dir, `ca-next.${ext}`));
      if (moved.includes('key')) writeFileSync(join(dir, 'ca.key'), first.ca.key);
      writeFileSync(join(dir, 'ca.crt'), first.ca.cert);
      const again = ensureCertificates(dir, names);
      expect(again.ca).toEqual(second.ca);
      expect(again.caBundle).toBe(second.caBundle);
      expect(believes(again.serving.cert, first.ca.cert)).toBe(true);
    }
  });
});
