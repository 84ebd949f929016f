import type { PolicyRule } from '../../api/rbac/v1.gen.ts';
import type { AuthorizerAttributes } from '../admission.ts';

/*
 * Pure functions over RBAC rules: what one allows, and whether some cover others.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/
 */

const none: readonly string[] = [];
const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

export const verbMatches = ({ verbs }: PolicyRule, verb: string): boolean =>
  verbs.includes(verb) || verbs.includes('*');

export const nameMatches = ({ resourceNames }: PolicyRule, name: string): boolean =>
  !resourceNames?.length || resourceNames.includes(name);

/** "*", an exact path, or a prefix that ends in "*". */
export function pathMatches(patterns: readonly string[] | undefined, path: string): boolean {
  for (const pattern of patterns ?? none) {
    if (pattern === '*' || pattern === path) return true;
    if (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''))) return true;
  }
  return false;
}

/** "pods", "pods/log", "*" for all of them, "*" with "/scale" for a subresource of whatever has it. */
function resourceMatches(resources: readonly string[] | undefined, resource: string, subresource: string): boolean {
  const combined = subresource ? `${resource}/${subresource}` : resource;
  for (const rule of resources ?? none) {
    if (rule === '*' || rule === combined) return true;
    if (subresource && rule.length === subresource.length + 2 && rule === `*/${subresource}`) return true;
  }
  return false;
}

export function ruleAllows(rule: PolicyRule, attributes: AuthorizerAttributes): boolean {
  if (!verbMatches(rule, attributes.verb)) return false;
  if (attributes.resource === '') return pathMatches(rule.nonResourceURLs, attributes.path);
  return (
    has(rule.apiGroups, attributes.group) &&
    resourceMatches(rule.resources, attributes.resource, attributes.subresource) &&
    nameMatches(rule, attributes.name)
  );
}

/** A rule for one verb of one resource (and one name, where it has names) or of one path. */
type Atom = PolicyRule;

/** The rules that together say the same, each as small as can be. */
function* atomsOf(rule: PolicyRule): Generator<Atom> {
  for (const apiGroup of rule.apiGroups ?? none) {
    for (const resource of rule.resources ?? none) {
      for (const verb of rule.verbs) {
        const atom = { verbs: [verb], apiGroups: [apiGroup], resources: [resource] };
        if (!rule.resourceNames?.length) yield atom;
        else for (const name of rule.resourceNames) yield { ...atom, resourceNames: [name] };
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? none) {
    for (const verb of rule.verbs) yield { verbs: [verb], nonResourceURLs: [url] };
  }
}

const hasAll = (owner: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean =>
  owner?.includes('*') || (wanted ?? none).every((value) => owner?.includes(value));

function ruleCovers(owner: PolicyRule, atom: Atom): boolean {
  if (!hasAll(owner.verbs, atom.verbs)) return false;
  if (atom.nonResourceURLs) {
    // A path that ends in "*" is covered by any pattern that covers all it stands for.
    return atom.nonResourceURLs.every((url) => pathMatches(owner.nonResourceURLs, url));
  }
  return (
    hasAll(owner.apiGroups, atom.apiGroups) &&
    (atom.resources ?? none).every((resource) => resourceCovered(owner.resources, resource)) &&
    (!owner.resourceNames?.length || atom.resourceNames?.every((name) => owner.resourceNames?.includes(name)) === true)
  );
}

function resourceCovered(owner: readonly string[] | undefined, wanted: string): boolean {
  if (has(owner, wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && owner?.includes(`*/${wanted.slice(slash + 1)}`) === true;
}

/** What of `wanted` is not in `owned`, in the smallest rules; empty where `owned` covers it all. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing: PolicyRule[] = [];
  for (const rule of wanted) {
    for (const atom of atomsOf(rule)) if (!owned.some((owner) => ruleCovers(owner, atom))) missing.push(atom);
  }
  return missing;
}

/**
 * Joins rules for one resource (and one name) that differ in nothing but their verbs, for messages; a verb asked for
 * twice stands there twice. Rules for paths stay apart, as in Kubernetes.
 */
export function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const paths: PolicyRule[] = [];
  const joined = new Map<string, PolicyRule>();
  for (const rule of rules) {
    if (rule.nonResourceURLs) {
      paths.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames]);
    const same = joined.get(key);
    joined.set(key, same ? { ...same, verbs: [...same.verbs, ...rule.verbs] } : rule);
  }
  return [...paths, ...joined.values()];
}
