import type {
  DownwardAPIVolumeFile,
  HostPathVolumeSource,
  KeyToPath,
  PersistentVolumeClaimSpec,
  ProjectedVolumeSource,
  Volume,
} from '../../api/core/v1.gen.ts';
import { dns1123SubdomainProblems } from '../../api/names.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import { checkFieldRef, checkResourceFieldRef } from './downward-api.ts';
import { checkLabelSelector } from './label-selector.ts';
import { checkClaimSpec } from './persistent-volume-claim.ts';
import {
  checkDescendingPath,
  checkLabel1123,
  checkNoBacksteps,
  checkNonReservedPath,
  type Found,
  required,
} from './values.ts';

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const downwardFields = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const MODE = 'must be a number between 0 and 0777 (octal), both inclusive';
const ONE_TYPE = 'may not specify more than 1 volume type';

/** The sources of a volume in the order in which Kubernetes looks at them, and the name that its complaints have. */
const sources: readonly (readonly [field: Exclude<keyof Volume, 'name'>, shown?: string])[] = [
  ['emptyDir'],
  ['hostPath'],
  ['gitRepo'],
  ['gcePersistentDisk'],
  ['awsElasticBlockStore'],
  ['secret'],
  ['nfs'],
  ['iscsi'],
  ['glusterfs'],
  ['flocker'],
  ['persistentVolumeClaim'],
  ['rbd'],
  ['cinder'],
  ['cephfs', 'cephFS'],
  ['quobyte'],
  ['downwardAPI', 'downwarAPI'],
  ['fc'],
  ['flexVolume'],
  ['configMap'],
  ['azureFile'],
  ['vsphereVolume'],
  ['photonPersistentDisk'],
  ['portworxVolume'],
  ['azureDisk'],
  ['storageos'],
  ['projected'],
  ['scaleIO'],
  ['csi'],
  ['ephemeral'],
  ['image'],
];

/** Volumes that containers may mount: those with nothing wrong. `podName` is undefined in templates of pods. */
export function checkVolumes(
  volumes: readonly Volume[] | undefined,
  podName: string | undefined,
  path: Path,
  found: Found,
): ReadonlyMap<string, Volume> {
  const good = new Map<string, Volume>();
  if (!volumes) return good;
  const created = new Set(podName ? volumes.filter((v) => v.ephemeral).map((v) => `${podName}-${v.name}`) : []);
  for (const [i, volume] of volumes.entries()) {
    const at = path.index(i);
    const before = found.length;
    checkSource(volume, podName, at, found);
    if (required(volume.name, at, 'name', found)) checkLabel1123(volume.name, at.child('name'), found);
    if (good.has(volume.name)) found.push(fieldErrors.duplicate(at.child('name'), volume.name));
    if (found.length === before) good.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.has(claim)) {
      const why = 'must not reference a PVC that gets created for an ephemeral volume';
      found.push(fieldErrors.invalid(at.child('persistentVolumeClaim', 'claimName'), claim, why));
    }
  }
  return good;
}

function checkSource(volume: Volume, podName: string | undefined, path: Path, found: Found): void {
  let any = false;
  for (const [field, shown = field] of sources) {
    if (volume[field] === undefined) continue;
    if (any) found.push(fieldErrors.forbidden(path.child(shown), ONE_TYPE));
    else checkOne(field, volume, podName, path, found);
    any = true;
  }
  if (!any) found.push(fieldErrors.required(path, 'must specify a volume type'));
}

