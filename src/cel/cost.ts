/**
 * How much an expression may cost at least and at most, from the sizes its inputs may have. Kubernetes refuses rules whose
 * worst case is beyond a limit, so the estimate is part of the API.
 * https://kubernetes.io/docs/reference/using-api/cel/#estimated-cost-limits
 */
import { ACCUMULATOR, type CallExpr, type ComprehensionExpr, type Expr } from './ast.ts';
import type { CheckedAst } from './checker.ts';
import { estimateLibraryCall } from './cost-libraries.ts';
import {
  add,
  type CostNode,
  type EntrySize,
  type Estimate,
  fixed,
  MOST,
  multiply,
  scale,
  UNKNOWN,
  union,
} from './estimate.ts';
import { type CelType, DYN, unwrapOptional } from './types.ts';
import { stringSize } from './values.ts';

const TRAVERSAL = 0.1;
const REGEX = 0.25;
const SELECT = fixed(1);

export interface CostSizes {
  /**
   * The size of what a path reads, where it is bounded: `['self', 'items', '@items', 'name']`. Steps are names of fields,
   * `@items` and `@indices` of lists, `@keys` and `@values` of maps.
   */
  readonly size: (path: readonly string[], type: CelType) => Estimate | undefined;
}

export function estimateCost(ast: CheckedAst, sizes: CostSizes): Estimate {
  return new Coster(ast, sizes).cost(ast.expr);
}

interface Local {
  readonly path: readonly string[];
  readonly size?: Estimate;
  readonly entry?: EntrySize;
}

class Coster {
  readonly #ast: CheckedAst;
  readonly #sizes: CostSizes;
  readonly #paths = new Map<number, readonly string[]>();
  readonly #computed = new Map<number, Estimate>();
  readonly #entries = new Map<number, EntrySize>();
  readonly #locals = new Map<string, Local[]>();

  constructor(ast: CheckedAst, sizes: CostSizes) {
    this.#ast = ast;
    this.#sizes = sizes;
  }

  cost(expr: Expr): Estimate {
    switch (expr.kind) {
      case 'literal':
        return fixed(0);
      case 'ident':
        this.#paths.set(expr.id, this.#local(expr.name)?.path ?? [expr.name]);
        return SELECT;
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list': {
        const costs = expr.elements.map((element) => this.cost(element));
        const size = expr.elements
          .map((element) => this.#sizeOrUnknown(element))
          .reduce(union, emptyUnion(expr.elements));
        this.#entries.set(expr.id, { container: 'list', key: fixed(1), value: size });
        return [...costs, fixed(10)].reduce(add);
      }
      case 'map': {
        let sum = fixed(30);
        let [key, value] = [emptyUnion(expr.entries), emptyUnion(expr.entries)];
        for (const entry of expr.entries) {
          sum = add(add(sum, this.cost(entry.key)), this.cost(entry.value));
          key = union(key, this.#sizeOrUnknown(entry.key));
          value = union(value, this.#sizeOrUnknown(entry.value));
        }
        this.#entries.set(expr.id, { container: 'map', key, value });
        return sum;
      }
      case 'struct':
        return [...expr.fields.map(({ value }) => this.cost(value)), fixed(40)].reduce(add);
      case 'comprehension':
        return isBinding(expr) ? this.#binding(expr) : this.#comprehension(expr);
    }
  }

  #type(expr: Expr): CelType {
    return this.#ast.types.get(expr.id) ?? DYN;
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }

  #push(name: string, local: Local): void {
    const stack = this.#locals.get(name);
    if (stack) stack.push(local);
    else this.#locals.set(name, [local]);
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop();
  }

