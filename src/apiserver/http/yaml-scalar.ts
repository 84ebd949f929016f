/**
 * Text as a YAML scalar, quoted and folded as Kubernetes' YAML library does (go.yaml.in/yaml/v2): plain where that is
 * read back as text, else in double quotes where it would be read as something else and in single quotes where only
 * its characters are in the way; lines as a literal block; folded at the first space after column 80.
 */
const WIDTH = 80;

/** `column`: where the text starts; `indent`: where its further lines do. */
export function yamlScalar(text: string, column: number, indent: number): string {
  const found = analyze(text);
  if (text.includes('\n')) return found.block ? literal(text, indent) : doubleQuoted(text, column, indent);
  if (!isText(text)) return doubleQuoted(text, column, indent);
  if (found.plain) return folded(text, column, indent);
  return found.single ? singleQuoted(text, column, indent) : doubleQuoted(text, column, indent);
}

/** Text as the key of a mapping: on one line. */
export function yamlKey(text: string): string {
  const found = analyze(text);
  if (text.includes('\n') || !isText(text)) return doubleQuoted(text, 0, 0, Number.POSITIVE_INFINITY);
  if (found.plain) return text;
  return found.single ? `'${text.replaceAll("'", "''")}'` : doubleQuoted(text, 0, 0, Number.POSITIVE_INFINITY);
}

const indicator = /^(?:[#,[\]{}&*!|>'"%@`]|---|\.\.\.|[?:-](?:[ \t]|$))|:(?:[ \t]|$)|[ \t\n\u0085\u2028\u2029]#/;
const breaks = /[\r\n\u0085\u2028\u2029]/;
const unprintable = /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

interface Style {
  readonly plain: boolean;
  readonly single: boolean;
  readonly block: boolean;
}

function analyze(text: string): Style {
  const special = unprintable.test(text) || / [\r\n\u0085\u2028\u2029]/.test(text);
  const breakSpace = /[\r\n\u0085\u2028\u2029] /.test(text);
  const edge = text.startsWith(' ') || text.endsWith(' ');
  return {
    plain: !(special || breakSpace || edge || breaks.test(text) || indicator.test(text)),
    single: !(special || breakSpace),
    block: !special && !text.endsWith(' '),
  };
}

const words =
  /^(?:y|Y|n|N|(?:yes|true|on|no|false|off|null)|(?:Yes|True|On|No|False|Off|Null)|(?:YES|TRUE|ON|NO|FALSE|OFF|NULL)|~?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const integer = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const sexagesimal = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const time =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2}))|(?: ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?))?$/;

/** Whether what is written plainly is read as text. */
function isText(text: string): boolean {
  if (words.test(text)) return false;
  if (text.startsWith('.')) return !(float.test(text) && Number.isFinite(Number(text)));
  if (!/^[-+0-9]/.test(text)) return true;
  if (sexagesimal.test(text) || isTime(text)) return false;
  const digits = text.replaceAll('_', '');
  if (integer.test(digits)) return !fits(digits);
  return !(float.test(digits) && Number.isFinite(Number(digits)));
}

function fits(digits: string): boolean {
  const size = BigInt(digits.replace(/^[-+]/, '').toLowerCase());
  if (digits.startsWith('-')) return size <= 2n ** 63n;
  return size < (digits.startsWith('+') ? 2n ** 63n : 2n ** 64n);
}

/** Whether YAML 1.1 reads a text as a time. */
export function isTime(text: string): boolean {
  const match = time.exec(text);
  if (!match) return false;
  const [year = 0, month = 0, day = 0, ...clocks] = match.slice(1).map((part) => Number(part ?? 0));
  const [hour = 0, minute = 0, second = 0, hour2 = 0, minute2 = 0, second2 = 0] = clocks;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return false;
  return Math.max(hour, hour2) < 24 && Math.max(minute, minute2, second, second2) < 60;
}

const newLine = (indent: number): string => `\n${' '.repeat(indent)}`;

/** Breaks at single spaces beyond the width. `quote` is doubled. */
function folded(text: string, start: number, indent: number, quote = ''): string {
  if (quote === '' && start + text.length <= WIDTH) return text;
  const characters = [...text];
  let out = '';
  let column = start;
  let space = false;
  for (const [i, character] of characters.entries()) {
    const inside = i > 0 && i < characters.length - 1;
    if (character === ' ' && !space && column > WIDTH && inside && characters[i + 1] !== ' ') {
      out += newLine(indent);
      column = indent;
    } else if (character === quote) {
      out += quote + quote;
      column += 2;
    } else {
      out += character;
      column++;
    }
    space = character === ' ';
  }
  return out;
}

const singleQuoted = (text: string, column: number, indent: number): string =>
  `'${folded(text, column + 1, indent, "'")}'`;

const escapes: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\u0085': 'N',
  '\u00a0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};

function escaped(character: string): string {
  const short = escapes[character];
  if (character === '\u00a0') return character;
  if (short !== undefined) return `\\${short}`;
  if (!unprintable.test(character)) return character;
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
}

function doubleQuoted(text: string, start: number, indent: number, width = WIDTH): string {
  const characters = [...text];
  let out = '"';
  let column = start + 1;
  let space = false;
  for (const [i, character] of characters.entries()) {
    const inside = i > 0 && i < characters.length - 1;
    if (character === ' ' && !space && column > width && inside) {
      out += newLine(indent);
      column = indent;
      if (characters[i + 1] === ' ') {
        out += '\\';
        column++;
      }
    } else {
      const written = escaped(character);
      out += written;
      column += [...written].length;
    }
    space = character === ' ';
  }
  return `${out}"`;
}

/** A block that keeps its lines; without the line's end after it. */
function literal(text: string, indent: number): string {
  const hint = /^[ \n\u2028\u2029]/.test(text) ? '2' : '';
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
  const lines = text.replace(/\n$/, '').split('\n');
  return `|${hint}${chomp}\n${lines.map((line) => (line === '' ? '' : ' '.repeat(indent) + line)).join('\n')}`;
}

/** The order of keys: letters by their code, other characters before letters, numbers by their value. */
export function compareKeys(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [x = '', y = ''] = [left[i], right[i]];
    if (x === y) continue;
    const [xl, yl] = [letter.test(x), letter.test(y)];
    if (xl !== yl) return xl ? 1 : -1;
    if (!xl) {
      const zeros = (x === '0' || y === '0') && /[1-9][0-9]*$/.test(left.slice(0, i).join('')) ? '1' : '0';
      const [m, n] = [digitsAt(left, i), digitsAt(right, i)];
      const [p, q] = [BigInt(zeros + m), BigInt(zeros + n)];
      if (p !== q) return p < q ? -1 : 1;
      if (m.length !== n.length) return m.length - n.length;
    }
    return (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0);
  }
  return left.length - right.length;
}

const letter = /^\p{L}$/u;

const digitsAt = (characters: readonly string[], at: number): string =>
  /^[0-9]*/.exec(characters.slice(at).join(''))?.[0] ?? '';
