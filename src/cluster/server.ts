import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Node, Service } from '../api/core/v1.gen.ts';
import { type AdmissionFlags, readAdmissionFlags } from '../apiserver/admission-plugins/flags.ts';
import { defaultOnPlugins } from '../apiserver/admission-plugins/names.ts';
import { ensureAuthenticationConfig } from '../apiserver/aggregation/authentication-config.ts';
import { type AuditFlags, createAuditor, openRefusalLog } from '../apiserver/audit/flags.ts';
import { type AuthenticationFlags, readAuthenticationFlags } from '../apiserver/authentication/flags.ts';
import { type AuthorizationFlags, readAuthorizationFlags } from '../apiserver/authorization/flags.ts';
import type { Encryption, EncryptionOptions } from '../apiserver/encryption/encryption.ts';
import type { EncryptionFlags } from '../apiserver/encryption/flags.ts';
import { createConnector } from '../apiserver/http/connect/connector.ts';
import { type LimitFlags, readLimitFlags } from '../apiserver/http/limit-flags.ts';
import { createHttpServer } from '../apiserver/http/server.ts';
import { readServingFlags, ServingFiles, type ServingFlags } from '../apiserver/http/serving-flags.ts';
import type { ServerTls } from '../apiserver/http/tls-options.ts';
import { NodePortRepair } from '../apiserver/registry/node-port-repair.ts';
import { InformerFactory } from '../client/informer.ts';
import { createEventRecorder } from '../client/recorder.ts';
import { startControllers } from '../controllers/index.ts';
import { startScheduler } from '../scheduler/scheduler.ts';
import { LmdbStore } from '../store/lmdb.ts';
import { realClock } from '../utils/clock.ts';
import { ConfigurationError } from '../utils/configuration-error.ts';
import { addressInRange } from '../utils/ip.ts';
import type { Logger } from '../utils/log.ts';
import { Registry } from '../utils/metrics.ts';
import { primaryAddress } from './addresses.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { apiServerNames, type ClusterCertificates } from './certificates.ts';
import { refreshClusterInfo } from './cluster-info.ts';
import { createControlPlane } from './control-plane.ts';
import { startDnsEndpointsController } from './dns-endpoints.ts';
import { extensionResources } from './extension-resources.ts';
import { ServerHealth } from './health.ts';
import { checkRange, overlap } from './ip-range.ts';
import { buildKubeconfig } from './kubeconfig.ts';
import { kubeletConnector } from './kubelets.ts';
import { ensureKubernetesService, startKubernetesServiceController } from './kubernetes-service.ts';
import { QueueMetrics, registerServerMetrics } from './metrics.ts';
import { type ClusterPaths, clusterPaths } from './paths.ts';
import { parsePortRange } from './port-range.ts';
import { replaceFile } from './replace-file.ts';
import { tokenIssuerHandlers } from './token-issuer.ts';

