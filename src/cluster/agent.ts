import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Node, nodes } from '../api/core/v1.gen.ts';
import type { Client } from '../client/client.ts';
import type { ClientConfig } from '../client/http/config.ts';
import { createHttpClient } from '../client/http/http-client.ts';
import { loadKubeconfig } from '../client/http/kubeconfig.ts';
import { type Informer, InformerFactory } from '../client/informer.ts';
import { type DnsServer, startDns } from '../dns/dns.ts';
import { createEnvResolver } from '../kubelet/env/env.ts';
import { startKubelet } from '../kubelet/kubelet.ts';
import { createStreamsServer } from '../kubelet/server/server.ts';
import { createVolumeManager } from '../kubelet/volumes/volume-manager.ts';
import { startNetwork } from '../network/network.ts';
import { startNodeRoutes } from '../network/node-routes.ts';
import { kernelNames } from '../proxy/names.ts';
import { startProxy } from '../proxy/proxy.ts';
import { realClock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import { primaryAddress } from './addresses.ts';
import { ConfigurationError } from './configuration-error.ts';
import { dnsAddress, dnsPort } from './dns-endpoints.ts';
import { addressAt, parseRange } from './ip-range.ts';
import { readFileSync } from 'node:fs';
import { clusterPaths } from './paths.ts';
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
  const serviceRange = parseRange(options.serviceClusterIpRange, 'service-cluster-ip-range');
  parseRange(options.clusterCidr, 'cluster-cidr');
  const paths = clusterPaths(options.dataDir);
  const nodeName = options.nodeName ?? hostname().toLowerCase();
  const nodeIP = options.nodeIp ?? primaryAddress();
  const dnsServiceIP = addressAt(serviceRange, 10);
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
  const routes = startNodeRoutes({ informers, nodeName, clusterCIDRs: [options.clusterCidr], clock, log: log.child({ component: 'network' }) });
  const nodeInformer = informers.informer(nodes);
  informers.start();

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
    rootDir: join(paths.agentDir, 'kubelet'),
    logDir: join(paths.agentDir, 'pod-logs'),
    cgroupRoot: `/${paths.instance}`,
    clusterDns: [dnsServiceIP],
    clusterDomain,
    clock,
    log,
  });

  const network = networkWhenKnown(nodeInformer, nodeName, async (podCIDR) => {
    await startNetwork({
      podCIDRs: [podCIDR],
      confDir: paths.cniConfDir,
      stateDir: paths.cniStateDir,
      names,
      log: log.child({ component: 'network' }),
    });
    return startDns({
      informers,
      clusterDomain,
      bind: [{ address: dnsAddress(podCIDR), port: dnsPort }],
      serviceIPs: [dnsServiceIP],
      ranges: [options.serviceClusterIpRange, options.clusterCidr],
      clock,
      log: log.child({ component: 'dns' }),
    });
  }, log);

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
