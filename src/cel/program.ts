/** Expressions from text to answer: compile once, evaluate often. */
import type { CheckedAst } from './checker.ts';
import { check } from './checker.ts';
import type { Environment } from './environment.ts';
import { displayIssues } from './issues.ts';
import { parse } from './parser.ts';
import { plan, type Step } from './planner.ts';
import { Cancelled, Paused, Run } from './run.ts';
import { CelError, type Value } from './values.ts';

/** What Kubernetes lets one expression cost at run time. */
export const COST_LIMIT = 1_000_000;

export interface EvaluateOptions {
  /** In units of cost; COST_LIMIT without one. */
  readonly costLimit?: number;
  /** Ends the evaluation between two iterations. */
  readonly signal?: AbortSignal;
}

export interface Evaluation {
  /** A CelError where the expression failed. */
  readonly value: Value;
  readonly cost: number;
}

/** An expression ready to run. */
export class Program {
  readonly ast: CheckedAst;
  readonly #step: Step;

  constructor(ast: CheckedAst, step: Step) {
    this.ast = ast;
    this.#step = step;
  }

  /** Evaluates against variables by name, read when the expression asks for them. */
  evaluate(variables: (name: string) => Value | undefined, options: EvaluateOptions = {}): Evaluation {
    return this.begin(variables, options).finish();
  }

  /** The same, in as many steps as it takes. */
  begin(variables: (name: string) => Value | undefined, options: EvaluateOptions = {}): Execution {
    return new Execution(this.#step, new Run(variables, options.costLimit ?? COST_LIMIT, options.signal));
  }
}

/** An evaluation that others need not wait for. */
export class Execution {
  readonly #step: Step;
  readonly #run: Run;

  constructor(step: Step, run: Run) {
    this.#step = step;
    this.#run = run;
  }

  /** Goes on until it is done, or a little after `until` on performance.now()'s clock: then it throws Paused. */
  finish(until = Number.POSITIVE_INFINITY): Evaluation {
    const run = this.#run;
    run.goOn(until);
    try {
      return { value: this.#step(run), cost: run.cost };
    } catch (error) {
      if (error instanceof Cancelled) return { value: new CelError(error.message), cost: run.cost };
      throw error;
    }
  }

  /** Undefined where it is not done by then: to be called again. */
  advance(until: number): Evaluation | undefined {
    try {
      return this.finish(until);
    } catch (error) {
      if (error instanceof Paused) return undefined;
      throw error;
    }
  }
}

/** Compiled, or why not: as a user sees it, a line and a drawing an issue. */
export type Compiled = { readonly program: Program } | { readonly issues: string };

const caches = new WeakMap<Environment, Map<string, Compiled>>();
const CACHE_LIMIT = 1024;

/** Parses, checks and plans an expression. The latest of an environment are kept. */
export function compile(source: string, env: Environment): Compiled {
  let cache = caches.get(env);
  if (!cache) {
    cache = new Map();
    caches.set(env, cache);
  }
  const known = cache.get(source);
  if (known) return known;
  const compiled = compileNow(source, env);
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(source, compiled);
  return compiled;
}

function compileNow(source: string, env: Environment): Compiled {
  const parsed = parse(source, env.macros);
  if ('issues' in parsed) return { issues: displayIssues(source, parsed.issues) };
  const checked = check(parsed.ast, env);
  if ('issues' in checked) return { issues: displayIssues(source, checked.issues) };
  try {
    return { program: new Program(checked.ast, plan(checked.ast)) };
  } catch (error) {
    return { issues: error instanceof Error ? error.message : String(error) };
  }
}
