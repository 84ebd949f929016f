import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../utils/clock.ts';
import { realClock } from '../utils/clock.ts';
import {
  type Authority,
  createCertificate,
  type ExtendedKeyUsage,
  generateKey,
  type KeyPair,
  type KeyUsage,
  keyUsages,
  loadAuthority,
  parseCertificateRequest,
  privateKeyPem,
  type Subject,
} from '../utils/x509.ts';

const day = 86_400_000;
const authorityLifetime = 3650 * day;
const leafLifetime = 365 * day;
/** A leaf is made anew when less than this is left of it. */
const renewBefore = 30 * day;
/** Certificates begin a little in the past, for clients whose clock is behind. */
const backdate = 5 * 60_000;

export interface CertificateNames {
  /** Besides "kubernetes", its service names and "localhost". */
  readonly hostnames: readonly string[];
  /** Besides 127.0.0.1 and ::1; the kubernetes service's IP belongs here. */
  readonly ips: readonly string[];
  /** Makes a node's client and serving certificates too. */
  readonly node?: { readonly name: string; readonly ips: readonly string[] };
  /** DNS domain of the cluster; default "cluster.local". */
  readonly clusterDomain?: string;
}

/** What a control plane needs to prove who it is, after https://kubernetes.io/docs/setup/best-practices/certificates/. */
export interface ClusterCertificates {
  /** Signs everything below but the front proxy's client. */
  readonly ca: KeyPair;
  /** The API server's own. */
  readonly serving: KeyPair;
  /** Shows that a request comes from the aggregating API server (requestheader-client-ca). */
  readonly frontProxyCa: KeyPair;
  readonly frontProxyClient: KeyPair;
  /** Member of system:masters. */
  readonly admin: KeyPair;
  readonly controllerManager: KeyPair;
  readonly scheduler: KeyPair;
  /** Every node's service proxy, name server and routes. */
  readonly proxy: KeyPair;
  /** With which the API server calls kubelets. */
  readonly kubeletClient: KeyPair;
  /** The node's, where `names.node` was given. */
  readonly node?: { readonly client: KeyPair; readonly serving: KeyPair };
  /** PEM private key that signs service account tokens. */
  readonly serviceAccountKey: string;
}

/**
 * Reads the cluster's certificates from `dir`, and makes those that are missing, near their end, for other names than
 * asked, or not of this authority. Authorities are made once and never replaced: a damaged one is an error, because a
 * new one would lock every existing client out. Files have mode 0600, the directory 0700.
 */
