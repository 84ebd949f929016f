import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ReplicaSet, replicasets } from '../../api/apps/v1.gen.ts';
import { pods } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startReplicaSetController } from './replicaset-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startReplicaSetController);
});
afterEach(() => cluster.stop());

const web = (replicas: number, more: Draft<ReplicaSet['spec']> = {}): Draft<ReplicaSet> => ({
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    ...more,
  },
});
const status = async () => (await cluster.get(replicasets, 'web')).status;

test('creates pods that it controls, tells so, and counts them as they get ready', async () => {
  const set = await cluster.create(replicasets, web(3));
  const made = await cluster.list(pods);
  expect(made).toHaveLength(3);
  for (const pod of made) {
    expect(pod.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    expect(pod.metadata.ownerReferences).toEqual([
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web',
        uid: set.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
  }
  expect((await cluster.events()).sort()).toEqual(
    made.map((pod) => `SuccessfulCreate: Created pod: ${pod.metadata.name}`).sort(),
  );
  expect(await status()).toMatchObject({ replicas: 3, fullyLabeledReplicas: 3, observedGeneration: 1 });
  expect((await status()).readyReplicas ?? 0).toBe(0);
  await cluster.ready();
  expect(await status()).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3 });
});

test('replaces pods that go or fail, and deletes those that are too many, the least far ones first', async () => {
  await cluster.create(replicasets, web(3));
  await cluster.ready();
  const [first, second] = await cluster.list(pods);
  await cluster.client.resource(pods).delete(NAMESPACE, first?.metadata.name ?? '');
  await cluster.quiet();
  await cluster.finish('Failed', second?.metadata.name ?? '');
  const active = (await cluster.list(pods)).filter((pod) => pod.status.phase !== 'Failed');
  expect(active).toHaveLength(3);
  const ready = active.filter((pod) => pod.status.phase === 'Running').map((pod) => pod.metadata.name);
  expect(ready).toHaveLength(1);
  await cluster.update(replicasets, 'web', (set) => ({ ...set, spec: { ...set.spec, replicas: 1 } }));
  const left = (await cluster.list(pods)).filter((pod) => pod.status.phase !== 'Failed');
  expect(left.map((pod) => pod.metadata.name)).toEqual(ready);
  expect(await status()).toMatchObject({ replicas: 1, observedGeneration: 2 });
});

test('adopts orphans that match, lets go of pods that no longer do', async () => {
  const orphan = await cluster.create(pods, {
    metadata: { name: 'orphan', labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const set = await cluster.create(replicasets, web(1));
  expect(await cluster.list(pods)).toHaveLength(1);
  const adopted = await cluster.get(pods, 'orphan');
  expect(adopted.metadata.ownerReferences?.[0]?.uid).toBe(set.metadata.uid);
  expect(adopted.metadata.uid).toBe(orphan.metadata.uid);
  await cluster.client
    .resource(pods)
    .patch(NAMESPACE, 'orphan', { type: 'merge', body: { metadata: { labels: { app: 'x' } } } });
  await cluster.quiet();
  const all = await cluster.list(pods);
  expect(all).toHaveLength(2);
  expect(all.find((pod) => pod.metadata.name === 'orphan')?.metadata.ownerReferences ?? []).toEqual([]);
});

test('a pod counts as available when it has been ready for minReadySeconds', async () => {
  await cluster.create(replicasets, web(1, { minReadySeconds: 10 }));
  await cluster.ready();
  expect((await status()).readyReplicas).toBe(1);
  expect((await status()).availableReplicas ?? 0).toBe(0);
  await cluster.advance(9_000);
  expect((await status()).availableReplicas ?? 0).toBe(0);
  await cluster.advance(1_000);
  expect((await status()).availableReplicas).toBe(1);
});

test('pod-deletion-cost decides among pods that are equal otherwise', async () => {
  await cluster.create(replicasets, web(2));
  await cluster.ready();
  const [dear, cheap] = await cluster.list(pods);
  for (const [pod, cost] of [
    [dear, '5'],
    [cheap, '-5'],
  ] as const) {
    const body = { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } } };
    await cluster.client.resource(pods).patch(NAMESPACE, pod?.metadata.name ?? '', { type: 'merge', body });
  }
  await cluster.quiet();
  await cluster.update(replicasets, 'web', (set) => ({ ...set, spec: { ...set.spec, replicas: 1 } }));
  expect((await cluster.list(pods)).map((pod) => pod.metadata.name)).toEqual([dear?.metadata.name]);
});

test('what cannot be created is told in an event and a condition, once, and tried again', async () => {
  cluster.refusePods = 'exceeded quota';
  await cluster.create(replicasets, web(100));
  const why = 'pods is forbidden: exceeded quota';
  expect((await status()).conditions).toMatchObject([
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: why },
  ]);
  expect(await cluster.events()).toEqual([`FailedCreate: Error creating: ${why}`]);
  cluster.refusePods = '';
  await cluster.advance(1000);
  expect(await cluster.list(pods)).toHaveLength(100);
  expect((await status()).conditions ?? []).toEqual([]);
});

test('two thousand replicas arrive, in bursts', async () => {
  await cluster.create(replicasets, web(2000));
  expect(await cluster.list(pods)).toHaveLength(2000);
  expect(await status()).toMatchObject({ replicas: 2000 });
});

test('nothing is done twice while the informers are late', async () => {
  cluster.lag = { pods: 500, replicasets: 500 };
  await cluster.create(replicasets, web(5));
  await cluster.advance(600);
  for (const [kind, replicas] of [
    ['more', 8],
    ['fewer', 2],
  ] as const) {
    await cluster.update(replicasets, 'web', (set) => ({
      ...set,
      metadata: { ...set.metadata, labels: { kind } },
      spec: { ...set.spec, replicas },
    }));
    await cluster.advance(520);
    // The controller is woken again, and still sees what was before its own writes.
    const body = { metadata: { labels: { woken: kind } } };
    await cluster.client.resource(replicasets).patch(NAMESPACE, 'web', { type: 'merge', body });
    await cluster.advance(5_000);
    expect(await cluster.list(pods)).toHaveLength(replicas);
  }
  const told = (await cluster.events()).map((event) => event.split(':')[0]);
  expect(told.filter((reason) => reason === 'SuccessfulCreate')).toHaveLength(8);
  expect(told.filter((reason) => reason === 'SuccessfulDelete')).toHaveLength(6);
});
