import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from '../../api/core/v1.gen.ts';
import type { Mutable } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { compareQuantities, quantityValue } from '../../schema/quantity.ts';
import { checkLabelSelector } from './label-selector.ts';
import { checkQuantity, isNative } from './resources.ts';
import { specDiff } from './spec-diff.ts';
import { checkLabel1123, checkQualifiedName, checkSubdomain, type Found } from './values.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const SPEC = Path.of('spec');

const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

/** Of volumes and of claims. */
export function checkAccessModes(
  modes: readonly string[] | undefined,
  path: Path,
  found: Found,
  missing = 'at least 1 access mode is required',
): void {
  const at = path.child('accessModes');
  if (!modes?.length) found.push(fieldErrors.required(at, missing));
  for (const mode of modes ?? []) {
    if (!accessModes.includes(mode)) found.push(fieldErrors.notSupported(at, mode, accessModes));
  }
  const others = modes?.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode));
  if (modes?.includes('ReadWriteOncePod') && others) {
    found.push(fieldErrors.forbidden(at, 'may not use ReadWriteOncePod with other access modes'));
  }
}

export function checkVolumeMode(mode: string | undefined, path: Path, found: Found): void {
  const modes = ['Block', 'Filesystem'];
  if (mode !== undefined && !modes.includes(mode)) {
    found.push(fieldErrors.notSupported(path.child('volumeMode'), mode, modes));
  }
}

export function checkClaimSpec(spec: PersistentVolumeClaimSpec, path: Path, found: Found): void {
  if (!spec.accessModes?.length) checkAccessModes(undefined, path, found);
  checkLabelSelector(spec.selector, path.child('selector'), found);
  if (spec.accessModes?.length) checkAccessModes(spec.accessModes, path, found);
  const size = spec.resources?.requests?.storage;
  const at = path.child('resources').key('storage');
  if (size === undefined) found.push(fieldErrors.required(at));
  else if (compareQuantities(size, '0') <= 0) {
    found.push(fieldErrors.invalid(at, size, 'must be greater than zero'));
  }
  if (spec.storageClassName) checkSubdomain(spec.storageClassName, path.child('storageClassName'), found);
  checkVolumeMode(spec.volumeMode, path, found);
  checkDataSources(spec, path, found);
  if (spec.volumeAttributesClassName) {
    checkSubdomain(spec.volumeAttributesClassName, path.child('volumeAttributesClassName'), found);
  }
}

