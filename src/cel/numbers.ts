/** Quantities and semantic versions. https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library */
import {
  addQuantities,
  compareQuantities,
  newQuantity,
  parseQuantity,
  type Quantity,
  QuantityError,
  quantityNumber,
  quantityValue,
  subtractQuantities,
} from '../schema/quantity.ts';
import { declare } from './declare.ts';
import type { FunctionDeclaration } from './environment.ts';
import { type CelType, structType } from './types.ts';
import { CelDouble, CelError, CelObject, intFromBigInt, MAX_INT, MAX_UINT, MIN_INT, type Value } from './values.ts';

export const QUANTITY_TYPE = structType('kubernetes.Quantity');
export const SEMVER_TYPE = structType('kubernetes.Semver');

export class CelQuantity extends CelObject {
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }
  override get type(): CelType {
    return QUANTITY_TYPE;
  }
  override equals(other: CelObject): boolean {
    return other instanceof CelQuantity && compareQuantities(this.quantity, other.quantity) === 0;
  }
}

function toQuantity(text: string): CelQuantity | CelError {
  try {
    return new CelQuantity(parseQuantity(text));
  } catch (error) {
    if (error instanceof QuantityError) return new CelError(error.message);
    throw error;
  }
}

/** The whole number a quantity is; undefined of fractions and of what an int cannot hold. */
function integer({ quantity }: CelQuantity): bigint | undefined {
  const value = quantityValue(quantity);
  const whole = compareQuantities(quantity, newQuantity(value)) === 0;
  return whole && value >= MIN_INT && value <= MAX_INT ? value : undefined;
}

const order = ({ quantity: a }: CelQuantity, { quantity: b }: CelQuantity) => compareQuantities(a, b);
const ofInt = (value: number | bigint) => newQuantity(value, 'DecimalExponent');

const quantityFunctions: readonly FunctionDeclaration[] = [
  declare('quantity', { 'string_to_quantity (string) kubernetes.Quantity': toQuantity }),
  declare('isQuantity', {
    'is_quantity_string (string) bool': (text: string) => !(toQuantity(text) instanceof CelError),
  }),
  declare('sign', {
    'quantity_sign (kubernetes.Quantity) int': ({ quantity: { value } }: CelQuantity) =>
      value > 0n ? 1 : value < 0n ? -1 : 0,
  }),
  declare('isInteger', {
    'quantity_is_integer kubernetes.Quantity.() bool': (q: CelQuantity) => integer(q) !== undefined,
  }),
  declare('asInteger', {
    'quantity_get_int kubernetes.Quantity.() int': (q: CelQuantity) => {
      const value = integer(q);
      return value === undefined ? new CelError('cannot convert value to integer') : intFromBigInt(value);
    },
  }),
  declare('asApproximateFloat', {
    'quantity_get_float kubernetes.Quantity.() double': (q: CelQuantity) => new CelDouble(quantityNumber(q.quantity)),
  }),
  declare('add', {
    'quantity_add kubernetes.Quantity.(kubernetes.Quantity) kubernetes.Quantity': (a: CelQuantity, b: CelQuantity) =>
      new CelQuantity(addQuantities(a.quantity, b.quantity)),
    'quantity_add_int kubernetes.Quantity.(int) kubernetes.Quantity': (a: CelQuantity, b: number | bigint) =>
      new CelQuantity(addQuantities(a.quantity, ofInt(b))),
  }),
  declare('sub', {
    'quantity_sub kubernetes.Quantity.(kubernetes.Quantity) kubernetes.Quantity': (a: CelQuantity, b: CelQuantity) =>
      new CelQuantity(subtractQuantities(a.quantity, b.quantity)),
    'quantity_sub_int kubernetes.Quantity.(int) kubernetes.Quantity': (a: CelQuantity, b: number | bigint) =>
      new CelQuantity(subtractQuantities(a.quantity, ofInt(b))),
  }),
];

export class Semver extends CelObject {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];
  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly string[]) {
    super();
    this.numbers = numbers;
    this.prerelease = prerelease;
  }
  override get type(): CelType {
    return SEMVER_TYPE;
  }
  override equals(other: CelObject): boolean {
    return other instanceof Semver && compareVersions(this, other) === 0;
  }
}

