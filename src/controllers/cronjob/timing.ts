import type { CronJob } from '../../api/batch/v1.gen.ts';
import type { Schedule } from '../../api/cron-schedule.ts';
import { timeToMs } from '../../schema/time.ts';

/** More than so many missed starts are told of. */
const MANY = 100;
/** Room for clocks that differ a little. */
const DELTA_MS = 100;

export interface Due {
  /** Since when starts are counted. */
  readonly earliest: number;
  /** The last start that was due and has not been made; absent when none is. */
  readonly at?: number;
  /** How many starts before that one were due and not made. */
  readonly missed: 'none' | 'few' | 'many';
}

/** Which start is due. Only the last of several missed ones is made up for. Throws for a schedule that never comes. */
export function mostRecent(cronJob: CronJob, now: number, schedule: Schedule, withDeadline: boolean): Due {
  const { startingDeadlineSeconds: deadline } = cronJob.spec;
  let earliest = timeToMs(cronJob.status.lastScheduleTime ?? cronJob.metadata.creationTimestamp);
  if (withDeadline && deadline !== undefined) earliest = Math.max(earliest, now - deadline * 1000);
  const first = schedule.next(earliest);
  if (first === undefined) throw new Error('time difference between two schedules is less than 1 second');
  if (now < first) return { earliest, missed: 'none' };
  const second = schedule.next(first);
  if (second === undefined || now < second) return { earliest, at: first, missed: 'none' };
  const interval = second - first;
  const count = Math.floor((now - first) / interval) + 1;
  // Skips the bulk of what was missed, and finds the exact time from one interval before.
  let at: number | undefined;
  for (let next = schedule.next(first + (count - 2) * interval); next !== undefined && next <= now; ) {
    at = next;
    next = schedule.next(next);
  }
  const missed = count > MANY ? 'many' : 'few';
  return { earliest, missed, ...(at !== undefined && { at }) };
}

/** Milliseconds until the CronJob is to be looked at again; undefined when its schedule has no further time. */
export function untilNext(cronJob: CronJob, now: number, schedule: Schedule): number | undefined {
  let from = now;
  try {
    const { earliest, at, missed } = mostRecent(cronJob, now, schedule, false);
    from = at ?? (missed === 'none' ? earliest : now);
  } catch {
    // From now on, then.
  }
  const next = schedule.next(from);
  return next === undefined ? undefined : next + DELTA_MS - now;
}
