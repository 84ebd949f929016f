import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { Authorizer, AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import { groups } from '../authentication/users.ts';
import { clusterRoleRules } from '../bootstrap/cluster-role-rules.ts';
import type { UserInfo } from '../user.ts';
import { ruleAllows } from './rules.ts';

/** Lookups beyond pods; undefined for what does not exist. */
export interface NodeReaders {
  persistentVolumeClaim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  persistentVolume(name: string): PersistentVolume | undefined;
}

/** The node's name when the user is a node's kubelet. */
export function nodeNameOf(user: UserInfo): string | undefined {
  const prefix = 'system:node:';
  if (!user.groups.includes(groups.nodes) || !user.name.startsWith(prefix)) return undefined;
  return user.name.slice(prefix.length) || undefined;
}

const allowed: AuthorizerDecision = { allowed: true, reason: '' };
const noOpinion: AuthorizerDecision = { allowed: false, reason: '' };
const refuse = (reason: string): AuthorizerDecision => ({ allowed: false, reason });
const nodeRules = clusterRoleRules['system:node'] ?? [];

interface NodePods {
  readonly pods: Map<string, Pod>;
  /** "secrets/ns/name" and the like: what pods of the node name, with how many of them do. */
  readonly uses: Map<string, number>;
}

/**
 * Lets a kubelet do what it needs for the pods bound to its node, and no more: it reads the secrets, config maps,
 * claims, volumes and service accounts that those pods name, makes tokens for those accounts, and writes what is its
 * own node's. Feed it every pod. https://kubernetes.io/docs/reference/access-authn-authz/node/
 */
export class NodeAuthorizer implements Authorizer {
  readonly #readers: NodeReaders;
  readonly #nodes = new Map<string, NodePods>();
  readonly #placed = new Map<string, Pod>();

  constructor(readers: NodeReaders) {
    this.#readers = readers;
  }

  setPod(pod: Pod): void {
    this.deletePod(pod);
    const node = pod.spec?.nodeName;
    // A finished pod needs nothing any more.
    if (!node || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return;
    let on = this.#nodes.get(node);
    if (!on) {
      on = { pods: new Map(), uses: new Map() };
      this.#nodes.set(node, on);
    }
    const key = podKey(pod);
    this.#placed.set(key, pod);
    on.pods.set(key, pod);
    for (const use of usesOf(pod)) on.uses.set(use, (on.uses.get(use) ?? 0) + 1);
  }

  deletePod(pod: Pod): void {
    const key = podKey(pod);
    const old = this.#placed.get(key);
    const on = old && this.#nodes.get(old.spec?.nodeName ?? '');
    if (!old || !on) return;
    this.#placed.delete(key);
    on.pods.delete(key);
    for (const use of usesOf(old)) {
      const left = (on.uses.get(use) ?? 0) - 1;
      if (left > 0) on.uses.set(use, left);
      else on.uses.delete(use);
    }
    if (on.pods.size === 0) this.#nodes.delete(old.spec?.nodeName ?? '');
  }

  /** Whether a pod that runs on the node uses the service account. */
  usesServiceAccount(node: string, namespace: string, name: string): boolean {
    return this.#nodes.get(node)?.uses.has(`serviceaccounts/${namespace}/${name}`) ?? false;
  }

  authorize(attributes: AuthorizerAttributes): AuthorizerDecision {
    const { user, group, resource } = attributes;
    if (!user.groups.includes(groups.nodes)) return noOpinion;
    const node = nodeNameOf(user);
    if (node === undefined) return refuse(`unknown node for user ${quote(user.name)}`);
    switch (group ? `${resource}.${group}` : resource) {
      case 'secrets':
      case 'configmaps':
        return this.#read(node, attributes);
      case 'serviceaccounts':
        return attributes.subresource === 'token' ? this.#token(node, attributes) : this.#read(node, attributes);
      case 'persistentvolumeclaims':
        return attributes.subresource === 'status'
          ? this.#resizeStatus(node, attributes)
          : this.#read(node, attributes);
      case 'persistentvolumes':
        return this.#read(node, attributes);
      case 'volumeattachments.storage.k8s.io':
        // Attachments are not in the index; a get by name tells no more than that a volume is on a node.
        return attributes.verb === 'get' && !attributes.subresource
          ? allowed
          : refuse('can only get individual resources of this type');
      case 'nodes':
        return this.#node(node, attributes);
      case 'pods':
        return this.#pod(node, attributes);
      case 'leases.coordination.k8s.io':
        return own(node, attributes, 'kube-node-lease', ['get', 'create', 'update', 'patch', 'delete']);
      case 'csinodes.storage.k8s.io':
        return own(node, attributes, '', ['get', 'create', 'update', 'patch', 'delete']);
      default:
        return nodeRules.some((rule) => ruleAllows(rule, attributes)) ? allowed : noOpinion;
    }
  }

  /** Reads of objects that the node's pods name. A kubelet lists and watches them one by one, by name. */
  #read(node: string, { verb, resource, subresource, namespace, name }: AuthorizerAttributes): AuthorizerDecision {
    if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return refuse('can only read resources of this type');
    if (verb !== 'get' && resource.startsWith('persistentvolume'))
      return refuse('can only get individual resources of this type');
    if (subresource) return refuse('cannot get subresource');
    if (name === '') return refuse('No Object name found');
    return this.#related(node, resource, namespace, name)
      ? allowed
      : refuse(`no relationship found between node '${node}' and this object`);
  }

  #related(node: string, resource: string, namespace: string, name: string): boolean {
    const uses = this.#nodes.get(node)?.uses;
    if (!uses) return false;
    if (uses.has(`${resource}/${namespace}/${name}`)) return true;
    if (resource === 'persistentvolumes') {
      const claim = this.#readers.persistentVolume(name)?.spec?.claimRef;
      return claim !== undefined && this.#boundClaim(uses, claim.namespace ?? '', claim.name ?? '', name);
    }
    return resource === 'secrets' && this.#secretOfVolume(uses, namespace, name);
  }

  /** Whether pods of the node use the claim, and the claim says that it has the volume: the volume's word is not enough. */
  #boundClaim(uses: ReadonlyMap<string, number>, namespace: string, claim: string, volume: string): boolean {
    if (!uses.has(`persistentvolumeclaims/${namespace}/${claim}`)) return false;
    return this.#readers.persistentVolumeClaim(namespace, claim)?.spec?.volumeName === volume;
  }

  /** CSI volumes name secrets that their node needs to stage and publish them. */
  #secretOfVolume(uses: ReadonlyMap<string, number>, namespace: string, name: string): boolean {
    for (const use of uses.keys()) {
      const [resource, claimNamespace = '', claim = ''] = use.split('/');
      if (resource !== 'persistentvolumeclaims') continue;
      const volumeName = this.#readers.persistentVolumeClaim(claimNamespace, claim)?.spec?.volumeName;
      const csi = volumeName ? this.#readers.persistentVolume(volumeName)?.spec?.csi : undefined;
      const refs = [csi?.nodeStageSecretRef, csi?.nodePublishSecretRef, csi?.nodeExpandSecretRef];
      if (refs.some((ref) => ref?.name === name && ref.namespace === namespace)) return true;
    }
    return false;
  }

  #token(node: string, { verb, namespace, name }: AuthorizerAttributes): AuthorizerDecision {
    if (verb !== 'create') return refuse('can only create tokens for individual service accounts');
    return this.usesServiceAccount(node, namespace, name)
      ? allowed
      : refuse(`no relationship found between node '${node}' and this object`);
  }

  #resizeStatus(node: string, { verb, namespace, name }: AuthorizerAttributes): AuthorizerDecision {
    if (verb !== 'get' && verb !== 'update' && verb !== 'patch') return refuse('can only get/update/patch this type');
    return this.#related(node, 'persistentvolumeclaims', namespace, name)
      ? allowed
      : refuse(`no relationship found between node '${node}' and this object`);
  }

  #node(node: string, { verb, subresource, name }: AuthorizerAttributes): AuthorizerDecision {
    if (subresource !== '' && subresource !== 'status') return noOpinion;
    if (verb === 'create' && subresource === '') return allowed;
    if (verb === 'get' || verb === 'list' || verb === 'watch' || verb === 'update' || verb === 'patch') {
      return name === node
        ? allowed
        : refuse(`node '${node}' cannot read ${name ? `'${name}'` : 'all nodes'}, only its own Node object`);
    }
    return noOpinion;
  }

  #pod(node: string, { verb, subresource, namespace, name, fieldSelector }: AuthorizerAttributes): AuthorizerDecision {
    const mine = () => this.#nodes.get(node)?.pods.has(`${namespace}/${name}`) ?? false;
    switch (`${verb} ${subresource}`.trim()) {
      case 'get':
        return mine() ? allowed : refuse(`no relationship found between node '${node}' and this object`);
      case 'list':
      case 'watch':
        return (fieldSelector ?? '').split(',').includes(`spec.nodeName=${node}`)
          ? allowed
          : refuse('can only list/watch pods with spec.nodeName field selector');
      // NodeRestriction looks at what is made, changed and deleted.
      case 'create':
      case 'delete':
      case 'patch status':
      case 'update status':
      case 'create eviction':
        return allowed;
      default:
        return noOpinion;
    }
  }
}

