import type { Profile } from './framework/types.ts';
import { balancedAllocation } from './plugins/balanced-allocation.ts';
import { imageLocality } from './plugins/image-locality.ts';
import { nodeAffinity } from './plugins/node-affinity.ts';
import { nodeName } from './plugins/node-name.ts';
import { nodePorts } from './plugins/node-ports.ts';
import { nodeResourcesFit } from './plugins/node-resources-fit.ts';
import { nodeUnschedulable } from './plugins/node-unschedulable.ts';
import { prioritySort } from './plugins/priority-sort.ts';
import { schedulingGates } from './plugins/scheduling-gates.ts';
import { taintToleration } from './plugins/taint-toleration.ts';

/** kube-scheduler's default order and weights. https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins */
export const defaultProfile: Profile = {
  schedulerName: 'default-scheduler',
  plugins: [
    schedulingGates,
    prioritySort,
    nodeUnschedulable,
    nodeName,
    taintToleration,
    nodeAffinity,
    nodePorts,
    nodeResourcesFit,
    balancedAllocation,
    imageLocality,
  ],
  weights: { TaintToleration: 3, NodeAffinity: 2 },
};
