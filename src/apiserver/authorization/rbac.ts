import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../api/rbac/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { Authorizer, AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import type { UserInfo } from '../user.ts';
import { GrantIndex } from './grants.ts';
import { RoleIndex } from './role-index.ts';
import { aggregated, type ResolvedRules, type RuleResolver } from './rule-resolver.ts';

export type RbacObject = Role | ClusterRole | RoleBinding | ClusterRoleBinding;
export type Binding = RoleBinding | ClusterRoleBinding;

const scoped = (namespace: string, name: string): string => `${namespace}/${name}`;
const none: readonly Binding[] = [];
const noOpinion: AuthorizerDecision = { allowed: false, reason: '' };

/**
 * Role-based access control over an index in memory. Whoever feeds it (from the watch cache) calls `set` for every
 * role and binding there is and for every change, `delete` for every one that goes. An answer takes a microsecond or
 * two, whatever the number of roles and bindings: bindings are found by their subjects, and the rules of each distinct
 * role by group and resource. https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export class RbacAuthorizer implements Authorizer, RuleResolver {
  /** "namespace/name", cluster roles "/name": what `Grants` know them by. */
  readonly #roles = new Map<string, RoleIndex>();
  readonly #bindings = new Map<string, Binding>();
  readonly #clusterGrants = new GrantIndex();
  readonly #grants = new Map<string, GrantIndex>();
  /** Counts changes of roles, for what is put together from several of them. */
  #generation = 0;

  set(object: RbacObject): void {
    const { namespace = '', name = '' } = object.metadata;
    if (object.kind === 'Role' || object.kind === 'ClusterRole') {
      this.#generation++;
      this.#roles.set(scoped(namespace, name), new RoleIndex(object.rules));
    } else {
      this.#removeBinding(namespace, name);
      this.#bindings.set(scoped(namespace, name), object);
      this.#indexFor(namespace).add(object);
    }
  }

  delete(object: RbacObject): void {
    const { namespace = '', name = '' } = object.metadata;
    if (object.kind === 'Role' || object.kind === 'ClusterRole') {
      this.#generation++;
      this.#roles.delete(scoped(namespace, name));
    } else this.#removeBinding(namespace, name);
  }

  #indexFor(namespace: string): GrantIndex {
    if (namespace === '') return this.#clusterGrants;
    let index = this.#grants.get(namespace);
    if (!index) {
      index = new GrantIndex();
      this.#grants.set(namespace, index);
    }
    return index;
  }

  #removeBinding(namespace: string, name: string): void {
    const key = scoped(namespace, name);
    const old = this.#bindings.get(key);
    if (!old) return;
    this.#bindings.delete(key);
    const index = this.#indexFor(namespace);
    index.remove(old);
    if (index !== this.#clusterGrants && index.empty) this.#grants.delete(namespace);
  }

  authorize(attributes: AuthorizerAttributes): AuthorizerDecision {
    const { subresource, resource, namespace, user } = attributes;
    const combined = subresource === '' ? resource : `${resource}/${subresource}`;
    const any = subresource === '' ? '' : `*/${subresource}`;
    const local = namespace === '' ? undefined : this.#grants.get(namespace);
    const binding =
      this.#ask(this.#clusterGrants, attributes, combined, any) ??
      (local && this.#ask(local, attributes, combined, any));
    if (binding) return { allowed: true, reason: reasonOf(binding, user) };
    const cluster = this.#dangling(this.#clusterGrants, user, none);
    const dangling = local ? this.#dangling(local, user, cluster) : cluster;
    if (dangling.length === 0) return noOpinion;
    const missing = dangling.map(({ roleRef }) => missingRole(roleRef));
    return { allowed: false, reason: `RBAC: ${aggregated(missing)}` };
  }

  #ask(index: GrantIndex, attributes: AuthorizerAttributes, combined: string, any: string): Binding | undefined {
    const { name, groups } = attributes.user;
    const found = index.ofUser(name)?.find(attributes, combined, any, this.#generation, this.#find);
    if (found) return found;
    for (const group of groups) {
      const other = index.ofGroup(group)?.find(attributes, combined, any, this.#generation, this.#find);
      if (other) return other;
    }
    return undefined;
  }

  /** Besides `known` the bindings of the user that refer to roles that nobody has made. */
  #dangling(index: GrantIndex, { name, groups }: UserInfo, known: readonly Binding[]): readonly Binding[] {
    const generation = this.#generation;
    let found = joined(known, index.ofUser(name)?.dangling(generation, this.#find));
    for (const group of groups) found = joined(found, index.ofGroup(group)?.dangling(generation, this.#find));
    return found;
  }

  readonly #find = (ref: string): RoleIndex | undefined => this.#roles.get(ref);

  /**
   * Every rule that applies to a user: cluster-wide ones, and those of `namespace` where it is not "". `errors` name
   * roles that bindings refer to and nobody has made, in the words of `missing`.
   */
  rulesFor(user: UserInfo, namespace: string, missing: MissingRole = missingRole): ResolvedRules {
    const rules: PolicyRule[] = [];
    const errors: string[] = [];
    const local = namespace === '' ? undefined : this.#grants.get(namespace);
    for (const index of local ? [this.#clusterGrants, local] : [this.#clusterGrants]) {
      for (const binding of index.bindingsOf(user)) {
        const found = this.rulesOfRole(binding.roleRef, binding.metadata.namespace ?? '');
        if (found) rules.push(...found);
        else errors.push(missing(binding.roleRef));
      }
    }
    return { rules, incomplete: false, ...(errors.length > 0 && { errors }) };
  }

  /** The rules of the role that a binding in `namespace` ("" for a cluster role binding) refers to; undefined without one. */
  rulesOfRole(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    return this.#roles.get(scoped(ref.kind === 'ClusterRole' ? '' : namespace, ref.name))?.rules;
  }
}

const joined = (known: readonly Binding[], more: readonly Binding[] | undefined): readonly Binding[] =>
  more?.length ? [...known, ...more] : known;

export type MissingRole = (ref: RoleRef) => string;

const missingRole: MissingRole = ({ kind, name }) =>
  `${kind.toLowerCase()}.rbac.authorization.k8s.io ${quote(name)} not found`;

/** Which binding of which role to which of its subjects: the first that the user is. */
function reasonOf(binding: Binding, user: UserInfo): string {
  const { name, namespace = '' } = binding.metadata;
  const subject = binding.subjects?.find((one) => applies(one, user, namespace));
  const who =
    subject?.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : (subject?.name ?? '');
  const which = namespace ? `${name}/${namespace}` : name;
  const { kind, name: role } = binding.roleRef;
  return `RBAC: allowed by ${binding.kind} ${quote(which)} of ${kind} ${quote(role)} to ${subject?.kind} ${quote(who)}`;
}

function applies(subject: Subject, user: UserInfo, namespace: string): boolean {
  if (subject.kind === 'User') return subject.name === user.name;
  if (subject.kind === 'Group') return user.groups.includes(subject.name);
  const home = subject.namespace || namespace;
  return (
    subject.kind === 'ServiceAccount' && home !== '' && user.name === `system:serviceaccount:${home}:${subject.name}`
  );
}
