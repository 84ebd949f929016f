import { errors } from '../../api/errors.ts';
import { quote } from '../../schema/quote.ts';
import type { Authorizer, AuthorizerAttributes } from '../admission.ts';
import { forbidden } from '../authorization/forbidden.ts';
import type { UserInfo } from '../user.ts';
import type { Headers } from './authenticator.ts';
import { anonymousUser, groups, serviceAccountGroups, splitServiceAccountUsername } from './users.ts';

const userHeader = 'impersonate-user';
const groupHeader = 'impersonate-group';
const uidHeader = 'impersonate-uid';
const extraPrefix = 'impersonate-extra-';

/** Whether a request wants to act as somebody else; a quick test that spares all others the work. */
export function wantsImpersonation(headers: Headers): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

/**
 * The user that a request acts as: `requestor` itself without Impersonate headers. Every name, group, uid and extra
 * value asked for is authorized on its own (verb impersonate); throws 403 where one is not, 400 for groups, uid or
 * extra without a user. Header values given more than once must be arrays, as node:http2 has them; node:http joins
 * unknown headers with ", ", so its caller passes `headersDistinct`.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
 */
export async function impersonate(headers: Headers, requestor: UserInfo, authorizer: Authorizer): Promise<UserInfo> {
  const name = list(headers[userHeader])[0] ?? '';
  const asked = list(headers[groupHeader]);
  const uid = list(headers[uidHeader])[0] ?? '';
  const extra: Record<string, readonly string[]> = {};
  for (const header of Object.keys(headers)) {
    if (header.startsWith(extraPrefix)) extra[decodeKey(header.slice(extraPrefix.length))] = list(headers[header]);
  }
  const hasExtra = Object.keys(extra).length > 0;
  if (name === '') {
    if (asked.length === 0 && uid === '' && !hasExtra) return requestor;
    const groups = asked.length > 0 ? `[]string{${asked.map(quote).join(', ')}}` : '[]string(nil)';
    const entries = Object.entries(extra).map(
      ([key, values]) => `${quote(key)}:[]string{${values.map(quote).join(', ')}}`,
    );
    const extras = entries.length > 0 ? `map[string][]string{${entries.join(', ')}}` : 'map[string][]string(nil)';
    throw errors.badRequest(
      `requested &user.DefaultInfo{Name:"", UID:${quote(uid)}, Groups:${groups}, Extra:${extras}} without impersonating a user name`,
    );
  }

  const check = async (what: Partial<AuthorizerAttributes>) => {
    const attributes: AuthorizerAttributes = {
      user: requestor,
      verb: 'impersonate',
      group: '',
      version: 'v1',
      resource: '',
      subresource: '',
      namespace: '',
      name: '',
      path: '',
      ...what,
    };
    const decision = await authorizer.authorize(attributes);
    if (!decision.allowed) throw forbidden(attributes, decision.reason);
  };
  const account = splitServiceAccountUsername(name);
  if (account) await check({ resource: 'serviceaccounts', ...account });
  else await check({ resource: 'users', name, version: '' });
  for (const group of asked) await check({ resource: 'groups', name: group, version: '' });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values)
      await check({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value });
  }
  if (uid) await check({ group: 'authentication.k8s.io', resource: 'uids', name: uid });

  const member = asked.length === 0 && account ? serviceAccountGroups(account.namespace) : [...asked];
  if (name === anonymousUser.name) {
    if (!member.includes(groups.unauthenticated)) member.push(groups.unauthenticated);
  } else if (!member.includes(groups.authenticated) && !member.includes(groups.unauthenticated)) {
    member.push(groups.authenticated);
  }
  return { name, ...(uid && { uid }), groups: member, ...(hasExtra && { extra }) };
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
