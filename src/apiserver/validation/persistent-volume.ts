import type {
  CSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeSpec,
  SecretReference,
} from '../../api/core/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import { goValue, sorted } from './go-value.ts';
import { checkAccessModes, checkVolumeMode } from './persistent-volume-claim.ts';
import { checkNodeSelector } from './pod-scheduling.ts';
import { checkDriver, checkHostPath } from './pod-volumes.ts';
import { specDiff } from './spec-diff.ts';
import {
  checkLabel1123,
  checkNoBacksteps,
  checkNonNegativeQuantity,
  checkSubdomain,
  type Found,
  IMMUTABLE,
  required,
} from './values.ts';
import { checkSharedSource } from './volume-sources.ts';

const SPEC = Path.of('spec');

/** In the order in which Kubernetes looks at them. */
const sources = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

const reclaimPolicies: readonly string[] = ['Delete', 'Recycle', 'Retain'];

/** https://kubernetes.io/docs/concepts/storage/persistent-volumes/ */
export function validatePersistentVolume({ metadata, spec }: PersistentVolume): Found {
  const found: Found = [];
  checkAccessModes(spec.accessModes, SPEC, found, '');
  checkCapacity(spec.capacity, found);
  const policy = spec.persistentVolumeReclaimPolicy;
  const policyPath = SPEC.child('persistentVolumeReclaimPolicy');
  if (policy && !reclaimPolicies.includes(policy)) {
    found.push(fieldErrors.notSupported(policyPath, policy, reclaimPolicies));
  }
  if (spec.nodeAffinity) {
    const affinity = SPEC.child('nodeAffinity', 'required');
    if (spec.nodeAffinity.required) checkNodeSelector(spec.nodeAffinity.required, affinity, found);
    else found.push(fieldErrors.required(affinity, 'must specify required node constraints'));
  }
  checkSource(spec, metadata.name, found);
  if (spec.hostPath && /^\/+(?:\.?\/*)*$/.test(spec.hostPath.path) && policy === 'Recycle') {
    found.push(fieldErrors.forbidden(policyPath, "may not be 'recycle' for a hostPath mount of '/'"));
  }
  if (spec.storageClassName) checkSubdomain(spec.storageClassName, SPEC.child('storageClassName'), found);
  checkVolumeMode(spec.volumeMode, SPEC, found);
  if (spec.volumeAttributesClassName !== undefined) {
    const at = SPEC.child('volumeAttributesClassName');
    if (spec.volumeAttributesClassName === '') found.push(fieldErrors.required(at, 'an empty string is disallowed'));
    else checkSubdomain(spec.volumeAttributesClassName, at, found);
    if (!spec.csi) {
      const why = 'has to be specified when using volumeAttributesClassName';
      found.push(fieldErrors.required(SPEC.child('csi'), why));
    }
  }
  return found;
}

function checkCapacity(capacity: PersistentVolumeSpec['capacity'], found: Found): void {
  const at = SPEC.child('capacity');
  const amounts = Object.entries(capacity ?? {});
  if (amounts.length === 0) found.push(fieldErrors.required(at));
  if (capacity?.storage === undefined || amounts.length > 1) {
    found.push(fieldErrors.notSupported(at, sorted(capacity ?? null), ['storage']));
  }
  for (const [name, amount] of amounts) {
    checkNonNegativeQuantity(amount, at.key(name), found);
    if (compareQuantities(amount, '0') > 0) continue;
    found.push(fieldErrors.invalid(at.key(name), amount, 'must be greater than zero'));
  }
}

function checkSource(spec: PersistentVolumeSpec, name: string, found: Found): void {
  let any = false;
  for (const source of sources) {
    if (spec[source] === undefined) continue;
    if (any && source !== 'flexVolume') {
      const shown = source === 'cephfs' ? 'cephFS' : source;
      found.push(fieldErrors.forbidden(SPEC.child(shown), 'may not specify more than 1 volume type'));
    } else checkOne(source, spec, name, found);
    any = true;
  }
  if (!any) found.push(fieldErrors.required(SPEC, 'must specify a volume type'));
}

function checkOne(source: (typeof sources)[number], spec: PersistentVolumeSpec, name: string, found: Found): void {
  checkSharedSource(spec, source, { persistent: true, name }, SPEC, found);
  const { hostPath, glusterfs, azureFile, local, csi } = spec;
  if (source === 'hostPath' && hostPath) checkHostPath(hostPath, SPEC.child('hostPath'), found);
  if (source === 'glusterfs' && glusterfs?.endpointsNamespace !== undefined) {
    const at = SPEC.child('glusterfs', 'endpointsNamespace');
    if (glusterfs.endpointsNamespace) checkLabel1123(glusterfs.endpointsNamespace, at, found);
    else {
      const why = 'if the endpointnamespace is set, it must be a valid namespace name';
      found.push(fieldErrors.invalid(at, '', why));
    }
  }
  if (source === 'azureFile' && azureFile?.secretNamespace === '') {
    found.push(fieldErrors.required(SPEC.child('azureFile', 'secretNamespace')));
  }
  if (source === 'local' && local) {
    if (required(local.path, SPEC.child('local'), 'path', found)) {
      checkNoBacksteps(local.path, SPEC.child('local', 'path'), found);
    }
    if (!spec.nodeAffinity) {
      found.push(fieldErrors.required(SPEC.child('nodeAffinity'), 'Local volume requires node affinity'));
    }
  }
  if (source === 'csi' && csi) checkCsi(csi, SPEC.child('csi'), found);
}

function checkCsi(csi: CSIPersistentVolumeSource, path: Path, found: Found): void {
  checkDriver(csi.driver, path, found);
  required(csi.volumeHandle, path, 'volumeHandle', found);
  for (const field of [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const) {
    const secret: SecretReference | undefined = csi[field];
    if (!secret) continue;
    const { name = '', namespace = '' } = secret;
    const at = path.child(field);
    if (required(name, at, 'name', found)) checkSubdomain(name, at.child('name'), found);
    if (required(namespace, at, 'namespace', found)) checkLabel1123(namespace, at.child('namespace'), found);
  }
}

/** Where a volume's data are is for ever. */
/** The labels of nodes that had a name of their own while they were new. */
const newerLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** Does the affinity differ from the old one only in names of labels that have become newer? */
function onlyNewerLabels(affinity: PersistentVolumeSpec['nodeAffinity'], old: PersistentVolume): boolean {
  const terms = affinity?.required?.nodeSelectorTerms;
  const before = old.spec.nodeAffinity?.required?.nodeSelectorTerms;
  if (!terms || !before || terms.length !== before.length) return false;
  const renamed = before.map((term, i) => {
    const follow = (list: 'matchExpressions' | 'matchFields') =>
      term[list]?.map((one, j) => {
        const key = terms[i]?.[list]?.[j]?.key;
        return key !== undefined && newerLabels[one.key] === key ? { ...one, key } : one;
      });
    return { matchExpressions: follow('matchExpressions'), matchFields: follow('matchFields') };
  });
  return deepEqual(
    terms.map(({ matchExpressions, matchFields }) => ({ matchExpressions, matchFields })),
    renamed,
  );
}

export function validatePersistentVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): Found {
  // Kubernetes looks twice, and says everything twice.
  const wrong = validatePersistentVolume(volume);
  const found = [...wrong, ...wrong];
  const now = sourceOf(volume.spec);
  const before = sourceOf(old.spec);
  // The secret for expansion may come later.
  if (old.spec.csi && !old.spec.csi.controllerExpandSecretRef && now.csi) {
    const { controllerExpandSecretRef: _, ...csi } = now.csi;
    now.csi = csi;
  }
  if (!deepEqual(now, before)) {
    const diff = specDiff('PersistentVolumeSource', before, now);
    const why = `spec.persistentvolumesource is immutable after creation\n${diff}`;
    found.push(fieldErrors.forbidden(SPEC.child('persistentvolumesource'), why));
  }
  if (volume.spec.volumeMode !== old.spec.volumeMode) {
    found.push(fieldErrors.invalid(Path.of('volumeMode'), volume.spec.volumeMode ?? null, IMMUTABLE));
  }
  const affinity = volume.spec.nodeAffinity;
  if (old.spec.nodeAffinity && !deepEqual(affinity, old.spec.nodeAffinity) && !onlyNewerLabels(affinity, old)) {
    const shown = affinity ? { Required: affinity.required ? goValue('NodeSelector', affinity.required) : null } : null;
    const why = `${IMMUTABLE}, except for updating from beta label to GA`;
    found.push(fieldErrors.invalid(Path.of('nodeAffinity'), shown, why));
  }
  if (old.spec.volumeAttributesClassName !== undefined && volume.spec.volumeAttributesClassName === undefined) {
    const why = 'update from non-nil value to nil is forbidden';
    found.push(fieldErrors.forbidden(SPEC.child('volumeAttributesClassName'), why));
  }
  return found;
}

type Source = { -readonly [field in (typeof sources)[number]]?: PersistentVolumeSpec[field] };

function sourceOf(spec: PersistentVolumeSpec): Source {
  const { csi, ...rest } = spec;
  const out: Record<string, unknown> = {};
  for (const source of sources) if (source !== 'csi' && rest[source] !== undefined) out[source] = rest[source];
  return { ...out, ...(csi && { csi }) };
}
