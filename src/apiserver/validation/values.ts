import { isIP } from 'node:net';
import { dns1123LabelProblems, dns1123SubdomainProblems, qualifiedNameProblems } from '../../api/names.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type FieldError, fieldErrors, type Path } from '../../schema/field-error.ts';
import type { IntOrString } from '../../schema/int-or-string.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import { familyOfRange } from '../../utils/ip.ts';

/**
 * Rules for single values, in Kubernetes' words (k8s.io/apimachinery/pkg/util/validation and .../api/validation).
 * Those named ...Problems answer with what is wrong; those named check... add a complaint to `found`.
 */
export type Found = FieldError[];

export const IMMUTABLE = 'field is immutable';
const MAX_INT32 = 2 ** 31 - 1;

export const inclusiveRange = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

function regexProblem(what: string, pattern: string, ...examples: readonly string[]): string {
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return `${what} (e.g. ${list}regex used for validation is '${pattern}')`;
}

export function addAll(found: Found, path: Path, value: unknown, problems: readonly string[]): void {
  if (problems.length === 0) return;
  for (const problem of problems) found.push(fieldErrors.invalid(path, value, problem));
}

export const checkLabel1123 = (value: string, path: Path, found: Found): void =>
  addAll(found, path, value, dns1123LabelProblems(value));
export const checkSubdomain = (value: string, path: Path, found: Found): void =>
  addAll(found, path, value, dns1123SubdomainProblems(value));
/** Keys of labels, and whatever else has the form of one. */
export const checkQualifiedName = (value: string, path: Path, found: Found): void =>
  addAll(found, path, value, qualifiedNameProblems(value));

export function checkNonNegative(value: number | undefined, path: Path, name: string, found: Found): void {
  if (value !== undefined && value < 0) {
    found.push(fieldErrors.invalid(path.child(name), value, 'must be greater than or equal to 0'));
  }
}

export function checkEnum(value: string | undefined, allowed: readonly string[], path: Path, found: Found): void {
  if (value === undefined || value === '') found.push(fieldErrors.required(path));
  else if (!allowed.includes(value)) found.push(fieldErrors.notSupported(path, value, allowed));
}

/** A value that may be absent, but not be something else. */
export function checkOptionalEnum(
  value: string | undefined,
  allowed: readonly string[],
  path: Path,
  found: Found,
): void {
  if (value !== undefined && !allowed.includes(value)) found.push(fieldErrors.notSupported(path, value, allowed));
}

export function checkImmutable(value: unknown, old: unknown, path: Path, found: Found, shown = value): void {
  if (!deepEqual(value, old)) found.push(fieldErrors.invalid(path, shown ?? null, IMMUTABLE));
}

const nothing: readonly string[] = [];

export const portProblems = (port: number): readonly string[] =>
  port >= 1 && port <= 65535 ? nothing : [inclusiveRange(1, 65535)];

export function portNameProblems(name: string): readonly string[] {
  // As nearly all are.
  if (name.length <= 15 && /^[a-z](?:-?[a-z0-9])*$/.test(name)) return nothing;
  const found: string[] = [];
  if (name.length > 15) found.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(name)) found.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) found.push('must contain at least one letter (a-z)');
  if (name.includes('--')) found.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) found.push('must not begin or end with a hyphen');
  return found;
}

export function checkPortNumberOrName(port: IntOrString, path: Path, found: Found): void {
  addAll(found, path, port, typeof port === 'number' ? portProblems(port) : portNameProblems(port));
}

export const idProblems = (id: number): readonly string[] =>
  id >= 0 && id <= MAX_INT32 ? [] : [inclusiveRange(0, MAX_INT32)];

const percentProblems = (text: string): readonly string[] =>
  /^[0-9]+%$/.test(text)
    ? []
    : [
        regexProblem(
          "a valid percent string must be a numeric string followed by an ending '%'",
          '[0-9]+%',
          '1%',
          '93%',
        ),
      ];

