import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configmaps } from '../api/core/v1.gen.ts';
import { createHttpServer } from '../apiserver/http/server.ts';
import { createHttpClient } from '../client/http/http-client.ts';
import { MemoryStore } from '../store/memory.ts';
import { type Clock, FakeClock, realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { askForRotation, finishRotation } from './authorities.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { rotateCertificates } from './certs.ts';
import { createControlPlane } from './control-plane.ts';

const hour = 3_600_000;
const day = 24 * hour;
const names = { hostnames: ['box'], ips: [] };
let dataDir: string;
let dir: string;
/** So far back that what is made first is still good now, and what is made later is good already. */
let fake: FakeClock;
/** What `fake` does not show of the time: days that nobody counted hour by hour. */
let skipped: number;
let keeper: CertificateKeeper;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'skiff-keeper-'));
  dir = join(dataDir, 'pki');
  fake = new FakeClock(Date.now() - 280 * day);
  skipped = 0;
  const clock: Clock = {
    now: () => fake.now() + skipped,
    after: (ms, run) => fake.after(ms, run),
    sleep: (ms, signal) => fake.sleep(ms, signal),
  };
  keeper = new CertificateKeeper({ dir, names, clock, log: silent });
});
afterEach(() => {
  keeper.stop();
  rmSync(dataDir, { recursive: true });
});

test('certificates are renewed in time, by the clock alone', async () => {
  const first = keeper.current;
  const changes: unknown[] = [];
  keeper.onChange((certificates) => changes.push(certificates));
  skipped = 270 * day;
  await fake.advance(hour);
  expect(keeper.current).toBe(first);
  skipped = 279 * day;
  await fake.advance(hour - 1);
  expect(keeper.current).toBe(first);
  await fake.advance(1);
  expect(keeper.current.serving).not.toEqual(first.serving);
  expect(keeper.current.ca).toEqual(first.ca);
  expect(changes).toEqual([keeper.current]);
});

test('what is damaged is logged, and what was stays in force', () => {
  const first = keeper.current;
  rmSync(join(dir, 'ca.key'));
  keeper.check();
  expect(keeper.current).toBe(first);
});

test('a certificate that was taken away is made anew, under its own name alone', async () => {
  const first = keeper.current;
  const waiting = rotateCertificates(dataDir, ['admin']);
  keeper.check();
  expect(await waiting).toBe('done');
  keeper.check();
  expect(keeper.current.admin).not.toEqual(first.admin);
  expect({ ...keeper.current, admin: undefined }).toEqual({ ...first, admin: undefined });
  await expect(rotateCertificates(dataDir, ['ca'])).rejects.toThrow('skiff certs rotate --ca');
  await expect(rotateCertificates(dataDir, ['nobody'])).rejects.toThrow('There is no certificate "nobody"');
  expect(readdirSync(dir)).toContain('apiserver.crt');
});

test('a watch goes on while certificates, and then the authority, are replaced', async () => {
  const plane = await createControlPlane({
    store: new MemoryStore({ clock: realClock }),
    clock: realClock,
    log: silent,
    serviceAccountKey: keeper.current.serviceAccountKey,
    authorizationMode: 'Node,RBAC',
    serviceClusterIpRange: '10.96.0.0/16',
    serviceNodePorts: [30000, 32767],
  });
  const tlsOf = () => ({ ...keeper.current.serving, ca: keeper.current.caBundle });
  const http = createHttpServer({ ...plane, tls: tlsOf(), log: silent });
  const port = await http.listen(0, '127.0.0.1');
  keeper.onChange(() => http.reload(tlsOf()));
  const serial = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const client = createHttpClient({
    config: {
      server: `https://127.0.0.1:${port}`,
      get ca() {
        return keeper.current.caBundle;
      },
      get cert() {
        return keeper.current.admin.cert;
      },
      get key() {
        return keeper.current.admin.key;
      },
    },
    userAgent: 'test',
    clock: realClock,
  });
  try {
    const seen: string[] = [];
    const told = new Map<string, () => void>();
    let ended = false;
    const resource = client.resource(configmaps);
    const { metadata } = await resource.list('default');
    const watch = resource.watch(
      'default',
      { resourceVersion: metadata.resourceVersion },
      {
        event(_, { metadata: { name } }) {
          seen.push(name);
          told.get(name)?.();
        },
        end: () => {
          ended = true;
        },
      },
    );
    const create = async (name: string) => {
      const heard = new Promise<void>((resolve) => told.set(name, resolve));
      await resource.create('default', { metadata: { name } });
      await heard;
    };
    await create('before');
    const serials = [await serial()];
    for (const change of [
      () => {
        skipped = 279 * day;
      },
      () => askForRotation(dir, 'ca'),
      () => finishRotation(dir, 'ca'),
    ]) {
      change();
      keeper.check();
      await create(`after-${serials.length}`);
      serials.push(await serial());
    }
    expect(seen).toEqual(['before', 'after-1', 'after-2', 'after-3']);
    expect(ended).toBe(false);
    expect(new Set(serials.slice(0, 3)).size).toBe(3);
    watch.stop();
  } finally {
    await client.close();
    await http.close();
    await plane.close();
  }
});
