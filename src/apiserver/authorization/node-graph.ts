import type { Container, EphemeralContainer, PersistentVolume, Pod, Volume } from '../../api/core/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';

type PodResourceClaimStatuses = NonNullable<NonNullable<Pod['status']>['resourceClaimStatuses']>;

/** What is kept of a pod: what it names, and by what one sees that it names something else. */
interface PlacedPod {
  readonly uid: string;
  readonly node: string;
  readonly uses: readonly string[];
  readonly ephemeralContainers: number;
  readonly claims: PodResourceClaimStatuses | undefined;
}

interface PlacedVolume {
  /** The claim it says that it belongs to, as pods use it. */
  readonly claim: string;
  readonly secrets: readonly string[];
}

/** Kinds of objects that name their node themselves. */
export type NodeObject = 'volumeattachments' | 'resourceslices';

const key = (resource: string, namespace: string, name: string): string => `${resource}/${namespace}/${name}`;

/**
 * What is related to which node: pods to theirs, and through them what they name; volumes through the claims that pods
 * use; secrets of volumes; attachments and resource slices. Kept so that no question needs more than a few look-ups.
 */
export class NodeGraph {
  readonly #pods = new Map<string, PlacedPod>();
  /** By node: what its pods name ("secrets/ns/name"), with how many of them do. */
  readonly #uses = new Map<string, Map<string, number>>();
  readonly #volumes = new Map<string, PlacedVolume>();
  /** Volumes by the secrets that they name. */
  readonly #volumesBySecret = new Map<string, Set<string>>();
  readonly #objects: Readonly<Record<NodeObject, Map<string, string>>> = {
    volumeattachments: new Map(),
    resourceslices: new Map(),
  };

  setPod(pod: Pod): void {
    const node = pod.spec?.nodeName;
    if (!node) return;
    const id = podKey(pod);
    const old = this.#pods.get(id);
    const ephemeralContainers = pod.spec?.ephemeralContainers?.length ?? 0;
    const claims = pod.status?.resourceClaimStatuses;
    // All else that a pod names cannot change; its status does, often.
    if (
      old?.uid === pod.metadata.uid &&
      old.node === node &&
      old.ephemeralContainers >= ephemeralContainers &&
      deepEqual(old.claims, claims)
    ) {
      return;
    }
    this.#remove(id);
    const uses = [...usesOf(pod)];
    this.#pods.set(id, { uid: pod.metadata.uid ?? '', node, uses, ephemeralContainers, claims });
    let onNode = this.#uses.get(node);
    if (!onNode) {
      onNode = new Map();
      this.#uses.set(node, onNode);
    }
    for (const use of uses) onNode.set(use, (onNode.get(use) ?? 0) + 1);
  }

  deletePod(pod: Pod): void {
    this.#remove(podKey(pod));
  }

  #remove(id: string): void {
    const old = this.#pods.get(id);
    if (!old) return;
    this.#pods.delete(id);
    const onNode = this.#uses.get(old.node);
    if (!onNode) return;
    for (const use of old.uses) {
      const left = (onNode.get(use) ?? 0) - 1;
      if (left > 0) onNode.set(use, left);
      else onNode.delete(use);
    }
    if (onNode.size === 0) this.#uses.delete(old.node);
  }

  setVolume(volume: PersistentVolume): void {
    this.deleteVolume(volume);
    const { name } = volume.metadata;
    const claim = volume.spec?.claimRef;
    if (!claim) return;
    const secrets = [...secretsOf(volume)];
    this.#volumes.set(name, {
      claim: key('persistentvolumeclaims', claim.namespace ?? '', claim.name ?? ''),
      secrets,
    });
    for (const secret of secrets) {
      const volumes = this.#volumesBySecret.get(secret);
      if (volumes) volumes.add(name);
      else this.#volumesBySecret.set(secret, new Set([name]));
    }
  }

  deleteVolume({ metadata: { name } }: PersistentVolume): void {
    for (const secret of this.#volumes.get(name)?.secrets ?? []) {
      const volumes = this.#volumesBySecret.get(secret);
      volumes?.delete(name);
      if (volumes?.size === 0) this.#volumesBySecret.delete(secret);
    }
    this.#volumes.delete(name);
  }

  /** `node` is "" for an object of no node. */
  setObject(kind: NodeObject, name: string, node: string): void {
    if (node === '') this.#objects[kind].delete(name);
    else this.#objects[kind].set(name, node);
  }

  deleteObject(kind: NodeObject, name: string): void {
    this.#objects[kind].delete(name);
  }

  /** Whether there is a way from the object to the node. */
  related(node: string, resource: string, namespace: string, name: string): boolean {
    switch (resource) {
      case 'volumeattachments':
      case 'resourceslices':
        return namespace === '' && this.#objects[resource].get(name) === node;
      case 'pods':
        return this.#pods.get(`${namespace}/${name}`)?.node === node;
      case 'persistentvolumes':
        return namespace === '' && this.#volumeUsed(node, name);
      case 'secrets': {
        const secret = key(resource, namespace, name);
        if (this.#uses.get(node)?.has(secret)) return true;
        for (const volume of this.#volumesBySecret.get(secret) ?? []) if (this.#volumeUsed(node, volume)) return true;
        return false;
      }
      default:
        return this.#uses.get(node)?.has(key(resource, namespace, name)) ?? false;
    }
  }

  #volumeUsed(node: string, name: string): boolean {
    const volume = this.#volumes.get(name);
    return volume !== undefined && this.#uses.get(node)?.has(volume.claim) === true;
  }
}

