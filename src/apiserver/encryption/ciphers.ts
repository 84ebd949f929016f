/**
 * The ciphers that take a key from the configuration, byte for byte as kube-apiserver writes them.
 * https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#providers
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import type { Opened } from './provider.ts';

/** A cipher with its key. `context` is authenticated with the value and not stored. */
export interface Cipher {
  encrypt(value: Buffer, context: string): Buffer;
  decrypt(data: Buffer, context: string): Buffer;
}

const tooShort = 'the stored data was shorter than the required size';
const GCM_NONCE = 12;
const GCM_TAG = 16;

/** AES-GCM with a random nonce before the text and the tag behind it. Keys of 16, 24 or 32 bytes. */
export function aesGcm(key: Buffer): Cipher {
  const name = gcmName(key);
  return {
    encrypt(value, context) {
      const nonce = randomBytes(GCM_NONCE);
      const cipher = createCipheriv(name, key, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt(data, context) {
      if (data.length < GCM_NONCE) throw new Error(tooShort);
      if (data.length < GCM_NONCE + GCM_TAG) throw new Error(notAuthentic);
      const end = data.length - GCM_TAG;
      const decipher = createDecipheriv(name, key, data.subarray(0, GCM_NONCE), { authTagLength: GCM_TAG })
        .setAAD(Buffer.from(context))
        .setAuthTag(data.subarray(end));
      return authentic(() => Buffer.concat([decipher.update(data.subarray(GCM_NONCE, end)), decipher.final()]));
    },
  };
}

const notAuthentic = 'cipher: message authentication failed';

function authentic(open: () => Buffer): Buffer {
  try {
    return open();
  } catch {
    throw new Error(notAuthentic);
  }
}

function gcmName(key: Buffer): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  if (key.length === 16) return 'aes-128-gcm';
  return key.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
}

const BLOCK = 16;

/** AES-CBC with a random vector before the text, padded as PKCS #7 has it. It does not tell who changed a value. */
export function aesCbc(key: Buffer): Cipher {
  const name = `aes-${key.length * 8}-cbc`;
  return {
    encrypt(value) {
      const vector = randomBytes(BLOCK);
      const cipher = createCipheriv(name, key, vector);
      return Buffer.concat([vector, cipher.update(value), cipher.final()]);
    },
    decrypt(data) {
      if (data.length < BLOCK) throw new Error(tooShort);
      if (data.length % BLOCK !== 0) throw new Error('the stored data is not a multiple of the block size');
      if (data.length === BLOCK) throw new Error('invalid PKCS7 data (empty or not padded)');
      const decipher = createDecipheriv(name, key, data.subarray(0, BLOCK));
      try {
        return Buffer.concat([decipher.update(data.subarray(BLOCK)), decipher.final()]);
      } catch {
        throw new Error('invalid padding on input');
      }
    },
  };
}

const BOX_NONCE = 24;
const BOX_OVERHEAD = 16;

/** XSalsa20 and Poly1305 with a random nonce before the box. Keys of 32 bytes. */
export function secretbox(key: Buffer): Cipher {
  return {
    encrypt(value) {
      const nonce = randomBytes(BOX_NONCE);
      return Buffer.concat([nonce, xsalsa20poly1305(key, nonce).encrypt(value)]);
    },
    decrypt(data) {
      if (data.length < BOX_NONCE + BOX_OVERHEAD) throw new Error(tooShort);
      try {
        return Buffer.from(xsalsa20poly1305(key, data.subarray(0, BOX_NONCE)).decrypt(data.subarray(BOX_NONCE)));
      } catch {
        throw new Error('output array was not large enough for encryption');
      }
    },
  };
}

const INFO = 32;

/**
 * AES-256-GCM with a key of its own for every value, made of a seed and 32 random bytes that stand before the text: no
 * number of values wears the seed out (KEP-3299).
 */
export function seededGcm(seed: Buffer): Cipher {
  // One block of HKDF's second step (RFC 5869) is as long as the key; the seed is random, so that the first is not needed.
  const derived = (info: Buffer) => aesGcm(createHmac('sha256', seed).update(info).update(Uint8Array.of(1)).digest());
  return {
    encrypt(value, context) {
      const info = randomBytes(INFO);
      return Buffer.concat([info, derived(info).encrypt(value, context)]);
    },
    decrypt(data, context) {
      if (data.length < INFO) throw new Error(tooShort);
      return derived(data.subarray(0, INFO)).decrypt(data.subarray(INFO), context);
    },
  };
}

/** A cipher as one of a provider's keys, by its name. */
export function named(name: string, cipher: Cipher) {
  return {
    prefix: `${name}:`,
    encrypt: (value: Buffer, key: string): Buffer => cipher.encrypt(value, key),
    decrypt: (data: Buffer, key: string): Opened => ({ value: cipher.decrypt(data, key), stale: false }),
  };
}
