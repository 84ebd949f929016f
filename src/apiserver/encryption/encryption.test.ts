import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { model } from '../../api/model.ts';
import { storeConformance } from '../../store/conformance.ts';
import { MemoryStore } from '../../store/memory.ts';
import { FakeClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { buildResourceTable } from '../resource-table.ts';
import { strategies } from '../strategies/index.ts';
import { aesGcm, named } from './ciphers.ts';
import { EncryptedStore } from './encrypted-store.ts';
import { Encryption } from './encryption.ts';
import { inOrder, type Provider } from './provider.ts';

const resources = buildResourceTable(model, strategies);
let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-encryption-'));
  path = join(dir, 'encryption.yaml');
});
afterEach(() => rmSync(dir, { recursive: true }));

const key = (n: number) => Buffer.alloc(32, n).toString('base64');
const entry = (names: readonly string[], ...providers: object[]) => ({ resources: names, providers });
const keyed = (...keys: readonly number[]) => ({ keys: keys.map((n) => ({ name: `k${n}`, secret: key(n) })) });
const text = (...list: object[]) =>
  JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources: list });

async function load(content: string, clock = new FakeClock(), reload = false): Promise<Encryption> {
  writeFileSync(path, content);
  return Encryption.load({ path, reload, clock, log: silent });
}

const sealing: Provider = inOrder('', [{ ...named('k', aesGcm(Buffer.alloc(32, 1))), prefix: 'k8s:enc:t:' }], '');
storeConformance('EncryptedStore', async () => {
  const clock = new FakeClock();
  return { store: new EncryptedStore(new MemoryStore({ clock }), () => sealing, silent), clock };
});
/** As a plugin that has to be asked for each value: everything must still come in order. */
const slow: Provider = {
  ...sealing,
  decrypt: async (data, at) => {
    await new Promise((resolve) => setImmediate(resolve));
    return sealing.decrypt(data, at);
  },
};
storeConformance('EncryptedStore that waits', async () => {
  const clock = new FakeClock();
  return { store: new EncryptedStore(new MemoryStore({ clock }), () => slow, silent), clock };
});

describe('a configuration', () => {
  it.each<readonly [string, string, string]>([
    ['no resources', text(), 'resources: Required value: at least one resources is required'],
    [
      'no providers',
      text({ resources: ['secrets'] }),
      'resources[0].providers: Required value: at least one resources[0].providers is required',
    ],
    [
      'two providers in one',
      text(entry(['secrets'], { identity: {}, aescbc: keyed(1) })),
      'more than one provider specified in a single element, should split into different list elements',
    ],
    ['an empty provider', text(entry(['secrets'], {})), 'provider does not contain any of the expected providers'],
    [
      'a key of another length',
      text(entry(['secrets'], { secretbox: { keys: [{ name: 'a', secret: 'c2hvcnQ=' }] } })),
      'resources[0].providers[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of [32]',
    ],
    [
      'no base64',
      text(entry(['secrets'], { aesgcm: { keys: [{ name: 'a', secret: '!' }] } })),
      'Invalid value: "REDACTED": secrets must be base64 encoded',
    ],
    [
      'a star',
      text(entry(['*'], { identity: {} })),
      "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources",
    ],
    [
      'one resource twice',
      text(entry(['secrets', 'secrets'], { identity: {} })),
      'the same resource cannot be specified multiple times',
    ],
    [
      'what another entry of the list covers',
      text(entry(['secrets', '*.'], { identity: {} })),
      "using overlapping resources such as 'secrets' and '*.'",
    ],
    [
      'what an earlier rule covers',
      text(entry(['*.*'], { identity: {} }), entry(['secrets'], { identity: {} })),
      'resource "secrets" is masked by earlier rule "*.*"',
    ],
    [
      'a socket that is none',
      text(entry(['secrets'], { kms: { apiVersion: 'v2', name: 'k', endpoint: 'tcp://h:1' } })),
      'unsupported scheme "tcp" for KMS provider, only unix is supported',
    ],
    [
      'KMS v1',
      text(entry(['secrets'], { kms: { name: 'k', endpoint: 'unix:///s' } })),
      'KMSv1 is deprecated and will only receive security updates going forward',
    ],
    ['an unknown field', text({ resorces: [] }), 'unknown field "resources[0].resorces"'],
  ])('is refused with %s, and shows no key', async (_what, content, words) => {
    const error = await load(content).then(
      () => undefined,
      (e: Error) => e,
    );
    expect(error?.message).toContain(`--encryption-provider-config: ${path}: `);
    expect(error?.message).toContain(words);
    expect(error?.message).not.toContain(key(1));
  });

  it('takes the narrowest rule for a resource', async () => {
    const config = text(
      entry(['secrets'], { aescbc: keyed(1) }),
      entry(['*.apps'], { secretbox: keyed(2) }),
      entry(['*.*'], { aesgcm: keyed(3) }),
    );
    const prefix = (encryption: Encryption, group: string, resource: string) =>
      /^k8s:enc:(\w+):/.exec(encryption.of(group, resource).encrypt(Buffer.from('x'), 'k').toString('latin1'))?.[1];
    const encryption = await load(config);
    expect(prefix(encryption, '', 'secrets')).toBe('aescbc');
    expect(prefix(encryption, 'apps', 'deployments')).toBe('secretbox');
    expect(prefix(encryption, '', 'pods')).toBe('aesgcm');
    expect(prefix(encryption, 'batch', 'jobs')).toBe('aesgcm');
  });
});

