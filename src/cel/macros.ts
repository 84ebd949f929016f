/**
 * Macros: calls that the parser rewrites into presence tests, folds and bindings.
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros, and cel-go's ext/comprehensions, ext/lists and
 * ext/bindings for the rest of them.
 */
import { ACCUMULATOR, type Expr, UNUSED_ITERATION } from './ast.ts';
import type { Value } from './values.ts';

/** What of the parser a macro uses. */
export interface NodeMaker {
  /** A new node's id, at a place in the source. */
  id(offset: number): number;
  offsetOf(expr: Expr): number;
  /** Notes what is wrong, and gives a node to go on with. */
  fail(offset: number, message: string): Expr;
}

/** The macros of an environment: "name" of a global one, ".name" of one with a receiver, and the count of arguments. */
export type MacroNames = ReadonlySet<string>;

export const standardMacros: readonly string[] = [
  'has/1',
  ...['.all/2', '.exists/2', '.exists_one/2', '.map/2', '.map/3', '.filter/2'],
];
export const optionalMacros: readonly string[] = ['.optMap/2', '.optFlatMap/2'];
export const twoVariableMacros: readonly string[] = [
  ...['.all/3', '.exists/3', '.existsOne/3', '.exists_one/3', '.transformList/3', '.transformList/4'],
  ...['.transformMap/3', '.transformMap/4', '.transformMapEntry/3', '.transformMapEntry/4'],
];
export const listMacros: readonly string[] = ['.sortBy/2'];
/** cel.bind(name, value, expression). */
export const bindingMacros: readonly string[] = ['.bind/3'];

/** The expansion, or undefined where the call is none of the macros. */
export function expandMacro(
  maker: NodeMaker,
  names: MacroNames,
  offset: number,
  name: string,
  args: readonly Expr[],
  target?: Expr,
): Expr | undefined {
  if (!names.has(`${target ? '.' : ''}${name}/${args.length}`)) return undefined;
  const m = new Macro(maker, offset);
  if (!target) return m.has(args[0] as Expr);
  switch (name) {
    case 'optMap':
    case 'optFlatMap':
      return m.optMap(target, args, name);
    case 'sortBy':
      return m.sortBy(target, args);
    case 'bind':
      return target.kind === 'ident' && target.name === 'cel' ? m.bind(args) : undefined;
  }
  const two =
    args.length === 4 || name.startsWith('transform') || name === 'existsOne' || (args.length === 3 && name !== 'map');
  const vars = two ? m.twoVariables(args) : m.oneVariable(args, name);
  if (!Array.isArray(vars)) return vars;
  return m.comprehension(name, target, vars, args.slice(two ? 2 : 1));
}

class Macro {
  readonly #maker: NodeMaker;
  readonly #offset: number;

  constructor(maker: NodeMaker, offset: number) {
    this.#maker = maker;
    this.#offset = offset;
  }