function checkOne(
  field: Exclude<keyof Volume, 'name'>,
  volume: Volume,
  podName: string | undefined,
  path: Path,
  found: Found,
): void {
  const at = path.child(field);
  switch (field) {
    case 'emptyDir': {
      const limit = volume.emptyDir?.sizeLimit;
      if (limit !== undefined && compareQuantities(limit, '0') < 0) {
        found.push(fieldErrors.forbidden(at.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity'));
      }
      break;
    }
    case 'hostPath':
      if (volume.hostPath) checkHostPath(volume.hostPath, at, found);
      break;
    case 'gitRepo':
      required(volume.gitRepo?.repository, at, 'repository', found);
      checkDescendingPath(volume.gitRepo?.directory ?? '', at.child('directory'), found);
      break;
    case 'secret':
      required(volume.secret?.secretName, at, 'secretName', found);
      checkMode(volume.secret?.defaultMode, at.child('defaultMode'), found);
      checkItems(volume.secret?.items, at, found);
      break;
    case 'configMap':
      required(volume.configMap?.name, at, 'name', found);
      checkMode(volume.configMap?.defaultMode, at.child('defaultMode'), found);
      checkItems(volume.configMap?.items, at, found);
      break;
    case 'nfs':
      required(volume.nfs?.server, at, 'server', found);
      if (required(volume.nfs?.path, at, 'path', found) && !volume.nfs?.path.startsWith('/')) {
        found.push(fieldErrors.invalid(at.child('path'), volume.nfs?.path, 'must be an absolute path'));
      }
      break;
    case 'iscsi':
      required(volume.iscsi?.targetPortal, at, 'targetPortal', found);
      if (required(volume.iscsi?.iqn, at, 'iqn', found) && !/^(iqn|eui|naa)/.test(volume.iscsi?.iqn ?? '')) {
        const why = 'must be valid format starting with iqn, eui, or naa';
        found.push(fieldErrors.invalid(at.child('iqn'), volume.iscsi?.iqn, why));
      }
      break;
    case 'persistentVolumeClaim':
      required(volume.persistentVolumeClaim?.claimName, at, 'claimName', found);
      break;
    case 'downwardAPI':
      checkMode(volume.downwardAPI?.defaultMode, at.child('defaultMode'), found);
      checkDownwardFiles(volume.downwardAPI?.items, at, found);
      break;
    case 'projected':
      if (volume.projected) checkProjected(volume.projected, at, found);
      break;
    case 'csi':
      checkDriver(volume.csi?.driver, at, found);
      if (volume.csi?.nodePublishSecretRef) {
        required(volume.csi.nodePublishSecretRef.name, at.child('nodePublishSecretRef'), 'name', found);
      }
      break;
    case 'ephemeral':
      checkEphemeral(volume, podName, path, found);
      break;
    case 'image':
      required(volume.image?.reference, at, 'reference', found);
      checkPullPolicy(volume.image?.pullPolicy, at, found);
      break;
    // Drivers that are gone from Kubernetes: only what identifies the volume is asked for.
    case 'gcePersistentDisk':
      required(volume.gcePersistentDisk?.pdName, path.child('persistentDisk'), 'pdName', found);
      break;
    case 'awsElasticBlockStore':
      required(volume.awsElasticBlockStore?.volumeID, at, 'volumeID', found);
      break;
    case 'azureDisk':
      required(volume.azureDisk?.diskName, at, 'diskName', found);
      required(volume.azureDisk?.diskURI, at, 'diskURI', found);
      break;
    case 'azureFile':
      required(volume.azureFile?.secretName, at, 'secretName', found);
      required(volume.azureFile?.shareName, at, 'shareName', found);
      break;
    case 'cinder':
      required(volume.cinder?.volumeID, at, 'volumeID', found);
      break;
    case 'flexVolume':
      required(volume.flexVolume?.driver, at, 'driver', found);
      break;
    case 'vsphereVolume':
      required(volume.vsphereVolume?.volumePath, at, 'volumePath', found);
      break;
    default:
  }
}

/** In pods and in persistent volumes. */
export function checkHostPath({ path: host, type }: HostPathVolumeSource, path: Path, found: Found): void {
  if (!required(host, path, 'path', found)) return;
  checkNoBacksteps(host, path.child('path'), found);
  if (type !== undefined && !hostPathTypes.includes(type)) {
    found.push(fieldErrors.notSupported(path.child('type'), type, hostPathTypes));
  }
}

export function checkDriver(driver: string | undefined, path: Path, found: Found): void {
  const at = path.child('driver');
  if (!driver) {
    found.push(fieldErrors.required(at));
    return;
  }
  if (driver.length > 63) found.push(fieldErrors.tooLong(at, 63));
  for (const problem of dns1123SubdomainProblems(driver.toLowerCase())) {
    found.push(fieldErrors.invalid(at, driver, problem));
  }
}

function checkPullPolicy(policy: string | undefined, path: Path, found: Found): void {
  const all = ['Always', 'IfNotPresent', 'Never'];
  if (policy && !all.includes(policy)) found.push(fieldErrors.notSupported(path.child('pullPolicy'), policy, all));
}

function checkMode(mode: number | undefined, path: Path, found: Found): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) found.push(fieldErrors.invalid(path, mode, MODE));
}

function checkItems(items: readonly KeyToPath[] | undefined, path: Path, found: Found): void {
  for (const [i, { key, path: file, mode }] of (items ?? []).entries()) {
    const at = path.child('items').index(i);
    required(key, at, 'key', found);
    if (required(file, at, 'path', found)) checkNonReservedPath(file, at.child('path'), found);
    checkMode(mode, at.child('mode'), found);
  }
}

