import { access } from './access.ts';
import type { Scenario } from './context.ts';
import { streams } from './streams.ts';
import { workloads } from './workloads.ts';
import { writes } from './writes.ts';

/** In the order in which they run, one after the other. */
export const scenarios: readonly Scenario[] = [...workloads, ...streams, ...writes, ...access];
