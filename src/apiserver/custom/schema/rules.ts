/**
 * x-kubernetes-validations: rules in CEL about the values of a schema, compiled once, evaluated within a budget.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
import type { ValidationRule } from '../../../api/apiextensions/v1.gen.ts';
import { estimateCost } from '../../../cel/cost.ts';
import type { Environment } from '../../../cel/environment.ts';
import { kubernetesEnvironment } from '../../../cel/kubernetes.ts';
import { compile, type Program } from '../../../cel/program.ts';
import { BOOL, optionalOf, STRING, sameType } from '../../../cel/types.ts';
import { type Declaration, declarationOf, ScopeTypes, sizeAt } from './declarations.ts';
import { fieldPath } from './field-path.ts';
import type { Structural } from './structural.ts';

/** A rule compiled, or why it cannot be. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Undefined of rules that are empty or wrong. */
  readonly program?: Program;
  readonly problem?: string;
  readonly message?: Program;
  readonly messageProblem?: string;
  /** It is about what an update changes. */
  readonly usesOldSelf: boolean;
  /** Estimated at their worst. */
  readonly cost: number;
  readonly messageCost: number;
  /** Where complaints point, from the value the rule is about: "a.b"; "" for the value itself. */
  readonly fieldPath: string;
}

/** Compiles the rules of one node; `declared` is what expressions see of it. */
export function compileRules(node: Structural, declared: Declaration): CompiledRule[] {
  if (node.rules.length === 0) return [];
  const types = new ScopeTypes(declared);
  const base = kubernetesEnvironment.extend({ resolve: types.resolve });
  const scopes = {
    plain: base.extend({ variables: { self: types.self, oldSelf: types.self } }),
    optional: base.extend({ variables: { self: types.self, oldSelf: optionalOf(types.self) } }),
  };
  return node.rules.map((rule) =>
    compileRule(rule, node, declared, rule.optionalOldSelf ? scopes.optional : scopes.plain),
  );
}

function compileRule(rule: ValidationRule, node: Structural, declared: Declaration, env: Environment): CompiledRule {
  const failed = (problem?: string): CompiledRule => ({
    rule,
    usesOldSelf: false,
    cost: 0,
    messageCost: 0,
    fieldPath: '',
    ...(problem !== undefined && { problem }),
  });
  if (rule.rule.trim() === '') return failed();
  const compiled = compile(rule.rule, env);
  if ('issues' in compiled) return failed(`compilation failed: ${compiled.issues}`);
  const { program } = compiled;
  if (!sameType(program.ast.type, BOOL)) return failed('cel expression must evaluate to a bool');
  const costOf = (one: Program) => estimateCost(one.ast, { size: (path) => sizeAt(declared, path) }).max;
  const at = rule.fieldPath ? fieldPath(rule.fieldPath, node, { arrays: true }) : '';
  const references = [...program.ast.references.values()];
  const message = compileMessage(rule, env);
  return {
    rule,
    program,
    usesOldSelf: references.some((reference) => reference.kind === 'variable' && reference.name === 'oldSelf'),
    cost: costOf(program),
    messageCost: message.message ? costOf(message.message) : 0,
    fieldPath: typeof at === 'string' ? '' : at.path.toString(),
    ...message,
  };
}

function compileMessage(
  { messageExpression }: ValidationRule,
  env: Environment,
): { readonly message?: Program; readonly messageProblem?: string } {
  if (!messageExpression) return {};
  const compiled = compile(messageExpression, env);
  if ('issues' in compiled) return { messageProblem: `messageExpression compilation failed: ${compiled.issues}` };
  if (!sameType(compiled.program.ast.type, STRING)) {
    return { messageProblem: 'messageExpression must evaluate to a string' };
  }
  return { message: compiled.program };
}

/** The rules of a node and of all below it that has any. */
export interface RuleTree {
  readonly node: Structural;
  /** An object of a kind: rules see its apiVersion, kind and names. */
  readonly isRoot: boolean;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleTree>;
  readonly additional: RuleTree | undefined;
  readonly items: RuleTree | undefined;
}

/** Compiles all rules of a schema; undefined where there are none. */
export const ruleTree = (node: Structural, isRoot: boolean): RuleTree | undefined => {
  if (!node.below.rules) return undefined;
  const declared = declarationOf(node, isRoot);
  const rules = declared ? compileRules(node, declared) : [];
  const child = (below: Structural | undefined) => below && ruleTree(below, below.embedded);
  const properties = new Map<string, RuleTree>();
  for (const [name, property] of node.properties) {
    const tree = child(property);
    if (tree) properties.set(name, tree);
  }
  return { node, isRoot, rules, properties, additional: child(node.additional), items: child(node.items) };
};
