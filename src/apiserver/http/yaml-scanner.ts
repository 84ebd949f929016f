/** What is wrong with a YAML text, in the words of Kubernetes' parser. */
export class YamlProblem extends Error {
  override name = 'YamlProblem';
}

export type TokenType =
  | 'end of stream'
  | 'version directive'
  | 'tag directive'
  | 'document start'
  | 'document end'
  | 'block sequence'
  | 'block mapping'
  | 'block end'
  | '['
  | ']'
  | '{'
  | '}'
  | ','
  | 'entry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar';

export interface Token {
  readonly type: TokenType;
  /** Of its first character, from 0. */
  readonly line: number;
  /** Of scalars the text, of anchors and aliases the name, of tags the suffix. */
  readonly text: string;
  /** Of tags and their directives. */
  readonly handle: string;
  /** Of scalars: without quotes, and no block. */
  readonly plain: boolean;
}

/** A place where a key may have begun that has no question mark: known only when its colon comes. */
interface SimpleKey {
  possible: boolean;
  /** Nothing but a key can stand there. */
  required: boolean;
  /** Number of the key's first token. */
  token: number;
  at: number;
  line: number;
  column: number;
}

const MOST_DEPTH = 10_000;
const LONGEST_KEY = 1024;
/** Tokens that are kept after they were taken. */
const MOST_TAKEN = 1024;
/** Ends a text, so that every look ahead finds something. */
const END = '\0\0\0\0';

