import { describe, expect, it } from 'vitest';
import { aesCbc, aesGcm, type Cipher, secretbox, seededGcm } from './ciphers.ts';

const key = Buffer.from('0123456789abcdef0123456789abcdef');
const context = '/registry/secrets/default/s';
const text = 'hello, skiff';

/** What k8s.io/apiserver v0.36.1 made of the text with the key and the context. */
const written: readonly (readonly [string, Cipher, string])[] = [
  [
    'AES-GCM, 128 bits',
    aesGcm(key.subarray(0, 16)),
    '9eb5cdf5598f2b87022efaf6b1a8c283ef5af50b45ebe2114edda961f9145ab266fc152c3c0f9de9',
  ],
  [
    'AES-GCM, 192 bits',
    aesGcm(key.subarray(0, 24)),
    'dc7e85ebe7da804e5fd9c2cf2a35940d8dcd540847601d71ec020106053ca089be793bf6d79895d3',
  ],
  [
    'AES-GCM, 256 bits',
    aesGcm(key),
    '327047fcbc98791cd1210e3f3fb73ae47de3ed25313575c842b1984f936fc6773c3634ef4efb4799',
  ],
  [
    'AES-CBC, 128 bits',
    aesCbc(key.subarray(0, 16)),
    '4c4e1fdcc3d5b75eb266fd4a52d4ff2cbbfd9d49e84afcaa78b494d83fb36f94',
  ],
  [
    'AES-CBC, 192 bits',
    aesCbc(key.subarray(0, 24)),
    '8ee753ff90c549ced45b547c25af53f8d3cb058d3f8f0577c758587cff6910dd',
  ],
  ['AES-CBC, 256 bits', aesCbc(key), 'e0bf640631a29f585d60bf69ded670c0681c9788dda86f74e3995bb8f43954fe'],
  [
    'secretbox',
    secretbox(key),
    'b9e15b9c30c2daaac09b203b454c160ffb67a4cafcc0459ea3043d9634bb998f221493fe3b51029df8b281c74258871e7e32ba5e',
  ],
  [
    'AES-GCM of a seed',
    seededGcm(key),
    'b223115478484c42790b5ee2dc785a205272beba16baf5d89d37aef3de3c403fde8fb6d85832ee508b7e2b60c41ba160c1d719fa921fd9a951e8994e91b5f8974e0b2c230db82f81',
  ],
];

describe.each(written)('%s', (name, cipher, hex) => {
  const data = Buffer.from(hex, 'hex');

  it("reads what Kubernetes wrote, and is of its values' length", () => {
    expect(cipher.decrypt(data, context).toString()).toBe(text);
    expect(cipher.encrypt(Buffer.from(text), context)).toHaveLength(data.length);
  });

  it('reads what it wrote, and writes nothing twice alike', () => {
    for (const value of ['', 'x', 'y'.repeat(16), 'z'.repeat(100_000)].map((t) => Buffer.from(t))) {
      const once = cipher.encrypt(value, context);
      expect(cipher.decrypt(once, context).equals(value)).toBe(true);
      expect(cipher.encrypt(value, context).equals(once)).toBe(false);
    }
  });

  it('refuses values that were cut', () => {
    for (let length = 0; length < data.length; length++) {
      // A vector alone, or a text that ends in what looks like padding, is all that CBC can tell.
      if (name.startsWith('AES-CBC') && length === data.length - 16) continue;
      expect(() => cipher.decrypt(data.subarray(0, length), context)).toThrow();
    }
  });

  // CBC authenticates nothing.
  if (name.startsWith('AES-CBC')) return;

  it('refuses values that were changed', () => {
    for (let i = 0; i < data.length; i++) {
      const changed = Buffer.from(data);
      changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
      expect(() => cipher.decrypt(changed, context)).toThrow();
    }
  });

  // secretbox knows no context.
  if (name === 'secretbox') return;

  it('refuses values from another place', () => {
    expect(() => cipher.decrypt(data, '/registry/secrets/default/other')).toThrow(
      'cipher: message authentication failed',
    );
  });
});
