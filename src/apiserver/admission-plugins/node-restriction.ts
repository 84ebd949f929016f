import { isDeepStrictEqual } from 'node:util';
import type { TokenRequest } from '../../api/authentication/v1.gen.ts';
import type { Lease } from '../../api/coordination/v1.gen.ts';
import type { Node, Pod } from '../../api/core/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { groups } from '../authentication/users.ts';
import { nodeNameOf } from '../authorization/node.ts';
import { type AdmissionReaders, objectOf, oldObjectOf, refusal } from './readers.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** Labels of the kubernetes.io and k8s.io domains that a kubelet may put on its node. */
const nodeLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'node.kubernetes.io/windows-build',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

/**
 * Holds kubelets to their own node, its pods and its lease, where the node authorizer cannot see enough of a request.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 */
export function nodeRestriction(readers: Pick<AdmissionReaders, 'pod'>): AdmissionPlugin {
  const watched: ReadonlySet<string> = new Set([
    ' pods',
    ' nodes',
    ' serviceaccounts',
    ' persistentvolumeclaims',
    'coordination.k8s.io leases',
    'storage.k8s.io csinodes',
  ]);
  return {
    name: 'NodeRestriction',
    handles: (operation, group, resource) => operation !== 'CONNECT' && watched.has(`${group} ${resource}`),
    validate(request) {
      const { user } = request.context;
      if (!user.groups.includes(groups.nodes)) return;
      const node = nodeNameOf(user);
      if (node === undefined) throw refusal(request, `could not determine node from user ${quote(user.name)}`);
      const { resource } = request.target.resource.data;
      if (resource === 'pods') checkPod(request, node, readers);
      else if (resource === 'nodes') checkNode(request, node);
      else if (resource === 'serviceaccounts') checkToken(request, node, readers);
      else if (resource === 'persistentvolumeclaims') checkClaim(request, node);
      else checkNamed(request, node);
    },
  };
}

function checkPod(request: AdmissionRequest, node: string, readers: Pick<AdmissionReaders, 'pod'>): void {
  const { operation, target } = request;
  const { subresource } = target;
  if (operation === 'CREATE' && subresource === '') {
    checkMirrorPod(request, node);
    return;
  }
  if (operation === 'CREATE' && subresource === 'eviction') {
    const pod = readers.pod(target.namespace, target.name || objectOf(request).metadata.name);
    if (pod?.spec.nodeName !== node)
      throw refusal(request, `node ${quote(node)} can only evict pods with spec.nodeName set to itself`);
    return;
  }
  if (operation === 'DELETE' && subresource === '') {
    const pod = request.oldObject ? oldObjectOf<Pod>(request) : readers.pod(target.namespace, target.name);
    if (pod && pod.spec.nodeName !== node)
      throw refusal(request, `node ${quote(node)} can only delete pods with spec.nodeName set to itself`);
    return;
  }
  if (operation === 'UPDATE' && subresource === 'status') {
    const [pod, old] = [objectOf<Pod>(request), oldObjectOf<Pod>(request)];
    if (old.spec.nodeName !== node)
      throw refusal(
        request,
        `node ${quote(node)} can only update pod status for pods with spec.nodeName set to itself`,
      );
    if (!isDeepStrictEqual(pod.metadata.labels ?? {}, old.metadata.labels ?? {}))
      throw refusal(request, `node ${quote(node)} cannot update labels through pod status`);
    return;
  }
  if (operation === 'DELETE') return;
  throw refusal(
    request,
    `unexpected operation ${quote(operation)}, node ${quote(node)} can only create and delete mirror pods`,
  );
}

/** A kubelet shows the pods of its own manifests as mirror pods: bound to it, and with nothing to read in the API. */
function checkMirrorPod(request: AdmissionRequest, node: string): void {
  const { spec, metadata } = objectOf<Pod>(request);
  if (metadata.annotations?.[mirrorAnnotation] === undefined)
    throw refusal(
      request,
      `pod does not have ${quote(mirrorAnnotation)} annotation, node ${quote(node)} can only create mirror pods`,
    );
  if (spec.nodeName !== node)
    throw refusal(request, `node ${quote(node)} can only create pods with spec.nodeName set to itself`);
  const owners = metadata.ownerReferences ?? [];
  if (owners.length > 1)
    throw refusal(request, `node ${quote(node)} can only create pods with a single owner reference set to itself`);
  const [owner] = owners;
  if (owner && (owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node))
    throw refusal(request, `node ${quote(node)} can only create pods with an owner reference set to itself`);
  if (spec.serviceAccountName)
    throw refusal(request, `node ${quote(node)} can not create pods that reference a service account`);
  const refers = spec.volumes?.some((v) => v.secret || v.configMap || v.persistentVolumeClaim || v.projected);
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const reads = containers.some(
    (c) => c.envFrom?.length || c.env?.some((e) => e.valueFrom?.secretKeyRef || e.valueFrom?.configMapKeyRef),
  );
  if (refers || reads || spec.imagePullSecrets?.length)
    throw refusal(
      request,
      `node ${quote(node)} can not create pods that reference secrets, configmaps or persistentvolumeclaims`,
    );
}

