import type { AnyPlugin } from '../framework/types.ts';

/** Higher priority first, then who waited longer. */
export const prioritySort = {
  name: 'PrioritySort',
  less(a, b) {
    const difference = (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0);
    return difference === 0 ? a.timestamp < b.timestamp : difference < 0;
  },
} satisfies AnyPlugin;
