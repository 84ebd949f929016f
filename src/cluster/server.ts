import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Node, Service } from '../api/core/v1.gen.ts';
import { type AuthenticationFlags, readAuthenticationFlags } from '../apiserver/authentication/flags.ts';
import { createConnector } from '../apiserver/http/connect/connector.ts';
import { createHttpServer } from '../apiserver/http/server.ts';
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
import { type ClusterCertificates, ensureCertificates } from './certificates.ts';
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
export interface ServerOptions extends AuthenticationFlags {
  readonly dataDir: string;
  readonly bindAddress: string;
  readonly securePort: number;
  readonly advertiseAddress?: string;
  readonly authorizationMode: string;
  readonly serviceClusterIpRange: string;
  readonly serviceNodePortRange: string;
  readonly clusterCidr: string;
  /** Make credentials for a node of this name on this machine. */
  readonly nodeName?: string;
  readonly tlsSan: readonly string[];
  /** Requests under way that read, and that write, but for the long-running; absent: kube-apiserver's numbers. */
  readonly maxRequestsInflight?: number;
  readonly maxMutatingRequestsInflight?: number;
  /** Milliseconds. */
  readonly requestTimeout?: number;
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
  const paths = clusterPaths(options.dataDir);
  mkdirSync(paths.dataDir, { recursive: true, mode: 0o700 });
  const advertise = options.advertiseAddress ?? primaryAddress();
  const store = await LmdbStore.open({ path: paths.database, clock, log: log.child({ component: 'store' }) });
  const certificates = ensureCertificates(paths.certificates, {
    hostnames: [hostname(), ...options.tlsSan.filter((san) => !isAddress(san))],
    ips: [addressInRange(options.serviceClusterIpRange, 1), advertise, ...options.tlsSan.filter(isAddress)],
    ...(options.nodeName && { node: { name: options.nodeName, ips: [advertise] } }),
  });
  const registry = new Registry();
  const plane = await createControlPlane({
    store,
    registry,
    clock,
    log: log.child({ component: 'apiserver' }),
    serviceAccountKey: certificates.serviceAccountKey,
    clientCa: certificates.ca.cert,
    frontProxy: { ca: certificates.frontProxyCa.cert, client: certificates.frontProxyClient },
    authentication,
    authorizationMode: options.authorizationMode,
    serviceClusterIpRange: options.serviceClusterIpRange,
    serviceNodePorts: parsePortRange(options.serviceNodePortRange),
  });
  const health = new ServerHealth();
  const queueMetrics = new QueueMetrics(registry);
  const http = createHttpServer({
    core: plane.core,
    authenticate: plane.authenticate,
    authorizer: plane.authorizer,
    aggregator: plane.aggregator,
    tls: { ...certificates.serving, ca: `${certificates.ca.cert}\n${certificates.frontProxyCa.cert}` },
    log: log.child({ component: 'apiserver' }),
    advertise: `${advertise}:${options.securePort}`,
    limits: {
      ...(options.maxRequestsInflight !== undefined && { requestsInFlight: options.maxRequestsInflight }),
      ...(options.maxMutatingRequestsInflight !== undefined && {
        mutatingRequestsInFlight: options.maxMutatingRequestsInflight,
      }),
      ...(options.requestTimeout !== undefined && { requestTimeoutMs: options.requestTimeout }),
    },
    connector: createConnector({
      core: plane.core,
      authorizer: plane.authorizer,
      nodes: kubeletConnector({
        // What the core keeps under nodes are Nodes.
        node: (name) => plane.core.objects.get('', 'v1', 'nodes', '', name) as Node | undefined,
        certificateAuthority: certificates.ca.cert,
        client: certificates.kubeletClient,
      }),
    }),
    health: health.checks(store),
    registry,
    handlers: tokenIssuerHandlers(plane.tokens, advertise, options.securePort),
  });
  registerServerMetrics(registry, { objects: plane.core.objects, storeBytes: () => directoryBytes(paths.database) });
  const port = await http.listen(options.securePort, options.bindAddress).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(
      `port ${options.securePort} on ${options.bindAddress} is taken by another program: stop it, or choose another port with --secure-port`,
    );
  });
  writeKubeconfigs(paths, certificates, port, options.nodeName);
  const system = plane.client('kube-apiserver');
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
    rootCA: certificates.ca.cert,
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
      await plane.close();
      await store.close();
    },
  };
}

/** Bytes of the files in a directory. */
function directoryBytes(path: string): number {
  return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
}

const isAddress = (name: string) => /^[\d.]+$|:/.test(name);

function writeKubeconfigs(
  paths: ClusterPaths,
  certificates: ClusterCertificates,
  port: number,
  nodeName: string | undefined,
): void {
  const write = (file: string, name: string, certificate: ClusterCertificates['admin']) => {
    const text = buildKubeconfig({
      name,
      server: `https://127.0.0.1:${port}`,
      certificateAuthority: certificates.ca.cert,
      credentials: { certificate },
    });
    replaceFile(file, text);
  };
  write(paths.adminKubeconfig, paths.instance, certificates.admin);
  write(paths.proxyKubeconfig, 'system:kube-proxy', certificates.proxy);
  if (certificates.node && nodeName) write(paths.nodeKubeconfig, `system:node:${nodeName}`, certificates.node.client);
}
