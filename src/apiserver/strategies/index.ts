import type { Strategies } from '../resource-table.ts';

/** What each kind does beyond its shape, by resource. */
export const strategies: Strategies = {};
