import type { NodeInfo } from '../cache/node-info.ts';
import { type AnyPlugin, maxNodeScore } from '../framework/types.ts';

/** Prefers nodes on which CPU and memory would be used in about the same proportion. */
export const balancedAllocation = {
  name: 'NodeResourcesBalancedAllocation',
  preScore: (_state, { requests }) => (requests.milliCpu === 0 && requests.memory === 0 ? 'Skip' : undefined),
  score(_state, pod, nodes, scores) {
    const { milliCpu, memory } = pod.requests;
    for (let i = 0; i < nodes.length; i++) {
      const { allocatable, requested } = nodes[i] as NodeInfo;
      const cpuShare = fraction(requested.milliCpu + milliCpu, allocatable.milliCpu);
      const memoryShare = fraction(requested.memory + memory, allocatable.memory);
      // The standard deviation of two fractions is half their distance.
      scores[i] = Math.trunc((1 - Math.abs(cpuShare - memoryShare) / 2) * maxNodeScore);
    }
  },
} satisfies AnyPlugin;

const fraction = (used: number, all: number): number => (all === 0 ? 1 : Math.min(used / all, 1));
