import { deprecatedNodeLabel } from '../../../api/node-labels.ts';
import type { KubeObject, Mutable } from '../../../api/resource.ts';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../../../api/storage/v1.gen.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { Path } from '../../../schema/field-error.ts';
import {
  validateCsiDriver,
  validateCsiDriverUpdate,
  validateCsiNode,
  validateCsiNodeUpdate,
  validateCsiStorageCapacity,
  validateCsiStorageCapacityUpdate,
  validateStorageClass,
  validateStorageClassUpdate,
  validateVolumeAttachment,
  validateVolumeAttachmentUpdate,
  validateVolumeAttributesClass,
  validateVolumeAttributesClassUpdate,
} from '../../validation/storage.ts';
import { age, createdAtCells, UNSET } from '../cells.ts';
import { define } from '../define.ts';
import { keepStatus, updateOnlyStatus, updateSpec } from '../spec-and-status.ts';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const BETA_DEFAULT_CLASS = 'storageclass.beta.kubernetes.io/is-default-class';
const DEFAULT_ATTRIBUTES_CLASS = 'volumeattributesclass.alpha.kubernetes.io/is-default-class';

const nameCell = ({ metadata }: KubeObject, ...marks: readonly string[]): string =>
  marks.some((mark) => metadata.annotations?.[mark] === 'true') ? `${metadata.name} (default)` : metadata.name;

function topologyWarnings({ allowedTopologies }: StorageClass): readonly string[] {
  const found: string[] = [];
  for (const [i, { matchLabelExpressions }] of (allowedTopologies ?? []).entries()) {
    for (const [j, { key }] of (matchLabelExpressions ?? []).entries()) {
      const old = deprecatedNodeLabel(key);
      const at = Path.of('allowedTopologies').index(i).child('matchLabelExpressions').index(j).child('key');
      if (old) found.push(`${at}: ${old}`);
    }
  }
  return found;
}

/** https://kubernetes.io/docs/concepts/storage/storage-classes/ */
export const storageClass = define<StorageClass>({
  validateCreate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  warnings: topologyWarnings,
  setDefaults: (storageClass) => {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  tableCells: (storageClass, now) => [
    nameCell(storageClass, DEFAULT_CLASS, BETA_DEFAULT_CLASS),
    storageClass.provisioner,
    storageClass.reclaimPolicy ?? 'Delete',
    storageClass.volumeBindingMode ?? 'Immediate',
    storageClass.allowVolumeExpansion ?? false,
    age(storageClass, now),
  ],
});

export const volumeAttributesClass = define<VolumeAttributesClass>({
  validateCreate: validateVolumeAttributesClass,
  validateUpdate: validateVolumeAttributesClassUpdate,
  tableCells: (attributesClass, now) => [
    nameCell(attributesClass, DEFAULT_ATTRIBUTES_CLASS),
    attributesClass.driverName,
    age(attributesClass, now),
  ],
});

const TOKENS_IN_ATTRIBUTES =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

/** Pods are scheduled whether or not a node has the driver. */
function dropDisabledFields({ spec }: Mutable<CSIDriver>): void {
  delete spec.preventPodSchedulingIfMissing;
}

export const csiDriver = define<CSIDriver>({
  validateCreate: validateCsiDriver,
  validateUpdate: validateCsiDriverUpdate,
  prepareForCreate: dropDisabledFields,
  prepareForUpdate: (driver, old) => {
    dropDisabledFields(driver);
    updateSpec<CSIDriver>(driver, old);
  },
  allowUnconditionalUpdate: false,
  warnings: ({ spec }, old) => {
    const silent = !spec.tokenRequests?.length || spec.serviceAccountTokenInSecrets !== undefined;
    return silent || deepEqual(spec.tokenRequests, old?.spec.tokenRequests) ? [] : [TOKENS_IN_ATTRIBUTES];
  },
  setDefaults: ({ spec }) => {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  tableCells: (driver, now) => {
    const { spec } = driver;
    return [
      driver.metadata.name,
      spec.attachRequired ?? true,
      spec.podInfoOnMount ?? false,
      spec.storageCapacity ?? false,
      (spec.tokenRequests ?? []).map(({ audience }) => audience).join(',') || UNSET,
      spec.requiresRepublish ?? false,
      (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
      age(driver, now),
    ];
  },
});

export const csiNode = define<CSINode>({
  validateCreate: validateCsiNode,
  validateUpdate: validateCsiNodeUpdate,
  tableCells: (node, now) => [node.metadata.name, node.spec.drivers?.length ?? 0, age(node, now)],
  allowUnconditionalUpdate: false,
});

export const csiStorageCapacity = define<CSIStorageCapacity>({
  validateCreate: validateCsiStorageCapacity,
  validateUpdate: validateCsiStorageCapacityUpdate,
  tableCells: createdAtCells,
  allowUnconditionalUpdate: false,
});

export const volumeAttachment = define<VolumeAttachment>({
  validateCreate: validateVolumeAttachment,
  validateUpdate: validateVolumeAttachmentUpdate,
  prepareForCreate: (attachment) => {
    attachment.status = { attached: false };
  },
  prepareForUpdate: keepStatus<VolumeAttachment>,
  subresources: { status: { prepareForUpdate: updateOnlyStatus<VolumeAttachment> } },
  tableCells: (attachment, now) => [
    attachment.metadata.name,
    attachment.spec.attacher,
    attachment.spec.source.persistentVolumeName ?? '',
    attachment.spec.nodeName,
    attachment.status.attached ?? false,
    age(attachment, now),
  ],
  allowUnconditionalUpdate: false,
});
