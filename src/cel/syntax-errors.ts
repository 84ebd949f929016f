/**
 * The words for what is no expression. Clients see those of cel-go, whose parser is ANTLR's: it goes on after an error by
 * leaving out a token, making one up, or skipping to where an outer rule can go on, and tells of each. So does this one,
 * over the same rules; it makes no tree, and runs only when the parser (parser.ts) has given up.
 * https://www.antlr.org/papers/allstar-techreport.pdf, and Parr's "The Definitive ANTLR 4 Reference", chapter 9
 */
import type { Issue } from './issues.ts';
import type { Token, TokenType } from './lexer.ts';

/** The rules' own order, in which sets of tokens are shown. */
const tokenOrder: readonly TokenType[] = [
  ...(['EOF', '==', '!=', 'in', '<', '<=', '>=', '>', '&&', '||', '[', ']', '{', '}', '(', ')', '.', ','] as const),
  ...(['-', '!', '?', ':', '+', '*', '/', '%', 'true', 'false', 'null', 'NUM_FLOAT', 'NUM_INT', 'NUM_UINT'] as const),
  ...(['STRING', 'BYTES', 'IDENTIFIER', 'ESC_IDENTIFIER'] as const),
];
const named = new Set<TokenType>([
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
  'ESC_IDENTIFIER',
]);

type Types = ReadonlySet<TokenType>;
const types = (...list: readonly (TokenType | Types)[]): Types =>
  new Set(list.flatMap((item) => (typeof item === 'string' ? [item] : [...item])));

const LITERAL = types('-', 'true', 'false', 'null', 'NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES');
const PRIMARY = types('[', '{', '(', '.', 'IDENTIFIER', LITERAL);
const EXPR = types('!', PRIMARY);
const RELATION = types('==', '!=', 'in', '<', '<=', '>=', '>');
const SUM = types('+', '-');
const PRODUCT = types('*', '/', '%');

class Mismatch extends Error {
  readonly expected: Types;
  constructor(expected: Types) {
    super();
    this.expected = expected;
  }
}

class NoViable extends Error {
  readonly start: Token;
  readonly offending: Token;
  constructor(start: Token, offending: Token) {
    super();
    this.start = start;
    this.offending = offending;
  }
}

/** What may come after a rule where it was called; `ends` when the caller may be at its end too. */
interface Frame {
  readonly follow: Types;
  readonly ends: boolean;
}

const MAX_ISSUES = 100;
const MAX_RECOVERIES = 30;
const MAX_DEPTH = 250;

class Stopped extends Error {}

