import { isDeepStrictEqual } from 'node:util';
import type { CertificateSigningRequest } from '../../api/certificates/v1.gen.ts';
import type { Node, Pod } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import type { ResourceSlice } from '../../api/resource/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import { quote } from '../../schema/quote.ts';
import { parseCertificateRequest } from '../../utils/x509.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../admission.ts';
import { groups } from '../authentication/users.ts';
import { nodeNameOf } from '../authorization/node.ts';
import { checkMirrorPod } from './node-restriction-mirror-pods.ts';
import { checkNodeToken } from './node-restriction-tokens.ts';
import { type AdmissionReaders, objectOf, oldObjectOf, refusal } from './readers.ts';

/** Labels of the kubernetes.io and k8s.io domains that a kubelet may put on its node. */
const nodeLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

export interface NodeRestrictionOptions {
  readonly readers: Pick<AdmissionReaders, 'pod' | 'node' | 'persistentVolumeClaim' | 'persistentVolume' | 'csiDriver'>;
  /** Whether a node may ask for tokens that none of its pods' volumes mentions. */
  readonly authorizer: Authorizer;
}

type Check = (request: AdmissionRequest, node: string, options: NodeRestrictionOptions) => Promise<void> | void;

const checks: Readonly<Record<string, Check>> = {
  ' pods': checkPod,
  ' nodes': checkNode,
  ' serviceaccounts': (request, node, options) => {
    if (request.operation === 'CREATE' && request.target.subresource === 'token')
      return checkNodeToken(request, node, options);
  },
  ' persistentvolumeclaims': checkClaim,
  'coordination.k8s.io leases': checkLease,
  'storage.k8s.io csinodes': checkCsiNode,
  'resource.k8s.io resourceslices': checkSlice,
  'certificates.k8s.io certificatesigningrequests': checkCertificateRequest,
};

/**
 * Holds kubelets to their own node, its pods and its lease, where the node authorizer cannot see enough of a request.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 */
export function nodeRestriction(options: NodeRestrictionOptions): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    handles: (operation, group, resource) => operation !== 'CONNECT' && Object.hasOwn(checks, `${group} ${resource}`),
    admit(request) {
      const { user } = request.context;
      if (!user.groups.includes(groups.nodes)) return;
      const node = nodeNameOf(user);
      if (node === undefined) {
        // Who is in the group under another name is no node, as far as this goes.
        if (user.name !== 'system:node:') return;
        throw refusal(request, `could not determine node from user ${quote(user.name)}`);
      }
      const { group, data } = request.target.resource;
      return checks[`${group} ${data.resource}`]?.(request, node, options);
    },
  };
}

