import { tolerated } from '../../api/tolerations.ts';
import type { AnyPlugin, Status } from '../framework/types.ts';

const refusal: Status = {
  code: 'UnschedulableAndUnresolvable',
  plugin: 'NodeUnschedulable',
  reasons: ['node(s) were unschedulable'],
};
const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** Keeps pods off cordoned nodes, unless they tolerate the taint that says the same. */
export const nodeUnschedulable = {
  name: 'NodeUnschedulable',
  events: ['Node/Add', 'Node/UpdateTaint'],
  filter(_state, { pod }, { unschedulable }) {
    return unschedulable && !tolerated(taint, pod.spec.tolerations) ? refusal : undefined;
  },
} satisfies AnyPlugin;