function compareVersions(a: Semver, b: Semver): number {
  for (const [i, left] of a.numbers.entries()) {
    const right = b.numbers[i] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  // A version comes after its prereleases.
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return Number(b.prerelease.length > 0) - Number(a.prerelease.length > 0);
  }
  for (const [i, left] of a.prerelease.entries()) {
    const right = b.prerelease[i];
    if (right === undefined) return 1;
    if (left === right) continue;
    const [leftNumber, rightNumber] = [numeric(left), numeric(right)];
    if (leftNumber && rightNumber) return BigInt(left) < BigInt(right) ? -1 : 1;
    if (leftNumber !== rightNumber) return leftNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return a.prerelease.length < b.prerelease.length ? -1 : 0;
}

const numeric = (text: string) => /^[0-9]+$/.test(text);

/** The words of the Go library that Kubernetes parses versions with. */
export function parseSemver(text: string): Semver | CelError {
  if (text === '') return new CelError('Version string empty');
  const [major, minor, ...more] = text.split('.');
  const rest = more.join('.');
  if (major === undefined || minor === undefined || more.length === 0) {
    return new CelError('No Major.Minor.Patch elements found');
  }
  const numbers: bigint[] = [];
  const plus = rest.indexOf('+');
  const build = plus < 0 ? undefined : rest.slice(plus + 1).split('.');
  const beforeBuild = plus < 0 ? rest : rest.slice(0, plus);
  const dash = beforeBuild.indexOf('-');
  const prerelease = dash < 0 ? [] : beforeBuild.slice(dash + 1).split('.');
  const patch = dash < 0 ? beforeBuild : beforeBuild.slice(0, dash);
  for (const [name, part] of [
    ['Major', major],
    ['Minor', minor],
    ['Patch', patch],
  ] as const) {
    if (!/^[0-9]+$/.test(part)) {
      if (part === '') return new CelError('strconv.ParseUint: parsing "": invalid syntax');
      return new CelError(`Invalid character(s) found in ${name.toLowerCase()} number "${part}"`);
    }
    if (part.length > 1 && part.startsWith('0'))
      return new CelError(`${name} number must not contain leading zeroes "${part}"`);
    const value = BigInt(part);
    if (value > MAX_UINT) return new CelError(`strconv.ParseUint: parsing "${part}": value out of range`);
    numbers.push(value);
  }
  for (const part of prerelease) {
    if (part === '') return new CelError('Prerelease is empty');
    if (!/^[0-9A-Za-z-]+$/.test(part)) return new CelError(`Invalid character(s) found in prerelease "${part}"`);
    if (numeric(part) && part.length > 1 && part.startsWith('0')) {
      return new CelError(`Numeric PreRelease version must not contain leading zeroes "${part}"`);
    }
  }
  for (const part of build ?? []) {
    if (part === '') return new CelError('Build meta data is empty');
    if (!/^[0-9A-Za-z-]+$/.test(part)) return new CelError(`Invalid character(s) found in build meta data "${part}"`);
  }
  const [x = 0n, y = 0n, z = 0n] = numbers;
  return new Semver([x, y, z], prerelease);
}

/** With a "v" before it, zeroes at the front, or minor and patch missing. */
function normalized(text: string): string | CelError {
  const parts = splitFirst(text.replace(/^v/, ''));
  const trimmed = parts.map((part) => {
    if (part.length < 2) return part;
    const rest = part.replace(/^0+/, '');
    return /^[0-9]/.test(rest) ? rest : `0${rest}`;
  });
  if (trimmed.length < 3) {
    if (/[+-]/.test(trimmed.at(-1) ?? ''))
      return new CelError('short version cannot contain PreRelease/Build meta data');
    while (trimmed.length < 3) trimmed.push('0');
  }
  return trimmed.join('.');
}

function splitFirst(text: string): string[] {
  const [major = '', minor, ...rest] = text.split('.');
  return [major, ...(minor === undefined ? [] : [minor]), ...(rest.length > 0 ? [rest.join('.')] : [])];
}

function toSemver(text: string, normalize = false): Semver | CelError {
  const clean = normalize ? normalized(text) : text;
  return clean instanceof CelError ? clean : parseSemver(clean);
}

const isSemver = (text: string, normalize?: boolean): Value => !(toSemver(text, normalize) instanceof CelError);
const number = (index: 0 | 1 | 2) => (version: Semver) => intFromBigInt(BigInt.asIntN(64, version.numbers[index]));

const semverFunctions: readonly FunctionDeclaration[] = [
  declare('semver', {
    'string_to_semver (string) kubernetes.Semver': toSemver,
    'string_bool_to_semver (string, bool) kubernetes.Semver': toSemver,
  }),
  declare('isSemver', {
    'is_semver_string (string) bool': isSemver,
    'is_semver_string_bool (string, bool) bool': isSemver,
  }),
  declare('major', { 'semver_major kubernetes.Semver.() int': number(0) }),
  declare('minor', { 'semver_minor kubernetes.Semver.() int': number(1) }),
  declare('patch', { 'semver_patch kubernetes.Semver.() int': number(2) }),
];

const ordering: readonly FunctionDeclaration[] = (
  [
    ['isGreaterThan', 'is_greater_than', 'bool', (o: number) => o > 0],
    ['isLessThan', 'is_less_than', 'bool', (o: number) => o < 0],
    ['compareTo', 'compare_to', 'int', (o: number) => o],
  ] as const
).map(([name, id, result, of]) =>
  declare(name, {
    [`quantity_${id} kubernetes.Quantity.(kubernetes.Quantity) ${result}`]: (a: CelQuantity, b: CelQuantity) =>
      of(order(a, b)),
    [`semver_${id} kubernetes.Semver.(kubernetes.Semver) ${result}`]: (a: Semver, b: Semver) =>
      of(compareVersions(a, b)),
  }),
);

export const numberFunctions: readonly FunctionDeclaration[] = [...quantityFunctions, ...semverFunctions, ...ordering];