  #path(expr: Expr): readonly string[] {
    const local = expr.kind === 'ident' ? this.#local(expr.name) : undefined;
    return local?.path ?? this.#paths.get(expr.id) ?? [];
  }

  #select(expr: Expr & { kind: 'select' }): Estimate {
    // A variable with dots in its name is one thing.
    if (this.#ast.references.has(expr.id)) {
      this.#paths.set(expr.id, []);
      return SELECT;
    }
    const operand = this.cost(expr.operand);
    if (expr.testOnly) return operand;
    const { kind } = this.#type(expr.operand);
    this.#paths.set(expr.id, [...this.#path(expr.operand), expr.field]);
    return kind === 'map' || kind === 'struct' || kind === 'param' ? add(operand, SELECT) : operand;
  }

  #node(expr: Expr): CostNode {
    const path = this.#path(expr);
    // Only paths from variables mean something outside.
    const rooted = path[0] === ACCUMULATOR ? [] : path;
    const size = this.#size(expr);
    return { path: rooted, type: this.#type(expr), expr, ...(size && { size }) };
  }

  #call(call: CallExpr): Estimate {
    const [only] = call.args;
    if (call.function === 'dyn' && only) {
      const cost = add(fixed(1), this.cost(only));
      this.#copySizes(call, only);
      return cost;
    }
    const reference = this.#ast.references.get(call.id);
    const argCosts = call.args.map((arg) => this.cost(arg));
    const args = call.args.map((arg) => this.#node(arg));
    if (reference?.kind !== 'function') return fixed(0);
    const target = reference.member ? call.target : undefined;
    const sum = target ? this.cost(target) : fixed(0);
    const targetNode = target && this.#node(target);
    let cost: Estimate | undefined;
    let size: Estimate | undefined;
    for (const overload of reference.overloads) {
      const estimate = this.#overload(call, reference.declaration.name, overload, targetNode, args, argCosts);
      cost = cost ? union(cost, estimate.cost) : estimate.cost;
      if (estimate.size) size = size ? union(size, estimate.size) : estimate.size;
      const [container] = call.args;
      if (container && (overload === 'index_list' || overload === 'index_map')) {
        size = this.#entry(container)?.value;
        this.#paths.set(call.id, [...this.#path(container), overload === 'index_list' ? '@items' : '@values']);
      }
      size ??= this.#size(call);
    }
    if (size) this.#computed.set(call.id, size);
    return add(sum, cost ?? fixed(0));
  }

  #overload(
    call: CallExpr,
    name: string,
    overload: string,
    target: CostNode | undefined,
    args: readonly CostNode[],
    argCosts: readonly Estimate[],
  ): { cost: Estimate; size?: Estimate } {
    const all = argCosts.reduce(add, fixed(0));
    const library = estimateLibraryCall(name, overload, target, args, (node) => this.#nodeSize(node));
    if (library) return { cost: add(library.cost, all), ...(library.size && { size: library.size }) };
    const [first, second, third] = args;
    const [a, b, c] = argCosts;
    const size = (node: CostNode | undefined) => node?.size ?? UNKNOWN;
    switch (overload) {
      case 'string_format':
        return { cost: add(scale(size(target), TRAVERSAL), all) };
      case 'string_to_bytes':
        return {
          cost: add(scale(size(first), TRAVERSAL), all),
          size: { min: size(first).min, max: size(first).max * 4 },
        };
      case 'bytes_to_string':
        return {
          cost: add(scale(size(first), TRAVERSAL), all),
          size: { min: Math.floor(size(first).min / 4), max: size(first).max },
        };
      case 'strings_quote':
        return {
          cost: add(scale(size(first), TRAVERSAL), all),
          size: { min: size(first).min + 2, max: size(first).max * 2 + 2 },
        };
      case 'starts_with_string':
      case 'ends_with_string':
        return { cost: add(scale(size(first), TRAVERSAL), all) };
      case 'in_list':
        return { cost: add(size(second), all) };
      case 'matches_string': {
        const text = scale(add(size(target), fixed(1)), TRAVERSAL);
        return { cost: add(multiply(text, scale(size(first), REGEX)), all) };
      }
      case 'contains_string':
        return { cost: add(multiply(scale(size(target), TRAVERSAL), scale(size(first), TRAVERSAL)), all) };
      case 'logical_or':
      case 'logical_and':
        return { cost: { min: a?.min ?? 0, max: all.max } };
      case 'conditional': {
        if (!a || !b || !c || !second || !third) break;
        const entry = unionEntries(this.#entry(second.expr), this.#entry(third.expr));
        if (entry) this.#entries.set(call.id, entry);
        return { cost: add(a, union(b, c)), size: union(size(second), size(third)) };
      }
      case 'add_string':
      case 'add_bytes':
      case 'add_list': {
        if (!first || !second) break;
        const result = add(size(first), size(second));
        const entry = unionEntries(this.#entry(first.expr), this.#entry(second.expr));
        if (entry) this.#entries.set(call.id, entry);
        return { cost: add(overload === 'add_list' ? fixed(1) : scale(result, TRAVERSAL), all), size: result };
      }
    }
    if (comparing.has(overload)) {
      const max = Math.min(size(first).max, size(second).max);
      return { cost: add(scale({ min: max > 0 ? 1 : 0, max }, TRAVERSAL), all) };
    }
    return { cost: add(fixed(1), all) };
  }

  #comprehension(expr: ComprehensionExpr): Estimate {
    let sum = add(this.cost(expr.range), this.cost(expr.init));
    const initSize = this.#size(expr.init);
    const initEntry = this.#entry(expr.init);
    this.#push(expr.accuVar, {
      path: this.#path(expr.init),
      ...(initSize && { size: initSize }),
      ...(initEntry && { entry: initEntry }),
    });
    const entry = this.#entry(expr.range);
    const isList = (entry?.container ?? this.#type(expr.range).kind) === 'list';
    const path = this.#path(expr.range);
    const key: Local = { path: [...path, isList ? '@indices' : '@keys'], ...(entry && { size: entry.key }) };
    const value: Local = { path: [...path, isList ? '@items' : '@values'], ...(entry && { size: entry.value }) };
    const vars: [string, Local][] =
      expr.iterVar2 === undefined
        ? [[expr.iterVar, isList ? value : key]]
        : [
            [expr.iterVar, key],
            [expr.iterVar2, value],
          ];
    for (const [name, local] of vars) this.#push(name, local);
    const loop = add(this.cost(expr.condition), this.cost(expr.step));
    for (const [name] of vars) this.#pop(name);
    sum = add(sum, this.cost(expr.result));
    this.#pop(expr.accuVar);
    const count = this.#sizeOrUnknown(expr.range);
    if (expr.init.kind === 'literal') {
      const size = this.#size(expr.init);
      if (size) this.#computed.set(expr.id, size);
    } else if (expr.init.kind === 'list' || expr.init.kind === 'map') {
      this.#computed.set(expr.id, count);
      const stepEntry = this.#entry(expr.step);
      if (stepEntry) this.#entries.set(expr.id, stepEntry);
    }
    return add(sum, multiply(count, loop));
  }

  #binding(expr: ComprehensionExpr): Estimate {
    const sum = add(this.cost(expr.range), this.cost(expr.init));
    const size = this.#size(expr.init);
    const entry = this.#entry(expr.init);
    this.#push(expr.accuVar, { path: this.#path(expr.init), ...(size && { size }), ...(entry && { entry }) });
    const result = this.cost(expr.result);
    this.#pop(expr.accuVar);
    this.#copySizes(expr, expr.result);
    return add(sum, result);
  }

  #copySizes(to: Expr, from: Expr): void {
    const size = this.#size(from);
    if (size) this.#computed.set(to.id, size);
    const entry = this.#entry(from);
    if (entry) this.#entries.set(to.id, entry);
  }

  #sizeOrUnknown(expr: Expr): Estimate {
    return this.#size(expr) ?? UNKNOWN;
  }

  /** Of an argument, or of the elements of one. */
  #nodeSize(node: CostNode): Estimate {
    return node.size ?? this.#sizes.size(node.path, node.type) ?? UNKNOWN;
  }

  #size(expr: Expr): Estimate | undefined {
    const known = this.#computed.get(expr.id) ?? literalSize(expr);
    if (known) return known;
    const given = this.#sizes.size(this.#path(expr), this.#type(expr));
    if (given) {
      this.#computed.set(expr.id, given);
      return given;
    }
    if (isScalar(this.#type(expr))) return fixed(1);
    return expr.kind === 'ident' ? this.#local(expr.name)?.size : undefined;
  }

  #entry(expr: Expr): EntrySize | undefined {
    return this.#entries.get(expr.id) ?? (expr.kind === 'ident' ? this.#local(expr.name)?.entry : undefined);
  }
}

