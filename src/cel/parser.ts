/**
 * Text to syntax tree: precedence climbing over the tokens, macros expanded on the way.
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
 *
 * Expressions come from users: their length and depth are bounded.
 */
import type { Ast, Expr, MapEntry, StructField } from './ast.ts';
import type { Issue } from './issues.ts';
import { type Token, type TokenType, tokenize } from './lexer.ts';
import { unescapeBytes, unescapeString } from './literals.ts';
import { expandMacro, type MacroNames, type NodeMaker } from './macros.ts';
import { syntaxIssues } from './syntax-errors.ts';
import { CelDouble, CelUint, intFromBigInt, MAX_INT, MAX_UINT, type Value } from './values.ts';

/** Kubernetes allows expressions of this many characters. */
const MAX_CODE_POINTS = 100_000;
const MAX_DEPTH = 250;

export type Parsed = { readonly ast: Ast } | { readonly issues: readonly Issue[] };

const reserved = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(
    ' ',
  ),
);

/** Parses an expression. Never throws: what is wrong is in `issues`. */
export function parse(source: string, macros: MacroNames): Parsed {
  const size = source.length > MAX_CODE_POINTS ? Array.from(source).length : source.length;
  if (size > MAX_CODE_POINTS) {
    return {
      issues: [{ message: `expression code point size exceeds limit: size: ${size}, limit ${MAX_CODE_POINTS}` }],
    };
  }
  const issues: Issue[] = [];
  const tokens = tokenize(source, issues);
  const parser = new Parser(source, tokens, macros, issues);
  try {
    const ast = parser.parse();
    return issues.length > 0 ? { issues } : { ast };
  } catch (error) {
    if (error instanceof TooDeep) return { issues: [...issues, { message: error.message }] };
    if (!(error instanceof Unexpected)) throw error;
    return { issues: [...issues, ...syntaxIssues(source, tokens)] };
  }
}

/** A token that has no place where it stands: the words for it come from syntax-errors.ts. */
class Unexpected extends Error {}
class TooDeep extends Error {}

type Binary = { readonly precedence: number; readonly name: string };
const RELATION = 1;
const SUM = 2;
const PRODUCT = 3;
const binary: Partial<Record<TokenType, Binary>> = {
  '<': { precedence: RELATION, name: '_<_' },
  '<=': { precedence: RELATION, name: '_<=_' },
  '>': { precedence: RELATION, name: '_>_' },
  '>=': { precedence: RELATION, name: '_>=_' },
  '==': { precedence: RELATION, name: '_==_' },
  '!=': { precedence: RELATION, name: '_!=_' },
  in: { precedence: RELATION, name: '@in' },
  '+': { precedence: SUM, name: '_+_' },
  '-': { precedence: SUM, name: '_-_' },
  '*': { precedence: PRODUCT, name: '_*_' },
  '/': { precedence: PRODUCT, name: '_/_' },
  '%': { precedence: PRODUCT, name: '_%_' },
};

class Parser implements NodeMaker {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #macros: MacroNames;
  readonly #issues: Issue[];
  readonly #offsets: number[] = [0];
  #at = 0;
  #depth = 0;

  constructor(source: string, tokens: readonly Token[], macros: MacroNames, issues: Issue[]) {
    this.#source = source;
    this.#tokens = tokens;
    this.#macros = macros;
    this.#issues = issues;
  }

  parse(): Ast {
    const expr = this.#expr();
    this.#expect('EOF');
    return { expr, source: this.#source, offsets: this.#offsets };
  }

  id(offset: number): number {
    return this.#offsets.push(offset) - 1;
  }

  offsetOf(expr: Expr): number {
    return this.#offsets[expr.id] ?? 0;
  }

  fail(offset: number, message: string): Expr {
    this.#issues.push({ message, offset });
    return { kind: 'literal', id: this.id(offset), value: null };
  }

  get #next(): Token {
    return this.#tokens[this.#at] as Token; // The last token is EOF, and nobody moves past it.
  }

