/**
 * Formats of strings that definitions may name; others mean nothing.
 * https://kubernetes.io/docs/reference/kubernetes-api/definitions/json-schema-props-v1-apiextensions/
 */
import { isIP } from 'node:net';
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../../../api/names.ts';
import { parseDuration } from '../../../schema/duration.ts';
import type { JsonSchema } from './structural.ts';

const matches = (pattern: RegExp) => (text: string) => pattern.test(text);

const HOST =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u;

function isHostname(text: string): boolean {
  const bytes = (part: string) => Buffer.byteLength(part);
  return bytes(text) <= 255 && text.split('.').every((part) => bytes(part) <= 63) && HOST.test(text);
}

/** Addresses of four octets, which may have leading zeros. */
const isLooseIpv4 = (text: string): boolean => {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => /^[0-9]{1,}$/.test(octet) && Number(octet) <= 255);
};
const isLooseIp = (text: string): boolean => (text.includes(':') ? isIpv6(text) : isLooseIpv4(text));
const isIpv6 = (text: string): boolean => isIP(text) === 6 && !text.includes('%');

function isCidr(text: string): boolean {
  const slash = text.indexOf('/');
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)];
  if (slash < 0 || !/^[0-9]+$/.test(bits) || !isLooseIp(address)) return false;
  return Number(bits) <= (address.includes(':') ? 128 : 32);
}

function isMac(text: string): boolean {
  const separated = /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1)+[0-9a-f]{2}$/i.exec(text);
  const bytes = separated
    ? (text.length + 1) / 3
    : /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i.test(text)
      ? ((text.length + 1) / 5) * 2
      : 0;
  return bytes === 6 || bytes === 8 || bytes === 20;
}

const digits = (text: string): string => text.replace(/[\s-]+/g, '');

function isIsbn10(text: string): boolean {
  const sanitized = digits(text);
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(sanitized)) return false;
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += (i + 1) * (sanitized[i] === 'X' ? 10 : Number(sanitized[i]));
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const sanitized = digits(text);
  if (!/^[0-9]{13}$/.test(sanitized)) return false;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += (i % 2 === 0 ? 1 : 3) * Number(sanitized[i]);
  return (10 - (sum % 10)) % 10 === Number(sanitized[12]);
}

const CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}|6[27][0-9]{14})$/;

function isCreditCard(text: string): boolean {
  const sanitized = text.replace(/[^0-9]+/g, '');
  if (!CARD.test(sanitized)) return false;
  let sum = 0;
  for (let i = 0; i < sanitized.length; i++) {
    const digit = Number(sanitized[sanitized.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled >= 10 ? (doubled % 10) + 1 : doubled;
  }
  return sum % 10 === 0;
}

function isDate(text: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isDateTime(text: string): boolean {
  const [date = '', time] = text.toLowerCase().split('t');
  if (time === undefined || !isDate(date)) return false;
  const match = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(time);
  const [, hours = '', minutes = '', seconds = ''] = match ?? [];
  return match !== null && hours <= '23' && minutes <= '59' && seconds <= '59';
}

const UNITS = ['ns', 'us', 'µs', 'ms', 's', 'm', 'h', 'hr', 'd', 'w', 'wk'];
const UNIT_WORDS = ['nano', 'micro', 'milli', 'sec', 'min', 'hour', 'day', 'week'];

function isGoDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    return false;
  }
}

/** Go's durations, and those of Scala ("2 days") anywhere in the text. */
function isDuration(text: string): boolean {
  if (isGoDuration(text)) return true;
  let found = false;
  for (const match of text.matchAll(/([0-9]+)\s*([A-Za-zµ]+)/g)) {
    if (Number(match[1]) >= 2 ** 63) return false;
    const unit = (match[2] ?? '').toLowerCase();
    found ||= UNITS.includes(unit) || UNIT_WORDS.some((word) => unit.startsWith(word));
  }
  return found;
}

const hasControl = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20 || text.charCodeAt(i) === 0x7f) return true;
  return false;
};

/** What Go's url.ParseRequestURI takes: a path, or a scheme and what follows it. */
function isRequestUri(text: string): boolean {
  if (hasControl(text) || /%(?![0-9a-fA-F]{2})/.test(text.split('?')[0] ?? '')) return false;
  if (text.startsWith('/') || text === '*') return true;
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:(.*)$/s.exec(text);
  if (!scheme) return false;
  const authority = /^\/\/([^/?]*)/.exec(scheme[1] ?? '')?.[1];
  if (authority === undefined) return true;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return !/[\s<>"{}|\\^`]/.test(host) && /^(?:\[[^\]]*\]|[^[\]:]*)(?::[0-9]*)?$/.test(host);
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\u{10ffff}]+";
/** Of names beside addresses, which may have dots anywhere. */
const WORD = ATOM.replace('[', '[.');
const ADDRESS = `(?:${ATOM}(?:\\.${ATOM})*|"(?:[^"\\\\\\r\\n]|\\\\.)+")@(?:${ATOM}(?:\\.${ATOM})*|\\[[^\\[\\]\\\\]*\\])`;
const NAME = `(?:${WORD}|"(?:[^"\\\\]|\\\\.)*")`;
const EMAIL = new RegExp(`^\\s*(?:${ADDRESS}|(?:${NAME}(?:\\s+${NAME})*\\s*)?<${ADDRESS}>)\\s*$`, 'u');

const color = '(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])';
const uuid = (third: string, fourth: string) =>
  matches(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}-?${fourth}-?[0-9a-f]{12}$`, 'i'));

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: matches(/^[0-9a-f]{24}$/i),
  uri: isRequestUri,
  email: (text) => text.length <= 1024 && EMAIL.test(text),
  hostname: isHostname,
  ipv4: (text) => isLooseIp(text) && text.includes('.'),
  ipv6: isIpv6,
  cidr: isCidr,
  mac: isMac,
  uuid: uuid('[0-9a-f]{4}', '[0-9a-f]{4}'),
  uuid3: uuid('3[0-9a-f]{3}', '[0-9a-f]{4}'),
  uuid4: uuid('4[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  uuid5: uuid('5[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matches(new RegExp(`^rgb\\(\\s*${color}\\s*,\\s*${color}\\s*,\\s*${color}\\s*\\)$`)),
  byte: matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => dns1123LabelProblems(text).length === 0,
  k8slongname: (text) => dns1123SubdomainProblems(text).length === 0,
};

/** The check of a format of strings, whose names may have dashes anywhere; undefined of one that nobody knows. */
export const formatCheck = (format: string): ((text: string) => boolean) | undefined => {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(formats, name) ? formats[name] : undefined;
};

/** The format of a schema where it means something for its type; "" where it does not. */
export function knownFormat({ format = '', type = '', ...schema }: JsonSchema): string {
  if (schema['x-kubernetes-int-or-string']) return '';
  if (type === '' || type === 'string') return formatCheck(format) ? format : '';
  if (type === 'integer') return format === 'int32' || format === 'int64' ? format : '';
  return type === 'number' && (format === 'float' || format === 'double') ? format : '';
}
