/** Types of all nodes, and which function each call means. https://github.com/google/cel-spec/blob/master/doc/langdef.md#type-checking */
import { type Ast, type CallExpr, type ComprehensionExpr, type Expr, qualifiedName, type StructExpr } from './ast.ts';
import type { Environment, FunctionDeclaration } from './environment.ts';
import type { Issue } from './issues.ts';
import {
  BOOL,
  type CelType,
  DYN,
  ERROR,
  formatType,
  INT,
  isDynOrError,
  listOf,
  mapOf,
  mostGeneral,
  optionalOf,
  paramType,
  STRING,
  Substitutions,
  typeOf,
  unwrapOptional,
} from './types.ts';
import { validate } from './validators.ts';
import { valueType } from './values.ts';

/** What a name or a call turned out to mean. */
export type Reference =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'type'; readonly type: CelType }
  /** The function's full name, whether the call's target is an argument, and the overloads that may be meant. */
  | {
      readonly kind: 'function';
      readonly declaration: FunctionDeclaration;
      readonly overloads: readonly string[];
      readonly member: boolean;
    };

export interface CheckedAst extends Ast {
  /** By node id. */
  readonly types: ReadonlyMap<number, CelType>;
  readonly references: ReadonlyMap<number, Reference>;
  /** Of the whole. */
  readonly type: CelType;
}

export type Checked = { readonly ast: CheckedAst } | { readonly issues: readonly Issue[] };

/** Checks a parsed expression against an environment. */
export function check(ast: Ast, env: Environment): Checked {
  const checker = new Checker(ast, env);
  const checked = checker.run();
  if (checker.issues.length > 0) return { issues: checker.issues };
  const issues = validate(checked);
  return issues.length > 0 ? { issues } : { ast: checked };
}

class Checker {
  readonly issues: Issue[] = [];
  readonly #ast: Ast;
  readonly #env: Environment;
  readonly #types = new Map<number, CelType>();
  readonly #references = new Map<number, Reference>();
  readonly #bound = new Substitutions();
  #locals: ReadonlyMap<string, CelType> = new Map();
  #fresh = 0;

  constructor(ast: Ast, env: Environment) {
    this.#ast = ast;
    this.#env = env;
  }

  run(): CheckedAst {
    this.#check(this.#ast.expr);
    for (const [id, type] of this.#types) this.#types.set(id, this.#bound.apply(type, true));
    const type = this.#typeOf(this.#ast.expr);
    return { ...this.#ast, types: this.#types, references: this.#references, type };
  }

  #check(expr: Expr): void {
    this.#types.set(expr.id, this.#infer(expr));
  }

  #typeOf(expr: Expr): CelType {
    return this.#types.get(expr.id) ?? ERROR;
  }

  #fail(id: number, message: string): CelType {
    this.issues.push({ message, offset: this.#ast.offsets[id] });
    return ERROR;
  }

  #undeclared(id: number, name: string): CelType {
    return this.#fail(id, `undeclared reference to '${name}' (in container '')`);
  }

