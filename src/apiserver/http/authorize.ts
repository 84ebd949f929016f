import type { Authorizer, AuthorizerAttributes } from '../admission.ts';
import type { RequestObserver } from '../audit-annotations.ts';
import { refusal } from '../authorization/forbidden.ts';

/** Throws 403 unless the authorizer says yes, and a 500 where it could not tell. */
export async function authorize(
  authorizer: Authorizer,
  attributes: AuthorizerAttributes,
  observer?: RequestObserver,
): Promise<void> {
  const answer = authorizer.authorize(attributes);
  const decision = answer instanceof Promise ? await answer : answer;
  observer?.decided(decision);
  if (!decision.allowed) throw refusal(attributes, decision);
}
