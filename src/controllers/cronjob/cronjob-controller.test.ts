import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CronJob, cronjobs, jobs } from '../../api/batch/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { formatTime } from '../../schema/time.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startCronJobController } from './cronjob-controller.ts';

const MINUTE = 60_000;
let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startCronJobController);
});
afterEach(() => cluster.stop());

const hello = (spec: Draft<CronJob['spec']> = {}): Draft<CronJob> => ({
  metadata: { name: 'hello' },
  spec: {
    schedule: '*/10 * * * *',
    timeZone: 'Etc/UTC',
    jobTemplate: {
      metadata: { labels: { app: 'hello' }, annotations: { a: 'b' } },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
    },
    ...spec,
  },
});
const status = async () => (await cluster.get(cronjobs, 'hello')).status;
const names = async () => (await cluster.list(jobs)).map(({ metadata }) => metadata.name).sort();
async function finish(name: string, type: 'Complete' | 'Failed') {
  const time = formatTime(cluster.clock.now());
  const body = {
    status: {
      startTime: time,
      ...(type === 'Complete' && { completionTime: time }),
      conditions: [type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', type].map((reached) => ({
        type: reached,
        status: 'True',
        lastTransitionTime: time,
      })),
    },
  };
  await cluster.client.resource(jobs).patch(NAMESPACE, name, { type: 'strategic', body }, { subresource: 'status' });
  await cluster.quiet();
}
const at = (minute: number) => `hello-${Date.UTC(2026, 0, 1) / MINUTE + minute}`;

test('makes a Job when one is due, and accounts for it', async () => {
  const { metadata } = await cluster.create(cronjobs, hello());
  await cluster.advance(9 * MINUTE);
  expect(await names()).toEqual([]);
  await cluster.advance(MINUTE + 100);
  expect(await names()).toEqual([at(10)]);
  const job = await cluster.get(jobs, at(10));
  expect(job.metadata.labels).toMatchObject({ app: 'hello' });
  expect(job.metadata.annotations).toEqual({
    a: 'b',
    'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:10:00Z',
  });
  expect(job.metadata.ownerReferences).toEqual([
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      name: 'hello',
      uid: metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  ]);
  expect(await status()).toEqual({
    active: [expect.objectContaining({ kind: 'Job', name: at(10), uid: job.metadata.uid })],
    lastScheduleTime: '2026-01-01T00:10:00Z',
  });
  await finish(at(10), 'Complete');
  expect(await status()).toEqual({
    lastScheduleTime: '2026-01-01T00:10:00Z',
    lastSuccessfulTime: '2026-01-01T00:10:00Z',
  });
  expect(await cluster.events()).toEqual([
    `SuccessfulCreate: Created job ${at(10)}`,
    `SawCompletedJob: Saw completed job: ${at(10)}, condition: Complete`,
  ]);
});

test('keeps as many ended Jobs as asked for', async () => {
  await cluster.create(cronjobs, hello({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 }));
  for (const minute of [10, 20, 30]) {
    await cluster.advance(10 * MINUTE + 100);
    await finish(at(minute), minute === 20 ? 'Failed' : 'Complete');
  }
  expect(await names()).toEqual([at(30)]);
  expect(await cluster.events()).toContain(`SuccessfulDelete: Deleted job ${at(10)}`);
});

test('does not start a Job beside another with Forbid, ends the other with Replace', async () => {
  await cluster.create(cronjobs, hello({ concurrencyPolicy: 'Forbid' }));
  await cluster.advance(21 * MINUTE);
  expect(await names()).toEqual([at(10)]);
  expect((await cluster.events()).at(-1)).toBe(
    'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
  );
  await cluster.update(cronjobs, 'hello', (was) => ({
    ...was,
    spec: { ...was.spec, concurrencyPolicy: 'Replace' as const },
  }));
  await cluster.advance(10 * MINUTE);
  expect(await names()).toEqual([at(30)]);
  expect((await status()).active?.map(({ name }) => name)).toEqual([at(30)]);
});

test('a suspended CronJob makes none, and the one last missed when it goes on', async () => {
  await cluster.create(cronjobs, hello({ suspend: true }));
  await cluster.advance(35 * MINUTE);
  expect(await names()).toEqual([]);
  await cluster.update(cronjobs, 'hello', (was) => ({ ...was, spec: { ...was.spec, suspend: false } }));
  expect(await names()).toEqual([at(30)]);
});

test('notes that a Job was deleted, and does not make it again', async () => {
  await cluster.create(cronjobs, hello());
  await cluster.advance(10 * MINUTE + 100);
  await cluster.client.resource(jobs).delete(NAMESPACE, at(10), { propagationPolicy: 'Background' });
  await cluster.quiet();
  expect(await status()).toEqual({ lastScheduleTime: '2026-01-01T00:10:00Z' });
  expect((await cluster.events()).at(-1)).toBe(`MissingJob: Active job went missing: ${at(10)}`);
  expect(await names()).toEqual([]);
});

test('says when a schedule never comes', async () => {
  await cluster.create(cronjobs, hello({ schedule: '0 0 31 2 *' }));
  expect(await cluster.events()).toEqual([
    'InvalidSchedule: invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second',
  ]);
});
