import { afterEach, beforeEach, expect, test } from 'vitest';
import { pods, type ReplicationController, replicationcontrollers } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startReplicationController } from './replication-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startReplicationController);
});
afterEach(() => cluster.stop());

const web: Draft<ReplicationController> = {
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
};
const status = async () => (await cluster.get(replicationcontrollers, 'web')).status;

test('keeps its pods, which are those that its template would make', async () => {
  const { metadata } = await cluster.create(replicationcontrollers, web);
  const made = await cluster.list(pods);
  expect(made).toHaveLength(2);
  for (const pod of made) {
    const { name, uid } = metadata;
    expect(pod.metadata.ownerReferences).toEqual([
      { apiVersion: 'v1', kind: 'ReplicationController', name, uid, controller: true, blockOwnerDeletion: true },
    ]);
  }
  await cluster.ready();
  expect(await status()).toEqual({
    replicas: 2,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    observedGeneration: 1,
  });
  const [first] = made;
  await cluster.update(pods, first?.metadata.name ?? '', (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, labels: { app: 'other' } },
  }));
  expect(await cluster.list(pods)).toHaveLength(3);
  await cluster.update(replicationcontrollers, 'web', (was) => ({ ...was, spec: { ...was.spec, replicas: 0 } }));
  await cluster.reap();
  expect((await cluster.list(pods)).map(({ metadata: { name } }) => name)).toEqual([first?.metadata.name]);
});

test('says why it cannot make pods, and no longer once it can', async () => {
  cluster.refusePods = 'exceeded quota';
  await cluster.create(replicationcontrollers, web);
  expect((await status()).conditions).toEqual([
    expect.objectContaining({
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: expect.stringContaining('exceeded quota'),
    }),
  ]);
  cluster.refusePods = '';
  await cluster.advance(60_000);
  expect((await status()).conditions).toBeUndefined();
  expect((await status()).replicas).toBe(2);
});
