import { type AnyPlugin, maxNodeScore } from '../framework/types.ts';

/** Prefers nodes on which CPU and memory would be used in about the same proportion. */
export const balancedAllocation = {
  name: 'NodeResourcesBalancedAllocation',
  preScore: (_state, { requests }) => (requests.milliCpu === 0 && requests.memory === 0 ? 'Skip' : undefined),
  score(_state, pod, { allocatable, requested }) {
    const cpu = fraction(requested.milliCpu + pod.requests.milliCpu, allocatable.milliCpu);
    const memory = fraction(requested.memory + pod.requests.memory, allocatable.memory);
    // The standard deviation of two fractions is half their distance.
    return Math.trunc((1 - Math.abs(cpu - memory) / 2) * maxNodeScore);
  },
} satisfies AnyPlugin;

const fraction = (used: number, all: number): number => (all === 0 ? 1 : Math.min(used / all, 1));
