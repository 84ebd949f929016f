/** Rules that claims, classes and slices of devices share. https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/ */
import { dns1123LabelProblems, dns1123SubdomainProblems, labelValueProblems } from '../../api/names.ts';
import type { DeviceConfiguration, DeviceSelector } from '../../api/resource/v1.gen.ts';
import { compileDeviceSelector } from '../../cel/devices.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { addAll, checkQualifiedName, type Found } from './values.ts';

export const MAX_SELECTORS = 32;
export const MAX_CONFIG = 32;
const MAX_DRIVER = 63;
const MAX_POOL = 253;
const MAX_IDENTIFIER = 32;
const MAX_EXPRESSION = 10 * 1024;
const MAX_PARAMETERS = 10 * 1024;
const MAX_BINDING_CONDITIONS = 4;

type Check<T> = (item: T, path: Path, found: Found) => void;

/** Each item, unless there are too many. */
export function checkList<T>(
  items: readonly T[] | undefined,
  max: number | undefined,
  check: Check<T>,
  path: Path,
  found: Found,
): boolean {
  const count = items?.length ?? 0;
  if (max !== undefined && count > max) {
    found.push(fieldErrors.tooMany(path, count, max));
    return false;
  }
  for (const [i, item] of (items ?? []).entries()) check(item, path.index(i), found);
  return true;
}

/** Each item, and none twice: `key` is what tells them apart, and what a complaint shows. */
export function checkSet<T>(
  items: readonly T[] | undefined,
  max: number | undefined,
  check: Check<T>,
  key: (item: T) => unknown,
  path: Path,
  found: Found,
): void {
  if (!checkList(items, max, check, path, found)) return;
  const seen = new Set<string>();
  for (const [i, item] of (items ?? []).entries()) {
    const own = key(item);
    const text = JSON.stringify(own);
    if (seen.has(text)) found.push(fieldErrors.duplicate(path.index(i), own));
    seen.add(text);
  }
}

/** Keys longer than this are shown without their middle. */
export function checkMap<T>(
  map: Readonly<Record<string, T>> | undefined,
  limits: { readonly max?: number; readonly shownKey: number },
  checkKey: Check<string>,
  checkItem: Check<T>,
  path: Path,
  found: Found,
): void {
  const entries = Object.entries(map ?? {});
  if (limits.max !== undefined && entries.length > limits.max) {
    found.push(fieldErrors.tooMany(path, entries.length, limits.max));
    return;
  }
  for (const [key, item] of entries) {
    checkKey(key, path, found);
    checkItem(item, path.key(shortened(key, limits.shownKey)), found);
  }
}

function shortened(key: string, max: number): string {
  if (key.length <= max) return key;
  const rest = max - 3;
  return `${key.slice(0, (rest + 1) >> 1)}...${key.slice(key.length - (rest >> 1))}`;
}

export const checkLabel: Check<string> = (name, path, found) => addAll(found, path, name, dns1123LabelProblems(name));
export const checkLabelValue: Check<string> = (value, path, found) =>
  addAll(found, path, value, labelValueProblems(value));

export const checkDriver: Check<string> = (name, path, found) => {
  if (name === '') {
    found.push(fieldErrors.required(path));
    return;
  }
  if (name.length > MAX_DRIVER) found.push(fieldErrors.tooLong(path, MAX_DRIVER));
  addAll(found, path, name, dns1123SubdomainProblems(name.toLowerCase()));
};

export const checkPool: Check<string> = (name, path, found) => {
  if (name === '') {
    found.push(fieldErrors.required(path));
    return;
  }
  if (name.length > MAX_POOL) found.push(fieldErrors.tooLong(path, MAX_POOL));
  for (const part of name.split('/')) addAll(found, path, part, dns1123SubdomainProblems(part));
};

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

const checkIdentifier: Check<string> = (id, path, found) => {
  if (id.length > MAX_IDENTIFIER) found.push(fieldErrors.tooLong(path, MAX_IDENTIFIER));
  if (identifier.test(id)) return;
  const why =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";
  found.push(fieldErrors.invalid(path, id, why));
};

