import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlexPersistentVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  ISCSIPersistentVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  PersistentVolumeSpec,
  QuobyteVolumeSource,
  StorageOSPersistentVolumeSource,
  StorageOSVolumeSource,
  Volume,
} from '../../api/core/v1.gen.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { checkLabel1123, type Found, inclusiveRange, required } from './values.ts';

/** Kinds of volumes that pods and persistent volumes both know, many of them of drivers that are gone. */
type Sources = Volume | PersistentVolumeSpec;
type Shared = keyof Volume & keyof PersistentVolumeSpec;

interface Place {
  /** Secrets of persistent volumes are in a namespace that has to be named. */
  readonly persistent: boolean;
  /** Of the persistent volume. */
  readonly name: string;
}

const PARTITION = 255;
const iqn = /iqn\.[0-9]{4}-[0-9]{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/;
const eui = /^eui.[A-Za-z0-9]{16}$/;
const naa = /^naa.[A-Za-z0-9]{32}$/;

function checkInitiator(value: string, path: Path, found: Found, unknown: string): void {
  const form = value.startsWith('iqn')
    ? iqn
    : value.startsWith('eui')
      ? eui
      : value.startsWith('naa')
        ? naa
        : undefined;
  if (!form) found.push(fieldErrors.invalid(path, value, unknown));
  else if (!form.test(value)) found.push(fieldErrors.invalid(path, value, 'must be valid format'));
}

function checkRange(value: number | undefined, most: number, path: Path, found: Found): void {
  if (value !== undefined && (value < 0 || value > most)) {
    found.push(fieldErrors.invalid(path, value, inclusiveRange(0, most)));
  }
}

function checkPartition(value: number | undefined, path: Path, found: Found): void {
  // Zero is allowed, whatever the message says.
  if (value !== undefined && (value < 0 || value > PARTITION)) {
    found.push(fieldErrors.invalid(path, value, inclusiveRange(1, PARTITION)));
  }
}

interface Reference {
  readonly name?: string;
  readonly namespace?: string;
}

function checkSecret(secret: Reference | undefined, namespaced: boolean, path: Path, found: Found): void {
  if (!secret) return;
  required(secret.name, path.child('secretRef'), 'name', found);
  if (namespaced) required(secret.namespace, path.child('secretRef'), 'namespace', found);
}

function checkIscsi(
  iscsi: ISCSIVolumeSource | ISCSIPersistentVolumeSource,
  place: Place,
  path: Path,
  found: Found,
): void {
  const unknown = place.persistent ? 'must be valid format' : 'must be valid format starting with iqn, eui, or naa';
  required(iscsi.targetPortal, path, 'targetPortal', found);
  const { initiatorName } = iscsi;
  if (place.persistent && initiatorName !== undefined && `${place.name}:${iscsi.targetPortal}`.length > 64) {
    const why =
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
    found.push(fieldErrors.invalid(path.child('targetportal'), iscsi.targetPortal, why));
  }
  if (required(iscsi.iqn, path, 'iqn', found)) checkInitiator(iscsi.iqn, path.child('iqn'), found, unknown);
  checkRange(iscsi.lun, 255, path.child('lun'), found);
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef) {
    found.push(fieldErrors.required(path.child('secretRef')));
  }
  if (place.persistent) checkSecret(iscsi.secretRef, false, path, found);
  if (initiatorName !== undefined) checkInitiator(initiatorName, path.child('initiatorname'), found, unknown);
}

