import type { PodInfo } from '../framework/pod-info.ts';
import { type AnyPlugin, type CycleState, normalizeByMaximum, type Status } from '../framework/types.ts';
import { compileNodeSelector, compileTerm, type NodeMatcher } from './node-selector.ts';

const name = 'NodeAffinity';
const refusal: Status = {
  code: 'UnschedulableAndUnresolvable',
  plugin: name,
  reasons: ["node(s) didn't match Pod's node affinity/selector"],
};

/** nodeSelector and required node affinity together; undefined where the pod has neither. */
export function requiredNodes({ pod }: PodInfo): NodeMatcher | undefined {
  const { nodeSelector, affinity } = pod.spec;
  const labels = Object.entries(nodeSelector ?? {});
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (labels.length === 0 && !required) return undefined;
  const matches = required ? compileNodeSelector(required) : () => true;
  return (node) => labels.every(([key, value]) => node.metadata.labels?.[key] === value) && matches(node);
}

interface Preference {
  readonly weight: number;
  readonly matches: NodeMatcher;
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity */
export const nodeAffinity = {
  name,
  events: ['Node/Add', 'Node/UpdateLabel', 'Pod/Update'],
  preFilter(state: CycleState, pod) {
    const matches = requiredNodes(pod);
    if (!matches) return 'Skip';
    state.write('NodeAffinity/filter', matches);
    return undefined;
  },
  filter(state, _pod, { node }) {
    const matches = state.read<NodeMatcher>('NodeAffinity/filter');
    return node && matches && !matches(node) ? refusal : undefined;
  },
  preScore(state, { pod }) {
    const terms = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (terms.length === 0) return 'Skip';
    state.write(
      'NodeAffinity/score',
      terms.map(({ weight, preference }): Preference => ({ weight, matches: compileTerm(preference) })),
    );
    return undefined;
  },
  score(state, _pod, { node }) {
    let sum = 0;
    for (const { weight, matches } of state.read<Preference[]>('NodeAffinity/score') ?? []) {
      if (node && matches(node)) sum += weight;
    }
    return sum;
  },
  normalize: (scores) => normalizeByMaximum(scores, false),
} satisfies AnyPlugin;