/** Of an attribute or a capacity: an identifier, with the domain it belongs to or without. */
export const checkDeviceName: Check<string> = (name, path, found) => {
  const parts = name.split('/');
  const [first = '', second = ''] = parts;
  if (parts.length === 1) checkIdentifier(first, path, found);
  if (parts.length !== 2) return;
  if (first === '') found.push(fieldErrors.invalid(path, '', 'the domain must not be empty'));
  else checkDriver(first, path, found);
  if (second === '') found.push(fieldErrors.invalid(path, '', 'the name must not be empty'));
  else checkIdentifier(second, path, found);
};

export const checkFullName: Check<string> = (name, path, found) => {
  checkDeviceName(name, path, found);
  if (name.includes('/')) return;
  const why = 'a fully qualified name must be a domain and a name separated by a slash';
  found.push(fieldErrors.invalid(path, name, why));
};

export function checkSelectors(selectors: readonly DeviceSelector[] | undefined, path: Path, found: Found): void {
  checkList(selectors, MAX_SELECTORS, checkSelector, path, found);
}

const checkSelector: Check<DeviceSelector> = ({ cel }, path, found) => {
  const at = path.child('cel');
  if (!cel) {
    found.push(fieldErrors.required(at));
    return;
  }
  const expression = cel.expression ?? '';
  const where = at.child('expression');
  if (Buffer.byteLength(expression) > MAX_EXPRESSION) {
    found.push(fieldErrors.tooLong(where, MAX_EXPRESSION));
    return;
  }
  const compiled = compileDeviceSelector(expression);
  if ('problem' in compiled) found.push(fieldErrors.invalid(where, expression, compiled.problem));
  else if ('tooComplex' in compiled) found.push(fieldErrors.forbidden(where, 'too complex, exceeds cost limit'));
};

export const checkConfiguration: Check<DeviceConfiguration> = ({ opaque }, path, found) => {
  const at = path.child('opaque');
  if (!opaque) {
    found.push(fieldErrors.required(at));
    return;
  }
  checkDriver(opaque.driver ?? '', at.child('driver'), found);
  checkRaw(opaque.parameters, MAX_PARAMETERS, at.child('parameters'), found);
};

/** An object of somebody else's making. */
export function checkRaw(value: unknown, max: number, path: Path, found: Found): void {
  if (value === undefined || value === null) {
    found.push(fieldErrors.required(path));
    return;
  }
  if (Buffer.byteLength(JSON.stringify(value)) > max) found.push(fieldErrors.tooLong(path, max));
  else if (typeof value !== 'object' || Array.isArray(value)) {
    found.push(fieldErrors.invalid(path, '<value omitted>', 'must be a valid JSON object'));
  }
}

/** What must hold, and what must not, before a pod is bound to a node with the device. */
export function checkBindingConditions(
  conditions: readonly string[] | undefined,
  failures: readonly string[] | undefined,
  path: Path,
  found: Found,
): void {
  const [holds, fails] = [path.child('bindingConditions'), path.child('bindingFailureConditions')];
  checkList(conditions, MAX_BINDING_CONDITIONS, checkQualifiedName, holds, found);
  checkList(failures, MAX_BINDING_CONDITIONS, checkQualifiedName, fails, found);
  for (const [list, at] of [
    [conditions ?? [], holds],
    [failures ?? [], fails],
  ] as const) {
    for (const [i, condition] of list.entries()) {
      if (list.indexOf(condition) < i) found.push(fieldErrors.duplicate(at.index(i), condition));
      if (list !== conditions && conditions?.includes(condition)) {
        const why = 'bindingFailureConditions must not overlap with bindingConditions';
        found.push(fieldErrors.invalid(at.index(i), condition, why));
      }
    }
  }
  if (!conditions?.length && failures?.length) {
    const why = 'bindingConditions are required to use bindingFailureConditions';
    found.push(fieldErrors.invalid(holds, conditions ?? null, why));
  }
  if (!failures?.length && conditions?.length) {
    const why = 'bindingFailureConditions are required to use bindingConditions';
    found.push(fieldErrors.invalid(fails, failures ?? null, why));
  }
}
