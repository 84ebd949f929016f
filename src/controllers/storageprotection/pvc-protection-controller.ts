import { type PersistentVolumeClaim, type Pod, persistentvolumeclaims, pods } from '../../api/core/v1.gen.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { withFinalizer, withoutFinalizer } from './finalizers.ts';

const FINALIZER = 'kubernetes.io/pvc-protection';

/**
 * Keeps claims that are deleted until no pod uses them any more.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
 */
export function startPvcProtectionController(context: ControllerContext): ControllerHandle {
  const { client } = context;
  const claims = context.informers.informer(persistentvolumeclaims);
  const allPods = context.informers.informer(pods);

  return startReconciler(context, {
    name: 'pvcprotection',
    workers: 1,
    waitFor: [claims, allPods],
    observe: (queue: WorkQueue) => {
      const look = (claim: PersistentVolumeClaim) => {
        const { deletionTimestamp, finalizers = [] } = claim.metadata;
        if ((deletionTimestamp !== undefined) === finalizers.includes(FINALIZER)) queue.add(keyOf(claim));
      };
      const release = (pod: Pod) => {
        for (const name of claimsOf(pod)) {
          const claim = claims.store.get(pod.metadata.namespace ?? '', name);
          if (claim) look(claim);
        }
      };
      return [
        claims.addHandler({ onAdd: look, onUpdate: (_, claim) => look(claim) }),
        allPods.addHandler({ onDelete: release }),
      ];
    },
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const claim = claims.store.get(namespace, name);
      if (!claim) return;
      if (!claim.metadata.deletionTimestamp) {
        await withFinalizer(client, persistentvolumeclaims, claim, FINALIZER);
        return;
      }
      const uses = (pod: Pod) => pod.spec.nodeName && claimsOf(pod).includes(name);
      if (allPods.store.list(namespace).some(uses)) return;
      // A pod may have been bound that the informer does not show yet.
      const { items } = await client.resource(pods).list(namespace);
      if (!items.some(uses)) await withoutFinalizer(client, persistentvolumeclaims, claim, FINALIZER);
    },
  });
}

function claimsOf({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${metadata.name}-${name}`] : [];
  });
}
