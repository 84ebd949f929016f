import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join as joinPath } from 'node:path';
import { type Node, nodes, services } from '../api/core/v1.gen.ts';
import { readTextFile } from '../apiserver/config-file/read.ts';
import type { Client } from '../client/client.ts';
import type { ClientConfig } from '../client/http/config.ts';
import { createHttpClient } from '../client/http/http-client.ts';
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
import { bootstrapTokenForm, hasJoined, type JoinOptions, join, type ServingIdentity } from './join.ts';
import { watchKubeconfig, watchServing } from './local-credentials.ts';
import { clusterPaths } from './paths.ts';
import { checkNode, findCniBinDir } from './preflight.ts';

export interface AgentOptions {
  readonly dataDir: string;
  readonly server?: string;
  /** A bootstrap token, with which this machine joins, or a bearer token of a node. */
  readonly token?: string;
  readonly certificateAuthority?: string;
  /** "sha256:HEX": by what a machine that joins knows the cluster's authority. */
  readonly caCertHash?: string;
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
  const credentials = await credentialsOf(options, { paths, nodeName, nodeIPs: [nodeIP], clock, log });
  const client = createHttpClient({ config: credentials.node, userAgent: 'kubelet', clock });
  credentials.start(client);
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

  const rootDir = joinPath(paths.agentDir, 'kubelet');
  const allocatable = machineResources(paths.dataDir);
  const { serving } = credentials;
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
    logDir: joinPath(paths.agentDir, 'pod-logs'),
    cgroupRoot: `/${paths.instance}`,
    volumes: createVolumeManager({
      client,
      podsDir: joinPath(rootDir, 'pods'),
      allocatable,
      clock,
      log: log.child({ component: 'volumes' }),
    }),
    resolveEnv: createEnvResolver({ client, services: informers.informer(services), allocatable }),
    ...(serving && {
      startServer: createStreamsServer({
        client,
        tls: serving.current(),
        onTlsChange: serving.onChange,
        address: nodeIP,
        clock,
        log,
      }),
    }),
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
      await credentials.stop();
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

interface Credentials {
  readonly node: ClientConfig;
  readonly proxy: ClientConfig;
  readonly serving: ServingIdentity | undefined;
  /** Call it when the node speaks to the API server. */
  start(client: Client): void;
  stop(): Promise<void>;
}

/** Who speaks for the kubelet and who for proxy, routes and name server: one for both, or a file for each. */
async function credentialsOf(
  options: AgentOptions,
  about: Pick<JoinOptions, 'paths' | 'nodeName' | 'nodeIPs' | 'clock' | 'log'>,
): Promise<Credentials> {
  const { paths, nodeName } = about;
  const { server, token, caCertHash } = options;
  if ((server === undefined) !== (token === undefined) && !hasJoined(paths))
    throw new ConfigurationError('--server and --token go together');
  const certificateAuthority =
    options.certificateAuthority === undefined
      ? undefined
      : readTextFile(options.certificateAuthority, '--certificate-authority');
  const joins =
    token === undefined ? options.kubeconfig === undefined && hasJoined(paths) : bootstrapTokenForm.test(token);
  if (joins) {
    const joined = await join({ ...about, server, token, certificateAuthority, caCertHash });
    return { ...joined, node: joined.config, proxy: joined.config };
  }
  const local = watchServing(paths, nodeName, about);
  if (server !== undefined && token !== undefined) {
    const config: ClientConfig = { server, token, ca: certificateAuthority };
    return { node: config, proxy: config, serving: local, start: () => {}, stop: async () => local?.stop() };
  }
  const file = options.kubeconfig ?? paths.nodeKubeconfig;
  if (!existsSync(file)) {
    throw new ConfigurationError(
      `This node has no credentials: ${file} is not there. Join a cluster, with the command that "skiff token create" prints on its server; "skiff up" makes a cluster of this machine.`,
    );
  }
  const node = watchKubeconfig(file, about);
  const proxy = existsSync(paths.proxyKubeconfig) ? watchKubeconfig(paths.proxyKubeconfig, about) : node;
  return {
    node: node.config,
    proxy: proxy.config,
    serving: local,
    start: () => {},
    async stop() {
      for (const one of [node, proxy, local]) one?.stop();
    },
  };
}
