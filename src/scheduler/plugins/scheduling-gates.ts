import type { AnyPlugin } from '../framework/types.ts';

/** Keeps pods out of the queue while they have gates. https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/ */
export const schedulingGates = {
  name: 'SchedulingGates',
  preEnqueue(pod) {
    const gates = pod.spec.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    const names = gates.map((g) => g.name).join(' ');
    return {
      code: 'UnschedulableAndUnresolvable',
      plugin: 'SchedulingGates',
      reasons: [`waiting for scheduling gates: [${names}]`],
    };
  },
} satisfies AnyPlugin;
