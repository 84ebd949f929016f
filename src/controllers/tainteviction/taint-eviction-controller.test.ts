import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodes, pods, type Taint, type Toleration } from '../../api/core/v1.gen.ts';
import { type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startTaintEvictionController, tolerationSeconds } from './taint-eviction-controller.ts';

const taint: Taint = { key: 'k', effect: 'NoExecute' };
let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startTaintEvictionController);
  await cluster.node('n');
});
afterEach(() => cluster.stop());

async function pod(name: string, ...tolerations: Toleration[]) {
  await cluster.create(pods, {
    metadata: { name },
    spec: { nodeName: 'n', tolerations, containers: [{ name: 'c', image: 'i' }] },
  });
}
const setTaints = (...taints: Taint[]) =>
  cluster.update(nodes, 'n', (node) => ({ ...node, spec: { ...node.spec, taints } }));
const going = async (name: string) => (await cluster.get(pods, name)).metadata.deletionTimestamp !== undefined;
const forSeconds = (tolerationSeconds?: number): Toleration => ({
  key: 'k',
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds !== undefined && { tolerationSeconds }),
});

test('pods that do not tolerate a taint go, and say why', async () => {
  await pod('plain');
  await pod('tolerant', forSeconds());
  await setTaints(taint);
  expect([await going('plain'), await going('tolerant')]).toEqual([true, false]);
  expect((await cluster.get(pods, 'plain')).status.conditions).toEqual([
    expect.objectContaining({
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    }),
  ]);
  expect(await cluster.events()).toEqual(['TaintManagerEviction: Marking for deletion Pod test/plain']);
  await pod('late');
  expect(await going('late')).toBe(true);
});

test('pods that tolerate it for a while go after that, unless the taint goes first', async () => {
  await pod('p', forSeconds(300));
  await setTaints(taint);
  await cluster.advance(299_000);
  expect(await going('p')).toBe(false);
  await setTaints();
  expect(await cluster.events()).toEqual(['TaintManagerEviction: Cancelling deletion of Pod test/p']);
  await cluster.advance(10_000);
  expect(await going('p')).toBe(false);
  await setTaints(taint);
  await cluster.advance(299_000);
  expect(await going('p')).toBe(false);
  await cluster.advance(1000);
  expect(await going('p')).toBe(true);
});

test('the time counts from the first taint on', async () => {
  await pod('p', forSeconds(100), { ...forSeconds(200), key: 'other' });
  await setTaints(taint);
  await cluster.advance(60_000);
  await setTaints(taint, { key: 'other', effect: 'NoExecute' });
  await cluster.advance(40_000);
  expect(await going('p')).toBe(true);
});

test.each([
  [[], 0],
  [[forSeconds(0)], 0],
  [[forSeconds(-1)], 0],
  [[forSeconds(5)], 5],
  [[forSeconds()], Number.POSITIVE_INFINITY],
  [[forSeconds(5), forSeconds(3)], 5],
])('tolerations %j: %d seconds', (tolerations, seconds) => {
  expect(tolerationSeconds([taint], tolerations)).toBe(seconds);
});
