/** Policies' expressions, made ready to evaluate. What does not compile says so when it is evaluated. */
import type {
  MatchCondition,
  MutatingAdmissionPolicy,
  ValidatingAdmissionPolicy,
  Variable,
} from '../../api/admissionregistration/v1.gen.ts';
import { AdmissionCompiler, type AdmissionScope, JSON_PATCH_TYPE, OBJECT_TYPE } from '../../cel/admission.ts';
import { BOOL, type CelType, listOf, NULL, STRING } from '../../cel/types.ts';
import type { Expression } from './activation.ts';

/** What both kinds of policies have. */
export interface CompiledPolicy {
  readonly variables: ReadonlyMap<string, Expression>;
  readonly conditions: readonly Expression[];
}

export interface CompiledValidation {
  readonly expression: Expression;
  readonly messageExpression: Expression | undefined;
  readonly message: string;
  readonly reason: string;
}

export interface CompiledValidatingPolicy extends CompiledPolicy {
  readonly validations: readonly CompiledValidation[];
  readonly annotations: readonly { readonly key: string; readonly expression: Expression }[];
}

export interface CompiledMutation {
  readonly patchType: 'JSONPatch' | 'ApplyConfiguration';
  readonly expression: Expression;
}

export interface CompiledMutatingPolicy extends CompiledPolicy {
  readonly mutations: readonly CompiledMutation[];
}

class Compiler {
  readonly #compiler = new AdmissionCompiler(true);
  readonly #params: boolean;

  constructor(params: boolean) {
    this.#params = params;
  }

  expression(text: string, types: readonly CelType[], scope: AdmissionScope = { authorizer: true }): Expression {
    return { text, compiled: this.#compiler.condition(text, { ...scope, params: this.#params }, types) };
  }

  /** The variables first: the others are compiled with their types. */
  shared(
    variables: readonly Variable[] | undefined,
    conditions: readonly MatchCondition[] | undefined,
  ): CompiledPolicy {
    const scope = { params: this.#params, authorizer: true };
    const compiled = new Map<string, Expression>();
    for (const { name, expression } of variables ?? []) {
      compiled.set(name, { text: expression, compiled: this.#compiler.variable(name, expression, scope) });
    }
    return {
      variables: compiled,
      conditions: (conditions ?? []).map(({ expression }) => this.expression(expression, [BOOL])),
    };
  }
}

export function compileValidating({ spec }: ValidatingAdmissionPolicy): CompiledValidatingPolicy {
  const compiler = new Compiler(spec.paramKind !== undefined);
  return {
    ...compiler.shared(spec.variables, spec.matchConditions),
    validations: (spec.validations ?? []).map(({ expression, messageExpression, message = '', reason }) => ({
      expression: compiler.expression(expression, [BOOL]),
      messageExpression: messageExpression ? compiler.expression(messageExpression, [STRING], {}) : undefined,
      message,
      reason: reason ?? 'Invalid',
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: compiler.expression(valueExpression, [STRING, NULL]),
    })),
  };
}

export function compileMutating({ spec }: MutatingAdmissionPolicy): CompiledMutatingPolicy {
  const compiler = new Compiler(spec.paramKind !== undefined);
  const scope = { authorizer: true, patchTypes: true };
  return {
    ...compiler.shared(spec.variables, spec.matchConditions),
    mutations: (spec.mutations ?? []).map((mutation) =>
      mutation.patchType === 'JSONPatch'
        ? {
            patchType: 'JSONPatch',
            expression: compiler.expression(mutation.jsonPatch?.expression ?? '', [listOf(JSON_PATCH_TYPE)], scope),
          }
        : {
            patchType: 'ApplyConfiguration',
            expression: compiler.expression(mutation.applyConfiguration?.expression ?? '', [OBJECT_TYPE], scope),
          },
    ),
  };
}
