import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentvolumeclaims,
  persistentvolumes,
} from '../../api/core/v1.gen.ts';
import { type VolumeAttributesClass, volumeattributesclasses } from '../../api/storage/v1.gen.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { withFinalizer, withoutFinalizer } from './finalizers.ts';

const FINALIZER = 'kubernetes.io/vac-protection';
const BY_CLASS = 'volumeAttributesClassName';

/**
 * Keeps VolumeAttributesClasses that are deleted as long as a volume or a claim names them.
 * https://kubernetes.io/docs/concepts/storage/volume-attributes-classes/
 */
export function startVacProtectionController(context: ControllerContext): ControllerHandle {
  const { client } = context;
  const classes = context.informers.informer(volumeattributesclasses);
  const volumes = context.informers.informer(persistentvolumes).addIndex(BY_CLASS, classesOfVolume);
  const claims = context.informers.informer(persistentvolumeclaims).addIndex(BY_CLASS, classesOfClaim);

  return startReconciler(context, {
    name: 'vacprotection',
    workers: 1,
    waitFor: [classes, volumes, claims],
    observe: (queue) => {
      const look = ({ metadata }: VolumeAttributesClass) => {
        const held = metadata.finalizers?.includes(FINALIZER) === true;
        if ((metadata.deletionTimestamp !== undefined) === held) queue.add(metadata.name);
      };
      /** Looks at the classes that `before` named and `now` does not. */
      const release = (before: readonly string[], now: readonly string[]) => {
        for (const name of before) if (!now.includes(name)) queue.add(name);
      };
      return [
        classes.addHandler({ onAdd: look, onUpdate: (_, found) => look(found) }),
        volumes.addHandler({
          onUpdate: (before, volume) => release(classesOfVolume(before), classesOfVolume(volume)),
          onDelete: (volume) => release(classesOfVolume(volume), []),
        }),
        claims.addHandler({
          onUpdate: (before, claim) => release(classesOfClaim(before), classesOfClaim(claim)),
          onDelete: (claim) => release(classesOfClaim(claim), []),
        }),
      ];
    },
    async reconcile(name) {
      const found = classes.store.get('', name);
      if (!found) return;
      if (!found.metadata.deletionTimestamp) await withFinalizer(client, volumeattributesclasses, found, FINALIZER);
      else if (volumes.store.byIndex(BY_CLASS, name).length + claims.store.byIndex(BY_CLASS, name).length === 0)
        await withoutFinalizer(client, volumeattributesclasses, found, FINALIZER);
    },
  });
}

const classesOfVolume = ({ spec }: PersistentVolume): string[] => present(spec.volumeAttributesClassName);

/** What a claim asks for, what it has, and what it is being changed to. */
const classesOfClaim = ({ spec, status }: PersistentVolumeClaim): string[] =>
  present(
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  );

function present(...names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.flatMap((name) => (name ? [name] : [])))];
}