/** Named as kube-apiserver's flags. */
export interface ServerOptions
  extends AdmissionFlags,
    AuditFlags,
    AuthenticationFlags,
    AuthorizationFlags,
    EncryptionFlags,
    LimitFlags,
    ServingFlags {
  readonly dataDir: string;
  readonly bindAddress: string;
  readonly securePort: number;
  readonly advertiseAddress?: string;
  readonly serviceClusterIpRange: string;
  readonly serviceNodePortRange: string;
  readonly clusterCidr: string;
  /** Make credentials for a node of this name on this machine. */
  readonly nodeName?: string;
  readonly tlsSan: readonly string[];
  /** The longest life of certificates that are signed on request. Milliseconds; absent: a year. */
  readonly clusterSigningDuration?: number;
}

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** The control plane over the embedded store: API server, controllers and scheduler in one process. */
export async function startServer(options: ServerOptions & { readonly log: Logger }): Promise<RunningServer> {
  const started = performance.now();
  const { log } = options;
  const clock = realClock;
  checkRange(options.serviceClusterIpRange, 'service-cluster-ip-range');
  checkRange(options.clusterCidr, 'cluster-cidr');
  if (overlap(options.serviceClusterIpRange, options.clusterCidr)) {
    throw new ConfigurationError(`--service-cluster-ip-range and --cluster-cidr share addresses: choose ranges apart`);
  }
  const authentication = readAuthenticationFlags(options);
  // Nodes are held to what is theirs unless somebody turns that off.
  const admission = readAdmissionFlags(options, new Set([...defaultOnPlugins, 'NodeRestriction' as const]));
  const authorization = readAuthorizationFlags(options, 'Node,RBAC');
  const serving = readServingFlags(options);
  const { limits, seats, shutdownDelayMs } = readLimitFlags(options);
  const paths = clusterPaths(options.dataDir);
  mkdirSync(paths.dataDir, { recursive: true, mode: 0o700 });
  chmodSync(paths.dataDir, 0o700);
  const advertise = options.advertiseAddress ?? primaryAddress();
  const store = await LmdbStore.open({ path: paths.database, clock, log: log.child({ component: 'store' }) });
  const certificateNames = {
    hostnames: [hostname(), ...options.tlsSan.filter((san) => !isAddress(san))],
    ips: [addressInRange(options.serviceClusterIpRange, 1), advertise, ...options.tlsSan.filter(isAddress)],
    ...(options.nodeName && { node: { name: options.nodeName, ips: [advertise] } }),
  };
  const keeper = new CertificateKeeper({
    dir: paths.certificates,
    names: certificateNames,
    clock,
    log: log.child({ component: 'certificates' }),
  });
  const certificates = keeper.current;
  const servingFiles = new ServingFiles(serving, { clock, log, onChange: () => http.reload(tlsOf()) });
  const ownNames = apiServerNames(certificateNames);
  const tlsOf = (): ServerTls => ({
    ...servingFiles.tls(keeper.current.serving, ownNames.dns),
    ca: `${keeper.current.caBundle}\n${keeper.current.frontProxyCa.cert}`,
  });
  const registry = new Registry();
  const encryption = await loadEncryption(options, { clock, log: log.child({ component: 'apiserver' }), registry });
  const plane = await createControlPlane({
    store,
    registry,
    clock,
    log: log.child({ component: 'apiserver' }),
    serviceAccountKey: certificates.serviceAccountKey,
    clientCa: certificates.caBundle,
    frontProxy: {
      ca: certificates.frontProxyCa.cert,
      client: {
        get cert() {
          return keeper.current.frontProxyClient.cert;
        },
        get key() {
          return keeper.current.frontProxyClient.key;
        },
      },
    },
    authentication,
    admission,
    authorization,
    seats,
    serviceClusterIpRange: options.serviceClusterIpRange,
    serviceNodePorts: parsePortRange(options.serviceNodePortRange),
    encryption,
  });
  const recording = { clock, log: log.child({ component: 'apiserver' }), registry, random: Math.random };
  const auditor = createAuditor(options, recording);
  const refusals = openRefusalLog(paths.refusals, recording);
  const health = new ServerHealth();
  const queueMetrics = new QueueMetrics(registry);
  const http = createHttpServer({
    core: plane.core,
    authenticate: plane.authenticate,
    authorizer: plane.authorizer,
    aggregator: plane.aggregator,
    tls: tlsOf(),
    log: log.child({ component: 'apiserver' }),
    advertise: `${advertise}:${options.securePort}`,
    limits,
    fairness: plane.fairness,
    connector: createConnector({
      core: plane.core,
      authorizer: plane.authorizer,
      nodes: kubeletConnector({
        // What the core keeps under nodes are Nodes.
        node: (name) => plane.core.objects.get('', 'v1', 'nodes', '', name) as Node | undefined,
        credentials: () => ({
          certificateAuthority: keeper.current.caBundle,
          client: keeper.current.kubeletClient,
        }),
      }),
    }),
    health: health.checks(store, encryption),
    registry,
    auditor,
    refusals,
    handlers: tokenIssuerHandlers(plane.tokens, advertise, options.securePort),
  });
  registerServerMetrics(registry, { objects: plane.core.objects, storeBytes: () => directoryBytes(paths.database) });
  const port = await http.listen(options.securePort, options.bindAddress).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(
      `port ${options.securePort} on ${options.bindAddress} is taken by another program: stop it, or choose another port with --secure-port`,
    );
  });
  // What clients in pods need to know this server: its authority, and whatever else it shows them.
  const clientsKnow = () => `${keeper.current.caBundle}${options.tlsCertFile ? tlsOf().cert : ''}`;
  const writeFiles = () =>
    writeKubeconfigs(paths, keeper.current, {
      port,
      nodeName: options.nodeName,
      // Under its address the server may show a certificate of another authority.
      ...(options.tlsCertFile && { serverName: 'kubernetes' }),
    });
  writeFiles();
  const system = plane.client('kube-apiserver');
  const describe = () =>
    refreshClusterInfo(
      system,
      `https://${advertise.includes(':') ? `[${advertise}]` : advertise}:${port}`,
      clientsKnow(),
    ).catch((error: unknown) => log.error({ err: error }, 'nodes that join could not be told of the cluster'));
  void describe();
  keeper.onChange(({ caBundle, frontProxyCa }) => {
    http.reload(tlsOf());
    writeFiles();
    void describe();
    ensureAuthenticationConfig(system, { clientCa: caBundle, frontProxyCa: frontProxyCa.cert }).catch(
      (error: unknown) => log.error({ err: error }, 'extension API servers could not be told of the new authority'),
    );
  });
  const itself = { clusterIP: addressInRange(options.serviceClusterIpRange, 1), address: advertise, port };
  await ensureKubernetesService(system, itself);
  health.serviceMade = true;

  const controllerClient = plane.client('kube-controller-manager');
  const informers = new InformerFactory(controllerClient, { clock, log });
  const recorder = createEventRecorder({ client: controllerClient, clock, log, component: 'kube-controller-manager' });
  const controllers = startControllers({
    client: controllerClient,
    informers,
    clock,
    log: log.child({ component: 'controllers' }),
    recorder,
    queueMetrics,
    metrics: registry,
    clusterCIDR: options.clusterCidr,
    legacyToken: (namespace, account, secret) => plane.tokens.issueLegacy(namespace, account, secret),
    rootCA: { current: clientsKnow, onChange: (listener) => keeper.onChange(listener) },
    signing: {
      authority: () => keeper.current.ca,
      duration: options.clusterSigningDuration ?? yearMs,
      reservedNames: () => [...ownNames.dns, ...ownNames.ips],
    },
    extensions: extensionResources(plane.aggregator),
    namespaceGraceMs: 0,
  });
  const serviceResource = plane.core.resources.find('', 'v1', 'services');
  if (!serviceResource) throw new Error('services are not served');
  const nodePortRecorder = recorder.as('portallocator-repair-controller');
  const nodePortRepair = new NodePortRepair({
    store,
    clock,
    log: log.child({ component: 'apiserver' }),
    nodePorts: parsePortRange(options.serviceNodePortRange),
    // What the core keeps under services are Services.
    services: async () => (await plane.core.objects.stored(serviceResource)).map(({ object }) => object as Service),
    warn: (service, reason, message) => nodePortRecorder.event(service, 'Warning', reason, message),
    metrics: registry,
  });
  nodePortRepair.start();
  const scheduler = startScheduler({
    client: plane.client('kube-scheduler'),
    informers,
    clock,
    log: log.child({ component: 'scheduler' }),
    recorder: recorder.as('default-scheduler'),
    metrics: registry,
  });
  const dnsEndpoints = startDnsEndpointsController({
    client: plane.client('kube-dns'),
    informers,
    clusterIP: addressInRange(options.serviceClusterIpRange, 10),
    clock,
    log: log.child({ component: 'controllers' }),
  });
  const kubernetesService = startKubernetesServiceController({
    ...itself,
    client: system,
    informers,
    clock,
    log: log.child({ component: 'apiserver' }),
  });
  informers.start();
  informers.waitForSync().then(
    () => {
      health.informersSynced = true;
    },
    () => {}, // stopped before
  );
  log.info({ port, ms: Math.round(performance.now() - started) }, 'ready');

  return {
    url: `https://127.0.0.1:${port}`,
    async stop() {
      health.stopping = true;
      if (shutdownDelayMs > 0) await clock.sleep(shutdownDelayMs);
      keeper.stop();
      servingFiles.stop();
      await Promise.all([
        kubernetesService.stop(),
        nodePortRepair.stop(),
        controllers.stop(),
        scheduler.stop(),
        dnsEndpoints.stop(),
      ]);
      informers.stop();
      await recorder.stop();
      await http.close();
      await Promise.all([auditor?.close(), refusals.close()]);
      await plane.close();
      encryption?.close();
      await store.close();
    },
  };
}

