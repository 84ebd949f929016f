import type { AnyPlugin, Status } from '../framework/types.ts';
import { normalizeByMaximum } from '../framework/types.ts';
import { tolerated } from './tolerations.ts';

const refusal: Status = {
  code: 'UnschedulableAndUnresolvable',
  plugin: 'TaintToleration',
  reasons: ['node(s) had untolerated taint(s)'],
};

/** Keeps pods off nodes with taints they do not tolerate, and away from those with taints that only prefer so. */
export const taintToleration = {
  name: 'TaintToleration',
  events: ['Node/Add', 'Node/UpdateTaint'],
  filter(_state, { pod }, { node }) {
    for (const taint of node?.spec.taints ?? []) {
      if (taint.effect !== 'PreferNoSchedule' && !tolerated(taint, pod.spec.tolerations)) return refusal;
    }
    return undefined;
  },
  preScore(_state, _pod, nodes) {
    return nodes.some(({ node }) => node?.spec.taints?.some((t) => t.effect === 'PreferNoSchedule'))
      ? undefined
      : 'Skip';
  },
  score(_state, { pod }, { node }) {
    const tolerations = pod.spec.tolerations?.filter((t) => !t.effect || t.effect === 'PreferNoSchedule');
    let untolerated = 0;
    for (const taint of node?.spec.taints ?? []) {
      if (taint.effect === 'PreferNoSchedule' && !tolerated(taint, tolerations)) untolerated++;
    }
    return untolerated;
  },
  normalize: (scores) => normalizeByMaximum(scores, true),
} satisfies AnyPlugin;
