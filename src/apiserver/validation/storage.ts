import type { Lease } from '../../api/coordination/v1.gen.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.gen.ts';
import { dns1123SubdomainProblems } from '../../api/names.ts';
import type { RuntimeClass } from '../../api/node/v1.gen.ts';
import type { PriorityClass } from '../../api/scheduling/v1.gen.ts';
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
import { validateLabels } from '../registry/metadata.ts';
import { checkLabelSelector } from './label-selector.ts';
import { checkTolerations } from './pod-scheduling.ts';
import { checkOverhead } from './resources.ts';
import {
  addAll,
  checkImmutable,
  checkLabel1123,
  checkNonNegativeQuantity,
  checkOptionalEnum,
  checkQualifiedName,
  checkSubdomain,
  type Found,
  IMMUTABLE,
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

export function validateStorageClass(storageClass: StorageClass): Found {
  const found: Found = [];
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = storageClass;
  const at = Path.of('provisioner');
  if (!provisioner) found.push(fieldErrors.required(at));
  else checkQualifiedName(provisioner.toLowerCase(), at, found);
  checkParameters(parameters, Path.of('parameters'), found);
  checkOptionalEnum(reclaimPolicy, ['Delete', 'Retain'], Path.of('reclaimPolicy'), found);
  if (!volumeBindingMode) found.push(fieldErrors.required(Path.of('volumeBindingMode')));
  checkOptionalEnum(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], Path.of('volumeBindingMode'), found);
  for (const [i, { matchLabelExpressions }] of (allowedTopologies ?? []).entries()) {
    const terms = Path.of('allowedTopologies').index(i).child('matchLabelExpressions');
    for (const [j, { key, values }] of (matchLabelExpressions ?? []).entries()) {
      if (!values?.length) found.push(fieldErrors.required(terms.index(j).child('values')));
      checkQualifiedName(key, terms.index(j).child('key'), found);
    }
  }
  return found;
}

/** What volumes were made by a class must stay true of it. */
export function validateStorageClassUpdate(storageClass: StorageClass, old: StorageClass): Found {
  const found = validateStorageClass(storageClass);
  if (!deepEqual(storageClass.parameters ?? {}, old.parameters ?? {})) {
    found.push(fieldErrors.forbidden(Path.of('parameters'), 'updates to parameters are forbidden.'));
  }
  if (storageClass.provisioner !== old.provisioner) {
    found.push(fieldErrors.forbidden(Path.of('provisioner'), 'updates to provisioner are forbidden.'));
  }
  if (storageClass.reclaimPolicy !== old.reclaimPolicy) {
    found.push(fieldErrors.forbidden(Path.of('reclaimPolicy'), 'updates to reclaimPolicy are forbidden.'));
  }
  checkImmutable(storageClass.volumeBindingMode, old.volumeBindingMode, Path.of('volumeBindingMode'), found);
  return found;
}

export function validateVolumeAttributesClass({ driverName, parameters }: VolumeAttributesClass): Found {
  const found: Found = [];
  if (!driverName) found.push(fieldErrors.required(Path.of('driverName')));
  else checkQualifiedName(driverName.toLowerCase(), Path.of('driverName'), found);
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
  return found;
}

const TEN_MINUTES = 600;

