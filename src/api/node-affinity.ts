import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from './core/v1.gen.ts';

/** Compiled once for a pod, then asked of many nodes. */
export type NodeMatcher = (node: Node) => boolean;

/**
 * Which nodes a pod's nodeSelector and required node affinity allow; undefined where it has neither.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity
 */
export function requiredNodes({ nodeSelector, affinity }: PodSpec): NodeMatcher | undefined {
  const labels = Object.entries(nodeSelector ?? {});
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (labels.length === 0 && !required) return undefined;
  const matches = required ? compileNodeSelector(required) : () => true;
  return (node) => labels.every(([key, value]) => node.metadata.labels?.[key] === value) && matches(node);
}

/** Terms are alternatives; an empty one matches nothing. */
function compileNodeSelector(selector: NodeSelector): NodeMatcher {
  const terms = selector.nodeSelectorTerms.map(compileNodeTerm);
  return (node) => terms.some((term) => term(node));
}

/** The requirements of a term all have to hold; a term without any matches nothing. */
export function compileNodeTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): NodeMatcher {
  const tests: NodeMatcher[] = [];
  for (const requirement of matchExpressions) {
    const test = compileRequirement(requirement);
    tests.push((node) => test(node.metadata.labels?.[requirement.key]));
  }
  for (const requirement of matchFields) {
    // The only field there is.
    const test = requirement.key === 'metadata.name' ? compileRequirement(requirement) : () => false;
    tests.push((node) => test(node.metadata.name));
  }
  return tests.length === 0 ? () => false : (node) => tests.every((test) => test(node));
}

function compileRequirement({
  operator,
  values = [],
}: NodeSelectorRequirement): (value: string | undefined) => boolean {
  switch (operator) {
    case 'In': {
      const set = new Set(values);
      return (value) => value !== undefined && set.has(value);
    }
    case 'NotIn': {
      const set = new Set(values);
      return (value) => value === undefined || !set.has(value);
    }
    case 'Exists':
      return (value) => value !== undefined;
    case 'DoesNotExist':
      return (value) => value === undefined;
    case 'Gt':
    case 'Lt': {
      const bound = values.length === 1 ? integer(values[0]) : undefined;
      if (bound === undefined) return () => false;
      return (value) => {
        const number = integer(value);
        return number !== undefined && (operator === 'Gt' ? number > bound : number < bound);
      };
    }
  }
}

function integer(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[+-]?[0-9]{1,19}$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
}