function checkFc({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, path: Path, found: Found): void {
  const at = path.child('targetWWNs');
  if (targetWWNs.length === 0 && wwids.length === 0) {
    found.push(fieldErrors.required(at, 'must specify either targetWWNs or wwids, but not both'));
  }
  if (targetWWNs.length === 0) return;
  if (wwids.length > 0) {
    found.push(fieldErrors.invalid(at, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'));
  }
  if (lun === undefined)
    found.push(fieldErrors.required(path.child('lun'), 'lun is required if targetWWNs is specified'));
  else checkRange(lun, 255, path.child('lun'), found);
}

function checkNfs(nfs: NFSVolumeSource, path: Path, found: Found): void {
  required(nfs.server, path, 'server', found);
  required(nfs.path, path, 'path', found);
  if (!nfs.path?.startsWith('/')) {
    found.push(fieldErrors.invalid(path.child('path'), nfs.path ?? '', 'must be an absolute path'));
  }
}

/** As net.SplitHostPort has it: one colon, or brackets around what has more. */
const hostPort = /^(?:\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/;

function checkQuobyte({ registry, tenant, volume }: QuobyteVolumeSource, path: Path, found: Found): void {
  const why = 'must be a host:port pair or multiple pairs separated by commas';
  if (!registry) found.push(fieldErrors.required(path.child('registry'), why));
  else if ((tenant?.length ?? 0) >= 65) {
    const long = 'must be a UUID and may not exceed a length of 64 characters';
    found.push(fieldErrors.required(path.child('tenant'), long));
  } else {
    for (const pair of registry.split(',')) {
      if (!hostPort.test(pair)) found.push(fieldErrors.invalid(path.child('registry'), registry, why));
    }
  }
  required(volume, path, 'volume', found);
}

function checkFlocker({ datasetName, datasetUUID }: FlockerVolumeSource, path: Path, found: Found): void {
  if (!datasetName && !datasetUUID) {
    found.push(fieldErrors.required(path, 'one of datasetName and datasetUUID is required'));
  }
  if (datasetName && datasetUUID) {
    const why = 'datasetName and datasetUUID can not be specified simultaneously';
    found.push(fieldErrors.invalid(path, 'resource', why));
  }
  if (datasetName?.includes('/')) {
    found.push(fieldErrors.invalid(path.child('datasetName'), datasetName, "must not contain '/'"));
  }
}

function checkFlex({ driver, options }: FlexVolumeSource | FlexPersistentVolumeSource, path: Path, found: Found): void {
  required(driver, path, 'driver', found);
  for (const key of Object.keys(options ?? {})) {
    const [namespace = ''] = key.split('/');
    if (!/\.(?:kubernetes|k8s)\.io$/.test(`.${namespace.toLowerCase()}`)) continue;
    const why = 'kubernetes.io and k8s.io namespaces are reserved';
    found.push(fieldErrors.invalid(path.child('options').key(key), key, why));
  }
}

const cachingModes: readonly string[] = ['None', 'ReadOnly', 'ReadWrite'];
const diskKinds: readonly string[] = ['Dedicated', 'Managed', 'Shared'];
const MANAGED = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

function checkAzureDisk(disk: AzureDiskVolumeSource, path: Path, found: Found): void {
  const { diskName, diskURI = '', cachingMode, kind } = disk;
  required(diskName, path, 'diskName', found);
  required(diskURI, path, 'diskURI', found);
  if (cachingMode !== undefined && !cachingModes.includes(cachingMode)) {
    found.push(fieldErrors.notSupported(path.child('cachingMode'), cachingMode, cachingModes));
  }
  if (kind === undefined) return;
  if (!diskKinds.includes(kind)) found.push(fieldErrors.notSupported(path.child('kind'), kind, diskKinds));
  if (kind === 'Managed' ? !diskURI.startsWith('/subscriptions/') : !diskURI.startsWith('https://')) {
    found.push(fieldErrors.notSupported(path.child('diskURI'), diskURI, [kind === 'Managed' ? MANAGED : BLOB]));
  }
}

function checkStorageOs(
  storage: StorageOSVolumeSource | StorageOSPersistentVolumeSource,
  { persistent }: Place,
  path: Path,
  found: Found,
): void {
  const { volumeName, volumeNamespace, secretRef } = storage;
  if (required(volumeName, path, 'volumeName', found)) {
    checkLabel1123(volumeName ?? '', path.child('volumeName'), found);
  }
  if (volumeNamespace) checkLabel1123(volumeNamespace, path.child('volumeNamespace'), found);
  checkSecret(secretRef, persistent, path, found);
}

/** Whether something is wrong with the one source that `field` names; false where it is not one of those shared. */
export function checkSharedSource(spec: Sources, field: string, place: Place, spot: Path, found: Found): boolean {
  const path = spot.child(field === 'gcePersistentDisk' ? 'persistentDisk' : field);
  const need = (source: object | undefined, ...names: readonly string[]): void => {
    const values = (source ?? {}) as Readonly<Record<string, unknown>>;
    for (const name of names) {
      const value = values[name];
      if (Array.isArray(value) ? value.length === 0 : !value) found.push(fieldErrors.required(path.child(name)));
    }
  };
  switch (field as Shared) {
    case 'gcePersistentDisk':
      need(spec.gcePersistentDisk, 'pdName');
      checkPartition(spec.gcePersistentDisk?.partition, path.child('partition'), found);
      break;
    case 'awsElasticBlockStore':
      need(spec.awsElasticBlockStore, 'volumeID');
      checkPartition(spec.awsElasticBlockStore?.partition, path.child('partition'), found);
      break;
    case 'glusterfs':
      need(spec.glusterfs, 'endpoints', 'path');
      break;
    case 'rbd':
      need(spec.rbd, 'monitors', 'image');
      break;
    case 'cephfs':
      need(spec.cephfs, 'monitors');
      break;
    case 'cinder':
      need(spec.cinder, 'volumeID');
      checkSecret(spec.cinder?.secretRef, place.persistent, path, found);
      break;
    case 'azureFile':
      need(spec.azureFile, 'secretName', 'shareName');
      break;
    case 'vsphereVolume':
      need(spec.vsphereVolume, 'volumePath');
      break;
    case 'photonPersistentDisk':
      need(spec.photonPersistentDisk, 'pdID');
      break;
    case 'portworxVolume':
      need(spec.portworxVolume, 'volumeID');
      break;
    case 'scaleIO':
      need(spec.scaleIO, 'gateway', 'system', 'volumeName');
      break;
    case 'iscsi':
      if (spec.iscsi) checkIscsi(spec.iscsi, place, path, found);
      break;
    case 'fc':
      if (spec.fc) checkFc(spec.fc, path, found);
      break;
    case 'nfs':
      if (spec.nfs) checkNfs(spec.nfs, path, found);
      break;
    case 'quobyte':
      if (spec.quobyte) checkQuobyte(spec.quobyte, path, found);
      break;
    case 'flocker':
      if (spec.flocker) checkFlocker(spec.flocker, path, found);
      break;
    case 'flexVolume':
      if (spec.flexVolume) checkFlex(spec.flexVolume, path, found);
      break;
    case 'azureDisk':
      if (spec.azureDisk) checkAzureDisk(spec.azureDisk, path, found);
      break;
    case 'storageos':
      if (spec.storageos) checkStorageOs(spec.storageos, place, path, found);
      break;
    default:
      return false;
  }
  return true;
}
