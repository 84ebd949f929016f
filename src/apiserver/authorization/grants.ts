import type { PolicyRule, RoleRef } from '../../api/rbac/v1.gen.ts';
import type { AuthorizerAttributes } from '../admission.ts';
import type { UserInfo } from '../user.ts';
import type { Binding } from './rbac.ts';
import { RoleIndex } from './role-index.ts';

/** More distinct roles than this, and a subject's rules are put together into one index. */
const MANY = 12;

/** A role as a key: "/name" for cluster roles, "namespace/name" for others. */
const refKey = ({ kind, name }: RoleRef, namespace: string): string =>
  kind === 'ClusterRole' ? `/${name}` : `${namespace}/${name}`;

const none: readonly Binding[] = [];

export type FindRole = (ref: string) => RoleIndex | undefined;

/** What one subject was granted in one scope: its bindings by the role that they refer to. */
export class Grants {
  readonly byRole = new Map<string, Binding[]>();
  #merged: MergedIndex | undefined;
  #generation = -1;

  /** A binding that allows it. `combined` and `any` as for RoleIndex; `generation` counts the changes of roles. */
  find(
    attributes: AuthorizerAttributes,
    combined: string,
    any: string,
    generation: number,
    find: FindRole,
  ): Binding | undefined {
    if (this.byRole.size > MANY) return this.#all(generation, find).find(attributes, combined, any);
    for (const [ref, bindings] of this.byRole) {
      if (find(ref)?.find(attributes, combined, any)) return bindings[0];
    }
    return undefined;
  }

  /** Bindings to roles that are not there. */
  dangling(generation: number, find: FindRole): readonly Binding[] {
    if (this.byRole.size > MANY) return this.#all(generation, find).dangling;
    let found = none;
    for (const [ref, bindings] of this.byRole) if (!find(ref)) found = [...found, ...bindings];
    return found;
  }

  add(ref: string, binding: Binding): void {
    const bindings = this.byRole.get(ref);
    if (bindings) {
      if (!bindings.includes(binding)) bindings.push(binding);
      return;
    }
    this.byRole.set(ref, [binding]);
    this.#merged = undefined;
  }

  remove(ref: string, binding: Binding): void {
    const left = this.byRole.get(ref)?.filter((other) => other !== binding) ?? [];
    this.#merged = undefined;
    if (left.length > 0) this.byRole.set(ref, left);
    else this.byRole.delete(ref);
  }

  /** The rules of all roles in one index; made anew when roles have changed. */
  #all(generation: number, find: FindRole): MergedIndex {
    if (!this.#merged || this.#generation !== generation) {
      this.#merged = new MergedIndex(this.byRole, find);
      this.#generation = generation;
    }
    return this.#merged;
  }
}

/** The rules of many roles as those of one, which know by what binding they were granted. */
class MergedIndex {
  /** Bindings to roles that are not there. */
  readonly dangling: readonly Binding[];
  readonly #index: RoleIndex;
  readonly #grantedBy = new Map<PolicyRule, Binding>();

  constructor(byRole: ReadonlyMap<string, readonly Binding[]>, find: FindRole) {
    const rules: PolicyRule[] = [];
    const dangling: Binding[] = [];
    for (const [ref, bindings] of byRole) {
      const role = find(ref);
      const [binding] = bindings;
      if (!role) dangling.push(...bindings);
      if (!role || !binding) continue;
      rules.push(...role.rules);
      for (const rule of role.rules) this.#grantedBy.set(rule, binding);
    }
    this.#index = new RoleIndex(rules);
    this.dangling = dangling;
  }

  find(attributes: AuthorizerAttributes, combined: string, any: string): Binding | undefined {
    const rule = this.#index.find(attributes, combined, any);
    return rule && this.#grantedBy.get(rule);
  }
}

/** The bindings of one scope (the cluster, or a namespace) by whom they are for. */
export class GrantIndex {
  readonly #users = new Map<string, Grants>();
  readonly #groups = new Map<string, Grants>();

  get empty(): boolean {
    return this.#users.size === 0 && this.#groups.size === 0;
  }

  add(binding: Binding): void {
    const ref = refKey(binding.roleRef, binding.metadata.namespace ?? '');
    for (const [map, key] of this.#subjects(binding)) {
      let grants = map.get(key);
      if (!grants) {
        grants = new Grants();
        map.set(key, grants);
      }
      grants.add(ref, binding);
    }
  }

  remove(binding: Binding): void {
    const ref = refKey(binding.roleRef, binding.metadata.namespace ?? '');
    for (const [map, key] of this.#subjects(binding)) {
      const grants = map.get(key);
      grants?.remove(ref, binding);
      if (grants?.byRole.size === 0) map.delete(key);
    }
  }

  ofUser(name: string): Grants | undefined {
    return this.#users.get(name);
  }

  ofGroup(name: string): Grants | undefined {
    return this.#groups.get(name);
  }

  /** The bindings that are for the user, each once. */
  bindingsOf(user: UserInfo): Iterable<Binding> {
    const found = new Set<Binding>();
    const collect = (grants: Grants | undefined) => {
      for (const bindings of grants?.byRole.values() ?? []) for (const binding of bindings) found.add(binding);
    };
    collect(this.#users.get(user.name));
    for (const group of user.groups) collect(this.#groups.get(group));
    return found;
  }

  /** Users that are service accounts are found as users: their names say which. */
  *#subjects(binding: Binding): Generator<readonly [Map<string, Grants>, string]> {
    for (const { kind, name, namespace } of binding.subjects ?? []) {
      if (kind === 'User') yield [this.#users, name];
      else if (kind === 'Group') yield [this.#groups, name];
      else if (kind === 'ServiceAccount') {
        const home = namespace || binding.metadata.namespace;
        if (home) yield [this.#users, `system:serviceaccount:${home}:${name}`];
      }
    }
  }
}
