import { stringify } from 'yaml';
import { type ConfigMap, configmaps, endpoints } from '../api/core/v1.gen.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/errors.ts';
import { clusterrolebindings, rolebindings, roles } from '../api/rbac/v1.gen.ts';
import type { Draft, KubeObject, ResourceType } from '../api/resource.ts';
import type { Client } from '../client/client.ts';

/** Where machines that join read what the cluster says of itself. */
export const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' };

/** In which bootstrap tokens of `skiff token create` are. */
export const joinGroup = 'system:bootstrappers:kubeadm:default-node-token';

/** The kubeconfig in kube-public/cluster-info: where the server is and by what to know it, and nobody's credentials. */
export function describeCluster(server: string, certificateAuthority: string): string {
  const cluster = { server, 'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64') };
  return stringify(
    {
      apiVersion: 'v1',
      clusters: [{ cluster, name: '' }],
      contexts: null,
      'current-context': '',
      kind: 'Config',
      preferences: {},
      users: null,
    },
    { lineWidth: 0, nullStr: 'null' },
  );
}

/** Where nodes reach the API server: "https://192.0.2.1:6443". */
export async function advertisedServer(client: Client): Promise<string> {
  const { subsets = [] } = await client.resource(endpoints).get('default', 'kubernetes');
  const address = subsets[0]?.addresses?.[0]?.ip;
  const port = subsets[0]?.ports?.[0]?.port;
  if (!address || !port) throw new Error('the API server has not said yet where it is');
  return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

const rbac = 'rbac.authorization.k8s.io';
const anonymousMayRead = 'kubeadm:bootstrap-signer-clusterinfo';
const nodesMayWatch = 'skiff:cluster-info';
const group = (name: string) => [{ apiGroup: rbac, kind: 'Group', name }];
const role = (kind: string, name: string) => ({ apiGroup: rbac, kind, name });

/**
 * Makes what machines need to join with a token, where it is not there yet: the cluster's description, which all may read,
 * and who may have certificates approved. Named as kubeadm names them where it has them.
 * https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/#configure-tls-bootstrapping-for-node-joining
 */
export async function ensureJoining(client: Client, server: string, certificateAuthority: string): Promise<void> {
  const { namespace, name } = clusterInfo;
  const read = { apiGroups: [''], resources: ['configmaps'], resourceNames: [name] };
  const binding = (bindingName: string, roleName: string, groupName: string) =>
    ensure(client, clusterrolebindings, '', {
      metadata: { name: bindingName },
      roleRef: role('ClusterRole', roleName),
      subjects: group(groupName),
    });
  await ensure(client, roles, namespace, {
    metadata: { name: anonymousMayRead },
    rules: [{ ...read, verbs: ['get'] }],
  });
  await ensure(client, rolebindings, namespace, {
    metadata: { name: anonymousMayRead },
    roleRef: role('Role', anonymousMayRead),
    subjects: [{ apiGroup: rbac, kind: 'User', name: 'system:anonymous' }],
  });
  await ensure(client, roles, namespace, {
    metadata: { name: nodesMayWatch },
    rules: [{ ...read, verbs: ['get', 'list', 'watch'] }],
  });
  await ensure(client, rolebindings, namespace, {
    metadata: { name: nodesMayWatch },
    roleRef: role('Role', nodesMayWatch),
    subjects: group('system:nodes'),
  });
  const csr = 'system:certificates.k8s.io:certificatesigningrequests';
  await binding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', joinGroup);
  await binding('kubeadm:node-autoapprove-bootstrap', `${csr}:nodeclient`, joinGroup);
  await binding('kubeadm:node-autoapprove-certificate-rotation', `${csr}:selfnodeclient`, 'system:nodes');
  // Service proxy, routes and name server of a node that joined speak as the node.
  await binding('skiff:node-proxier', 'system:node-proxier', 'system:nodes');
  await ensure(client, configmaps, namespace, {
    metadata: { name },
    data: { kubeconfig: describeCluster(server, certificateAuthority) },
  });
  await refreshClusterInfo(client, server, certificateAuthority);
}

async function ensure<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  namespace: string,
  object: Draft<T>,
): Promise<void> {
  try {
    await client.resource(type).create(namespace, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Brings the cluster's description up to date, where machines have been let join. */
export async function refreshClusterInfo(client: Client, server: string, certificateAuthority: string): Promise<void> {
  const { namespace, name } = clusterInfo;
  const resource = client.resource(configmaps);
  const kubeconfig = describeCluster(server, certificateAuthority);
  for (let attempt = 0; ; attempt++) {
    try {
      const live: ConfigMap = await resource.get(namespace, name);
      if (live.data?.kubeconfig !== kubeconfig) await resource.update({ ...live, data: { ...live.data, kubeconfig } });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      // The signer writes it, too.
      if (!isConflict(error) || attempt >= 5) throw error;
    }
  }
}