  #freshParam(): CelType {
    return paramType(`_var${this.#fresh++}`);
  }

  #infer(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return valueType(expr.value);
      case 'ident':
        return this.#lookup(expr.id, expr.name) ?? this.#undeclared(expr.id, expr.name);
      case 'select': {
        const name = qualifiedName(expr);
        const found = name === undefined ? undefined : this.#lookup(expr.id, name);
        if (found) return found;
        const type = this.#field(expr.id, expr.operand, expr.field, false);
        return expr.testOnly ? BOOL : this.#bound.apply(type, false);
      }
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        return this.#struct(expr);
      case 'comprehension':
        return this.#comprehension(expr);
    }
  }

  /** A variable or a type by its name; a leading dot skips the comprehensions' variables in no way that shows here. */
  #lookup(id: number, written: string): CelType | undefined {
    const name = written.startsWith('.') ? written.slice(1) : written;
    const variable = this.#locals.get(name) ?? this.#env.variable(name);
    if (variable) {
      this.#references.set(id, { kind: 'variable', name });
      return variable;
    }
    const type = this.#env.typeNamed(name);
    if (!type) return undefined;
    this.#references.set(id, { kind: 'type', type });
    return type.kind === 'type' ? type : typeOf(type);
  }

  #field(id: number, operand: Expr, field: string, optional: boolean): CelType {
    this.#check(operand);
    const type = this.#bound.apply(this.#typeOf(operand), false);
    const inner = unwrapOptional(type);
    const target = inner ?? type;
    let result = DYN;
    if (target.kind === 'map') result = target.params[1] ?? DYN;
    else if (target.kind === 'struct') result = this.#structField(id, target.name, field);
    else if (target.kind === 'param') this.#bound.assignable([DYN], [target]);
    else if (!isDynOrError(target)) this.#fail(id, `type '${formatType(target)}' does not support field selection`);
    return inner || optional ? optionalOf(result) : result;
  }

  #structField(id: number, type: string, field: string): CelType {
    const object = this.#env.object(type);
    if (!object) return this.#fail(id, `unexpected failed resolution of '${type}'`);
    return object.field(field) ?? this.#fail(id, `undefined field '${field}'`);
  }

  #call(call: CallExpr): CelType {
    if (call.function === '_?._') {
      const [operand, field] = call.args as [Expr, Expr];
      const name = field.kind === 'literal' && typeof field.value === 'string' ? field.value : '';
      const type = this.#bound.apply(this.#field(call.id, operand, name, true), false);
      this.#types.set(field.id, STRING);
      this.#refer(call, this.#env.function('_?._'), ['select_optional_field'], false);
      return type;
    }
    for (const arg of call.args) this.#check(arg);
    if (!call.target) return this.#global(call, call.function);
    const prefix = qualifiedName(call.target);
    if (prefix !== undefined && this.#env.function(`${prefix}.${call.function}`)) {
      return this.#global(call, `${prefix}.${call.function}`);
    }
    this.#check(call.target);
    const declaration = this.#env.function(call.function);
    if (!declaration) return this.#undeclared(call.id, call.function);
    return this.#resolve(call, declaration, true, [call.target, ...call.args]);
  }

  #global(call: CallExpr, written: string): CelType {
    const name = written.startsWith('.') ? written.slice(1) : written;
    const declaration = this.#env.function(name);
    return declaration ? this.#resolve(call, declaration, false, call.args) : this.#undeclared(call.id, written);
  }

  #refer(call: CallExpr, declaration: FunctionDeclaration | undefined, overloads: string[], member: boolean): void {
    if (declaration) this.#references.set(call.id, { kind: 'function', declaration, overloads, member });
  }

  #resolve(call: CallExpr, declaration: FunctionDeclaration, member: boolean, args: readonly Expr[]): CelType {
    const types = args.map((arg) => this.#typeOf(arg));
    if (declaration.name === '_&&_' || declaration.name === '_||_') {
      let wrong = false;
      for (const [i, type] of types.entries()) {
        if (this.#bound.assignable([type], [BOOL])) continue;
        this.#fail((args[i] as Expr).id, `expected type 'bool' but found '${formatType(type)}'`);
        wrong = true;
      }
      if (wrong) return ERROR;
      this.#refer(call, declaration, [declaration.overloads[0]?.id ?? ''], member);
      return BOOL;
    }
    const matching: string[] = [];
    let result: CelType | undefined;
    for (const overload of declaration.overloads) {
      if (overload.member !== member) continue;
      const fresh = this.#instantiate([overload.result, ...overload.args]);
      const [overloadResult, ...params] = fresh as [CelType, ...CelType[]];
      if (!this.#bound.assignable(types, params)) continue;
      matching.push(overload.id);
      const type = this.#bound.apply(overloadResult, false);
      if (!result) result = type;
      else if (result.kind !== 'dyn' && formatType(type) !== formatType(result)) result = DYN;
    }
    if (result) {
      this.#refer(call, declaration, matching, member);
      return result;
    }
    const shown = types.map((type) => formatType(this.#bound.apply(type, true)));
    const signature = member ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
    return this.#fail(call.id, `found no matching overload for '${declaration.name}' applied to '${signature}'`);
  }

  /** The types with parameters of their own for this one call. */
  #instantiate(types: readonly CelType[]): readonly CelType[] {
    const names = new Set<string>();
    const collect = (type: CelType): void => {
      if (type.kind === 'param') names.add(type.name);
      for (const param of type.params) collect(param);
    };
    for (const type of types) collect(type);
    if (names.size === 0) return types;
    const fresh = new Substitutions(Array.from(names, (name) => [name, this.#freshParam()] as [string, CelType]));
    return types.map((type) => fresh.apply(type, false));
  }

  #join(previous: CelType | undefined, current: CelType): CelType {
    if (!previous) return current;
    return this.#bound.assignable([previous], [current]) ? mostGeneral(previous, current) : DYN;
  }

  /** The type in an optional, where one is given for an element that may be left out. */
  #unwrap(expr: Expr, optional: boolean): CelType {
    const type = this.#typeOf(expr);
    if (!optional) return type;
    const inner = unwrapOptional(type);
    if (!inner && type.kind !== 'dyn') {
      this.#fail(expr.id, `expected type '${formatType(optionalOf(type))}' but found '${formatType(type)}'`);
    }
    return inner ?? type;
  }

  #list(list: Expr & { kind: 'list' }): CelType {
    let element: CelType | undefined;
    for (const [i, expr] of list.elements.entries()) {
      this.#check(expr);
      element = this.#join(element, this.#unwrap(expr, list.optionals.includes(i)));
    }
    return listOf(element ?? this.#freshParam());
  }

  #map(map: Expr & { kind: 'map' }): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of map.entries) {
      this.#check(entry.key);
      key = this.#join(key, this.#typeOf(entry.key));
      this.#check(entry.value);
      value = this.#join(value, this.#unwrap(entry.value, entry.optional));
    }
    return mapOf(key ?? this.#freshParam(), value ?? this.#freshParam());
  }

  #struct(struct: StructExpr): CelType {
    const name = struct.typeName.startsWith('.') ? struct.typeName.slice(1) : struct.typeName;
    if (this.#locals.has(name) || this.#env.variable(name)) {
      const type = this.#lookup(struct.id, name) ?? ERROR;
      return this.#fail(struct.id, `'${formatType(type)}' is not a type`);
    }
    const type = this.#env.typeNamed(name);
    if (!type) return this.#undeclared(struct.id, struct.typeName);
    if (type.kind !== 'struct') return this.#fail(struct.id, `'${type.name}' is not a message type`);
    this.#references.set(struct.id, { kind: 'type', type });
    for (const field of struct.fields) {
      this.#check(field.value);
      const declared = this.#structField(field.id, type.name, field.name);
      const given = this.#unwrap(field.value, field.optional);
      if (this.#bound.assignable([declared], [given])) continue;
      const expected = `expected type of field '${field.name}' is '${formatType(declared)}'`;
      this.#fail(field.id, `${expected} but provided type is '${formatType(given)}'`);
    }
    return type;
  }

  #comprehension(expr: ComprehensionExpr): CelType {
    this.#check(expr.range);
    this.#check(expr.init);
    const range = this.#bound.apply(this.#typeOf(expr.range), false);
    const outer = this.#locals;
    const accumulator = this.#typeOf(expr.init);
    const withAccumulator = new Map(outer).set(expr.accuVar, accumulator);
    const vars = this.#iterationTypes(expr, range);
    const inner = new Map(withAccumulator).set(expr.iterVar, vars[0]);
    if (expr.iterVar2 !== undefined) inner.set(expr.iterVar2, vars[1]);
    this.#locals = inner;
    this.#check(expr.condition);
    this.#assert(expr.condition, BOOL);
    this.#check(expr.step);
    this.#assert(expr.step, accumulator);
    this.#locals = withAccumulator;
    this.#check(expr.result);
    this.#locals = outer;
    return this.#bound.apply(this.#typeOf(expr.result), false);
  }

  #iterationTypes({ range: expr, iterVar2 }: ComprehensionExpr, range: CelType): readonly [CelType, CelType] {
    const [first = DYN, second = DYN] = range.params;
    if (range.kind === 'list') return iterVar2 === undefined ? [first, DYN] : [INT, first];
    if (range.kind === 'map') return [first, second];
    if (isDynOrError(range) || range.kind === 'param') {
      this.#bound.assignable([DYN], [range]);
      return [DYN, DYN];
    }
    const why = `expression of type '${formatType(range)}' cannot be range of a comprehension`;
    this.#fail(expr.id, `${why} (must be list, map, or dynamic)`);
    return [ERROR, ERROR];
  }

  #assert(expr: Expr, type: CelType): void {
    const found = this.#typeOf(expr);
    if (this.#bound.assignable([type], [found])) return;
    this.#fail(expr.id, `expected type '${formatType(type)}' but found '${formatType(found)}'`);
  }
}
