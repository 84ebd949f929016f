import type {
  DownwardAPIVolumeFile,
  HostPathVolumeSource,
  KeyToPath,
  PersistentVolumeClaimSpec,
  ProjectedVolumeSource,
  Volume,
} from '../../api/core/v1.gen.ts';
import type { ObjectMeta } from '../../api/meta/v1.gen.ts';
import { dns1123SubdomainProblems } from '../../api/names.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import { validateAnnotations, validateLabels } from '../registry/metadata.ts';
import { checkFieldRef, checkResourceFieldRef } from './downward-api.ts';
import { checkClaimSpec } from './persistent-volume-claim.ts';
import {
  checkDescendingPath,
  checkLabel1123,
  checkNoBacksteps,
  checkNonReservedPath,
  checkSubdomain,
  type Found,
  required,
} from './values.ts';
import { checkSharedSource } from './volume-sources.ts';

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

const IN_POD = { persistent: false, name: '' };

/** The sources of a volume in the order in which Kubernetes looks at them, and the names that its complaints have. */
const shownAs: { readonly [field in keyof Volume]?: string } = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };
const sources = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'flexVolume',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
] as const satisfies readonly Exclude<keyof Volume, 'name'>[];

/** Volumes that containers may mount: those with nothing wrong. `podName` is undefined in templates of pods. */
export function checkVolumes(
  volumes: readonly Volume[] | undefined,
  podName: string | undefined,
  path: Path,
  found: Found,
): ReadonlyMap<string, Volume> {
  const good = new Map<string, Volume>();
  if (!volumes) return good;
  const created = podName ? volumes.filter((v) => v.ephemeral).map((v) => `${podName}-${v.name}`) : [];
  volumes.forEach((volume, i) => {
    const at = path.index(i);
    const before = found.length;
    checkSource(volume, podName, at, found);
    if (required(volume.name, at, 'name', found)) checkLabel1123(volume.name, at.child('name'), found);
    if (good.has(volume.name)) found.push(fieldErrors.duplicate(at.child('name'), volume.name));
    if (found.length === before) good.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.includes(claim)) {
      const why = 'must not reference a PVC that gets created for an ephemeral volume';
      found.push(fieldErrors.invalid(at.child('persistentVolumeClaim', 'claimName'), claim, why));
    }
  });
  return good;
}

function checkSource(volume: Volume, podName: string | undefined, path: Path, found: Found): void {
  let any = false;
  for (const field of sources) {
    if (volume[field] === undefined) continue;
    if (any) found.push(fieldErrors.forbidden(path.child(shownAs[field] ?? field), ONE_TYPE));
    else checkOne(field, volume, podName, path, found);
    any = true;
    if (field === 'iscsi' && volume.iscsi?.initiatorName !== undefined) {
      if (`${volume.name}:${volume.iscsi.targetPortal}`.length > 64) {
        const why =
          'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
        found.push(fieldErrors.invalid(path.child('name'), volume.name, why));
      }
    }
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
  if (checkSharedSource(volume, field, IN_POD, path, found)) return;
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
        const { name } = volume.csi.nodePublishSecretRef;
        if (required(name, at.child('nodePublishSecretRef'), 'name', found)) {
          checkSubdomain(name ?? '', at.child('name'), found);
        }
      }
      break;
    case 'ephemeral':
      checkEphemeral(volume, podName, path, found);
      break;
    case 'image':
      if (podName !== undefined) required(volume.image?.reference, at, 'reference', found);
      checkPullPolicy(volume.image?.pullPolicy, at, found);
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
  items?.forEach(({ key, path: file, mode }, i) => {
    const at = path.child('items').index(i);
    required(key, at, 'key', found);
    if (required(file, at, 'path', found)) checkNonReservedPath(file, at.child('path'), found);
    checkMode(mode, at.child('mode'), found);
  });
}

function checkDownwardFiles(files: readonly DownwardAPIVolumeFile[] | undefined, path: Path, found: Found): void {
  if (!files) return;
  for (const file of files) {
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

const keyed = ['secret', 'configMap'] as const;
const projections = [...keyed, 'downwardAPI', 'serviceAccountToken'] as const;

/** Several sources in one directory: their files must not be in each other's way. */
function checkProjected(projected: ProjectedVolumeSource, path: Path, found: Found): void {
  checkMode(projected.defaultMode, path.child('defaultMode'), found);
  const taken = new Set<string>();
  const take = (file: string, at: Path, shown: string): void => {
    if (!file) return;
    if (taken.has(file)) found.push(fieldErrors.invalid(at, shown, 'conflicting duplicate paths'));
    taken.add(file);
  };
  projected.sources?.forEach((source, i) => {
    const at = path.child('sources').index(i);
    for (const kind of keyed) {
      const one = source[kind];
      if (!one) continue;
      required(one.name, at.child(kind), 'name', found);
      checkItems(one.items, at.child(kind), found);
      one.items?.forEach(({ path: file }) => {
        take(file, path, one.name ?? '');
      });
    }
    if (source.downwardAPI) {
      checkDownwardFiles(source.downwardAPI.items, at.child('downwardAPI'), found);
      source.downwardAPI.items?.forEach(({ path: file }) => {
        take(file, path, file);
      });
    }
    if (source.serviceAccountToken) {
      checkToken(source.serviceAccountToken, at.child('serviceAccountToken'), path, found);
    }
    let count = 0;
    for (const kind of projections) if (source[kind]) count++;
    if (count > 1) found.push(fieldErrors.forbidden(at, 'may not specify more than 1 volume type per source'));
  });
}

function checkToken(
  {
    path: file,
    expirationSeconds,
  }: NonNullable<NonNullable<ProjectedVolumeSource['sources']>[number]['serviceAccountToken']>,
  path: Path,
  volumePath: Path,
  found: Found,
): void {
  const at = path.child('expirationSeconds');
  if (expirationSeconds !== undefined && expirationSeconds < 600) {
    found.push(fieldErrors.invalid(at, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  }
  if (expirationSeconds !== undefined && expirationSeconds > 2 ** 32) {
    found.push(fieldErrors.invalid(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  // Kubernetes names the volume's path here, which it does not have.
  if (required(file, volumePath, 'path', found)) checkNonReservedPath(file, volumePath.child('path'), found);
}

function checkEphemeral(volume: Volume, podName: string | undefined, path: Path, found: Found): void {
  const at = path.child('ephemeral', 'volumeClaimTemplate');
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (!template) found.push(fieldErrors.required(at));
  else {
    checkTemplateMetadata(template.metadata ?? {}, at, found);
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

/** Of a claim that is yet to be made only labels and annotations can be told. */
function checkTemplateMetadata(meta: Partial<ObjectMeta>, path: Path, found: Found): void {
  const { annotations, labels, ...others } = meta;
  if (annotations) validateAnnotations(annotations, path.child('metadata', 'annotations'), found);
  if (labels) validateLabels(labels, path.child('metadata', 'labels'), found);
  for (const [field, value] of Object.entries(others)) {
    if (value === undefined || value === null || value === '' || (value === 0 && field === 'generation')) continue;
    // Go's UID with its first letter made small.
    found.push(fieldErrors.forbidden(path.child('metadata', field === 'uid' ? 'uID' : field), 'cannot be set'));
  }
}
