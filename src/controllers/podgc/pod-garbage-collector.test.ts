import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodes, type Pod, type PodStatus, pods } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startPodGarbageCollector } from './pod-garbage-collector.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster((context) => startPodGarbageCollector(context, 2));
});
afterEach(() => cluster.stop());

const pod = (name: string, nodeName?: string, finalizers: readonly string[] = []): Draft<Pod> => ({
  metadata: { name, finalizers },
  spec: { containers: [{ name: 'c', image: 'i' }], ...(nodeName && { nodeName }) },
});
const names = async () => (await cluster.list(pods)).map(({ metadata }) => metadata.name).sort();
const remove = async (name: string) => {
  await cluster.client.resource(pods).delete(NAMESPACE, name);
  await cluster.quiet();
};
const hold = ['example.com/hold'];

test('removes the pods of a node that is gone, after it could have come back, and says that they failed', async () => {
  await cluster.node('n');
  await cluster.create(pods, pod('p', 'n'));
  await cluster.create(pods, pod('held', 'n', hold));
  await cluster.client.resource(nodes).delete('', 'n');
  await cluster.quiet();
  await cluster.advance(39_000);
  expect(await names()).toEqual(['held', 'p']);
  await cluster.advance(1000);
  expect(await names()).toEqual(['held']);
  const { status, metadata } = await cluster.get(pods, 'held');
  expect(metadata.deletionTimestamp).toBeDefined();
  expect(status.phase).toBe('Failed');
  expect(status.conditions).toContainEqual(
    expect.objectContaining({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
    }),
  );
});

test('leaves pods alone whose node comes back in time', async () => {
  await cluster.create(pods, pod('p', 'n'));
  await cluster.advance(30_000);
  await cluster.node('n');
  await cluster.advance(60_000);
  expect(await names()).toEqual(['p']);
  expect((await cluster.get(pods, 'p')).status.phase).toBe('Pending');
});

test('lets pods that are deleted and had no node fail, so that finalizers see an end', async () => {
  await cluster.create(pods, pod('p', undefined, hold));
  await remove('p');
  expect((await cluster.get(pods, 'p')).status).toMatchObject({ phase: 'Failed' });
});

test('removes pods that are deleted from a node out of service, once it is down', async () => {
  await cluster.node('n', {}, [{ key: 'node.kubernetes.io/out-of-service', value: 'x', effect: 'NoExecute' }]);
  const ready = (status: string) =>
    cluster.client
      .resource(nodes)
      .patch(
        '',
        'n',
        { type: 'strategic', body: { status: { conditions: [{ type: 'Ready', status }] } } },
        { subresource: 'status' },
      )
      .then(() => cluster.quiet());
  await ready('True');
  await cluster.create(pods, pod('going', 'n'));
  await cluster.create(pods, pod('staying', 'n'));
  await remove('going');
  expect(await names()).toEqual(['going', 'staying']);
  await ready('Unknown');
  expect(await names()).toEqual(['staying']);
});

test('keeps no more finished pods than it should, the evicted and the oldest go first', async () => {
  await cluster.node('n');
  const end = async (name: string, status: Draft<PodStatus>) => {
    await cluster.create(pods, pod(name, 'n'));
    await cluster.report(name, status);
    await cluster.advance(1000);
  };
  await end('old', { phase: 'Succeeded' });
  await end('young', { phase: 'Failed' });
  await end('evicted', { phase: 'Failed', reason: 'Evicted' });
  await cluster.create(pods, pod('running', 'n'));
  await cluster.advance(20_000);
  expect(await names()).toEqual(['old', 'running', 'young']);
  await end('new', { phase: 'Succeeded' });
  await cluster.advance(20_000);
  expect(await names()).toEqual(['new', 'running', 'young']);
});
