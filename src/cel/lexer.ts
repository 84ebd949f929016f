/** Source text to tokens, by the longest match, as https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax has it. */
import type { Issue } from './issues.ts';

export type TokenType =
  | 'EOF'
  | 'IDENTIFIER'
  | 'ESC_IDENTIFIER'
  | 'NUM_INT'
  | 'NUM_UINT'
  | 'NUM_FLOAT'
  | 'STRING'
  | 'BYTES'
  | (typeof symbols)[number]
  | (typeof keywords)[number];

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly offset: number;
}

const keywords = ['in', 'true', 'false', 'null'] as const;
const symbols = [
  '==', '!=', '<=', '>=', '&&', '||',
  '<', '>', '[', ']', '{', '}', '(', ')', '.', ',', '-', '!', '?', ':', '+', '*', '/', '%',
] as const; // biome-ignore format: longest first, as a table

const hidden = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/y;
const float = /(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/y;
const uint = /(?:0x[0-9a-fA-F]+|[0-9]+)[uU]/y;
const int = /(?:0x[0-9a-fA-F]+|[0-9]+)/y;
const identifier = /[A-Za-z_][A-Za-z0-9_]*/y;
const escaped = /`[A-Za-z0-9_.\-/ ]+`/y;
const escapeForm = String.raw`\\(?:[abfnrtv"'\\?\x60]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7][0-7])`;
const string = new RegExp(
  [
    `"""(?:${escapeForm}|[^\\\\])*?"""`,
    `'''(?:${escapeForm}|[^\\\\])*?'''`,
    `"(?:${escapeForm}|[^\\\\"\\n\\r])*"`,
    `'(?:${escapeForm}|[^\\\\'\\n\\r])*'`,
    `[rR]"""[^]*?"""`,
    `[rR]'''[^]*?'''`,
    `[rR]"[^"\\n\\r]*"`,
    `[rR]'[^'\\n\\r]*'`,
  ].join('|'),
  'y',
);
/** How far a string gets that does not end: the characters it could have, and the start of a wrong escape. */
const partialEscape = String.raw`(?:\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?)?`;
const partial: readonly RegExp[] = [
  new RegExp(`"(?:${escapeForm}|[^\\\\"\\n\\r])*${partialEscape}`, 'y'),
  new RegExp(`'(?:${escapeForm}|[^\\\\'\\n\\r])*${partialEscape}`, 'y'),
  /`[A-Za-z0-9_.\-/ ]*/y,
  /[&|=]/y,
];

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

/** All tokens, the last one EOF. What is no token is told in `issues` and left out. */
export function tokenize(source: string, issues: Issue[]): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(hidden, source, at)?.length ?? 0;
    if (at >= source.length) break;
    const token = tokenAt(source, at);
    if (token) {
      tokens.push(token);
      at += token.text.length;
      continue;
    }
    // The text that could still have become a token, and the character that says it will not.
    const tried = Math.max(0, ...partial.map((pattern) => matchAt(pattern, source, at)?.length ?? 0));
    const stop = at + tried;
    const width = stop < source.length ? ((source.codePointAt(stop) ?? 0) > 0xffff ? 2 : 1) : 0;
    const shown = source
      .slice(at, stop + width)
      .replaceAll('\n', '\\n')
      .replaceAll('\t', '\\t')
      .replaceAll('\r', '\\r');
    issues.push({ message: `Syntax error: token recognition error at: '${shown}'`, offset: at });
    at = stop + width;
  }
  tokens.push({ type: 'EOF', text: '<EOF>', offset: source.length });
  return tokens;
}

function tokenAt(source: string, offset: number): Token | undefined {
  const c = source[offset] ?? '';
  if ((c >= '0' && c <= '9') || c === '.') {
    const asFloat = matchAt(float, source, offset);
    const asUint = c === '.' ? undefined : matchAt(uint, source, offset);
    const asInt = c === '.' ? undefined : matchAt(int, source, offset);
    if (asFloat && asFloat.length > (asUint ?? asInt ?? '').length) return { type: 'NUM_FLOAT', text: asFloat, offset };
    if (asUint) return { type: 'NUM_UINT', text: asUint, offset };
    if (asInt) return { type: 'NUM_INT', text: asInt, offset };
    return { type: '.', text: '.', offset };
  }
  const bytes = c === 'b' || c === 'B' ? matchAt(string, source, offset + 1) : undefined;
  if (bytes !== undefined) return { type: 'BYTES', text: c + bytes, offset };
  const text = matchAt(string, source, offset);
  if (text !== undefined) return { type: 'STRING', text, offset };
  const name = matchAt(identifier, source, offset);
  if (name !== undefined) return { type: keywords.find((word) => word === name) ?? 'IDENTIFIER', text: name, offset };
  const quoted = matchAt(escaped, source, offset);
  if (quoted !== undefined) return { type: 'ESC_IDENTIFIER', text: quoted, offset };
  const symbol = symbols.find((s) => source.startsWith(s, offset));
  return symbol && { type: symbol, text: symbol, offset };
}
