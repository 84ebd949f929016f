/**
 * A checked expression to closures, once; then it evaluates in microseconds. Literals are folded, calls bound to their
 * overloads, variables of comprehensions to slots.
 *
 * Cost is counted on the way and in the units that are part of Kubernetes' API: one for reading a variable and for each
 * step into it, runtime-cost.ts for calls; constants and logic are free. `b ? x : y` does not pay for reading x itself.
 */

import { MutableList, MutableMap } from './accumulators.ts';
import { ACCUMULATOR, type CallExpr, type ComprehensionExpr, type Expr } from './ast.ts';
import type { CheckedAst } from './checker.ts';
import type { Implementation, Overload } from './environment.ts';
import { objectOf } from './objects.ts';
import { compileRegExp } from './regexp.ts';
import { Frame, Paused, Run } from './run.ts';
import { callCost, costsByResult } from './runtime-cost.ts';
import { acceptsAll, goTypeName } from './runtime-types.ts';
import { present, qualify } from './select.ts';
import { contains } from './standard.ts';
import { runtimeTypeName } from './types.ts';
import {
  ArrayList,
  CelDouble,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  CelTypeValue,
  CelUint,
  EntryMap,
  equal,
  mapKey,
  type Value,
  valueType,
} from './values.ts';

export type Step = (run: Run) => Value;

interface Plan {
  readonly eval: Step;
  /** Of variables and what is read out of them: the same without the price of one for the whole. */
  readonly resolve?: Step;
  /** A choice between two: nothing to pay for the whole. */
  readonly conditional?: boolean;
  readonly constant?: Value;
}

/** Throws an Error where the plan itself fails, such as a constant conversion of a wrong text. */
export function plan(ast: CheckedAst): Step {
  return new Planner(ast).plan(ast.expr).eval;
}

const constant = (value: Value): Plan => ({ eval: () => value, constant: value });
const conversions = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
]);
/** Functions whose patterns are looked at before they run, and where the patterns are. */
const patternIndex: Readonly<Record<string, number>> = { find: 1, findAll: 1, matches: 1 };
const noOverload = () => new CelError('no such overload');

class Planner {
  readonly #ast: CheckedAst;
  #scope: ReadonlyMap<string, Step> = new Map();
  #slots = 0;
  /** Comprehensions planned at the level that is being planned. */
  #siblings: number[] = [];

  constructor(ast: CheckedAst) {
    this.#ast = ast;
  }

  plan(expr: Expr): Plan {
    switch (expr.kind) {
      case 'literal':
        return constant(expr.value);
      case 'ident':
        return this.#named(expr.id, expr.name);
      case 'select':
        if (this.#ast.references.has(expr.id)) return this.#named(expr.id, '');
        return this.#select(this.plan(expr.operand), expr.field, expr.testOnly);
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

  #named(id: number, written: string): Plan {
    const reference = this.#ast.references.get(id);
    if (reference?.kind === 'type') return constant(new CelTypeValue(runtimeTypeName(reference.type)));
    const name = reference?.kind === 'variable' ? reference.name : written;
    const local = this.#scope.get(name);
    return attribute(local ?? ((run) => run.variable(name)));
  }

  #select(operand: Plan, field: string, testOnly: boolean): Plan {
    const base = operand.resolve ?? operand.eval;
    if (!testOnly) return step(base, operand, () => field, qualify);
    return {
      eval: (run) => {
        const value = base(run);
        if (value instanceof CelError) return value;
        run.charge(1);
        const found = present(value, field);
        return found instanceof CelError ? found : found !== undefined;
      },
    };
  }

  #call(call: CallExpr): Plan {
    const reference = this.#ast.references.get(call.id);
    if (reference?.kind !== 'function') throw new Error(`unplanned call of ${call.function}`);
    const { declaration, overloads, member } = reference;
    const exprs = member && call.target ? [call.target, ...call.args] : call.args;
    const args = exprs.map((arg) => this.plan(arg));
    switch (declaration.name) {
      case '_&&_':
        return logical(args, false);
      case '_||_':
        return logical(args, true);
      case '_?_:_':
        return conditional(args as [Plan, Plan, Plan]);
      case '_[_]':
        return this.#index(args as [Plan, Plan], qualify);
      case '_[?_]':
      case '_?._':
        return this.#index(args as [Plan, Plan], optionalQualify);
      case 'or':
      case 'orValue':
        return orElse(args as [Plan, Plan], declaration.name);
      case '@in': {
        const [item, list] = args as [Plan, Plan];
        return membership([item, list], overloads) ?? { eval: lookUp(item, list, overloads) };
      }
    }
    const overload = overloads.length === 1 ? (overloads[0] ?? '') : '';
    const arity = args.length;
    const candidates = declaration.overloads.filter(
      (o) => o.member === member && o.args.length === arity && overloads.includes(o.id),
    );
    const compute = declaration.implementation ?? dispatch(declaration.name, candidates);
    const pattern = patternIndex[declaration.name];
    const text = pattern === undefined ? undefined : args[pattern]?.constant;
    if (typeof text === 'string') {
      const compiled = compileRegExp(text);
      if (compiled instanceof CelError) throw new Error(compiled.message);
    }
    const first = args[0];
    if (arity === 1 && conversions.has(declaration.name) && first?.constant !== undefined) {
      const value = compute(first.constant);
      if (value instanceof CelError) throw new Error(value.message);
      return constant(value);
    }
    return { eval: caller(declaration.name, overload, args, compute) };
  }

