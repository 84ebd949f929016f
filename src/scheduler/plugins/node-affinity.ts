import { compileNodeTerm, type NodeMatcher, requiredNodes } from '../../api/node-affinity.ts';
import { type AnyPlugin, type CycleState, normalizeByMaximum, type Status } from '../framework/types.ts';

const name = 'NodeAffinity';
const refusal: Status = {
  code: 'UnschedulableAndUnresolvable',
  plugin: name,
  reasons: ["node(s) didn't match Pod's node affinity/selector"],
};

interface Preference {
  readonly weight: number;
  readonly matches: NodeMatcher;
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity */
export const nodeAffinity = {
  name,
  events: ['Node/Add', 'Node/UpdateLabel', 'Pod/Update'],
  preFilter(state: CycleState, { pod }) {
    const matches = requiredNodes(pod.spec);
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
      terms.map(({ weight, preference }): Preference => ({ weight, matches: compileNodeTerm(preference) })),
    );
    return undefined;
  },
  score(state, _pod, nodes, scores) {
    const preferences = state.read<Preference[]>('NodeAffinity/score') ?? [];
    nodes.forEach(({ node }, i) => {
      let sum = 0;
      for (const { weight, matches } of preferences) if (node && matches(node)) sum += weight;
      scores[i] = sum;
    });
  },
  normalize: (scores) => normalizeByMaximum(scores, false),
} satisfies AnyPlugin;
