/**
 * Questions to the authorizer from within an expression: authorizer.group('apps').resource('deployments').check('get').
 * https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-authorizer-library
 *
 * Expressions evaluate without waiting, authorizers may have to: a check that is not yet answered ends the evaluation with
 * `PendingCheck`; who began it asks, and begins again with the answer (src/apiserver/policies/activation.ts).
 */
import { quote } from '../schema/quote.ts';
import { declare } from './declare.ts';
import type { FunctionDeclaration } from './environment.ts';
import { type CelType, structType } from './types.ts';
import { CelError, CelObject, type Value } from './values.ts';

export interface AuthorizationQuestion {
  /** Of a service account asked about instead of the user: "system:serviceaccount:NAMESPACE:NAME". */
  readonly user?: string;
  readonly verb: string;
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error?: string;
}

/** Answers, where the answer is known. */
export type AuthorizationLookup = (question: AuthorizationQuestion) => AuthorizationAnswer | undefined;

/** Thrown out of an evaluation that needs an answer first. */
export class PendingCheck extends Error {
  readonly question: AuthorizationQuestion;
  constructor(question: AuthorizationQuestion) {
    super('an authorization check is not answered yet');
    this.question = question;
  }
}

const typeNamed = (name: string) => structType(`kubernetes.authorization.${name}`);
export const AUTHORIZER_TYPE = typeNamed('Authorizer');
export const authorizerTypes: readonly CelType[] = [
  AUTHORIZER_TYPE,
  ...['PathCheck', 'GroupCheck', 'ResourceCheck', 'Decision'].map(typeNamed),
];

/** A question being put together, in one of the library's types. */
class Question extends CelObject {
  readonly type: CelType;
  readonly lookup: AuthorizationLookup;
  readonly asked: Partial<AuthorizationQuestion>;
  constructor(type: CelType, lookup: AuthorizationLookup, asked: Partial<AuthorizationQuestion>) {
    super();
    this.type = type;
    this.lookup = lookup;
    this.asked = asked;
  }
  override equals(other: CelObject): boolean {
    return other === this;
  }
  with(type: string, more: Partial<AuthorizationQuestion>): Question {
    return new Question(typeNamed(type), this.lookup, { ...this.asked, ...more });
  }
}

class Decision extends CelObject {
  readonly answer: AuthorizationAnswer;
  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }
  override get type(): CelType {
    return typeNamed('Decision');
  }
  override equals(other: CelObject): boolean {
    return other === this;
  }
}

/** The value of the variable `authorizer`. */
export const newAuthorizer = (lookup: AuthorizationLookup): Value => new Question(AUTHORIZER_TYPE, lookup, {});

/** The value of the variable `authorizer.requestResource`: what a request is for, with only the verb to come. */
export const newResourceCheck = (lookup: AuthorizationLookup, asked: Partial<AuthorizationQuestion>): Value =>
  new Question(typeNamed('ResourceCheck'), lookup, asked);

function check(question: Question, verb: string): Value {
  const asked = { ...question.asked, verb };
  const answer = question.lookup(asked);
  if (!answer) throw new PendingCheck(asked);
  return new Decision(answer);
}

const A = 'kubernetes.authorization.Authorizer';
const RESOURCE = 'kubernetes.authorization.ResourceCheck';
const DECISION = 'kubernetes.authorization.Decision';

const refine = (name: string, field: keyof AuthorizationQuestion): FunctionDeclaration =>
  declare(name, {
    [`${name.endsWith('Selector') ? `authorizer_${name.toLowerCase()}` : `resourcecheck_${name}`} ${RESOURCE}.(string) ${RESOURCE}`]:
      (question: Question, value: string) => question.with('ResourceCheck', { [field]: value }),
  });

function serviceAccount(authorizer: Question, namespace: string, name: string): Value {
  const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
  const subdomain = name.length <= 253 && name.split('.').every((part) => label.test(part));
  if (!subdomain) return new CelError('Invalid service account name');
  if (namespace.length > 63 || !label.test(namespace)) return new CelError('Invalid service account namespace');
  return authorizer.with('Authorizer', { user: `system:serviceaccount:${namespace}:${name}` });
}

export const authorizerFunctions: readonly FunctionDeclaration[] = [
  declare('path', {
    [`authorizer_path ${A}.(string) kubernetes.authorization.PathCheck`]: (authorizer: Question, path: string) =>
      path === '' ? new CelError('path must not be empty') : authorizer.with('PathCheck', { path }),
  }),
  declare('group', {
    [`authorizer_group ${A}.(string) kubernetes.authorization.GroupCheck`]: (authorizer: Question, group: string) =>
      authorizer.with('GroupCheck', { group }),
  }),
  declare('serviceAccount', { [`authorizer_serviceaccount ${A}.(string, string) ${A}`]: serviceAccount }),
  declare('resource', {
    [`groupcheck_resource kubernetes.authorization.GroupCheck.(string) ${RESOURCE}`]: (
      group: Question,
      resource: string,
    ) => (resource === '' ? new CelError('resource must not be empty') : group.with('ResourceCheck', { resource })),
  }),
  refine('subresource', 'subresource'),
  refine('namespace', 'namespace'),
  refine('name', 'name'),
  refine('fieldSelector', 'fieldSelector'),
  refine('labelSelector', 'labelSelector'),
  declare('check', {
    [`pathcheck_check kubernetes.authorization.PathCheck.(string) ${DECISION}`]: check,
    [`resourcecheck_check ${RESOURCE}.(string) ${DECISION}`]: check,
  }),
  declare('allowed', { [`decision_allowed ${DECISION}.() bool`]: ({ answer }: Decision) => answer.allowed }),
  declare('reason', { [`decision_reason ${DECISION}.() string`]: ({ answer }: Decision) => answer.reason }),
  declare('errored', {
    [`decision_errored ${DECISION}.() bool`]: ({ answer }: Decision) => answer.error !== undefined,
  }),
  declare('error', { [`decision_error ${DECISION}.() string`]: ({ answer }: Decision) => answer.error ?? '' }),
];

/** A question in one line, to know it again. */
export const questionKey = (question: AuthorizationQuestion): string =>
  Object.entries(question)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([field, value]) => `${field}=${quote(String(value))}`)
    .join(' ');
