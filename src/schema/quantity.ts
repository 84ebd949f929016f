/**
 * resource.Quantity: decimal numbers with a suffix, "100m", "1.5Gi", "2e3".
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** The number `value * 10^scale`, and the family of suffixes that it is written with. */
export interface Quantity {
  readonly value: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
}

export class QuantityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QuantityError';
  }
}

const wrongFormat = () =>
  new QuantityError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
const wrongSuffix = () => new QuantityError("unable to parse quantity's suffix");

const pattern = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const decimalSuffixes = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const decimalByExponent = new Map([...decimalSuffixes].map(([suffix, exponent]) => [exponent, suffix]));

const MAX_INT64 = 2n ** 63n - 1n;
/** No finer than a billionth. */
const FINEST = -9;
/** Longer texts are no quantity that anybody means; they would only cost time. */
const MAX_LENGTH = 512;
const MAX_EXPONENT = 512;

/** The same few quantities come again and again: what texts were parsed to, until there are too many. */
const parsed = new Map<string, Quantity>();
const MAX_PARSED = 2_000;
const MAX_PARSED_LENGTH = 32;

/** Throws QuantityError. The result is shared and frozen. */
export function parseQuantity(text: string): Quantity {
  let quantity = parsed.get(text);
  if (!quantity) {
    quantity = Object.freeze(parse(text));
    if (parsed.size >= MAX_PARSED) parsed.clear();
    if (text.length <= MAX_PARSED_LENGTH) parsed.set(text, quantity);
  }
  return quantity;
}

function parse(text: string): Quantity {
  if (text === '' || text.length > MAX_LENGTH) throw wrongFormat();
  const match = pattern.exec(text);
  if (!match) throw wrongFormat();
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  const base = suffixOf(suffix);
  const negative = sign === '-';
  let value = BigInt(`${whole}${fraction}` || '0');
  let scale = -fraction.length;
  let format = base.format;
  if (format === 'BinarySI') value <<= BigInt(base.exponent);
  else scale += base.exponent;
  // What is finer than can be kept is rounded up: who asks for a little gets a little.
  if (scale < FINEST) {
    value = divideUp(value, 10n ** BigInt(FINEST - scale));
    scale = FINEST;
  }
  if (format === 'BinarySI') {
    if (compareScaled(value, scale, MAX_INT64, 0) > 0) {
      value = MAX_INT64;
      scale = 0;
    } else if (value > 0n && compareScaled(value, scale, 1n, 0) < 0) format = 'DecimalSI';
  }
  return { value: negative ? -value : value, scale, format };
}

function suffixOf(suffix: string): { exponent: number; format: QuantityFormat } {
  const decimal = decimalSuffixes.get(suffix);
  if (decimal !== undefined) return { exponent: decimal, format: 'DecimalSI' };
  const binary = binarySuffixes.indexOf(suffix as (typeof binarySuffixes)[number]);
  if (binary > 0) return { exponent: binary * 10, format: 'BinarySI' };
  if (/^[eE][+-]?[0-9]+$/.test(suffix)) {
    const exponent = Number(suffix.slice(1));
    if (Math.abs(exponent) <= MAX_EXPONENT) return { exponent, format: 'DecimalExponent' };
  }
  throw wrongSuffix();
}

/** Division of a value by a positive one, away from zero. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (quotient * by === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

function compareScaled(a: bigint, aScale: number, b: bigint, bScale: number): -1 | 0 | 1 {
  if (aScale === bScale) return a < b ? -1 : a > b ? 1 : 0;
  const scale = Math.min(aScale, bScale);
  const left = a * 10n ** BigInt(aScale - scale);
  const right = b * 10n ** BigInt(bScale - scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The canonical form: no precision lost, no fraction, the exponent as large as possible. */
export function formatQuantity(q: Quantity): string {
  if (q.value === 0n) return '0';
  if (q.format === 'BinarySI') {
    const whole = atScale(q, 0);
    const magnitude = q.value < 0n ? -q.value : q.value;
    if (compareScaled(magnitude, q.scale, 1024n, 0) >= 0 && whole.exact) {
      let amount = whole.value;
      let power = 0;
      while (power < binarySuffixes.length - 1 && (amount & 1023n) === 0n) {
        amount >>= 10n;
        power++;
      }
      return `${amount}${binarySuffixes[power] ?? ''}`;
    }
  }
  let amount = q.value;
  let exponent = q.scale;
  while (amount % 10n === 0n) {
    amount /= 10n;
    exponent++;
  }
  while (exponent % 3 !== 0) {
    amount *= 10n;
    exponent--;
  }
  if (q.format === 'DecimalExponent') return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
  // Beyond the largest suffix Kubernetes writes the mantissa alone; so that a number stays what it is, grow it instead.
  while (exponent > 18) {
    amount *= 1000n;
    exponent -= 3;
  }
  return `${amount}${decimalByExponent.get(exponent) ?? ''}`;
}

