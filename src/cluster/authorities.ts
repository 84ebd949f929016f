import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Authority,
  createCertificate,
  generateKey,
  type KeyPair,
  loadAuthority,
  privateKeyPem,
} from '../utils/x509.ts';
import { backdate, matches, read, readPair, write, writePair } from './key-pairs.ts';

const authorityLifetime = 3650 * 86_400_000;

/** An authority that signs, and what others need to believe it. */
export interface Signer {
  readonly pair: KeyPair;
  readonly certificate: X509Certificate;
  /** PEM: itself, and those before it that are still trusted. */
  readonly bundle: string;
  /** PEM: itself, signed by the one before it, for those who know no other; "" where there is none. */
  readonly chain: string;
  /** Parsed when something is to be signed: at most starts nothing is. */
  readonly authority: () => Authority;
}

/*
 * An authority is replaced in steps, each of which may be the last before a power cut. Its successor lies ready as
 * FILE-next; the authority signs it (FILE-cross) and is kept as FILE-previous; the successor takes its place. From then
 * on both are trusted, everything new is signed by the successor, and shown together with FILE-cross, by which those who
 * know only the one before believe it. `finishRotation` ends that.
 */
const names = (dir: string, file: string) => ({
  asked: join(dir, `${file}.rotate`),
  cert: join(dir, `${file}.crt`),
  key: join(dir, `${file}.key`),
  nextCert: join(dir, `${file}-next.crt`),
  nextKey: join(dir, `${file}-next.key`),
  previous: join(dir, `${file}-previous.crt`),
  cross: join(dir, `${file}-cross.crt`),
});

/** Asks for a new authority: the server makes it at once where it runs, else when it starts. Throws where the last is not over. */
export function askForRotation(dir: string, file: string): void {
  const { asked, cert, previous } = names(dir, file);
  if (!existsSync(cert)) throw new Error(`There is no ${cert} yet: it is made when the cluster starts.`);
  if (existsSync(previous)) {
    throw new Error(
      `The authority before this one is still trusted (${previous}): end that first, with "skiff certs rotate --ca --finish".`,
    );
  }
  write(asked, '');
}

export function isRotating(dir: string, file: string): boolean {
  return existsSync(names(dir, file).previous);
}

export function isRotationAsked(dir: string, file: string): boolean {
  return existsSync(names(dir, file).asked);
}

/** Trusts the newest authority alone. Whoever shows, or knows, nothing but the one before it is shut out from now on. */
export function finishRotation(dir: string, file: string): void {
  const { previous, cross } = names(dir, file);
  // In this order: what is not trusted any more must not be shown.
  rmSync(cross, { force: true });
  rmSync(previous, { force: true });
}

/** Reads the authority of `file`, makes it where there is none, and its successor where that was asked for. */
export function ensureAuthority(dir: string, file: string, commonName: string, now: number): Signer {
  const { asked, previous, cross, nextCert } = names(dir, file);
  if (existsSync(nextCert)) replace(dir, file, now);
  let pair = readAuthority(dir, file, now);
  if (!pair) pair = writePair(dir, file, makeAuthority(commonName, now));
  else if (existsSync(asked) && !existsSync(previous)) {
    writePair(dir, `${file}-next`, makeAuthority(`${commonName}@${Math.floor(now / 1000)}`, now));
    replace(dir, file, now);
    pair = readAuthority(dir, file, now) ?? pair;
  }
  rmSync(asked, { force: true });
  const { cert: ownCert } = pair;
  const own = pair;
  let authority: Authority | undefined;
  return {
    pair,
    certificate: new X509Certificate(ownCert),
    bundle: [ownCert, read(previous) ?? ''].filter((text) => text !== '' && !hasEnded(text, now)).join(''),
    chain: chainFor(ownCert, read(cross), now),
    authority: () => {
      authority ??= loadAuthority(own);
      return authority;
    },
  };
}

/** Puts FILE-next in the place of FILE. Ends what was begun before, wherever that was left. */
function replace(dir: string, file: string, now: number): void {
  const { cert, key, nextCert, nextKey, previous, cross } = names(dir, file);
  if (existsSync(nextKey)) {
    const current = readPair(dir, file);
    const next = readPair(dir, `${file}-next`);
    if (!current || !next) throw new Error(`${cert} is not there, but its successor ${nextCert} is`);
    write(cross, crossSigned(next, current, now));
    write(previous, current.cert);
    renameSync(nextKey, key);
  }
  renameSync(nextCert, cert);
}

/** What crosses over to the authority, if it is for this one: after a crash between two steps it may be for none. */
function chainFor(cert: string, cross: string | undefined, now: number): string {
  if (cross === undefined || hasEnded(cross, now)) return '';
  const [one, other] = [new X509Certificate(cert), new X509Certificate(cross)];
  return one.publicKey.equals(other.publicKey) ? cross : '';
}

const hasEnded = (cert: string, now: number) => new X509Certificate(cert).validToDate.getTime() <= now;

function readAuthority(dir: string, file: string, now: number): KeyPair | undefined {
  const existing = readPair(dir, file);
  if (!existing) return undefined;
  const path = join(dir, `${file}.crt`);
  if (!matches(existing)) throw new Error(`${path} and ${file}.key do not belong together; restore them from a backup`);
  const end = new X509Certificate(existing.cert).validToDate;
  if (end.getTime() <= now) throw new Error(`the certificate authority ${path} ended at ${end.toISOString()}`);
  return existing;
}

const authorityUsages = ['digital signature', 'key encipherment', 'cert sign'] as const;

function makeAuthority(commonName: string, now: number): KeyPair {
  const { publicKey, privateKey } = generateKey();
  const cert = createCertificate({
    subject: { commonName, organizations: [] },
    publicKey,
    signingKey: privateKey,
    notBefore: now - backdate,
    notAfter: now + authorityLifetime,
    isCa: true,
    usages: authorityUsages,
    names: { dns: [commonName.replace(/@.*/, '')] },
  });
  return { cert, key: privateKeyPem(privateKey) };
}

function crossSigned(next: KeyPair, by: KeyPair, now: number): string {
  const authority = loadAuthority(by);
  const [, commonName = ''] = /^CN=(.*)$/m.exec(new X509Certificate(next.cert).subject) ?? [];
  return createCertificate({
    subject: { commonName, organizations: [] },
    publicKey: createPublicKey(createPrivateKey(next.key)),
    issuer: authority,
    signingKey: authority.key,
    notBefore: now - backdate,
    notAfter: Math.min(now + authorityLifetime, authority.notAfter),
    isCa: true,
    usages: authorityUsages,
  });
}
