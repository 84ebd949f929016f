/** ResourceSlices: the devices a driver offers. https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/ */
import type { NodeSelectorRequirement } from '../../api/core/v1.gen.ts';
import { dns1123SubdomainProblems } from '../../api/names.ts';
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  Counter,
  Device,
  DeviceAttribute,
  DeviceCapacity,
  DeviceTaint,
  ResourceSlice,
  ResourceSliceSpec,
} from '../../api/resource/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  quantityValue,
} from '../../schema/quantity.ts';
import {
  checkBindingConditions,
  checkDeviceName,
  checkDriver,
  checkLabel,
  checkLabelValue,
  checkList,
  checkMap,
  checkPool,
  checkSet,
} from './devices.ts';
import { checkNodeSelector } from './pod-scheduling.ts';
import { addAll, checkImmutable, checkOptionalEnum, checkQualifiedName, type Found } from './values.ts';

const SPEC = Path.of('spec');
const MAX_DEVICES = 128;
const MAX_ADVANCED_DEVICES = 64;
const MAX_COUNTER_SETS = 8;
const MAX_COUNTERS = 32;
const MAX_CONSUMPTIONS = 2;
const MAX_ATTRIBUTES_AND_CAPACITIES = 32;
const MAX_ATTRIBUTE_VALUES = 48;
const MAX_VALUE = 64;
const MAX_TAINTS = 16;
const MAX_OPTIONS = 10;
const LONGEST_LABEL = 63;
const LONGEST_NAME = 96;

const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

function checkText(value: string, path: Path, found: Found): void {
  if (Buffer.byteLength(value) > MAX_VALUE) found.push(fieldErrors.tooLong(path, MAX_VALUE));
}

function checkVersion(value: string, path: Path, found: Found): void {
  if (!semver.test(value)) {
    found.push(fieldErrors.invalid(path, value, 'must be a string compatible with semver.org spec 2.0.0'));
  }
  checkText(value, path, found);
}

function checkAttribute(attribute: DeviceAttribute, path: Path, found: Found): void {
  const { int, bool, string, version } = attribute;
  const set = [int, bool, string, version].filter((value) => value !== undefined).length;
  if (string !== undefined) checkText(string, path.child('string'), found);
  if (version !== undefined) checkVersion(version, path.child('version'), found);
  const why = 'exactly one value must be specified';
  if (set === 0) found.push(fieldErrors.invalid(path, '', why));
  if (set <= 1) return;
  const shown = {
    IntValue: int ?? null,
    BoolValue: bool ?? null,
    StringValue: string ?? null,
    VersionValue: version ?? null,
    IntValues: null,
    BoolValues: null,
    StringValues: null,
    VersionValues: null,
  };
  found.push(fieldErrors.invalid(path, shown, why));
}

function checkOptions(
  policy: CapacityRequestPolicy,
  most: string,
  options: readonly string[],
  path: Path,
  found: Found,
) {
  const at = path.child('validValues');
  const { default: chosen } = policy;
  if (!chosen) {
    found.push(fieldErrors.required(path.child('default'), 'required when validValues is defined'));
    return;
  }
  for (const [i, option] of options.slice(1).entries()) {
    if (compareQuantities(options[i] ?? option, option) <= 0) continue;
    found.push(
      fieldErrors.invalid(at.index(i + 1), canonicalQuantity(option), 'values must be sorted in ascending order'),
    );
  }
  let known = false;
  const check = (option: string, where: Path) => {
    if (compareQuantities(option, most) > 0) {
      const why = `option is larger than capacity value: ${canonicalQuantity(most)}`;
      found.push(fieldErrors.invalid(where, canonicalQuantity(option), why));
    }
    if (compareQuantities(option, chosen) === 0) known = true;
  };
  checkSet(options, MAX_OPTIONS, check, (option) => String(quantityValue(option)), at, found);
  if (known) return;
  const why = 'default value is not valid according to the requestPolicy';
  found.push(fieldErrors.invalid(at, canonicalQuantity(chosen), why));
}

