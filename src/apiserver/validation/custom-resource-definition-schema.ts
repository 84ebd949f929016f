/** The schema of a definition's version: which keywords it may have, and what they may say together. */
import type { ValidationRule } from '../../api/apiextensions/v1.gen.ts';
import { MOST } from '../../cel/estimate.ts';
import { type FieldError, fieldErrors, type Path } from '../../schema/field-error.ts';
import { type Declaration, declarationOf, MAX_REQUEST } from '../custom/schema/declarations.ts';
import { fieldPath } from '../custom/schema/field-path.ts';
import { goRule } from '../custom/schema/go-schema.ts';
import { type CompiledRule, compileRules } from '../custom/schema/rules.ts';
import { isSchema, type JsonSchema, type Structural, structuralOf } from '../custom/schema/structural.ts';
import { unsupportedKeyword } from '../custom/schema/structural-problems.ts';
import { checkKeywords, checkListKeys } from './custom-resource-definition-keywords.ts';

/** What one rule may cost at its worst, and all rules of a schema. */
const RULE_LIMIT = 10_000_000;
const SCHEMA_LIMIT = 100_000_000;

/** What is not asked of definitions that were stored without it. */
export interface SchemaRules {
  readonly validTypes: boolean;
  readonly atomicSets: boolean;
  readonly listKeys: boolean;
  /** The schema is as it was: rules may cost what they cost. */
  readonly anyCost: boolean;
}

/** How things stand at a node. */
interface Place {
  readonly isRoot: boolean;
  /** Why there may be no default. */
  readonly noDefaults: string | undefined;
  readonly insideMeta: boolean;
  /** Within what no part has an old value: rules there may not ask for it. */
  readonly uncorrelated: Path | undefined;
  /** Undefined where rules are not looked at. */
  readonly rules:
    | { readonly node: Structural; readonly isRoot: boolean; readonly cardinality: number | undefined }
    | undefined;
}

/** The rules that cost most of all. */
interface Total {
  cost: number;
  expensive: { readonly path: Path; readonly cost: number }[];
}

/** Complaints about a schema: those about keywords first. `withRules`: it is structural, so that rules have types. */
export function schemaProblems(schema: JsonSchema, path: Path, options: SchemaRules, withRules: boolean): FieldError[] {
  const check = new SchemaCheck(options);
  const rules = withRules ? { node: structuralOf(schema), isRoot: true, cardinality: 1 } : undefined;
  const { found, ruleProblems } = check.visit(schema, path, {
    isRoot: true,
    noDefaults: undefined,
    insideMeta: false,
    uncorrelated: undefined,
    rules,
  });
  const all = [...found, ...ruleProblems];
  const { cost, expensive } = check.total;
  if (cost > SCHEMA_LIMIT) {
    const why = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    for (const { path: at } of expensive) all.push(fieldErrors.forbidden(at, why));
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    all.push(fieldErrors.forbidden(path, costProblem(what, cost, SCHEMA_LIMIT)));
  }
  return all;
}

interface Problems {
  readonly found: FieldError[];
  readonly ruleProblems: FieldError[];
}

const metaFields: ReadonlySet<string> = new Set(['metadata', 'kind', 'apiVersion']);

class SchemaCheck {
  readonly total: Total = { cost: 0, expensive: [] };
  readonly #options: SchemaRules;

  constructor(options: SchemaRules) {
    this.#options = options;
  }

