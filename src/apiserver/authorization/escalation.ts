import { isDeepStrictEqual } from 'node:util';
import { errors } from '../../api/errors.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from '../../api/rbac/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../admission.ts';
import { groups } from '../authentication/users.ts';
import type { UserInfo } from '../user.ts';
import type { RbacAuthorizer } from './rbac.ts';
import { compact, uncovered } from './rules.ts';

const rbacGroup = 'rbac.authorization.k8s.io';
const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody grants what they do not have: writing a role takes its permissions or the verb escalate, binding one takes
 * them or the verb bind. Runs with the validating plugins.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
export function escalationCheck(rbac: RbacAuthorizer, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'PrivilegeEscalation',
    handles: (operation, group, _resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') && group === rbacGroup && subresource === '',
    async validate(request) {
      const { user } = request.context;
      if (user.groups.includes(groups.masters)) return;
      const { kind } = request.target.resource.data;
      if (kind === 'Role' || kind === 'ClusterRole') await checkRole(request, rbac, authorizer);
      else if (kind === 'RoleBinding' || kind === 'ClusterRoleBinding') await checkBinding(request, rbac, authorizer);
    },
  };
}

async function isAuthorized(
  authorizer: Authorizer,
  request: AdmissionRequest,
  verb: string,
  resource: string,
  name: string,
) {
  const { user } = request.context;
  const { namespace } = request.target;
  const decision = await authorizer.authorize({
    user,
    verb,
    group: rbacGroup,
    version: request.target.resource.version,
    resource,
    subresource: '',
    namespace,
    name,
    path: '',
  });
  return decision.allowed;
}

function refused(request: AdmissionRequest, why: string) {
  const { target, object } = request;
  const name = target.name || object?.metadata.name || '';
  return errors.forbidden({ group: rbacGroup, resource: target.resource.data.resource }, name, why);
}

async function checkRole(request: AdmissionRequest, rbac: RbacAuthorizer, authorizer: Authorizer): Promise<void> {
  // The resource's schema decoded both.
  const role = request.object as Role | ClusterRole;
  const old = request.oldObject as Role | ClusterRole | undefined;
  const aggregation = (o: Role | ClusterRole | undefined) =>
    o?.kind === 'ClusterRole' ? o.aggregationRule : undefined;
  const sameRules = old && isDeepStrictEqual(old.rules ?? [], role.rules ?? []);
  if (sameRules && isDeepStrictEqual(aggregation(old), aggregation(role))) return;
  const { resource } = request.target.resource.data;
  if (await isAuthorized(authorizer, request, 'escalate', resource, role.metadata.name)) return;
  if (aggregation(role)?.clusterRoleSelectors?.length || aggregation(old)?.clusterRoleSelectors?.length) {
    const why = missingRights(request.context.user, '', everything, rbac);
    if (why) throw refused(request, `must have cluster-admin privileges to use an aggregationRule: ${why}`);
  }
  const why = missingRights(request.context.user, request.target.namespace, role.rules ?? [], rbac);
  if (why) throw refused(request, why);
}

async function checkBinding(request: AdmissionRequest, rbac: RbacAuthorizer, authorizer: Authorizer): Promise<void> {
  // The resource's schema decoded both.
  const binding = request.object as RoleBinding | ClusterRoleBinding;
  const old = request.oldObject as RoleBinding | ClusterRoleBinding | undefined;
  const { roleRef } = binding;
  if (old && isDeepStrictEqual(old.roleRef, roleRef) && isDeepStrictEqual(old.subjects ?? [], binding.subjects ?? []))
    return;
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (await isAuthorized(authorizer, request, 'bind', resource, roleRef.name)) return;
  const { namespace } = request.target;
  const rules = rbac.rulesOfRole(roleRef, namespace);
  if (!rules) throw errors.notFound({ group: rbacGroup, resource: roleRef.kind.toLowerCase() }, roleRef.name);
  const why = missingRights(request.context.user, namespace, rules, rbac);
  if (why) throw refused(request, why);
}

/** What the user would give away without having it, worded; undefined where it has it all. */
function missingRights(
  user: UserInfo,
  namespace: string,
  wanted: readonly PolicyRule[],
  rbac: RbacAuthorizer,
): string | undefined {
  const own = rbac.rulesFor(user, namespace);
  const missing = uncovered(own.rules, wanted);
  if (missing.length === 0) return undefined;
  const lines = [...new Set(compact(missing).map(describe))].sort();
  const errorText = own.error ? `; resolution errors: [${own.error}]` : '';
  return `user ${quote(user.name)} (groups=${quoteList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${errorText}`;
}

const quoteList = (list: readonly string[]): string => `[${list.map(quote).join(' ')}]`;

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}` */
function describe(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const shown = parts.filter(([, list]) => list?.length).map(([name, list]) => `${name}:${quoteList(list ?? [])}`);
  return `{${shown.join(', ')}}`;
}
