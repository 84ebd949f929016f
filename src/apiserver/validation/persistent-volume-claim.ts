import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from '../../api/core/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import { checkLabelSelector } from './label-selector.ts';
import { checkLabel1123, checkSubdomain, type Found } from './values.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const SPEC = Path.of('spec');

/** Of volumes and of claims. */
export function checkAccessModes(modes: readonly string[] | undefined, path: Path, found: Found): void {
  const at = path.child('accessModes');
  if (!modes?.length) found.push(fieldErrors.required(at, 'at least 1 access mode is required'));
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

/** A bound claim may grow and change its attributes class; everything else stays. */
export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): Found {
  const found = validateClaim(claim);
  const bound = claim.status.phase === 'Bound';
  const annotation = 'volume.beta.kubernetes.io/storage-class';
  const changed = {
    ...claim.spec,
    ...(!old.spec.volumeName && { volumeName: undefined }),
    ...(bound && {
      resources: { ...claim.spec.resources, requests: old.spec.resources.requests },
      volumeAttributesClassName: old.spec.volumeAttributesClassName,
    }),
  };
  const byAnnotation = old.metadata.annotations?.[annotation];
  const upgraded =
    old.spec.storageClassName === undefined &&
    claim.spec.storageClassName !== undefined &&
    (byAnnotation === undefined || byAnnotation === claim.spec.storageClassName);
  if (upgraded) changed.storageClassName = undefined;
  const before = !old.spec.volumeName ? { ...old.spec, volumeName: undefined } : old.spec;
  if (!deepEqual(changed, before)) {
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    found.push(fieldErrors.forbidden(SPEC, why));
  }
  const size = claim.spec.resources.requests?.storage ?? '0';
  const oldSize = old.spec.resources.requests?.storage ?? '0';
  if (compareQuantities(size, oldSize) < 0 && compareQuantities(size, old.status.capacity?.storage ?? '0') <= 0) {
    const at = SPEC.child('resources', 'requests', 'storage');
    found.push(fieldErrors.forbidden(at, 'field can not be less than status.capacity'));
  }
  if (claim.spec.volumeMode !== old.spec.volumeMode) {
    found.push(fieldErrors.invalid(Path.of('volumeMode'), claim.spec.volumeMode, 'field is immutable'));
  }
  const attributes = claim.spec.volumeAttributesClassName;
  if (old.spec.volumeAttributesClassName !== undefined && !attributes) {
    const to = attributes === undefined ? 'nil' : 'an empty string';
    const at = SPEC.child('volumeAttributesClassName');
    found.push(fieldErrors.forbidden(at, `update from non-nil value to ${to} is forbidden`));
  }
  return found;
}
