import { type PersistentVolume, persistentvolumes } from '../../api/core/v1.gen.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { withFinalizer, withoutFinalizer } from './finalizers.ts';

const FINALIZER = 'kubernetes.io/pv-protection';

/**
 * Keeps volumes that are deleted as long as they are bound to a claim.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
 */
export function startPvProtectionController(context: ControllerContext): ControllerHandle {
  const { client } = context;
  const volumes = context.informers.informer(persistentvolumes);

  return startReconciler(context, {
    name: 'pvprotection',
    workers: 1,
    waitFor: [volumes],
    observe: (queue) => {
      const look = ({ metadata }: PersistentVolume) => {
        const held = metadata.finalizers?.includes(FINALIZER) === true;
        if ((metadata.deletionTimestamp !== undefined) === held) queue.add(metadata.name);
      };
      return [volumes.addHandler({ onAdd: look, onUpdate: (_, volume) => look(volume) })];
    },
    async reconcile(name) {
      const volume = volumes.store.get('', name);
      if (!volume) return;
      if (!volume.metadata.deletionTimestamp) await withFinalizer(client, persistentvolumes, volume, FINALIZER);
      else if (volume.status.phase !== 'Bound') await withoutFinalizer(client, persistentvolumes, volume, FINALIZER);
    },
  });
}