/** Objects named after the node. The name of one that is being made is not known yet; NodeRestriction checks it. */
function own(
  node: string,
  attributes: AuthorizerAttributes,
  namespace: string,
  verbs: readonly string[],
): AuthorizerDecision {
  const { verb, name, subresource } = attributes;
  if (!verbs.includes(verb) || subresource) return refuse(`can only ${verbs.join(', ')} own objects of this type`);
  if (attributes.namespace !== namespace) return refuse(`can only access objects in the ${quote(namespace)} namespace`);
  if (verb !== 'create' && name !== node) return refuse('can only access the object named after the node');
  return allowed;
}

const podKey = (pod: Pod): string => `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`;

/** Everything that a pod names and its node must read. */
function usesOf(pod: Pod): Set<string> {
  const uses = new Set<string>();
  const { spec } = pod;
  const add = (resource: string, name: string | undefined) => {
    if (name) uses.add(`${resource}/${pod.metadata.namespace ?? ''}/${name}`);
  };
  // A mirror pod is made by the kubelet itself and must not widen what it may read.
  if (!spec || pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return uses;
  add('serviceaccounts', spec.serviceAccountName);
  for (const secret of spec.imagePullSecrets ?? []) add('secrets', secret.name);
  for (const container of [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]) {
    for (const from of container.envFrom ?? []) {
      add('secrets', from.secretRef?.name);
      add('configmaps', from.configMapRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('secrets', valueFrom?.secretKeyRef?.name);
      add('configmaps', valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    add('secrets', volume.secret?.secretName);
    add('configmaps', volume.configMap?.name);
    add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
    if (volume.ephemeral) add('persistentvolumeclaims', `${pod.metadata.name}-${volume.name}`);
    add('secrets', volume.csi?.nodePublishSecretRef?.name);
    add('secrets', volume.iscsi?.secretRef?.name);
    for (const source of volume.projected?.sources ?? []) {
      add('secrets', source.secret?.name);
      add('configmaps', source.configMap?.name);
    }
  }
  return uses;
}