export function validateCsiDriver({ metadata, spec }: CSIDriver): Found {
  const found: Found = [];
  checkDriverName(metadata.name, Path.of('metadata', 'name'), found);
  for (const field of ['attachRequired', 'podInfoOnMount', 'storageCapacity'] as const) {
    if (spec[field] === undefined) found.push(fieldErrors.required(SPEC.child(field)));
  }
  checkOptionalEnum(
    spec.fsGroupPolicy,
    ['File', 'None', 'ReadWriteOnceWithFSType'],
    SPEC.child('fsGroupPolicy'),
    found,
  );
  const audiences = new Set<string>();
  for (const [i, { audience, expirationSeconds }] of (spec.tokenRequests ?? []).entries()) {
    const at = SPEC.child('tokenRequests').index(i);
    if (audiences.has(audience)) found.push(fieldErrors.duplicate(at.child('audience'), audience));
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

export function validateCsiNode({ spec }: CSINode): Found {
  const found: Found = [];
  const names = new Set<string>();
  for (const [i, { name, nodeID, topologyKeys, allocatable }] of (spec.drivers ?? []).entries()) {
    const at = SPEC.child('drivers').index(i);
    checkDriverName(name, at.child('name'), found);
    if (names.has(name)) found.push(fieldErrors.duplicate(at.child('name'), name));
    names.add(name);
    required(nodeID, at, 'nodeID', found);
    for (const [j, key] of (topologyKeys ?? []).entries()) {
      checkQualifiedName(key, SPEC.child('drivers').index(i).child('topologyKeys').index(j), found);
    }
    if (allocatable?.count !== undefined && allocatable.count < 0) {
      const why = 'must be greater than or equal to 0';
      found.push(fieldErrors.invalid(at.child('allocatable', 'count'), allocatable.count, why));
    }
  }
  return found;
}

export function validateCsiStorageCapacity(capacity: CSIStorageCapacity): Found {
  const found: Found = [];
  checkSubdomain(capacity.storageClassName, Path.of('storageClassName'), found);
  checkLabelSelector(capacity.nodeTopology, Path.of('nodeTopology'), found);
  for (const field of ['capacity', 'maximumVolumeSize'] as const) {
    const amount = capacity[field];
    if (amount !== undefined) checkNonNegativeQuantity(amount, Path.of(field), found);
  }
  return found;
}

export function validateCsiStorageCapacityUpdate(capacity: CSIStorageCapacity, old: CSIStorageCapacity): Found {
  const found = validateCsiStorageCapacity(capacity);
  checkImmutable(capacity.nodeTopology, old.nodeTopology, Path.of('nodeTopology'), found);
  checkImmutable(capacity.storageClassName, old.storageClassName, Path.of('storageClassName'), found);
  return found;
}

export function validateVolumeAttachment({ spec }: VolumeAttachment): Found {
  const found: Found = [];
  checkDriverName(spec.attacher, SPEC.child('attacher'), found);
  if (required(spec.nodeName, SPEC, 'nodeName', found)) checkSubdomain(spec.nodeName, SPEC.child('nodeName'), found);
  const { persistentVolumeName, inlineVolumeSpec } = spec.source;
  if (!persistentVolumeName && !inlineVolumeSpec) {
    const why = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
    found.push(fieldErrors.required(SPEC.child('source'), why));
  } else if (persistentVolumeName && inlineVolumeSpec) {
    const why = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
    found.push(fieldErrors.forbidden(SPEC.child('source'), why));
  }
  return found;
}

export function validateVolumeAttachmentUpdate(attachment: VolumeAttachment, old: VolumeAttachment): Found {
  const found = validateVolumeAttachment(attachment);
  if (!deepEqual(attachment.spec, old.spec)) found.push(fieldErrors.invalid(SPEC, attachment.spec, IMMUTABLE));
  return found;
}

const HIGHEST_USER_PRIORITY = 1_000_000_000;
/** Classes that every cluster has. */
const systemClasses: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

export function validatePriorityClass({ metadata, value = 0, preemptionPolicy }: PriorityClass): Found {
  const found: Found = [];
  if (metadata.name.startsWith('system-')) {
    if (systemClasses[metadata.name] !== value) {
      const why = `priority class names with 'system-' prefix are reserved for system use only`;
      found.push(fieldErrors.forbidden(Path.of('metadata', 'name'), why));
    }
  } else if (value > HIGHEST_USER_PRIORITY) {
    const why = `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`;
    found.push(fieldErrors.forbidden(Path.of('value'), why));
  }
  checkOptionalEnum(preemptionPolicy, ['PreemptLowerPriority', 'Never'], Path.of('preemptionPolicy'), found);
  return found;
}

export function validatePriorityClassUpdate(now: PriorityClass, old: PriorityClass): Found {
  const found: Found = [];
  if ((now.value ?? 0) !== (old.value ?? 0)) {
    found.push(fieldErrors.forbidden(Path.of('value'), 'may not be changed in an update.'));
  }
  checkImmutable(now.preemptionPolicy, old.preemptionPolicy, Path.of('preemptionPolicy'), found);
  return found;
}

export function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): Found {
  const found: Found = [];
  checkLabel1123(handler, Path.of('handler'), found);
  if (overhead?.podFixed) checkOverhead(overhead.podFixed, Path.of('overhead'), found);
  if (!scheduling) return found;
  const at = Path.of('scheduling');
  if (scheduling.nodeSelector) validateLabels(scheduling.nodeSelector, at.child('nodeSelector'), found);
  checkTolerations(scheduling.tolerations, at.child('tolerations'), found);
  return found;
}

export function validateRuntimeClassUpdate(now: RuntimeClass, old: RuntimeClass): Found {
  const found: Found = [];
  checkImmutable(now.handler, old.handler, Path.of('handler'), found);
  return found;
}

export function validateLease({ spec }: Lease): Found {
  const found: Found = [];
  if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
    const at = SPEC.child('leaseDurationSeconds');
    found.push(fieldErrors.invalid(at, spec.leaseDurationSeconds, 'must be greater than 0'));
  }
  if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0) {
    const at = SPEC.child('leaseTransitions');
    found.push(fieldErrors.invalid(at, spec.leaseTransitions, 'must be greater than or equal to 0'));
  }
  return found;
}

const MAX_PRECEDENCE = 10_000;

