import { type ApiError, errors } from '../../api/errors.ts';
import { quote } from '../../schema/quote.ts';
import type { AuthorizerAttributes } from '../admission.ts';

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
  return errors.forbidden(
    { group: attributes.group, resource: attributes.resource },
    attributes.name,
    reason ? `${message}: ${reason}` : message,
  );
}
