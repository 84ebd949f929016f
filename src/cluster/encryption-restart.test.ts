import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Secret, secrets } from '../api/core/v1.gen.ts';
import { Encryption } from '../apiserver/encryption/encryption.ts';
import type { ResourceClient } from '../client/client.ts';
import { LmdbStore } from '../store/lmdb.ts';
import { realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { generateKey, privateKeyPem } from '../utils/x509.ts';
import { createControlPlane } from './control-plane.ts';

const serviceAccountKey = privateKeyPem(generateKey().privateKey);
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skiff-encrypted-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const keys = (n: number) => ({ keys: [{ name: `k${n}`, secret: Buffer.alloc(32, n).toString('base64') }] });

/** A control plane over the same files each time, with these providers for secrets. */
async function running<T>(
  providers: readonly object[],
  use: (client: ResourceClient<Secret>) => Promise<T>,
): Promise<T> {
  const path = join(directory, 'encryption.yaml');
  const kind = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration' };
  writeFileSync(path, JSON.stringify({ ...kind, resources: [{ resources: ['secrets'], providers }] }));
  const encryption = await Encryption.load({ path, reload: false, clock: realClock, log: silent });
  const store = await LmdbStore.open({ path: join(directory, 'store'), clock: realClock, log: silent });
  try {
    const plane = await createControlPlane({
      store,
      encryption,
      clock: realClock,
      log: silent,
      serviceAccountKey,
      authorizationMode: 'AlwaysAllow',
      serviceClusterIpRange: '10.96.0.0/16',
      serviceNodePorts: [30000, 32767],
    });
    try {
      return await use(plane.client('test').resource(secrets));
    } finally {
      await plane.close();
    }
  } finally {
    encryption.close();
    await store.close();
  }
}

/** What of these words stands in the store's files, history and unused pages included. */
function onDisk(words: readonly string[]): readonly string[] {
  const store = join(directory, 'store');
  const files = readdirSync(store).map((name) => readFileSync(join(store, name)).toString('latin1'));
  return words.filter((word) => files.some((text) => text.includes(word)));
}

const encoded = (text: string) => Buffer.from(text).toString('base64');
const word = { created: 'a word that was created', updated: 'a word that was updated', plain: 'a word in the clear' };

test('no secret is on disk that was written with encryption on, whatever became of it', async () => {
  await running([{ aesgcm: keys(1) }], async (client) => {
    const made = await client.create('default', { metadata: { name: 's' }, data: { a: encoded(word.created) } });
    await client.update({ ...made, data: { a: encoded(word.updated) } });
    await client.delete('default', 's');
    await client.create('default', { metadata: { name: 't' }, data: { a: encoded(word.created) } });
  });
  expect(onDisk([encoded(word.created), encoded(word.updated)])).toEqual([]);
});

test('secrets are read after restarts with other keys, and an update that changes nothing encrypts them anew', async () => {
  await running([{ identity: {} }], (client) =>
    client.create('default', { metadata: { name: 's' }, data: { a: encoded(word.plain) } }),
  );
  expect(onDisk([encoded(word.plain)])).toHaveLength(1);
  await running([{ secretbox: keys(2) }, { identity: {} }], async (client) => {
    const found = await client.get('default', 's');
    expect(found.data).toEqual({ a: encoded(word.plain) });
    const again = await client.update(found);
    expect(again.metadata.resourceVersion).not.toBe(found.metadata.resourceVersion);
    // It is not stale any more.
    expect((await client.update(again)).metadata.resourceVersion).toBe(again.metadata.resourceVersion);
  });
  await running([{ secretbox: keys(2) }], async (client) => {
    expect((await client.get('default', 's')).data).toEqual({ a: encoded(word.plain) });
  });
});

test('a server without the key does not start, and says which secret it cannot read', async () => {
  await running([{ aescbc: keys(1) }], (client) =>
    client.create('default', { metadata: { name: 's' }, data: { a: encoded(word.plain) } }),
  );
  await expect(running([{ aescbc: keys(2) }], async () => {})).rejects.toThrow(
    'unable to transform key "/registry/secrets/default/s": no matching key was found for the provided AES transformer',
  );
});
