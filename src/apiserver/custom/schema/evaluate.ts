/** Evaluating the rules of a schema on an object. */
import type { Execution, Program } from '../../../cel/program.ts';
import { CelError, CelOptional, type Value } from '../../../cel/values.ts';
import { type FieldError, fieldErrors, type Path } from '../../../schema/field-error.ts';
import { isJsonObject, type JsonObject } from '../../../schema/json.ts';
import { quote } from '../../../schema/quote.ts';
import { Pace } from '../../../utils/turns.ts';
import { type Correlated, KeyedList, memberValue } from './correlation.ts';
import type { CompiledRule, RuleTree } from './rules.ts';
import { withTypeAndMetadata } from './structural.ts';
import { toValue } from './values.ts';

/** What all rules together may cost for one object. */
const BUDGET = 10_000_000;
/** The longest message an expression may make, in bytes. */
const MAX_MESSAGE = 5 * 1024;

const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** Complaints of rules that an update did not cause are only warned of. */
export type Warn = (text: string) => void;

/**
 * Evaluates all rules on an object; `correlated` has its old value for updates. What takes long is evaluated in several
 * turns of the event loop, and the answer is a promise then.
 */
export function evaluateRules(
  tree: RuleTree,
  object: unknown,
  old: unknown,
  base: Path,
  correlated: Correlated | undefined,
  warn: Warn,
): FieldError[] | Promise<FieldError[]> {
  const run = new Evaluation(warn);
  run.begin(tree, object, old, base, { current: correlated, parent: undefined });
  const pace = new Pace();
  return run.advance(pace) ? run.found : finished(run, pace);
}

/** The same at once, of values that are few and small: those that a definition itself has. */
export function evaluateNow(tree: RuleTree, value: unknown, old: unknown, base: Path): FieldError[] {
  const run = new Evaluation(() => {});
  run.begin(tree, value, old, base, { current: undefined, parent: undefined });
  run.advance({ over: false, until: Number.POSITIVE_INFINITY });
  return run.found;
}

async function finished(run: Evaluation, pace: Pace): Promise<FieldError[]> {
  do await pace.rest();
  while (!run.advance(pace));
  return run.found;
}

/** Whether a value is as it was: it, or if it cannot be compared what is around it. */
interface Ratchet {
  readonly current: Correlated | undefined;
  readonly parent: Correlated | undefined;
}

const below = (ratchet: Ratchet, next: (current: Correlated) => Correlated | undefined): Ratchet =>
  ratchet.current ? { current: next(ratchet.current), parent: ratchet.current } : ratchet;

/** A value whose rules are evaluated next, then what is below it, one after the other. */
interface Visit {
  readonly tree: RuleTree;
  readonly value: unknown;
  readonly old: unknown;
  readonly path: Path;
  readonly ratchet: Ratchet;
  rules: Scope | undefined;
  below: Iterator<Visit> | undefined;
}

/** How long the evaluation may go on. */
type Share = Pick<Pace, 'over' | 'until'>;

/** The rules of one value: what they see, and how far they are. */
interface Scope {
  readonly self: Value;
  readonly oldSelf: Value | undefined;
  readonly type: string;
  next: number;
  execution: Execution | undefined;
}

class Evaluation {
  readonly found: FieldError[] = [];
  #budget = BUDGET;
  readonly #warn: Warn;
  readonly #visits: Visit[] = [];

  constructor(warn: Warn) {
    this.#warn = warn;
  }

  begin(tree: RuleTree, value: unknown, old: unknown, path: Path, ratchet: Ratchet): void {
    this.#visits.push(visitOf(tree, value, old, path, ratchet));
  }

  /** Answers whether it is done. */
  advance(pace: Share): boolean {
    for (let visit = this.#visits.at(-1); visit; visit = this.#visits.at(-1)) {
      if (!visit.below) {
        const evaluated = this.#evaluate(visit, pace);
        if (evaluated === 'later') return false;
        if (evaluated === 'stop') return true;
        visit.below = membersOf(visit);
      }
      const { value: next } = visit.below.next();
      if (!next) this.#visits.pop();
      else {
        this.#visits.push(next);
        if (pace.over) return false;
      }
    }
    return true;
  }

