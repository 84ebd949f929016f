import { dns1123SubdomainProblems } from '../../api/names.ts';
import { aggregate, type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { ConfigurationError } from '../../utils/configuration-error.ts';
import type { AuthorizerAttributes } from '../admission.ts';
import { configKind } from '../config-file/kinds.ts';
import { readConfigFile } from '../config-file/read.ts';
import type { UserInfo } from '../user.ts';

export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
/** How much of a request is recorded. */
export type Level = (typeof levels)[number];

export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
/** When in a request's life an event is written. */
export type Stage = (typeof stages)[number];

interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface PolicyRule {
  readonly level?: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

/** audit.k8s.io/v1 Policy: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ */
export interface Policy {
  readonly rules?: readonly PolicyRule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export const policyKind = configKind<Policy>('Policy', {
  'audit.k8s.io/v1': {
    Policy: {
      metadata: { type: 'meta/v1.ObjectMeta' },
      rules: { list: 'PolicyRule' },
      omitStages: { list: 'string' },
      omitManagedFields: { type: 'bool' },
    },
    PolicyRule: {
      level: { type: 'string' },
      users: { list: 'string' },
      userGroups: { list: 'string' },
      verbs: { list: 'string' },
      resources: { list: 'GroupResources' },
      namespaces: { list: 'string' },
      nonResourceURLs: { list: 'string' },
      omitStages: { list: 'string' },
      omitManagedFields: { type: 'bool', pointer: true },
    },
    GroupResources: { group: { type: 'string' }, resources: { list: 'string' }, resourceNames: { list: 'string' } },
  },
});

/** Reads the file that --audit-policy-file names. Throws a ConfigurationError, in Kubernetes' words. */
export function readPolicy(path: string): Policy {
  const flag = '--audit-policy-file';
  const { object } = readConfigFile(path, policyKind, flag);
  const found = policyProblems(object);
  if (found.length > 0) throw new ConfigurationError(`${flag}: ${path}: ${aggregate(found)}`);
  if (!object.rules?.length) throw new ConfigurationError(`${flag}: ${path}: loaded illegal policy with 0 rules`);
  return object;
}

export function policyProblems(policy: Policy): FieldError[] {
  return [
    ...stageProblems(policy.omitStages, Path.of('omitStages')),
    ...(policy.rules ?? []).flatMap((rule, i) => ruleProblems(rule, Path.of('rules').index(i))),
  ];
}

function ruleProblems(rule: PolicyRule, path: Path): FieldError[] {
  const { level, nonResourceURLs = [], resources = [], namespaces = [] } = rule;
  const found: FieldError[] = [];
  if (!level) found.push(fieldErrors.required(path.child('level')));
  else if (!levels.includes(level)) found.push(fieldErrors.notSupported(path.child('level'), level, levels));
  for (const [i, url] of nonResourceURLs.entries()) {
    const at = path.child('nonResourceURLs').index(i);
    if (url === '*') continue;
    if (!url.startsWith('/'))
      found.push(fieldErrors.invalid(at, url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes('*'))
      found.push(
        fieldErrors.invalid(at, url, "non-resource URL wildcards '*' must be the final character of the rule"),
      );
  }
  for (const { group = '', resources: names = [], resourceNames = [] } of resources) {
    const at = path.child('resources');
    if (group !== '' && group !== '*') {
      const why = dns1123SubdomainProblems(group);
      if (why.length > 0) found.push(fieldErrors.invalid(at.child('group'), group, why.join(',')));
    }
    if (resourceNames.length > 0 && names.length === 0) {
      const why = 'using resourceNames requires at least one resource';
      found.push(fieldErrors.invalid(at.child('resourceNames'), resourceNames, why));
    }
  }
  found.push(...stageProblems(rule.omitStages, path.child('omitStages')));
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) {
    const why = 'rules cannot apply to both regular resources and non-resource URLs';
    found.push(fieldErrors.invalid(path.child('nonResourceURLs'), nonResourceURLs, why));
  }
  return found;
}

function stageProblems(given: readonly Stage[] = [], path: Path): FieldError[] {
  return given.flatMap((stage, i) =>
    stages.includes(stage) ? [] : [fieldErrors.invalid(path.index(i), stage, `allowed stages are ${stages.join(',')}`)],
  );
}

/** What the policy says of one request. */
export interface RequestPolicy {
  readonly level: Exclude<Level, 'None'>;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

/** Of what a rule is held against; nobody is known yet where a request was refused before. */
export type PolicyAttributes = Omit<AuthorizerAttributes, 'user'> & { readonly user: UserInfo | undefined };

interface Prepared {
  readonly rule: PolicyRule;
  /** Undefined: nothing is recorded. */
  readonly answer: RequestPolicy | undefined;
}

/** The rules of a policy: the first that fits a request says how it is recorded; where none does it is not. */
export class PolicyRules {
  readonly #rules: readonly Prepared[];

  constructor(policy: Policy) {
    this.#rules = (policy.rules ?? []).map((rule) => ({
      rule,
      answer:
        rule.level === undefined || rule.level === 'None'
          ? undefined
          : {
              level: rule.level,
              omitStages: new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])]),
              omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
            },
    }));
  }

  evaluate(attributes: PolicyAttributes): RequestPolicy | undefined {
    for (const { rule, answer } of this.#rules) if (matches(rule, attributes)) return answer;
    return undefined;
  }
}

const isAny = (list: readonly string[] | undefined): list is undefined => list === undefined || list.length === 0;

function matches(rule: PolicyRule, attributes: PolicyAttributes): boolean {
  const { user, verb, resource, path } = attributes;
  if (!isAny(rule.users) && !(user && rule.users.includes(user.name))) return false;
  const { userGroups } = rule;
  if (!isAny(userGroups) && !user?.groups.some((group) => userGroups.includes(group))) return false;
  if (!isAny(rule.verbs) && !rule.verbs.includes(verb)) return false;
  if (!isAny(rule.namespaces) || rule.resources?.length) return resource !== '' && matchesResource(rule, attributes);
  if (!isAny(rule.nonResourceURLs)) return resource === '' && rule.nonResourceURLs.some((url) => fits(url, path));
  return true;
}

const fits = (spec: string, path: string): boolean =>
  spec === '*' || spec === path || (spec.endsWith('*') && path.startsWith(spec.replace(/\*+$/, '')));

function matchesResource(rule: PolicyRule, attributes: PolicyAttributes): boolean {
  const { group, resource, subresource, name } = attributes;
  if (!isAny(rule.namespaces) && !rule.namespaces.includes(attributes.namespace)) return false;
  if (!rule.resources?.length) return true;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  return rule.resources.some((one) => {
    if (one.group !== '*' && (one.group ?? '') !== group) return false;
    if (isAny(one.resources)) return true;
    if (!isAny(one.resourceNames) && !one.resourceNames.includes(name)) return false;
    return one.resources.some(
      (spec) =>
        spec === '*' ||
        spec === combined ||
        (subresource !== '' && spec === `*/${subresource}`) ||
        spec === `${resource}/*`,
    );
  });
}
