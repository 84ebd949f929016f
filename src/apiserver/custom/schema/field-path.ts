/** Paths that definitions name fields by: `.spec.items['key']`. They are held against the schema. */
import { Path } from '../../../schema/field-error.ts';
import type { Structural } from './structural.ts';

export interface FieldPath {
  readonly path: Path;
  readonly node: Structural | undefined;
  /** The first step. */
  readonly root: string;
}

/** Reads a path; an answer that is a text says what is wrong with it. */
export function fieldPath(text: string, root: Structural, options: { readonly arrays: boolean }): FieldPath | string {
  const tokens = tokensOf(text);
  let path = Path.root;
  let node: Structural | undefined = root;
  let first = '';
  for (let i = 0; i < tokens.length; ) {
    const token = tokens[i++];
    if (token !== '.' && token !== '[') return `expected [ or . but got: ${token}`;
    if (token === '[' && !options.arrays) return 'array notation is not allowed';
    const found = tokens[i++];
    if (found === undefined) return 'unexpected end of JSON path';
    const name = token === '[' ? unquoted(found) : { name: found };
    if (typeof name === 'string') return name;
    if (!node || (node.properties.size === 0 && !node.allowsAdditional)) return 'does not refer to a valid field';
    if (node.properties.size > 0) {
      path = path.child(name.name);
      if (!node.properties.has(name.name)) return 'does not refer to a valid field';
      node = node.properties.get(name.name);
    } else {
      path = path.key(name.name);
      node = node.additional;
    }
    first ||= name.name;
    if (token !== '[') continue;
    const close = tokens[i++];
    if (close === undefined) return 'unexpected end of JSON path';
    if (close !== ']') return `expected ] but got ${close}`;
  }
  return { path, node, root: first };
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
};

/** The name in quotes, or what is wrong with them. */
function unquoted(token: string): { readonly name: string } | string {
  if (!/^'.*'$/s.test(token) || token.length < 2) return `expected single quoted string but got ${token}`;
  let bad: string | undefined;
  const name = token.slice(1, -1).replace(/\\./gs, (found) => {
    const meant = escapes[found.charAt(1)];
    if (meant === undefined) bad = found;
    return meant ?? '';
  });
  return bad === undefined ? { name } : `invalid string literal: invalid escape char ${bad}`;
}

/** Dots and brackets, and what is between them; quotes hide both. */
function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; ) {
    const match = /^(?:[.[\]]|'.(?:[^'\\]|\\.)*'|''|'[\s\S]*|[^.[\]]+)/s.exec(text.slice(at));
    const token = match?.[0] ?? text.slice(at);
    tokens.push(token);
    at += token.length;
  }
  return tokens;
}