  #evaluate(visit: Visit, pace: Share): 'done' | 'later' | 'stop' {
    const { tree, value, old, path, ratchet } = visit;
    if (tree.rules.length === 0) return 'done';
    if (!visit.rules) {
      if (this.#budget <= 0) return this.#stop(path, tree.node.type, OUT_OF_BUDGET);
      visit.rules = scopeOf(visit);
    }
    const scope = visit.rules;
    const { type } = scope;
    for (; scope.next < tree.rules.length; scope.next++) {
      const compiled = tree.rules[scope.next] as CompiledRule; // within the list
      const { rule, program, problem, usesOldSelf } = compiled;
      if (problem !== undefined) {
        this.found.push(fieldErrors.invalid(path, type, `rule compile error: ${problem}`));
        continue;
      }
      if (!program || (usesOldSelf && old === undefined && !rule.optionalOldSelf)) continue;
      if (pace.over) return 'later';
      const variables = variablesOf(scope, rule.optionalOldSelf === true);
      scope.execution ??= program.begin(variables);
      const done = scope.execution.advance(pace.until);
      if (!done) return 'later';
      scope.execution = undefined;
      const { value: answer, cost } = done;
      if (cost > this.#budget) return this.#stop(path, type, OUT_OF_BUDGET);
      this.#budget -= cost;
      if (answer instanceof CelError) {
        if (!this.#failed(compiled, answer.message, path, type)) return 'stop';
      } else if (answer !== true && !this.#complain(compiled, value, type, variables, path, ratchet)) return 'stop';
    }
    return 'done';
  }

  #stop(path: Path, type: string, why: string): 'stop' {
    this.found.push(fieldErrors.invalid(path, type, why));
    return 'stop';
  }

  /** The rule could not be evaluated. */
  #failed({ rule }: CompiledRule, why: string, path: Path, type: string): boolean {
    const shown = ruleText(rule);
    if (why.startsWith('operation cancelled: actual cost limit exceeded')) {
      const detail = `'${why}': no further validation rules will be run due to call cost exceeds limit for rule: ${shown}`;
      this.#stop(path, type, detail);
      return false;
    }
    const detail = why.startsWith('no such overload')
      ? `'${why}': call arguments did not match a supported operator, function or macro signature for rule: ${shown}`
      : `${why} evaluating rule: ${shown}`;
    this.found.push(fieldErrors.invalid(path, type, detail));
    return true;
  }

  /** The rule said no. */
  #complain(
    compiled: CompiledRule,
    value: unknown,
    type: string,
    variables: (name: string) => Value | undefined,
    base: Path,
    ratchet: Ratchet,
  ): boolean {
    const { rule, message, usesOldSelf } = compiled;
    const path = compiled.fieldPath === '' ? base : base.child(compiled.fieldPath);
    const add = (error: FieldError) => {
      const same = (ratchet.current ?? ratchet.parent)?.unchanged === true;
      if (!usesOldSelf && same) this.#warn(`${error.field}: ${error.body}`);
      else this.found.push(error);
    };
    const made = message && this.#message(message, rule.messageExpression ?? '', variables);
    if (made && 'stop' in made) {
      add(fieldErrors.invalid(path, type, made.stop));
      return false;
    }
    const detail = made?.text ?? (rule.message ? rule.message.trim() : `failed rule: ${ruleText(rule)}`);
    const shown = type === 'object' || type === 'array' ? undefined : value;
    add(errorFor(rule.reason, path, shown, detail));
    return true;
  }