function checkDataSources({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec, path: Path, found: Found): void {
  if (dataSource) checkReference(dataSource, path.child('dataSource'), found);
  if (dataSourceRef) checkReference(dataSourceRef, path.child('dataSourceRef'), found);
  const { namespace } = dataSourceRef ?? {};
  if (namespace) {
    checkLabel1123(namespace, path.child('dataSourceRef', 'namespace'), found);
    if (!dataSource) return;
    // Kubernetes shows a path here, which has no fields of its own to show.
    found.push(fieldErrors.invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified'));
  } else if (dataSource && dataSourceRef) {
    const same = ({ apiGroup, kind, name }: TypedLocalObjectReference | TypedObjectReference) => [apiGroup, kind, name];
    if (!deepEqual(same(dataSource), same(dataSourceRef))) {
      found.push(fieldErrors.invalid(path, {}, 'must match dataSourceRef'));
    }
  }
}

function checkReference(
  { apiGroup, kind, name }: TypedLocalObjectReference | TypedObjectReference,
  path: Path,
  found: Found,
): void {
  if (!name) found.push(fieldErrors.required(path.child('name')));
  if (!kind) found.push(fieldErrors.required(path.child('kind')));
  if (!apiGroup) {
    if (kind !== 'PersistentVolumeClaim') {
      const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
      found.push(fieldErrors.invalid(path, kind, why));
    }
  } else checkSubdomain(apiGroup, path.child('apiGroup'), found);
}

export function validateClaim(claim: PersistentVolumeClaim): Found {
  const found: Found = [];
  checkClaimSpec(claim.spec, SPEC, found);
  return found;
}

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** A bound claim may grow and change its attributes class; everything else stays. */
export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): Found {
  const found = validateClaim(claim);
  const changed: Mutable<PersistentVolumeClaimSpec> = structuredClone(claim.spec) as Mutable<PersistentVolumeClaimSpec>;
  // The binder gives a claim its volume, once.
  const before = { ...old.spec, ...(!old.spec.volumeName && { volumeName: claim.spec.volumeName }) };
  checkClassChange(claim, old, changed, found);
  const requests = old.spec.resources?.requests;
  if (claim.status.phase === 'Bound') {
    if (changed.resources?.requests) changed.resources.requests.storage = requests?.storage ?? '0';
    assign(changed, 'volumeAttributesClassName', old.spec.volumeAttributesClassName);
  }
  if (!deepEqual(changed, before)) {
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    const diff = specDiff('PersistentVolumeClaimSpec', before, changed);
    found.push(fieldErrors.forbidden(SPEC, `${why}\n${diff}`));
  }
  const size = claim.spec.resources?.requests?.storage ?? '0';
  const shrinks = compareQuantities(size, requests?.storage ?? '0') < 0;
  if (shrinks && compareQuantities(size, old.status.capacity?.storage ?? '0') <= 0) {
    const at = SPEC.child('resources', 'requests', 'storage');
    found.push(fieldErrors.forbidden(at, 'field can not be less than status.capacity'));
  }
  if (claim.spec.volumeMode !== old.spec.volumeMode) {
    found.push(fieldErrors.invalid(Path.of('volumeMode'), claim.spec.volumeMode ?? null, 'field is immutable'));
  }
  const attributes = claim.spec.volumeAttributesClassName;
  const current = old.status.currentVolumeAttributesClassName;
  if (attributes !== old.spec.volumeAttributesClassName && current !== undefined && !attributes) {
    const to = attributes === undefined ? 'nil' : 'empty string';
    const why = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
    found.push(fieldErrors.forbidden(SPEC.child('volumeAttributesClassName'), why));
  }
  return found;
}

/** A claim without a class may be given one: that of the old annotation, where it has that. */
function checkClassChange(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  changed: Mutable<PersistentVolumeClaimSpec>,
  found: Found,
): void {
  const annotated = old.metadata.annotations?.[CLASS_ANNOTATION];
  const annotation = claim.metadata.annotations?.[CLASS_ANNOTATION];
  const { storageClassName } = claim.spec;
  const upgrade =
    old.spec.storageClassName === undefined &&
    storageClassName !== undefined &&
    (annotated === undefined || storageClassName === annotated);
  if (upgrade) assign(changed, 'storageClassName', undefined);
  const moved = upgrade && annotated !== undefined && (annotation === undefined || annotation === annotated);
  if (!moved && (annotation ?? '') !== (annotated ?? '')) {
    const at = Path.of('metadata', 'annotations').key(CLASS_ANNOTATION);
    found.push(fieldErrors.invalid(at, annotation ?? '', 'field is immutable'));
  }
}

function assign<F extends 'storageClassName' | 'volumeAttributesClassName'>(
  spec: Mutable<PersistentVolumeClaimSpec>,
  field: F,
  value: string | undefined,
): void {
  if (value === undefined) delete spec[field];
  else spec[field] = value;
}

/** What a claim may have more or less of: storage, and what others define. */
function checkClaimResource(name: string, path: Path, found: Found): boolean {
  const before = found.length;
  checkQualifiedName(name, path, found);
  if (found.length === before && isNative(name) && name !== 'storage') {
    found.push(fieldErrors.notSupported(path, name, ['storage']));
  }
  return found.length === before;
}

function checkAmount(amount: string, path: Path, found: Found): boolean {
  const value = quantityValue(amount);
  if (value < 0n) found.push(fieldErrors.invalid(path, Number(value), 'must be a valid resource quantity'));
  return value >= 0n;
}

/** https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims */
export function validateClaimStatusUpdate({ spec, status }: PersistentVolumeClaim): Found {
  const found: Found = [];
  const path = Path.of('status');
  if (!spec.accessModes?.length) found.push(fieldErrors.required(Path.of('Spec', 'accessModes')));
  for (const [name, amount] of Object.entries(status.capacity ?? {})) {
    checkAmount(amount, path.child('capacity').key(name), found);
  }
  const statuses = path.child('allocatedResourceStatuses');
  for (const [name, is] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    checkClaimResource(name, statuses, found);
    // As Kubernetes does, the resource is shown where its status is meant.
    if (!resizeStatuses.includes(is)) found.push(fieldErrors.notSupported(statuses, name, resizeStatuses));
  }
  const allocated = path.child('allocatedResources');
  for (const [name, amount] of Object.entries(status.allocatedResources ?? {})) {
    if (!checkClaimResource(name, allocated, found)) continue;
    if (checkAmount(amount, allocated.key(name), found)) checkQuantity('storage', amount, allocated.key(name), found);
  }
  return found;
}
