import type { StatefulSet } from '../../api/apps/v1.gen.ts';
import { type PersistentVolumeClaim, type Pod, persistentvolumeclaims } from '../../api/core/v1.gen.ts';
import { isAlreadyExists } from '../../api/errors.ts';
import type { OwnerReference } from '../../api/meta/v1.gen.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import { newControllerRef } from '../shared/controller-ref.ts';
import { messageOf } from '../shared/pod-control.ts';
import { claimName, ordinalOf, ordinalRange, podNameOf } from './identity.ts';

/** The volume claims of a StatefulSet's pods. https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage */
export class Claims {
  readonly #client: Client;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #recorder: EventRecorder;

  constructor(client: Client, claims: Informer<PersistentVolumeClaim>, recorder: EventRecorder) {
    this.#client = client;
    this.#claims = claims;
    this.#recorder = recorder;
  }

  /** A claim still belongs to an earlier pod of the ordinal and goes with it; a new pod must not get hold of it. */
  isStale(set: StatefulSet, ordinal: number): boolean {
    const pod = podNameOf(set, ordinal);
    return this.#of(set, ordinal).some(({ metadata }) =>
      metadata.ownerReferences?.some(({ kind, name }) => kind === 'Pod' && name === pod),
    );
  }

  /** Makes the claims of an ordinal that are not there. */
  async ensure(set: StatefulSet, ordinal: number): Promise<void> {
    const namespace = set.metadata.namespace ?? '';
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const name = claimName(set, template.metadata.name, ordinal);
      if (this.#claims.store.get(namespace, name)) continue;
      const owned = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
      const what = `create Claim ${name} Pod ${podNameOf(set, ordinal)} in StatefulSet ${set.metadata.name}`;
      try {
        await this.#client.resource(persistentvolumeclaims).create(namespace, {
          metadata: {
            name,
            namespace,
            labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
            ...(template.metadata.annotations && { annotations: template.metadata.annotations }),
            ...(owned && { ownerReferences: [newControllerRef(set)] }),
          },
          spec: template.spec,
        });
        this.#recorder.event(set, 'Normal', 'SuccessfulCreate', `${what} success`);
      } catch (error) {
        if (isAlreadyExists(error)) continue;
        this.#recorder.event(
          set,
          'Warning',
          'FailedCreate',
          `${what.replace(' Pod', ' for Pod')} failed error: ${messageOf(error)}`,
        );
        throw error;
      }
    }
  }

  /** Makes claims go with their pod or the set, or stay, as the retention policy says. */
  async retain(set: StatefulSet, pod: Pod): Promise<void> {
    const owner = ownerOf(set, pod);
    for (const claim of this.#of(set, ordinalOf(set, pod))) {
      const { ownerReferences = [], namespace = '', name, uid, resourceVersion } = claim.metadata;
      const ours = ({ uid }: OwnerReference) => uid === set.metadata.uid || uid === pod.metadata.uid;
      const mine = ownerReferences.filter(ours);
      if (mine.length === (owner ? 1 : 0) && mine[0]?.uid === owner?.metadata.uid) continue;
      const others = ownerReferences.filter((reference) => !ours(reference));
      // Somebody else looks after it.
      if (others.some(({ controller }) => controller)) continue;
      const references = owner ? [...others, newControllerRef(owner)] : others;
      const body = { metadata: { uid, resourceVersion, ownerReferences: references } };
      await this.#client.resource(persistentvolumeclaims).patch(namespace, name, { type: 'merge', body });
    }
  }

  #of(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
    const names = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }) => claimName(set, metadata.name, ordinal));
    return names.flatMap((name) => this.#claims.store.get(set.metadata.namespace ?? '', name) ?? []);
  }
}

/** With whom a pod's claims go; undefined: they stay. */
function ownerOf(set: StatefulSet, pod: Pod): StatefulSet | Pod | undefined {
  const { whenScaled, whenDeleted } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const { start, end } = ordinalRange(set);
  const ordinal = ordinalOf(set, pod);
  const condemned = ordinal < start || ordinal >= end;
  if (condemned && whenScaled === 'Delete') return pod;
  return whenDeleted === 'Delete' ? set : undefined;
}
