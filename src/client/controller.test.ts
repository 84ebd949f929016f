import { pino } from 'pino';
import { expect, test } from 'vitest';
import { errors } from '../api/errors.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { runController } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

async function logged(error: Error): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  // Only pino writes here.
  const log = pino(
    { level: 'warn' },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const queue = new WorkQueue({ name: 'test', clock: new FakeClock() });
  const controller = runController({ name: 'test', queue, workers: 1, log, reconcile: () => Promise.reject(error) });
  queue.add('ns/a');
  await settle();
  await controller.stop();
  return lines;
}

test('what the server refuses is told in its words, without a stack', async () => {
  const [line, ...others] = await logged(errors.forbidden({ group: '', resource: 'pods' }, 'p', 'exceeded quota: q'));
  expect(others).toEqual([]);
  expect(line).toMatchObject({
    controller: 'test',
    key: 'ns/a',
    reason: 'Forbidden',
    error: 'pods "p" is forbidden: exceeded quota: q',
  });
  expect(line).not.toHaveProperty('err');
});

test('a mistake of our own is told with its stack, a conflict not at all', async () => {
  const [line] = await logged(new TypeError('x is not a function'));
  expect(line).toMatchObject({ err: { type: 'TypeError', stack: expect.stringContaining('controller.test.ts') } });
  expect(await logged(errors.conflict({ group: '', resource: 'pods' }, 'p', 'changed'))).toEqual([]);
});
