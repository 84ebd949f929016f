import { expect, test } from 'vitest';
import type { CronJob } from '../../api/batch/v1.gen.ts';
import { parseSchedule } from '../../api/cron-schedule.ts';
import { mostRecent, untilNext } from './timing.ts';

test('of starts that were missed only the last is due', () => {
  const schedule = parseSchedule('*/10 * * * *', 'Etc/UTC');
  const start = Date.UTC(2026, 0, 1);
  const cronJob = (lastScheduleTime?: string, startingDeadlineSeconds?: number) =>
    ({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { startingDeadlineSeconds },
      status: { lastScheduleTime },
    }) as unknown as CronJob; // nothing else of a CronJob is looked at
  const minutes = (n: number) => start + n * 60_000;
  const due = (now: number, ...of: Parameters<typeof cronJob>) => {
    const { at, missed } = mostRecent(cronJob(...of), minutes(now), schedule, true);
    return [at === undefined ? undefined : (at - start) / 60_000, missed];
  };
  expect(due(9)).toEqual([undefined, 'none']);
  expect(due(10)).toEqual([10, 'none']);
  expect(due(35)).toEqual([30, 'few']);
  expect(due(35, '2026-01-01T00:30:00Z')).toEqual([undefined, 'none']);
  expect(due(2005)).toEqual([2000, 'many']);
  expect(due(2005, undefined, 600)).toEqual([2000, 'none']);
  expect(due(2005, undefined, 200)).toEqual([undefined, 'none']);
  expect(untilNext(cronJob(), minutes(5), schedule)).toBe(5 * 60_000 + 100);
  expect(untilNext(cronJob(), minutes(35), schedule)).toBe(5 * 60_000 + 100);
});
