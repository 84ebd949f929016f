import { stringify } from 'yaml';
import { compareKeys, yamlKey, yamlScalar } from './yaml-scalar.ts';

/**
 * Plain values as YAML the way sigs.k8s.io/yaml writes it: keys sorted, sequences not indented, no anchors, text as
 * yaml-scalar.ts says. The YAML library, which is thirty times slower, has what is left: fractions and long keys.
 */
export function yamlText(value: unknown): string {
  if (isEmptyOrScalar(value)) return scalarDocument(value);
  const out: string[] = [];
  block(value as object, '', out);
  return out.join('');
}

const options = {
  version: '1.1',
  lineWidth: 0,
  aliasDuplicateObjects: false,
  sortMapEntries: true,
  defaultStringType: 'PLAIN',
  indentSeq: false,
} as const;

const scalarDocument = (value: unknown): string => stringify(value, options);

const isEmptyOrScalar = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
};

/** Lines of a mapping or a sequence that is not empty; the first of them follows what stands there already. */
function block(value: object, indent: string, out: string[]): void {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      if (i > 0) out.push(indent);
      const text = scalar(item, indent, 2);
      if (text !== undefined) out.push('- ', text, '\n');
      else if (isEmptyOrScalar(item)) out.push(shifted(stringify([item], options), indent));
      else {
        out.push('- ');
        block(item, `${indent}  `, out);
      }
    }
    return;
  }
  let first = true;
  for (const [key, field] of Object.entries(value).sort(([a], [b]) => compareKeys(a, b))) {
    if (first) first = false;
    else out.push(indent);
    const name = keyText(key);
    const text = name === undefined ? undefined : scalar(field, indent, name.length);
    if (text !== undefined) out.push(name ?? '', text, '\n');
    else if (name === undefined || isEmptyOrScalar(field)) out.push(shifted(pair(key, field), indent));
    else if (Array.isArray(field)) {
      out.push(name.trimEnd(), '\n', indent);
      block(field, indent, out);
    } else {
      out.push(name.trimEnd(), '\n', indent, '  ');
      block(field, `${indent}  `, out);
    }
  }
}

/** Any name that a client chose, `__proto__` too. */
const pair = (key: string, value: unknown): string => stringify(Object.fromEntries([[key, value]]), options);

/** The lines of `text`, all but the first and the empty ones, further to the right. */
function shifted(text: string, indent: string): string {
  return indent === '' ? text : text.replace(/\n(?=[^\n])/g, `\n${indent}`);
}

/** Letters first, then nothing that means something in YAML; spaces and colons only where they are part of a word. */
const word = /^[A-Za-z/][\w./@=+-]*(?:[ :][\w./@=+][\w./@=+-]*)*$/;
/** What YAML 1.1 takes for something else than text. */
const meaning = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
const isWord = (text: string): boolean => text.length <= LONGEST_WORD && word.test(text) && !meaning.test(text);

const LONGEST_WORD = 1024;
const uid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Times and whole numbers, as text, are quoted. */
const quoted = /^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|[1-9]\d*|0)$/;

/** Other short strings come again and again: quantities, versions, descriptions. */
const values = new Map<string, string>();
/** And so do keys: the names of fields in managedFields. */
const keys = new Map<string, string>();
const MOST_REMEMBERED = 4096;
const LONGEST_REMEMBERED = 128;

/** Undefined where the text takes more than one line, or is not decided here. */
function scalar(value: unknown, indent: string, before: number): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : undefined;
    case 'string':
      return text(value, indent.length + before, indent.length + 2);
    case 'object':
      if (value === null) return 'null';
      if (isEmptyOrScalar(value)) return Array.isArray(value) ? '[]' : '{}';
      return undefined;
    default:
      return undefined;
  }
}

function text(value: string, column: number, indent: number): string {
  if (column + value.length <= NARROW && isWord(value)) return value;
  if (uid.test(value)) return value;
  if (quoted.test(value)) return `"${value}"`;
  if (column + value.length > NARROW || value.includes('\n')) return yamlScalar(value, column, indent);
  return remember(values, value, () => yamlScalar(value, 0, 0));
}

/** What ends before this column is never folded, not even with its quotes and escapes. */
const NARROW = 64;

/** A key with its colon and a space; undefined where it takes more than that. */
function keyText(key: string): string | undefined {
  if (isWord(key)) return `${key}: `;
  if (key.length > LONGEST_REMEMBERED) return undefined;
  if (key.includes('\n')) return undefined;
  return remember(keys, key, () => `${yamlKey(key)}: `);
}

function remember(known: Map<string, string>, text: string, make: () => string): string {
  let found = known.get(text);
  if (found === undefined) {
    found = make();
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(text, found);
  }
  return found;
}
