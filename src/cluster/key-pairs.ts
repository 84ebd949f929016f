import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from '../utils/x509.ts';

/** Certificates begin a little in the past, for clients whose clock is behind. Milliseconds. */
export const backdate = 5 * 60_000;

/** Undefined where the file is not there. */
export function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** All or nothing, with mode 0600: a process killed while it writes leaves the old file. */
export function write(path: string, text: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

/**
 * FILE.crt and FILE.key. The key is written before its certificate, so a certificate without a key means that somebody
 * removed the key, and that is an error.
 */
export function readPair(dir: string, file: string): KeyPair | undefined {
  const cert = read(join(dir, `${file}.crt`));
  if (cert === undefined) return undefined;
  const key = read(join(dir, `${file}.key`));
  if (key === undefined) throw new Error(`${join(dir, file)}.crt is there, but ${file}.key is not`);
  return { cert, key };
}

export function writePair(dir: string, file: string, pair: KeyPair): KeyPair {
  write(join(dir, `${file}.key`), pair.key);
  write(join(dir, `${file}.crt`), pair.cert);
  return pair;
}

/** Whether a certificate and a key belong together. Throws where either is none. */
export function matches(pair: KeyPair): boolean {
  return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
}
