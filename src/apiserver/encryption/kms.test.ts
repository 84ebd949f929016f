import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { Registry } from '../../utils/metrics.ts';
import { aesGcm } from './ciphers.ts';
import { KmsProvider } from './kms.ts';
import { kmsProto, type Wrapped } from './kms-client.ts';

/** A plugin on a socket: keys of keys in memory, one in use. */
class Plugin {
  keyId = 'one';
  healthz = 'ok';
  version = 'v2';
  /** What Encrypt says, where that is not keyId. */
  encryptsWith: string | undefined;
  readonly calls: string[] = [];
  #server: Server | undefined;
  readonly #keys = new Map<string, ReturnType<typeof aesGcm>>();

  async listen(socket: string): Promise<void> {
    const server = new Server();
    type Service = Parameters<Server['addService']>[0];
    const answer =
      <Q, R>(name: string, make: (request: Q) => R) =>
      (call: ServerUnaryCall<Q, R>, done: sendUnaryData<R>) => {
        this.calls.push(name);
        try {
          done(null, make(call.request));
        } catch (error) {
          done({ code: status.INTERNAL, details: (error as Error).message });
        }
      };
    // proto-loader types services and messages as one union.
    server.addService(kmsProto['v2.KeyManagementService'] as unknown as Service, {
      Status: answer('Status', () => ({ version: this.version, healthz: this.healthz, keyId: this.keyId })),
      Encrypt: answer('Encrypt', ({ plaintext }: { plaintext: Buffer }) => {
        const keyId = this.encryptsWith ?? this.keyId;
        const ciphertext = this.#key(keyId).encrypt(plaintext, '');
        return { ciphertext, keyId, annotations: { 'kms.example.com': Buffer.from('a') } };
      }),
      Decrypt: answer('Decrypt', ({ ciphertext, keyId, annotations }: Wrapped) => {
        if (annotations['kms.example.com']?.toString() !== 'a') throw new Error('the annotation is missing');
        return { plaintext: this.#key(keyId).decrypt(ciphertext, '') };
      }),
    });
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(socket, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
    );
    this.#server = server;
  }

  close(): void {
    this.#server?.forceShutdown();
  }

  #key(id: string) {
    const found = this.#keys.get(id) ?? aesGcm(Buffer.alloc(32, id));
    this.#keys.set(id, found);
    return found;
  }
}

let dir: string;
let endpoint: string;
let plugin: Plugin;
let clock: FakeClock;
const providers: KmsProvider[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-kms-'));
  endpoint = `unix://${join(dir, 'kms.sock')}`;
  clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z'));
  plugin = new Plugin();
  await plugin.listen(endpoint);
});
afterEach(() => {
  for (const provider of providers.splice(0)) provider.close();
  plugin.close();
  rmSync(dir, { recursive: true });
});

async function start(registry?: Registry): Promise<KmsProvider> {
  const provider = new KmsProvider({ name: 'p', endpoint, timeoutMs: 3000, clock, log: silent, registry });
  providers.push(provider);
  await provider.start();
  return provider;
}
const value = Buffer.from('a secret');
const at = '/registry/secrets/default/s';
const open = async (provider: KmsProvider, data: Buffer) => {
  const opened = await provider.decrypt(data, at);
  return [opened.value.toString(), opened.stale];
};

describe('a KMS plugin', () => {
  it('wraps one seed, and is not asked for values', async () => {
    const provider = await start();
    expect(provider.prefix).toBe('k8s:enc:kms:v2:p:');
    const all = Array.from({ length: 20 }, () => provider.encrypt(value, at));
    for (const data of all) {
      expect(data.includes(value)).toBe(false);
      expect(provider.decrypt(data, at)).toEqual({ value, stale: false });
    }
    expect(() => provider.decrypt(all[0] as Buffer, 'elsewhere')).toThrow('message authentication failed');
    expect(plugin.calls).toEqual(['Status', 'Encrypt']);
  });

  it('unwraps the seed of another time once, for all that ask at a time', async () => {
    const data = (await start()).encrypt(value, at);
    const registry = new Registry();
    const next = await start(registry);
    plugin.calls.length = 0;
    expect(await Promise.all([open(next, data), open(next, data), open(next, data)])).toEqual([
      ['a secret', false],
      ['a secret', false],
      ['a secret', false],
    ]);
    expect(next.decrypt(data, at)).not.toBeInstanceOf(Promise);
    expect(plugin.calls).toEqual(['Decrypt']);
    const lines: string[] = [];
    registry.render(lines);
    expect(lines).toContain('apiserver_storage_envelope_transformation_cache_misses_total 1');
    expect(lines.some((line) => line.includes('provider_name="p"') && line.includes('key_id_hash="sha256:'))).toBe(
      true,
    );
  });

  it('that has a new key gives a new seed, and makes what was before stale', async () => {
    const provider = await start();
    const old = provider.encrypt(value, at);
    plugin.keyId = 'two';
    await clock.advance(60_000);
    expect(await provider.check()).toBeUndefined();
    expect(await open(provider, old)).toEqual(['a secret', true]);
    expect(await open(provider, provider.encrypt(value, at))).toEqual(['a secret', false]);
  });

  it('that is away holds up no reading, and writing after three minutes', async () => {
    const provider = await start();
    const old = provider.encrypt(value, at);
    plugin.healthz = 'sealed';
    await clock.advance(20_001);
    expect(await provider.check()).toBe(
      'kmsv2 Provider p is not healthy, error: got unexpected healthz status: sealed',
    );
    plugin.version = 'v9';
    plugin.keyId = '';
    await clock.advance(170_000);
    expect(await provider.check()).toContain('expected KMSv2 API version v2, got v9');
    await clock.advance(60_000);
    expect(() => provider.encrypt(value, at)).toThrow(
      /^encryptedDEKSource with keyID hash "sha256:.*" expired at 2026-/,
    );
    expect(await open(provider, old)).toEqual(['a secret', false]);
  });

  it('that encrypts with another key than it names is not well', async () => {
    plugin.encryptsWith = 'other';
    const provider = await start();
    expect(await provider.check()).toContain('failed to rotate DEK');
    expect(() => provider.encrypt(value, at)).toThrow('got unexpected nil transformer');
  });

  it('that comes up after the server is found', async () => {
    plugin.close();
    const provider = new KmsProvider({ name: 'p', endpoint, timeoutMs: 50, clock, log: silent });
    providers.push(provider);
    await provider.start();
    expect(await provider.check()).toContain(
      'failed to perform status section of the healthz check for KMS Provider p',
    );
    rmSync(join(dir, 'kms.sock'), { force: true });
    plugin = new Plugin();
    await plugin.listen(endpoint);
    for (let i = 0; i < 100 && (await provider.check()) !== undefined; i++) {
      await clock.advance(10_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(provider.decrypt(provider.encrypt(value, at), at)).toEqual({ value, stale: false });
  });

  it('that knows the key of keys no more fails what needs it, and is asked again', async () => {
    const data = (await start()).encrypt(value, at);
    const next = await start();
    plugin.close();
    await expect(open(next, data)).rejects.toThrow('failed to decrypt DEK, error: ');
    expect(() => next.decrypt(Buffer.from('no protobuf'), at)).toThrow();
  });
});
