import {
  type AuthorizationAnswer,
  type AuthorizationLookup,
  type AuthorizationQuestion,
  questionKey,
} from '../../cel/authorizer.ts';
import type { Authorizer, AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import { serviceAccountGroups, splitServiceAccountUsername } from '../authentication/users.ts';
import type { UserInfo } from '../user.ts';

/** Distinct questions that expressions of one request may ask. */
const MAX_QUESTIONS = 1024;

/** What expressions of one request ask the authorizer; each question is asked once. */
export class RequestAuthorizer {
  readonly #authorizer: Authorizer;
  readonly #user: UserInfo;
  readonly #answers = new Map<string, AuthorizationAnswer>();

  constructor(authorizer: Authorizer, user: UserInfo) {
    this.#authorizer = authorizer;
    this.#user = user;
  }

  /** Undefined where the answer takes time: `ask`, and look again. */
  readonly lookup: AuthorizationLookup = (question) => {
    const key = questionKey(question);
    const known = this.#answers.get(key);
    if (known) return known;
    const decision = this.#authorizer.authorize(this.#attributes(question));
    return decision instanceof Promise ? undefined : this.#keep(key, decision);
  };

  async ask(question: AuthorizationQuestion): Promise<void> {
    this.#keep(questionKey(question), await this.#authorizer.authorize(this.#attributes(question)));
  }

  #keep(key: string, { allowed, reason, error }: AuthorizerDecision): AuthorizationAnswer {
    if (this.#answers.size >= MAX_QUESTIONS) throw new Error('expressions ask the authorizer too much');
    const answer = { allowed, reason, ...(error !== undefined && { error }) };
    this.#answers.set(key, answer);
    return answer;
  }

  #attributes(question: AuthorizationQuestion): AuthorizerAttributes {
    const { verb, path = '', group = '', resource = '', subresource = '', namespace = '', name = '' } = question;
    return {
      user: question.user === undefined ? this.#user : accountUser(question.user),
      verb,
      group,
      version: '*',
      resource,
      subresource,
      namespace,
      name,
      ...(question.fieldSelector && { fieldSelector: question.fieldSelector }),
      ...(question.labelSelector && { labelSelector: question.labelSelector }),
      path,
    };
  }
}

/** As a service account is asked about: without the group of all who are authenticated. */
function accountUser(name: string): UserInfo {
  const account = splitServiceAccountUsername(name);
  return { name, groups: account ? serviceAccountGroups(account.namespace) : [] };
}
