import type { Taint, Toleration } from '../../api/core/v1.gen.ts';
import { tolerated } from '../../api/tolerations.ts';
import type { AnyPlugin, Status } from '../framework/types.ts';
import { normalizeByMaximum } from '../framework/types.ts';

const refusal: Status = {
  code: 'UnschedulableAndUnresolvable',
  plugin: 'TaintToleration',
  reasons: ['node(s) had untolerated taint(s)'],
};

const toleratesAll = ({ key, operator, effect }: Toleration) => operator === 'Exists' && !key && !effect;

/** Keeps pods off nodes with taints they do not tolerate, and away from those with taints that only prefer so. */
export const taintToleration = {
  name: 'TaintToleration',
  events: ['Node/Add', 'Node/UpdateTaint'],
  preFilter: (_state, { pod }) => (pod.spec.tolerations?.some(toleratesAll) ? 'Skip' : undefined),
  filter(_state, { pod }, { taints }) {
    for (let i = 0; i < taints.length; i++) {
      if (!tolerated(taints[i] as Taint, pod.spec.tolerations)) return refusal;
    }
    return undefined;
  },
  preScore(_state, _pod, nodes) {
    return nodes.some(({ softTaints }) => softTaints.length > 0) ? undefined : 'Skip';
  },
  score(_state, { pod }, nodes, scores) {
    const tolerations = pod.spec.tolerations?.filter((t) => !t.effect || t.effect === 'PreferNoSchedule');
    nodes.forEach(({ softTaints }, i) => {
      scores[i] = softTaints.reduce((sum, taint) => sum + (tolerated(taint, tolerations) ? 0 : 1), 0);
    });
  },
  normalize: (scores) => normalizeByMaximum(scores, true),
} satisfies AnyPlugin;
