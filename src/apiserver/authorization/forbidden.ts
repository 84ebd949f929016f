import { type ApiError, errors } from '../../api/errors.ts';
import { quote } from '../../schema/quote.ts';
import type { AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import { refusedBy } from '../refusals.ts';

/** Names come from the request; browsers must not take them for markup. */
const sanitize = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** What a request was refused to do, as kube-apiserver words it: `User "jane" cannot list resource ...`. */
function forbiddenMessage(attributes: AuthorizerAttributes): string {
  const { user, verb, resource, subresource, group, namespace, path } = attributes;
  const who = `User ${quote(user.name)} cannot ${verb}`;
  if (resource === '') return sanitize(`${who} path ${quote(path)}`);
  const what = quote(subresource ? `${resource}/${subresource}` : resource);
  const where = namespace ? `in the namespace ${quote(namespace)}` : 'at the cluster scope';
  return sanitize(`${who} resource ${what} in API group ${quote(group)} ${where}`);
}

/** The 403 of a request that the authorizer refused; `reason` is the authorizer's, often empty. */
export function forbidden(attributes: AuthorizerAttributes, reason: string): ApiError {
  const message = forbiddenMessage(attributes);
  const error = errors.forbidden(
    { group: attributes.group, resource: attributes.resource },
    attributes.name,
    reason ? `${message}: ${reason}` : message,
  );
  return refusedBy(error, { by: 'authorizer', attributes, reason });
}

/** Nobody could say whether a request is allowed: its client gets a 500 in plain text, as from kube-apiserver. */
export class AuthorizationError extends Error {
  override name = 'AuthorizationError';

  /** The text of the answer to a request for `uri`. */
  answer(uri: string): string {
    return `${sanitize(`Internal Server Error: ${quote(uri)}: ${this.message}`)}\n`;
  }
}

/** What to throw where a decision does not allow. */
export function refusal(attributes: AuthorizerAttributes, { reason, error }: AuthorizerDecision): Error {
  return error === undefined ? forbidden(attributes, reason) : new AuthorizationError(error);
}
