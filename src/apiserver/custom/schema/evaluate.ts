/** Evaluating the rules of a schema on an object. */
import type { Program } from '../../../cel/program.ts';
import { CelError, CelOptional, type Value } from '../../../cel/values.ts';
import { type FieldError, fieldErrors, type Path } from '../../../schema/field-error.ts';
import { isJsonObject } from '../../../schema/json.ts';
import { quote } from '../../../schema/quote.ts';
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

/** Evaluates all rules on an object; `correlated` has its old value for updates. */
export function evaluateRules(
  tree: RuleTree,
  object: unknown,
  old: unknown,
  base: Path,
  correlated: Correlated | undefined,
  warn: Warn,
): FieldError[] {
  const run = new Evaluation(warn);
  run.visit(tree, object, old, base, { current: correlated, parent: undefined });
  return run.found;
}

/** Whether a value is as it was: it, or if it cannot be compared what is around it. */
interface Ratchet {
  readonly current: Correlated | undefined;
  readonly parent: Correlated | undefined;
}

const below = (ratchet: Ratchet, next: (current: Correlated) => Correlated | undefined): Ratchet =>
  ratchet.current ? { current: next(ratchet.current), parent: ratchet.current } : ratchet;

class Evaluation {
  readonly found: FieldError[] = [];
  #budget = BUDGET;
  readonly #warn: Warn;

  constructor(warn: Warn) {
    this.#warn = warn;
  }

  /** Answers whether to go on. */
  visit(tree: RuleTree, value: unknown, old: unknown, path: Path, ratchet: Ratchet): boolean {
    if (value === null || value === undefined) return true;
    if (tree.rules.length > 0 && !this.#evaluate(tree, value, old ?? undefined, path, ratchet)) return false;
    if (Array.isArray(value)) return this.#visitList(tree, value, Array.isArray(old) ? old : [], path, ratchet);
    if (!isJsonObject(value)) return true;
    // Below this there is no rule.
    if (tree.properties.size === 0 && !tree.additional) return true;
    const before = isJsonObject(old) ? old : undefined;
    for (const name of Object.keys(value)) {
      const member = value[name];
      const property = tree.properties.get(name);
      const child = property ?? (tree.node.properties.has(name) ? undefined : tree.additional);
      if (!child) continue;
      const typeMeta = ratchet.current && !ratchet.parent && (name === 'apiVersion' || name === 'kind');
      const next = typeMeta ? { current: undefined, parent: undefined } : below(ratchet, (now) => now.key(name));
      const at = property ? path.child(name) : path.key(name);
      if (!this.visit(child, member, memberValue(before, name), at, next)) return false;
    }
    return true;
  }

  #visitList(tree: RuleTree, list: readonly unknown[], old: readonly unknown[], path: Path, ratchet: Ratchet): boolean {
    const { items } = tree;
    if (!items) return true;
    const before = new KeyedList(tree.node, old);
    return list.every((item, i) => {
      const next = below(ratchet, (now) => now.index(i));
      return this.visit(items, item, before.get(item), path.index(i), next);
    });
  }

  #evaluate(tree: RuleTree, value: unknown, old: unknown, path: Path, ratchet: Ratchet): boolean {
    if (this.#budget <= 0) return this.#stop(path, tree.node.type, OUT_OF_BUDGET);
    const node = tree.isRoot ? withTypeAndMetadata(tree.node) : tree.node;
    const self = toValue(value, node);
    const oldSelf = old === undefined ? undefined : toValue(old, node);
    const optionalOld = oldSelf === undefined ? CelOptional.none : new CelOptional(oldSelf);
    for (const compiled of tree.rules) {
      const { rule, program, problem, usesOldSelf } = compiled;
      if (problem !== undefined) {
        this.found.push(fieldErrors.invalid(path, node.type, `rule compile error: ${problem}`));
        continue;
      }
      if (!program || (usesOldSelf && old === undefined && !rule.optionalOldSelf)) continue;
      const variables = (name: string): Value | undefined => {
        if (name === 'self') return self;
        return rule.optionalOldSelf ? optionalOld : oldSelf;
      };
      const { value: answer, cost } = program.evaluate(variables);
      if (cost > this.#budget) return this.#stop(path, node.type, OUT_OF_BUDGET);
      this.#budget -= cost;
      if (answer instanceof CelError) {
        if (!this.#failed(compiled, answer.message, path, node.type)) return false;
      } else if (answer !== true && !this.#complain(compiled, value, node.type, variables, path, ratchet)) return false;
    }
    return true;
  }

  #stop(path: Path, type: string, why: string): false {
    this.found.push(fieldErrors.invalid(path, type, why));
    return false;
  }

  /** The rule could not be evaluated. */
  #failed({ rule }: CompiledRule, why: string, path: Path, type: string): boolean {
    const shown = ruleText(rule);
    if (why.startsWith('operation cancelled: actual cost limit exceeded')) {
      const detail = `'${why}': no further validation rules will be run due to call cost exceeds limit for rule: ${shown}`;
      return this.#stop(path, type, detail);
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
