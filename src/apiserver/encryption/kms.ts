import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { labelText, type Registry } from '../../utils/metrics.ts';
import { aesGcm, type Cipher, seededGcm } from './ciphers.ts';
import {
  decodeEncryptedObject,
  type EncryptedObject,
  encodeEncryptedObject,
  KmsClient,
  type Wrapped,
} from './kms-client.ts';
import type { Opened, Provider } from './provider.ts';

/** kube-apiserver's: how often a plugin is asked how it is while it is well, and while it is not. Milliseconds. */
const WELL_INTERVAL = 60_000;
const UNWELL_INTERVAL = 10_000;
/** So long after the plugin was last well, values may still be encrypted with what it gave. */
const WRITE_TTL = 180_000;
/** How long a health check believes the last answer, good or bad. */
const WELL_TTL = 20_000;
const UNWELL_TTL = 3_000;
const MAX_KEY_ID = 1024;
const MAX_SOURCE = 1024;
const MAX_ANNOTATIONS = 32 * 1024;
/** Unwrapped seeds; there is one for each key of the plugin and start of a server. */
const MAX_CIPHERS = 4096;
const SEED = 1;

export interface KmsOptions {
  readonly name: string;
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry?: Registry;
}

/** With what values are encrypted at present. */
interface Seed {
  readonly cipher: Cipher;
  readonly wrapped: Wrapped;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/**
 * Envelope encryption (KEP-3299): values are encrypted here with keys of a seed, and the seed is wrapped by a plugin, which
 * keeps the key of keys. The plugin is asked when a server starts, when its key changes, and for seeds of other times;
 * while it is away, what has been read stays readable, and writes go on for three minutes.
 */
export class KmsProvider implements Provider {
  readonly prefix: string;
  readonly #options: KmsOptions;
  readonly #client: KmsClient;
  readonly #ciphers = new Map<string, Promise<Cipher> | Cipher>();
  readonly #metrics: KmsMetrics;
  #seed: Seed | undefined;
  #version: string | undefined;
  #timer: Timer | undefined;
  #health: { readonly problem: string | undefined; readonly until: number } | undefined;
  #asking: Promise<string | undefined> | undefined;
  #closed = false;

  constructor(options: KmsOptions) {
    this.#options = options;
    this.prefix = `k8s:enc:kms:v2:${options.name}:`;
    this.#client = new KmsClient(options.endpoint, options.timeoutMs);
    this.#metrics = new KmsMetrics(options.name, options.registry);
  }

  /** Asks the plugin for the first time, and from now on now and then. Resolves with the first answer, good or bad. */
  async start(): Promise<void> {
    const problem = await this.check();
    if (problem !== undefined) this.#options.log.error({ kms: this.#options.name, error: problem }, 'KMS is not well');
    this.#again(problem);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.stop();
    this.#client.close();
  }

  /** Why the plugin is not well, or undefined. */
  check(): Promise<string | undefined> {
    const health = this.#health;
    if (health && this.#options.clock.now() < health.until) return Promise.resolve(health.problem);
    this.#asking ??= this.#ask().then((problem) => {
      this.#asking = undefined;
      const ttl = problem === undefined ? WELL_TTL : UNWELL_TTL;
      this.#health = { problem, until: this.#options.clock.now() + ttl };
      return problem;
    });
    return this.#asking;
  }

  encrypt(value: Buffer, key: string): Buffer {
    const seed = this.#seed;
    if (!seed) throw new Error('got unexpected nil transformer');
    const now = this.#options.clock.now();
    if (now > seed.expires) {
      throw new Error(
        `encryptedDEKSource with keyID hash "${hashOf(seed.wrapped.keyId)}" expired at ${rfc3339(seed.expires)} ` +
          `(current time is ${rfc3339(now)})`,
      );
    }
    this.#metrics.used('to_storage', seed.wrapped.keyId, now);
    return encodeEncryptedObject(enveloped(seed.wrapped, seed.cipher.encrypt(value, key)));
  }

  decrypt(data: Buffer, key: string): Opened | Promise<Opened> {
    const object = decodeEncryptedObject(data);
    checkObject(object);
    const cipher = this.#cipherOf(object);
    const open = (found: Cipher): Opened => {
      this.#metrics.used('from_storage', object.keyId, this.#options.clock.now());
      const value = found.decrypt(object.encryptedData, key);
      const stale = object.keyId !== this.#seed?.wrapped.keyId || object.encryptedDekSourceType !== SEED;
      return { value, stale };
    };
    return cipher instanceof Promise ? cipher.then(open) : open(cipher);
  }