  has(arg: Expr): Expr {
    if (arg.kind !== 'select') return this.#fail(arg, 'invalid argument to has() macro');
    return { kind: 'select', id: this.#id(), operand: arg.operand, field: arg.field, testOnly: true };
  }

  oneVariable(args: readonly Expr[], name: string): string[] | Expr {
    const arg = args[0] as Expr;
    const quantifier = name === 'all' || name.startsWith('exists');
    if (arg.kind !== 'ident') {
      return this.#fail(arg, quantifier ? 'argument must be a simple name' : 'argument is not an identifier');
    }
    return this.#overwrites(arg, arg.name) ?? [arg.name];
  }

  twoVariables(args: readonly Expr[]): string[] | Expr {
    const names: string[] = [];
    for (const arg of args.slice(0, 2)) {
      if (arg.kind !== 'ident' || arg.name.startsWith('.')) return this.#fail(arg, 'argument must be a simple name');
      names.push(arg.name);
    }
    const [first = '', second = ''] = names;
    if (first === second) return this.#fail(args[1] as Expr, `duplicate variable name: ${first}`);
    return this.#overwrites(args[0] as Expr, first) ?? this.#overwrites(args[1] as Expr, second) ?? names;
  }

  comprehension(name: string, range: Expr, vars: readonly string[], rest: readonly Expr[]): Expr {
    const [first, second] = rest as [Expr, Expr | undefined];
    switch (name) {
      case 'all':
        return this.#fold(range, vars, this.#literal(true), this.#call('@not_strictly_false', this.#accu()), () =>
          this.#call('_&&_', this.#accu(), first),
        );
      case 'exists':
        return this.#fold(
          range,
          vars,
          this.#literal(false),
          this.#call('@not_strictly_false', this.#call('!_', this.#accu())),
          () => this.#call('_||_', this.#accu(), first),
        );
      case 'exists_one':
      case 'existsOne': {
        const step = () => this.#call('_?_:_', first, this.#call('_+_', this.#accu(), this.#literal(1)), this.#accu());
        const result = () => this.#call('_==_', this.#accu(), this.#literal(1));
        return this.#fold(range, vars, this.#literal(0), this.#literal(true), step, result);
      }
      case 'filter': {
        const item: Expr = { kind: 'ident', id: this.#id(), name: vars[0] ?? '' };
        return this.#collect(range, vars, this.#list(), first, () => this.#call('_+_', this.#accu(), this.#list(item)));
      }
      case 'map':
      case 'transformList':
        return this.#collect(range, vars, this.#list(), second && first, () =>
          this.#call('_+_', this.#accu(), this.#list(second ?? first)),
        );
      case 'transformMap': {
        const key: Expr = { kind: 'ident', id: this.#id(), name: vars[0] ?? '' };
        return this.#collect(range, vars, this.#map(), second && first, () =>
          this.#call('cel.@mapInsert', this.#accu(), key, second ?? first),
        );
      }
      default:
        return this.#collect(range, vars, this.#map(), second && first, () =>
          this.#call('cel.@mapInsert', this.#accu(), second ?? first),
        );
    }
  }

  /** target.optMap(name, expression): the optional's value by that name, if there is one. */
  optMap(target: Expr, args: readonly Expr[], name: string): Expr {
    const [variable, body] = args as [Expr, Expr];
    if (variable.kind !== 'ident') return this.#fail(variable, `${name}() variable name must be a simple identifier`);
    const bound = this.#bind(variable.name, this.#member('value', target), body);
    return this.#call(
      '_?_:_',
      this.#member('hasValue', target),
      name === 'optMap' ? this.#call('optional.of', bound) : bound,
      this.#call('optional.none'),
    );
  }

  sortBy(target: Expr, args: readonly Expr[]): Expr {
    if (!['list', 'select', 'ident', 'comprehension', 'call'].includes(target.kind)) {
      const why = 'sortBy can only be applied to a list, identifier, comprehension, call or select expression';
      return this.#fail(target, why);
    }
    const vars = this.oneVariable(args, 'map');
    if (!Array.isArray(vars)) return vars;
    const input = (): Expr => ({ kind: 'ident', id: this.#id(), name: '@__sortBy_input__' });
    const keys = this.comprehension('map', input(), vars, args.slice(1));
    return this.#bind('@__sortBy_input__', target, this.#member('@sortByAssociatedKeys', input(), keys));
  }

  bind(args: readonly Expr[]): Expr {
    const [variable, init, body] = args as [Expr, Expr, Expr];
    if (variable.kind !== 'ident') return this.#fail(variable, 'cel.bind() variable names must be simple identifiers');
    return this.#bind(variable.name, init, body);
  }

  #bind(name: string, init: Expr, result: Expr): Expr {
    return {
      kind: 'comprehension',
      id: this.#id(),
      range: this.#list(),
      iterVar: UNUSED_ITERATION,
      accuVar: name,
      init,
      condition: this.#literal(false),
      step: { kind: 'ident', id: this.#id(), name },
      result,
    };
  }

  #collect(range: Expr, vars: readonly string[], init: Expr, filter: Expr | undefined, add: () => Expr): Expr {
    const step = filter ? () => this.#call('_?_:_', filter, add(), this.#accu()) : add;
    return this.#fold(range, vars, init, this.#literal(true), step);
  }

  #fold(
    range: Expr,
    vars: readonly string[],
    init: Expr,
    condition: Expr,
    step: () => Expr,
    result = () => this.#accu(),
  ): Expr {
    const [iterVar = '', iterVar2] = vars;
    const made = { range, iterVar, accuVar: ACCUMULATOR, init, condition, step: step(), result: result() };
    return { kind: 'comprehension', id: this.#id(), ...made, ...(iterVar2 !== undefined && { iterVar2 }) };
  }

  #overwrites(at: Expr, name: string): Expr | undefined {
    if (name !== ACCUMULATOR && name !== '__result__') return undefined;
    return this.#fail(at, 'iteration variable overwrites accumulator variable');
  }

  #fail(at: Expr, message: string): Expr {
    return this.#maker.fail(this.#maker.offsetOf(at), message);
  }

  #id(): number {
    return this.#maker.id(this.#offset);
  }

  #literal(value: Value): Expr {
    return { kind: 'literal', id: this.#id(), value };
  }

  #accu(): Expr {
    return { kind: 'ident', id: this.#id(), name: ACCUMULATOR };
  }

  #list(...elements: Expr[]): Expr {
    return { kind: 'list', id: this.#id(), elements, optionals: [] };
  }

  #map(): Expr {
    return { kind: 'map', id: this.#id(), entries: [] };
  }

  #call(name: string, ...args: Expr[]): Expr {
    return { kind: 'call', id: this.#id(), function: name, args };
  }

  #member(name: string, target: Expr, ...args: Expr[]): Expr {
    return { kind: 'call', id: this.#id(), function: name, target, args };
  }
}
