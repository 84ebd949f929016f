import { deployments, replicasets, statefulsets } from '../../api/apps/v1.gen.ts';
import type { Scale } from '../../api/autoscaling/v1.gen.ts';
import { type Pod, replicationcontrollers } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import type { OwnerReference } from '../../api/meta/v1.gen.ts';
import { groupResourceName, parseApiVersion } from '../../api/resource.ts';
import { quote } from '../../schema/quote.ts';
import type { ControllerContext } from '../shared/context.ts';
import { controllerOf, resolveControllerRef } from '../shared/controller-ref.ts';
import type { ResourceCatalog } from '../shared/resource-catalog.ts';

export interface Scales {
  /** Of all controllers of the pods together. */
  readonly total: number;
  /** Names of pods that nobody controls. */
  readonly unmanaged: readonly string[];
}

interface Found {
  readonly uid: string;
  readonly scale: number;
}

/** Finds out how many pods the controllers of pods ask for. */
export class ScaleFinder {
  readonly #client: ControllerContext['client'];
  readonly #catalog: ResourceCatalog;
  readonly #informers;

  constructor({ client, informers }: ControllerContext, catalog: ResourceCatalog) {
    this.#client = client;
    this.#catalog = catalog;
    this.#informers = {
      deployments: informers.informer(deployments),
      replicaSets: informers.informer(replicasets),
      statefulSets: informers.informer(statefulsets),
      replicationControllers: informers.informer(replicationcontrollers),
    };
  }

  get waitFor(): readonly { readonly hasSynced: Promise<void> }[] {
    return Object.values(this.#informers);
  }

  /** Throws when a pod's controller is gone or has no scale. */
  async scalesOf(pods: readonly Pod[]): Promise<Scales> {
    const unmanaged: string[] = [];
    const asked = new Set<string>();
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const reference = controllerOf(pod);
      if (!reference) {
        unmanaged.push(pod.metadata.name);
        continue;
      }
      if (asked.has(reference.uid)) continue;
      asked.add(reference.uid);
      const found = await this.#find(pod.metadata.namespace ?? '', reference);
      if (!found) throw new Error(`found no controllers for pod ${quote(pod.metadata.name)}`);
      scales.set(found.uid, found.scale);
    }
    return { total: [...scales.values()].reduce((sum, scale) => sum + scale, 0), unmanaged };
  }

  async #find(namespace: string, reference: OwnerReference): Promise<Found | undefined> {
    const { deployments, replicaSets, statefulSets, replicationControllers } = this.#informers;
    const plain =
      resolveControllerRef(replicationControllers, namespace, reference) ??
      resolveControllerRef(statefulSets, namespace, reference);
    if (plain) return { uid: plain.metadata.uid, scale: plain.spec.replicas ?? 1 };
    const set = resolveControllerRef(replicaSets, namespace, reference);
    if (set) {
      // A ReplicaSet of a Deployment is only a part of it.
      const deployment = resolveControllerRef(deployments, namespace, controllerOf(set));
      const owner = deployment ?? (controllerOf(set) ? undefined : set);
      if (owner) return { uid: owner.metadata.uid, scale: owner.spec.replicas ?? 1 };
    }
    return this.#ask(namespace, reference);
  }

  /** Any other controller says it through its scale subresource. */
  async #ask(namespace: string, { apiVersion, kind, name, uid }: OwnerReference): Promise<Found | undefined> {
    const type = this.#catalog.byKind(parseApiVersion(apiVersion)?.group ?? '', kind);
    if (!type) return undefined;
    try {
      const owner = await this.#client.resource(type).get(namespace, name);
      if (owner.metadata.uid !== uid) return undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
    try {
      const scale = await this.#client.resource(type).getSubresource<Scale>(namespace, name, 'scale');
      return { uid, scale: scale.spec?.replicas ?? 0 };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new Error(`${groupResourceName(type)} does not implement the scale subresource`);
    }
  }
}
