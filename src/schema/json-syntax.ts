import { quote } from './quote.ts';

/**
 * What is wrong with a JSON text, in the words of Go's decoder, which clients of Kubernetes know; undefined where
 * nothing is. JSON.parse decides what is taken and what is not, this only explains; so it may be slow.
 */
export function jsonSyntaxError(text: Uint8Array | string): string | undefined {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  try {
    new Scanner(bytes).document();
    return undefined;
  } catch (error) {
    if (error instanceof Complaint) return error.message;
    throw error;
  }
}

/** Go's bound on nesting. */
const MAX_DEPTH = 10_000;

class Complaint extends Error {}

const code = (character: string): number => character.charCodeAt(0);
const [QUOTE, BACKSLASH, COMMA, COLON] = [code('"'), code('\\'), code(','), code(':')];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [code('{'), code('}'), code('['), code(']')];
const [MINUS, PLUS, DOT, ZERO, NINE] = [code('-'), code('+'), code('.'), code('0'), code('9')];
const literals: ReadonlyMap<number, string> = new Map(['true', 'false', 'null'].map((word) => [code(word), word]));

const isSpace = (c: number): boolean => c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d;
const isDigit = (c: number): boolean => c >= ZERO && c <= NINE;

class Scanner {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The containers stand on a stack of their own: a hostile text nests deeper than calls may. */
  document(): void {
    const closing: number[] = [];
    let value = true;
    for (;;) {
      this.#space();
      if (value) {
        const c = this.#peek();
        if (c === OPEN_OBJECT || c === OPEN_LIST) {
          this.#at++;
          closing.push(c === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST);
          if (closing.length > MAX_DEPTH) throw new Complaint('exceeded max depth');
          this.#space();
          if (this.#peek() === closing.at(-1)) {
            this.#at++;
            closing.pop();
            value = false;
          } else if (c === OPEN_OBJECT) this.#key();
          continue;
        }
        this.#scalar(c);
        value = false;
        continue;
      }
      const end = closing.at(-1);
      if (end === undefined) {
        if (this.#at < this.#bytes.length) throw this.#invalid('after top-level value');
        return;
      }
      const c = this.#peek();
      if (c === end) {
        this.#at++;
        closing.pop();
      } else if (c === COMMA) {
        this.#at++;
        if (end === CLOSE_OBJECT) this.#key();
        value = true;
      } else throw this.#invalid(end === CLOSE_OBJECT ? 'after object key:value pair' : 'after array element');
    }
  }

  #space(): void {
    while (this.#at < this.#bytes.length && isSpace(this.#bytes[this.#at] ?? 0)) this.#at++;
  }

  #peek(): number {
    const c = this.#bytes[this.#at];
    if (c === undefined) throw new Complaint('unexpected end of JSON input');
    return c;
  }

  #invalid(where: string): Complaint {
    const c = this.#peek();
    const shown = c === code("'") ? "\\'" : c === QUOTE ? '"' : quote(String.fromCharCode(c)).slice(1, -1);
    return new Complaint(`invalid character '${shown}' ${where}`);
  }

  #key(): void {
    this.#space();
    if (this.#peek() !== QUOTE) throw this.#invalid('looking for beginning of object key string');
    this.#string();
    this.#space();
    if (this.#peek() !== COLON) throw this.#invalid('after object key');
    this.#at++;
  }

  #scalar(c: number): void {
    const word = literals.get(c);
    if (c === QUOTE) this.#string();
    else if (c === MINUS || isDigit(c)) this.#number();
    else if (word !== undefined) this.#literal(word);
    else throw this.#invalid('looking for beginning of value');
  }

  #literal(word: string): void {
    for (const letter of word) {
      if (this.#peek() !== code(letter)) throw this.#invalid(`in literal ${word} (expecting '${letter}')`);
      this.#at++;
    }
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const c = this.#peek();
      if (c < 0x20) throw this.#invalid('in string literal');
      this.#at++;
      if (c === QUOTE) return;
      if (c === BACKSLASH) this.#escape();
    }
  }

  #escape(): void {
    const c = String.fromCharCode(this.#peek());
    if (!'bfnrt\\/"u'.includes(c)) throw this.#invalid('in string escape code');
    this.#at++;
    if (c !== 'u') return;
    for (let i = 0; i < 4; i++) {
      if (!/[0-9a-fA-F]/.test(String.fromCharCode(this.#peek()))) {
        throw this.#invalid('in \\u hexadecimal character escape');
      }
      this.#at++;
    }
  }

  #number(): void {
    if (this.#bytes[this.#at] === MINUS) this.#at++;
    if (this.#peek() === ZERO) this.#at++;
    else this.#digits('in numeric literal');
    if (this.#bytes[this.#at] === DOT) {
      this.#at++;
      this.#digits('after decimal point in numeric literal');
    }
    const e = this.#bytes[this.#at];
    if (e === code('e') || e === code('E')) {
      this.#at++;
      const sign = this.#peek();
      if (sign === PLUS || sign === MINUS) this.#at++;
      this.#digits('in exponent of numeric literal');
    }
  }

  /** One digit or more. */
  #digits(where: string): void {
    if (!isDigit(this.#peek())) throw this.#invalid(where);
    while (isDigit(this.#bytes[this.#at] ?? 0)) this.#at++;
  }
}
