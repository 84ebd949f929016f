import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Node, nodes, services } from '../api/core/v1.gen.ts';
import type { ClientConfig } from '../client/http/config.ts';
import { createHttpClient } from '../client/http/http-client.ts';
import { loadKubeconfig } from '../client/http/kubeconfig.ts';
import { type Informer, InformerFactory } from '../client/informer.ts';
import { startDns } from '../dns/dns.ts';
import { createEnvResolver } from '../kubelet/env/env.ts';
import { startKubelet } from '../kubelet/kubelet.ts';
import { machineResources } from '../kubelet/node/machine.ts';
import { createStreamsServer } from '../kubelet/server/server.ts';
import { createVolumeManager } from '../kubelet/volumes/volume-manager.ts';
import { startNetwork } from '../network/network.ts';
import { startNodeRoutes } from '../network/node-routes.ts';
import { kernelNames } from '../proxy/names.ts';
import { startProxy } from '../proxy/proxy.ts';
import { realClock } from '../utils/clock.ts';
import { ConfigurationError } from '../utils/configuration-error.ts';
import { addressInRange } from '../utils/ip.ts';
import type { Logger } from '../utils/log.ts';
import { primaryAddress } from './addresses.ts';
import { dnsAddress, dnsPort } from './dns-endpoints.ts';
import { checkRange } from './ip-range.ts';
import { type ClusterPaths, clusterPaths } from './paths.ts';
import { checkNode, findCniBinDir } from './preflight.ts';

export interface AgentOptions {
  readonly dataDir: string;
  readonly server?: string;
  readonly token?: string;
  readonly certificateAuthority?: string;
  readonly kubeconfig?: string;
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly containerRuntimeEndpoint?: string;
  readonly clusterCidr: string;
  readonly serviceClusterIpRange: string;
}

export const clusterDomain = 'cluster.local';

/** A node: containers, service proxy, pod network and name server. `stop` leaves containers and rules as they are. */
export async function startAgent(options: AgentOptions & { readonly log: Logger }): Promise<{ stop(): Promise<void> }> {
  const { log } = options;
  const clock = realClock;
  checkNode();
  checkRange(options.serviceClusterIpRange, 'service-cluster-ip-range');
  checkRange(options.clusterCidr, 'cluster-cidr');
  const paths = clusterPaths(options.dataDir);
  const nodeName = options.nodeName ?? hostname().toLowerCase();
  const nodeIP = options.nodeIp ?? primaryAddress();
  const dnsServiceIP = addressInRange(options.serviceClusterIpRange, 10);
  const names = kernelNames(paths.clusterId);
  const credentials = credentialsOf(options);
  const client = createHttpClient({ config: credentials.node, userAgent: 'kubelet', clock });
  const proxyClient = createHttpClient({ config: credentials.proxy, userAgent: 'kube-proxy', clock });
  const informers = new InformerFactory(proxyClient, { clock, log });

  const proxy = await startProxy({
    informers,
    nodeName,
    nodeIPs: [nodeIP],
    clusterCIDRs: [options.clusterCidr],
    serviceCIDRs: [options.serviceClusterIpRange],
    names,
    clock,
    log: log.child({ component: 'kube-proxy' }),
  });
  const routes = startNodeRoutes({
    informers,
    nodeName,
    clusterCIDRs: [options.clusterCidr],
    clock,
    log: log.child({ component: 'network' }),
  });
  const nodeInformer = informers.informer(nodes);
  informers.start();

  const rootDir = join(paths.agentDir, 'kubelet');
  const allocatable = machineResources(paths.dataDir);
  const serving = servingCertificate(paths, nodeName);
  if (!serving) log.warn('this node has no serving certificate: no logs, exec, attach and port-forward of its pods');
  const kubelet = await startKubelet({
    client,
    nodeName,
    nodeIPs: [nodeIP],
    runtime: options.containerRuntimeEndpoint
      ? { socket: options.containerRuntimeEndpoint }
      : {
          dataDir: paths.containerd.dir,
          runDir: paths.containerd.runDir,
          cniBinDir: findCniBinDir() ?? '',
          cniConfDir: paths.cniConfDir,
        },
    rootDir,
    logDir: join(paths.agentDir, 'pod-logs'),
    cgroupRoot: `/${paths.instance}`,
    volumes: createVolumeManager({
      client,
      podsDir: join(rootDir, 'pods'),
      allocatable,
      clock,
      log: log.child({ component: 'volumes' }),
    }),
    resolveEnv: createEnvResolver({ client, services: informers.informer(services), allocatable }),
    ...(serving && { startServer: createStreamsServer({ client, tls: serving, address: nodeIP, clock, log }) }),
    clusterDns: [dnsServiceIP],
    clusterDomain,
    clock,
    log,
  });

  const network = whenPodCidrIsKnown(nodeInformer, nodeName, async (podCIDR) => {
    const podNetwork = { podCIDRs: [podCIDR], confDir: paths.cniConfDir, stateDir: paths.cniStateDir };
    await startNetwork({ ...podNetwork, names, log: log.child({ component: 'network' }) });
    return await startDns({
      informers,
      clusterDomain,
      bind: [{ address: dnsAddress(podCIDR), port: dnsPort }],
      serviceIPs: [dnsServiceIP],
      ranges: [options.serviceClusterIpRange, options.clusterCidr],
      clock,
      log: log.child({ component: 'dns' }),
    });
  });
  network.failed.catch((error: unknown) =>
    log.error({ err: error }, 'the pod network could not be set up: pods will not start'),
  );

  return {
    async stop() {
      await kubelet.stop();
      await (await network.stop())?.stop();
      await routes.stop();
      await proxy.stop();
      informers.stop();
      await Promise.all([client.close(), proxyClient.close()]);
    },
  };
}

