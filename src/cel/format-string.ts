/** "%s has %d".format([name, count]): at run time, and the check of what is known before. */
import { quote } from '../schema/quote.ts';
import type { CallExpr, Expr } from './ast.ts';
import { toText } from './conversions.ts';
import { type CelType, runtimeTypeName } from './types.ts';
import {
  CelDouble,
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelTimestamp,
  CelTypeValue,
  CelUint,
  compareStrings,
  type Value,
  valueType,
} from './values.ts';

const DEFAULT_PRECISION = 6;

type Clause = 's' | 'd' | 'f' | 'e' | 'b' | 'x' | 'X' | 'o';

/** What each clause takes, by kinds of types, and what it says of anything else. */
const accepted: Readonly<Record<Clause, { kinds: string; wrong: string }>> = {
  s: {
    kinds: 'list map int uint double bool string timestamp bytes duration type null',
    wrong:
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  },
  d: { kinds: 'int uint', wrong: 'decimal clause can only be used on integers' },
  f: { kinds: 'double string', wrong: 'fixed-point clause can only be used on doubles' },
  e: { kinds: 'double string', wrong: 'scientific clause can only be used on doubles' },
  b: { kinds: 'int uint bool', wrong: 'only integers and bools can be formatted as binary' },
  x: { kinds: 'int uint string bytes', wrong: 'only integers, byte buffers, and strings can be formatted as hex' },
  X: { kinds: 'int uint string bytes', wrong: 'only integers, byte buffers, and strings can be formatted as hex' },
  o: { kinds: 'int uint', wrong: 'octal clause can only be used on integers' },
};

const accepts = (clause: Clause, type: CelType) => accepted[clause].kinds.split(' ').includes(type.kind);
const refused = (clause: Clause, type: CelType) => `${accepted[clause].wrong}, was given ${runtimeTypeName(type)}`;

/** A wrong format, with the node it is about where that is not the call. */
class FormatError extends Error {
  readonly id: number | undefined;
  constructor(message: string, id?: number) {
    super(message);
    this.id = id;
  }
}

/** Walks a format's clauses; `write` gives each one's text. */
function interpolate(
  format: string,
  count: number,
  write: (clause: Clause, index: number, precision: number) => string,
): string {
  let out = '';
  let index = 0;
  for (let i = 0; i < format.length; i++) {
    if (format[i] !== '%') {
      out += format[i];
      continue;
    }
    if (format[i + 1] === '%') {
      out += '%';
      i++;
      continue;
    }
    if (index >= count) throw new FormatError(`index ${index} out of range`);
    if (i + 1 >= format.length) throw new FormatError('unexpected end of string');
    let precision = DEFAULT_PRECISION;
    if (format[i + 1] === '.') {
      const digits = /^[0-9]*/.exec(format.slice(i + 2))?.[0] ?? '';
      if (i + 2 + digits.length >= format.length) {
        throw unparsed('error while parsing precision: could not find end of precision specifier');
      }
      if (digits === '') {
        const why = 'strconv.Atoi: parsing "": invalid syntax';
        throw unparsed(`error while parsing precision: error while converting precision to integer: ${why}`);
      }
      precision = Number(digits);
      i += 1 + digits.length;
    }
    const clause = format[++i] ?? '';
    if (!isClause(clause)) throw unparsed(`unrecognized formatting clause "${clause}"`);
    out += write(clause, index++, precision);
  }
  return out;
}

const isClause = (text: string): text is Clause => Object.hasOwn(accepted, text);
const unparsed = (why: string) => new FormatError(`could not parse formatting clause: ${why}`);
const during = (why: string, id?: number) => new FormatError(`error during formatting: ${why}`, id);

export function formatText(format: string, args: CelList): Value {
  try {
    return interpolate(format, args.size, (clause, index, precision) => write(clause, args.at(index), precision));
  } catch (error) {
    if (error instanceof FormatError) return new CelError(error.message);
    throw error;
  }
}

function write(clause: Clause, value: Value, precision: number): string {
  const type = valueType(value);
  const special = typeof value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value);
  const wrongText = (clause === 'f' || clause === 'e') && typeof value === 'string' && !special;
  if (!accepts(clause, type) || wrongText) throw during(refused(clause, type));
  switch (clause) {
    case 's':
      return plain(value);
    case 'd':
      return whole(value).toString();
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : whole(value).toString(2);
    case 'o':
      return whole(value).toString(8);
    case 'x':
    case 'X': {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      const text = bytes instanceof Uint8Array ? Buffer.from(bytes).toString('hex') : whole(value).toString(16);
      return clause === 'X' ? text.toUpperCase() : text;
    }
    case 'f':
      return fixed(number(value), precision);
    case 'e':
      return scientific(number(value), precision);
  }
}

