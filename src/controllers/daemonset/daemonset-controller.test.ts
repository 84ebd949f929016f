import { afterEach, beforeEach, expect, test } from 'vitest';
import { controllerrevisions, type DaemonSet, daemonsets } from '../../api/apps/v1.gen.ts';
import { nodes, pods } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startDaemonSetController } from './daemonset-controller.ts';
import { targetNode } from './placement.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startDaemonSetController);
  for (const name of ['a', 'b', 'c']) await cluster.node(name, name === 'c' ? {} : { disk: 'ssd' });
});
afterEach(() => cluster.stop());

type Spec = Draft<DaemonSet['spec']>;
const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: 'agent' } },
  spec: { containers: [{ name: 'c', image }], ...more },
});
const agent = (more: Spec = {}): Draft<DaemonSet> => ({
  metadata: { name: 'agent' },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    revisionHistoryLimit: 10,
    template: template('v1'),
    ...more,
  },
});
const change = (spec: Spec) =>
  cluster.update(daemonsets, 'agent', (d) => ({ ...d, spec: { ...d.spec, ...spec } as DaemonSet['spec'] }));
const status = async () => (await cluster.get(daemonsets, 'agent')).status;
/** "a:v1 b:v2": what is meant for which node. */
const places = async () =>
  (await cluster.list(pods))
    .filter((pod) => !pod.metadata.deletionTimestamp)
    .map((pod) => `${targetNode(pod)}:${pod.spec.containers[0]?.image}`)
    .sort()
    .join(' ');

test('a pod for every node, tolerating what nodes in trouble have, bound by affinity to its node', async () => {
  await cluster.create(daemonsets, agent());
  expect(await places()).toBe('a:v1 b:v1 c:v1');
  const [pod] = await cluster.list(pods);
  expect(pod?.spec.tolerations?.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
    'node.kubernetes.io/not-ready:NoExecute',
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/disk-pressure:NoSchedule',
    'node.kubernetes.io/memory-pressure:NoSchedule',
    'node.kubernetes.io/pid-pressure:NoSchedule',
    'node.kubernetes.io/unschedulable:NoSchedule',
  ]);
  const [revision] = await cluster.list(controllerrevisions);
  const hash = revision?.metadata.labels?.['controller-revision-hash'];
  expect(revision?.metadata.name).toBe(`agent-${hash}`);
  expect(revision?.revision).toBe(1);
  expect(pod?.metadata.labels?.['controller-revision-hash']).toBe(hash);
  expect(await status()).toMatchObject({
    desiredNumberScheduled: 3,
    currentNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberUnavailable: 3,
    observedGeneration: 1,
  });
  await cluster.ready();
  expect(await status()).toMatchObject({ numberReady: 3, numberAvailable: 3 });
});

test('follows nodes as they come, go and change', async () => {
  await cluster.create(daemonsets, agent({ template: template('v1', { nodeSelector: { disk: 'ssd' } }) }));
  expect(await places()).toBe('a:v1 b:v1');
  await cluster.node('d', { disk: 'ssd' });
  expect(await places()).toBe('a:v1 b:v1 d:v1');
  await cluster.update(nodes, 'a', (node) => ({ ...node, metadata: { ...node.metadata, labels: {} } }));
  await cluster.update(nodes, 'c', (node) => ({ ...node, metadata: { ...node.metadata, labels: { disk: 'ssd' } } }));
  expect(await places()).toBe('b:v1 c:v1 d:v1');
  await cluster.client.resource(nodes).delete('', 'd');
  await cluster.quiet();
  expect(await places()).toBe('b:v1 c:v1');
});

test('a taint keeps pods away, but one that is there stays unless it is NoExecute', async () => {
  await cluster.create(daemonsets, agent());
  const taint = (name: string, effect: 'NoSchedule' | 'NoExecute') =>
    cluster.update(nodes, name, (node) => ({ ...node, spec: { ...node.spec, taints: [{ key: 'k', effect }] } }));
  await taint('a', 'NoSchedule');
  await taint('b', 'NoExecute');
  expect(await places()).toBe('a:v1 c:v1');
  expect(await status()).toMatchObject({ desiredNumberScheduled: 1, numberMisscheduled: 1 });
});

test('an update replaces one pod after the other, each after the one before is available', async () => {
  await cluster.create(daemonsets, agent());
  await cluster.ready();
  await change({ template: template('v2') });
  await cluster.reap();
  for (let done = 1; done <= 3; done++) {
    expect((await places()).match(/v2/g)).toHaveLength(done);
    await cluster.ready();
    await cluster.reap();
  }
  expect(await places()).toBe('a:v2 b:v2 c:v2');
  expect(await status()).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3, observedGeneration: 2 });
  expect((await cluster.list(controllerrevisions)).map((r) => r.revision).sort()).toEqual([1, 2]);
});

test('with surge the new pod is there before the old one goes', async () => {
  await cluster.create(
    daemonsets,
    agent({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
  );
  await cluster.ready();
  await change({ template: template('v2') });
  expect((await places()).match(/v1/g)).toHaveLength(3);
  expect((await places()).match(/v2/g)).toHaveLength(1);
  for (let round = 0; round < 4; round++) {
    await cluster.ready();
    await cluster.reap();
  }
  expect(await places()).toBe('a:v2 b:v2 c:v2');
});

test('OnDelete waits for somebody to delete the pods', async () => {
  await cluster.create(daemonsets, agent({ updateStrategy: { type: 'OnDelete' } }));
  await cluster.ready();
  await change({ template: template('v2') });
  expect(await places()).toBe('a:v1 b:v1 c:v1');
  const pod = (await cluster.list(pods)).find((p) => targetNode(p) === 'b');
  await cluster.client.resource(pods).delete(NAMESPACE, pod?.metadata.name ?? '');
  await cluster.quiet();
  await cluster.reap();
  expect(await places()).toBe('a:v1 b:v2 c:v1');
});

test('going back takes the old revision and gives it a new number; history is kept within its limit', async () => {
  await cluster.create(daemonsets, agent({ revisionHistoryLimit: 1, updateStrategy: { type: 'OnDelete' } }));
  for (const version of ['v2', 'v1', 'v3']) await change({ template: template(version) });
  for (const pod of await cluster.list(pods)) await cluster.client.resource(pods).delete(NAMESPACE, pod.metadata.name);
  await cluster.quiet();
  await cluster.reap();
  const kept = await cluster.list(controllerrevisions);
  expect(kept.map((r) => r.revision).sort()).toEqual([3, 4]);
});

test('failed pods are replaced, more and more slowly', async () => {
  await cluster.create(
    daemonsets,
    agent({ template: template('v1', { nodeSelector: { 'kubernetes.io/hostname': 'a' } }) }),
  );
  const [first] = await cluster.list(pods);
  await cluster.finish('Failed');
  await cluster.reap();
  expect(await places()).toBe('a:v1');
  expect((await cluster.list(pods))[0]?.metadata.uid).not.toBe(first?.metadata.uid);
  expect(await cluster.events()).toContain(
    `FailedDaemonPod: Found failed daemon pod ${NAMESPACE}/${first?.metadata.name} on node a, will try to kill it`,
  );
  await cluster.finish('Failed');
  const [second] = await cluster.list(pods);
  await cluster.advance(500);
  expect((await cluster.list(pods))[0]?.metadata.uid).toBe(second?.metadata.uid);
  await cluster.advance(600);
  await cluster.reap();
  expect((await cluster.list(pods))[0]?.metadata.uid).not.toBe(second?.metadata.uid);
});
