import type { PolicyRule } from '../../api/rbac/v1.gen.ts';
import type { AuthorizerAttributes } from '../admission.ts';
import { nameMatches, pathMatches, verbMatches } from './rules.ts';

/** No more rules than this are read from the first to the last: that takes less than to look them up. */
const FEW = 4;

/**
 * The rules of one role, or of many, found by API group, resource, verb and name, so that hundreds of them cost no more
 * than one. What is not asked for is not indexed.
 */
export class RoleIndex {
  readonly rules: readonly PolicyRule[];
  #byGroup: Map<string, Map<string, Rules>> | undefined;
  #paths: PolicyRule[] | undefined;

  /** Roles without rules are stored with null for them. */
  constructor(rules?: readonly PolicyRule[] | null) {
    this.rules = rules ?? [];
  }

  /** A rule that allows it. `combined`: "pods", "pods/log"; `any`: "*" with the subresource, "" where there is none. */
  find(attributes: AuthorizerAttributes, combined: string, any: string): PolicyRule | undefined {
    const { rules } = this;
    if (attributes.resource === '') return this.#findPath(attributes);
    if (rules.length <= FEW) {
      for (const rule of rules) if (concerns(rule, attributes, combined, any)) return rule;
      return undefined;
    }
    const index = this.#byGroup ?? this.#build();
    return (
      inGroup(index.get(attributes.group), attributes, combined, any) ??
      inGroup(index.get('*'), attributes, combined, any)
    );
  }

  #findPath({ verb, path }: AuthorizerAttributes): PolicyRule | undefined {
    this.#paths ??= this.rules.filter((rule) => rule.nonResourceURLs?.length);
    for (const rule of this.#paths) if (verbMatches(rule, verb) && pathMatches(rule.nonResourceURLs, path)) return rule;
    return undefined;
  }

  #build(): Map<string, Map<string, Rules>> {
    const index = new Map<string, Map<string, Rules>>();
    for (const rule of this.rules) {
      for (const group of rule.apiGroups ?? []) {
        let resources = index.get(group);
        if (!resources) {
          resources = new Map();
          index.set(group, resources);
        }
        for (const resource of rule.resources ?? []) {
          const found = resources.get(resource);
          if (found) found.list.push(rule);
          else resources.set(resource, new Rules(rule));
        }
      }
    }
    this.#byGroup = index;
    return index;
  }
}

function inGroup(
  resources: ReadonlyMap<string, Rules> | undefined,
  { verb, name }: AuthorizerAttributes,
  combined: string,
  any: string,
): PolicyRule | undefined {
  if (!resources) return undefined;
  return (
    resources.get(combined)?.find(verb, name) ??
    resources.get('*')?.find(verb, name) ??
    (any === '' ? undefined : resources.get(any)?.find(verb, name))
  );
}

function concerns(rule: PolicyRule, attributes: AuthorizerAttributes, combined: string, any: string): boolean {
  const { apiGroups, resources } = rule;
  if (!apiGroups || !resources || !verbMatches(rule, attributes.verb)) return false;
  if (!(apiGroups.includes(attributes.group) || apiGroups.includes('*'))) return false;
  if (!(resources.includes(combined) || resources.includes('*') || (any !== '' && resources.includes(any)))) {
    return false;
  }
  return nameMatches(rule, attributes.name);
}

/** The rules for one resource. */
class Rules {
  readonly list: PolicyRule[];
  #byVerb: Map<string, ForVerb> | undefined;

  constructor(first: PolicyRule) {
    this.list = [first];
  }

  find(verb: string, name: string): PolicyRule | undefined {
    const { list } = this;
    if (list.length <= FEW) {
      for (const rule of list) if (verbMatches(rule, verb) && nameMatches(rule, name)) return rule;
      return undefined;
    }
    const index = this.#byVerb ?? this.#build();
    return index.get(verb)?.find(name) ?? index.get('*')?.find(name);
  }

  #build(): Map<string, ForVerb> {
    const index = new Map<string, ForVerb>();
    for (const rule of this.list) {
      for (const verb of rule.verbs) {
        let found = index.get(verb);
        if (!found) {
          found = new ForVerb();
          index.set(verb, found);
        }
        found.add(rule);
      }
    }
    this.#byVerb = index;
    return index;
  }
}

/** The rules for one verb of one resource: one for all names is as good as any other. */
class ForVerb {
  #forAll: PolicyRule | undefined;
  readonly #byName = new Map<string, PolicyRule>();

  add(rule: PolicyRule): void {
    if (!rule.resourceNames?.length) this.#forAll ??= rule;
    else for (const name of rule.resourceNames) this.#byName.set(name, rule);
  }

  find(name: string): PolicyRule | undefined {
    return this.#forAll ?? this.#byName.get(name);
  }
}
