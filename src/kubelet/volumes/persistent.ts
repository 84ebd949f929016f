import {
  type PersistentVolume,
  type Pod,
  persistentvolumeclaims,
  persistentvolumes,
  type Volume,
} from '../../api/core/v1.gen.ts';
import type { Client } from '../../client/client.ts';
import { quote } from '../../schema/quote.ts';

/** The pod's volumes are not all known; the message is that of a FailedMount event. */
export class UnresolvedVolumeError extends Error {
  constructor(volume: string, why: string) {
    super(
      `Unable to attach or mount volumes: unmounted volumes=[${volume}], unattached volumes=[], failed to process volumes=[${volume}]: ${why}`,
    );
    this.name = 'UnresolvedVolumeError';
  }
}

/**
 * The persistent volume behind a volume of a pod: the one that its claim (or the claim made for it) is bound to.
 * Rejects with UnresolvedVolumeError.
 */
export async function boundVolume(client: Client, pod: Pod, volume: Volume): Promise<PersistentVolume> {
  const { namespace = '', name, uid } = pod.metadata;
  const claimName = volume.persistentVolumeClaim?.claimName ?? `${name}-${volume.name}`;
  const claim = await client
    .resource(persistentvolumeclaims)
    .get(namespace, claimName)
    .catch((error: unknown) => {
      throw fail(`failed to fetch PVC from API server: ${error instanceof Error ? error.message : error}`);
    });
  function fail(why: string): UnresolvedVolumeError {
    return new UnresolvedVolumeError(volume.name, `error processing PVC ${namespace}/${claimName}: ${why}`);
  }
  if (volume.ephemeral && !claim.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid)) {
    throw fail(`PVC ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not owner)`);
  }
  if (claim.metadata.deletionTimestamp) throw fail('PVC is being deleted');
  const bound = claim.spec.volumeName;
  if (claim.status?.phase !== 'Bound' || !bound) throw fail('PVC is not bound');
  const persistent = await client
    .resource(persistentvolumes)
    .get('', bound)
    .catch((error: unknown) => {
      throw fail(
        `failed to fetch PV ${quote(bound)} from API server: ${error instanceof Error ? error.message : error}`,
      );
    });
  if (persistent.spec.claimRef?.uid !== claim.metadata.uid) {
    throw fail(
      `PV ${quote(bound)} has claimRef.UID ${quote(persistent.spec.claimRef?.uid ?? '')} but PVC has UID ${quote(claim.metadata.uid ?? '')}`,
    );
  }
  return persistent;
}
