import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../utils/clock.ts';
import { createCertificateRequest, generateKey } from '../utils/x509.ts';
import { ensureCertificates, signCertificate } from './certificates.ts';

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
  const { node, serviceAccountKey, ...pairs } = first;
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

test('leaves are renewed a month before their end, the authorities stay', () => {
  const clock = new FakeClock();
  const first = ensureCertificates(dir, names, clock);
  const at = (days: number) => ensureCertificates(dir, names, { now: () => clock.now() + days * day });
  expect(at(330)).toEqual(first);
  const renewed = at(340);
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

test('requests are signed within the limits of their spec', () => {
  const clock = new FakeClock();
  const { ca } = ensureCertificates(dir, names, clock);
  const request = createCertificateRequest({
    ...generateKey(),
    subject: { commonName: 'system:node:n2', organizations: ['system:nodes'] },
    names: { dns: ['n2'] },
  });
  const sign = (usages: string[], expirationSeconds?: number) =>
    new X509Certificate(signCertificate(request, ca, { usages, expirationSeconds }, clock));
  const short = sign(['digital signature', 'client auth'], 600);
  expect(short.subject).toBe('O=system:nodes\nCN=system:node:n2');
  expect(short.verify(new X509Certificate(ca.cert).publicKey)).toBe(true);
  expect(short.validToDate.getTime()).toBe(clock.now() + 600_000);
  expect(sign(['server auth']).validToDate.getTime()).toBe(clock.now() + 365 * day);
  expect(() => sign(['code signing'])).toThrow('unrecognized usage');
});
