import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../api/flowcontrol/v1.gen.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { UserInfo } from '../user.ts';

const ACCOUNT = 'system:serviceaccount:';

type Test<T> = (value: T) => boolean;

/** A rule of a flow schema, ready to be asked. */
interface Rule {
  readonly concerns: Test<UserInfo>;
  readonly matches: Test<RequestInfo>;
}

/** The rules of a flow schema that are about one user, in order. */
export type RulesOfUser = readonly Test<RequestInfo>[];

/** A flow schema made ready: who it is about is asked once a user, what for once a request. */
export class SchemaMatcher {
  readonly #rules: readonly Rule[];

  constructor({ spec }: FlowSchema) {
    this.#rules = (spec.rules ?? []).map(compile);
  }

  rulesOf(user: UserInfo): RulesOfUser {
    return this.#rules.filter((rule) => rule.concerns(user)).map((rule) => rule.matches);
  }
}

/** The order in which schemas are tried: by precedence, then by name. */
export const matchingOrder = (a: FlowSchema, b: FlowSchema): number =>
  (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0) ||
  (a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0);

function compile({ subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects): Rule {
  const tests = (subjects ?? []).map(subject);
  const resources = resourceRules.map(resourceRule);
  const others = nonResourceRules.map(nonResourceRule);
  return {
    concerns: (user) => tests.some((test) => test(user)),
    matches: (info) => (info.isResource ? resources : others).some((test) => test(info)),
  };
}

function subject({ kind, user, group, serviceAccount }: Subject): Test<UserInfo> {
  switch (kind) {
    case 'User':
      return ({ name }) => user !== undefined && (user.name === '*' || user.name === name);
    case 'Group': {
      if (!group) return never;
      if (group.name === '*') return () => true;
      const { name } = group;
      return ({ groups }) => groups.includes(name);
    }
    case 'ServiceAccount': {
      if (!serviceAccount) return never;
      const { namespace, name } = serviceAccount;
      const prefix = `${ACCOUNT}${namespace}:`;
      return name === '*' ? (user) => user.name.startsWith(prefix) : (user) => user.name === prefix + name;
    }
    default:
      return never;
  }
}

const never = (): boolean => false;

/** Whether a list names a value; a lone asterisk names all. */
function names(list: readonly string[] | undefined): Test<string> {
  if (list?.length === 1 && list[0] === '*') return () => true;
  const set = new Set(list);
  return (value) => set.has(value);
}

function resourceRule(rule: ResourcePolicyRule): Test<RequestInfo> {
  const [verbs, groups, resources] = [names(rule.verbs), names(rule.apiGroups), names(rule.resources)];
  const namespaces = names(rule.namespaces);
  const clusterScope = rule.clusterScope === true;
  return ({ verb, group, resource, subresource, namespace }) =>
    verbs(verb) &&
    resources(subresource === '' ? resource : `${resource}/${subresource}`) &&
    groups(group) &&
    (namespace === '' ? clusterScope : namespaces(namespace));
}

function nonResourceRule(rule: NonResourcePolicyRule): Test<RequestInfo> {
  const verbs = names(rule.verbs);
  const urls = (rule.nonResourceURLs ?? []).map((url): Test<string> => {
    if (url === '*') return () => true;
    const stem = url.endsWith('*') ? url.slice(0, -1) : url;
    const prefix = stem.endsWith('/') ? stem : `${stem}/`;
    return (path) => path === url || path.startsWith(prefix);
  });
  return ({ verb, path }) => verbs(verb) && urls.some((url) => url(path));
}