export function checkPositiveIntOrPercent(value: IntOrString, path: Path, found: Found): void {
  if (typeof value === 'string') addAll(found, path, value, percentProblems(value));
  else if (value < 0) found.push(fieldErrors.invalid(path, value, 'must be greater than or equal to 0'));
}

export function checkNotMoreThan100Percent(value: IntOrString, path: Path, found: Found): void {
  if (typeof value !== 'string' || percentProblems(value).length > 0) return;
  if (Number.parseInt(value, 10) > 100) {
    found.push(fieldErrors.invalid(path, value, 'must not be greater than 100%'));
  }
}

export const headerNameProblems = (name: string): readonly string[] =>
  /^[-A-Za-z0-9]+$/.test(name)
    ? []
    : [
        regexProblem(
          "a valid HTTP header must consist of alphanumeric characters or '-'",
          '[-A-Za-z0-9]+',
          'X-Header-Name',
        ),
      ];

export function environmentNameProblems(name: string): readonly string[] {
  if (name === '') return ['environment variable name must be non-empty'];
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(name)) return nothing;
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export function configKeyProblems(key: string): readonly string[] {
  const found: string[] = [];
  if (key.length > 253) found.push('must be no more than 253 characters');
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    const what = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    found.push(regexProblem(what, '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name'));
  }
  if (key === '.') found.push("must not be '.'");
  else if (key === '..') found.push("must not be '..'");
  else if (key.startsWith('..')) found.push("must not start with '..'");
  return found;
}

export const BAD_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
export const BAD_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Also takes what old clients wrote: octets of an IPv4 address with leading zeros. */
export const looseIp = (text: string): boolean =>
  isIP(text) !== 0 || (/^[0-9]+(\.[0-9]+){3}$/.test(text) && text.split('.').every((octet) => Number(octet) <= 255));

export function checkIp(value: string, path: Path, found: Found): void {
  if (!looseIp(value) || value.includes('%')) found.push(fieldErrors.invalid(path, value, BAD_IP));
  else if (isIP(value) === 0) found.push(fieldErrors.invalid(path, value, 'must not have leading 0s'));
  else if (/^::ffff:[0-9.]+$/i.test(value)) {
    found.push(fieldErrors.invalid(path, value, 'must not be an IPv4-mapped IPv6 address'));
  }
}

export function checkCidr(value: string, path: Path, found: Found): void {
  if (familyOfRange(value) === undefined) found.push(fieldErrors.invalid(path, value, BAD_CIDR));
}

export function checkNonNegativeQuantity(value: string, path: Path, found: Found): void {
  if (compareQuantities(value, '0') < 0) {
    found.push(fieldErrors.invalid(path, value, 'must be greater than or equal to 0'));
  }
}

export function checkNoBacksteps(value: string, path: Path, found: Found): void {
  if (value.includes('..') && value.split('/').includes('..'))
    found.push(fieldErrors.invalid(path, value, "must not contain '..'"));
}

/** A path below some directory, never out of it. */
export function checkDescendingPath(value: string, path: Path, found: Found): void {
  if (value.startsWith('/')) found.push(fieldErrors.invalid(path, value, 'must be a relative path'));
  checkNoBacksteps(value, path, found);
}

/** The same for files in volumes, whose names beginning with two dots are Kubernetes' own. */
export function checkNonReservedPath(value: string, path: Path, found: Found): void {
  checkDescendingPath(value, path, found);
  if (value.startsWith('..') && !value.startsWith('../')) {
    found.push(fieldErrors.invalid(path, value, "must not start with '..'"));
  }
}

export const required = (value: string | undefined, path: Path, name: string, found: Found): boolean => {
  if (value) return true;
  found.push(fieldErrors.required(path.child(name)));
  return false;
};

export const checkWildcardSubdomain = (value: string, path: Path, found: Found): void => {
  const pattern = '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
  if (new RegExp(`^${pattern}$`).test(value)) return;
  const what =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
  found.push(fieldErrors.invalid(path, value, regexProblem(what, pattern, '*.example.com')));
};