describe('values of secrets', () => {
  const at = '/registry/secrets/default/s';
  const plain = '{"data":"c2VzYW1l"}';
  let disk: MemoryStore;
  beforeEach(() => {
    disk = new MemoryStore();
  });
  afterEach(() => disk.close());
  const over = (encryption: Encryption) => new EncryptedStore(disk, encryption.byKey(resources), silent);
  const write = (store: EncryptedStore) => store.txn([{ type: 'put', key: at, value: Buffer.from(plain) }]);
  const onDisk = async () => (await disk.get(at))?.value.toString('latin1') ?? '';

  test('are not on disk, are read by keys of other times, and are stale until they are written anew', async () => {
    const old = over(await load(text(entry(['secrets'], { aescbc: keyed(1) }))));
    await write(old);
    expect(await onDisk()).toMatch(/^k8s:enc:aescbc:v1:k1:/);
    expect(await onDisk()).not.toContain('c2VzYW1l');
    expect((await old.get(at))?.value.toString()).toBe(plain);
    expect(await old.stale(at)).toBe(false);

    const two = over(
      await load(text(entry(['secrets'], { aesgcm: keyed(2) }, { aescbc: keyed(1) }, { identity: {} }))),
    );
    expect((await two.get(at))?.value.toString()).toBe(plain);
    expect(await two.stale(at)).toBe(true);
    await write(two);
    expect(await onDisk()).toMatch(/^k8s:enc:aesgcm:v1:k2:/);
    expect(await two.stale(at)).toBe(false);

    const other = over(await load(text(entry(['secrets'], { aesgcm: keyed(3) }))));
    await expect(other.get(at)).rejects.toThrow(
      `unable to transform key "${at}": no matching key was found for the provided AES transformer`,
    );
    const wrong = { aesgcm: { keys: [{ name: 'k2', secret: key(9) }] } };
    await expect(over(await load(text(entry(['secrets'], wrong)))).get(at)).rejects.toThrow(
      'cipher: message authentication failed',
    );
    const none = over(await load(text(entry(['configmaps'], { aesgcm: keyed(2) }))));
    await expect(none.get(at)).rejects.toThrow('identity transformer tried to read encrypted data');
  });

  test('that were never encrypted are read with identity, and stale', async () => {
    await disk.txn([{ type: 'put', key: at, value: Buffer.from(plain) }]);
    const store = over(await load(text(entry(['secrets'], { secretbox: keyed(1) }, { identity: {} }))));
    expect((await store.get(at))?.value.toString()).toBe(plain);
    expect(await store.stale(at)).toBe(true);
    const strict = over(await load(text(entry(['secrets'], { secretbox: keyed(1) }))));
    await expect(strict.get(at)).rejects.toThrow('no matching prefix found');
  });

  test('go by a file that is changed while the server runs; a bad one changes nothing', async () => {
    const clock = new FakeClock();
    const encryption = await load(text(entry(['secrets'], { aescbc: keyed(1) })), clock, true);
    const store = over(encryption);
    writeFileSync(path, text(entry(['secrets'], {})));
    await clock.advance(60_000);
    await write(store);
    expect(await onDisk()).toMatch(/^k8s:enc:aescbc:v1:k1:/);
    writeFileSync(path, text(entry(['secrets'], { secretbox: keyed(2) }, { aescbc: keyed(1) })));
    await clock.advance(60_000);
    expect((await store.get(at))?.value.toString()).toBe(plain);
    await write(store);
    expect(await onDisk()).toMatch(/^k8s:enc:secretbox:v1:k2:/);
    encryption.close();
  });
});
