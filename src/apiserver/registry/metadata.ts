import type { ObjectMeta, OwnerReference } from '../../api/meta/v1.gen.ts';
import { labelValueProblems, qualifiedNameProblems } from '../../api/names.ts';
import { type Mutable, parseApiVersion } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { type NameRule, namespaceName } from './names.ts';

const METADATA = Path.of('metadata');
const paths = {
  name: METADATA.child('name'),
  generateName: METADATA.child('generateName'),
  namespace: METADATA.child('namespace'),
  generation: METADATA.child('generation'),
  labels: METADATA.child('labels'),
  annotations: METADATA.child('annotations'),
  ownerReferences: METADATA.child('ownerReferences'),
  finalizers: METADATA.child('finalizers'),
  managedFields: METADATA.child('managedFields'),
  resourceVersion: METADATA.child('resourceVersion'),
  uid: METADATA.child('uid'),
  creationTimestamp: METADATA.child('creationTimestamp'),
  deletionTimestamp: METADATA.child('deletionTimestamp'),
  deletionGracePeriodSeconds: METADATA.child('deletionGracePeriodSeconds'),
};

/** All annotations of an object together. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

export const ORPHAN_FINALIZER = 'orphan';
export const FOREGROUND_FINALIZER = 'foregroundDeletion';

/** The same metadata with fields in the model's order and none that is undefined: equal objects have equal bytes. */
export function canonicalMetadata(meta: ObjectMeta): Mutable<ObjectMeta> {
  const out: Record<string, unknown> = {};
  for (const field of order) {
    const value = meta[field];
    if (value !== undefined && value !== '') out[field] = value;
  }
  // Fields were copied one by one from the same type.
  return out as unknown as Mutable<ObjectMeta>;
}

const order = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const satisfies readonly (keyof ObjectMeta)[];

/** What k8s.io/apimachinery's ValidateObjectMeta finds, in its words and order. */
export function validateMetadata(meta: ObjectMeta, namespaced: boolean, rule: NameRule): FieldError[] {
  const found: FieldError[] = [];
  if (meta.generateName) {
    for (const why of rule(meta.generateName, true)) {
      found.push(fieldErrors.invalid(paths.generateName, meta.generateName, why));
    }
  }
  if (!meta.name) found.push(fieldErrors.required(paths.name, 'name or generateName is required'));
  else for (const why of rule(meta.name, false)) found.push(fieldErrors.invalid(paths.name, meta.name, why));
  if (namespaced) {
    if (!meta.namespace) found.push(fieldErrors.required(paths.namespace));
    else {
      for (const why of namespaceName(meta.namespace, false)) {
        found.push(fieldErrors.invalid(paths.namespace, meta.namespace, why));
      }
    }
  } else if (meta.namespace) found.push(fieldErrors.forbidden(paths.namespace, 'not allowed on this type'));
  if ((meta.generation ?? 0) < 0) {
    found.push(fieldErrors.invalid(paths.generation, meta.generation, 'must be greater than or equal to 0'));
  }
  if (meta.labels) validateLabels(meta.labels, paths.labels, found);
  if (meta.annotations) validateAnnotations(meta.annotations, paths.annotations, found);
  if (meta.ownerReferences) validateOwners(meta.ownerReferences, found);
  if (meta.finalizers) validateFinalizers(meta.finalizers, found);
  if (meta.managedFields) validateManagedFields(meta.managedFields, found);
  return found;
}

/** Labels of anything that has them; complaints are added to `found`. */
export function validateLabels(labels: Readonly<Record<string, string>>, path: Path, found: FieldError[]): void {
  for (const key of Object.keys(labels)) {
    const value = labels[key] ?? '';
    for (const why of qualifiedNameProblems(key)) found.push(fieldErrors.invalid(path, key, why));
    for (const why of labelValueProblems(value)) found.push(fieldErrors.invalid(path, value, why));
  }
}

/** Annotations of anything that has them; complaints are added to `found`. */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>>,
  path: Path,
  found: FieldError[],
): void {
  let size = 0;
  for (const key of Object.keys(annotations)) {
    const value = annotations[key] ?? '';
    for (const why of qualifiedNameProblems(key.toLowerCase())) found.push(fieldErrors.invalid(path, key, why));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > MAX_ANNOTATION_BYTES) found.push(fieldErrors.tooLong(path, MAX_ANNOTATION_BYTES));
}