function checkNode(request: AdmissionRequest, node: string): void {
  const { operation, target } = request;
  const object = request.object ? objectOf<Node>(request) : undefined;
  const name = target.name || object?.metadata.name || '';
  if (name !== node) throw refusal(request, `node ${quote(node)} is not allowed to modify node ${quote(name)}`);
  if (!object) return;
  const old = request.oldObject ? oldObjectOf<Node>(request) : undefined;
  if (object.spec?.configSource && !isDeepStrictEqual(object.spec.configSource, old?.spec.configSource))
    throw refusal(request, `node ${quote(node)} is not allowed to update configSource to a new non-nil configSource`);
  if (operation === 'UPDATE' && old && !isDeepStrictEqual(object.spec.taints ?? [], old.spec.taints ?? []))
    throw refusal(request, `node ${quote(node)} is not allowed to modify taints`);
  if (!isDeepStrictEqual(object.metadata.ownerReferences ?? [], old?.metadata.ownerReferences ?? []))
    throw refusal(request, `node ${quote(node)} is not allowed to modify ownerReferences`);
  const forbidden = changedLabels(object, old).filter(isForbiddenLabel).sort();
  if (forbidden.length)
    throw refusal(request, `is not allowed to ${old ? 'modify' : 'set the following'} labels: ${forbidden.join(', ')}`);
}

function changedLabels(object: KubeObject, old: KubeObject | undefined): string[] {
  const [now, before] = [object.metadata.labels ?? {}, old?.metadata.labels ?? {}];
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => now[key] !== before[key]);
}

/** Labels by which pods are kept on trusted nodes: a stolen kubelet must not give them to itself. */
function isForbiddenLabel(key: string): boolean {
  const [domain = '', rest] = key.split('/');
  if (rest === undefined || nodeLabels.has(key)) return false;
  const within = (parent: string) => domain === parent || domain.endsWith(`.${parent}`);
  if (within('node-restriction.kubernetes.io')) return true;
  if (within('kubelet.kubernetes.io') || within('node.kubernetes.io')) return false;
  return within('kubernetes.io') || within('k8s.io');
}

function checkToken(request: AdmissionRequest, node: string, readers: Pick<AdmissionReaders, 'pod'>): void {
  if (request.operation !== 'CREATE' || request.target.subresource !== 'token') return;
  // The token subresource's schema has decoded it; it is no stored kind.
  const ref = (request.object as unknown as TokenRequest).spec.boundObjectRef;
  if (ref?.kind !== 'Pod' || ref.apiVersion !== 'v1' || !ref.name)
    throw refusal(request, 'node requested token not bound to a pod');
  if (!ref.uid) throw refusal(request, 'node requested token with a pod binding without a uid');
  const pod = readers.pod(request.target.namespace, ref.name);
  if (!pod || pod.metadata.uid !== ref.uid)
    throw refusal(
      request,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record (${pod?.metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  if (pod.spec.nodeName !== node)
    throw refusal(request, 'node requested token bound to a pod scheduled on a different node');
}

function checkClaim(request: AdmissionRequest, node: string): void {
  if (request.operation !== 'UPDATE' || request.target.subresource !== 'status')
    throw refusal(
      request,
      `unexpected subresource ${quote(request.target.subresource)}, node ${quote(node)} may only update PVC status`,
    );
  const fixed = ({ metadata, ...rest }: KubeObject) => ({
    ...rest,
    status: undefined,
    labels: metadata.labels,
    annotations: metadata.annotations,
  });
  if (!isDeepStrictEqual(fixed(objectOf(request)), fixed(oldObjectOf(request))))
    throw refusal(request, `node ${quote(node)} may not update fields other than status of a persistentvolumeclaim`);
}

/** Leases and CSINodes are named after their node. */
function checkNamed(request: AdmissionRequest, node: string): void {
  const { target, operation } = request;
  const { resource, kind } = target.resource.data;
  const name = operation === 'CREATE' ? objectOf<Lease>(request).metadata.name : target.name;
  if (resource === 'leases' && target.namespace !== 'kube-node-lease')
    throw refusal(request, `can only access leases in the "kube-node-lease" system namespace`);
  if (name !== node)
    throw refusal(
      request,
      `can only access ${resource === 'leases' ? 'node lease' : kind} with the same name as the requesting node`,
    );
}
