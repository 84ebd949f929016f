import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Job, jobs } from '../../api/batch/v1.gen.ts';
import { type Pod, pods } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startJobController } from './job-controller.ts';
import { COMPLETION_INDEX, TRACKING_FINALIZER } from './job-pods.ts';
import { startTtlAfterFinishedController } from './ttl-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startJobController, startTtlAfterFinishedController);
});
afterEach(() => cluster.stop());

const work = (more: Draft<Job['spec']> = {}): Draft<Job> => ({
  metadata: { name: 'work' },
  spec: {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    manualSelector: true,
    selector: { matchLabels: { job: 'work' } },
    template: {
      metadata: { labels: { job: 'work' } },
      spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
    },
    ...more,
  },
});
const now = () => cluster.get(jobs, 'work');
const status = async () => (await now()).status;
const conditions = async () =>
  ((await status()).conditions ?? []).filter((c) => c.status === 'True').map((c) => `${c.type} ${c.reason}`);
const active = async () =>
  (await cluster.list(pods)).filter((p) => p.status.phase !== 'Succeeded' && p.status.phase !== 'Failed');
const indexOf = (pod: Pod) => Number(pod.metadata.annotations?.[COMPLETION_INDEX]);
const endIndex = async (index: number, phase: 'Succeeded' | 'Failed') => {
  const pod = (await active()).find((p) => indexOf(p) === index);
  await cluster.finish(phase, pod?.metadata.name ?? 'none');
};
const exit = async (pod: Pod | undefined, exitCode: number) => {
  const terminated = { exitCode, finishedAt: new Date(cluster.clock.now()).toISOString() };
  const containerStatuses = [
    { name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state: { terminated } },
  ];
  await cluster.report(pod?.metadata.name ?? '', { phase: exitCode ? 'Failed' : 'Succeeded', containerStatuses });
};

test('runs as many pods as asked for at a time, until as many as asked for have succeeded', async () => {
  await cluster.create(jobs, work({ parallelism: 2, completions: 3 }));
  expect(await active()).toHaveLength(2);
  expect((await active())[0]?.metadata.finalizers).toEqual([TRACKING_FINALIZER]);
  expect(await status()).toMatchObject({ active: 2, ready: 0, terminating: 0, startTime: '2026-01-01T00:00:00Z' });
  await cluster.ready();
  expect((await status()).ready).toBe(2);
  await cluster.advance(60_000);
  await cluster.finish('Succeeded');
  expect(await status()).toMatchObject({ active: 1, succeeded: 2 });
  await cluster.finish('Succeeded');
  expect(await status()).toMatchObject({
    succeeded: 3,
    ready: 0,
    terminating: 0,
    completionTime: '2026-01-01T00:01:00Z',
  });
  expect((await status()).active ?? 0).toBe(0);
  expect(await conditions()).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
  expect((await status()).uncountedTerminatedPods).toEqual({});
  for (const pod of await cluster.list(pods)) expect(pod.metadata.finalizers ?? []).toEqual([]);
  expect((await cluster.events()).at(-1)).toBe('Completed: Job completed');
});

test('failures are tried again, later each time, up to the limit', async () => {
  await cluster.create(jobs, work({ backoffLimit: 2 }));
  await cluster.finish('Failed');
  expect(await status()).toMatchObject({ failed: 1 });
  expect(await active()).toHaveLength(0);
  await cluster.advance(9_999);
  expect(await active()).toHaveLength(0);
  await cluster.advance(1);
  expect(await active()).toHaveLength(1);
  await cluster.finish('Failed');
  await cluster.advance(19_999);
  expect(await active()).toHaveLength(0);
  await cluster.advance(1);
  await cluster.finish('Failed');
  expect(await status()).toMatchObject({ failed: 3 });
  expect(await conditions()).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
  expect(await cluster.events()).toContain('BackoffLimitExceeded: Job has reached the specified backoff limit');
  await cluster.advance(1_000_000);
  expect(await cluster.list(pods)).toHaveLength(3);
});

test('the deadline ends what runs', async () => {
  await cluster.create(jobs, work({ parallelism: 2, completions: 2, activeDeadlineSeconds: 30 }));
  await cluster.ready();
  await cluster.advance(29_000);
  expect(await conditions()).toEqual([]);
  await cluster.advance(1_000);
  await cluster.reap();
  expect(await cluster.list(pods)).toHaveLength(0);
  expect(await status()).toMatchObject({ failed: 2 });
  expect(await conditions()).toEqual(['FailureTarget DeadlineExceeded', 'Failed DeadlineExceeded']);
});