  #again(problem: string | undefined): void {
    if (this.#closed) return;
    this.#timer = this.#options.clock.after(problem === undefined ? WELL_INTERVAL : UNWELL_INTERVAL, () => {
      this.check().then((found) => {
        if (found !== undefined && found !== problem) {
          this.#options.log.error({ kms: this.#options.name, error: found }, 'KMS is not well');
        }
        this.#again(found);
      });
    });
  }

  async #ask(): Promise<string | undefined> {
    const { name } = this.#options;
    try {
      const { version, healthz, keyId } = await this.#client.status();
      const problems: string[] = [];
      if (healthz !== 'ok') problems.push(`got unexpected healthz status: ${healthz}`);
      if (version !== 'v2' && version !== 'v2beta1') {
        problems.push(`expected KMSv2 API version v2, got ${version}`);
      } else {
        this.#version ??= version;
        if (this.#version !== version) {
          problems.push(
            `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`,
          );
        }
      }
      const wrong = keyIdProblem(keyId);
      if (wrong !== undefined) {
        this.#metrics.invalid(keyId === '' ? 'empty' : 'too_long');
        problems.push(`got invalid KMSv2 KeyID hash "${hashOf(keyId)}": ${wrong}`);
      } else {
        this.#metrics.told(keyId, this.#options.clock.now());
        const failed = await this.#rotate(keyId);
        if (failed !== undefined) problems.push(failed);
      }
      if (problems.length === 0) return undefined;
      const all = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
      return `kmsv2 Provider ${name} is not healthy, error: ${all}`;
    } catch (error) {
      return `failed to perform status section of the healthz check for KMS Provider ${name}, error: ${wordsOf(error)}`;
    }
  }

  /** The seed goes on while the plugin has the same key; a new one is made for another. */
  async #rotate(keyId: string): Promise<string | undefined> {
    const { clock } = this.#options;
    const expires = clock.now() + WRITE_TTL;
    const seed = this.#seed;
    if (seed?.wrapped.keyId === keyId) {
      this.#seed = { ...seed, expires };
      return undefined;
    }
    try {
      const secret = randomBytes(32);
      const wrapped = await this.#client.encrypt(secret, randomUUID());
      checkObject(enveloped(wrapped, secret));
      if (wrapped.keyId !== keyId) {
        return `failed to rotate DEK: the plugin's status names key ${hashOf(keyId)}, but it encrypted with ${hashOf(wrapped.keyId)}`;
      }
      const cipher = seededGcm(secret);
      this.#remember(sourceKey(enveloped(wrapped, secret)), cipher);
      this.#seed = { cipher, wrapped, expires };
      return undefined;
    } catch (error) {
      return `failed to rotate DEK: failed to encrypt DEK, error: ${wordsOf(error)}`;
    }
  }

  #cipherOf(object: EncryptedObject): Cipher | Promise<Cipher> {
    const key = sourceKey(object);
    const known = this.#ciphers.get(key);
    if (known) return known;
    const { keyId, encryptedDekSource: ciphertext, annotations } = object;
    const asked = this.#client.decrypt({ keyId, ciphertext, annotations }, randomUUID()).then(
      (secret) => {
        const cipher = object.encryptedDekSourceType === SEED ? seededGcm(secret) : aesGcm(secret);
        this.#ciphers.set(key, cipher);
        return cipher;
      },
      (error: unknown) => {
        this.#ciphers.delete(key);
        throw new Error(`failed to decrypt DEK, error: ${wordsOf(error)}`);
      },
    );
    this.#metrics.missed();
    this.#remember(key, asked);
    return asked;
  }

  #remember(key: string, cipher: Cipher | Promise<Cipher>): void {
    const [oldest] = this.#ciphers.keys();
    if (this.#ciphers.size >= MAX_CIPHERS && oldest !== undefined) this.#ciphers.delete(oldest);
    this.#ciphers.set(key, cipher);
  }
}

const enveloped = ({ keyId, ciphertext, annotations }: Wrapped, encryptedData: Buffer): EncryptedObject => ({
  encryptedData,
  keyId,
  encryptedDekSource: ciphertext,
  annotations,
  encryptedDekSourceType: SEED,
});

