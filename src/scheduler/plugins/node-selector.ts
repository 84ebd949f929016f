import type { Node, NodeSelector, NodeSelectorTerm } from '../../api/core/v1.gen.ts';

type Requirement = NonNullable<NodeSelectorTerm['matchExpressions']>[number];
export type NodeMatcher = (node: Node) => boolean;

/** Terms are alternatives; an empty one matches nothing. Compiled once for a pod, then asked of many nodes. */
export function compileNodeSelector(selector: NodeSelector): NodeMatcher {
  const terms = selector.nodeSelectorTerms.map(compileTerm);
  return (node) => terms.some((term) => term(node));
}

export function compileTerm(term: NodeSelectorTerm): NodeMatcher {
  const tests: NodeMatcher[] = [];
  for (const requirement of term.matchExpressions ?? []) {
    const test = compileRequirement(requirement);
    tests.push((node) => test(node.metadata.labels?.[requirement.key]));
  }
  for (const requirement of term.matchFields ?? []) {
    const test = compileRequirement(requirement);
    // The only field there is.
    tests.push((node) => test(requirement.key === 'metadata.name' ? node.metadata.name : undefined));
  }
  return tests.length === 0 ? () => false : (node) => tests.every((test) => test(node));
}

function compileRequirement({ operator, values }: Requirement): (value: string | undefined) => boolean {
  const set = new Set(values);
  const bound = Number(values?.[0]);
  switch (operator) {
    case 'In':
      return (value) => value !== undefined && set.has(value);
    case 'NotIn':
      return (value) => value === undefined || !set.has(value);
    case 'Exists':
      return (value) => value !== undefined;
    case 'DoesNotExist':
      return (value) => value === undefined;
    case 'Gt':
      return (value) => isInteger(value) && Number(value) > bound;
    case 'Lt':
      return (value) => isInteger(value) && Number(value) < bound;
    default:
      return () => false;
  }
}

const isInteger = (value: string | undefined): value is string => value !== undefined && /^[+-]?\d+$/.test(value);
