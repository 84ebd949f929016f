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
import { ruleAllows } from './rules.ts';

export type RbacObject = Role | ClusterRole | RoleBinding | ClusterRoleBinding;
type Binding = RoleBinding | ClusterRoleBinding;

/** A binding as one of its subjects finds it. */
interface Grant {
  readonly binding: Binding;
  readonly subject: Subject;
}

/** Bindings by whom they are for. */
class GrantIndex {
  readonly #bySubject = new Map<string, Grant[]>();

  add(binding: Binding): void {
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, binding.metadata.namespace ?? '');
      if (key === undefined) continue;
      const grants = this.#bySubject.get(key);
      if (grants) grants.push({ binding, subject });
      else this.#bySubject.set(key, [{ binding, subject }]);
    }
  }

  remove(binding: Binding): void {
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, binding.metadata.namespace ?? '');
      const left = key === undefined ? undefined : this.#bySubject.get(key)?.filter((g) => g.binding !== binding);
      if (key === undefined || left === undefined) continue;
      if (left.length > 0) this.#bySubject.set(key, left);
      else this.#bySubject.delete(key);
    }
  }

  *of(user: UserInfo): Generator<Grant> {
    yield* this.#bySubject.get(`u:${user.name}`) ?? [];
    for (const group of user.groups) yield* this.#bySubject.get(`g:${group}`) ?? [];
  }
}

/** Users that are service accounts are found as users: their names say which. */
function subjectKey(subject: Subject, bindingNamespace: string): string | undefined {
  if (subject.kind === 'User') return `u:${subject.name}`;
  if (subject.kind === 'Group') return `g:${subject.name}`;
  const namespace = subject.namespace || bindingNamespace;
  if (subject.kind !== 'ServiceAccount' || !namespace) return undefined;
  return `u:system:serviceaccount:${namespace}:${subject.name}`;
}

const scoped = (namespace: string, name: string): string => `${namespace}/${name}`;

/**
 * Role-based access control over an index in memory. Whoever feeds it (from the watch cache) calls `set` for every
 * role and binding there is and for every change, `delete` for every one that goes; an answer then takes microseconds.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */
export class RbacAuthorizer implements Authorizer {
  readonly #roles = new Map<string, Role>();
  readonly #clusterRoles = new Map<string, ClusterRole>();
  readonly #bindings = new Map<string, Binding>();
  readonly #clusterGrants = new GrantIndex();
  readonly #grants = new Map<string, GrantIndex>();

  set(object: RbacObject): void {
    const { namespace = '', name } = object.metadata;
    switch (object.kind) {
      case 'Role':
        this.#roles.set(scoped(namespace, name ?? ''), object);
        break;
      case 'ClusterRole':
        this.#clusterRoles.set(name ?? '', object);
        break;
      default:
        this.#removeBinding(namespace, name ?? '');
        this.#bindings.set(scoped(namespace, name ?? ''), object);
        this.#indexFor(namespace).add(object);
    }
  }

  delete(object: RbacObject): void {
    const { namespace = '', name = '' } = object.metadata;
    if (object.kind === 'Role') this.#roles.delete(scoped(namespace, name));
    else if (object.kind === 'ClusterRole') this.#clusterRoles.delete(name);
    else this.#removeBinding(namespace, name);
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
    this.#indexFor(namespace).remove(old);
    this.#bindings.delete(key);
  }

  authorize(attributes: AuthorizerAttributes): AuthorizerDecision {
    const missing: string[] = [];
    for (const grant of this.#grantsOf(attributes.user, attributes.namespace)) {
      const rules = this.#rulesOf(grant.binding, missing);
      for (const rule of rules) {
        if (ruleAllows(rule, attributes)) return { allowed: true, reason: describe(grant) };
      }
    }
    return { allowed: false, reason: missing.length ? `RBAC: ${aggregated(missing)}` : '' };
  }

  /**
   * Every rule that applies to a user: cluster-wide ones, and those of `namespace` where it is not "". `error` names
   * roles that bindings refer to and nobody has made.
   */
  rulesFor(user: UserInfo, namespace: string): { rules: PolicyRule[]; error?: string } {
    const rules: PolicyRule[] = [];
    const missing: string[] = [];
    for (const grant of this.#grantsOf(user, namespace)) rules.push(...this.#rulesOf(grant.binding, missing));
    return { rules, ...(missing.length && { error: aggregated(missing) }) };
  }

  /** The rules of the role that a binding in `namespace` ("" for a cluster role binding) refers to; undefined without one. */
  rulesOfRole(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const role =
      ref.kind === 'ClusterRole' ? this.#clusterRoles.get(ref.name) : this.#roles.get(scoped(namespace, ref.name));
    return role && (role.rules ?? []);
  }

  *#grantsOf(user: UserInfo, namespace: string): Generator<Grant> {
    yield* this.#clusterGrants.of(user);
    if (namespace) yield* this.#grants.get(namespace)?.of(user) ?? [];
  }

  #rulesOf(binding: Binding, missing: string[]): readonly PolicyRule[] {
    const { kind, name } = binding.roleRef;
    const rules = this.rulesOfRole(binding.roleRef, binding.metadata.namespace ?? '');
    if (!rules) missing.push(`${kind.toLowerCase()}.rbac.authorization.k8s.io ${quote(name)} not found`);
    return rules ?? [];
  }
}

function aggregated(texts: readonly string[]): string {
  const once = [...new Set(texts)];
  return once.length === 1 ? (once[0] ?? '') : `[${once.join(', ')}]`;
}

function describe({ binding, subject }: Grant): string {
  const { name, namespace } = binding.metadata;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? namespace}` : subject.name;
  const which = namespace ? `${name}/${namespace}` : (name ?? '');
  const { kind, name: role } = binding.roleRef;
  return `RBAC: allowed by ${binding.kind} ${quote(which)} of ${kind} ${quote(role)} to ${subject.kind} ${quote(who)}`;
}
