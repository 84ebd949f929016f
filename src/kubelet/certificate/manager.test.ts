import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { certificatesigningrequests } from '../../api/certificates/v1.gen.ts';
import { memoryServer } from '../../client/memory-server.ts';
import { FakeClock, settle } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { createCertificate, generateKey, parseCertificateRequest } from '../../utils/x509.ts';
import { CertificateManager, rotationTime } from './manager.ts';

const day = 86_400_000;
const signingKey = generateKey();
let clock: FakeClock;
let dir: string;
let server: Awaited<ReturnType<typeof memoryServer>>;
let manager: CertificateManager;
beforeEach(async () => {
  clock = new FakeClock();
  dir = mkdtempSync(join(tmpdir(), 'skiff-manager-'));
  server = await memoryServer({ clock });
  manager = make();
});
afterEach(async () => {
  await manager.stop();
  await server.close();
  rmSync(dir, { recursive: true });
});

const make = () =>
  new CertificateManager({
    name: 'kubelet-server',
    dir,
    signerName: 'kubernetes.io/kubelet-serving',
    usages: ['digital signature', 'server auth'],
    template: {
      subject: { commonName: 'system:node:n1', organizations: ['system:nodes'] },
      names: { dns: ['n1'], ips: ['192.0.2.7'] },
    },
    client: () => server.client,
    clock,
    log: silent,
    random: () => 0,
  });

const rest = async () => {
  for (let i = 0; i < 20; i++) await settle();
};

/** The requests, oldest first; what nobody has answered yet is answered by `answer`. */
async function answer(how: 'sign' | 'deny' | 'look'): Promise<number> {
  await rest();
  const resource = server.client.resource(certificatesigningrequests);
  const { items } = await resource.list('');
  for (const object of items) {
    if (how === 'look' || object.status.certificate || object.status.conditions) continue;
    const { subject, names, publicKey } = parseCertificateRequest(
      Buffer.from(object.spec.request, 'base64').toString(),
    );
    const certificate = createCertificate({
      subject,
      names,
      publicKey,
      signingKey: signingKey.privateKey,
      notBefore: clock.now(),
      notAfter: clock.now() + 100 * day,
      usages: ['digital signature'],
      extendedUsages: ['server auth'],
    });
    const conditions = [{ type: 'Denied', status: 'True', reason: 'No', message: 'never' }];
    if (how === 'deny')
      await resource.updateSubresource('', object.metadata.name, 'approval', { ...object, status: { conditions } });
    else
      await resource.updateStatus({ ...object, status: { certificate: Buffer.from(certificate).toString('base64') } });
  }
  await rest();
  return items.length;
}
const end = () => new X509Certificate(manager.current?.cert ?? '').validToDate.getTime();

test('asks for the first, stores it for its owner, and asks again after 70 % of its life', async () => {
  manager.start();
  expect(await answer('sign')).toBe(1);
  expect((await manager.first()).cert).toBe(manager.current?.cert);
  expect(statSync(manager.path).mode & 0o777).toBe(0o600);
  expect(end()).toBe(clock.now() + 100 * day);
  const told: string[] = [];
  manager.onChange(({ cert }) => told.push(cert));
  await clock.advance(69 * day);
  expect(await answer('look')).toBe(1);
  await clock.advance(1 * day);
  expect(await answer('sign')).toBe(2);
  expect(end()).toBe(clock.now() + 100 * day);
  expect(told).toEqual([manager.current?.cert]);
});

test('goes on with what was stored, unless that is damaged or over', async () => {
  manager.start();
  await answer('sign');
  const { cert } = await manager.first();
  await manager.stop();
  expect(make().current?.cert).toBe(cert);
  await clock.advance(101 * day);
  expect(make().current).toBeUndefined();
  writeFileSync(manager.path, 'nonsense');
  expect(make().current).toBeUndefined();
});

test('asks again, after a while, when it was refused', async () => {
  manager.start();
  await answer('deny');
  expect(await answer('look')).toBe(1);
  await clock.advance(2_000);
  expect(await answer('sign')).toBe(2);
  expect(manager.current).toBeDefined();
});

test('asks at once when another authority signs', async () => {
  manager.start();
  await answer('sign');
  const first = manager.current;
  manager.renew();
  await answer('sign');
  expect(manager.current).not.toEqual(first);
  expect(await answer('look')).toBe(2);
});

test('the next is asked for between 70 and 90 % of a life', () => {
  const pair = {
    cert: createCertificate({
      subject: { commonName: 'x', organizations: [] },
      ...signingKey,
      signingKey: signingKey.privateKey,
      notBefore: 0,
      notAfter: 100 * day,
      usages: ['digital signature'],
    }),
    key: '',
  };
  expect(rotationTime(pair, 0.7)).toBe(70 * day);
  expect(rotationTime(pair, 0.9)).toBe(90 * day);
});