export function ensureCertificates(
  dir: string,
  names: CertificateNames,
  clock: Pick<Clock, 'now'> = realClock,
): ClusterCertificates {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const now = clock.now();
  const ca = ensureAuthority(dir, 'ca', 'kubernetes', now);
  const frontProxyCa = ensureAuthority(dir, 'front-proxy-ca', 'front-proxy-ca', now);
  const issuer = signerOf(ca);
  const leaf = (file: string, wanted: Leaf) => ensureLeaf(dir, file, wanted, issuer, now);
  const client = (commonName: string, ...organizations: string[]): Leaf => ({
    subject: { commonName, organizations },
    usage: 'client auth',
  });
  const domain = names.clusterDomain ?? 'cluster.local';
  const dns = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${domain}`];
  const { node } = names;
  return {
    ca,
    frontProxyCa,
    serving: leaf('apiserver', {
      subject: { commonName: 'kube-apiserver', organizations: [] },
      usage: 'server auth',
      dns: [...dns, 'localhost', ...names.hostnames],
      ips: ['127.0.0.1', '::1', ...names.ips],
    }),
    frontProxyClient: ensureLeaf(dir, 'front-proxy-client', client('front-proxy-client'), signerOf(frontProxyCa), now),
    admin: leaf('admin', client('kubernetes-admin', 'system:masters')),
    controllerManager: leaf('controller-manager', client('system:kube-controller-manager')),
    scheduler: leaf('scheduler', client('system:kube-scheduler')),
    proxy: leaf('kube-proxy', client('system:kube-proxy')),
    kubeletClient: leaf('apiserver-kubelet-client', client('kube-apiserver-kubelet-client', 'system:masters')),
    ...(node && {
      node: {
        client: leaf(`node-${node.name}-client`, client(`system:node:${node.name}`, 'system:nodes')),
        serving: leaf(`node-${node.name}-serving`, {
          subject: { commonName: `system:node:${node.name}`, organizations: ['system:nodes'] },
          usage: 'server auth',
          dns: [node.name],
          ips: node.ips,
        }),
      },
    }),
    serviceAccountKey: ensureServiceAccountKey(join(dir, 'sa.key')),
  };
}

interface Leaf {
  readonly subject: Subject;
  readonly usage: ExtendedKeyUsage;
  readonly dns?: readonly string[];
  readonly ips?: readonly string[];
}

interface Signer {
  readonly certificate: X509Certificate;
  /** Parsed when something is to be signed: at most starts nothing is. */
  readonly authority: () => Authority;
}

function signerOf(pair: KeyPair): Signer {
  let authority: Authority | undefined;
  return {
    certificate: new X509Certificate(pair.cert),
    authority: () => {
      authority ??= loadAuthority(pair);
      return authority;
    },
  };
}

function ensureAuthority(dir: string, file: string, commonName: string, now: number): KeyPair {
  const existing = readPair(dir, file);
  if (existing) {
    const path = join(dir, `${file}.crt`);
    if (!matches(existing))
      throw new Error(`${path} and ${file}.key do not belong together; restore them from a backup`);
    const end = new X509Certificate(existing.cert).validToDate;
    if (end.getTime() <= now) throw new Error(`the certificate authority ${path} ended at ${end.toISOString()}`);
    return existing;
  }
  const { publicKey, privateKey } = generateKey();
  const cert = createCertificate({
    subject: { commonName, organizations: [] },
    publicKey,
    signingKey: privateKey,
    notBefore: now - backdate,
    notAfter: now + authorityLifetime,
    isCa: true,
    usages: ['digital signature', 'key encipherment', 'cert sign'],
    names: { dns: [commonName] },
  });
  return writePair(dir, file, { cert, key: privateKeyPem(privateKey) });
}

function ensureLeaf(dir: string, file: string, wanted: Leaf, signer: Signer, now: number): KeyPair {
  const existing = readLeaf(dir, file);
  if (existing && isCurrent(existing, wanted, signer, now)) return existing;
  const authority = signer.authority();
  const { publicKey, privateKey } = generateKey();
  const cert = createCertificate({
    subject: wanted.subject,
    publicKey,
    issuer: authority,
    signingKey: authority.key,
    notBefore: now - backdate,
    notAfter: Math.min(now + leafLifetime, authority.notAfter),
    usages: ['digital signature', 'key encipherment'],
    extendedUsages: [wanted.usage],
    names: { dns: unique(wanted.dns ?? []), ips: unique(wanted.ips ?? []) },
  });
  return writePair(dir, file, { cert, key: privateKeyPem(privateKey) });
}

/** A leaf can always be made anew, so a damaged one counts as absent. */
function readLeaf(dir: string, file: string): KeyPair | undefined {
  try {
    const pair = readPair(dir, file);
    return pair && matches(pair) ? pair : undefined;
  } catch {
    return undefined;
  }
}

function isCurrent(pair: KeyPair, wanted: Leaf, signer: Signer, now: number): boolean {
  const certificate = new X509Certificate(pair.cert);
  const end = certificate.validToDate.getTime();
  // Near the authority's own end nothing longer can be had.
  if (end - now < renewBefore && end < signer.certificate.validToDate.getTime()) return false;
  if (end <= now || !certificate.checkIssued(signer.certificate) || !certificate.verify(signer.certificate.publicKey))
    return false;
  const { commonName, organizations } = wanted.subject;
  const subject = [...organizations.map((o) => `O=${o}`), `CN=${commonName}`].join('\n');
  const names = [
    ...unique(wanted.dns ?? []).map((name) => `DNS:${name}`),
    ...unique(wanted.ips ?? []).map((ip) => `IP Address:${asOpenSsl(ip)}`),
  ];
  return certificate.subject === subject && (certificate.subjectAltName ?? '') === names.join(', ');
}

/** OpenSSL prints all eight groups of an IPv6 address, in capitals. */
function asOpenSsl(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [head = '', tail] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].join(':').toUpperCase();
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];

function matches(pair: KeyPair): boolean {
  return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
}

function ensureServiceAccountKey(path: string): string {
  const existing = read(path);
  if (existing !== undefined) return existing;
  const key = privateKeyPem(generateKey().privateKey);
  write(path, key);
  return key;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** All or nothing: a process killed while it writes leaves the old file. */
function write(path: string, text: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

/** The key is written before its certificate, so a certificate without a key means that somebody removed the key. */
function readPair(dir: string, file: string): KeyPair | undefined {
  const cert = read(join(dir, `${file}.crt`));
  if (cert === undefined) return undefined;
  const key = read(join(dir, `${file}.key`));
  if (key === undefined) throw new Error(`${join(dir, file)}.crt is there, but ${file}.key is not`);
  return { cert, key };
}

function writePair(dir: string, file: string, pair: KeyPair): KeyPair {
  write(join(dir, `${file}.key`), pair.key);
  write(join(dir, `${file}.crt`), pair.cert);
  return pair;
}

export interface SigningOptions {
  /** Usages of the CertificateSigningRequest's spec ("digital signature", "client auth", ...). */
  readonly usages: readonly string[];
  /** spec.expirationSeconds; the certificate lasts no longer than this, a year, and its authority. */
  readonly expirationSeconds?: number;
}

const isKeyUsage = (usage: string): usage is KeyUsage => keyUsages.some((known) => known === usage);
const isExtendedUsage = (usage: string): usage is ExtendedKeyUsage =>
  usage === 'server auth' || usage === 'client auth';

/**
 * Signs a PEM certificate request with the cluster's authority, as the controllers of
 * https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/ do. Throws where the request
 * is malformed, not signed by its own key, or asks for a usage that this authority does not give.
 */
export function signCertificate(
  request: string,
  ca: KeyPair,
  options: SigningOptions,
  clock: Pick<Clock, 'now'> = realClock,
): string {
  const { subject, names, publicKey } = parseCertificateRequest(request);
  const unknown = options.usages.find((usage) => !isKeyUsage(usage) && !isExtendedUsage(usage));
  if (unknown !== undefined) throw new Error(`unrecognized usage values: ["${unknown}"]`);
  const authority = loadAuthority(ca);
  const now = clock.now();
  const lifetime = Math.min((options.expirationSeconds ?? Number.POSITIVE_INFINITY) * 1000, leafLifetime);
  return createCertificate({
    subject,
    names,
    publicKey,
    issuer: authority,
    signingKey: authority.key,
    notBefore: now - backdate,
    notAfter: Math.min(now + lifetime, authority.notAfter),
    usages: options.usages.filter(isKeyUsage),
    extendedUsages: options.usages.filter(isExtendedUsage),
  });
}