  visit(schema: JsonSchema, path: Path, place: Place): Problems {
    const found: FieldError[] = [];
    const ruleProblems: FieldError[] = [];
    checkKeywords(schema, path, { ...place, validTypes: this.#options.validTypes }, found);
    this.#children(schema, path, place, (child, at, childPlace) => {
      const below = this.visit(child, at, childPlace);
      found.push(...below.found);
      ruleProblems.push(...below.ruleProblems);
    });
    checkListKeys(schema, path, this.#options, found);
    const rules = schema['x-kubernetes-validations'] ?? [];
    for (const [i, rule] of rules.entries())
      checkRule(rule, schema, path.child('x-kubernetes-validations').index(i), found);
    if (rules.length > 0 && found.length === 0 && place.rules) this.#checkRules(path, place, ruleProblems);
    return { found, ruleProblems };
  }

  #children(
    schema: JsonSchema,
    path: Path,
    place: Place,
    each: (child: JsonSchema, path: Path, place: Place) => void,
  ): void {
    const { additionalProperties, items, properties = {}, not, allOf = [], oneOf = [], anyOf = [] } = schema;
    const below: Place = { ...place, isRoot: false, rules: undefined };
    const node = place.rules?.node;
    const cardinality = multiply(place.rules?.cardinality, maxElements(schema));
    const rulesOf = (child: Structural | undefined) => child && { node: child, isRoot: child.embedded, cardinality };
    if (typeof additionalProperties === 'object') {
      const noDefaults = place.insideMeta
        ? 'inside additionalProperties applying to object metadata'
        : place.noDefaults;
      const at = path.child('additionalProperties');
      each(additionalProperties, at, { ...below, noDefaults, rules: rulesOf(node?.additional) });
    }
    for (const [name, property] of Object.entries(properties)) {
      const meta = metaFields.has(name) && (place.isRoot || schema['x-kubernetes-embedded-resource'] === true);
      const next: Place = {
        ...below,
        insideMeta: place.insideMeta || meta,
        noDefaults: meta && place.isRoot ? `in top-level ${name}` : place.noDefaults,
        uncorrelated: isCorrelatableMap(schema) ? place.uncorrelated : (place.uncorrelated ?? path),
        rules: rulesOf(node?.properties.get(name)),
      };
      each(property, path.child('properties').key(name), next);
    }
    if (not) each(not, path.child('not'), below);
    for (const [name, schemas] of Object.entries({ allOf, oneOf, anyOf })) {
      for (const [i, one] of schemas.entries()) each(one, path.child(name).index(i), below);
    }
    for (const [name, one] of Object.entries(schema.definitions ?? {}))
      each(one, path.child('definitions').key(name), below);
    if (items) {
      const uncorrelated =
        schema['x-kubernetes-list-type'] === 'map' ? place.uncorrelated : (place.uncorrelated ?? path);
      const at = path.child('items');
      if (isSchema(items)) each(items, at, { ...below, uncorrelated, rules: rulesOf(node?.items) });
      else for (const [i, one] of items.entries()) each(one, at.index(i), { ...below, uncorrelated });
    }
    for (const [name, one] of Object.entries(schema.dependencies ?? {})) {
      if (!isNames(one)) each(one, path.child('dependencies').key(name), below);
    }
  }