test('a suspended Job has no pods; its clock starts anew when it goes on', async () => {
  await cluster.create(jobs, work({ suspend: true, activeDeadlineSeconds: 60 }));
  expect(await cluster.list(pods)).toHaveLength(0);
  expect((await status()).startTime).toBeUndefined();
  expect(await conditions()).toEqual(['Suspended JobSuspended']);
  await cluster.advance(100_000);
  const suspend = (suspended: boolean) =>
    cluster.update(jobs, 'work', (j) => ({ ...j, spec: { ...j.spec, suspend: suspended } }));
  await suspend(false);
  expect(await active()).toHaveLength(1);
  expect((await status()).startTime).toBe('2026-01-01T00:01:40Z');
  expect((await status()).conditions?.[0]).toMatchObject({
    status: 'False',
    reason: 'JobResumed',
    message: 'Job resumed',
  });
  await suspend(true);
  await cluster.reap();
  expect(await cluster.list(pods)).toHaveLength(0);
  expect((await status()).failed ?? 0).toBe(0);
  expect(await cluster.events()).toEqual(expect.arrayContaining(['Suspended: Job suspended', 'Resumed: Job resumed']));
});

test('an Indexed Job gives each pod an index, by annotation, label, host name and variable', async () => {
  await cluster.create(jobs, work({ completionMode: 'Indexed', completions: 4, parallelism: 3 }));
  const made = (await active()).sort((a, b) => indexOf(a) - indexOf(b));
  expect(made.map(indexOf)).toEqual([0, 1, 2]);
  expect(made[1]?.metadata.name).toMatch(/^work-1-[a-z0-9]{5}$/);
  expect(made[1]?.metadata.labels?.[COMPLETION_INDEX]).toBe('1');
  expect(made[1]?.spec.hostname).toBe('work-1');
  expect(made[1]?.spec.containers[0]?.env?.[0]).toMatchObject({
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } },
  });
  await endIndex(1, 'Succeeded');
  expect(await status()).toMatchObject({ completedIndexes: '1', succeeded: 1 });
  expect((await active()).map(indexOf).sort()).toEqual([0, 2, 3]);
  for (const index of [0, 2]) await endIndex(index, 'Succeeded');
  expect(await status()).toMatchObject({ completedIndexes: '0-2', succeeded: 3 });
  await endIndex(3, 'Failed');
  await cluster.advance(10_000);
  await endIndex(3, 'Succeeded');
  expect(await status()).toMatchObject({ completedIndexes: '0-3', succeeded: 4, failed: 1 });
  expect(await conditions()).toContain('Complete CompletionsReached');
});