/** Runs `start` once, when the node has its range of pod addresses. */
function whenPodCidrIsKnown<T>(informer: Informer<Node>, nodeName: string, start: (podCIDR: string) => Promise<T>) {
  let started: Promise<T> | undefined;
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const look = (node: Node) => {
    if (node.metadata.name !== nodeName || !node.spec.podCIDR || started) return;
    started = start(node.spec.podCIDR);
    started.catch(fail);
  };
  const removeHandler = informer.addHandler({ onAdd: look, onUpdate: (_, node) => look(node) });
  return {
    failed,
    /** What `start` made, where it got that far. */
    async stop(): Promise<T | undefined> {
      removeHandler();
      return started?.catch(() => undefined);
    },
  };
}

/** With which the kubelet serves, and whose clients it trusts; undefined where nobody has made them for this node. */
function servingCertificate(paths: ClusterPaths, nodeName: string) {
  const file = (name: string) => join(paths.certificates, name);
  const [cert, key, ca] = [`node-${nodeName}-serving.crt`, `node-${nodeName}-serving.key`, 'ca.crt'].map(file);
  if (!cert || !key || !ca || ![cert, key, ca].every((name) => existsSync(name))) return undefined;
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), clientCa: readFileSync(ca, 'utf8') };
}

/** Who speaks for the kubelet and who for proxy, routes and name server: one token for both, or a file for each. */
function credentialsOf(options: AgentOptions): { readonly node: ClientConfig; readonly proxy: ClientConfig } {
  if (options.server !== undefined || options.token !== undefined) {
    if (!options.server || !options.token) throw new ConfigurationError('--server and --token go together');
    const ca =
      options.certificateAuthority === undefined ? undefined : readFileSync(options.certificateAuthority, 'utf8');
    const config: ClientConfig = { server: options.server, token: options.token, ca };
    return { node: config, proxy: config };
  }
  const paths = clusterPaths(options.dataDir);
  const file = options.kubeconfig ?? paths.nodeKubeconfig;
  if (!existsSync(file)) {
    throw new ConfigurationError(
      `This node has no credentials: ${file} is not there. Give --server and --token, or --kubeconfig; "skiff up" makes both for this machine.`,
    );
  }
  const node = loadKubeconfig(file);
  return { node, proxy: existsSync(paths.proxyKubeconfig) ? loadKubeconfig(paths.proxyKubeconfig) : node };
}
