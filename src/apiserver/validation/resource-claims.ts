/** ResourceClaims, their templates, and DeviceClasses. https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/ */
import { dns1123LabelProblems, qualifiedNameProblems } from '../../api/names.ts';
import type {
  AllocatedDeviceStatus,
  DeviceClaim,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  DeviceRequestAllocationResult,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '../../api/resource/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { checkInterfaceAddress } from './addresses.ts';
import { checkMetaConditions } from './conditions.ts';
import {
  checkBindingConditions,
  checkConfiguration,
  checkDriver,
  checkFullName,
  checkLabel,
  checkLabelValue,
  checkList,
  checkPool,
  checkRaw,
  checkSelectors,
  checkSet,
  MAX_CONFIG,
} from './devices.ts';
import { goValue } from './go-value.ts';
import { checkNodeSelector } from './pod-scheduling.ts';
import { addAll, checkOptionalEnum, checkQualifiedName, checkSubdomain, type Found } from './values.ts';

const SPEC = Path.of('spec');
const STATUS = Path.of('status');
const IMMUTABLE = 'field is immutable';
const MAX_REQUESTS = 32;
const MAX_CONSTRAINTS = 32;
const MAX_ALTERNATIVES = 8;
const MAX_RESERVED = 256;
const MAX_DEVICE_DATA = 10 * 1024;
const MAX_CONDITIONS = 8;
const MAX_INTERFACE_NAME = 256;
const MAX_HARDWARE_ADDRESS = 128;
const MAX_IPS = 16;
const effects = ['NoExecute', 'NoSchedule', 'None'];

/** Names of requests, with those of their alternatives. */
type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

const requestNames = ({ requests }: DeviceClaim): RequestNames =>
  new Map((requests ?? []).map(({ name, firstAvailable }) => [name, new Set(firstAvailable?.map((sub) => sub.name))]));

const checkRequestReference =
  (names: RequestNames) =>
  (name: string, path: Path, found: Found): void => {
    const why = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
    const segments = name.split('/');
    const [request = '', alternative] = segments;
    if (segments.length <= 2)
      for (const segment of segments) addAll(found, path, segment, dns1123LabelProblems(segment));
    const known = names.get(request);
    const named = known && (alternative === undefined || known.has(alternative));
    if (segments.length > 2 || !named) found.push(fieldErrors.invalid(path, name, why));
  };

function checkToleration({ key, operator, value = '', effect }: DeviceToleration, path: Path, found: Found): void {
  if (key) checkQualifiedName(key, path.child('key'), found);
  if (operator === 'Exists') {
    if (value) found.push(fieldErrors.invalid(path.child('value'), value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') checkLabelValue(value, path.child('value'), found);
  else if (!operator) found.push(fieldErrors.required(path.child('operator')));
  else found.push(fieldErrors.notSupported(path.child('operator'), operator, ['Equal', 'Exists']));
  if (effect) checkOptionalEnum(effect, effects, path.child('effect'), found);
}

function checkWanted(request: ExactDeviceRequest | DeviceSubRequest, path: Path, found: Found): void {
  const { deviceClassName, selectors, allocationMode = '', count = 0, tolerations } = request;
  const at = path.child('deviceClassName');
  if (!deviceClassName) found.push(fieldErrors.required(at));
  else checkSubdomain(deviceClassName, at, found);
  checkSelectors(selectors, path.child('selectors'), found);
  const countPath = path.child('count');
  if (allocationMode === 'All') {
    if (count !== 0)
      found.push(fieldErrors.invalid(countPath, count, "must not be specified when allocationMode is 'All'"));
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) found.push(fieldErrors.invalid(countPath, count, 'must be greater than zero'));
  } else found.push(fieldErrors.notSupported(path.child('allocationMode'), allocationMode, ['All', 'ExactCount']));
  checkList(tolerations, undefined, checkToleration, path.child('tolerations'), found);
}

function checkRequest({ name, exactly, firstAvailable }: DeviceRequest, path: Path, found: Found): void {
  addAll(found, path.child('name'), name ?? '', dns1123LabelProblems(name ?? ''));
  const why = 'exactly one of `exactly` or `firstAvailable` is required';
  const alternatives = (firstAvailable?.length ?? 0) > 0;
  if (exactly && alternatives) found.push(fieldErrors.invalid(path, null, `${why}, but multiple fields are set`));
  else if (exactly) checkWanted(exactly, path.child('exactly'), found);
  else if (!alternatives) found.push(fieldErrors.required(path, why));
  else {
    const check = (sub: DeviceSubRequest, at: Path) => {
      checkLabel(sub.name ?? '', at.child('name'), found);
      checkWanted(sub, at, found);
    };
    checkSet(firstAvailable, MAX_ALTERNATIVES, check, (sub) => sub.name, path.child('firstAvailable'), found);
  }
}

function checkClaim(devices: DeviceClaim, path: Path, found: Found): void {
  const names = requestNames(devices);
  const reference = checkRequestReference(names);
  checkSet(devices.requests, MAX_REQUESTS, checkRequest, ({ name }) => name, path.child('requests'), found);
  const constraint = ({ requests, matchAttribute, distinctAttribute }: DeviceConstraint, at: Path) => {
    checkSet(requests, MAX_REQUESTS, reference, (name) => name, at.child('requests'), found);
    if (matchAttribute !== undefined) checkFullName(matchAttribute, at.child('matchAttribute'), found);
    else if (distinctAttribute !== undefined) checkFullName(distinctAttribute, at.child('distinctAttribute'), found);
    else {
      const why = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
      found.push(fieldErrors.required(at, why));
    }
  };
  checkList(devices.constraints, MAX_CONSTRAINTS, constraint, path.child('constraints'), found);
  checkList(
    devices.config,
    MAX_CONFIG,
    (config, at) => {
      checkSet(config.requests, MAX_REQUESTS, reference, (name) => name, at.child('requests'), found);
      checkConfiguration(config, at, found);
    },
    path.child('config'),
    found,
  );
}

export function validateResourceClaim({ spec }: ResourceClaim): Found {
  const found: Found = [];
  checkClaim(spec?.devices ?? {}, SPEC.child('devices'), found);
  return found;
}

export function validateResourceClaimUpdate({ spec }: ResourceClaim, old: ResourceClaim): Found {
  return deepEqual(spec, old.spec) ? [] : [fieldErrors.invalid(SPEC, goValue('ResourceClaimSpec', spec), IMMUTABLE)];
}

/** What a template may not say of the claims made from it, by Kubernetes' names of the fields. */
const forbiddenInTemplates = {
  name: 'name',
  generateName: 'generateName',
  uid: 'uID',
  creationTimestamp: 'creationTimestamp',
  deletionTimestamp: 'deletionTimestamp',
  deletionGracePeriodSeconds: 'deletionGracePeriodSeconds',
  finalizers: 'finalizers',
  managedFields: 'managedFields',
  namespace: 'namespace',
  ownerReferences: 'ownerReferences',
  resourceVersion: 'resourceVersion',
  selfLink: 'selfLink',
  generation: 'generation',
} as const;

export function validateResourceClaimTemplate({ spec }: ResourceClaimTemplate): Found {
  const found: Found = [];
  const at = SPEC.child('metadata');
  const metadata: Readonly<Record<string, unknown>> = spec.metadata ?? {};
  for (const key of Object.keys(spec.metadata?.annotations ?? {})) {
    addAll(found, at.child('annotations'), key, qualifiedNameProblems(key.toLowerCase()));
  }
  for (const [key, value] of Object.entries(spec.metadata?.labels ?? {})) {
    checkQualifiedName(key, at.child('labels'), found);
    checkLabelValue(value, at.child('labels'), found);
  }
  for (const [field, shown] of Object.entries(forbiddenInTemplates)) {
    const value = metadata[field];
    const empty = value === undefined || value === '' || value === 0 || (Array.isArray(value) && value.length === 0);
    if (!empty) found.push(fieldErrors.forbidden(at.child(shown), 'cannot be set'));
  }
  checkClaim(spec.spec?.devices ?? {}, SPEC.child('spec', 'devices'), found);
  return found;
}

export function validateResourceClaimTemplateUpdate(
  template: ResourceClaimTemplate,
  old: ResourceClaimTemplate,
): Found {
  const found = validateResourceClaimTemplate(template);
  if (!deepEqual(template.spec, old.spec)) {
    found.push(fieldErrors.invalid(SPEC, goValue('ResourceClaimTemplateSpec', template.spec), IMMUTABLE));
  }
  return found;
}

const isExtended = (name: string): boolean =>
  name.includes('/') &&
  !name.includes('kubernetes.io/') &&
  !name.startsWith('requests.') &&
  qualifiedNameProblems(`requests.${name}`).length === 0;

export function validateDeviceClass({ spec }: DeviceClass): Found {
  const found: Found = [];
  const { selectors, config, extendedResourceName: name } = spec ?? {};
  checkSelectors(selectors, SPEC.child('selectors'), found);
  checkList(config, MAX_CONFIG, checkConfiguration, SPEC.child('config'), found);
  if (name !== undefined && !isExtended(name)) {
    const why = 'must be a valid extended resource name';
    found.push(fieldErrors.invalid(SPEC.child('extendedResourceName'), name, why));
  }
  return found;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function checkShareId(id: string | undefined, path: Path, found: Found): void {
  if (id === undefined || uuid.test(id)) return;
  const normal = '`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters';
  const why = uuid.test(id.toLowerCase())
    ? `uid must be in RFC 4122 normalized form, ${normal}`
    : `error validating uid: invalid UUID ${id.length === 36 ? 'format' : `length: ${id.length}`}`;
  found.push(fieldErrors.invalid(path, id, why));
}

function checkAllocation({ spec, status }: ResourceClaim, found: Found): void {
  const { allocation } = status;
  if (!allocation) return;
  const at = STATUS.child('allocation');
  const devices = at.child('devices');
  const reference = checkRequestReference(requestNames(spec?.devices ?? {}));
  const result = (given: DeviceRequestAllocationResult, path: Path) => {
    reference(given.request ?? '', path.child('request'), found);
    checkDriver(given.driver ?? '', path.child('driver'), found);
    checkPool(given.pool ?? '', path.child('pool'), found);
    checkLabel(given.device ?? '', path.child('device'), found);
    checkBindingConditions(given.bindingConditions, given.bindingFailureConditions, path, found);
    checkShareId(given.shareID, path.child('shareID'), found);
  };
  checkList(allocation.devices?.results, MAX_REQUESTS, result, devices.child('results'), found);
  checkList(
    allocation.devices?.config,
    2 * MAX_CONFIG,
    (config, path) => {
      if (!config.source) found.push(fieldErrors.required(path.child('source')));
      else checkOptionalEnum(config.source, ['FromClaim', 'FromClass'], path.child('source'), found);
      checkSet(config.requests, MAX_REQUESTS, reference, (name) => name, path.child('requests'), found);
      checkConfiguration(config, path, found);
    },
    devices.child('config'),
    found,
  );
  if (allocation.nodeSelector) checkNodeSelector(allocation.nodeSelector, at.child('nodeSelector'), found);
}

/** A device by the names that tell it apart, as messages show it. */
const deviceId = ({
  driver,
  pool,
  device,
  shareID,
}: {
  driver: string;
  pool: string;
  device: string;
  shareID?: string;
}) => ({
  Driver: driver ?? '',
  Pool: pool ?? '',
  Device: device ?? '',
  ShareID: shareID ?? '',
});

function checkDeviceStatus(
  device: AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
  path: Path,
  found: Found,
): void {
  checkDriver(device.driver ?? '', path.child('driver'), found);
  checkPool(device.pool ?? '', path.child('pool'), found);
  checkLabel(device.device ?? '', path.child('device'), found);
  checkShareId(device.shareID, path.child('shareID'), found);
  const id = deviceId(device);
  if (!allocated.has(JSON.stringify(id))) {
    found.push(fieldErrors.invalid(path, id, 'must be an allocated device in the claim'));
  }
  const conditions = device.conditions?.length ?? 0;
  if (conditions > MAX_CONDITIONS)
    found.push(fieldErrors.tooMany(path.child('conditions'), conditions, MAX_CONDITIONS));
  checkMetaConditions(device.conditions, path.child('conditions'), found);
  if (device.data !== undefined) checkRaw(device.data, MAX_DEVICE_DATA, path.child('data'), found);
  const { networkData } = device;
  if (!networkData) return;
  const at = path.child('networkData');
  if (Buffer.byteLength(networkData.interfaceName ?? '') > MAX_INTERFACE_NAME) {
    found.push(fieldErrors.tooLong(at.child('interfaceName'), MAX_INTERFACE_NAME));
  }
  if (Buffer.byteLength(networkData.hardwareAddress ?? '') > MAX_HARDWARE_ADDRESS) {
    found.push(fieldErrors.tooLong(at.child('hardwareAddress'), MAX_HARDWARE_ADDRESS));
  }
  checkSet(networkData.ips, MAX_IPS, checkInterfaceAddress, (ip) => ip, at.child('ips'), found);
}

export function validateResourceClaimStatus(claim: ResourceClaim, old: ResourceClaim): Found {
  const found: Found = [];
  const { status } = claim;
  const reserved = STATUS.child('reservedFor');
  checkSet(
    status.reservedFor,
    MAX_RESERVED,
    ({ resource, name, uid }, path) => {
      if (!resource) found.push(fieldErrors.required(path.child('resource')));
      if (!name) found.push(fieldErrors.required(path.child('name')));
      if (!uid) found.push(fieldErrors.required(path.child('uid')));
    },
    ({ uid }) => uid ?? '',
    reserved,
    found,
  );
  const allocated = new Set(
    (status.allocation?.devices?.results ?? []).map((result) => JSON.stringify(deviceId(result))),
  );
  const check = (device: AllocatedDeviceStatus, path: Path) => checkDeviceStatus(device, allocated, path, found);
  checkSet(status.devices, undefined, check, deviceId, STATUS.child('devices'), found);
  if (status.reservedFor?.length) {
    if (!status.allocation) {
      found.push(fieldErrors.forbidden(reserved, 'may not be specified when `allocated` is not set'));
    } else if (claim.metadata.deletionTimestamp) {
      const added = status.reservedFor.some(
        (user) => !old.status?.reservedFor?.some((known) => deepEqual(known, user)),
      );
      const why = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
      if (added) found.push(fieldErrors.forbidden(reserved, why));
    }
  }
  if (old.status?.allocation && status.allocation) {
    if (!deepEqual(status.allocation, old.status.allocation)) {
      const shown = goValue('AllocationResult', status.allocation);
      found.push(fieldErrors.invalid(STATUS.child('allocation'), shown, IMMUTABLE));
    }
  } else checkAllocation(claim, found);
  return found;
}
