import { errors } from '../../api/errors.ts';
import type { ObjectMeta } from '../../api/meta/v1.gen.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from '../../api/rbac/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../admission.ts';
import { groups } from '../authentication/users.ts';
import type { RbacAuthorizer } from './rbac.ts';
import { aggregated } from './rule-resolver.ts';
import { compact, uncovered } from './rules.ts';

const rbacGroup = 'rbac.authorization.k8s.io';
const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody grants what they do not have: writing a role takes its permissions or the verb escalate, binding one takes
 * them or the verb bind. Belongs after all plugins that change objects, and has its say before what the object holds
 * is validated, as in Kubernetes.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
export function escalationCheck(rbac: RbacAuthorizer, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'PrivilegeEscalation',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      group === rbacGroup &&
      subresource === '' &&
      resources.has(resource),
    admit(request) {
      const { user } = request.context;
      if (user.groups.includes(groups.masters)) return;
      const { kind } = request.target.resource.data;
      return kind === 'Role' || kind === 'ClusterRole'
        ? checkRole(request, rbac, authorizer)
        : checkBinding(request, rbac, authorizer);
    },
  };
}

const resources: ReadonlySet<string> = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings']);

async function isAuthorized(
  authorizer: Authorizer,
  request: AdmissionRequest,
  verb: string,
  resource: string,
  name: string,
): Promise<boolean> {
  const { user } = request.context;
  const { namespace } = request.target;
  const decision = await authorizer.authorize({
    user,
    verb,
    group: rbacGroup,
    version: '*',
    resource,
    subresource: '',
    namespace,
    name,
    path: '',
  });
  return decision.allowed;
}

const resourceOf = ({ target }: AdmissionRequest) => ({
  group: rbacGroup,
  resource: target.resource.data.resource,
});

const refused = (request: AdmissionRequest, why: string) =>
  errors.forbidden(resourceOf(request), request.object?.metadata.name ?? '', why);

async function checkRole(request: AdmissionRequest, rbac: RbacAuthorizer, authorizer: Authorizer): Promise<void> {
  const { resource, namespace, name } = { ...request.target, resource: request.target.resource.data.resource };
  // The name as the path has it: what is created has none there, so rules with names are of no use for it.
  if (await isAuthorized(authorizer, request, 'escalate', resource, name)) return;
  // The resource's schema decoded both.
  const role = request.object as Role | ClusterRole;
  const old = request.oldObject as Role | ClusterRole | undefined;
  if (old && onlyHousekeeping(role, old)) return;
  const why = missingRights(request, namespace, role.rules ?? [], rbac);
  if (why) throw refused(request, why);
  if ((aggregates(role) || (old && aggregates(old))) && missingRights(request, '', everything, rbac)) {
    throw refused(request, 'must have cluster-admin privileges to use the aggregationRule');
  }
}

const aggregates = (role: Role | ClusterRole): boolean =>
  role.kind === 'ClusterRole' && (role.aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0;

async function checkBinding(request: AdmissionRequest, rbac: RbacAuthorizer, authorizer: Authorizer): Promise<void> {
  // The resource's schema decoded both.
  const binding = request.object as RoleBinding | ClusterRoleBinding;
  const old = request.oldObject as RoleBinding | ClusterRoleBinding | undefined;
  if (old && onlyHousekeeping(binding, old)) return;
  const { roleRef } = binding;
  const known = roleRef.kind === 'ClusterRole' || roleRef.kind === 'Role';
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (known && (await isAuthorized(authorizer, request, 'bind', resource, roleRef.name))) return;
  if (!known) throw errors.unknown(`unsupported role reference kind: ${quote(roleRef.kind)}`);
  const { namespace } = request.target;
  if (roleRef.kind === 'Role' && namespace === '') throw errors.badRequest('Namespace parameter required.');
  const rules = rbac.rulesOfRole(roleRef, namespace);
  // What is missing is called a binding, as in Kubernetes: it names what the request is for.
  if (!rules) throw errors.notFound(resourceOf(request), roleRef.name);
  const why = missingRights(request, namespace, rules, rbac);
  if (why) throw refused(request, why);
}

/** Whether nothing is changed but what the garbage collector needs to delete the object in the end. */
function onlyHousekeeping(object: KubeObject, old: KubeObject): boolean {
  const bare = ({ ownerReferences: _, finalizers: __, managedFields: ___, ...rest }: ObjectMeta) => rest;
  return (
    deepEqual(bare(object.metadata), bare(old.metadata)) &&
    deepEqual({ ...object, metadata: undefined }, { ...old, metadata: undefined })
  );
}

/** What the user would give away without having it, worded; undefined where it has it all. */
function missingRights(
  request: AdmissionRequest,
  namespace: string,
  wanted: readonly PolicyRule[],
  rbac: RbacAuthorizer,
): string | undefined {
  const { user } = request.context;
  const { group, resource } = resourceOf(request);
  const own = rbac.rulesFor(user, namespace, ({ name }) => `${resource}.${group} ${quote(name)} not found`);
  const missing = uncovered(own.rules, wanted);
  if (missing.length === 0) return undefined;
  const lines = [...new Set(compact(missing).map(describe))].sort();
  const errorText = own.errors ? `; resolution errors: [${aggregated(own.errors)}]` : '';
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