  #checkRules(path: Path, { rules, uncorrelated }: Place, found: FieldError[]): void {
    if (!rules) return;
    const at = path.child('x-kubernetes-validations');
    const declared = declarationOf(rules.node, rules.isRoot);
    if (!declared) {
      const why =
        'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations';
      found.push(fieldErrors.internal(at, why));
      return;
    }
    for (const [i, compiled] of compileRules(rules.node, declared).entries()) {
      const cost = expressionCost(compiled, declared, rules.cardinality);
      this.#checkCompiled(compiled, cost, at.index(i), uncorrelated, found);
    }
  }

  #checkCompiled(
    compiled: CompiledRule,
    cost: number,
    at: Path,
    uncorrelated: Path | undefined,
    found: FieldError[],
  ): void {
    const { rule, problem, message, messageProblem, messageCost, usesOldSelf } = compiled;
    this.#observe(at.child('rule'), 'estimated rule cost', cost, found);
    if (problem !== undefined) found.push(fieldErrors.invalid(at.child('rule'), goRule(rule), problem));
    const messageAt = at.child('messageExpression');
    if (messageProblem !== undefined) found.push(fieldErrors.invalid(messageAt, goRule(rule), messageProblem));
    else if (message) this.#observe(messageAt, 'estimated messageExpression cost', messageCost, found);
    if (usesOldSelf) {
      if (!uncorrelated) return;
      const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`;
      found.push(fieldErrors.invalid(at.child('rule'), rule.rule, why));
    } else if (rule.optionalOldSelf !== undefined && rule.optionalOldSelf !== null) {
      const why = 'may not be set if oldSelf is not used in rule';
      found.push(fieldErrors.invalid(at.child('optionalOldSelf'), rule.optionalOldSelf, why));
    }
  }

  #observe(path: Path, what: string, cost: number, found: FieldError[]): void {
    if (!this.#options.anyCost && cost > RULE_LIMIT) {
      found.push(fieldErrors.forbidden(path, costProblem(what, cost, RULE_LIMIT)));
    }
    this.total.cost = Math.min(MOST, this.total.cost + cost);
    if (cost < SCHEMA_LIMIT / 100) return;
    const expensive = [...this.total.expensive, { path, cost }].sort((a, b) => b.cost - a.cost);
    this.total.expensive = expensive.slice(0, 4);
  }
}

const isNames = (value: JsonSchema | readonly string[]): value is readonly string[] => Array.isArray(value);

const isCorrelatableMap = ({ 'x-kubernetes-map-type': type }: JsonSchema): boolean =>
  type === undefined || type === 'granular' || type === 'atomic';

/** How many values of a schema's parts there may be for each of its own; undefined of no limit. */
function maxElements({ type, additionalProperties, maxProperties, maxItems }: JsonSchema): number | undefined {
  if (type === 'array') return maxItems === undefined ? undefined : Math.max(0, maxItems);
  if (type !== 'object' || additionalProperties === undefined) return 1;
  return maxProperties === undefined ? undefined : Math.max(0, maxProperties);
}

const multiply = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : Math.min(MOST, a * b);

const expressionCost = ({ cost }: CompiledRule, { minSize }: Declaration, cardinality: number | undefined): number =>
  Math.min(MOST, cost * (cardinality ?? Math.floor(MAX_REQUEST / (minSize + 1))));

function costProblem(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const times = factor > 100 ? 'more than 100x' : `${factor < 1.5 ? factor.toFixed(6) : oneDecimal(factor)}x`;
  const advice =
    'try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared';
  return `${what} exceeds budget by factor of ${times} (${advice})`;
}

/** Rounded to even where it is just between two, as Go does. */
const oneDecimal = (value: number): string => ((value * 4) % 4 === 1 ? (value - 0.05).toFixed(1) : value.toFixed(1));

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** What may be wrong with a rule before it is compiled. */
function checkRule(rule: ValidationRule, schema: JsonSchema, at: Path, found: FieldError[]): void {
  const { message = '', messageExpression = '', fieldPath: path = '' } = rule;
  const breaks = (text: string) => /[\n\r]/.test(text);
  if (rule.rule.trim() === '') found.push(fieldErrors.required(at.child('rule'), 'rule is not specified'));
  else if (message !== '' && message.trim() === '') {
    found.push(fieldErrors.invalid(at.child('message'), message, 'must be non-empty if specified'));
  } else if (breaks(message.trim())) {
    found.push(fieldErrors.invalid(at.child('message'), message, 'must not contain line breaks'));
  } else if (breaks(rule.rule.trim()) && message.trim() === '') {
    found.push(fieldErrors.required(at.child('message'), 'message must be specified if rule contains line breaks'));
  }
  if (messageExpression !== '' && messageExpression.trim() === '') {
    const why = 'messageExpression must be non-empty if specified';
    found.push(fieldErrors.required(at.child('messageExpression'), why));
  }
  if (rule.reason !== undefined && !reasons.includes(rule.reason)) {
    found.push(fieldErrors.notSupported(at.child('reason'), rule.reason, reasons));
  }
  if (path === '') return;
  const where = at.child('fieldPath');
  if (path.trim() === '') found.push(fieldErrors.invalid(where, path, 'must be non-empty if specified'));
  if (breaks(path)) found.push(fieldErrors.invalid(where, path, 'must not contain line breaks'));
  if (unsupportedKeyword(schema) !== undefined) return;
  if (typeof fieldPath(path, structuralOf(schema), { arrays: true }) === 'string') {
    found.push(fieldErrors.invalid(where, path, 'must be a valid path'));
  }
}
