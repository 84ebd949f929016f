/** Patterns of RE2's syntax, as Go's regexp reads them, to trees. */

export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'char'; readonly test: (code: number) => boolean }
  /** Looks at the characters around a place; -1 where there is none. */
  | { readonly kind: 'assert'; readonly test: (before: number, after: number) => boolean }
  | { readonly kind: 'concat'; readonly parts: readonly Node[] }
  | { readonly kind: 'alternate'; readonly parts: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly of: Node;
      readonly min: number;
      readonly max?: number;
      readonly greedy: boolean;
    };

export class RegExpError extends Error {
  constructor(what: string, where: string) {
    super(`${what}: \`${where}\``);
  }
}

interface Flags {
  readonly insensitive: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly swapGreedy: boolean;
}

type Test = (code: number) => boolean;
const MAX_REPEAT = 1000;
const MAX_DEPTH = 1000;

const between =
  (low: number, high: number): Test =>
  (code) =>
    code >= low && code <= high;
const anyOf =
  (tests: readonly Test[]): Test =>
  (code) =>
    tests.some((test) => test(code));
const not =
  (test: Test): Test =>
  (code) =>
    !test(code);

const digit = between(48, 57);
const lower = between(97, 122);
const upper = between(65, 90);
const word = anyOf([digit, lower, upper, between(95, 95)]);
const space: Test = (code) => code === 32 || code === 9 || code === 10 || code === 12 || code === 13;
const perl: Readonly<Record<string, Test>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
};
const graph = between(33, 126);
const alnum = anyOf([digit, lower, upper]);
const posix: Readonly<Record<string, Test>> = {
  alnum,
  alpha: anyOf([lower, upper]),
  ascii: between(0, 127),
  blank: (code) => code === 9 || code === 32,
  cntrl: (code) => code < 32 || code === 127,
  digit,
  graph,
  lower,
  print: between(32, 126),
  punct: (code) => graph(code) && !alnum(code),
  space: (code) => space(code) || code === 11,
  upper,
  word,
  xdigit: anyOf([digit, between(65, 70), between(97, 102)]),
};
const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

const isWord = (code: number) => code >= 0 && word(code);
const assertions: Readonly<Record<string, (before: number, after: number) => boolean>> = {
  A: (before) => before < 0,
  z: (_, after) => after < 0,
  b: (before, after) => isWord(before) !== isWord(after),
  B: (before, after) => isWord(before) === isWord(after),
};

/** Throws RegExpError. */
export function parseRegExp(pattern: string): Node {
  return new RegExpParser(pattern).parse();
}

