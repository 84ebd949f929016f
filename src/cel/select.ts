/** Reading a field or an element out of a value. */
import { formatType } from './types.ts';
import {
  CelDouble,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  CelUint,
  display,
  type Value,
  valueType,
} from './values.ts';

/** The value at a key; an error where there is none. Out of an optional comes an optional. */
export function qualify(value: Value, key: Value): Value {
  if (value instanceof CelMap) {
    const found = value.get(key);
    return found === undefined ? new CelError(`no such key: ${display(key)}`) : found;
  }
  if (value instanceof CelList) {
    const index = listIndex(key);
    if (index instanceof CelError) return index;
    return index >= 0 && index < value.size ? value.at(index) : new CelError(`index out of bounds: ${index}`);
  }
  if (value instanceof CelOptional) {
    if (value.value === undefined) return value;
    const found = present(value.value, key);
    if (found instanceof CelError) return found;
    return found === undefined ? CelOptional.none : new CelOptional(found);
  }
  return new CelError(typeof key === 'string' ? `no such key: ${key}` : 'no such overload');
}

/** The value at a key; undefined where there is none; an error where there cannot be any. */
export function present(value: Value, key: Value): Value | undefined {
  if (value instanceof CelMap) return value.get(key);
  if (value instanceof CelList) {
    const index = listIndex(key);
    if (index instanceof CelError) return index;
    return index >= 0 && index < value.size ? value.at(index) : undefined;
  }
  if (value instanceof CelOptional) return value.value === undefined ? undefined : present(value.value, key);
  return undefined;
}

function listIndex(key: Value): number | CelError {
  if (typeof key === 'number') return key;
  if (key instanceof CelUint) return Number(key.value);
  if (key instanceof CelDouble) {
    if (Number.isInteger(key.value)) return key.value;
    return new CelError(`unsupported index value ${key.value} in list`);
  }
  return new CelError(`unsupported index type '${formatType(valueType(key))}' in list`);
}