export function syntaxIssues(source: string, tokens: readonly Token[]): Issue[] {
  const recognizer = new Recognizer(source, tokens);
  try {
    recognizer.start();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  return recognizer.issues;
}

class Recognizer {
  readonly issues: Issue[] = [];
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #stack: Frame[] = [];
  #at = 0;
  #recovering = false;
  #recoveries = 0;
  #lastError = -1;

  constructor(source: string, tokens: readonly Token[]) {
    this.#source = source;
    this.#tokens = tokens;
  }

  start(): void {
    this.#expr(types('EOF'), false);
    try {
      this.#match('EOF', types());
    } catch (error) {
      this.#report(error);
    }
  }

  #token(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] as Token;
  }

  #la(ahead = 0): TokenType {
    return this.#token(ahead).type;
  }

  #consume(): void {
    if (this.#la() !== 'EOF') this.#at++;
  }

  #tell(token: Token, message: string): void {
    if (this.#recovering) return;
    this.#recovering = true;
    if (this.issues.length >= MAX_ISSUES) throw new Stopped();
    this.issues.push({ message: `Syntax error: ${message}`, offset: token.offset });
  }

  #report(error: unknown): void {
    if (error instanceof Mismatch) {
      this.#tell(this.#token(), `mismatched input ${shown(this.#token())} expecting ${list(error.expected)}`);
    } else if (error instanceof NoViable) {
      const { start, offending } = error;
      const end = offending.offset + (offending.type === 'EOF' ? 0 : offending.text.length);
      const text = start.type === 'EOF' ? '<EOF>' : this.#source.slice(start.offset, end);
      const reserved = /^.(true|false|null)$/.exec(text)?.[1];
      const message = `no viable alternative at input '${escaped(text)}'`;
      this.#tell(offending, reserved ? `mismatched input '${reserved}' expecting IDENTIFIER` : message);
    } else throw error;
  }

  /** One more or less may be enough to go on. */
  #recoverable(): void {
    if (this.#recoveries++ < MAX_RECOVERIES) return;
    this.issues.push({
      message: `Syntax error: error recovery attempt limit exceeded: ${MAX_RECOVERIES}`,
      offset: this.#token().offset,
    });
    throw new Stopped();
  }

  #match(type: TokenType, after: Types): void {
    if (this.#la() === type) {
      this.#recovering = false;
      this.#consume();
      return;
    }
    this.#recoverable();
    if (this.#withoutToken(types(type))) {
      this.#consume();
      return;
    }
    if (!after.has(this.#la())) throw new Mismatch(types(type));
    this.#tell(this.#token(), `missing ${list(types(type))} at ${shown(this.#token())}`);
  }

  /** Whether the next token only had to go. */
  #withoutToken(expected: Types): boolean {
    if (!expected.has(this.#la(1)) || this.#la() === 'EOF') return false;
    this.#tell(this.#token(), `extraneous input ${shown(this.#token())} expecting ${list(expected)}`);
    this.#consume();
    this.#recovering = false;
    return true;
  }

  /** Before a choice: is the next token any of those it can begin with? */
  #sync(expected: Types): void {
    if (this.#recovering || expected.has(this.#la()) || this.#withoutToken(expected)) return;
    throw new Mismatch(expected);
  }

  /** All that may follow at this point of the rules around. */
  #following(): Types {
    const found: Types[] = [];
    for (let i = this.#stack.length - 1; i >= 0; i--) {
      const frame = this.#stack[i] as Frame;
      found.push(frame.follow);
      if (!frame.ends) break;
    }
    return types(...found);
  }

  #rule(follow: Types, ends: boolean, body: () => void): void {
    if (this.#stack.length > MAX_DEPTH * 8) throw new Stopped();
    this.#stack.push({ follow, ends });
    try {
      body();
    } catch (error) {
      this.#report(error);
      this.#recoverable();
      if (this.#lastError === this.#at) this.#consume();
      this.#lastError = this.#at;
      this.#skipTo(types(...this.#stack.map((frame) => frame.follow)));
    }
    this.#stack.pop();
  }

  #skipTo(stop: Types): void {
    while (this.#la() !== 'EOF' && !stop.has(this.#la())) this.#consume();
  }

  #expr(follow: Types, ends: boolean): void {
    this.#rule(follow, ends, () => {
      this.#or(types('?'), true);
      if (this.#la() !== '?') return;
      this.#match('?', EXPR);
      this.#or(types(':'), false);
      this.#match(':', EXPR);
      this.#expr(types(), true);
    });
  }

  #or(follow: Types, ends: boolean): void {
    this.#rule(follow, ends, () => this.#chain(types('||'), () => this.#and()));
  }

  #and(): void {
    this.#rule(types('||'), true, () => this.#chain(types('&&'), () => this.#relation()));
  }

  #relation(): void {
    this.#rule(types('&&'), true, () => this.#chain(RELATION, () => this.#sum()));
  }

  #sum(): void {
    this.#rule(RELATION, true, () => this.#chain(types(SUM, PRODUCT), () => this.#unary()));
  }

  #chain(operators: Types, operand: () => void): void {
    operand();
    while (operators.has(this.#la())) {
      this.#match(this.#la(), EXPR);
      operand();
    }
  }

  #unary(): void {
    this.#rule(types(SUM, PRODUCT), true, () => {
      this.#sync(EXPR);
      const operator = this.#la();
      const number = (ahead: number) => this.#la(ahead) === 'NUM_INT' || this.#la(ahead) === 'NUM_FLOAT';
      if (operator !== '!' && (operator !== '-' || number(1))) {
        this.#member();
        return;
      }
      const more = operator === '!' ? EXPR : PRIMARY;
      do {
        if (operator === '-' && !PRIMARY.has(this.#la(1))) throw new NoViable(this.#token(), this.#token(1));
        this.#match(operator, more);
        if (more.has(this.#la())) continue;
        this.#tell(this.#token(), `extraneous input ${shown(this.#token())} expecting ${list(more)}`);
        this.#skipTo(types(more, ...this.#stack.map((frame) => frame.follow)));
      } while (this.#la() === operator && !(operator === '-' && number(1)));
      this.#member();
    });
  }

  #member(): void {
    this.#rule(types(), true, () => {
      this.#primary();
      for (;;) {
        if (this.#la() === '.') this.#selection();
        else if (this.#la() === '[') {
          this.#match('[', EXPR);
          this.#sync(types('?', EXPR));
          if (this.#la() === '?') this.#match('?', EXPR);
          this.#expr(types(']'), false);
          this.#match(']', types('.', '[', this.#following()));
        } else return;
      }
    });
  }

  #selection(): void {
    const next = this.#la(1);
    if (next !== '?' && next !== 'IDENTIFIER' && next !== 'ESC_IDENTIFIER') {
      throw new NoViable(this.#token(), this.#token(1));
    }
    const after = types('.', '[', this.#following());
    this.#match('.', types());
    if (next === 'IDENTIFIER' && this.#la(1) === '(') {
      this.#match('IDENTIFIER', types());
      this.#arguments(after);
      return;
    }
    if (next === '?') this.#match('?', types());
    this.#name(after);
  }

  #name(after: Types): void {
    const either = types('IDENTIFIER', 'ESC_IDENTIFIER');
    this.#rule(after, false, () => {
      this.#sync(either);
      this.#match(this.#la() === 'ESC_IDENTIFIER' ? 'ESC_IDENTIFIER' : 'IDENTIFIER', after);
    });
  }

  #arguments(after: Types): void {
    this.#match('(', EXPR);
    this.#sync(types(EXPR, ')'));
    if (EXPR.has(this.#la())) {
      this.#rule(types(')'), false, () => {
        this.#expr(types(','), true);
        while (this.#la() === ',') {
          this.#match(',', EXPR);
          this.#expr(types(','), true);
        }
      });
    }
    this.#match(')', after);
  }

  #primary(): void {
    this.#rule(types('.', '['), true, () => {
      this.#sync(PRIMARY);
      const after = types('.', '[', this.#following());
      switch (this.#la()) {
        case '(':
          this.#match('(', EXPR);
          this.#expr(types(')'), false);
          this.#match(')', after);
          return;
        case '[':
          this.#match('[', EXPR);
          this.#items(']', types('?', EXPR), () => this.#element(types(',', ']')), after);
          return;
        case '{':
          this.#match('{', EXPR);
          this.#items('}', types('?', EXPR), () => this.#entry(), after);
          return;
        case '.':
        case 'IDENTIFIER':
          this.#identifier(after);
          return;
        default:
          this.#literal();
      }
    });
  }

  #identifier(after: Types): void {
    if (this.#la() === '.') {
      if (this.#la(1) !== 'IDENTIFIER') throw new NoViable(this.#token(), this.#token(1));
      this.#match('.', types());
    }
    let ahead = 1;
    while (this.#la(ahead) === '.' && this.#la(ahead + 1) === 'IDENTIFIER') ahead += 2;
    if (this.#la(ahead) === '{') {
      this.#at += ahead;
      this.#match('{', types());
      this.#items('}', types('?', 'IDENTIFIER', 'ESC_IDENTIFIER'), () => this.#field(), after);
      return;
    }
    this.#match('IDENTIFIER', after);
    if (this.#la() === '(') this.#arguments(after);
  }

  /** Items between commas, one comma more allowed, up to what closes them. */
  #items(close: TokenType, first: Types, item: () => void, after: Types): void {
    this.#sync(types(first, ',', close));
    if (first.has(this.#la())) {
      this.#rule(types(',', close), false, () => {
        item();
        while (this.#la() === ',' && first.has(this.#la(1))) {
          this.#match(',', first);
          item();
        }
      });
    }
    this.#sync(types(',', close));
    if (this.#la() === ',') this.#match(',', types(close));
    this.#match(close, after);
  }

  #element(follow: Types): void {
    this.#rule(follow, false, () => {
      this.#sync(types('?', EXPR));
      if (this.#la() === '?') this.#match('?', EXPR);
      this.#expr(types(), true);
    });
  }

  #entry(): void {
    this.#element(types(':'));
    this.#match(':', EXPR);
    this.#expr(types(','), true);
  }

  #field(): void {
    if (this.#la() === '?') this.#match('?', types('IDENTIFIER', 'ESC_IDENTIFIER'));
    this.#name(types(':'));
    this.#match(':', EXPR);
    this.#expr(types(','), true);
  }

  #literal(): void {
    if (this.#la() === '-' && this.#la(1) !== 'NUM_INT' && this.#la(1) !== 'NUM_FLOAT') {
      throw new NoViable(this.#token(), this.#token(1));
    }
    if (this.#la() === '-') this.#match('-', types());
    this.#match(this.#la(), types());
  }
}

const escaped = (text: string) => text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
const shown = (token: Token) => `'${escaped(token.text)}'`;

function list(expected: Types): string {
  const texts = tokenOrder
    .filter((type) => expected.has(type))
    .map((type) => (type === 'EOF' ? '<EOF>' : named.has(type) ? type : `'${type}'`));
  return texts.length === 1 ? (texts[0] ?? '') : `{${texts.join(', ')}}`;
}
