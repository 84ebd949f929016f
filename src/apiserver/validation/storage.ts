import { dns1123SubdomainProblems } from '../../api/names.ts';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../../api/storage/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { checkLabelSelector } from './label-selector.ts';
import {
  addAll,
  checkImmutable,
  checkNonNegative,
  checkNonNegativeQuantity,
  checkOptionalEnum,
  checkQualifiedName,
  checkSubdomain,
  type Found,
  IMMUTABLE,
  idProblems,
  required,
} from './values.ts';

const SPEC = Path.of('spec');
const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_SIZE = 256 * 1024;

function checkDriverName(name: string, path: Path, found: Found): void {
  if (name === '') {
    found.push(fieldErrors.required(path));
    return;
  }
  if (name.length > 63) found.push(fieldErrors.tooLong(path, 63));
  addAll(found, path, name, dns1123SubdomainProblems(name.toLowerCase()));
}

function checkParameters(parameters: Readonly<Record<string, string>> | undefined, path: Path, found: Found): void {
  const entries = Object.entries(parameters ?? {});
  if (entries.length > MAX_PARAMETERS) {
    found.push(fieldErrors.tooLong(path, MAX_PARAMETERS));
    return;
  }
  let size = 0;
  for (const [key, value] of entries) {
    if (key === '') found.push(fieldErrors.invalid(path, key, 'field can not be empty.'));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > MAX_PARAMETERS_SIZE) found.push(fieldErrors.tooLong(path, MAX_PARAMETERS_SIZE));
}

/** A driver or provisioner by name. */
function checkProvisioner(name: string | undefined, field: string, found: Found): void {
  if (!name) found.push(fieldErrors.required(Path.of(field)));
  else checkQualifiedName(name.toLowerCase(), Path.of(field), found);
}

export function validateStorageClass(storageClass: StorageClass): Found {
  const found: Found = [];
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = storageClass;
  checkProvisioner(provisioner, 'provisioner', found);
  checkParameters(parameters, Path.of('parameters'), found);
  if (reclaimPolicy) checkOptionalEnum(reclaimPolicy, ['Delete', 'Retain'], Path.of('reclaimPolicy'), found);
  checkOptionalEnum(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], Path.of('volumeBindingMode'), found);
  checkTopologies(allowedTopologies ?? [], Path.of('allowedTopologies'), found);
  return found;
}

type Topologies = NonNullable<StorageClass['allowedTopologies']>;

function checkTopologies(topologies: Topologies, path: Path, found: Found): void {
  const seen: Record<string, string[]>[] = [];
  for (const [i, { matchLabelExpressions }] of topologies.entries()) {
    const at = path.index(i).child('matchLabelExpressions');
    const term: Record<string, string[]> = {};
    for (const [j, { key = '', values: given }] of (matchLabelExpressions ?? []).entries()) {
      const one = at.index(j);
      const values = given ?? [];
      if (values.length === 0) found.push(fieldErrors.required(one.child('values')));
      const set = new Set<string>();
      for (const [k, value] of values.entries()) {
        if (set.has(value)) found.push(fieldErrors.duplicate(one.child('values').index(k), value));
        set.add(value);
      }
      checkQualifiedName(key, one.child('key'), found);
      if (Object.hasOwn(term, key)) found.push(fieldErrors.duplicate(one.child('key'), key));
      term[key] = [...set].sort();
    }
    // Terms are held against as many empty ones before the first, so one that says nothing is a duplicate so often.
    const empty = Object.keys(term).length === 0 ? topologies.length : 0;
    const again = empty + seen.filter((other) => deepEqual(other, term)).length;
    for (let n = 0; n < again; n++) found.push(fieldErrors.duplicate(at, ''));
    seen.push(term);
  }
}

/** What volumes were made by a class must stay true of it. */
export function validateStorageClassUpdate(storageClass: StorageClass, old: StorageClass): Found {
  const found = validateStorageClass(storageClass);
  const { parameters, provisioner, reclaimPolicy, volumeBindingMode } = storageClass;
  if (!deepEqual(parameters ?? {}, old.parameters ?? {})) {
    found.push(fieldErrors.invalid(Path.of('parameters'), parameters ?? null, IMMUTABLE));
  }
  checkImmutable(provisioner, old.provisioner, Path.of('provisioner'), found);
  checkImmutable(reclaimPolicy, old.reclaimPolicy, Path.of('reclaimPolicy'), found);
  checkImmutable(volumeBindingMode, old.volumeBindingMode, Path.of('volumeBindingMode'), found);
  return found;
}

