/** IP addresses, networks and URLs: Kubernetes' libraries of these names. https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-ip-address-library */
import { quote } from '../schema/quote.ts';
import { addressBytes, addressNumber, addressText, familyOf, familyOfRange, type IPFamily } from '../utils/ip.ts';
import { declare } from './declare.ts';
import type { FunctionDeclaration } from './environment.ts';
import { type CelType, opaqueType, structType } from './types.ts';
import { ArrayList, CelError, CelObject, EntryMap, type Value } from './values.ts';

export const IP_TYPE = opaqueType('net.IP');
export const CIDR_TYPE = opaqueType('net.CIDR');
export const URL_TYPE = structType('kubernetes.URL');

const width = (family: IPFamily) => (family === 'IPv4' ? 32 : 128);

class Ip extends CelObject {
  readonly value: bigint;
  readonly family: IPFamily;
  constructor(value: bigint, family: IPFamily) {
    super();
    this.value = value;
    this.family = family;
  }
  override get type(): CelType {
    return IP_TYPE;
  }
  override get size(): number {
    return width(this.family) / 8;
  }
  override equals(other: CelObject): boolean {
    return other instanceof Ip && other.value === this.value && other.family === this.family;
  }
  get text(): string {
    return addressText(this.value, this.family);
  }
  get bytes(): Uint8Array {
    return addressBytes(this.text) ?? new Uint8Array();
  }
}

class Cidr extends CelObject {
  readonly ip: Ip;
  readonly bits: number;
  constructor(ip: Ip, bits: number) {
    super();
    this.ip = ip;
    this.bits = bits;
  }
  override get type(): CelType {
    return CIDR_TYPE;
  }
  override get size(): number {
    return Math.ceil(this.bits / 8);
  }
  override equals(other: CelObject): boolean {
    return other instanceof Cidr && other.ip.equals(this.ip) && other.bits === this.bits;
  }
  get #shift(): bigint {
    return BigInt(width(this.ip.family) - this.bits);
  }
  contains({ family, value }: Ip): boolean {
    return family === this.ip.family && value >> this.#shift === this.ip.value >> this.#shift;
  }
  masked(): Cidr {
    return new Cidr(new Ip((this.ip.value >> this.#shift) << this.#shift, this.ip.family), this.bits);
  }
}

const mapped = (value: bigint, family: IPFamily) => family === 'IPv6' && value >> 32n === 0xffffn;

function parseIp(text: string): Ip | CelError {
  const family = familyOf(text);
  const value = addressNumber(text);
  if (family === undefined || value === undefined) {
    if (familyOf(text.replace(/%.+$/, '')) === 'IPv6') {
      return new CelError(`IP address ${quote(text)} with zone value is not allowed`);
    }
    const why = `ParseAddr(${quote(text)}): ${whyNoAddress(text)}`;
    return new CelError(`IP Address ${quote(text)} parse error during conversion from string: ${why}`);
  }
  if (mapped(value, family)) return new CelError(`IPv4-mapped IPv6 address ${quote(text)} is not allowed`);
  return new Ip(value, family);
}

/** As Go's net/netip tells it, of what people write. */
function whyNoAddress(text: string): string {
  const separator = /[.:%]/.exec(text)?.[0];
  if (separator === undefined) return 'unable to parse IP';
  if (separator === '%') return 'missing IPv6 address';
  if (separator === ':') return `unexpected character (at ${quote(/[^0-9a-fA-F:.].*$/.exec(text)?.[0] ?? text)})`;
  const fields = text.split('.');
  for (const [i, field] of fields.entries()) {
    const odd = /[^0-9].*$/.exec(field);
    if (odd) return `unexpected character (at ${quote([odd[0], ...fields.slice(i + 1)].join('.'))})`;
    if (field === '')
      return `IPv4 field must have at least one digit (at ${quote(`.${fields.slice(i + 1).join('.')}`)})`;
    if (Number(field) > 255) return 'IPv4 field has value >255';
    if (field.length > 1 && field.startsWith('0')) return 'IPv4 field has octet with leading zero';
    if (i > 3) return 'IPv4 address too long';
  }
  return 'IPv4 address too short';
}

function parseCidr(text: string): Cidr | CelError {
  const fail = (why: string) => new CelError(`network address parse error during conversion from string: ${why}`);
  const family = familyOfRange(text);
  const [address = '', bits = ''] = text.split('/');
  const value = addressNumber(address);
  if (family === undefined || value === undefined || (bits.length > 1 && bits.startsWith('0'))) {
    const slash = text.lastIndexOf('/');
    const reason =
      slash < 0
        ? "no '/'"
        : familyOf(text.slice(0, slash))
          ? badBits(text.slice(slash + 1))
          : whyNoPrefix(text.slice(0, slash));
    return fail(
      `network address parse error during conversion from string: netip.ParsePrefix(${quote(text)}): ${reason}`,
    );
  }
  if (mapped(value, family)) return fail(`IPv4-mapped IPv6 address ${quote(text)} is not allowed`);
  return new Cidr(new Ip(value, family), Number(bits));
}

const whyNoPrefix = (text: string) => `ParseAddr(${quote(text)}): ${whyNoAddress(text)}`;
const badBits = (bits: string) =>
  /^[1-9][0-9]{0,2}$|^0$/.test(bits) ? 'prefix length out of range' : `bad bits after slash: ${quote(bits)}`;

const within = (cidr: Cidr, other: Cidr | CelError): Value =>
  other instanceof CelError ? other : cidr.bits <= other.bits && cidr.contains(other.ip);

/** The zero address, ::1, 127/8, 169.254/16, fe80::/10, 224.0.0/24 and ff02::/16. */
const ipTests: readonly (readonly [string, string, (ip: Ip) => boolean])[] = [
  ['isUnspecified', 'ip_is_unspecified', (ip) => ip.value === 0n],
  ['isLoopback', 'ip_is_loopback', (ip) => isLoopback(ip)],
  ['isLinkLocalMulticast', 'ip_is_link_local_multicast', (ip) => linkLocalMulticast(ip)],
  ['isLinkLocalUnicast', 'ip_is_link_local_unicast', (ip) => linkLocalUnicast(ip)],
  ['isGlobalUnicast', 'ip_is_global_unicast', (ip) => globalUnicast(ip)],
];
const isLoopback = (ip: Ip) => (ip.family === 'IPv4' ? ip.bytes[0] === 127 : ip.value === 1n);
const linkLocalMulticast = ({ bytes: b, family }: Ip) =>
  family === 'IPv4' ? b[0] === 224 && b[1] === 0 && b[2] === 0 : b[0] === 0xff && ((b[1] ?? 0) & 0x0f) === 2;
const linkLocalUnicast = ({ bytes: b, family }: Ip) =>
  family === 'IPv4' ? b[0] === 169 && b[1] === 254 : b[0] === 0xfe && ((b[1] ?? 0) & 0xc0) === 0x80;
const multicast = ({ bytes: b, family }: Ip) => (family === 'IPv4' ? ((b[0] ?? 0) & 0xf0) === 0xe0 : b[0] === 0xff);
const globalUnicast = (ip: Ip) =>
  ip.value !== 0n &&
  !(ip.family === 'IPv4' && ip.value === 0xffffffffn) &&
  !isLoopback(ip) &&
  !multicast(ip) &&
  !linkLocalUnicast(ip);

/** An absolute URI or path, in the parts the library reads; decoding is left to them. */
class ParsedUrl extends CelObject {
  readonly source: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  constructor(source: string) {
    super();
    const [, scheme = '', host = '', path = '', query = ''] = urlParts.exec(source) ?? [];
    this.source = source;
    this.scheme = scheme.toLowerCase();
    this.host = decode(host.slice(host.lastIndexOf('@') + 1));
    this.path = path;
    this.query = query;
  }
  override get type(): CelType {
    return URL_TYPE;
  }
  override equals(other: CelObject): boolean {
    return other instanceof ParsedUrl && other.source === this.source;
  }
}

/** A request's URI has no fragment: "#" is a character like others. */
const urlParts = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?]*))?([^?]*)(?:\?(.*))?/;

