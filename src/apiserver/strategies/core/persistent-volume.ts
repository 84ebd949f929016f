import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/core/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { Path } from '../../../schema/field-error.ts';
import { formatTime } from '../../../schema/time.ts';
import { validatePersistentVolume, validatePersistentVolumeUpdate } from '../../validation/persistent-volume.ts';
import {
  validateClaim,
  validateClaimStatusUpdate,
  validateClaimUpdate,
} from '../../validation/persistent-volume-claim.ts';
import { age, UNSET } from '../cells.ts';
import { define } from '../define.ts';
import { keepStatus, updateStatus } from '../spec-and-status.ts';
import { setClaimSpecDefaults } from './pod-spec-defaults.ts';
import { claimSpecWarnings, nodeTermWarnings } from './pod-warnings.ts';
import { roundQuantities } from './resource-list.ts';

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const shortModes: ReadonlyMap<string, string> = new Map([
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
]);

/** "RWO,ROX": each mode once, in a fixed order. */
function modesCell(modes: readonly string[] | undefined): string {
  return [...shortModes].flatMap(([mode, short]) => (modes?.includes(mode) ? [short] : [])).join(',');
}

const classCell = ({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string =>
  metadata.annotations?.[CLASS_ANNOTATION] ?? spec.storageClassName ?? '';

function setVolumeDefaults({ spec, status }: Mutable<PersistentVolume>): void {
  if (spec.capacity) roundQuantities(spec.capacity);
  spec.persistentVolumeReclaimPolicy ??= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  if (spec.hostPath) spec.hostPath.type ??= '';
  if (spec.azureDisk) {
    spec.azureDisk.cachingMode ??= 'ReadWrite';
    spec.azureDisk.kind ??= 'Shared';
  }
  status.phase ??= 'Pending';
}

const USE_CLASS = 'deprecated since v1.8; use "storageClassName" attribute instead';
const MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options';
const RECYCLE =
  'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';

/** Drivers that are gone, in the order of Kubernetes' warnings. */
const oldDrivers = [
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+', 'cephfs'],
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+', 'photonPersistentDisk'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+', 'scaleIO'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+', 'glusterfs'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+', 'rbd'],
] as const;

function volumeWarnings({ metadata, spec }: PersistentVolume): readonly string[] {
  const found: string[] = [];
  const { annotations } = metadata;
  if (annotations?.[CLASS_ANNOTATION] !== undefined) {
    found.push(`metadata.annotations[${CLASS_ANNOTATION}]: ${USE_CLASS}`);
  }
  if (annotations?.[MOUNT_OPTIONS] !== undefined) {
    const why = 'deprecated since v1.31; use "mountOptions" attribute instead';
    found.push(`metadata.annotations[${MOUNT_OPTIONS}]: ${why}`);
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') found.push(`spec.persistentVolumeReclaimPolicy: ${RECYCLE}`);
  for (const [i, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries()) {
    nodeTermWarnings(term, false, Path.of('spec', 'nodeAffinity', 'required', 'nodeSelectorTerms').index(i), found);
  }
  for (const [driver, why, shown] of oldDrivers) if (spec[driver]) found.push(`spec.${shown}: ${why}`);
  return found;
}

/** https://kubernetes.io/docs/concepts/storage/persistent-volumes/ */
export const persistentVolume = define<PersistentVolume>({
  validateCreate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  setDefaults: setVolumeDefaults,
  prepareForCreate: (volume, { now }) => {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(now) };
  },
  prepareForUpdate: keepStatus<PersistentVolume>,
  subresources: {
    status: {
      prepareForUpdate: (volume, old, { now }) => {
        updateStatus<PersistentVolume>(volume, old);
        const { phase, lastPhaseTransitionTime } = old.status;
        const given = volume.status.lastPhaseTransitionTime;
        if (volume.status.phase === phase) {
          if (!given && lastPhaseTransitionTime) volume.status.lastPhaseTransitionTime = lastPhaseTransitionTime;
          return;
        }
        if (!given || given === lastPhaseTransitionTime) volume.status.lastPhaseTransitionTime = formatTime(now);
      },
    },
  },
  warnings: volumeWarnings,
  selectableFields: ({ metadata }) => ({ name: metadata?.name ?? '' }),
  tableCells: (volume, now) => {
    const { metadata, spec, status } = volume;
    const { claimRef } = spec;
    return [
      metadata.name,
      spec.capacity?.storage ?? '0',
      modesCell(spec.accessModes),
      spec.persistentVolumeReclaimPolicy ?? '',
      metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
      claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '',
      classCell(volume),
      spec.volumeAttributesClassName ?? UNSET,
      status.reason ?? '',
      age(volume, now),
      spec.volumeMode ?? UNSET,
    ];
  },
});

const isClaimOrSnapshot = ({ apiGroup, kind }: { readonly apiGroup?: string; readonly kind: string }): boolean =>
  (!apiGroup && kind === 'PersistentVolumeClaim') ||
  (apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot');

/** dataSource is the older of two fields that say the same; each is filled in from the other. */
function alignDataSources({ spec }: Mutable<PersistentVolumeClaim>, old?: PersistentVolumeClaim): void {
  // Sources in other namespaces are not served, and the older field alone never knew other kinds than these two.
  const inUse = old?.spec.dataSource || old?.spec.dataSourceRef;
  if (!inUse && spec.dataSourceRef?.namespace) delete spec.dataSourceRef;
  if (!inUse && !spec.dataSourceRef && spec.dataSource && !isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { apiGroup, kind, name } = dataSourceRef;
    spec.dataSource = { ...(apiGroup !== undefined && { apiGroup }), kind, name };
  }
}

export function setClaimDefaults({ spec, status }: Mutable<PersistentVolumeClaim>): void {
  setClaimSpecDefaults(spec);
  status.phase ??= 'Pending';
}

/** https://kubernetes.io/docs/concepts/storage/persistent-volumes/#persistentvolumeclaims */
export const persistentVolumeClaim = define<PersistentVolumeClaim>({
  setDefaults: setClaimDefaults,
  prepareForCreate: (claim) => {
    claim.status = { phase: 'Pending' };
    alignDataSources(claim);
  },
  validateCreate: validateClaim,
  validateUpdate: validateClaimUpdate,
  prepareForUpdate: (claim, old) => {
    keepStatus<PersistentVolumeClaim>(claim, old);
    alignDataSources(claim, old);
  },
  subresources: {
    status: {
      prepareForUpdate: updateStatus<PersistentVolumeClaim>,
      validateUpdate: validateClaimStatusUpdate,
    },
  },
  warnings: ({ metadata, spec }) => {
    const found: string[] = [];
    if (metadata.annotations?.[CLASS_ANNOTATION] !== undefined) {
      found.push(`metadata.annotations[${CLASS_ANNOTATION}]: ${USE_CLASS}`);
    }
    claimSpecWarnings(spec, Path.of('spec'), found);
    return found;
  },
  selectableFields: ({ metadata }) => ({ name: metadata?.name ?? '' }),
  tableCells: (claim, now) => {
    const { metadata, spec, status } = claim;
    const bound = Boolean(spec.volumeName);
    return [
      metadata.name,
      metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
      spec.volumeName ?? '',
      bound ? (status.capacity?.storage ?? '0') : '',
      bound ? modesCell(status.accessModes) : '',
      classCell(claim),
      spec.volumeAttributesClassName ?? UNSET,
      age(claim, now),
      spec.volumeMode ?? UNSET,
    ];
  },
});
