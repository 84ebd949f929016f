/** What one policy makes of one request, with one parameter. */
import type { Namespace } from '../../api/core/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { ConvertObjects } from '../custom/versions.ts';
import { trim } from '../validation/match-conditions.ts';
import { Activation, CONDITIONS_BUDGET, COST_BUDGET, type Inputs, type Outcome, OutOfBudget } from './activation.ts';
import { admissionRequest } from './admission-request.ts';
import type { Attributes, Matched } from './attributes.ts';
import type { CompiledValidatingPolicy, CompiledValidation } from './compile.ts';
import { conditionsHold } from './conditions.ts';
import type { RequestAuthorizer } from './request-authorizer.ts';
import { viewIn } from './views.ts';

const MAX_MESSAGE_BYTES = 5 * 1024;
const MAX_ANNOTATION = 10 * 1024;

export interface Decision {
  readonly message: string;
  /** "" of what failed, and of nothing else. */
  readonly reason: string;
  /** Of the validation, among those of the policy. */
  readonly index: number;
}

export interface Judgement {
  readonly denied: readonly Decision[];
  /** Of audit annotations; each refuses the request, whatever the binding's actions. */
  readonly annotationErrors: readonly string[];
  /** For the audit event. */
  readonly annotations: readonly (readonly [key: string, value: string])[];
}

interface Judged {
  readonly policy: { readonly spec: { readonly failurePolicy?: string } };
  readonly evaluator: CompiledValidatingPolicy;
}

const nothing: Judgement = { denied: [], annotationErrors: [], annotations: [] };

export async function judge(
  { policy, evaluator }: Judged,
  attributes: Attributes,
  matched: Matched,
  params: KubeObject | undefined,
  { authorizer, convert }: { readonly authorizer: RequestAuthorizer; readonly convert: ConvertObjects },
): Promise<Judgement> {
  const fails = policy.spec.failurePolicy !== 'Ignore';
  const failed = (message: string): Judgement =>
    fails ? { ...nothing, denied: [{ message, reason: '', index: 0 }] } : nothing;
  const inputs = await inputsOf(attributes, matched, params, convert);
  const holds = await conditionsHold(
    evaluator.conditions,
    new Activation({ ...inputs.conditions, authorizer }, evaluator.variables, CONDITIONS_BUDGET),
  );
  if (holds === false) return nothing;
  if (holds !== true) return failed(holds.error);

  const denied: Decision[] = [];
  try {
    const outcomes = await evaluateAll(evaluator, { ...inputs.own, authorizer });
    const messages = await messagesFor(evaluator, inputs.own, outcomes.budget);
    for (const [index, validation] of evaluator.validations.entries()) {
      const outcome = outcomes.values[index];
      if (!outcome) continue;
      if ('error' in outcome) {
        if (fails) denied.push({ message: outcome.error, reason: '', index });
      } else if (messages instanceof OutOfBudget) {
        if (fails) denied.push({ message: `failed messageExpression: ${messages.message}`, reason: '', index });
      } else if (outcome.value !== true) {
        denied.push({ message: messageOf(validation, messages[index]), reason: validation.reason, index });
      }
    }
    const { failures, annotations } = await annotationsFor(evaluator, inputs.own);
    return { denied, annotationErrors: fails ? failures : [], annotations };
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return failed(error.message);
  }
}

/** What validations see, and match conditions, which do not see the namespace. */
export async function inputsOf(
  attributes: Attributes,
  matched: Matched,
  params: KubeObject | undefined,
  convert: ConvertObjects,
): Promise<{ readonly own: Inputs; readonly conditions: Inputs }> {
  const { request, namespaceObject, isNamespace, own } = attributes;
  const shared = {
    attributes,
    object: await viewIn(attributes, request.object, matched, convert),
    oldObject: await viewIn(attributes, request.oldObject, matched, convert),
    params,
  };
  const shown = admissionRequest(attributes, matched);
  return {
    own: {
      ...shared,
      request: shown,
      namespaceObject: isNamespace || !namespaceObject ? undefined : shownNamespace(namespaceObject),
    },
    conditions: {
      ...shared,
      request:
        matched.resource === own.resource
          ? shown
          : admissionRequest(attributes, { resource: own.resource, kind: matched.kind }),
      namespaceObject: undefined,
    },
  };
}

/** The parts of a namespace that expressions have types for. */
function shownNamespace({ metadata, spec, status }: Namespace): object {
  const { ownerReferences: _owners, managedFields: _fields, selfLink: _link, ...shown } = metadata;
  return { metadata: shown, spec, status };
}

async function evaluateAll(
  { validations, variables }: CompiledValidatingPolicy,
  inputs: Inputs,
): Promise<{ readonly values: readonly Outcome[]; readonly budget: number }> {
  const activation = new Activation(inputs, variables, COST_BUDGET);
  const values: Outcome[] = [];
  for (const { expression } of validations) values.push(await activation.evaluate(expression));
  return { values, budget: activation.budget };
}

/** All of them are evaluated, out of what the validations left of the budget, whether they are needed or not. */
async function messagesFor(
  { validations, variables }: CompiledValidatingPolicy,
  inputs: Inputs,
  budget: number,
): Promise<readonly (Outcome | undefined)[] | OutOfBudget> {
  const activation = new Activation(inputs, variables, budget);
  const messages: (Outcome | undefined)[] = [];
  try {
    for (const { messageExpression } of validations) {
      messages.push(messageExpression && (await activation.evaluate(messageExpression)));
    }
  } catch (error) {
    if (error instanceof OutOfBudget) return error;
    throw error;
  }
  return messages;
}

function messageOf({ message, expression }: CompiledValidation, outcome: Outcome | undefined): string {
  if (outcome && 'value' in outcome && typeof outcome.value === 'string') {
    const made = trim(outcome.value);
    if (made !== '' && !made.includes('\n') && Buffer.byteLength(made) <= MAX_MESSAGE_BYTES) return made;
  }
  return trim(message) || `failed expression: ${trim(expression.text)}`;
}

/** All are evaluated, whether anybody keeps an audit log or not: what fails to evaluate refuses the request. */
async function annotationsFor(
  { annotations, variables }: CompiledValidatingPolicy,
  inputs: Inputs,
): Promise<{ readonly failures: readonly string[]; readonly annotations: Judgement['annotations'] }> {
  const activation = new Activation(inputs, variables, COST_BUDGET);
  const failures: string[] = [];
  const made: [string, string][] = [];
  for (const { key, expression } of annotations) {
    const outcome = await activation.evaluate(expression);
    if ('error' in outcome) failures.push(outcome.error);
    else if (typeof outcome.value === 'string') {
      const value = trim(outcome.value);
      if (value !== '') made.push([key, value.slice(0, MAX_ANNOTATION)]);
    }
  }
  return { failures, annotations: made };
}
