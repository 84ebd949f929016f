/** String and bytes literals: quotes off, escapes resolved. */

const named: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** The text of a string literal with its quotes (and `r`, not `b`). Throws an Error in cel-go's words. */
export function unescapeString(literal: string): string {
  const { text, raw } = unquote(literal);
  if (raw || !text.includes('\\')) return text;
  return text.replaceAll(escapes, (_, ...[hex, short, long, octal, single]: (string | undefined)[]) => {
    const digits = hex ?? short ?? long;
    if (digits === undefined && octal === undefined) return simple(single);
    const code = digits === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(digits, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new Error('invalid unicode code point');
    return String.fromCodePoint(code);
  });
}

/** The bytes of a bytes literal, its `b` taken off: escapes of two hex or three octal digits are bytes, not characters. */
export function unescapeBytes(literal: string): Uint8Array {
  const { text, raw } = unquote(literal);
  if (raw || !text.includes('\\')) return Buffer.from(text);
  const parts: Buffer[] = [];
  let end = 0;
  for (const match of text.matchAll(escapes)) {
    const [all, hex, short, long, octal, single] = match;
    if (short !== undefined || long !== undefined) throw new Error('unable to unescape string');
    parts.push(Buffer.from(text.slice(end, match.index)));
    if (hex !== undefined) parts.push(Buffer.from(hex, 'hex'));
    else parts.push(octal === undefined ? Buffer.from(simple(single)) : Buffer.of(Number.parseInt(octal, 8)));
    end = match.index + all.length;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(end))]);
}

const escapes = /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7][0-7])|(.))/gu;

function simple(c = ''): string {
  const code = named[c];
  return code === undefined ? c : String.fromCharCode(code);
}

function unquote(literal: string): { text: string; raw: boolean } {
  const normal = literal.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const raw = normal[0] === 'r' || normal[0] === 'R';
  const quoted = raw ? normal.slice(1) : normal;
  const triple = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''"));
  const width = triple ? 3 : 1;
  return { text: quoted.slice(width, -width), raw };
}
