import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

export const defaultDataDir = '/var/lib/skiff';
const defaultRunDir = '/run/skiff';

/** Where everything of one cluster on this machine lies. */
export interface ClusterPaths {
  readonly dataDir: string;
  /** Sockets, locks and process records: gone after a reboot. */
  readonly runDir: string;
  readonly database: string;
  readonly certificates: string;
  /** Client credentials of the node on this machine. */
  readonly nodeKubeconfig: string;
  /** Client credentials of the service proxy, name server and routes. */
  readonly proxyKubeconfig: string;
  readonly adminKubeconfig: string;
  /** Of a node that joined with a token: its certificates, with their keys. */
  readonly kubeletCertificates: string;
  /** Where its cluster is, and by what it knows it. */
  readonly kubeletKubeconfig: string;
  readonly logs: string;
  /** Requests that were refused, and why. */
  readonly refusals: string;
  readonly agentDir: string;
  readonly containerd: { readonly dir: string; readonly runDir: string; readonly socket: string };
  readonly cniConfDir: string;
  readonly cniStateDir: string;
  /** "" for the default cluster, else what tells its interfaces, nftables tables and cgroups from others'. */
  readonly clusterId: string;
  /** "skiff", "skiff-1a2b3c": the name of the context and of the control group. */
  readonly instance: string;
}

export function clusterPaths(dataDirOption: string = defaultDataDir): ClusterPaths {
  const dataDir = resolve(dataDirOption);
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 6);
  const instance = dataDir === defaultDataDir ? 'skiff' : `skiff-${hash}`;
  const runDir = dataDir === defaultDataDir ? defaultRunDir : `${defaultRunDir}-${hash}`;
  return {
    dataDir,
    runDir,
    database: join(dataDir, 'db'),
    certificates: join(dataDir, 'pki'),
    nodeKubeconfig: join(dataDir, 'node.kubeconfig'),
    proxyKubeconfig: join(dataDir, 'kube-proxy.kubeconfig'),
    adminKubeconfig: join(dataDir, 'admin.kubeconfig'),
    kubeletCertificates: join(dataDir, 'agent', 'pki'),
    kubeletKubeconfig: join(dataDir, 'agent', 'kubelet.kubeconfig'),
    logs: join(dataDir, 'logs'),
    refusals: join(dataDir, 'audit', 'refused.log'),
    agentDir: join(dataDir, 'agent'),
    containerd: {
      dir: join(dataDir, 'containerd'),
      runDir: join(runDir, 'containerd'),
      socket: join(runDir, 'containerd', 'containerd.sock'),
    },
    cniConfDir: join(dataDir, 'cni', 'conf'),
    cniStateDir: join(dataDir, 'cni', 'state'),
    clusterId: dataDir === defaultDataDir ? '' : hash,
    instance,
  };
}
