import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DaemonSet, type Deployment, daemonsets, deployments, replicasets } from '../api/apps/v1.gen.ts';
import { jobs } from '../api/batch/v1.gen.ts';
import { type Pod, pods } from '../api/core/v1.gen.ts';
import { targetNode } from './daemonset/placement.ts';
import { controllers } from './index.ts';
import { type TestCluster, testCluster } from './shared/test-cluster.ts';

/** Controllers that are killed again and again, and of whose writes a third fail, reach what was asked for all the same. */
let cluster: TestCluster;
const ours = ['deployment-controller', 'replicaset-controller', 'daemonset-controller', 'job-controller'];
beforeEach(async () => {
  const wanted = controllers.filter(({ name }) => ours.includes(name));
  cluster = await testCluster(...wanted.map(({ start }) => start));
});
afterEach(() => cluster.stop());

const template = (app: string, image: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image }] },
});
const withImage = <T extends Deployment | DaemonSet>(object: T, image: string): T => ({
  ...object,
  spec: {
    ...object.spec,
    template: {
      ...object.spec.template,
      spec: { ...object.spec.template.spec, containers: [{ name: 'c', image }] },
    },
  },
});
const spread = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 2 } } as const;
const of = (all: readonly Pod[], app: string) => all.filter((pod) => pod.metadata.labels?.app === app);

async function storm(rounds: number, meanwhile: (round: number) => Promise<void> = async () => {}): Promise<void> {
  cluster.failures = 0.33;
  for (let round = 0; round < rounds; round++) {
    await meanwhile(round);
    await cluster.ready();
    await cluster.reap();
    await cluster.advance(20_000);
    if (round % 3 === 2) await cluster.restart();
  }
  cluster.failures = 0;
  await cluster.advance(1_200_000);
}

async function calm(): Promise<void> {
  for (let round = 0; round < 30; round++) {
    await cluster.ready();
    await cluster.reap();
    await cluster.advance(20_000);
  }
}

test('a Deployment is rolled out', async () => {
  await cluster.create(deployments, {
    metadata: { name: 'web' },
    spec: {
      replicas: 12,
      selector: { matchLabels: { app: 'web' } },
      strategy: spread,
      revisionHistoryLimit: 1,
      template: template('web', 'v0'),
    },
  });
  const image = (version: string) => cluster.update(deployments, 'web', (d) => withImage(d, version));
  await storm(15, async (round) => {
    if (round % 5 === 1) await image(`v${round}`);
  });
  await calm();
  const all = await cluster.list(pods);
  expect(all.map((pod) => pod.spec.containers[0]?.image)).toEqual(Array.from({ length: 12 }, () => 'v11'));
  const { status } = await cluster.get(deployments, 'web');
  expect(status).toMatchObject({ replicas: 12, updatedReplicas: 12, availableReplicas: 12 });
  expect((await cluster.list(replicasets)).length).toBe(2);
});

test('a DaemonSet has one pod of its newest template on every node', async () => {
  for (let i = 0; i < 6; i++) await cluster.node(`n${i}`);
  await cluster.create(daemonsets, {
    metadata: { name: 'agent' },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2, maxSurge: 0 } },
      revisionHistoryLimit: 1,
      template: template('agent', 'v0'),
    },
  });
  await storm(12, async (round) => {
    if (round === 4) await cluster.node('late');
    if (round % 5 !== 1) return;
    await cluster.update(daemonsets, 'agent', (d) => withImage(d, `v${round}`));
  });
  await calm();
  const placed = of(await cluster.list(pods), 'agent').map(
    (pod) => `${targetNode(pod)}:${pod.spec.containers[0]?.image}`,
  );
  expect(placed.sort()).toEqual(['late', 'n0', 'n1', 'n2', 'n3', 'n4', 'n5'].map((node) => `${node}:v11`).sort());
  expect((await cluster.get(daemonsets, 'agent')).status).toMatchObject({ updatedNumberScheduled: 7, numberReady: 7 });
});

test.each(['NonIndexed', 'Indexed'] as const)('a Job (%s) counts each of its pods once', async (completionMode) => {
  await cluster.create(jobs, {
    metadata: { name: 'work' },
    spec: {
      parallelism: 2,
      completions: 20,
      backoffLimit: 100,
      completionMode,
      podReplacementPolicy: 'TerminatingOrFailed',
      manualSelector: true,
      selector: { matchLabels: { app: 'work' } },
      template: { ...template('work', 'v0'), spec: { ...template('work', 'v0').spec, restartPolicy: 'Never' } },
    },
  });
  let failed = 0;
  const end = async (round: number) => {
    const running = (await cluster.list(pods)).filter((pod) => pod.status.phase === 'Running');
    for (const [i, pod] of running.entries()) {
      const fails = failed < 5 && i === 0 && round % 2 === 0;
      if (fails) failed++;
      await cluster.finish(fails ? 'Failed' : 'Succeeded', pod.metadata.name);
    }
  };
  await storm(12, end);
  for (let round = 1; round < 30; round += 2) {
    await cluster.ready();
    await end(round);
    await cluster.advance(60_000);
  }
  const { status } = await cluster.get(jobs, 'work');
  const all = await cluster.list(pods);
  const count = (phase: string) => all.filter((pod) => pod.status.phase === phase).length;
  expect(status.conditions?.map((c) => c.type)).toEqual(['SuccessCriteriaMet', 'Complete']);
  expect(status).toMatchObject({ succeeded: 20, failed, uncountedTerminatedPods: {} });
  if (completionMode === 'Indexed') expect(status.completedIndexes).toBe('0-19');
  // Nothing that ran was left out, nothing was told twice.
  expect(count('Failed')).toBe(failed);
  expect(failed).toBeGreaterThan(3);
  expect(all.every((pod) => (pod.metadata.finalizers ?? []).length === 0)).toBe(true);
});
