import type { PolicyRule } from '../../api/rbac/v1.gen.ts';
import { isJsonObject, parseJson } from '../../schema/json.ts';
import type { Authorizer, AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import { groups as wellKnown } from '../authentication/users.ts';
import type { UserInfo } from '../user.ts';
import type { ResolvedRules, RuleResolver } from './rule-resolver.ts';
import { pathMatches } from './rules.ts';

interface Policy {
  readonly user: string;
  readonly group: string;
  readonly readonly: boolean;
  readonly apiGroup: string;
  readonly resource: string;
  readonly namespace: string;
  readonly nonResourcePath: string;
}

const refused: AuthorizerDecision = { allowed: false, reason: 'No policy matched.' };
const allowed: AuthorizerDecision = { allowed: true, reason: '' };
const reading: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
const known = ['user', 'group', 'readonly', 'apiGroup', 'resource', 'namespace', 'nonResourcePath'];

/**
 * Attribute-based access control: policies in a file, a JSON object a line, read once.
 * https://kubernetes.io/docs/reference/access-authn-authz/abac/
 */
export class AbacAuthorizer implements Authorizer, RuleResolver {
  readonly #policies: readonly Policy[];

  /** Throws an Error that names file and line, without what stands there. */
  constructor(text: string, path: string) {
    const policies: Policy[] = [];
    for (const [i, line] of text.split('\n').entries()) {
      const trimmed = line.trim();
      if (trimmed === '' || trimmed.startsWith('#')) continue;
      try {
        policies.push(policyOf(parseJson(trimmed)));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`error reading policy file ${path}, line ${i + 1}: ${why}`);
      }
    }
    this.#policies = policies;
  }

  authorize(attributes: AuthorizerAttributes): AuthorizerDecision {
    for (const policy of this.#policies) {
      if (
        concerns(policy, attributes.user) &&
        (!policy.readonly || reading.has(attributes.verb)) &&
        (attributes.resource === '' ? pathAllowed(policy, attributes) : resourceAllowed(policy, attributes))
      ) {
        return allowed;
      }
    }
    return refused;
  }

  rulesFor(user: UserInfo, namespace: string): ResolvedRules {
    const rules: PolicyRule[] = [];
    for (const policy of this.#policies) {
      if (!concerns(policy, user) || (policy.namespace !== '*' && policy.namespace !== namespace)) continue;
      const verbs = policy.readonly ? ['get', 'list', 'watch'] : ['*'];
      if (policy.resource !== '') rules.push({ verbs, apiGroups: [policy.apiGroup], resources: [policy.resource] });
      if (policy.nonResourcePath !== '') rules.push({ verbs, nonResourceURLs: [policy.nonResourcePath] });
    }
    return { rules, incomplete: false };
  }
}

function concerns(policy: Policy, { name, groups }: UserInfo): boolean {
  if (policy.user !== '' && policy.user !== '*' && policy.user !== name) return false;
  if (policy.group !== '' && policy.group !== '*' && !groups.includes(policy.group)) return false;
  return policy.user !== '' || policy.group !== '';
}

const isOne = (wanted: string, actual: string): boolean => wanted === '*' || wanted === actual;

const resourceAllowed = (policy: Policy, { namespace, resource, group }: AuthorizerAttributes): boolean =>
  isOne(policy.namespace, namespace) && isOne(policy.resource, resource) && isOne(policy.apiGroup, group);

const pathAllowed = ({ nonResourcePath }: Policy, { path }: AuthorizerAttributes): boolean =>
  nonResourcePath !== '' && pathMatches([nonResourcePath], path);

/** A line: a Policy of abac.authorization.kubernetes.io/v1beta1, or one of the time before there were versions. */
function policyOf(value: unknown): Policy {
  if (!isJsonObject(value)) throw new Error('expected a JSON object');
  const versioned = value.apiVersion !== undefined || value.kind !== undefined;
  if (!versioned) return unversioned(fieldsOf(value));
  if (value.apiVersion !== 'abac.authorization.kubernetes.io/v1beta1' || value.kind !== 'Policy') {
    throw new Error('expected kind Policy of abac.authorization.kubernetes.io/v1beta1');
  }
  if (!isJsonObject(value.spec ?? {})) throw new Error('spec is no object');
  const policy = fieldsOf(isJsonObject(value.spec) ? value.spec : {});
  return policy.user === '*' || policy.group === '*' ? { ...policy, user: '', group: wellKnown.authenticated } : policy;
}

/** Leaves out means all; everybody is whoever has been authenticated. */
function unversioned(old: Policy): Policy {
  const { user, group, namespace, resource } = old;
  const everybody = (user === '' && group === '') || user === '*' || group === '*';
  return {
    ...old,
    ...(everybody && { user: '', group: wellKnown.authenticated }),
    namespace: namespace || '*',
    resource: resource || '*',
    apiGroup: '*',
    nonResourcePath: namespace === '' && resource === '' ? '*' : '',
  };
}

function fieldsOf(from: Readonly<Record<string, unknown>>): Policy {
  for (const field of known) {
    const expected = field === 'readonly' ? 'boolean' : 'string';
    const value = from[field];
    if (value !== undefined && value !== null && typeof value !== expected)
      throw new Error(`${field} is no ${expected}`);
  }
  const text = (field: string): string => {
    const value = from[field];
    return typeof value === 'string' ? value : '';
  };
  return {
    user: text('user'),
    group: text('group'),
    readonly: from.readonly === true,
    apiGroup: text('apiGroup'),
    resource: text('resource'),
    namespace: text('namespace'),
    nonResourcePath: text('nonResourcePath'),
  };
}
