import { dns1123SubdomainProblems } from '../../api/names.ts';
import { aggregate, type FieldError, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import type { Authorizer, AuthorizerAttributes } from '../admission.ts';
import { forbidden } from '../authorization/forbidden.ts';
import type { UserInfo } from '../user.ts';
import { checkDomainPrefixedPath } from '../validation/domain-path.ts';
import { anonymousUser, extraKeys, groups, serviceAccountGroups, splitServiceAccountUsername } from './users.ts';

/** Whom the headers ask for, as they do. */
export interface WantedUser {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** A way of acting as somebody else, with permissions of its own. */
export interface ImpersonationMode {
  /** Follows "impersonate:" in the verb that is asked for; "legacy" has the verb impersonate alone. */
  readonly name: 'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info' | 'legacy';
  applies(wanted: WantedUser, requestor: UserInfo): boolean;
}

const onlyNamed = ({ uid, groups: member, extra }: WantedUser): boolean =>
  uid === '' && member.length === 0 && Object.keys(extra).length === 0;

const nodePrefix = 'system:node:';
function nodeOf(name: string): string | undefined {
  if (!name.startsWith(nodePrefix)) return undefined;
  const node = name.slice(nodePrefix.length);
  return dns1123SubdomainProblems(node).length === 0 ? node : undefined;
}

/** In the order in which they are tried: the ones with the narrower permissions first. */
export const impersonationModes: readonly ImpersonationMode[] = [
  {
    name: 'associated-node',
    applies(wanted, requestor) {
      const node = nodeOf(wanted.name);
      const own = requestor.extra?.[extraKeys.nodeName];
      if (node === undefined || !onlyNamed(wanted) || own?.length !== 1 || own[0] !== node) return false;
      return splitServiceAccountUsername(requestor.name) !== undefined;
    },
  },
  { name: 'arbitrary-node', applies: (wanted) => onlyNamed(wanted) && nodeOf(wanted.name) !== undefined },
  {
    name: 'serviceaccount',
    applies: (wanted) => onlyNamed(wanted) && splitServiceAccountUsername(wanted.name) !== undefined,
  },
  {
    name: 'user-info',
    applies: ({ name }) => nodeOf(name) === undefined && splitServiceAccountUsername(name) === undefined,
  },
  { name: 'legacy', applies: () => true },
];

/** Hears of each question to the authorizer. */
export type Observe = (allowed: boolean, seconds: number) => void;

/**
 * The user that a request acts as in a mode that applies. Throws 403 where anything it takes is not allowed: in all
 * modes but legacy first the request itself, as impersonate-on:MODE:VERB, and then each thing that was asked for.
 */
export async function impersonateBy(
  mode: ImpersonationMode,
  wanted: WantedUser,
  attributes: AuthorizerAttributes,
  authorizer: Authorizer,
  observe: Observe | undefined,
): Promise<UserInfo> {
  const check = async (what: AuthorizerAttributes): Promise<void> => {
    const asked = mode.name === 'associated-node' ? associated(what) : what;
    const began = performance.now();
    const answer = authorizer.authorize(asked);
    const { allowed, reason, error } = answer instanceof Promise ? await answer : answer;
    observe?.(allowed, (performance.now() - began) / 1000);
    if (allowed) return;
    throw forbidden(asked, error === undefined ? reason : reason ? `${error}: ${reason}` : error);
  };
  const constrained = mode.name !== 'legacy';
  if (constrained) await check({ ...attributes, verb: `impersonate-on:${mode.name}:${attributes.verb}` });
  return new Asking(attributes.user, constrained ? `impersonate:${mode.name}` : 'impersonate', check).authorize(wanted);
}

/**
 * Of a service account that acts as its own node, where it runs does not count, and all nodes are the same. Kubernetes
 * asks so to remember the answer for all pods of an agent; rules are written for it.
 */
function associated(attributes: AuthorizerAttributes): AuthorizerAttributes {
  const { user, verb } = attributes;
  const keys = Object.keys(user.extra ?? {}).sort();
  return {
    ...attributes,
    user: { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } },
    ...(verb === 'impersonate:associated-node' && { name: '*' }),
  };
}

/** So many groups, or values of extra, are first asked for at once. */
const MANY = 4;

class Asking {
  readonly #user: UserInfo;
  readonly #verb: string;
  readonly #constrained: boolean;
  readonly #check: (attributes: AuthorizerAttributes) => Promise<void>;

  constructor(user: UserInfo, verb: string, check: (attributes: AuthorizerAttributes) => Promise<void>) {
    this.#user = user;
    this.#verb = verb;
    this.#constrained = verb !== 'impersonate';
    this.#check = check;
  }

  async authorize(wanted: WantedUser): Promise<UserInfo> {
    const { name, uid, extra } = wanted;
    const own = await this.#authorizeName(wanted);
    if (uid !== '') await this.#check(this.#about('uids', uid));
    await this.#authorizeGroups(wanted.groups);
    await this.#authorizeExtra(extra);
    const member = [...(own ?? wanted.groups)];
    if (name === anonymousUser.name) {
      if (!member.includes(groups.unauthenticated)) member.push(groups.unauthenticated);
    } else if (!member.includes(groups.authenticated) && !member.includes(groups.unauthenticated)) {
      member.push(groups.authenticated);
    }
    const more = Object.keys(extra).length > 0;
    return { name, ...(uid && { uid }), groups: member, ...(more && { extra }) };
  }

  #about(resource: string, name: string, subresource = ''): AuthorizerAttributes {
    const ofCore =
      !this.#constrained && (resource === 'users' || resource === 'groups' || resource === 'serviceaccounts');
    return {
      user: this.#user,
      verb: this.#verb,
      group: ofCore ? '' : 'authentication.k8s.io',
      version: 'v1',
      resource,
      subresource,
      namespace: '',
      name,
      path: '',
    };
  }

  /** Answers with the groups that the name brings along. */
  async #authorizeName({ name, groups: asked }: WantedUser): Promise<readonly string[] | undefined> {
    const account = splitServiceAccountUsername(name);
    if (account) {
      await this.#check({ ...this.#about('serviceaccounts', account.name), namespace: account.namespace });
      return asked.length === 0 ? serviceAccountGroups(account.namespace) : undefined;
    }
    const node = this.#constrained ? nodeOf(name) : undefined;
    if (node !== undefined) {
      await this.#check(this.#about('nodes', node));
      return [groups.nodes];
    }
    await this.#check(this.#about('users', name));
    return undefined;
  }

  async #authorizeGroups(asked: readonly string[]): Promise<void> {
    if (asked.length === 0) return;
    if (this.#constrained) {
      if (asked.includes(''))
        throw forbidden(this.#about('groups', ''), 'impersonating the empty string group is not allowed');
      if (asked.includes(groups.masters)) {
        throw forbidden(this.#about('groups', groups.masters), 'impersonating the system:masters group is not allowed');
      }
      if (asked.length >= MANY && (await this.#may(this.#about('groups', '*')))) return;
    }
    for (const group of asked) await this.#check(this.#about('groups', group));
  }

  async #authorizeExtra(extra: WantedUser['extra']): Promise<void> {
    const entries = Object.entries(extra);
    if (entries.length === 0) return;
    if (this.#constrained) {
      const wrong = extraProblem(entries);
      if (wrong !== undefined) throw forbidden(this.#about('userextras', ''), wrong);
      const count = entries.reduce((sum, [, values]) => sum + values.length, 0);
      const many = count >= MANY || entries.length >= MANY;
      if (many && (await this.#may(this.#about('userextras', '*', '*')))) return;
    }
    for (const [key, values] of entries) {
      for (const value of values) await this.#check(this.#about('userextras', value, key));
    }
  }

  async #may(attributes: AuthorizerAttributes): Promise<boolean> {
    try {
      await this.#check(attributes);
      return true;
    } catch {
      return false;
    }
  }
}

function extraProblem(entries: readonly (readonly [string, readonly string[]])[]): string | undefined {
  for (const [key, values] of entries) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    const found: FieldError[] = [];
    checkDomainPrefixedPath(key, Path.of('extra', 'key'), found);
    if (found.length > 0) return `impersonating an invalid key in extra is not allowed: ${aggregate(found)}`;
    if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${quote(key)}`;
    if (values.length === 0) return 'impersonating empty values in extra is not allowed';
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}
