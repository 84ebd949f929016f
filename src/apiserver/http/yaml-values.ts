import { isJsonObject, type JsonObject, setOwn } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import type { MappingNode, ScalarNode, YamlNode } from './yaml-parser.ts';
import { isTime } from './yaml-scalar.ts';
import { YamlProblem } from './yaml-scanner.ts';

/** A value that YAML has and JSON has not. */
export class NoJsonError extends Error {
  override name = 'NoJsonError';
}

type Scalar = string | number | boolean | null;

const prefix = 'tag:yaml.org,2002:';
const tagOf = (value: Scalar, whole: boolean): string => {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  return whole ? 'int' : 'float';
};
const resolvable: ReadonlySet<string> = new Set(['str', 'bool', 'int', 'float', 'null', 'timestamp']);

const words = new Map<string, Scalar>();
for (const word of ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']) words.set(word, true);
for (const word of ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']) words.set(word, false);
for (const word of ['', '~', 'null', 'Null', 'NULL']) words.set(word, null);
for (const word of ['.nan', '.NaN', '.NAN']) words.set(word, Number.NaN);
for (const word of ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF']) words.set(word, Number.POSITIVE_INFINITY);
for (const word of ['-.inf', '-.Inf', '-.INF']) words.set(word, Number.NEGATIVE_INFINITY);

const integer = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

interface Resolved {
  readonly value: Scalar;
  /** A number without a fraction, written as one. */
  readonly whole: boolean;
  /** Of those all digits. */
  readonly exact?: bigint;
}
const text = (value: string): Resolved => ({ value, whole: false });

/** What a text without quotes is: YAML 1.1, but that numbers to the base of 60 and times are text. */
function plain(source: string): Resolved {
  const word = words.get(source);
  if (word !== undefined) return { value: word, whole: false };
  const c = source.charCodeAt(0);
  if (c === 0x2e) return float.test(source) ? decimal(source, source) : text(source);
  if (!((c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d)) return text(source);
  const digits = source.replaceAll('_', '');
  const whole = integer.exec(digits);
  if (whole) {
    const [, sign = '', size = ''] = whole;
    const value = BigInt(/^0[0-7]+$/.test(size) ? `0o${size.slice(1)}` : size.toLowerCase());
    // Go's integers: 64 bits, and those above the signed ones have no sign.
    if (sign === '-' ? value <= 2n ** 63n : value < 2n ** (sign === '' ? 64n : 63n))
      return { value: Number(sign === '-' ? -value : value), whole: true, exact: sign === '-' ? -value : value };
  }
  return float.test(digits) ? decimal(digits, source) : text(source);
}

/** Numbers too large for a double are text. */
function decimal(digits: string, source: string): Resolved {
  const value = Number(digits);
  return Number.isFinite(value) ? { value, whole: false } : text(source);
}

function resolve(tag: string, source: string): Resolved {
  const short = tag.startsWith(prefix) ? tag.slice(prefix.length) : undefined;
  if (tag !== '' && short === 'binary') {
    const packed = source.replace(/[\r\n]/g, '');
    if (!base64.test(packed)) throw new YamlProblem('!!binary value contains invalid base64 data');
    return text(Buffer.from(packed, 'base64').toString());
  }
  if (tag !== '' && (short === undefined || !resolvable.has(short))) return text(source);
  if (short === 'str') return text(source);
  const found = plain(source);
  if (tag === '') return found;
  const is = short === 'timestamp' && isTime(source) ? 'timestamp' : tagOf(found.value, found.whole);
  if (is === short || (is === 'int' && short === 'float')) return is === 'timestamp' ? text(source) : found;
  throw new YamlProblem(`cannot decode !!${is} \`${source}\` as a !!${short}`);
}

/** A value as Go prints it in messages. */
function shown(value: unknown, inside = false): string {
  if (value === null) return inside ? 'interface {}(nil)' : '<nil>';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : goNumber(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map((item) => shown(item, true)).join(', ')}}`;
  if (!isJsonObject(value)) return String(value);
  const pairs = Object.entries(value).map(([key, item]) => `${quote(key)}:${shown(item, true)}`);
  return `map[interface {}]interface {}{${pairs.sort().join(', ')}}`;
}

/** The name that a key becomes in JSON. Throws NoJsonError for integers that have no sign for Go. */
function nameOf({ value, exact }: Resolved, of: unknown): string {
  if (exact !== undefined) {
    if (exact < 2n ** 63n) return String(exact);
    throw new NoJsonError(`unsupported map key of type: uint64, key: 0x${exact.toString(16)}, value: ${shown(of)}`);
  }
  if (typeof value !== 'number') return String(value);
  if (Number.isFinite(value)) return shortFloat(value);
  return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf';
}

/** Go's %g of a number of 32 bits: the fewest digits that tell it apart. */
function shortFloat(value: number): string {
  const nearest = Math.fround(value);
  if (!Number.isFinite(nearest)) return nearest > 0 ? '.inf' : '-.inf';
  let digits = 1;
  while (digits < 9 && Math.fround(Number(nearest.toPrecision(digits))) !== nearest) digits++;
  const [, mantissa = '', sign = '', exponent = ''] =
    /^(.*)e([-+])(\d+)$/.exec(nearest.toExponential(digits - 1)) ?? [];
  const size = Number(`${sign}${exponent}`);
  if (size < -4 || size >= 6) return `${mantissa}e${sign}${exponent.padStart(2, '0')}`;
  return String(Number(nearest.toPrecision(digits)));
}

const isMerge = (node: YamlNode): boolean =>
  node.node === 'scalar' && node.text === '<<' && (node.implicit || node.tag === `${prefix}merge`);

/** Nodes made for aliases, beyond which they may be but a part of all: 99 in 100 of a small text, 10 of a large one. */
const FREE_ALIASES = 100;
const FREE_NODES = 1000;
const SMALL = 400_000;
const LARGE = 4_000_000;

/** Makes JSON's values of nodes, and tells the names that a mapping has twice. */
export class YamlValues {
  readonly repeated: string[] = [];
  readonly #open = new Set<YamlNode>();
  #count = 0;
  #aliased = 0;
  #depth = 0;

  /** Throws YamlProblem, NoJsonError. */
  of(node: YamlNode): unknown {
    this.#spend();
    switch (node.node) {
      case 'scalar': {
        const { value } = this.#scalar(node);
        if (typeof value === 'number' && !Number.isFinite(value))
          throw new NoJsonError(`json: unsupported value: ${goNumber(value)}`);
        return value;
      }
      case 'sequence':
        return node.items.map((item) => this.of(item));
      case 'mapping': {
        const out: JsonObject = {};
        this.#fill(out, new Set(), node);
        return out;
      }
      case 'alias':
        return this.#through(node, () => this.of(node.of));
    }
  }

  #spend(): void {
    this.#count++;
    if (this.#depth > 0) this.#aliased++;
    if (this.#aliased <= FREE_ALIASES || this.#count <= FREE_NODES) return;
    const part = Math.min(1, Math.max(0, (this.#count - SMALL) / (LARGE - SMALL)));
    if (this.#aliased / this.#count > 0.99 - 0.89 * part) throw new YamlProblem('document contains excessive aliasing');
  }

  #through<T>(alias: YamlNode & { node: 'alias' }, visit: () => T): T {
    if (this.#open.has(alias)) throw new YamlProblem(`anchor '${alias.name}' value contains itself`);
    this.#open.add(alias);
    this.#depth++;
    const result = visit();
    this.#depth--;
    this.#open.delete(alias);
    return result;
  }

  #scalar({ tag, implicit, text: source }: ScalarNode): Resolved {
    return tag === '' && !implicit ? text(source) : resolve(tag, source);
  }

  #fill(out: JsonObject, seen: Set<Scalar>, { pairs }: MappingNode): void {
    for (const { key, value } of pairs) {
      if (isMerge(key)) {
        this.#merge(out, seen, value);
        continue;
      }
      const resolved = this.#key(key);
      const name = resolved.value;
      const made = this.of(value);
      if (name === null) {
        throw new NoJsonError(`unsupported map key of type: %!s(<nil>), key: <nil>, value: ${shown(made)}`);
      }
      if (seen.has(name)) this.repeated.push(`line ${value.line + 1}: key ${shown(name)} already set in map`);
      seen.add(name);
      setOwn(out, nameOf(resolved, made), made);
    }
  }

  #key(node: YamlNode): Resolved {
    const key = node.node === 'alias' ? node.of : node;
    if (key.node === 'sequence' || key.node === 'mapping')
      throw new YamlProblem(`invalid map key: ${this.#shown(key, false)}`);
    this.#spend();
    return key.node === 'alias' ? this.#key(key) : this.#scalar(key);
  }

  /** As Go prints what has no name in JSON. */
  #shown(node: YamlNode, inside = true): string {
    this.#spend();
    switch (node.node) {
      case 'alias':
        return this.#through(node, () => this.#shown(node.of));
      case 'scalar':
        return shown(this.#scalar(node).value, inside);
      case 'sequence':
        return `[]interface {}{${node.items.map((item) => this.#shown(item)).join(', ')}}`;
      case 'mapping': {
        const pairs = node.pairs.map(({ key, value }) => `${this.#shown(key)}:${this.#shown(value)}`);
        return `map[interface {}]interface {}{${pairs.sort().join(', ')}}`;
      }
    }
  }

  /** "<<: *other": the pairs of another mapping, or of several of which the first ones win. */
  #merge(out: JsonObject, seen: Set<Scalar>, node: YamlNode): void {
    const sources = node.node === 'sequence' ? node.items.toReversed() : [node];
    for (const source of sources) {
      const mapping = source.node === 'alias' ? source.of : source;
      if (mapping.node !== 'mapping') throw new YamlProblem('map merge requires map or sequence of maps as the value');
      this.#spend();
      if (source.node === 'alias') this.#through(source, () => this.#fill(out, seen, mapping));
      else this.#fill(out, seen, mapping);
    }
  }
}

const goNumber = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf');