test('with a limit for each index one index does not fail the others', async () => {
  const spec = {
    completionMode: 'Indexed',
    completions: 2,
    parallelism: 2,
    backoffLimit: 2147483647,
    backoffLimitPerIndex: 1,
  } as const;
  await cluster.create(jobs, work(spec));
  await endIndex(0, 'Failed');
  await cluster.advance(10_000);
  const again = (await active()).find((pod) => indexOf(pod) === 0);
  expect(again?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
  await endIndex(0, 'Failed');
  expect((await status()).failedIndexes).toBe('0');
  expect(await conditions()).toEqual([]);
  await endIndex(1, 'Succeeded');
  expect(await status()).toMatchObject({ failedIndexes: '0', completedIndexes: '1', failed: 2, succeeded: 1 });
  expect(await conditions()).toEqual(['FailureTarget FailedIndexes', 'Failed FailedIndexes']);
});

test('too many failed indexes end the Job', async () => {
  const spec = {
    completionMode: 'Indexed',
    completions: 4,
    parallelism: 4,
    backoffLimitPerIndex: 0,
    maxFailedIndexes: 1,
    backoffLimit: 2147483647,
  } as const;
  await cluster.create(jobs, work(spec));
  await endIndex(0, 'Failed');
  expect(await conditions()).toEqual([]);
  await endIndex(1, 'Failed');
  await cluster.reap();
  expect(await active()).toHaveLength(0);
  expect(await conditions()).toEqual(['FailureTarget MaxFailedIndexesExceeded', 'Failed MaxFailedIndexesExceeded']);
  expect((await status()).failedIndexes).toBe('0,1');
});

test('a success policy ends the Job before all indexes have succeeded', async () => {
  const successPolicy = { rules: [{ succeededIndexes: '0-1', succeededCount: 1 }] };
  await cluster.create(jobs, work({ completionMode: 'Indexed', completions: 4, parallelism: 4, successPolicy }));
  await endIndex(3, 'Succeeded');
  expect(await conditions()).toEqual([]);
  await endIndex(1, 'Succeeded');
  await cluster.reap();
  expect(await conditions()).toEqual(['SuccessCriteriaMet SuccessPolicy', 'Complete SuccessPolicy']);
  expect(await status()).toMatchObject({ completedIndexes: '1,3', succeeded: 2 });
  expect((await status()).conditions?.[0]?.message).toBe('Matched rules at index 0');
});

test('a failure policy ends the Job, or does not count', async () => {
  const rules = [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
  ] as const;
  await cluster.create(jobs, work({ backoffLimit: 0, podFailurePolicy: { rules }, podReplacementPolicy: 'Failed' }));
  const [first] = await active();
  await cluster.report(first?.metadata.name ?? '', {
    phase: 'Failed',
    conditions: [{ type: 'DisruptionTarget', status: 'True' }],
  });
  await cluster.advance(10_000);
  expect((await status()).failed ?? 0).toBe(0);
  const [second] = await active();
  await exit(second, 42);
  expect(await conditions()).toEqual(['FailureTarget PodFailurePolicy', 'Failed PodFailurePolicy']);
  expect((await status()).conditions?.at(-1)?.message).toBe(
    `Container c for pod ${NAMESPACE}/${second?.metadata.name} failed with exit code 42 matching FailJob rule at index 1`,
  );
});

test('pods that are deleted count as failed, and are replaced at once or when they are gone', async () => {
  await cluster.create(jobs, work());
  const [first] = await active();
  await cluster.client.resource(pods).delete(NAMESPACE, first?.metadata.name ?? '');
  await cluster.quiet();
  await cluster.reap();
  expect((await status()).failed).toBe(1);
  await cluster.advance(10_000);
  expect((await active()).map((p) => p.metadata.name)).not.toContain(first?.metadata.name);
  expect(await active()).toHaveLength(1);
});

test('a Job that is deleted lets its pods go', async () => {
  await cluster.create(jobs, work());
  const [pod] = await active();
  await cluster.client.resource(jobs).delete(NAMESPACE, 'work', { propagationPolicy: 'Background' });
  await cluster.quiet();
  expect((await cluster.get(pods, pod?.metadata.name ?? '')).metadata.finalizers ?? []).toEqual([]);
});

test('a finished Job goes when its time is up', async () => {
  await cluster.create(jobs, work({ ttlSecondsAfterFinished: 100 }));
  await cluster.finish('Succeeded');
  await cluster.advance(99_000);
  expect((await now()).metadata.deletionTimestamp).toBeUndefined();
  await cluster.advance(1_000);
  const gone = await cluster.client
    .resource(jobs)
    .get(NAMESPACE, 'work')
    .catch(() => undefined);
  // Foreground deletion: it stays, being deleted, until the garbage collector has seen to its pods.
  expect(gone === undefined || gone.metadata.deletionTimestamp !== undefined).toBe(true);
});

test('many pods that end at once are each counted once', async () => {
  await cluster.create(jobs, work({ parallelism: 40, completions: 100 }));
  for (let round = 0; round < 5; round++) await cluster.finish('Succeeded');
  expect(await status()).toMatchObject({ succeeded: 100 });
  expect(await cluster.list(pods)).toHaveLength(100);
  expect(await conditions()).toContain('Complete CompletionsReached');
});

test.each([
  { pods: 700, jobs: 700 },
  { pods: 1500, jobs: 0 },
  { pods: 0, jobs: 1500 },
])('each end is counted once while the informers are late: %o', async (lag) => {
  cluster.lag = lag;
  await cluster.create(jobs, work({ parallelism: 3, completions: 9 }));
  for (let round = 0; round < 12; round++) {
    await cluster.advance(5_000);
    await cluster.finish('Succeeded');
    await cluster.advance(1_600);
    const body = { metadata: { labels: { woken: `${round}` } } };
    await cluster.client.resource(jobs).patch(NAMESPACE, 'work', { type: 'merge', body });
  }
  await cluster.advance(60_000);
  expect(await status()).toMatchObject({ succeeded: 9, uncountedTerminatedPods: {} });
  expect(await conditions()).toContain('Complete CompletionsReached');
  expect(await cluster.list(pods)).toHaveLength(9);
});