/** Why a text is no absolute URI, as Go's url.ParseRequestURI tells it; undefined of one that is. */
export function uriProblem(text: string): string | undefined {
  const problem = uriDefect(text);
  return problem === undefined ? undefined : `parse ${quote(text)}: ${problem}`;
}

/** Why a text is no URL at all, absolute or not, as Go's url.Parse tells it; undefined of one that is. */
export function urlProblem(text: string): string | undefined {
  const [whole = ''] = text.split('#', 1);
  if (whole === '') return undefined;
  const problem = uriDefect(whole);
  const relative = problem === 'invalid URI for request';
  if (problem === undefined || (relative && !/^[^/?]*:/.test(whole))) return undefined;
  return `parse ${quote(text)}: ${relative ? 'first path segment in URL cannot contain colon' : problem}`;
}

function uriDefect(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\x00-\x1f\x7f]/.test(text)) return 'net/url: invalid control character in URL';
  if (text === '') return 'empty url';
  if (text === '*') return undefined;
  if (text.startsWith(':')) return 'missing protocol scheme';
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length);
  if (!rest.startsWith('/')) return scheme === '' ? 'invalid URI for request' : undefined;
  const [, , host = '', path = ''] = urlParts.exec(text) ?? [];
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path)?.[0] ?? /%(?![0-9a-fA-F]{2}).{0,2}/.exec(host)?.[0];
  if (wrong !== undefined) return `invalid URL escape ${quote(wrong)}`;
  const name = host.slice(host.lastIndexOf('@') + 1);
  const port = name.startsWith('[') ? /\](.*)$/.exec(name)?.[1] : /:.*$/.exec(name)?.[0];
  if (name.startsWith('[') && port === undefined) return "missing ']' in host";
  if (port !== undefined && port !== '' && !/^:[0-9]*$/.test(port)) return `invalid port ${quote(port)} after host`;
  const odd = /[ "#<>^`{|}\\]/.exec(name)?.[0];
  if (odd !== undefined) return `invalid character ${quote(odd)} in host name`;
  const who = host.slice(0, host.length - name.length);
  return /^[A-Za-z0-9._:~!$&'()*+,;=%@-]*$/.test(who) ? undefined : 'net/url: invalid userinfo';
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function toUrl(text: string): Value {
  const problem = uriProblem(text);
  if (problem !== undefined) return new CelError(`URL parse error during conversion from string: ${problem}`);
  return new ParsedUrl(text);
}

function hostname({ host }: ParsedUrl): string {
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'));
  const colon = host.indexOf(':');
  return colon < 0 ? host : host.slice(0, colon);
}

function query({ query: text }: ParsedUrl): Value {
  const found = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(text)) {
    const known = found.get(key);
    if (known) known.push(value);
    else found.set(key, [value]);
  }
  return EntryMap.of(Array.from(found, ([key, values]) => [key, new ArrayList(values)] as const));
}

/** Keeps the escapes that are there, and escapes what a path cannot have. */
const escapedPath = ({ path }: ParsedUrl) =>
  path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]]/gu, (c) => encodeURIComponent(c));