export function validateVolumeAttributesClass({ driverName, parameters }: VolumeAttributesClass): Found {
  const found: Found = [];
  checkProvisioner(driverName, 'driverName', found);
  if (!parameters || Object.keys(parameters).length === 0) {
    found.push(fieldErrors.required(Path.of('parameters'), 'must contain at least one key/value pair'));
  } else checkParameters(parameters, Path.of('parameters'), found);
  return found;
}

export function validateVolumeAttributesClassUpdate(now: VolumeAttributesClass, old: VolumeAttributesClass): Found {
  const found: Found = [];
  if (now.driverName !== old.driverName) {
    found.push(fieldErrors.forbidden(Path.of('driverName'), 'updates to driverName are forbidden.'));
  }
  if (!deepEqual(now.parameters ?? {}, old.parameters ?? {})) {
    found.push(fieldErrors.forbidden(Path.of('parameters'), 'updates to parameters are forbidden.'));
  }
  return [...found, ...validateVolumeAttributesClass(now)];
}

const TEN_MINUTES = 600;

export function validateCsiDriver({ spec }: CSIDriver): Found {
  const found: Found = [];
  checkOptionalEnum(
    spec.fsGroupPolicy,
    ['File', 'None', 'ReadWriteOnceWithFSType'],
    SPEC.child('fsGroupPolicy'),
    found,
  );
  const audiences = new Set<string>();
  for (const [i, { audience, expirationSeconds }] of (spec.tokenRequests ?? []).entries()) {
    const at = SPEC.child('tokenRequests').index(i);
    if (audiences.has(audience)) {
      found.push(fieldErrors.duplicate(at.child('audience'), audience));
      continue;
    }
    audiences.add(audience);
    if (expirationSeconds === undefined) continue;
    const where = at.child('expirationSeconds');
    if (expirationSeconds < TEN_MINUTES) {
      found.push(fieldErrors.invalid(where, expirationSeconds, 'may not specify a duration less than 10 minutes'));
    }
    if (expirationSeconds > 2 ** 32) {
      found.push(fieldErrors.invalid(where, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
    }
  }
  for (const mode of spec.volumeLifecycleModes ?? []) {
    checkOptionalEnum(mode, ['Persistent', 'Ephemeral'], SPEC.child('volumeLifecycleModes'), found);
  }
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < 10) {
    const at = SPEC.child('nodeAllocatableUpdatePeriodSeconds');
    found.push(fieldErrors.invalid(at, period, 'must be greater than or equal to 10 seconds'));
  }
  if (spec.serviceAccountTokenInSecrets !== undefined && !spec.tokenRequests?.length) {
    const at = SPEC.child('serviceAccountTokenInSecrets');
    const why = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
    found.push(fieldErrors.invalid(at, spec.serviceAccountTokenInSecrets, why));
  }
  return found;
}

export function validateCsiDriverUpdate(driver: CSIDriver, old: CSIDriver): Found {
  const found = validateCsiDriver(driver);
  checkImmutable(driver.spec.attachRequired, old.spec.attachRequired, SPEC.child('attachedRequired'), found);
  checkImmutable(
    driver.spec.volumeLifecycleModes,
    old.spec.volumeLifecycleModes,
    SPEC.child('volumeLifecycleModes'),
    found,
  );
  return found;
}

const MAX_NODE_ID = 256;

export function validateCsiNode({ spec }: CSINode): Found {
  const found: Found = [];
  const names = new Set<string>();
  for (const [i, { name = '', nodeID = '', topologyKeys, allocatable }] of (spec.drivers ?? []).entries()) {
    const at = SPEC.child('drivers').index(i);
    checkDriverName(name, at.child('name'), found);
    required(nodeID, at, 'nodeID', found);
    if (Buffer.byteLength(nodeID) > MAX_NODE_ID) {
      found.push(fieldErrors.invalid(at.child('nodeID'), nodeID, `must be ${MAX_NODE_ID} characters or less`));
    }
    checkNonNegative(allocatable?.count, at.child('allocatable'), 'count', found);
    if (names.has(name)) found.push(fieldErrors.duplicate(at.child('name'), name));
    names.add(name);
    const keys = new Set<string>();
    for (const key of topologyKeys ?? []) {
      if (key === '') found.push(fieldErrors.required(at));
      if (keys.has(key)) found.push(fieldErrors.duplicate(at, key));
      keys.add(key);
      checkQualifiedName(key, at, found);
    }
  }
  return found;
}

/** A driver may come and go, and count anew what a node has room for; all else of it stays. */
export function validateCsiNodeUpdate(node: CSINode, old: CSINode): Found {
  const found = validateCsiNode(node);
  for (const before of old.spec.drivers ?? []) {
    for (const now of node.spec.drivers ?? []) {
      if (now.name !== before.name) continue;
      const { allocatable: _then, ...fixed } = before;
      const { allocatable: _now, ...given } = now;
      const list = { topologyKeys: null };
      if (deepEqual({ ...list, ...given }, { ...list, ...fixed })) continue;
      const shown = {
        Name: now.name,
        NodeID: now.nodeID ?? '',
        TopologyKeys: now.topologyKeys ?? null,
        Allocatable: null,
      };
      found.push(fieldErrors.invalid(SPEC.child('drivers'), shown, IMMUTABLE));
    }
  }
  return found;
}

export function validateCsiStorageCapacity(storage: CSIStorageCapacity): Found {
  const found: Found = [];
  checkLabelSelector(storage.nodeTopology, Path.of('nodeTopology'), found);
  checkSubdomain(storage.storageClassName ?? '', Path.of('storageClassName'), found);
  if (storage.capacity !== undefined) checkNonNegativeQuantity(storage.capacity, Path.of('capacity'), found);
  return found;
}

export function validateCsiStorageCapacityUpdate(storage: CSIStorageCapacity, old: CSIStorageCapacity): Found {
  const found = validateCsiStorageCapacity(storage);
  checkImmutable(storage.nodeTopology, old.nodeTopology, Path.of('nodeTopology'), found);
  checkImmutable(storage.storageClassName, old.storageClassName, Path.of('storageClassName'), found);
  return found;
}

const MAX_ERROR_MESSAGE = 1024;
const MAX_METADATA = 256 * 1024;

export function validateVolumeAttachment({ spec, status }: VolumeAttachment): Found {
  const found: Found = [];
  checkDriverName(spec.attacher ?? '', SPEC.child('attacher'), found);
  const { persistentVolumeName, inlineVolumeSpec } = spec.source ?? {};
  const source = SPEC.child('source');
  const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (persistentVolumeName === undefined && !inlineVolumeSpec) found.push(fieldErrors.required(source, one));
  else if (persistentVolumeName !== undefined && inlineVolumeSpec) found.push(fieldErrors.forbidden(source, one));
  else if (persistentVolumeName === '') {
    found.push(
      fieldErrors.required(source.child('persistentVolumeName'), 'must specify non empty persistentVolumeName'),
    );
  } else if (inlineVolumeSpec) checkInlineVolume(inlineVolumeSpec, source.child('inlineVolumeSpec'), found);
  checkSubdomain(spec.nodeName ?? '', SPEC.child('nodeName'), found);
  checkAttachmentStatus(status, found);
  if (persistentVolumeName !== undefined) {
    checkSubdomain(persistentVolumeName, source.child('persistentVolumeName'), found);
  }
  return found;
}

type InlineVolume = NonNullable<VolumeAttachment['spec']['source']['inlineVolumeSpec']>;

/** Volumes that pods name in place were moved to CSI from what they used to be; nothing else is of use here. */
function checkInlineVolume(volume: InlineVolume, path: Path, found: Found): void {
  if (!volume.csi)
    found.push(fieldErrors.required(path.child('csi'), 'CSISource not specified in PersistentVolumeSpec'));
}

function checkAttachmentStatus(status: VolumeAttachment['status'] | undefined, found: Found): void {
  if (!status) return;
  const at = Path.of('status');
  let size = 0;
  for (const [key, value] of Object.entries(status.attachmentMetadata ?? {})) {
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > MAX_METADATA) found.push(fieldErrors.tooLong(at.child('attachmentMetadata'), MAX_METADATA));
  for (const field of ['attachError', 'detachError'] as const) {
    const error = status[field];
    if (!error) continue;
    if (Buffer.byteLength(error.message ?? '') > MAX_ERROR_MESSAGE) {
      found.push(fieldErrors.tooLong(at.child(field, 'message'), MAX_METADATA));
    }
    if (error.errorCode !== undefined && error.errorCode < 0) {
      addAll(found, at.child(field, 'errorCode'), error.errorCode, idProblems(error.errorCode));
    }
  }
}

export function validateVolumeAttachmentUpdate(attachment: VolumeAttachment, old: VolumeAttachment): Found {
  const found = validateVolumeAttachment(attachment);
  if (!deepEqual(attachment.spec, old.spec)) found.push(fieldErrors.invalid(SPEC, attachment.spec, IMMUTABLE));
  return found;
}