function validateOwners(owners: readonly OwnerReference[], found: FieldError[]): void {
  let controller = '';
  const path = paths.ownerReferences;
  for (const owner of owners) {
    if (!parseApiVersion(owner.apiVersion)?.version) {
      found.push(fieldErrors.invalid(path.child('apiVersion'), owner.apiVersion, 'version must not be empty'));
    }
    for (const field of ['kind', 'name', 'uid'] as const) {
      if (!owner[field]) found.push(fieldErrors.invalid(path.child(field), owner[field], 'must not be empty'));
    }
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
      found.push(fieldErrors.invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (owner.controller) {
      const name = `${owner.kind}/${owner.name}`;
      if (controller) {
        const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
        found.push(fieldErrors.invalid(paths.ownerReferences, owners, why));
      } else controller = name;
    }
  }
}

/** Kubernetes' own finalizers, which need no domain. */
const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', ORPHAN_FINALIZER, FOREGROUND_FINALIZER]);

/** Why a finalizer is no name of the core group's objects; undefined where it may be. */
export function finalizerNameProblem(name: string): string | undefined {
  if (name.includes('/') || standardFinalizers.has(name)) return undefined;
  return 'name is neither a standard finalizer name nor is it fully qualified';
}

function validateFinalizers(finalizers: readonly string[], found: FieldError[]): void {
  for (const finalizer of finalizers) {
    for (const why of qualifiedNameProblems(finalizer))
      found.push(fieldErrors.invalid(paths.finalizers, finalizer, why));
  }
  if (finalizers.includes(ORPHAN_FINALIZER) && finalizers.includes(FOREGROUND_FINALIZER)) {
    const why = `finalizer ${ORPHAN_FINALIZER} and ${FOREGROUND_FINALIZER} cannot be both set`;
    found.push(fieldErrors.invalid(paths.finalizers, finalizers, why));
  }
}

function validateManagedFields(entries: NonNullable<ObjectMeta['managedFields']>, found: FieldError[]): void {
  entries.forEach((entry, i) => {
    const path = paths.managedFields.index(i);
    if (!entry.operation) found.push(fieldErrors.required(path.child('operation'), 'must not be empty'));
    else if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      found.push(fieldErrors.notSupported(path.child('operation'), entry.operation, ['Apply', 'Update']));
    }
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1') {
      found.push(fieldErrors.invalid(path.child('fieldsType'), entry.fieldsType, 'must be `FieldsV1`'));
    }
    if (Buffer.byteLength(entry.manager ?? '') > 128) found.push(fieldErrors.tooLong(path.child('manager'), 128));
    if (Buffer.byteLength(entry.subresource ?? '') > 256)
      found.push(fieldErrors.tooLong(path.child('subresource'), 256));
  });
}

/** What an update may not do to metadata, whatever the kind. */
export function validateMetadataUpdate(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const found: FieldError[] = [];
  if (old.deletionTimestamp) {
    const added = (meta.finalizers ?? []).filter((name) => !old.finalizers?.includes(name)).sort();
    if (added.length > 0) {
      const list = `[]string{${added.map(quote).join(', ')}}`;
      const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
      found.push(fieldErrors.forbidden(paths.finalizers, why));
    }
  }
  if (!meta.resourceVersion) {
    found.push(
      fieldErrors.invalid(paths.resourceVersion, meta.resourceVersion ?? '', 'must be specified for an update'),
    );
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    found.push(fieldErrors.invalid(paths.generation, meta.generation ?? 0, 'must not be decremented'));
  }
  const immutable = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const;
  for (const field of immutable) {
    if (!deepEqual(meta[field], old[field])) {
      found.push(fieldErrors.invalid(paths[field], meta[field] ?? null, 'field is immutable'));
    }
  }
  if (meta.labels) validateLabels(meta.labels, paths.labels, found);
  if (meta.annotations) validateAnnotations(meta.annotations, paths.annotations, found);
  if (meta.ownerReferences) validateOwners(meta.ownerReferences, found);
  if (meta.managedFields) validateManagedFields(meta.managedFields, found);
  return found;
}