export const networkFunctions: readonly FunctionDeclaration[] = [
  declare('ip', { 'string_to_ip (string) net.IP': parseIp, 'cidr_ip net.CIDR.() net.IP': ({ ip }: Cidr) => ip }),
  declare('isIP', { 'is_ip (string) bool': (text: string) => !(parseIp(text) instanceof CelError) }),
  declare('ip.isCanonical', {
    'ip_is_canonical (string) bool': (text: string) => {
      const ip = parseIp(text);
      return ip instanceof CelError ? ip : ip.text === text;
    },
  }),
  declare('family', { 'ip_family net.IP.() int': ({ family }: Ip) => (family === 'IPv4' ? 4 : 6) }),
  ...ipTests.map(([name, id, test]) => declare(name, { [`${id} net.IP.() bool`]: test })),
  declare('cidr', { 'string_to_cidr (string) net.CIDR': parseCidr }),
  declare('isCIDR', { 'is_cidr (string) bool': (text: string) => !(parseCidr(text) instanceof CelError) }),
  declare('containsIP', {
    'cidr_contains_ip_string net.CIDR.(string) bool': (cidr: Cidr, text: string) => {
      const ip = parseIp(text);
      return ip instanceof CelError ? ip : cidr.contains(ip);
    },
    'cidr_contains_ip_ip net.CIDR.(net.IP) bool': (cidr: Cidr, ip: Ip) => cidr.contains(ip),
  }),
  declare('containsCIDR', {
    'cidr_contains_cidr_string net.CIDR.(string) bool': (cidr: Cidr, text: string) => within(cidr, parseCidr(text)),
    'cidr_contains_cidr net.CIDR.(net.CIDR) bool': within,
  }),
  declare('prefixLength', { 'cidr_prefix_length net.CIDR.() int': ({ bits }: Cidr) => bits }),
  declare('masked', { 'cidr_masked net.CIDR.() net.CIDR': (cidr: Cidr) => cidr.masked() }),
  declare('string', {
    'ip_to_string (net.IP) string': (ip: Ip) => ip.text,
    'cidr_to_string (net.CIDR) string': ({ ip, bits }: Cidr) => `${ip.text}/${bits}`,
  }),
  declare('url', { 'string_to_url (string) kubernetes.URL': toUrl }),
  declare('isURL', { 'is_url_string (string) bool': (text: string) => uriProblem(text) === undefined }),
  declare('getScheme', { 'url_get_scheme kubernetes.URL.() string': ({ scheme }: ParsedUrl) => scheme }),
  declare('getHost', { 'url_get_host kubernetes.URL.() string': ({ host }: ParsedUrl) => host }),
  declare('getHostname', { 'url_get_hostname kubernetes.URL.() string': hostname }),
  declare('getPort', {
    'url_get_port kubernetes.URL.() string': ({ host }: ParsedUrl) =>
      /:([0-9]*)$/.exec(host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? '',
  }),
  declare('getEscapedPath', { 'url_get_escaped_path kubernetes.URL.() string': escapedPath }),
  declare('getQuery', { 'url_get_query kubernetes.URL.() map(string, list(string))': query }),
];