const podKey = (pod: Pod): string => `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`;

/** Everything that a pod names and its node must read. */
function usesOf(pod: Pod): ReadonlySet<string> {
  const uses = new Set<string>();
  const { spec, status } = pod;
  const { namespace = '', name: podName } = pod.metadata;
  const add = (resource: string, name: string | undefined) => {
    if (name) uses.add(key(resource, namespace, name));
  };
  // A mirror pod is made by the kubelet itself and must not widen what it may read.
  if (!spec || pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return uses;
  add('serviceaccounts', spec.serviceAccountName);
  for (const secret of spec.imagePullSecrets ?? []) add('secrets', secret.name);
  const containers: readonly (readonly (Container | EphemeralContainer)[] | undefined)[] = [
    spec.initContainers,
    spec.containers,
    spec.ephemeralContainers,
  ];
  for (const list of containers) for (const container of list ?? []) addContainer(container, add);
  for (const volume of spec.volumes ?? []) {
    addVolume(volume, add);
    if (volume.ephemeral) add('persistentvolumeclaims', `${podName}-${volume.name}`);
  }
  for (const claim of spec.resourceClaims ?? []) {
    const made = status?.resourceClaimStatuses?.find(({ name }) => name === claim.name)?.resourceClaimName;
    add('resourceclaims', claim.resourceClaimName ?? (claim.resourceClaimTemplateName ? made : undefined));
  }
  add('resourceclaims', status?.extendedResourceClaimStatus?.resourceClaimName);
  return uses;
}

type Add = (resource: string, name: string | undefined) => void;

function addContainer({ env, envFrom }: Container | EphemeralContainer, add: Add): void {
  for (const from of envFrom ?? []) {
    add('secrets', from.secretRef?.name);
    add('configmaps', from.configMapRef?.name);
  }
  for (const { valueFrom } of env ?? []) {
    add('secrets', valueFrom?.secretKeyRef?.name);
    add('configmaps', valueFrom?.configMapKeyRef?.name);
  }
}

function addVolume(volume: Volume, add: Add): void {
  add('secrets', volume.secret?.secretName);
  add('configmaps', volume.configMap?.name);
  add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
  add('secrets', volume.azureFile?.secretName);
  for (const source of [volume.cephfs, volume.cinder, volume.flexVolume, volume.rbd, volume.scaleIO, volume.iscsi]) {
    add('secrets', source?.secretRef?.name);
  }
  add('secrets', volume.storageos?.secretRef?.name);
  add('secrets', volume.csi?.nodePublishSecretRef?.name);
  for (const source of volume.projected?.sources ?? []) {
    add('secrets', source.secret?.name);
    add('configmaps', source.configMap?.name);
  }
}

/** The secrets of a volume that its node needs; those for attaching and resizing are the controller's alone. */
function secretsOf({ spec }: PersistentVolume): ReadonlySet<string> {
  const secrets = new Set<string>();
  const home = spec?.claimRef?.namespace ?? '';
  const add = (namespace: string | undefined, name: string | undefined) => {
    if (name) secrets.add(key('secrets', namespace ?? '', name));
  };
  if (!spec) return secrets;
  const { azureFile, csi } = spec;
  add(azureFile?.secretNamespace || home, azureFile?.secretName);
  for (const source of [spec.cephfs, spec.flexVolume, spec.rbd, spec.scaleIO, spec.iscsi]) {
    add(source?.secretRef?.namespace || home, source?.secretRef?.name);
  }
  for (const source of [spec.cinder, spec.storageos]) add(source?.secretRef?.namespace, source?.secretRef?.name);
  for (const ref of [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef]) {
    add(ref?.namespace, ref?.name);
  }
  return secrets;
}
