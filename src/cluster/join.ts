import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type ConfigMap, configmaps } from '../api/core/v1.gen.ts';
import type { Client } from '../client/client.ts';
import type { ClientConfig } from '../client/http/config.ts';
import { createHttpClient } from '../client/http/http-client.ts';
import { loadKubeconfig } from '../client/http/kubeconfig.ts';
import { Informer } from '../client/informer.ts';
import { detachedSignature } from '../controllers/bootstrapsigner/bootstrap-signer-controller.ts';
import { nodesGroup, nodeUserPrefix, signers } from '../controllers/csrsigning/requests.ts';
import { CertificateManager } from '../kubelet/certificate/manager.ts';
import type { Clock } from '../utils/clock.ts';
import { ConfigurationError } from '../utils/configuration-error.ts';
import type { Logger } from '../utils/log.ts';
import type { KeyPair } from '../utils/x509.ts';
import { clusterInfo } from './cluster-info.ts';
import { buildKubeconfig } from './kubeconfig.ts';
import type { ClusterPaths } from './paths.ts';
import { replaceFile } from './replace-file.ts';
import { authorityHash } from './tokens.ts';

export const bootstrapTokenForm = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

export interface JoinOptions {
  readonly paths: ClusterPaths;
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  /** Absent: this machine joined before. */
  readonly server?: string;
  readonly token?: string;
  /** PEM of the authority, where it was brought along. */
  readonly certificateAuthority?: string;
  /** "sha256:HEX" of the authority's public key. */
  readonly caCertHash?: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A node that joined: its credentials, as they are now. */
export interface JoinedNode {
  /** Its parts change as certificates are renewed. */
  readonly config: ClientConfig;
  /** Asks for the serving certificate, and follows the cluster's authority; call it when the node is about to register. */
  start(client: Client): void;
  readonly serving: ServingIdentity;
  stop(): Promise<void>;
}

export interface KubeletTls extends KeyPair {
  /** PEM: who signs the certificates of the kubelet's clients. */
  readonly clientCa: string;
}

/** With what a kubelet serves; undefined: with nothing yet. */
export interface ServingIdentity {
  current(): KubeletTls | undefined;
  onChange(listener: (tls: KubeletTls) => void): void;
}

export const hasJoined = ({ kubeletKubeconfig }: ClusterPaths): boolean => existsSync(kubeletKubeconfig);

/**
 * Makes this machine a node of a cluster (TLS bootstrapping): a bootstrap token asks for the first client certificate,
 * which asks for everything after it. A machine that joined before needs no token any more.
 * https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
 */
export async function join(options: JoinOptions): Promise<JoinedNode> {
  const { paths, nodeName, nodeIPs, clock, log, token } = options;
  const subject = { commonName: `${nodeUserPrefix}${nodeName}`, organizations: [nodesGroup] };
  const known = hasJoined(paths) ? clusterOf(paths.kubeletKubeconfig) : undefined;
  const common = { dir: paths.kubeletCertificates, clock, log, random: Math.random };
  let bootstrap: Client | undefined;
  let asNode: Client | undefined;
  const client = new CertificateManager({
    ...common,
    name: 'kubelet-client',
    signerName: signers.kubeletClient,
    usages: ['digital signature', 'client auth'],
    template: { subject, names: { dns: [], ips: [] } },
    client: () => {
      const who = asNode ?? bootstrap;
      if (!who) throw new Error('nobody to ask as');
      return who;
    },
  });
  if (!client.current && (token === undefined || options.server === undefined)) {
    throw new ConfigurationError(
      'This node has no certificate, or one that has ended: join (again) with a new token, from "skiff token create" on the server.',
    );
  }
  const cluster =
    known && (options.server === undefined || options.server === known.server)
      ? known
      : await discover(options, token ?? '');
  let ca = cluster.ca;
  if (!client.current) {
    bootstrap = createHttpClient({ config: { ...cluster, token }, userAgent: 'kubelet-bootstrap', clock });
    log.info('asking for a certificate with the bootstrap token');
  }
  client.start();
  await client.first();
  await bootstrap?.close();
  const remember = () =>
    replaceFile(
      paths.kubeletKubeconfig,
      buildKubeconfig({
        name: subject.commonName,
        server: cluster.server,
        certificateAuthority: ca,
        credentials: { certificateFile: client.path },
      }),
    );
  remember();
  const config: ClientConfig = {
    server: cluster.server,
    get ca() {
      return ca;
    },
    get cert() {
      return client.current?.cert;
    },
    get key() {
      return client.current?.key;
    },
  };

  const serving = new CertificateManager({
    ...common,
    name: 'kubelet-server',
    signerName: signers.kubeletServing,
    usages: ['digital signature', 'server auth'],
    template: { subject, names: { dns: [nodeName], ips: nodeIPs } },
    client: () => {
      if (!asNode) throw new Error('the node does not speak to the API server yet');
      return asNode;
    },
  });
  const listeners: ((tls: KubeletTls) => void)[] = [];
  const current = () => serving.current && { ...serving.current, clientCa: ca };
  const tell = () => {
    const tls = current();
    if (tls) for (const listener of listeners) listener(tls);
  };
  serving.onChange(tell);
  let informer: Informer<ConfigMap> | undefined;
  return {
    config,
    serving: { current, onChange: (listener) => listeners.push(listener) },
    start(speaker) {
      asNode = speaker;
      serving.start();
      informer = new Informer(
        speaker.resource(configmaps),
        { namespace: clusterInfo.namespace, fieldSelector: `metadata.name=${clusterInfo.name}` },
        { clock, log, random: Math.random },
      );
      const look = ({ data }: ConfigMap) => {
        const found = data?.kubeconfig === undefined ? undefined : authorityIn(data.kubeconfig);
        if (found === undefined || found === ca) return;
        log.info('the cluster has other certificate authorities than before');
        // What signed this node's certificates may soon be trusted no more.
        const isNew = new X509Certificate(found).fingerprint256 !== new X509Certificate(ca).fingerprint256;
        ca = found;
        remember();
        tell();
        if (!isNew) return;
        client.renew();
        serving.renew();
      };
      informer.addHandler({ onAdd: look, onUpdate: (_, map) => look(map) });
      informer.start();
    },
    async stop() {
      informer?.stop();
      await Promise.all([client.stop(), serving.stop()]);
    },
  };
}

interface Cluster {
  readonly server: string;
  readonly ca: string;
}

function clusterOf(file: string): Cluster {
  const { server, ca = '' } = loadKubeconfig(file);
  return { server, ca };
}

function authorityIn(kubeconfig: string): string | undefined {
  const text = /certificate-authority-data:\s*(\S+)/.exec(kubeconfig)?.[1];
  if (text === undefined) return undefined;
  const pem = Buffer.from(text, 'base64').toString();
  return pem.includes('-----BEGIN CERTIFICATE-----') ? pem : undefined;
}

/**
 * Learns the cluster's authority from the cluster itself, over a connection that proves nothing yet: the description must
 * be signed with the token, and an authority in it must have the hash that the server's owner gave.
 */
async function discover(options: JoinOptions, token: string): Promise<Cluster> {
  const { server = '', certificateAuthority, caCertHash, clock } = options;
  if (certificateAuthority !== undefined) return { server, ca: certificateAuthority };
  if (caCertHash === undefined) {
    throw new ConfigurationError(
      'How is the server to be known? Give --ca-cert-hash, as "skiff token create" prints it, or --certificate-authority.',
    );
  }
  const client = createHttpClient({
    config: { server, insecureSkipTlsVerify: true },
    userAgent: 'kubelet-bootstrap',
    clock,
  });
  let map: ConfigMap;
  try {
    map = await client.resource(configmaps).get(clusterInfo.namespace, clusterInfo.name);
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(`the cluster at ${server} does not say what it is (${why}): "skiff token create" has it do so`);
  } finally {
    await client.close();
  }
  const [id = '', secret = ''] = token.split('.');
  const { kubeconfig = '', [`jws-kubeconfig-${id}`]: signature = '' } = map.data ?? {};
  if (!isSame(signature, detachedSignature(kubeconfig, { id, secret })))
    throw new Error(
      `the token is not one of the cluster at ${server}, or its time is over: make a new one with "skiff token create"`,
    );
  const ca = authorityIn(kubeconfig) ?? '';
  const found = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (!found.some((one) => authorityHash(one) === caCertHash.toLowerCase()))
    throw new Error(`the cluster at ${server} is not the one with the authority ${caCertHash}: check server and hash`);
  return { server, ca };
}

const digest = (text: string) => createHash('sha256').update(text).digest();
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
