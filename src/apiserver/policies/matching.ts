/** Which requests the rules of admission are about. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules */
import type { MatchResources, RuleWithOperations } from '../../api/admissionregistration/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { type Labels, labelSelector, type Selector } from '../../api/labels.ts';
import type { LabelSelector } from '../../api/meta/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { ServedResource } from '../core.ts';
import type { Attributes, Matched } from './attributes.ts';

const has = (items: readonly string[] | undefined, wanted: string): boolean =>
  items !== undefined && (items.includes('*') || items.includes(wanted));

/** Whether a rule is about the request, had it been made to `resource`. */
export function ruleMatches(rule: RuleWithOperations, attributes: Attributes, resource: ServedResource): boolean {
  const { operation, target } = attributes.request;
  if (!has(rule.operations, operation)) return false;
  if (!has(rule.apiGroups, resource.group) || !has(rule.apiVersions, resource.version)) return false;
  const named = rule.resources?.some((text) => {
    const slash = text.indexOf('/');
    const [name, sub] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
    return (name === '*' || name === resource.data.resource) && (sub === '*' || sub === target.subresource);
  });
  if (!named) return false;
  const { scope = '*' } = rule;
  if (scope === '*') return true;
  const clusterScoped = attributes.isNamespace || attributes.namespace === '';
  return (scope === 'Cluster') === clusterScoped;
}

type NamedRule = NonNullable<MatchResources['resourceRules']>[number];

function rulesMatch(
  rules: readonly NamedRule[] | undefined,
  policy: string | undefined,
  attributes: Attributes,
): Matched | undefined {
  if (!rules?.length) return undefined;
  const named = ({ resourceNames }: NamedRule) => !resourceNames?.length || resourceNames.includes(attributes.name);
  const { resource } = attributes.request.target;
  for (const rule of rules) if (ruleMatches(rule, attributes, resource) && named(rule)) return attributes.own;
  if (policy !== 'Equivalent') return undefined;
  for (const rule of rules) {
    for (const other of attributes.equivalents()) {
      if (ruleMatches(rule, attributes, other) && named(rule)) {
        return { resource: other, kind: attributes.kindIn(other) };
      }
    }
  }
  return undefined;
}

const selectors = new WeakMap<LabelSelector, Selector>();

export function selectorOf(selector: LabelSelector): Selector {
  let compiled = selectors.get(selector);
  if (!compiled) {
    compiled = labelSelector(selector);
    selectors.set(selector, compiled);
  }
  return compiled;
}

type Labelled = { readonly metadata?: { readonly labels?: Labels } } | undefined;

/** Whether the object or the one before has such labels; what a conversation is asked for with has none. */
export function objectSelected(selector: LabelSelector | undefined, { request }: Attributes): boolean {
  const compiled = selector && selectorOf(selector);
  if (!compiled || compiled.everything) return true;
  const selected = (object: KubeObject | undefined) => {
    const { metadata } = (object as Labelled) ?? {};
    return metadata !== undefined && compiled.matches(metadata.labels);
  };
  return selected(request.object) || selected(request.oldObject);
}

/**
 * Whether the request's namespace has such labels; a request outside of namespaces is always selected. Undefined where
 * the namespace does not exist.
 */
export function namespaceSelected(selector: LabelSelector | undefined, attributes: Attributes): boolean | undefined {
  const { isNamespace, namespace, namespaceObject, request } = attributes;
  if (namespace === '' && !isNamespace) return true;
  const compiled = selector && selectorOf(selector);
  if (!compiled || compiled.everything) return true;
  const written = request.operation === 'CREATE' || request.operation === 'UPDATE';
  if (isNamespace && request.target.subresource === '' && written) {
    return compiled.matches(request.object?.metadata.labels);
  }
  return namespaceObject ? compiled.matches(namespaceObject.metadata.labels) : undefined;
}

/** As what a policy's or binding's constraints match a request; undefined where they do not. Throws where its namespace is gone. */
export function resourcesMatch(match: MatchResources, attributes: Attributes): Matched | undefined {
  const inNamespace = namespaceSelected(match.namespaceSelector, attributes);
  if (inNamespace === false || !objectSelected(match.objectSelector, attributes)) return undefined;
  if (rulesMatch(match.excludeResourceRules, match.matchPolicy, attributes)) return undefined;
  const matched = match.resourceRules?.length
    ? rulesMatch(match.resourceRules, match.matchPolicy, attributes)
    : attributes.own;
  if (matched && inNamespace === undefined) {
    throw errors.notFound({ group: '', resource: 'namespaces' }, attributes.namespace);
  }
  return matched;
}
