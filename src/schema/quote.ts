const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** What needs no escape, as nearly all that is ever quoted. */
const plain = /^[ !#-[\]-~]*$/;
/** Quotes, backslashes, what does not print, and spaces other than the plain one. */
const special = /["\\\p{C}]|(?! )\p{Z}/gu;

/** Quotes text as Go's %q does: Kubernetes' messages are full of it. */
export function quote(text: string): string {
  return plain.test(text) ? `"${text}"` : `"${text.replace(special, escaped)}"`;
}

function escaped(c: string): string {
  const code = c.codePointAt(0) ?? 0;
  const hex = (width: number) => code.toString(16).padStart(width, '0');
  if (named[c]) return named[c];
  if (code < 0x20 || code === 0x7f) return `\\x${hex(2)}`;
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return code > 0xffff ? `\\U${hex(8)}` : `\\u${hex(4)}`;
}
