import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../utils/clock.ts';
import { realClock } from '../utils/clock.ts';
import { createCertificate, generateKey, type KeyPair, privateKeyPem, type Subject } from '../utils/x509.ts';
import type { ExtendedKeyUsage } from '../utils/x509-usages.ts';
import { ensureAuthority, type Signer } from './authorities.ts';
import { backdate, matches, read, readPair, write, writePair } from './key-pairs.ts';

const day = 86_400_000;
const leafLifetime = 365 * day;
/** A leaf is made anew when less than this is left of it. */
const renewBefore = 90 * day;

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
  /** PEM: `ca`, and those before it that are still trusted. */
  readonly caBundle: string;
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
 * asked, or not of this authority. Authorities are replaced only where that is asked for (authorities.ts): a damaged one
 * is an error, because a new one would lock every existing client out. Files have mode 0600, the directory 0700.
 */
export function ensureCertificates(
  dir: string,
  names: CertificateNames,
  clock: Pick<Clock, 'now'> = realClock,
): ClusterCertificates {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  // A change of mode is an event for who watches the directory, even where it changes nothing.
  if ((statSync(dir).mode & 0o777) !== 0o700) chmodSync(dir, 0o700);
  const now = clock.now();
  const issuer = ensureAuthority(dir, 'ca', 'kubernetes', now);
  const frontProxy = ensureAuthority(dir, 'front-proxy-ca', 'front-proxy-ca', now);
  const leaf = (file: string, wanted: Leaf) => ensureLeaf(dir, file, wanted, issuer, now);
  const client = (commonName: string, ...organizations: string[]): Leaf => ({
    subject: { commonName, organizations },
    usage: 'client auth',
  });
  const { node } = names;
  return {
    ca: issuer.pair,
    caBundle: issuer.bundle,
    frontProxyCa: frontProxy.pair,
    serving: leaf('apiserver', {
      subject: { commonName: 'kube-apiserver', organizations: [] },
      usage: 'server auth',
      ...apiServerNames(names),
    }),
    frontProxyClient: ensureLeaf(dir, 'front-proxy-client', client('front-proxy-client'), frontProxy, now),
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

/** Hosts and addresses that the API server serves under. */
export function apiServerNames({ hostnames, ips, clusterDomain = 'cluster.local' }: CertificateNames): {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
} {
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  return {
    dns: [...service, `kubernetes.default.svc.${clusterDomain}`, 'localhost', ...hostnames],
    ips: ['127.0.0.1', '::1', ...ips],
  };
}

interface Leaf {
  readonly subject: Subject;
  readonly usage: ExtendedKeyUsage;
  readonly dns?: readonly string[];
  readonly ips?: readonly string[];
}

function ensureLeaf(dir: string, file: string, wanted: Leaf, signer: Signer, now: number): KeyPair {
  const existing = readLeaf(dir, file);
  if (existing && isCurrent(existing, wanted, signer, now)) return withChain(existing, signer);
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
  return withChain(writePair(dir, file, { cert, key: privateKeyPem(privateKey) }), signer);
}

/** What is shown to others, who may not know the newest authority yet. */
const withChain = ({ cert, key }: KeyPair, signer: Signer): KeyPair => ({ cert: `${cert}${signer.chain}`, key });

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

function ensureServiceAccountKey(path: string): string {
  const existing = read(path);
  if (existing !== undefined) return existing;
  const key = privateKeyPem(generateKey().privateKey);
  write(path, key);
  return key;
}