  #index([operand, index]: readonly [Plan, Plan], access: (value: Value, key: Value) => Value): Plan {
    return step(operand.resolve ?? operand.eval, operand, index.resolve ?? index.eval, access);
  }

  #list(list: Expr & { kind: 'list' }): Plan {
    const elements = list.elements.map((element) => this.plan(element));
    const optional = new Set(list.optionals);
    const build: Step = (run) => {
      const values: Value[] = [];
      for (const [i, element] of elements.entries()) {
        const value = element.eval(run);
        if (value instanceof CelError) return value;
        if (!optional.has(i)) values.push(value);
        else if (!(value instanceof CelOptional)) return notOptional(value);
        else if (value.value !== undefined) values.push(value.value);
      }
      return new ArrayList(values);
    };
    if (optional.size === 0 && elements.every((e) => e.constant !== undefined)) {
      return constant(new ArrayList(elements.map((e) => e.constant ?? null)));
    }
    return { eval: priced(build, LIST_COST) };
  }

  #map(map: Expr & { kind: 'map' }): Plan {
    const entries = map.entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      optional,
    }));
    const build: Step = (run) => {
      const values = new Map<unknown, readonly [Value, Value]>();
      for (const { key, value, optional } of entries) {
        const k = key.eval(run);
        if (k instanceof CelError) return k;
        const v = value.eval(run);
        if (v instanceof CelError) return v;
        const normal = mapKey(k);
        if (!optional) values.set(normal, [k, v]);
        else if (!(v instanceof CelOptional)) return notOptional(v);
        else if (v.value !== undefined) values.set(normal, [k, v.value]);
      }
      return new EntryMap(values);
    };
    const fixed = entries.every((e) => !e.optional && e.key.constant !== undefined && e.value.constant !== undefined);
    if (fixed) return constant(build(new Run(() => undefined, Number.POSITIVE_INFINITY)));
    return { eval: priced(build, MAP_COST) };
  }

  #struct(struct: Expr & { kind: 'struct' }): Plan {
    const reference = this.#ast.references.get(struct.id);
    if (reference?.kind !== 'type') throw new Error(`unknown type: ${struct.typeName}`);
    const fields = struct.fields.map(({ name, value, optional }) => ({ name, value: this.plan(value), optional }));
    const build: Step = (run) => {
      const values = new Map<string, Value>();
      for (const { name, value, optional } of fields) {
        const v = value.eval(run);
        if (v instanceof CelError) return v;
        if (!optional) values.set(name, v);
        else if (!(v instanceof CelOptional)) return notOptional(v);
        else if (v.value !== undefined) values.set(name, v.value);
      }
      return objectOf(reference.type, values);
    };
    return { eval: priced(build, STRUCT_COST) };
  }

  #comprehension(expr: ComprehensionExpr): Plan {
    const [accu, first, second] = [this.#slots++, this.#slots++, this.#slots++];
    this.#siblings.push(accu);
    const siblings = this.#siblings;
    const around: number[] = [];
    const inside: number[] = [];
    this.#siblings = around;
    const range = this.plan(expr.range).eval;
    const init = this.plan(expr.init).eval;
    const outer = this.#scope;
    const collects = expr.accuVar === ACCUMULATOR;
    // The accumulator's first value is made when somebody asks for it: a name bound and not used costs nothing.
    const accumulated: Step = (run) => {
      const known = run.slots[accu];
      if (known !== undefined) return known;
      const { cost } = run;
      const value = init(run);
      const start = collects ? mutable(value) : value;
      run.begin(accu, start, cost);
      return start;
    };
    const withAccumulator = new Map(outer).set(expr.accuVar, accumulated);
    const inner = new Map(withAccumulator).set(expr.iterVar, (run) => run.slots[first] ?? null);
    if (expr.iterVar2 !== undefined) inner.set(expr.iterVar2, (run) => run.slots[second] ?? null);
    this.#scope = inner;
    this.#siblings = inside;
    const condition = this.plan(expr.condition).eval;
    const body = this.plan(expr.step).eval;
    this.#scope = withAccumulator;
    this.#siblings = around;
    const result = this.plan(expr.result).eval;
    this.#scope = outer;
    this.#siblings = siblings;
    const two = expr.iterVar2 !== undefined;
    const loop = (run: Run, frame: Frame): void => {
      const { over, keys } = frame;
      const size = keys ? keys.length : over instanceof CelList ? over.size : 0;
      for (; frame.at < size; frame.at++) {
        frame.cost = run.cost;
        if (frame.resumed) frame.resumed = false;
        else {
          run.forget(inside);
          run.tick();
        }
        if (keys) {
          const key = keys[frame.at] ?? null;
          run.slots[first] = key;
          if (two && over instanceof CelMap) run.slots[second] = over.get(key) ?? null;
        } else if (over instanceof CelList) {
          run.slots[first] = two ? frame.at : over.at(frame.at);
          if (two) run.slots[second] = over.at(frame.at);
        }
        if (condition(run) === false) {
          frame.at = size;
          break;
        }
        run.slots[accu] = body(run);
      }
    };
    const evaluate = (run: Run, frame: Frame): Value => {
      if (frame.over === undefined) {
        const over = range(run);
        if (over instanceof CelError) return over;
        if (over instanceof CelMap) frame.keys = Array.from(over.keys());
        else if (!(over instanceof CelList)) {
          return new CelError(`got '${goTypeName(over)}', expected iterable type`);
        }
        frame.over = over;
        frame.cost = run.cost;
      }
      loop(run, frame);
      if (!frame.looped) frame.cost = run.cost;
      frame.looped = true;
      const value = result(run);
      return value instanceof MutableList || value instanceof MutableMap ? value.finish() : value;
    };
    return {
      eval: (run) => {
        const known = run.finished(accu);
        if (known !== undefined) return known;
        const left = run.resume(accu);
        const frame = left ?? new Frame(run.cost);
        if (!left) {
          run.slots[accu] = undefined;
          run.forget(around);
        }
        try {
          const value = evaluate(run, frame);
          run.finish(accu, value, frame.began);
          return value;
        } catch (error) {
          if (error instanceof Paused) run.leave(accu, frame);
          throw error;
        }
      },
    };
  }
}

