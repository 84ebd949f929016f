import type { Authorizer, AuthorizerAttributes } from '../admission.ts';
import { forbidden } from '../authorization/forbidden.ts';

/** Throws 403 unless the authorizer says yes. */
export async function authorize(authorizer: Authorizer, attributes: AuthorizerAttributes): Promise<void> {
  const answer = authorizer.authorize(attributes);
  const decision = answer instanceof Promise ? await answer : answer;
  if (!decision.allowed) throw forbidden(attributes, decision.reason);
}