const comparing = new Set([
  ...['less', 'greater', 'less_equals', 'greater_equals'].flatMap((name) => [`${name}_string`, `${name}_bytes`]),
  ...['equals', 'not_equals'],
]);

/** What a union of nothing starts from. */
const emptyUnion = (of: readonly unknown[]): Estimate => ({ min: of.length === 0 ? 0 : MOST, max: 0 });

function unionEntries(a: EntrySize | undefined, b: EntrySize | undefined): EntrySize | undefined {
  return a && b && { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) };
}

function isBinding({ range, condition, accuVar }: ComprehensionExpr): boolean {
  const empty = range.kind === 'list' && range.elements.length === 0;
  return empty && condition.kind === 'literal' && condition.value === false && accuVar !== '__result__';
}

function literalSize(expr: Expr): Estimate | undefined {
  if (expr.kind === 'list') return fixed(expr.elements.length);
  if (expr.kind === 'map') return fixed(expr.entries.length);
  if (expr.kind !== 'literal') return undefined;
  if (typeof expr.value === 'string') return fixed(stringSize(expr.value));
  return fixed(expr.value instanceof Uint8Array ? expr.value.length : 1);
}

function isScalar(type: CelType): boolean {
  const inner = unwrapOptional(type);
  if (inner) return isScalar(inner);
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind);
}