/** https://kubernetes.io/docs/concepts/cluster-administration/flow-control/ */
export function validateFlowSchema({ metadata, spec }: FlowSchema): Found {
  const found: Found = [];
  const { matchingPrecedence: precedence } = spec;
  const at = SPEC.child('matchingPrecedence');
  if (precedence < 1) found.push(fieldErrors.invalid(at, precedence, 'must be a positive value'));
  if (precedence > MAX_PRECEDENCE) {
    found.push(fieldErrors.invalid(at, precedence, `must not be greater than ${MAX_PRECEDENCE}`));
  }
  if (precedence === 1 && metadata.name !== 'exempt') {
    found.push(fieldErrors.invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  }
  const method = spec.distinguisherMethod?.type;
  checkOptionalEnum(method, ['ByNamespace', 'ByUser'], SPEC.child('distinguisherMethod', 'type'), found);
  const level = SPEC.child('priorityLevelConfiguration', 'name');
  if (!spec.priorityLevelConfiguration?.name) {
    found.push(fieldErrors.required(level, 'must reference a priority level'));
  } else checkSubdomain(spec.priorityLevelConfiguration.name, level, found);
  for (const [i, { subjects, resourceRules, nonResourceRules }] of (spec.rules ?? []).entries()) {
    const rule = SPEC.child('rules').index(i);
    if (!subjects?.length)
      found.push(fieldErrors.required(rule.child('subjects'), 'subjects must contain at least one value'));
    if (!resourceRules?.length && !nonResourceRules?.length) {
      const why = 'at least one of resourceRules and nonResourceRules has to be non-empty';
      found.push(fieldErrors.required(rule, why));
    }
    for (const [j, { kind }] of (subjects ?? []).entries()) {
      const kinds = ['Group', 'ServiceAccount', 'User'];
      checkOptionalEnum(kind, kinds, rule.child('subjects').index(j).child('kind'), found);
    }
    for (const [j, { verbs, apiGroups, resources, clusterScope, namespaces }] of (resourceRules ?? []).entries()) {
      const one = rule.child('resourceRules').index(j);
      if (!verbs?.length) found.push(fieldErrors.required(one.child('verbs'), 'verbs must contain at least one value'));
      if (!apiGroups?.length) {
        found.push(fieldErrors.required(one.child('apiGroups'), 'resource rules must supply at least one api group'));
      }
      if (!resources?.length) {
        found.push(fieldErrors.required(one.child('resources'), 'resource rules must supply at least one resource'));
      }
      if (!namespaces?.length && !clusterScope) {
        const why = 'resource rules that are not cluster scoped must supply at least one namespace';
        found.push(fieldErrors.required(one.child('namespaces'), why));
      }
    }
  }
  return found;
}

export function validatePriorityLevel({ spec }: PriorityLevelConfiguration): Found {
  const found: Found = [];
  const { type, limited, exempt } = spec;
  switch (type) {
    case 'Exempt':
      if (limited) {
        found.push(fieldErrors.forbidden(SPEC.child('limited'), 'must be nil if the type is not Limited'));
      }
      break;
    case 'Limited':
      if (exempt) found.push(fieldErrors.forbidden(SPEC.child('exempt'), 'must be nil if the type is Limited'));
      if (!limited) {
        found.push(fieldErrors.required(SPEC.child('limited'), 'must not be empty when type is Limited'));
      } else checkLimited(limited, SPEC.child('limited'), found);
      break;
    default:
      found.push(fieldErrors.notSupported(SPEC.child('type'), type, ['Exempt', 'Limited']));
  }
  return found;
}

type Limited = NonNullable<PriorityLevelConfiguration['spec']['limited']>;

function checkLimited(
  { nominalConcurrencyShares, limitResponse, lendablePercent }: Limited,
  path: Path,
  found: Found,
): void {
  if (nominalConcurrencyShares !== undefined && nominalConcurrencyShares < 0) {
    const at = path.child('nominalConcurrencyShares');
    found.push(fieldErrors.invalid(at, nominalConcurrencyShares, 'must be a non-negative integer'));
  }
  if (lendablePercent !== undefined && (lendablePercent < 0 || lendablePercent > 100)) {
    const at = path.child('lendablePercent');
    found.push(fieldErrors.invalid(at, lendablePercent, 'must be between 0 and 100, inclusive'));
  }
  const at = path.child('limitResponse');
  const { type, queuing } = limitResponse;
  if (type === 'Reject') {
    if (queuing) {
      found.push(
        fieldErrors.forbidden(at.child('queuing'), 'must be nil if limited.limitResponse.type is not Limited'),
      );
    }
  } else if (type === 'Queue') {
    if (!queuing) {
      const why = 'must not be empty if limited.limitResponse.type is Limited';
      found.push(fieldErrors.required(at.child('queuing'), why));
      return;
    }
    for (const field of ['queueLengthLimit', 'queues', 'handSize'] as const) {
      if (queuing[field] <= 0) {
        found.push(fieldErrors.invalid(at.child('queuing', field), queuing[field], 'must be positive'));
      }
    }
    if (queuing.handSize > queuing.queues) {
      const why = `should not be greater than queues (${queuing.queues})`;
      found.push(fieldErrors.invalid(at.child('queuing', 'handSize'), queuing.handSize, why));
    }
  } else found.push(fieldErrors.notSupported(at.child('type'), type, ['Queue', 'Reject']));
}
