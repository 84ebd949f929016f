/** Arithmetic within 64 bits, by the types the operands turn out to have. */
import { newDuration, newTimestamp } from './time.ts';
import {
  CelDouble,
  CelDuration,
  CelError,
  CelTimestamp,
  CelUint,
  intFromBigInt,
  MAX_INT,
  MAX_UINT,
  MIN_INT,
  type Value,
} from './values.ts';

const noOverload = () => new CelError('no such overload');
const isInt = (value: Value): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

function int(value: bigint): Value {
  return value < MIN_INT || value > MAX_INT ? new CelError('integer overflow') : intFromBigInt(value);
}

function uint(value: bigint): Value {
  return value < 0n || value > MAX_UINT ? new CelError('unsigned integer overflow') : new CelUint(value);
}

export function add(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    return Number.isSafeInteger(sum) ? sum : int(BigInt(a) + BigInt(b));
  }
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (isInt(a) && isInt(b)) return int(BigInt(a) + BigInt(b));
  if (a instanceof CelDouble && b instanceof CelDouble) return new CelDouble(a.value + b.value);
  if (a instanceof CelUint && b instanceof CelUint) return uint(a.value + b.value);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.concat([a, b]);
  if (a instanceof CelDuration && b instanceof CelDuration) return newDuration(a.nanoseconds + b.nanoseconds);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return newTimestamp(a.nanoseconds + b.nanoseconds, a.zone);
  if (a instanceof CelDuration && b instanceof CelTimestamp) return newTimestamp(a.nanoseconds + b.nanoseconds, b.zone);
  return noOverload();
}

export function subtract(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    return Number.isSafeInteger(difference) ? difference : int(BigInt(a) - BigInt(b));
  }
  if (isInt(a) && isInt(b)) return int(BigInt(a) - BigInt(b));
  if (a instanceof CelDouble && b instanceof CelDouble) return new CelDouble(a.value - b.value);
  if (a instanceof CelUint && b instanceof CelUint) return uint(a.value - b.value);
  if (a instanceof CelDuration && b instanceof CelDuration) return newDuration(a.nanoseconds - b.nanoseconds);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return newTimestamp(a.nanoseconds - b.nanoseconds, a.zone);
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return newDuration(a.nanoseconds - b.nanoseconds);
  return noOverload();
}

export function multiply(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    // Adding zero makes a negative zero, which ints do not have, a plain one.
    return Number.isSafeInteger(product) ? product + 0 : int(BigInt(a) * BigInt(b));
  }
  if (isInt(a) && isInt(b)) return int(BigInt(a) * BigInt(b));
  if (a instanceof CelDouble && b instanceof CelDouble) return new CelDouble(a.value * b.value);
  if (a instanceof CelUint && b instanceof CelUint) return uint(a.value * b.value);
  return noOverload();
}

export function divide(a: Value, b: Value): Value {
  if (a instanceof CelDouble && b instanceof CelDouble) return new CelDouble(a.value / b.value);
  if (isInt(a) && isInt(b)) return Number(b) === 0 ? new CelError('division by zero') : int(BigInt(a) / BigInt(b));
  if (!(a instanceof CelUint && b instanceof CelUint)) return noOverload();
  return b.value === 0n ? new CelError('division by zero') : uint(a.value / b.value);
}

export function modulo(a: Value, b: Value): Value {
  if (isInt(a) && isInt(b)) {
    if (Number(b) === 0) return new CelError('modulus by zero');
    return BigInt(a) === MIN_INT && BigInt(b) === -1n ? new CelError('integer overflow') : int(BigInt(a) % BigInt(b));
  }
  if (!(a instanceof CelUint && b instanceof CelUint)) return noOverload();
  return b.value === 0n ? new CelError('modulus by zero') : uint(a.value % b.value);
}

export function negate(a: Value): Value {
  if (isInt(a)) return int(-BigInt(a));
  if (a instanceof CelDouble) return new CelDouble(-a.value);
  return a instanceof CelDuration ? newDuration(-a.nanoseconds) : noOverload();
}
