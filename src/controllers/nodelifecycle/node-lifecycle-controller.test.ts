import { afterEach, beforeEach, expect, test } from 'vitest';
import { leases } from '../../api/coordination/v1.gen.ts';
import { nodes, pods } from '../../api/core/v1.gen.ts';
import { formatMicroTime, formatTime } from '../../schema/time.ts';
import { type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startNodeLifecycleController } from './node-lifecycle-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startNodeLifecycleController);
});
afterEach(() => cluster.stop());

async function heartbeat(name: string, ready = 'True', more: Record<string, string> = {}) {
  const now = formatTime(cluster.clock.now());
  const conditions = Object.entries({ Ready: ready, ...more }).map(([type, status]) => ({
    type,
    status,
    reason: 'Kubelet',
    message: 'said so',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }));
  const body = { status: { conditions } };
  await cluster.client.resource(nodes).patch('', name, { type: 'strategic', body }, { subresource: 'status' });
  await cluster.quiet();
}
async function renew(name: string) {
  const resource = cluster.client.resource(leases);
  const spec = { renewTime: formatMicroTime(cluster.clock.now()) };
  const known = (await resource.list('kube-node-lease')).items.some((lease) => lease.metadata.name === name);
  if (known) await resource.patch('kube-node-lease', name, { type: 'merge', body: { spec } });
  else await resource.create('kube-node-lease', { metadata: { name }, spec });
  await cluster.quiet();
}
const taints = async (name: string) =>
  ((await cluster.get(nodes, name)).spec.taints ?? []).map(({ key, effect }) => `${key.split('/')[1]}:${effect}`);
const condition = async (name: string, type: string) =>
  (await cluster.get(nodes, name)).status.conditions?.find((one) => one.type === type);

test('a node loses its taint as soon as it is ready', async () => {
  await cluster.node('a', { 'kubernetes.io/os': 'linux' }, [
    { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
    { key: 'mine', effect: 'NoExecute' },
  ]);
  await heartbeat('a', 'False');
  expect(await taints('a')).toEqual(['undefined:NoExecute', 'not-ready:NoSchedule']);
  await heartbeat('a');
  expect((await cluster.get(nodes, 'a')).spec.taints).toEqual([{ key: 'mine', effect: 'NoExecute' }]);
  expect((await cluster.get(nodes, 'a')).metadata.labels?.['beta.kubernetes.io/os']).toBe('linux');
  expect(await cluster.events()).toEqual(['RegisteredNode: Node a event: Registered Node a in Controller']);
});

test('conditions and cordons show as taints', async () => {
  await cluster.node('a');
  await heartbeat('a', 'True', { MemoryPressure: 'True', DiskPressure: 'False', PIDPressure: 'True' });
  await cluster.update(nodes, 'a', (node) => ({ ...node, spec: { ...node.spec, unschedulable: true } }));
  expect(await taints('a')).toEqual([
    'memory-pressure:NoSchedule',
    'pid-pressure:NoSchedule',
    'unschedulable:NoSchedule',
  ]);
  const [first] = (await cluster.get(nodes, 'a')).spec.taints ?? [];
  expect(first?.timeAdded).toBe('2026-01-01T00:00:00Z');
  await heartbeat('a', 'True', { MemoryPressure: 'False', PIDPressure: 'False' });
  await cluster.update(nodes, 'a', (node) => ({ ...node, spec: { ...node.spec, unschedulable: false } }));
  expect((await cluster.get(nodes, 'a')).spec.taints).toBeUndefined();
});

test('a node that is silent for 50 seconds becomes Unknown, and its pods not ready', async () => {
  for (const name of ['a', 'b']) {
    await cluster.node(name);
    await heartbeat(name, 'True', { MemoryPressure: 'False' });
    await renew(name);
  }
  await cluster.create(pods, {
    metadata: { name: 'p' },
    spec: { nodeName: 'a', containers: [{ name: 'c', image: 'i' }] },
  });
  await cluster.ready();
  for (let i = 0; i < 5; i++) {
    await cluster.advance(10_000);
    await renew('b');
  }
  expect((await condition('a', 'Ready'))?.status).toBe('True');
  await cluster.advance(1000);
  expect(await condition('a', 'Ready')).toEqual({
    type: 'Ready',
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
    lastHeartbeatTime: '2026-01-01T00:00:00Z',
    lastTransitionTime: '2026-01-01T00:00:50Z',
  });
  expect((await condition('a', 'MemoryPressure'))?.reason).toBe('NodeStatusUnknown');
  expect(await condition('a', 'DiskPressure')).toMatchObject({
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
  });
  expect(await taints('a')).toEqual(['unreachable:NoSchedule', 'unreachable:NoExecute']);
  expect((await cluster.get(pods, 'p')).status.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
  expect((await condition('b', 'Ready'))?.status).toBe('True');
  expect((await cluster.events()).slice(2)).toEqual([
    'NodeNotReady: Node a status is now: NodeNotReady',
    'NodeNotReady: Node is not ready',
  ]);
  await heartbeat('a');
  expect(await taints('a')).toEqual([]);
});

test('a node that never says anything has 60 seconds', async () => {
  await cluster.node('a');
  await cluster.advance(59_000);
  expect(await condition('a', 'Ready')).toBeUndefined();
  await cluster.advance(2000);
  expect((await condition('a', 'Ready'))?.reason).toBe('NodeStatusNeverUpdated');
});

test('nothing is evicted when no node answers, and all get time once one does', async () => {
  for (const name of ['a', 'b']) {
    await cluster.node(name);
    await heartbeat(name);
  }
  await cluster.advance(61_000);
  for (const name of ['a', 'b']) expect(await taints(name)).toEqual(['unreachable:NoSchedule']);
  await heartbeat('a');
  expect(await taints('a')).toEqual([]);
  expect(await taints('b')).toEqual(['unreachable:NoSchedule', 'unreachable:NoExecute']);
});

test('in a zone one node after the other is emptied, one in ten seconds', async () => {
  for (const name of ['a', 'b', 'c']) {
    await cluster.node(name);
    await heartbeat(name);
  }
  for (const name of ['b', 'c']) await heartbeat(name, 'False');
  expect(await taints('b')).toContain('not-ready:NoExecute');
  expect(await taints('c')).toEqual(['not-ready:NoSchedule']);
  await cluster.advance(10_000);
  expect(await taints('c')).toContain('not-ready:NoExecute');
});

test('says when a node is removed', async () => {
  await cluster.node('a');
  await cluster.client.resource(nodes).delete('', 'a');
  await cluster.quiet();
  expect((await cluster.events()).at(-1)).toBe('RemovingNode: Node a event: Removing Node a from Controller');
});
