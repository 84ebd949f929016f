import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { askForRotation, finishRotation, isRotating, isRotationAsked } from './authorities.ts';
import { clusterPaths } from './paths.ts';

const day = 86_400_000;
/** How long a server that runs is waited for, and how often it is looked for. Milliseconds. */
const patience = 5_000;
const look = 50;

export interface CertificateStatus {
  /** What `skiff certs rotate` calls it. */
  readonly name: string;
  readonly subject: string;
  readonly signedBy: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Whole days until then. */
  readonly daysLeft: number;
  readonly isAuthority: boolean;
}

/** Every certificate of the cluster on this machine, authorities first. Throws where there is no cluster. */
export function certificateStatus(dataDir: string, now: number): CertificateStatus[] {
  const { certificates: dir, kubeletCertificates } = clusterPaths(dataDir);
  const own = files(dir)
    .filter((file) => file.endsWith('.crt') && !file.endsWith('-next.crt'))
    .map((file) => describe(join(dir, file), file.slice(0, -'.crt'.length), now));
  const kubelet = files(kubeletCertificates)
    .filter((file) => file.endsWith('-current.pem'))
    .map((file) => describe(join(kubeletCertificates, file), file.slice(0, -'-current.pem'.length), now));
  if (own.length + kubelet.length === 0) throw new Error(noCluster(dataDir));
  return [...own, ...kubelet].sort(
    (a, b) => Number(b.isAuthority) - Number(a.isAuthority) || (a.name < b.name ? -1 : 1),
  );
}

const noCluster = (dataDir: string) => `There are no certificates in ${dataDir}: start a cluster with "skiff up".`;

function files(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'EACCES') throw new Error(`Only the owner may read ${dir}: try again with sudo.`);
    throw error;
  }
}

function describe(path: string, name: string, now: number): CertificateStatus {
  const { subject, issuer, validToDate, ca } = new X509Certificate(readFileSync(path));
  const expires = validToDate.getTime();
  return {
    name,
    subject: oneLine(subject),
    signedBy: oneLine(issuer).replace(/^CN=/, ''),
    expires,
    daysLeft: Math.floor((expires - now) / day),
    isAuthority: ca,
  };
}

const oneLine = (name: string | undefined) => (name ?? '').replaceAll('\n', ',');

/** What became of a wish: the server that runs has fulfilled it, or one that starts will. */
export type Outcome = 'done' | 'at-next-start';

/**
 * Has certificates made anew; none named: all but the authorities. The one before stays good until it ends: this is no
 * revocation. Throws for names that are none of a certificate that can be renewed.
 */
export async function rotateCertificates(dataDir: string, names: readonly string[]): Promise<Outcome> {
  const { certificates: dir } = clusterPaths(dataDir);
  const leaves = certificateStatus(dataDir, Date.now())
    .filter(({ isAuthority, name }) => !isAuthority && files(dir).includes(`${name}.crt`))
    .map(({ name }) => name);
  for (const name of names) {
    if (leaves.includes(name)) continue;
    if (/^(front-proxy-)?ca$/.test(name)) throw new Error(`"${name}" is an authority: skiff certs rotate --ca`);
    throw new Error(`There is no certificate "${name}" to be renewed here: choose one of ${leaves.join(', ')}.`);
  }
  const chosen = (names.length > 0 ? names : leaves).map((name) => join(dir, `${name}.crt`));
  // A certificate that is missing is made, by the server that runs or the next.
  for (const path of chosen) rmSync(path, { force: true });
  return eventually(() => chosen.every((path) => exists(path)));
}

/** Has a new authority made, which signs everything from now on, while the one before is still trusted. */
export function rotateAuthority(dataDir: string): Promise<Outcome> {
  const { certificates: dir } = clusterPaths(dataDir);
  askForRotation(dir, 'ca');
  return eventually(() => !isRotationAsked(dir, 'ca'));
}

/** Ends the trust in the authority before this one. Throws where there is none. */
export function finishAuthorityRotation(dataDir: string): void {
  const { certificates: dir } = clusterPaths(dataDir);
  if (!isRotating(dir, 'ca')) throw new Error('There is no authority before this one that is still trusted.');
  finishRotation(dir, 'ca');
}

export function isAuthorityRotating(dataDir: string): boolean {
  return isRotating(clusterPaths(dataDir).certificates, 'ca');
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

async function eventually(isDone: () => boolean): Promise<Outcome> {
  for (let waited = 0; waited < patience; waited += look) {
    if (isDone()) return 'done';
    await new Promise((resolve) => setTimeout(resolve, look));
  }
  return 'at-next-start';
}