class RegExpParser {
  readonly #pattern: string;
  #at = 0;
  #depth = 0;
  #flags: Flags = { insensitive: false, multiline: false, dotAll: false, swapGreedy: false };

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): Node {
    const node = this.#alternation();
    if (this.#at < this.#pattern.length) throw new RegExpError('unexpected )', this.#pattern);
    return node;
  }

  get #rest(): string {
    return this.#pattern.slice(this.#at);
  }

  #accept(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#pattern);
    if (!match) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #code(): number {
    const code = this.#pattern.codePointAt(this.#at) ?? -1;
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #alternation(): Node {
    if (++this.#depth > MAX_DEPTH) throw new RegExpError('expression nests too deeply', this.#pattern);
    const outer = this.#flags;
    const parts = [this.#concatenation()];
    while (this.#accept('|')) parts.push(this.#concatenation());
    this.#flags = outer;
    this.#depth--;
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'alternate', parts };
  }

  #concatenation(): Node {
    const parts: Node[] = [];
    while (
      this.#at < this.#pattern.length &&
      !this.#pattern.startsWith('|', this.#at) &&
      !this.#pattern.startsWith(')', this.#at)
    ) {
      const start = this.#at;
      if (this.#accept('\\Q')) {
        const end = this.#pattern.indexOf('\\E', this.#at);
        const text = this.#pattern.slice(this.#at, end < 0 ? undefined : end);
        for (const c of text) parts.push(this.#literal(c.codePointAt(0) as number));
        this.#at = end < 0 ? this.#pattern.length : end + 2;
        continue;
      }
      const atom = this.#atom();
      if (atom) parts.push(this.#repeated(atom, start));
    }
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'concat', parts };
  }

  #repeated(atom: Node, start: number): Node {
    const operator = /([*+?])|\{([0-9]+)(?:(,)([0-9]*))?\}/y;
    const first = this.#at;
    const match = this.#match(operator);
    if (!match) return atom;
    const lazy = this.#accept('?');
    const [text, symbol, low, comma, high] = match;
    let min = symbol === '+' ? 1 : 0;
    let max: number | undefined = symbol === '?' ? 1 : undefined;
    if (low !== undefined) {
      min = Number(low);
      max = comma === undefined ? min : high === '' ? undefined : Number(high);
      if (min > MAX_REPEAT || (max !== undefined && (max > MAX_REPEAT || max < min))) {
        throw new RegExpError('invalid repeat count', text);
      }
      if (product(atom) * Math.max(min, max ?? 0) > MAX_REPEAT) {
        throw new RegExpError('invalid repeat count', this.#pattern.slice(start, this.#at));
      }
    }
    const next = this.#at;
    if (this.#match(operator)) {
      throw new RegExpError('invalid nested repetition operator', this.#pattern.slice(first, this.#at));
    }
    this.#at = next;
    return { kind: 'repeat', of: atom, min, max, greedy: lazy === this.#flags.swapGreedy };
  }

  #atom(): Node | undefined {
    const start = this.#at;
    switch (this.#pattern[this.#at]) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'char', test: this.#class() };
      case '.':
        this.#at++;
        return { kind: 'char', test: this.#flags.dotAll ? () => true : (code) => code !== 10 };
      case '^':
        this.#at++;
        return { kind: 'assert', test: this.#flags.multiline ? (b) => b < 0 || b === 10 : (b) => b < 0 };
      case '$':
        this.#at++;
        return { kind: 'assert', test: this.#flags.multiline ? (_, a) => a < 0 || a === 10 : (_, a) => a < 0 };
      case '*':
      case '+':
      case '?':
        this.#at++;
        this.#accept('?');
        throw new RegExpError('missing argument to repetition operator', this.#pattern.slice(start, this.#at));
      case '\\': {
        const assertion = assertions[this.#pattern[this.#at + 1] ?? ''];
        if (assertion) {
          this.#at += 2;
          return { kind: 'assert', test: assertion };
        }
        const named = this.#namedClass();
        if (named) return { kind: 'char', test: named };
        return this.#literal(this.#escape());
      }
      default:
        return this.#literal(this.#code());
    }
  }

  #literal(code: number): Node {
    return { kind: 'char', test: this.#flags.insensitive ? folded((c) => c === code) : (c) => c === code };
  }

  #group(): Node | undefined {
    const start = this.#at;
    this.#at++;
    if (this.#accept('?')) {
      const name = this.#match(/P?<([^>]*)>/y);
      if (name) {
        if (!/^[A-Za-z0-9_]+$/.test(name[1] ?? '')) {
          throw new RegExpError('invalid named capture', this.#pattern.slice(start, this.#at));
        }
      } else {
        const flags = this.#match(/([imsU]*)(?:-([imsU]+))?([:)])/y);
        if (!flags) {
          // As far as it was read: the first letter that is no flag.
          const shown = /^\(\?[imsU-]*[^imsU-]?/.exec(this.#pattern.slice(start))?.[0] ?? '';
          throw new RegExpError('invalid or unsupported Perl syntax', shown);
        }
        const outer = this.#flags;
        const changed = { ...outer };
        const names = { i: 'insensitive', m: 'multiline', s: 'dotAll', U: 'swapGreedy' } as const;
        for (const c of flags[1] ?? '') changed[names[c as keyof typeof names]] = true;
        for (const c of flags[2] ?? '') changed[names[c as keyof typeof names]] = false;
        this.#flags = changed;
        // Without a body the flags hold for the rest of the group around.
        if (flags[3] === ')') return undefined;
        const inner = this.#closed();
        this.#flags = outer;
        return inner;
      }
    }
    return this.#closed();
  }

  #closed(): Node {
    const inner = this.#alternation();
    if (!this.#accept(')')) throw new RegExpError('missing closing )', this.#pattern);
    return inner;
  }

  #class(): Test {
    const start = this.#at;
    this.#at++;
    const negated = this.#accept('^');
    const tests: Test[] = [];
    for (let first = true; first || this.#pattern[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#pattern.length) throw new RegExpError('missing closing ]', this.#pattern.slice(start));
      const named = this.#match(/\[:(\^?)([a-z]+):\]/y);
      if (named) {
        const test = posix[named[2] ?? ''];
        if (!test) throw new RegExpError('invalid character class range', named[0]);
        tests.push(named[1] ? not(test) : test);
        continue;
      }
      const shorthand = this.#pattern[this.#at] === '\\' ? this.#namedClass() : undefined;
      if (shorthand) {
        tests.push(shorthand);
        continue;
      }
      const from = this.#at;
      const low = this.#classChar(start);
      let high = low;
      if (
        this.#pattern[this.#at] === '-' &&
        this.#pattern[this.#at + 1] !== ']' &&
        this.#at + 1 < this.#pattern.length
      ) {
        this.#at++;
        high = this.#classChar(start);
        if (high < low) throw new RegExpError('invalid character class range', this.#pattern.slice(from, this.#at));
      }
      tests.push(between(low, high));
    }
    this.#at++;
    const any = this.#flags.insensitive ? folded(anyOf(tests)) : anyOf(tests);
    return negated ? not(any) : any;
  }

  #classChar(start: number): number {
    if (this.#at >= this.#pattern.length) throw new RegExpError('missing closing ]', this.#pattern.slice(start));
    return this.#pattern[this.#at] === '\\' ? this.#escape() : this.#code();
  }

  /** \d and its like, \pL, \p{Greek}, \P{...}. */
  #namedClass(): Test | undefined {
    const letter = this.#pattern[this.#at + 1] ?? '';
    const simple = perl[letter];
    if (simple) {
      this.#at += 2;
      return simple;
    }
    if (letter !== 'p' && letter !== 'P') return undefined;
    const match = this.#match(/\\[pP](?:\{(\^?)([^}]*)\}|(.))/uy);
    if (!match) throw new RegExpError('invalid character class range', this.#rest);
    const name = match[2] ?? match[3] ?? '';
    const test = unicodeClass(name);
    if (!test) throw new RegExpError('invalid character class range', match[0]);
    return (letter === 'P') !== (match[1] === '^') ? not(test) : test;
  }

  #escape(): number {
    const start = this.#at;
    this.#at++;
    if (this.#at >= this.#pattern.length) throw new RegExpError('trailing backslash at end of expression', '');
    const hex = this.#match(/x(?:\{([0-9a-fA-F]{1,8})\}|([0-9a-fA-F]{2}))/y);
    if (hex) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (code <= 0x10ffff) return code;
      throw new RegExpError('invalid escape sequence', this.#pattern.slice(start, this.#at));
    }
    const octal = this.#match(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y);
    if (octal) return Number.parseInt(octal[0], 8);
    const code = this.#code();
    const c = String.fromCodePoint(code);
    const control = controls[c];
    if (control !== undefined) return control;
    if (code < 0x80 && !/[A-Za-z0-9]/.test(c)) return code;
    throw new RegExpError('invalid escape sequence', this.#pattern.slice(start, this.#at));
  }
}

/** What repetitions within repetitions multiply to. */
function product(node: Node): number {
  switch (node.kind) {
    case 'concat':
    case 'alternate':
      return Math.max(1, ...node.parts.map(product));
    case 'repeat':
      return Math.max(1, node.min, node.max ?? 0) * product(node.of);
    default:
      return 1;
  }
}

function folded(test: Test): Test {
  return (code) => {
    if (test(code)) return true;
    const c = String.fromCodePoint(code);
    const [low, up] = [c.toLowerCase(), c.toUpperCase()];
    return test(low.codePointAt(0) as number) || (Array.from(up).length === 1 && test(up.codePointAt(0) as number));
  };
}

function unicodeClass(name: string): Test | undefined {
  if (name === 'Any') return () => true;
  if (!/^[A-Za-z_]+$/.test(name)) return undefined;
  for (const property of name.length <= 2 ? [name, `Script=${name}`] : [`Script=${name}`]) {
    try {
      const pattern = new RegExp(`^\\p{${property}}$`, 'u');
      return (code) => pattern.test(String.fromCodePoint(code));
    } catch {
      // No property of that name: perhaps the other kind.
    }
  }
  return undefined;
}
