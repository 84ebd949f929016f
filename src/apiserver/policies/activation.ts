/** What the expressions of a policy evaluate against, and what evaluating them may cost. */
import type { KubeObject } from '../../api/resource.ts';
import type { Condition } from '../../cel/admission.ts';
import { type AuthorizationLookup, newAuthorizer, newResourceCheck, PendingCheck } from '../../cel/authorizer.ts';
import { fromJson } from '../../cel/json-values.ts';
import type { Execution } from '../../cel/program.ts';
import { type CelType, structType } from '../../cel/types.ts';
import { CelError, CelStruct, type Value } from '../../cel/values.ts';
import { quote } from '../../schema/quote.ts';
import type { Attributes } from './attributes.ts';
import type { RequestAuthorizer } from './request-authorizer.ts';

/** What all expressions of one binding (and parameter) may cost together. */
export const COST_BUDGET = 10_000_000;
/** What its match conditions may cost together. */
export const CONDITIONS_BUDGET = 2_500_000;

export interface Expression {
  readonly text: string;
  readonly compiled: Condition;
}

/** Expressions have cost more than they may; ends all of them. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

export interface Inputs {
  readonly attributes: Attributes;
  /** In the version that was matched. */
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  /** As `admissionRequest` makes it. */
  readonly request: object;
  readonly params: KubeObject | undefined;
  readonly namespaceObject: object | undefined;
  /** Where the expressions may ask it. */
  readonly authorizer?: RequestAuthorizer;
}

export type Outcome = { readonly value: Value } | { readonly error: string };

const VARIABLES = structType('kubernetes.variables');

/** Expressions that see the same: each variable is evaluated once, when the first of them asks for it. */
export class Activation {
  readonly #inputs: Inputs;
  readonly #variables: Value;
  /** Spent on variables, and not charged yet. */
  #spent = 0;
  #budget: number;
  /** Variables that are being evaluated. */
  readonly #begun = new Map<string, Execution>();

  constructor(inputs: Inputs, variables: ReadonlyMap<string, Expression>, budget: number) {
    this.#inputs = inputs;
    this.#variables = new Variables(variables, (name, expression) => this.#variable(name, expression));
    this.#budget = budget;
  }

  /** What is left of the budget. */
  get budget(): number {
    return this.#budget;
  }

  /** Throws OutOfBudget. */
  async evaluate({ text, compiled }: Expression): Promise<Outcome> {
    if ('problem' in compiled) return { error: `compilation error: ${compiled.problem}` };
    const { pace } = this.#inputs.attributes;
    const begin = () => compiled.program.begin((name) => this.#resolve(name));
    let execution = begin();
    for (;;) {
      if (pace.over) await pace.rest();
      try {
        const done = execution.advance(pace.until);
        if (!done) continue;
        const { value, cost } = done;
        this.#charge(this.#spent);
        this.#spent = 0;
        this.#charge(cost);
        if (value instanceof CelError) return { error: `expression '${text}' resulted in error: ${value.message}` };
        return { value };
      } catch (error) {
        const { authorizer } = this.#inputs;
        if (!(error instanceof PendingCheck) || !authorizer) throw error;
        await authorizer.ask(error.question);
        this.#begun.clear();
        execution = begin();
      }
    }
  }

  #charge(cost: number): void {
    if (cost > this.#budget) throw new OutOfBudget();
    this.#budget -= cost;
  }

  #variable(name: string, { compiled }: Expression): Value {
    if ('problem' in compiled) {
      return new CelError(`composited variable ${quote(name)} fails to compile: ${compiled.problem}`);
    }
    const begun = this.#begun.get(name);
    const execution = begun ?? compiled.program.begin((asked) => this.#resolve(asked));
    if (!begun) this.#begun.set(name, execution);
    // Where its time is over it ends what asked for it, too: both go on from where they were.
    const { value, cost } = execution.finish(this.#inputs.attributes.pace.until);
    this.#begun.delete(name);
    this.#spent += cost;
    if (!(value instanceof CelError)) return value;
    return new CelError(`composited variable ${quote(name)} fails to evaluate: ${value.message}`);
  }

  #resolve(name: string): Value | undefined {
    const { object, oldObject, request, params, namespaceObject, authorizer, attributes } = this.#inputs;
    switch (name) {
      case 'object':
        return fromJson(object);
      case 'oldObject':
        return fromJson(oldObject);
      case 'request':
        return fromJson(request);
      case 'params':
        return fromJson(params);
      case 'namespaceObject':
        return fromJson(namespaceObject);
      case 'variables':
        return this.#variables;
      case 'authorizer':
        return authorizer && newAuthorizer(authorizer.lookup);
      case 'authorizer.requestResource':
        return authorizer && requestResource(authorizer.lookup, attributes);
      default:
        return undefined;
    }
  }
}

function requestResource(lookup: AuthorizationLookup, { request, name, namespace }: Attributes): Value {
  const { resource, subresource } = request.target;
  return newResourceCheck(lookup, {
    group: resource.group,
    resource: resource.data.resource,
    subresource,
    namespace,
    name,
  });
}

class Variables extends CelStruct {
  readonly #expressions: ReadonlyMap<string, Expression>;
  readonly #evaluate: (name: string, expression: Expression) => Value;
  readonly #known = new Map<string, Value>();

  constructor(expressions: ReadonlyMap<string, Expression>, evaluate: (name: string, expression: Expression) => Value) {
    super();
    this.#expressions = expressions;
    this.#evaluate = evaluate;
  }
  override get type(): CelType {
    return VARIABLES;
  }
  override get size(): number {
    return this.#expressions.size;
  }
  override get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const expression = this.#expressions.get(key);
    if (!expression) return undefined;
    const value = this.#evaluate(key, expression);
    this.#known.set(key, value);
    return value;
  }
  override keys(): Iterable<Value> {
    return this.#expressions.keys();
  }
}