const whole = (value: Value): bigint =>
  value instanceof CelUint ? value.value : typeof value === 'number' || typeof value === 'bigint' ? BigInt(value) : 0n;

const number = (value: Value): number => (value instanceof CelDouble ? value.value : Number(value));

const infinite = (value: number): string | undefined => {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? undefined : value > 0 ? '∞' : '-∞';
};

/** As English writes numbers: thousands apart. */
function fixed(value: number, precision: number): string {
  const digits = Math.min(precision, 100);
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return infinite(value) ?? value.toLocaleString('en-US', options);
}

function scientific(value: number, precision: number): string {
  const special = infinite(value);
  if (special) return special;
  // The precision is a width here: what Kubernetes makes of %.3e.
  const [mantissa = '', exponent = '0'] = value.toExponential(DEFAULT_PRECISION).split('e');
  const power = Number(exponent);
  const digits = Array.from(String(Math.abs(power)).padStart(2, '0'), (d) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(d)]).join('');
  return `${mantissa}×10${power < 0 ? '⁻' : ''}${digits}`.padStart(precision);
}

function plain(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof CelList) return `[${Array.from(value, nested).join(', ')}]`;
  if (value instanceof CelMap) {
    const entries = Array.from(value.keys(), (key) => [nested(key), nested(value.get(key) ?? null)] as const);
    entries.sort(([a], [b]) => compareStrings(a, b));
    return `{${entries.map(([key, v]) => `${key}:${v}`).join(', ')}}`;
  }
  const text = toText(value);
  if (typeof text !== 'string') throw during(text instanceof CelError ? text.message : 'could not convert argument');
  return text;
}

/** Within lists and maps values look like literals. */
function nested(value: Value): string {
  if (value instanceof CelTimestamp) return `timestamp(${quote(plain(value))})`;
  if (value instanceof CelDuration) return `duration(${quote(plain(value))})`;
  if (value instanceof CelDouble) {
    if (Number.isFinite(value.value)) return value.value.toFixed(DEFAULT_PRECISION);
    return quote(Number.isNaN(value.value) ? 'NaN' : value.value > 0 ? '+Inf' : '-Inf');
  }
  if (typeof value === 'string') return quote(value);
  if (value instanceof Uint8Array) return `b${quote(plain(value))}`;
  if (!accepts('s', valueType(value))) {
    throw during(`no formatting function for ${runtimeTypeName(valueType(value))}`);
  }
  return value instanceof CelTypeValue ? value.name : plain(value);
}

/** What is wrong with a call of format whose format and count of arguments are written out; the id says where. */
export function checkFormatCall(
  call: CallExpr,
  types: ReadonlyMap<number, CelType>,
): { id: number; message: string } | undefined {
  const [args] = call.args;
  const { target } = call;
  if (call.function !== 'format' || call.args.length !== 1 || args?.kind !== 'list') return undefined;
  if (target?.kind !== 'literal' || typeof target.value !== 'string') return undefined;
  let seen = 0;
  try {
    interpolate(target.value, args.elements.length, (clause, index) => {
      seen++;
      checkArgument(clause, args.elements[index] as Expr, types);
      return '';
    });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { id: error.id ?? call.id, message: error.message };
  }
  if (args.elements.length <= seen) return undefined;
  const counts = `(expected ${seen}, got ${args.elements.length})`;
  return { id: call.id, message: `too many arguments supplied to string.format ${counts}` };
}

function checkArgument(clause: Clause, arg: Expr, types: ReadonlyMap<number, CelType>): void {
  const type = types.get(arg.id);
  if (!type || type.kind === 'dyn') return;
  if (!accepts(clause, type)) throw during(refused(clause, type), arg.id);
  if (clause !== 's') return;
  if (arg.kind === 'list') for (const element of arg.elements) checkArgument('s', element, types);
  if (arg.kind === 'map') {
    for (const { key, value } of arg.entries) {
      checkArgument('s', key, types);
      checkArgument('s', value, types);
    }
  }
}