function checkPod(request: AdmissionRequest, node: string, { readers }: NodeRestrictionOptions): void {
  const { operation, target } = request;
  const { subresource } = target;
  const existing = (name: string): Pod => {
    const pod = readers.pod(target.namespace, name);
    // In the words of a lister, which names the kind.
    if (!pod) throw errors.notFound({ group: '', resource: 'pod' }, name);
    return pod;
  };
  if (subresource === '') {
    if (operation === 'CREATE') checkMirrorPod(request, node, readers);
    else if (operation !== 'DELETE')
      throw refusal(
        request,
        `unexpected operation ${quote(operation)}, node ${quote(node)} can only create and delete mirror pods`,
      );
    else if ((request.oldObject ? oldObjectOf<Pod>(request) : existing(target.name)).spec.nodeName !== node)
      throw refusal(request, `node ${quote(node)} can only delete pods with spec.nodeName set to itself`);
  } else if (subresource === 'status') {
    checkPodStatus(request, node);
  } else if (subresource === 'eviction') {
    if (existing(target.name || objectOf(request).metadata.name).spec.nodeName !== node)
      throw refusal(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
  } else {
    throw refusal(
      request,
      `unexpected pod subresource ${quote(subresource)}, only 'status' and 'eviction' are allowed`,
    );
  }
}

function checkPodStatus(request: AdmissionRequest, node: string): void {
  if (request.operation !== 'UPDATE') throw refusal(request, `unexpected operation ${quote(request.operation)}`);
  const [pod, old] = [objectOf<Pod>(request), oldObjectOf<Pod>(request)];
  if (old.spec.nodeName !== node)
    throw refusal(request, `node ${quote(node)} can only update pod status for pods with spec.nodeName set to itself`);
  if (!isDeepStrictEqual({ ...pod.metadata.labels }, { ...old.metadata.labels }))
    throw refusal(request, `node ${quote(node)} cannot update labels through pod status`);
  const claims = ({ status }: Pod) =>
    (status?.resourceClaimStatuses ?? []).map(({ name, resourceClaimName }) => [name, resourceClaimName]);
  if (!isDeepStrictEqual(claims(pod), claims(old)))
    throw refusal(request, `node ${quote(node)} cannot update resource claim statues`);
  const extended = ({ status }: Pod) => JSON.stringify(status?.extendedResourceClaimStatus);
  if (extended(pod) !== extended(old))
    throw refusal(request, `node ${quote(node)} cannot update extended resource claim status`);
}

function checkNode(request: AdmissionRequest, node: string): void {
  const { operation, target } = request;
  const object = request.object ? objectOf<Node>(request) : undefined;
  const name = target.name || object?.metadata.name || '';
  if (name !== node) throw refusal(request, `node ${quote(node)} is not allowed to modify node ${quote(name)}`);
  if (!object) return;
  const old = request.oldObject ? oldObjectOf<Node>(request) : undefined;
  const source = object.spec?.configSource;
  if (operation === 'CREATE') {
    if (source) throw refusal(request, `node ${quote(node)} is not allowed to create pods with a non-nil configSource`);
    const forbidden = changedLabels(object, undefined);
    if (forbidden.length)
      throw refusal(request, `node ${quote(node)} is not allowed to set the following labels: ${forbidden.join(', ')}`);
  }
  if (operation !== 'UPDATE' || !old) return;
  if (source && !isDeepStrictEqual(source, old.spec?.configSource))
    throw refusal(request, `node ${quote(node)} is not allowed to update configSource to a new non-nil configSource`);
  const taints = ({ spec }: Node) =>
    (spec?.taints ?? []).map(({ key, value = '', effect, timeAdded }) => [key, value, effect, timeAdded]);
  if (!isDeepStrictEqual(taints(object), taints(old)))
    throw refusal(request, `node ${quote(node)} is not allowed to modify taints`);
  if (!isDeepStrictEqual(object.metadata.ownerReferences ?? [], old.metadata.ownerReferences ?? []))
    throw refusal(request, `node ${quote(node)} is not allowed to modify ownerReferences`);
  const forbidden = changedLabels(object, old);
  if (forbidden.length) throw refusal(request, `is not allowed to modify labels: ${forbidden.join(', ')}`);
}

/** Labels that differ and are not for kubelets to set. */
function changedLabels(object: KubeObject, old: KubeObject | undefined): string[] {
  const [now, before] = [object.metadata.labels ?? {}, old?.metadata.labels ?? {}];
  return [...new Set([...Object.keys(now), ...Object.keys(before)])]
    .filter((key) => now[key] !== before[key] && isForbiddenLabel(key))
    .sort();
}

/** Labels by which pods are kept on trusted nodes: a stolen kubelet must not give them to itself. */
function isForbiddenLabel(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return false;
  const domain = key.slice(0, slash);
  const within = (parent: string) => domain === parent || domain.endsWith(`.${parent}`);
  if (within('node-restriction.kubernetes.io')) return true;
  if (nodeLabels.has(key) || within('kubelet.kubernetes.io') || within('node.kubernetes.io')) return false;
  return within('kubernetes.io') || within('k8s.io');
}

function checkClaim(request: AdmissionRequest, node: string): void {
  if (request.target.subresource !== 'status') throw refusal(request, 'may only update PVC status');
  if (request.operation !== 'UPDATE') throw refusal(request, `unexpected operation ${quote(request.operation)}`);
  const fixed = ({ metadata, ...rest }: KubeObject & { readonly status?: object }) => {
    const { resourceVersion: _, managedFields: __, ...others } = metadata;
    const status = Object.entries(rest.status ?? {}).filter(([field]) => !kubeletFields.has(field));
    return { ...rest, metadata: others, status: Object.fromEntries(status) };
  };
  if (!isDeepStrictEqual(fixed(objectOf(request)), fixed(oldObjectOf(request))))
    throw refusal(
      request,
      `node ${quote(node)} is not allowed to update fields other than status.quantity and status.conditions`,
    );
}

/** What kubelets say of a claim's volume when they have grown it. */
const kubeletFields: ReadonlySet<string> = new Set([
  'capacity',
  'conditions',
  'allocatedResources',
  'allocatedResourceStatuses',
]);

/** The name of what is made or changed; "" in deletions of collections. */
const nameOf = ({ operation, target, object, name }: AdmissionRequest): string =>
  operation === 'CREATE' ? (object?.metadata.name ?? '') : (name ?? target.name);

function checkLease(request: AdmissionRequest, node: string): void {
  if (request.target.namespace !== 'kube-node-lease')
    throw refusal(request, `can only access leases in the "kube-node-lease" system namespace`);
  if (nameOf(request) !== node)
    throw refusal(request, 'can only access node lease with the same name as the requesting node');
}

function checkCsiNode(request: AdmissionRequest, node: string): void {
  if (nameOf(request) !== node)
    throw refusal(request, 'can only access CSINode with the same name as the requesting node');
}

function checkSlice(request: AdmissionRequest, node: string): void {
  const { operation } = request;
  if (operation !== 'CREATE' && operation !== 'DELETE') return;
  const { spec } = operation === 'CREATE' ? objectOf<ResourceSlice>(request) : oldObjectOf<ResourceSlice>(request);
  if (spec.nodeName !== node)
    throw refusal(
      request,
      `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`,
    );
}

const nodeSigners: ReadonlySet<string> = new Set([
  'kubernetes.io/kubelet-serving',
  'kubernetes.io/kube-apiserver-client-kubelet',
]);

function checkCertificateRequest(request: AdmissionRequest, node: string): void {
  if (request.operation !== 'CREATE') return;
  const { signerName, request: encoded } = objectOf<CertificateSigningRequest>(request).spec;
  if (!nodeSigners.has(signerName)) return;
  let commonName: string | undefined;
  try {
    commonName = parseCertificateRequest(Buffer.from(encoded, 'base64').toString()).subject.commonName;
  } catch (error) {
    throw refusal(request, `unable to parse csr: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (commonName !== `system:node:${node}`)
    throw refusal(request, `can only create a node CSR with CN=system:node:${node}`);
}