  /** What a message expression says; nothing where it is of no use, `stop` where it was too costly to find out. */
  #message(
    program: Program,
    source: string,
    variables: (name: string) => Value | undefined,
  ): { readonly text: string } | { readonly stop: string } | undefined {
    const { value, cost } = program.evaluate(variables);
    if (cost > this.#budget) {
      const why = 'messageExpression evaluation failed due to running out of cost budget';
      return { stop: `${why}, no further validation rules will be run` };
    }
    if (value instanceof CelError && value.message.startsWith('operation cancelled: actual cost limit exceeded')) {
      const why = 'no further validation rules will be run due to call cost exceeds limit for messageExpression';
      return { stop: `${why}: ${quote(source)}` };
    }
    this.#budget -= cost;
    const text = typeof value === 'string' ? value.trim() : '';
    return text === '' || Buffer.byteLength(text) > MAX_MESSAGE || text.includes('\n') ? undefined : { text };
  }
}

const visitOf = (tree: RuleTree, value: unknown, old: unknown, path: Path, ratchet: Ratchet): Visit => ({
  tree,
  value,
  old: old ?? undefined,
  path,
  ratchet,
  rules: undefined,
  below: undefined,
});

function scopeOf({ tree, value, old }: Visit): Scope {
  const node = tree.isRoot ? withTypeAndMetadata(tree.node) : tree.node;
  const oldSelf = old === undefined ? undefined : toValue(old, node);
  return { self: toValue(value, node), oldSelf, type: node.type, next: 0, execution: undefined };
}

const variablesOf =
  ({ self, oldSelf }: Scope, optional: boolean) =>
  (name: string): Value | undefined => {
    if (name === 'self') return self;
    if (!optional) return oldSelf;
    return oldSelf === undefined ? CelOptional.none : new CelOptional(oldSelf);
  };

const nothing: Iterator<Visit> = { next: () => ({ done: true, value: undefined }) };

/** What is below a value and has rules. */
function membersOf({ tree, value, old, path, ratchet }: Visit): Iterator<Visit> {
  const { items } = tree;
  if (Array.isArray(value)) return items ? elements(tree, items, value, old, path, ratchet) : nothing;
  // Below this there is no rule.
  if (!isJsonObject(value) || (tree.properties.size === 0 && !tree.additional)) return nothing;
  return fields(tree, value, isJsonObject(old) ? old : undefined, path, ratchet);
}

function* fields(
  tree: RuleTree,
  value: JsonObject,
  before: JsonObject | undefined,
  path: Path,
  ratchet: Ratchet,
): Generator<Visit, undefined> {
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member === null || member === undefined) continue;
    const property = tree.properties.get(name);
    const child = property ?? (tree.node.properties.has(name) ? undefined : tree.additional);
    if (!child) continue;
    const typeMeta = ratchet.current && !ratchet.parent && (name === 'apiVersion' || name === 'kind');
    const next = typeMeta ? { current: undefined, parent: undefined } : below(ratchet, (now) => now.key(name));
    yield visitOf(child, member, memberValue(before, name), property ? path.child(name) : path.key(name), next);
  }
}

function* elements(
  tree: RuleTree,
  items: RuleTree,
  list: readonly unknown[],
  old: unknown,
  path: Path,
  ratchet: Ratchet,
): Generator<Visit, undefined> {
  const before = new KeyedList(tree.node, Array.isArray(old) ? old : []);
  for (const [i, item] of list.entries()) {
    if (item === null || item === undefined) continue;
    const next = below(ratchet, (now) => now.index(i));
    yield visitOf(items, item, before.get(item), path.index(i), next);
  }
}

const ruleText = ({ message, rule }: CompiledRule['rule']): string => (message || rule).trim();

function errorFor(reason: CompiledRule['rule']['reason'], path: Path, value: unknown, detail: string): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return fieldErrors.forbidden(path, detail);
    case 'FieldValueRequired':
      return fieldErrors.required(path, detail);
    case 'FieldValueDuplicate':
      return value === undefined ? fieldErrors.bare('FieldValueDuplicate', path) : fieldErrors.duplicate(path, value);
    default:
      return value === undefined
        ? fieldErrors.bare('FieldValueInvalid', path, detail)
        : fieldErrors.invalid(path, value, detail);
  }
}