const LIST_COST = 10;
const MAP_COST = 30;
const STRUCT_COST = 40;

function mutable(value: Value): Value {
  if (value instanceof CelList && value.size === 0) return new MutableList();
  return value instanceof EntryMap && value.size === 0 ? new MutableMap() : value;
}

const notOptional = (value: Value) =>
  new CelError(`cannot initialize optional entry from non-optional value ${String(value)}`);

const priced =
  (build: Step, cost: number): Step =>
  (run) => {
    const value = build(run);
    run.charge(cost);
    return value;
  };

function attribute(resolve: Step): Plan {
  return {
    resolve,
    eval: (run) => {
      const value = resolve(run);
      run.charge(1);
      return value;
    },
  };
}

/** A step into a value: a field or an index. */
function step(base: Step, operand: Plan, key: Step, access: (value: Value, key: Value) => Value): Plan {
  const resolve: Step = (run) => {
    const value = base(run);
    if (value instanceof CelError) return value;
    const k = key(run);
    if (k instanceof CelError) return k;
    const result = access(value, k);
    // Asking for what may be missing is free where it is.
    if (!(result instanceof CelOptional && result.value === undefined)) run.charge(1);
    return result;
  };
  return operand.conditional ? { resolve, eval: resolve, conditional: true } : attribute(resolve);
}

function optionalQualify(value: Value, key: Value): Value {
  const inner = value instanceof CelOptional ? value.value : value;
  if (inner === undefined) return CelOptional.none;
  const found = present(inner, key);
  if (found instanceof CelError) return found;
  return found === undefined ? CelOptional.none : new CelOptional(found);
}