function checkDownwardFiles(files: readonly DownwardAPIVolumeFile[] | undefined, path: Path, found: Found): void {
  for (const file of files ?? []) {
    if (required(file.path, path, 'path', found)) checkNonReservedPath(file.path, path.child('path'), found);
    if (file.fieldRef) {
      checkFieldRef(file.fieldRef, downwardFields, path.child('fieldRef'), found);
      if (file.resourceFieldRef) {
        const why = 'fieldRef and resourceFieldRef can not be specified simultaneously';
        found.push(fieldErrors.invalid(path, 'resource', why));
      }
    } else if (file.resourceFieldRef) {
      checkResourceFieldRef(file.resourceFieldRef, true, path.child('resourceFieldRef'), found);
    } else found.push(fieldErrors.required(path, 'one of fieldRef and resourceFieldRef is required'));
    checkMode(file.mode, path.child('mode'), found);
  }
}

/** Several sources in one directory: their files must not be in each other's way. */
function checkProjected(projected: ProjectedVolumeSource, path: Path, found: Found): void {
  checkMode(projected.defaultMode, path.child('defaultMode'), found);
  const taken = new Set<string>();
  const take = (file: string | undefined, at: Path, clash: string): void => {
    if (!file) return;
    if (taken.has(file)) found.push(fieldErrors.invalid(at, file, clash));
    taken.add(file);
  };
  for (const [i, source] of (projected.sources ?? []).entries()) {
    const at = path.child('sources').index(i);
    const kinds = Object.keys(source);
    if (kinds.length > 1) found.push(fieldErrors.forbidden(at, 'may not specify more than 1 volume type per source'));
    for (const kind of ['secret', 'configMap'] as const) {
      const one = source[kind];
      if (!one) continue;
      required(one.name, at.child(kind), 'name', found);
      checkItems(one.items, at.child(kind), found);
      for (const { path: file } of one.items ?? []) {
        const name = one.name ?? '';
        const label = kind === 'secret' ? 'secret' : 'config map';
        take(file, path, `conflicting duplicate paths in ${label} ${name}`);
      }
    }
    if (source.downwardAPI) {
      checkDownwardFiles(source.downwardAPI.items, at.child('downwardAPI'), found);
      for (const { path: file } of source.downwardAPI.items ?? []) {
        take(file, path, 'conflicting duplicate paths');
      }
    }
    if (source.serviceAccountToken) {
      checkToken(source.serviceAccountToken, at.child('serviceAccountToken'), found);
      take(source.serviceAccountToken.path, path, 'conflicting duplicate paths');
    }
    const bundle = source.clusterTrustBundle;
    if (bundle) {
      const bundlePath = at.child('clusterTrustBundle');
      if (!bundle.name && !bundle.signerName)
        found.push(fieldErrors.required(bundlePath, 'either name or signerName must be specified'));
      if (bundle.name && bundle.signerName) {
        found.push(fieldErrors.invalid(bundlePath, bundle, 'only one of name and signerName may be used'));
      }
      checkLabelSelector(bundle.labelSelector, bundlePath.child('labelSelector'), found);
      if (required(bundle.path, bundlePath, 'path', found)) {
        checkNonReservedPath(bundle.path, bundlePath.child('path'), found);
      }
      take(bundle.path, path, 'conflicting duplicate paths');
    }
  }
}

function checkToken(
  {
    path: file,
    expirationSeconds,
  }: NonNullable<NonNullable<ProjectedVolumeSource['sources']>[number]['serviceAccountToken']>,
  path: Path,
  found: Found,
): void {
  const at = path.child('expirationSeconds');
  if (expirationSeconds !== undefined && expirationSeconds < 600) {
    found.push(fieldErrors.invalid(at, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  }
  if (expirationSeconds !== undefined && expirationSeconds > 2 ** 32) {
    found.push(fieldErrors.invalid(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  if (required(file, path, 'path', found)) checkNonReservedPath(file, path.child('path'), found);
}

function checkEphemeral(volume: Volume, podName: string | undefined, path: Path, found: Found): void {
  const at = path.child('ephemeral', 'volumeClaimTemplate');
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (!template) found.push(fieldErrors.required(at));
  else {
    const spec: PersistentVolumeClaimSpec = template.spec;
    checkClaimSpec(spec, at.child('spec'), found);
  }
  if (podName && volume.name) {
    const claim = `${podName}-${volume.name}`;
    for (const problem of dns1123SubdomainProblems(claim)) {
      found.push(fieldErrors.invalid(path.child('name'), volume.name, `PVC name "${claim}": ${problem}`));
    }
  }
}