function sourceKey(object: EncryptedObject): string {
  const { encryptedDekSource, encryptedDekSourceType, keyId, annotations } = object;
  const sorted = Object.keys(annotations).sort();
  const parts = sorted.map((name) => [name, annotations[name]?.toString('base64')]);
  return JSON.stringify([encryptedDekSourceType, encryptedDekSource.toString('base64'), keyId, parts]);
}

/** Throws, in Kubernetes' words, for what no plugin may have made. */
function checkObject(object: EncryptedObject): void {
  const { encryptedData, encryptedDekSource: source, encryptedDekSourceType: type, keyId, annotations } = object;
  if (type !== 0 && type !== SEED) throw new Error(`unknown encryptedDEKSourceType: ${type}`);
  if (encryptedData.length === 0) throw new Error('encrypted data is empty');
  if (source.length === 0) throw new Error('failed to validate encrypted DEK source: encrypted DEK source is empty');
  if (source.length > MAX_SOURCE) {
    const size = `encrypted DEK source is ${source.length} bytes, which exceeds the max size of ${MAX_SOURCE}`;
    throw new Error(`failed to validate encrypted DEK source: ${size}`);
  }
  const problem = keyIdProblem(keyId);
  if (problem !== undefined) throw new Error(`failed to validate key id: ${problem}`);
  let total = 0;
  for (const [name, value] of Object.entries(annotations)) {
    if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/.test(name)) {
      const words = 'should be a domain with at least two segments separated by dots';
      throw new Error(`failed to validate annotations: annotations: Invalid value: "${name}": ${words}`);
    }
    total += Buffer.byteLength(name) + value.length;
  }
  if (total > MAX_ANNOTATIONS) {
    const size = `total size of annotations is ${total}, which exceeds the max size of ${MAX_ANNOTATIONS}`;
    throw new Error(`failed to validate annotations: ${size}`);
  }
}

function keyIdProblem(keyId: string): string | undefined {
  if (keyId === '') return 'keyID is empty';
  const length = Buffer.byteLength(keyId);
  return length > MAX_KEY_ID ? `keyID is ${length} bytes, which exceeds the max size of ${MAX_KEY_ID}` : undefined;
}

/** Keys change rarely: the hash of the one asked for last. */
let hashed = { keyId: '', hash: '' };

function hashOf(keyId: string): string {
  if (keyId !== hashed.keyId) {
    hashed = { keyId, hash: `sha256:${createHash('sha256').update(keyId).digest('hex')}` };
  }
  return hashed.hash;
}

const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** https://kubernetes.io/docs/reference/instrumentation/metrics/ */
class KmsMetrics {
  readonly #name: string;
  readonly #total;
  readonly #last;
  readonly #status;
  readonly #invalid;
  readonly #misses;

  constructor(name: string, registry: Registry | undefined) {
    const prefix = 'apiserver_envelope_encryption';
    this.#name = name;
    this.#total = registry?.counter(`${prefix}_key_id_hash_total`, '[ALPHA] Values by the key that guards them.');
    this.#last = registry?.gauge(`${prefix}_key_id_hash_last_timestamp_seconds`, '[ALPHA] When a key was last used.');
    this.#status = registry?.gauge(
      `${prefix}_key_id_hash_status_last_timestamp_seconds`,
      '[ALPHA] When a plugin last named a key as its present one.',
    );
    this.#invalid = registry?.counter(
      `${prefix}_invalid_key_id_from_status_total`,
      '[ALPHA] Names of keys that cannot be, from plugins.',
    );
    this.#misses = registry?.counter(
      'apiserver_storage_envelope_transformation_cache_misses_total',
      '[ALPHA] Values whose key had to be unwrapped by a plugin.',
    );
  }

  used(type: 'to_storage' | 'from_storage', keyId: string, now: number): void {
    if (!this.#total) return;
    const labels = labelText({
      apiserver_id_hash: '',
      key_id_hash: hashOf(keyId),
      provider_name: this.#name,
      transformation_type: type,
    });
    this.#total.add(labels);
    this.#last?.set(labels, now / 1000);
  }

  told(keyId: string, now: number): void {
    const labels = labelText({ apiserver_id_hash: '', key_id_hash: hashOf(keyId), provider_name: this.#name });
    this.#status?.set(labels, now / 1000);
  }

  invalid(error: 'empty' | 'too_long'): void {
    this.#invalid?.add(labelText({ error, provider_name: this.#name }));
  }

  missed(): void {
    this.#misses?.add('');
  }
}