function atScale(q: Quantity, scale: number): { value: bigint; exact: boolean } {
  if (q.scale >= scale) return { value: q.value * 10n ** BigInt(q.scale - scale), exact: true };
  const by = 10n ** BigInt(scale - q.scale);
  const value = divideUp(q.value, by);
  return { value, exact: value * by === q.value };
}

const canonical = new Map<string, string>();
const CANONICAL_LIMIT = 4096;
/** Numbers below 1,000 with at most one suffix are canonical already; most quantities are such. */
const plain = /^(?:0|[1-9][0-9]{0,2}(?:m|k|M|G|Mi|Gi|Ki)?)$/;

/** The canonical text of a quantity's text. Throws QuantityError. */
export function canonicalQuantity(text: string): string {
  if (plain.test(text)) return text;
  let result = canonical.get(text);
  if (result === undefined) {
    const parsed = parseQuantity(text);
    result = keptAsWritten(text) ? text : formatQuantity(parsed);
    if (canonical.size >= CANONICAL_LIMIT) canonical.clear();
    if (text.length <= 64) canonical.set(text, result);
  }
  return result;
}

/**
 * Kubernetes writes a quantity back as it came when a cheap look says that it is canonical. The look is generous
 * ("2.125" and "1E3" pass), and clients see the difference, so it is the same here.
 */
function keptAsWritten(text: string): boolean {
  const [, , whole = '', fraction = '', suffix = ''] = pattern.exec(text) ?? [];
  const digits = whole.replace(/^0+/, '') || '0';
  const base = suffixOf(suffix);
  if (base.format === 'BinarySI') {
    if (fraction !== '' || digits.length + Math.trunc((base.exponent * 3) / 10) > 14) return false;
    const value = BigInt(digits);
    return value << BigInt(base.exponent) <= MAX_INT64 && (value & 7n) !== 0n;
  }
  const scale = base.exponent - fraction.length;
  if (digits.length + fraction.length > 18 || scale < FINEST || scale % 3 !== 0) return false;
  const shifted = digits + fraction;
  return !shifted.endsWith('000') && !shifted.startsWith('0');
}

const toQuantity = (q: Quantity | string): Quantity => (typeof q === 'string' ? parseQuantity(q) : q);

/** -1, 0 or 1; by value, whatever the suffix. */
export function compareQuantities(a: Quantity | string, b: Quantity | string): -1 | 0 | 1 {
  const [left, right] = [toQuantity(a), toQuantity(b)];
  return compareScaled(left.value, left.scale, right.value, right.scale);
}

/** The sum; it keeps the first one's family of suffixes, unless that is zero. */
export function addQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  return combine(toQuantity(a), toQuantity(b), 1n);
}

export function subtractQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  return combine(toQuantity(a), toQuantity(b), -1n);
}

function combine(a: Quantity, b: Quantity, sign: bigint): Quantity {
  const scale = Math.min(a.scale, b.scale);
  const value = a.value * 10n ** BigInt(a.scale - scale) + sign * b.value * 10n ** BigInt(b.scale - scale);
  return { value, scale, format: a.value === 0n ? b.format : a.format };
}

/** The value in whole units, rounded up: bytes of memory, cores of a CPU. */
export function quantityValue(q: Quantity | string): bigint {
  return atScale(toQuantity(q), 0).value;
}

/** The value in thousandths, rounded up: millicores of a CPU. */
export function quantityMilliValue(q: Quantity | string): bigint {
  return atScale(toQuantity(q), -3).value;
}

/** The value as a number, as near as a double comes. */
export function quantityNumber(q: Quantity | string): number {
  const { value, scale } = toQuantity(q);
  return Number(`${value}e${scale}`);
}

/** A quantity of so many units, written in the family of `format`. */
export function newQuantity(value: bigint | number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { value: BigInt(value), scale: 0, format };
}