/** Bytes of the files in a directory. */
function directoryBytes(path: string): number {
  return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
}

const yearMs = 365 * 86_400_000;

/** Ciphers and plugins are loaded only where something is encrypted. */
async function loadEncryption(
  flags: EncryptionFlags,
  options: Pick<EncryptionOptions, 'clock' | 'log' | 'registry'>,
): Promise<Encryption | undefined> {
  const { encryptionProviderConfig: path, encryptionProviderConfigAutomaticReload: reload = false } = flags;
  if (path === undefined) {
    if (reload) {
      throw new ConfigurationError(
        '--encryption-provider-config-automatic-reload must be set with --encryption-provider-config',
      );
    }
    return undefined;
  }
  const { Encryption } = await import('../apiserver/encryption/encryption.ts');
  return Encryption.load({ ...options, path, reload });
}

const isAddress = (name: string) => /^[\d.]+$|:/.test(name);

function writeKubeconfigs(
  paths: ClusterPaths,
  certificates: ClusterCertificates,
  options: { readonly port: number; readonly nodeName: string | undefined; readonly serverName?: string },
): void {
  const { port, nodeName, serverName } = options;
  const write = (file: string, name: string, certificate: ClusterCertificates['admin']) => {
    const text = buildKubeconfig({
      name,
      server: `https://127.0.0.1:${port}`,
      certificateAuthority: certificates.caBundle,
      ...(serverName !== undefined && { serverName }),
      credentials: { certificate },
    });
    replaceFile(file, text);
  };
  write(paths.adminKubeconfig, paths.instance, certificates.admin);
  write(paths.proxyKubeconfig, 'system:kube-proxy', certificates.proxy);
  if (certificates.node && nodeName) write(paths.nodeKubeconfig, `system:node:${nodeName}`, certificates.node.client);
}