function checkRange(chosen: string, most: string, range: CapacityRequestPolicyRange, path: Path, found: Found): void {
  const { min, max, step } = range;
  const show = canonicalQuantity;
  const bad = (field: string, value: string, why: string) =>
    found.push(fieldErrors.invalid(path.child(field), show(value), why));
  if (!min) {
    found.push(fieldErrors.required(path.child('min'), 'required when validRange is defined'));
    return;
  }
  if (compareQuantities(min, most) > 0) bad('min', min, `min is larger than capacity value: ${show(most)}`);
  if (compareQuantities(chosen, min) < 0) bad('min', chosen, `default is less than min: ${show(min)}`);
  if (max) {
    if (compareQuantities(min, max) > 0) bad('max', min, `min is larger than max: ${show(max)}`);
    if (compareQuantities(max, most) > 0) bad('max', max, `max is larger than capacity value: ${show(most)}`);
    if (compareQuantities(chosen, max) > 0) bad('max', chosen, `default is more than max: ${show(max)}`);
  }
  if (!step) return;
  const first = addQuantities(min, step);
  if (compareQuantities(first, most) > 0) {
    bad('step', step, `one step ${formatQuantity(first)} is larger than capacity value: ${show(most)}`);
  }
  for (const value of max ? [chosen, max] : [chosen]) {
    const width = quantityValue(step);
    if (width !== 0n && (quantityValue(value) - quantityValue(min)) % width === 0n) continue;
    bad('step', value, `value is not a multiple of a given step (${show(step)}) from (${show(min)})`);
  }
}

const checkCapacity =
  (shared: boolean) =>
  ({ value, requestPolicy: policy }: DeviceCapacity, path: Path, found: Found): void => {
    if (!policy) return;
    const at = path.child('requestPolicy');
    if (!shared) found.push(fieldErrors.forbidden(at, 'allowMultipleAllocations must be true'));
    else if (policy.validValues?.length && policy.validRange) {
      const why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
      found.push(fieldErrors.forbidden(at, why));
    } else if (policy.validValues?.length) checkOptions(policy, value ?? '0', policy.validValues, at, found);
    else if (policy.validRange) {
      if (policy.default) {
        checkRange(policy.default, value ?? '0', policy.validRange, at.child('validRange'), found);
      } else found.push(fieldErrors.required(at.child('default'), 'required when validRange is defined'));
    }
  };

function checkTaint({ key, value, effect }: DeviceTaint, path: Path, found: Found): void {
  checkQualifiedName(key ?? '', path.child('key'), found);
  if (value) checkLabelValue(value, path.child('value'), found);
  if (!effect) found.push(fieldErrors.required(path.child('effect')));
  else checkOptionalEnum(effect, ['NoExecute', 'NoSchedule', 'None'], path.child('effect'), found);
}

function checkCounters(
  name: string,
  field: string,
  counters: Readonly<Record<string, Counter>> | undefined,
  path: Path,
  found: Found,
): void {
  if (!name) found.push(fieldErrors.required(path.child(field)));
  else checkLabel(name, path.child(field), found);
  const at = path.child('counters');
  if (Object.keys(counters ?? {}).length === 0) found.push(fieldErrors.required(at));
  else checkMap(counters, { max: MAX_COUNTERS, shownKey: LONGEST_LABEL }, checkLabel, () => {}, at, found);
}

/** Where the devices are: which of the fields say it. */
function checkPlace(at: ResourceSliceSpec | Device, path: Path, emptyName: string, found: Found): string[] {
  const set: string[] = [];
  if (at.nodeName !== undefined) {
    const name = path.child('nodeName');
    if (at.nodeName === '') found.push(fieldErrors.invalid(name, '', emptyName));
    else {
      set.push('`nodeName`');
      addAll(found, name, at.nodeName, dns1123SubdomainProblems(at.nodeName));
    }
  }
  if (at.nodeSelector) {
    set.push('`nodeSelector`');
    checkNodeSelector(at.nodeSelector, path.child('nodeSelector'), found);
  }
  return set;
}

function checkFlag(value: boolean | undefined, field: string, path: Path, set: string[], found: Found): void {
  if (value) set.push(`\`${field}\``);
  else if (value === false) {
    found.push(fieldErrors.invalid(path.child(field), false, 'must be either unset or set to true'));
  }
}

function checkDevicePlace(device: Device, perDevice: boolean, path: Path, found: Found): void {
  if (!perDevice) {
    if (device.nodeName === undefined && !device.nodeSelector && device.allNodes === undefined) return;
    const why =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    found.push(fieldErrors.invalid(path, null, why));
    return;
  }
  const set = checkPlace(device, path, 'must not be empty', found);
  checkFlag(device.allNodes, 'allNodes', path, set, found);
  const why =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (set.length === 0) found.push(fieldErrors.required(path, why));
  else if (set.length > 1) found.push(fieldErrors.invalid(path, `{${set.join(', ')}}`, why));
}

