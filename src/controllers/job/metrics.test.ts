import { expect, test } from 'vitest';
import { type Job, jobs } from '../../api/batch/v1.gen.ts';
import { coreFixture } from '../../testing/core-fixture.ts';
import { Registry } from '../../utils/metrics.ts';
import { JobMetrics } from './metrics.ts';

test('pods are counted as the status counts them, and an end is counted once', async () => {
  await using f = coreFixture();
  const template = { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'c', image: 'i' }] } };
  const job = await f.client.resource(jobs).create('one', { metadata: { name: 'j' }, spec: { template } });
  const registry = new Registry();
  const metrics = new JobMetrics(registry);
  const at = (status: Partial<Job['status']>): Job => ({ ...job, status: { ...job.status, ...status } });
  const failed = at({ failed: 1 });
  const condition = { type: 'Complete', status: 'True', reason: 'CompletionsReached' };
  const complete = at({ failed: 1, succeeded: 2, conditions: [condition] });
  metrics.changed(job, failed);
  metrics.changed(failed, complete);
  metrics.changed(complete, complete);
  metrics.synced(job, 'pods_created', true, 5);
  const lines: string[] = [];
  registry.render(lines);
  expect(lines.filter((line) => /_total\{/.test(line)).sort()).toEqual([
    'job_controller_job_pods_finished_total{completion_mode="NonIndexed",result="failed"} 1',
    'job_controller_job_pods_finished_total{completion_mode="NonIndexed",result="succeeded"} 2',
    'job_controller_job_syncs_total{action="pods_created",completion_mode="NonIndexed",result="success"} 1',
    'job_controller_jobs_finished_total{completion_mode="NonIndexed",reason="CompletionsReached",result="succeeded"} 1',
  ]);
});