  #peek(ahead: number): TokenType {
    return this.#tokens[this.#at + ahead]?.type ?? 'EOF';
  }

  #take(): Token {
    const token = this.#next;
    if (token.type !== 'EOF') this.#at++;
    return token;
  }

  #accept(type: TokenType): Token | undefined {
    return this.#next.type === type ? this.#take() : undefined;
  }

  #expect(type: TokenType): Token {
    if (this.#next.type !== type) throw new Unexpected();
    return this.#take();
  }

  #expr(): Expr {
    if (++this.#depth > MAX_DEPTH) throw new TooDeep(`expression recursion limit exceeded: ${MAX_DEPTH}`);
    const condition = this.#logical('||', '_||_', () => this.#and());
    const op = this.#accept('?');
    let result = condition;
    if (op) {
      const whenTrue = this.#logical('||', '_||_', () => this.#and());
      this.#expect(':');
      result = this.#call(op.offset, '_?_:_', [condition, whenTrue, this.#expr()]);
    }
    this.#depth--;
    return result;
  }

  #and(): Expr {
    return this.#logical('&&', '_&&_', () => this.#binary(RELATION));
  }

  /** A chain of one logical operator becomes a balanced tree: deep chains stay shallow. */
  #logical(op: '&&' | '||', name: string, term: () => Expr): Expr {
    const first = term();
    if (this.#next.type !== op) return first;
    const terms = [first];
    const ops: number[] = [];
    for (let token = this.#accept(op); token; token = this.#accept(op)) {
      terms.push(term());
      ops.push(this.id(token.offset));
    }
    const balanced = (low: number, high: number): Expr => {
      const middle = (low + high + 1) >> 1;
      const left = middle === low ? terms[middle] : balanced(low, middle - 1);
      const right = middle === high ? terms[middle + 1] : balanced(middle + 1, high);
      return { kind: 'call', id: ops[middle] ?? 0, function: name, args: [left as Expr, right as Expr] };
    };
    return balanced(0, ops.length - 1);
  }

  #binary(precedence: number): Expr {
    let left = precedence === PRODUCT ? this.#unary() : this.#binary(precedence + 1);
    for (let count = 1; ; count++) {
      const op = binary[this.#next.type];
      if (op?.precedence !== precedence) return left;
      if (count + this.#depth > MAX_DEPTH) throw new TooDeep(`expression recursion limit exceeded: ${MAX_DEPTH}`);
      const { offset } = this.#take();
      const right = precedence === PRODUCT ? this.#unary() : this.#binary(precedence + 1);
      left = this.#call(offset, op.name, [left, right]);
    }
  }

  #unary(): Expr {
    const op = this.#next;
    if (op.type !== '!' && op.type !== '-') return this.#member();
    // A minus before a number is the number's sign.
    if (op.type === '-' && (this.#peek(1) === 'NUM_INT' || this.#peek(1) === 'NUM_FLOAT')) return this.#member();
    let count = 0;
    while (this.#next.type === op.type) {
      this.#take();
      count++;
    }
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return this.#call(op.offset, op.type === '!' ? '!_' : '-_', [operand]);
  }

  #member(): Expr {
    let operand = this.#primary();
    for (let count = 1; ; count++) {
      if (count + this.#depth > MAX_DEPTH) throw new TooDeep(`expression recursion limit exceeded: ${MAX_DEPTH}`);
      const dot = this.#accept('.');
      if (dot) {
        operand = this.#select(operand, dot);
        continue;
      }
      const open = this.#accept('[');
      if (!open) return operand;
      const optional = this.#accept('?');
      const index = this.#expr();
      this.#expect(']');
      operand = this.#call(open.offset, optional ? '_[?_]' : '_[_]', [operand, index]);
    }
  }

  #select(operand: Expr, dot: Token): Expr {
    const optional = this.#accept('?');
    const name = this.#next;
    if (name.type === 'ESC_IDENTIFIER') {
      this.#take();
      this.fail(name.offset, "unsupported syntax: '`'");
      return { kind: 'select', id: this.id(dot.offset), operand, field: name.text, testOnly: false };
    }
    this.#expect('IDENTIFIER');
    if (optional) {
      const field: Expr = { kind: 'literal', id: this.id(name.offset), value: name.text };
      return { kind: 'call', id: this.id(dot.offset), function: '_?._', args: [operand, field] };
    }
    const open = this.#accept('(');
    if (open) return this.#call(open.offset, name.text, this.#exprList(), operand);
    return { kind: 'select', id: this.id(dot.offset), operand, field: name.text, testOnly: false };
  }

  /** The arguments of a call up to its closing parenthesis. */
  #exprList(): Expr[] {
    const args: Expr[] = [];
    if (this.#accept(')')) return args;
    do args.push(this.#expr());
    while (this.#accept(','));
    this.#expect(')');
    return args;
  }

  #primary(): Expr {
    const token = this.#next;
    switch (token.type) {
      case 'IDENTIFIER':
        return this.#name();
      case '.':
        if (this.#peek(1) !== 'IDENTIFIER') throw new Unexpected();
        return this.#name();
      case '(': {
        this.#take();
        const inner = this.#expr();
        this.#expect(')');
        return inner;
      }
      case '[':
        return this.#list();
      case '{':
        return this.#map();
      default:
        return this.#literal();
    }
  }

  #name(): Expr {
    const start = this.#next.offset;
    const dot = this.#accept('.') ? '.' : '';
    let ahead = 1;
    while (this.#peek(ahead) === '.' && this.#peek(ahead + 1) === 'IDENTIFIER') ahead += 2;
    if (this.#peek(ahead) === '{') return this.#struct(dot);
    const name = this.#expect('IDENTIFIER');
    const open = this.#next.type === '(' ? this.#take() : undefined;
    const args = open && this.#exprList();
    if (reserved.has(name.text)) return this.fail(start, `reserved identifier: ${name.text}`);
    if (open && args) return this.#call(open.offset, dot + name.text, args);
    return { kind: 'ident', id: this.id(name.offset), name: dot + name.text };
  }

  #list(): Expr {
    const { offset } = this.#take();
    const elements: Expr[] = [];
    const optionals: number[] = [];
    while (this.#next.type !== ']') {
      if (elements.length === 0 && this.#next.type === ',' && this.#peek(1) === ']') break;
      if (this.#accept('?')) optionals.push(elements.length);
      elements.push(this.#expr());
      if (this.#next.type !== ',') break;
      if (this.#peek(1) === ']') break;
      this.#take();
    }
    this.#accept(',');
    this.#expect(']');
    return { kind: 'list', id: this.id(offset), elements, optionals };
  }

  #map(): Expr {
    const { offset } = this.#take();
    const entries: MapEntry[] = [];
    this.#entries(() => {
      const optional = this.#accept('?') !== undefined;
      const key = this.#expr();
      const colon = this.#expect(':');
      entries.push({ id: this.id(colon.offset), key, value: this.#expr(), optional });
    });
    return { kind: 'map', id: this.id(offset), entries };
  }

  #struct(dot: string): Expr {
    let typeName = dot + this.#expect('IDENTIFIER').text;
    while (this.#accept('.')) typeName += `.${this.#expect('IDENTIFIER').text}`;
    const { offset } = this.#expect('{');
    const fields: StructField[] = [];
    this.#entries(() => {
      const optional = this.#accept('?') !== undefined;
      const name = this.#next;
      if (!this.#accept('ESC_IDENTIFIER')) this.#expect('IDENTIFIER');
      else this.fail(offset, "unsupported syntax: '`'");
      const colon = this.#expect(':');
      fields.push({ id: this.id(colon.offset), name: name.text, value: this.#expr(), optional });
    });
    return { kind: 'struct', id: this.id(offset), typeName, fields };
  }

  /** Entries between braces: separated by commas, one more at the end allowed, alone too. */
  #entries(entry: () => void): void {
    if (this.#next.type === ',' && this.#peek(1) === '}') this.#take();
    while (this.#next.type !== '}') {
      entry();
      if (!this.#accept(',')) break;
    }
    this.#expect('}');
  }

  #literal(): Expr {
    const start = this.#next.offset;
    const sign = this.#accept('-') ? '-' : '';
    const token = this.#next;
    const numeric = token.type === 'NUM_INT' || token.type === 'NUM_FLOAT';
    if (sign && !numeric) throw new Unexpected();
    const made = (value: Value): Expr => ({ kind: 'literal', id: this.id(start), value });
    switch (token.type) {
      case 'NUM_INT': {
        this.#take();
        const value = sign ? -BigInt(token.text) : BigInt(token.text);
        const fits = value >= -MAX_INT - 1n && value <= MAX_INT;
        return fits ? made(intFromBigInt(value)) : this.fail(start, 'invalid int literal');
      }
      case 'NUM_UINT': {
        this.#take();
        const value = BigInt(token.text.slice(0, -1));
        return value <= MAX_UINT ? made(new CelUint(value)) : this.fail(start, 'invalid uint literal');
      }
      case 'NUM_FLOAT': {
        this.#take();
        const value = Number(sign + token.text);
        return Number.isFinite(value) ? made(new CelDouble(value)) : this.fail(start, 'invalid double literal');
      }
      case 'STRING':
      case 'BYTES':
        this.#take();
        try {
          return made(token.type === 'STRING' ? unescapeString(token.text) : unescapeBytes(token.text.slice(1)));
        } catch (error) {
          return this.fail(start, error instanceof Error ? error.message : String(error));
        }
      case 'true':
      case 'false':
        this.#take();
        return made(token.type === 'true');
      case 'null':
        this.#take();
        return made(null);
      default:
        throw new Unexpected();
    }
  }

  #call(offset: number, name: string, args: readonly Expr[], target?: Expr): Expr {
    const macro = expandMacro(this, this.#macros, offset, name, args, target);
    if (macro) return macro;
    const id = this.id(offset);
    return target ? { kind: 'call', id, function: name, target, args } : { kind: 'call', id, function: name, args };
  }
}