/** && and ||: the value that decides wins over errors, whichever side it is on. */
function logical(args: readonly Plan[], decides: boolean): Plan {
  const terms = args.map((arg) => arg.eval);
  return {
    eval: (run) => {
      let error: CelError | undefined;
      for (const term of terms) {
        const value = term(run);
        if (value === decides) return decides;
        if (value !== !decides) error ??= value instanceof CelError ? value : noOverload();
      }
      return error ?? !decides;
    },
  };
}

function conditional([condition, whenTrue, whenFalse]: readonly [Plan, Plan, Plan]): Plan {
  const test = condition.eval;
  const [yes, no] = [whenTrue.resolve ?? whenTrue.eval, whenFalse.resolve ?? whenFalse.eval];
  const resolve: Step = (run) => {
    const value = test(run);
    if (value === true) return yes(run);
    if (value === false) return no(run);
    return value instanceof CelError ? value : noOverload();
  };
  return { eval: resolve, resolve, conditional: true };
}

function orElse([left, right]: readonly [Plan, Plan], name: string): Plan {
  return {
    eval: (run) => {
      const value = left.eval(run);
      if (!(value instanceof CelOptional)) return value;
      if (value.value === undefined) return right.eval(run);
      return name === 'or' ? value : value.value;
    },
  };
}

/** `x in [constants]`: a look into a set, made once, and free. */
function membership([item, list]: readonly [Plan, Plan], overloads: readonly string[]): Plan | undefined {
  const { constant: value } = list;
  if (overloads.length !== 1 || overloads[0] !== 'in_list' || !(value instanceof CelList)) return undefined;
  if (value.size === 0) return constant(false);
  const keys = new Set<unknown>();
  for (const element of value) {
    const scalar = typeof element !== 'object' || element instanceof CelUint || element instanceof CelDouble;
    if (!scalar) return undefined;
    keys.add(mapKey(element) ?? (element instanceof CelDouble ? element.value : element));
  }
  return {
    eval: (run) => {
      const wanted = item.eval(run);
      if (wanted instanceof CelError) return wanted;
      if (keys.has(mapKey(wanted) ?? (wanted instanceof CelDouble ? wanted.value : undefined))) return true;
      return wanted === null && Array.from(value).some((element) => equal(element, wanted));
    },
  };
}

/** `x in list` and `x in map`: who looks into a list time and again does so with an index. */
function lookUp(item: Plan, container: Plan, overloads: readonly string[]): Step {
  const overload = overloads.length === 1 ? (overloads[0] ?? '') : '';
  return (run) => {
    const wanted = item.eval(run);
    const within = container.eval(run);
    run.charge(callCost('@in', overload, [wanted, within], null));
    if (wanted instanceof CelError) return wanted;
    if (within instanceof CelError) return within;
    return (within instanceof CelList ? run.index(within)?.has(wanted) : undefined) ?? contains(wanted, within);
  };
}

/** Picks the overload by the arguments' types at run time. */
function dispatch(name: string, candidates: readonly Overload[]): Implementation {
  return (...args) => {
    for (const { args: declared, implementation } of candidates) {
      if (implementation && acceptsAll(declared, args)) return implementation(...args);
    }
    return new CelError(`no such overload: ${name}(${args.map((arg) => runtimeTypeName(valueType(arg))).join(', ')})`);
  };
}

function caller(name: string, overload: string, args: readonly Plan[], compute: Implementation): Step {
  const steps = args.map((arg) => arg.eval);
  const strict = name !== '@not_strictly_false';
  const [one, two] = steps;
  // What is too costly is not done first.
  const early = !costsByResult(name, overload);
  if (steps.length === 1 && one) {
    return (run) => {
      const a = one(run);
      if (early) run.charge(callCost(name, overload, [a], null));
      const result = strict && a instanceof CelError ? a : compute(a);
      if (!early) run.charge(callCost(name, overload, [a], result));
      return result;
    };
  }
  if (steps.length === 2 && one && two) {
    return (run) => {
      const a = one(run);
      const b = two(run);
      if (early) run.charge(callCost(name, overload, [a, b], null));
      const result = a instanceof CelError ? a : b instanceof CelError ? b : compute(a, b);
      if (!early) run.charge(callCost(name, overload, [a, b], result));
      return result;
    };
  }
  return (run) => {
    const values: Value[] = [];
    for (const evaluate of steps) {
      const value = evaluate(run);
      if (value instanceof CelError) return value;
      values.push(value);
    }
    if (early) run.charge(callCost(name, overload, values, null));
    const result = compute(...values);
    if (!early) run.charge(callCost(name, overload, values, result));
    return result;
  };
}