const notAllowed = /[^\t\n\r\x20-\x7e\u0085\u00a0-\ufffd]/;
const name = /[0-9A-Za-z_-]*/y;
const tagUri = /(?:[0-9A-Za-z_\-;/?:@&=+$,.!~*'()[\]]|%[0-9A-Fa-f]{2})*/y;
const version = /[ \t]*(\d*)(\.?)(\d*)/y;
const documentMark = /(?:---|\.\.\.)[ \t\r\n\u0085\u2028\u2029\0]/y;

const isBlank = (c: string | undefined): boolean => c === ' ' || c === '\t';
const isBreak = (c: string | undefined): boolean =>
  c === '\n' || c === '\r' || c === '\u0085' || c === '\u2028' || c === '\u2029';
const endsWord = (c: string | undefined): boolean => isBlank(c) || isBreak(c) || c === '\0';
const endsLine = (c: string | undefined): boolean => isBreak(c) || c === '\0';

const escapes: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['a', '\x07'],
  ['b', '\b'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\x1b'],
  [' ', ' '],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['N', '\u0085'],
  ['_', '\u00a0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);
const hexLength: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/**
 * Splits a YAML 1.1 text into tokens, one at a time, so that whichever is wrong first is told, the text or its
 * grammar. Indentation becomes tokens of its own; a key is found when its colon comes, within a line and 1,024
 * characters, and its token is put in before what was read since.
 */
export class YamlScanner {
  readonly #text: string;
  #at = 0;
  #line = 0;
  #lineStart = 0;
  #tokens: Token[] = [];
  #head = 0;
  /** Tokens that were taken. */
  #taken = 0;
  #started = false;
  #indent = -1;
  readonly #indents: number[] = [];
  /** Brackets that are open. */
  #flow = 0;
  #keyAllowed = true;
  /** One for the block and one for each bracket that is open. */
  readonly #keys: SimpleKey[] = [noKey()];
  readonly #keyOfToken = new Map<number, SimpleKey>();

  /** Throws YamlProblem. */
  constructor(text: string) {
    if (notAllowed.test(text)) throw new YamlProblem('control characters are not allowed');
    this.#text = text + END;
  }

  /** The next token, which stays the next. Throws YamlProblem. */
  peek(): Token {
    for (;;) {
      const token = this.#tokens[this.#head];
      if (token) {
        const key = this.#keyOfToken.get(this.#taken);
        if (!key || !this.#stillPossible(key)) return token;
      }
      this.#fetch();
    }
  }

  skip(): void {
    this.#head++;
    this.#taken++;
    if (this.#head < this.#tokens.length && this.#head < MOST_TAKEN) return;
    this.#tokens = this.#tokens.slice(this.#head);
    this.#head = 0;
  }

  /* ---- tokens ---- */

  get #column(): number {
    return this.#at - this.#lineStart;
  }

  /** Problems on the first line come without its number. */
  #fail(problem: string, contextLine = 0): never {
    const line = this.#line > 0 ? this.#line + 1 : contextLine;
    throw new YamlProblem(line > 0 ? `line ${line}: ${problem}` : problem);
  }

  #push(type: TokenType, line = this.#line, text = '', more: { handle?: string; plain?: boolean } = {}): void {
    this.#tokens.push({ type, line, text, handle: more.handle ?? '', plain: more.plain ?? false });
  }

  #insert(number: number, type: TokenType, line: number): void {
    const token = { type, line, text: '', handle: '', plain: false };
    this.#tokens.splice(this.#head + number - this.#taken, 0, token);
  }

  #fetch(): void {
    if (!this.#started) {
      this.#started = true;
      if (this.#text[0] === '\ufeff') this.#skipColumnless();
    }
    this.#toNextToken();
    this.#unroll(this.#column);
    const text = this.#text;
    const c = text[this.#at] ?? '\0';
    const next = text[this.#at + 1];
    if (c === '\0') {
      this.#fetchEnd();
      return;
    }
    if (this.#column === 0) {
      if (c === '%') {
        this.#endBlock();
        this.#directive();
        return;
      }
      documentMark.lastIndex = this.#at;
      if (documentMark.test(text)) {
        this.#endBlock();
        this.#push(c === '-' ? 'document start' : 'document end');
        this.#at += 3;
        return;
      }
    }
    switch (c) {
      case '[':
      case '{':
        this.#saveKey();
        this.#keys.push({ ...noKey(), token: this.#nextToken });
        if (++this.#flow > MOST_DEPTH) this.#fail(`exceeded max depth of ${MOST_DEPTH}`);
        this.#keyAllowed = true;
        this.#take(c);
        return;
      case ']':
      case '}':
        this.#removeKey();
        if (this.#flow > 0) {
          this.#flow--;
          // Kubernetes' parser forgets that a bracket itself may be a key where nothing in it was one.
          this.#keyOfToken.delete(this.#keys.pop()?.token ?? -1);
        }
        this.#keyAllowed = false;
        this.#take(c);
        return;
      case ',':
        this.#removeKey();
        this.#keyAllowed = true;
        this.#take(c);
        return;
      case '-':
        if (!endsWord(next)) break;
        if (this.#flow === 0) {
          if (!this.#keyAllowed) this.#fail('block sequence entries are not allowed in this context');
          this.#roll(this.#column, undefined, 'block sequence', this.#line);
        }
        this.#removeKey();
        this.#keyAllowed = true;
        this.#take('entry');
        return;
      case '?':
        if (this.#flow === 0 && !endsWord(next)) break;
        this.#needKeyAllowed('mapping keys are not allowed in this context');
        this.#removeKey();
        this.#keyAllowed = this.#flow === 0;
        this.#take('key');
        return;
      case ':':
        if (this.#flow === 0 && !endsWord(next)) break;
        this.#value();
        return;
      case '*':
      case '&':
        this.#saveKey();
        this.#keyAllowed = false;
        this.#anchor(c === '*' ? 'alias' : 'anchor');
        return;
      case '!':
        this.#saveKey();
        this.#keyAllowed = false;
        this.#tag();
        return;
      case '|':
      case '>':
        if (this.#flow > 0) break;
        this.#removeKey();
        this.#keyAllowed = true;
        this.#block(c === '|');
        return;
      case "'":
      case '"':
        this.#saveKey();
        this.#keyAllowed = false;
        this.#quoted(c);
        return;
    }
    const begins =
      !(endsWord(c) || '-?:,[]{}#&*!|>\'"%@`'.includes(c)) ||
      (c === '-' && !isBlank(next)) ||
      (this.#flow === 0 && (c === '?' || c === ':') && !endsWord(next));
    if (!begins) this.#fail('found character that cannot start any token');
    this.#saveKey();
    this.#keyAllowed = false;
    this.#plain();
  }

  #take(type: TokenType): void {
    this.#push(type);
    this.#at++;
  }

  /** A mark of the order of bytes takes no room on its line. */
  #skipColumnless(): void {
    this.#at++;
    this.#lineStart++;
  }

  #fetchEnd(): void {
    if (this.#column !== 0) {
      this.#line++;
      this.#lineStart = this.#at;
    }
    this.#endBlock();
    this.#push('end of stream');
  }

  #endBlock(): void {
    this.#unroll(-1);
    this.#removeKey();
    this.#keyAllowed = false;
  }

  #toNextToken(): void {
    const text = this.#text;
    for (;;) {
      while (text[this.#at] === ' ' || ((this.#flow > 0 || !this.#keyAllowed) && text[this.#at] === '\t')) this.#at++;
      this.#comment();
      if (!isBreak(text[this.#at])) return;
      this.#lineBreak();
      if (this.#flow === 0) this.#keyAllowed = true;
    }
  }

  #comment(): void {
    if (this.#text[this.#at] === '#') while (!endsLine(this.#text[this.#at])) this.#at++;
  }

  #blanks(): void {
    while (isBlank(this.#text[this.#at])) this.#at++;
  }

  /** Takes a line break and returns what it means. */
  #lineBreak(): string {
    const c = this.#text[this.#at] ?? '\0';
    if (!isBreak(c)) return '';
    this.#at += c === '\r' && this.#text[this.#at + 1] === '\n' ? 2 : 1;
    this.#line++;
    this.#lineStart = this.#at;
    return c === '\u2028' || c === '\u2029' ? c : '\n';
  }

  /* ---- indentation and keys ---- */

  #roll(column: number, before: number | undefined, type: TokenType, line: number): void {
    if (this.#flow > 0 || this.#indent >= column) return;
    this.#indents.push(this.#indent);
    this.#indent = column;
    if (this.#indents.length > MOST_DEPTH) this.#fail(`exceeded max depth of ${MOST_DEPTH}`);
    if (before === undefined) this.#push(type, line);
    else this.#insert(before, type, line);
  }

  #unroll(column: number): void {
    if (this.#flow > 0) return;
    while (this.#indent > column) {
      this.#push('block end');
      this.#indent = this.#indents.pop() ?? -1;
    }
  }

  #stillPossible(key: SimpleKey): boolean {
    if (!key.possible) return false;
    if (key.line === this.#line && key.at + LONGEST_KEY >= this.#at) return true;
    if (key.required) this.#fail("could not find expected ':'", key.line);
    key.possible = false;
    this.#keyOfToken.delete(key.token);
    return false;
  }

  /** Number of the token that is made next. */
  get #nextToken(): number {
    return this.#taken + this.#tokens.length - this.#head;
  }

  get #key(): SimpleKey {
    return this.#keys.at(-1) ?? noKey();
  }

  #saveKey(): void {
    if (!this.#keyAllowed) return;
    this.#removeKey();
    const key = {
      possible: true,
      required: this.#flow === 0 && this.#indent === this.#column,
      token: this.#nextToken,
      at: this.#at,
      line: this.#line,
      column: this.#column,
    };
    this.#keys[this.#keys.length - 1] = key;
    this.#keyOfToken.set(key.token, key);
  }

  #removeKey(): void {
    const key = this.#key;
    if (!key.possible) return;
    if (key.required) this.#fail("could not find expected ':'", key.line);
    key.possible = false;
    this.#keyOfToken.delete(key.token);
  }

  #needKeyAllowed(problem: string): void {
    if (this.#flow > 0) return;
    if (!this.#keyAllowed) this.#fail(problem);
    this.#roll(this.#column, undefined, 'block mapping', this.#line);
  }

  #value(): void {
    const key = this.#key;
    if (this.#stillPossible(key)) {
      this.#insert(key.token, 'key', key.line);
      this.#roll(key.column, key.token, 'block mapping', key.line);
      key.possible = false;
      this.#keyOfToken.delete(key.token);
      this.#keyAllowed = false;
    } else {
      this.#needKeyAllowed('mapping values are not allowed in this context');
      this.#keyAllowed = this.#flow === 0;
    }
    this.#take('value');
  }

  /* ---- directives, anchors, tags ---- */

  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    // All of them match nothing at all, too.
    if (!found) throw new Error('unreachable');
    this.#at += found[0].length;
    return found;
  }

  #directive(): void {
    const line = this.#line;
    this.#at++;
    const [word] = this.#match(name);
    if (word === '') this.#fail('could not find expected directive name', line);
    if (!endsWord(this.#text[this.#at])) this.#fail('found unexpected non-alphabetical character', line);
    if (word === 'YAML') this.#push('version directive', line, this.#version(line));
    else if (word === 'TAG') {
      this.#blanks();
      const handle = this.#tagHandle(true, line);
      if (!isBlank(this.#text[this.#at])) this.#fail('did not find expected whitespace', line);
      this.#blanks();
      const prefix = this.#tagUri('', line);
      if (!endsWord(this.#text[this.#at])) this.#fail('did not find expected whitespace or line break', line);
      this.#push('tag directive', line, prefix, { handle });
    } else this.#fail('found unknown directive name', line);
    this.#restOfLine(line);
  }

  #version(line: number): string {
    const [, major = '', dot, minor = ''] = this.#match(version);
    for (const number of [major, minor]) {
      if (number.length > 2) this.#fail('found extremely long version number', line);
      if (number === '' && (number === major || dot)) this.#fail('did not find expected version number', line);
      if (!dot) this.#fail("did not find expected digit or '.' character", line);
    }
    return `${Number(major)}.${Number(minor)}`;
  }

  /** Nothing but a comment may follow. */
  #restOfLine(line: number): void {
    this.#blanks();
    this.#comment();
    if (!endsLine(this.#text[this.#at])) this.#fail('did not find expected comment or line break', line);
    this.#lineBreak();
  }

  #anchor(type: 'alias' | 'anchor'): void {
    const line = this.#line;
    this.#at++;
    const [word] = this.#match(name);
    const after = this.#text[this.#at] ?? '\0';
    if (word === '' || !(endsWord(after) || '?:,]}%@`'.includes(after)))
      this.#fail('did not find expected alphabetic or numeric character', line);
    this.#push(type, line, word);
  }

  #tag(): void {
    const line = this.#line;
    let handle = '';
    let suffix = '';
    if (this.#text[this.#at + 1] === '<') {
      this.#at += 2;
      suffix = this.#tagUri('', line);
      if (this.#text[this.#at] !== '>') this.#fail("did not find the expected '>'", line);
      this.#at++;
    } else {
      handle = this.#tagHandle(false, line);
      if (handle.length > 1 && handle.endsWith('!')) suffix = this.#tagUri('', line);
      else {
        suffix = this.#tagUri(handle, line);
        handle = '!';
        if (suffix === '') [handle, suffix] = ['', '!'];
      }
    }
    if (!endsWord(this.#text[this.#at])) this.#fail('did not find expected whitespace or line break', line);
    this.#push('tag', line, suffix, { handle });
  }

  #tagHandle(directive: boolean, line: number): string {
    if (this.#text[this.#at] !== '!') this.#fail("did not find expected '!'", line);
    this.#at++;
    const [word] = this.#match(name);
    if (this.#text[this.#at] === '!') {
      this.#at++;
      return `!${word}!`;
    }
    if (directive && word !== '') this.#fail("did not find expected '!'", line);
    return `!${word}`;
  }

  /** What follows a handle; one that turned out to be none is its beginning. */
  #tagUri(head: string, line: number): string {
    const [uri] = this.#match(tagUri);
    if (this.#text[this.#at] === '%') this.#fail('did not find URI escaped octet', line);
    if (uri === '' && head === '') this.#fail('did not find expected tag URI', line);
    const whole = head.slice(1) + uri;
    try {
      return whole.includes('%') ? decodeURIComponent(whole) : whole;
    } catch {
      this.#fail('found an incorrect leading UTF-8 octet', line);
    }
  }

  /* ---- scalars ---- */

  #block(literal: boolean): void {
    const text = this.#text;
    const line = this.#line;
    this.#at++;
    let chomping = '';
    let increment = 0;
    for (let n = 0; n < 2; n++) {
      const c = text[this.#at] ?? '\0';
      if ((c === '+' || c === '-') && chomping === '') chomping = c;
      else if (c >= '0' && c <= '9' && increment === 0) {
        if (c === '0') this.#fail('found an indentation indicator equal to 0', line);
        increment = Number(c);
      } else break;
      this.#at++;
    }
    this.#restOfLine(line);

    let indent = increment === 0 ? 0 : Math.max(this.#indent, 0) + increment;
    const breaks = (): string => {
      let found = '';
      let deepest = 0;
      for (;;) {
        while ((indent === 0 || this.#column < indent) && text[this.#at] === ' ') this.#at++;
        deepest = Math.max(deepest, this.#column);
        if ((indent === 0 || this.#column < indent) && text[this.#at] === '\t')
          this.#fail('found a tab character where an indentation space is expected', line);
        if (!isBreak(text[this.#at])) break;
        found += this.#lineBreak();
      }
      if (indent === 0) indent = Math.max(deepest, this.#indent + 1, 1);
      return found;
    };

    let out = '';
    let before = '';
    let trailing = breaks();
    let indented = false;
    while (this.#column === indent && text[this.#at] !== '\0') {
      const blank = isBlank(text[this.#at]);
      if (!literal && !indented && !blank && before === '\n') {
        if (trailing === '') out += ' ';
      } else out += before;
      out += trailing;
      indented = blank;
      const from = this.#at;
      while (!endsLine(text[this.#at])) this.#at++;
      out += text.slice(from, this.#at);
      before = this.#lineBreak();
      trailing = breaks();
    }
    if (chomping !== '-') out += before;
    if (chomping === '+') out += trailing;
    this.#push('scalar', line, out);
  }

  #quoted(quote: '"' | "'"): void {
    const text = this.#text;
    const line = this.#line;
    this.#at++;
    let out = '';
    for (;;) {
      if (this.#column === 0) {
        documentMark.lastIndex = this.#at;
        if (documentMark.test(text)) this.#fail('found unexpected document indicator', line);
      }
      if (text[this.#at] === '\0') this.#fail('found unexpected end of stream', line);
      let folds = false;
      let from = this.#at;
      for (;;) {
        const c = text[this.#at] ?? '\0';
        if (endsWord(c)) break;
        if (c === quote) {
          if (quote === '"' || text[this.#at + 1] !== "'") break;
          out += text.slice(from, ++this.#at);
          from = ++this.#at;
        } else if (c === '\\' && quote === '"') {
          out += text.slice(from, this.#at);
          this.#at++;
          if (isBreak(text[this.#at])) {
            this.#lineBreak();
            folds = true;
            from = this.#at;
            break;
          }
          out += this.#escape(line);
          from = this.#at;
        } else this.#at++;
      }
      out += text.slice(from, this.#at);
      if (text[this.#at] === quote) break;
      out += this.#fold(folds, () => undefined);
    }
    this.#at++;
    this.#push('scalar', line, out);
  }

  #escape(line: number): string {
    const c = this.#text[this.#at] ?? '\0';
    const simple = escapes.get(c);
    this.#at++;
    if (simple !== undefined) return simple;
    const length = hexLength.get(c);
    if (length === undefined) this.#fail('found unknown escape character', line);
    const digits = this.#text.slice(this.#at, this.#at + length);
    if (!/^[0-9A-Fa-f]+$/.test(digits) || digits.length < length)
      this.#fail('did not find expected hexdecimal number', line);
    const value = Number.parseInt(digits, 16);
    if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff)
      this.#fail('found invalid Unicode character escape code', line);
    this.#at += length;
    return String.fromCodePoint(value);
  }

  /** Takes blanks and line breaks and returns what they mean inside a scalar: one break is a space, more are one less. */
  #fold(broken: boolean, check: (afterBreak: boolean) => void): string {
    const text = this.#text;
    let blanks = '';
    let first = '';
    let more = '';
    let afterBreak = broken;
    for (;;) {
      const c = text[this.#at] ?? '\0';
      if (isBlank(c)) {
        check(afterBreak);
        if (!afterBreak) blanks += c;
        this.#at++;
      } else if (isBreak(c)) {
        if (afterBreak) more += this.#lineBreak();
        else {
          blanks = '';
          first = this.#lineBreak();
          afterBreak = true;
        }
      } else break;
    }
    if (!afterBreak) return blanks;
    if (first === '\n') return more === '' ? ' ' : more;
    return first + more;
  }

  #plain(): void {
    const text = this.#text;
    const line = this.#line;
    const indent = this.#indent + 1;
    let out = '';
    let between = '';
    let broke = false;
    for (;;) {
      if (this.#column === 0) {
        documentMark.lastIndex = this.#at;
        if (documentMark.test(text)) break;
      }
      if (text[this.#at] === '#') break;
      const from = this.#at;
      for (;;) {
        const c = text[this.#at] ?? '\0';
        if (endsWord(c) || (c === ':' && endsWord(text[this.#at + 1]))) break;
        if (this.#flow > 0 && ',?[]{}'.includes(c)) break;
        this.#at++;
      }
      if (this.#at > from) {
        out += between + text.slice(from, this.#at);
        between = '';
        broke = false;
      }
      const c = text[this.#at];
      if (!isBlank(c) && !isBreak(c)) break;
      const startLine = this.#line;
      between += this.#fold(false, (afterBreak) => {
        if (afterBreak && this.#column < indent && text[this.#at] === '\t')
          this.#fail('found a tab character that violates indentation', line);
      });
      if (this.#line > startLine) broke = true;
      if (this.#flow === 0 && this.#column < indent) break;
    }
    this.#push('scalar', line, out, { plain: true });
    if (broke) this.#keyAllowed = true;
  }
}

const noKey = (): SimpleKey => ({ possible: false, required: false, token: -1, at: 0, line: 0, column: 0 });
