/** The extended string library (cel-go's ext.Strings, version 2) and Kubernetes' regular expressions. */
import { declare } from './declare.ts';
import type { FunctionDeclaration } from './environment.ts';
import { formatText } from './format-string.ts';
import { compileRegExp } from './regexp.ts';
import { ArrayList, CelError, type CelList, display, stringSize, type Value } from './values.ts';

type Int = number | bigint;
const outOfRange = (index: Int) => new CelError(`index out of range: ${index}`);

/** Strings are counted in characters, as Unicode has them. */
const characters = (text: string): string[] => Array.from(text);

function charAt(text: string, index: Int): Value {
  const all = characters(text);
  if (index < 0 || index > all.length) return outOfRange(index);
  return all[Number(index)] ?? '';
}

function indexOf(text: string, part: string, from: Int = 0): Value {
  if (part === '') return from;
  if (from < 0) return outOfRange(from);
  const all = characters(text);
  if (from >= all.length) return -1;
  const rest = all.slice(Number(from)).join('');
  const found = rest.indexOf(part);
  return found < 0 ? -1 : Number(from) + stringSize(rest.slice(0, found));
}

function lastIndexOf(text: string, part: string, from?: Int): Value {
  const size = stringSize(text);
  if (part === '') return from ?? size;
  if (from === undefined) {
    const found = text.lastIndexOf(part);
    return found < 0 ? -1 : stringSize(text.slice(0, found));
  }
  if (from < 0) return outOfRange(from);
  if (from >= size) return -1;
  const until = characters(text).slice(0, Number(from)).join('').length;
  const found = text.lastIndexOf(part, until);
  return found < 0 ? -1 : stringSize(text.slice(0, found));
}

function substring(text: string, start: Int, end?: Int): Value {
  const all = characters(text);
  if (end !== undefined && start > end) {
    return new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  }
  if (start < 0 || start > all.length) return outOfRange(start);
  if (end !== undefined && (end < 0 || end > all.length)) return outOfRange(end);
  return all.slice(Number(start), end === undefined ? undefined : Number(end)).join('');
}

function replace(text: string, old: string, by: string, count: Int = -1): Value {
  if (count < 0) return old === '' ? between(text, by, Number.POSITIVE_INFINITY) : text.replaceAll(old, () => by);
  if (old === '') return between(text, by, Number(count));
  const parts = text.split(old);
  const kept = parts.slice(0, Number(count) + 1).join(by);
  return [kept, ...parts.slice(Number(count) + 1)].join(old);
}

/** Replacing nothing puts the replacement before each character and at the end. */
function between(text: string, by: string, count: number): string {
  let out = '';
  let left = count;
  for (const c of text) {
    if (left-- > 0) out += by;
    out += c;
  }
  return left > 0 ? out + by : out;
}

function split(text: string, separator: string, limit: Int = -1): Value {
  if (limit === 0 || limit === 0n) return new ArrayList([]);
  const parts = separator === '' ? characters(text) : text.split(separator);
  if (limit < 0 || parts.length <= limit) return new ArrayList(parts);
  const count = Number(limit) - 1;
  return new ArrayList([...parts.slice(0, count), parts.slice(count).join(separator)]);
}

function join(list: CelList, separator = ''): Value {
  const parts: string[] = [];
  for (const element of list) {
    if (typeof element !== 'string') return new CelError(`join: invalid input: ${display(element)}`);
    parts.push(element);
  }
  return parts.join(separator);
}

const escapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped.
const quoted = (text: string) => `"${text.replace(/[\x07-\r"\\]/g, (c) => escapes[c] ?? c)}"`;

/** White space as Go's unicode.IsSpace has it. */
const space =
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;

function find(text: string, pattern: string): Value {
  const compiled = compileRegExp(pattern);
  if (compiled instanceof CelError) return new CelError(`Illegal regex: ${compiled.message}`);
  const match = compiled.exec(text);
  return match ? text.slice(match.start, match.end) : '';
}

function findAll(text: string, pattern: string, limit: Int = -1): Value {
  const compiled = compileRegExp(pattern);
  if (compiled instanceof CelError) return new CelError(`Illegal regex: ${compiled.message}`);
  const found: string[] = [];
  let from = 0;
  let lastEnd = -1;
  while (from <= text.length && (limit < 0 || found.length < limit)) {
    const match = compiled.exec(text, from);
    if (!match) break;
    // An empty match right after the last one is none.
    if (match.end > match.start || match.start !== lastEnd) found.push(text.slice(match.start, match.end));
    lastEnd = match.end;
    const wide = (text.codePointAt(match.end) ?? 0) > 0xffff;
    from = match.end > match.start ? match.end : match.end + (wide ? 2 : 1);
  }
  return new ArrayList(found);
}

export const stringFunctions: readonly FunctionDeclaration[] = [
  declare('charAt', { 'string_char_at_int string.(int) string': charAt }),
  declare('format', { 'string_format string.(list(dyn)) string': formatText }),
  declare('join', {
    'list_join list(string).() string': join,
    'list_join_string list(string).(string) string': join,
  }),
  declare('indexOf', {
    'string_index_of_string string.(string) int': indexOf,
    'string_index_of_string_int string.(string, int) int': indexOf,
  }),
  declare('lastIndexOf', {
    'string_last_index_of_string string.(string) int': lastIndexOf,
    'string_last_index_of_string_int string.(string, int) int': lastIndexOf,
  }),
  declare('lowerAscii', {
    'string_lower_ascii string.() string': (text: string) => text.replace(/[A-Z]+/g, (c) => c.toLowerCase()),
  }),
  declare('upperAscii', {
    'string_upper_ascii string.() string': (text: string) => text.replace(/[a-z]+/g, (c) => c.toUpperCase()),
  }),
  declare('replace', {
    'string_replace_string_string string.(string, string) string': replace,
    'string_replace_string_string_int string.(string, string, int) string': replace,
  }),
  declare('split', {
    'string_split_string string.(string) list(string)': split,
    'string_split_string_int string.(string, int) list(string)': split,
  }),
  declare('substring', {
    'string_substring_int string.(int) string': substring,
    'string_substring_int_int string.(int, int) string': substring,
  }),
  declare('strings.quote', { 'strings_quote (string) string': quoted }),
  declare('trim', { 'string_trim string.() string': (text: string) => text.replace(space, '') }),
  declare('find', { 'string_find_string string.(string) string': find }),
  declare('findAll', {
    'string_find_all_string string.(string) list(string)': findAll,
    'string_find_all_string_int string.(string, int) list(string)': findAll,
  }),
];