function checkDevice(device: Device, old: Device | undefined, perDevice: boolean, path: Path, found: Found): void {
  const { attributes, capacity } = device;
  checkLabel(device.name ?? '', path.child('name'), found);
  const values = Object.keys(attributes ?? {}).length;
  const total = values + Object.keys(capacity ?? {}).length;
  if (total > MAX_ATTRIBUTES_AND_CAPACITIES) {
    const why = `the total number of attributes and capacities must not exceed ${MAX_ATTRIBUTES_AND_CAPACITIES}`;
    found.push(fieldErrors.invalid(path, total, why));
  }
  if (values > MAX_ATTRIBUTE_VALUES) {
    const why = `the total number of attribute values must not exceed ${MAX_ATTRIBUTE_VALUES}`;
    found.push(fieldErrors.invalid(path, values, why));
  }
  const limits = { shownKey: LONGEST_NAME };
  checkMap(attributes, limits, checkDeviceName, checkAttribute, path.child('attributes'), found);
  const shared = device.allowMultipleAllocations === true;
  checkMap(capacity, limits, checkDeviceName, checkCapacity(shared), path.child('capacity'), found);
  if (!old || !deepEqual(old.taints, device.taints)) {
    checkList(device.taints, MAX_TAINTS, checkTaint, path.child('taints'), found);
  }
  checkSet(
    device.consumesCounters,
    MAX_CONSUMPTIONS,
    ({ counterSet, counters }, at) => checkCounters(counterSet, 'counterSet', counters, at, found),
    ({ counterSet }) => counterSet ?? '',
    path.child('consumesCounters'),
    found,
  );
  checkDevicePlace(device, perDevice, path, found);
  checkBindingConditions(device.bindingConditions, device.bindingFailureConditions, path, found);
}

/** As messages show a requirement. */
const inGo = ({ key, operator, values }: NodeSelectorRequirement) => ({
  Key: key,
  Operator: operator,
  Values: values ?? null,
});

/** Slices whose devices can do more may have fewer of them. */
const advanced = ({ devices }: ResourceSliceSpec): boolean =>
  devices?.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length) === true;

export function validateResourceSlice({ spec }: ResourceSlice, old?: ResourceSlice): Found {
  const found: Found = [];
  const { pool } = spec;
  checkDriver(spec.driver ?? '', SPEC.child('driver'), found);
  const at = SPEC.child('pool');
  checkPool(pool?.name ?? '', at.child('name'), found);
  const count = pool?.resourceSliceCount ?? 0;
  if (count <= 0) found.push(fieldErrors.invalid(at.child('resourceSliceCount'), count, 'must be greater than zero'));
  const generation = pool?.generation ?? 0;
  if (generation < 0) {
    found.push(fieldErrors.invalid(at.child('generation'), generation, 'must be greater than or equal to zero'));
  }
  if (old) {
    checkImmutable(pool?.name, old.spec.pool?.name, at.child('name'), found);
    checkImmutable(spec.driver, old.spec.driver, SPEC.child('driver'), found);
    checkImmutable(spec.nodeName, old.spec.nodeName, SPEC.child('nodeName'), found);
  }
  const set = checkPlace(spec, SPEC, 'must be either unset or set to a non-empty string', found);
  const terms = spec.nodeSelector?.nodeSelectorTerms;
  if (spec.nodeSelector && terms?.length !== 1) {
    const path = SPEC.child('nodeSelector', 'nodeSelectorTerms');
    const shown = terms?.map(({ matchExpressions, matchFields }) => ({
      MatchExpressions: matchExpressions?.map(inGo) ?? null,
      MatchFields: matchFields?.map(inGo) ?? null,
    }));
    found.push(fieldErrors.invalid(path, shown ?? null, 'must have exactly one node selector term'));
  }
  checkFlag(spec.allNodes, 'allNodes', SPEC, set, found);
  checkFlag(spec.perDeviceNodeSelection, 'perDeviceNodeSelection', SPEC, set, found);
  const why = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (set.length === 0) found.push(fieldErrors.required(SPEC, why));
  else if (set.length > 1) {
    found.push(fieldErrors.invalid(SPEC, `{${set.join(', ')}}`, `${why}, but multiple fields are set`));
  }
  if (spec.sharedCounters && spec.devices) {
    found.push(fieldErrors.invalid(SPEC, '', 'only one of `sharedCounters` or `devices` is allowed'));
  }
  const check = (device: Device, path: Path) => {
    const before = old?.spec.devices?.find(({ name }) => name === device.name);
    checkDevice(device, before, spec.perDeviceNodeSelection === true, path, found);
  };
  const max = advanced(spec) ? MAX_ADVANCED_DEVICES : MAX_DEVICES;
  checkSet(spec.devices, max, check, ({ name }) => name ?? '', SPEC.child('devices'), found);
  checkSet(
    spec.sharedCounters,
    MAX_COUNTER_SETS,
    ({ name, counters }, path) => checkCounters(name, 'name', counters, path, found),
    ({ name }) => name ?? '',
    SPEC.child('sharedCounters'),
    found,
  );
  return found;
}
