import { allocate } from './allocation.ts';
import type { PriorityLevel } from './level.ts';

export interface Adjustment {
  readonly level: PriorityLevel;
  readonly target: number;
  readonly seats: number;
}

/**
 * What seats each level gets until the next time, by what it wanted since the last: those that do not need their own
 * lend some of them, those that need more have them.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#seat-borrowing
 */
export function adjust(levels: readonly PriorityLevel[]): {
  readonly adjustments: readonly Adjustment[];
  /** What everyone gets of their target. */
  readonly fairFraction: number;
} {
  const total = levels.reduce((sum, { nominal }) => sum + nominal, 0);
  const exempt = levels.filter((level) => level.exempt);
  const limited = levels.filter((level) => !level.exempt);
  const adjustments: Adjustment[] = [];
  let remaining = total;
  for (const level of exempt) {
    const seats = Math.max(level.least, level.demand.highWatermark);
    remaining -= seats;
    adjustments.push({ level, target: seats, seats });
  }
  const claims = limited.map((level) => {
    const lower = Math.max(level.least, Math.min(level.nominal, level.demand.highWatermark));
    return { level, lower, upper: level.most, target: Math.max(lower, level.demand.smoothed) };
  });
  const least = limited.reduce((sum, level) => sum + level.least, 0);
  const lower = claims.reduce((sum, claim) => sum + claim.lower, 0);
  let fairFraction = 0;
  let seatsOf: (claim: (typeof claims)[number], index: number) => number;
  if (remaining <= least) {
    seatsOf = ({ level }) => level.least;
  } else if (remaining <= lower) {
    const fraction = (remaining - least) / (lower - least);
    seatsOf = (claim) => claim.level.least + Math.round((claim.lower - claim.level.least) * fraction);
  } else {
    const found = allocate(total, claims);
    fairFraction = found?.multiple ?? 0;
    seatsOf = ({ level }, index) => Math.round(found?.shares[index] ?? level.current);
  }
  for (const [index, claim] of claims.entries())
    adjustments.push({ level: claim.level, target: claim.target, seats: seatsOf(claim, index) });
  return { adjustments, fairFraction };
}
