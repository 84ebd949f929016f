import type { PersistentVolumeClaim } from '../../api/core/v1.gen.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { type AdmissionReaders, mutableOf, newest, objectOf, oldObjectOf, refusal } from './readers.ts';

const defaultAnnotation = 'storageclass.kubernetes.io/is-default-class';
const betaDefaultAnnotation = 'storageclass.beta.kubernetes.io/is-default-class';
const betaClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

/**
 * Claims without a class get the cluster's default one.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#defaultstorageclass
 */
export function defaultStorageClass(readers: Pick<AdmissionReaders, 'storageClasses'>): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    handles: (operation, group, resource, subresource) =>
      operation === 'CREATE' && group === '' && resource === 'persistentvolumeclaims' && subresource === '',
    admit(request) {
      const claim = mutableOf<PersistentVolumeClaim>(request);
      // "" says that no class is wanted.
      if (claim.spec.storageClassName !== undefined) return;
      if (claim.metadata.annotations?.[betaClassAnnotation] !== undefined) return;
      const defaults = [...readers.storageClasses()].filter(
        ({ metadata: { annotations } }) =>
          annotations?.[defaultAnnotation] === 'true' || annotations?.[betaDefaultAnnotation] === 'true',
      );
      const chosen = newest(defaults);
      if (chosen) claim.spec.storageClassName = chosen.metadata.name;
    },
  };
}

const finalizers: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
  volumeattributesclasses: 'kubernetes.io/vac-protection',
};

/**
 * Claims and volumes stay while something uses them: a finalizer that the protection controllers take away.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
 */
export function storageObjectInUseProtection(): AdmissionPlugin {
  return {
    name: 'StorageObjectInUseProtection',
    handles: (operation, group, resource, subresource) =>
      operation === 'CREATE' &&
      subresource === '' &&
      finalizers[resource] !== undefined &&
      group === (resource === 'volumeattributesclasses' ? 'storage.k8s.io' : ''),
    admit(request) {
      const finalizer = finalizers[request.target.resource.data.resource];
      const { metadata } = mutableOf(request);
      if (finalizer && !metadata.finalizers?.includes(finalizer))
        metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
    },
  };
}

/**
 * A bound claim grows only where its class lets it.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#persistentvolumeclaimresize
 */
export function persistentVolumeClaimResize(readers: Pick<AdmissionReaders, 'storageClass'>): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    handles: (operation, group, resource, subresource) =>
      operation === 'UPDATE' && group === '' && resource === 'persistentvolumeclaims' && subresource === '',
    validate(request) {
      const claim = objectOf<PersistentVolumeClaim>(request);
      const old = oldObjectOf<PersistentVolumeClaim>(request);
      const wanted = claim.spec.resources?.requests?.storage;
      const had = old.spec.resources?.requests?.storage;
      if (!wanted || !had || compareQuantities(wanted, had) <= 0) return;
      if (old.status.phase !== 'Bound') throw refusal(request, 'Only bound persistent volume claims can be expanded');
      const classOf = ({ metadata, spec }: PersistentVolumeClaim) =>
        metadata.annotations?.[betaClassAnnotation] ?? spec.storageClassName ?? '';
      const name = classOf(claim);
      if (!name || name !== classOf(old) || !readers.storageClass(name)?.allowVolumeExpansion)
        throw refusal(
          request,
          'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
        );
    },
  };
}
