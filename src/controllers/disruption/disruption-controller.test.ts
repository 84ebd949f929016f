import { afterEach, beforeEach, expect, test } from 'vitest';
import { deployments } from '../../api/apps/v1.gen.ts';
import { pods } from '../../api/core/v1.gen.ts';
import { type PodDisruptionBudgetSpec, poddisruptionbudgets } from '../../api/policy/v1.gen.ts';
import { formatTime } from '../../schema/time.ts';
import { startDeploymentController } from '../deployment/deployment-controller.ts';
import { startReplicaSetController } from '../replicaset/replicaset-controller.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startDisruptionController } from './disruption-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startDisruptionController, startDeploymentController, startReplicaSetController);
  await cluster.node('n');
});
afterEach(() => cluster.stop());

const labels = { app: 'web' };
const deployment = (replicas: number) =>
  cluster.create(deployments, {
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } },
    },
  });
const lone = (name: string) =>
  cluster.create(pods, {
    metadata: { name, labels },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
const budget = (spec: Partial<PodDisruptionBudgetSpec>, name = 'pdb') =>
  cluster.create(poddisruptionbudgets, { metadata: { name }, spec: { selector: { matchLabels: labels }, ...spec } });
const status = async () => (await cluster.get(poddisruptionbudgets, 'pdb')).status;
const told = async () => (await cluster.events()).filter((event) => !event.startsWith('S'));

test('counts against the scale of the Deployment what may be unavailable', async () => {
  await deployment(4);
  await budget({ maxUnavailable: '30%' });
  expect(await status()).toMatchObject({
    expectedPods: 4,
    desiredHealthy: 2,
    currentHealthy: 0,
    disruptionsAllowed: 0,
    observedGeneration: 1,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', observedGeneration: 1 }],
  });
  await cluster.ready();
  expect(await status()).toMatchObject({
    currentHealthy: 4,
    disruptionsAllowed: 2,
    conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }],
  });
});

test('counts the pods there are against a minimum', async () => {
  for (const name of ['a', 'b', 'c']) await lone(name);
  await cluster.ready('a', 'b');
  await budget({ minAvailable: 1 });
  expect(await status()).toMatchObject({
    expectedPods: 3,
    desiredHealthy: 1,
    currentHealthy: 2,
    disruptionsAllowed: 1,
  });
});

test('an eviction uses the budget up until the pod is gone or has stayed for two minutes', async () => {
  for (const name of ['a', 'b']) await lone(name);
  await cluster.ready();
  await budget({ minAvailable: 1 });
  const pdb = await cluster.get(poddisruptionbudgets, 'pdb');
  const disruptedPods = { a: formatTime(cluster.clock.now()) };
  await cluster.client
    .resource(poddisruptionbudgets)
    .updateStatus({ ...pdb, status: { ...pdb.status, disruptionsAllowed: 0, disruptedPods } });
  await cluster.quiet();
  expect(await status()).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0, disruptedPods });
  await cluster.advance(121_000);
  expect(await status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
  expect((await status()).disruptedPods).toBeUndefined();
  expect(await told()).toEqual(["NotDeleted: Pod was expected by PDB test/test to be deleted but it wasn't"]);
});

test('answers an eviction only as long as the budget lasts', async () => {
  await deployment(2);
  await cluster.ready();
  await budget({ maxUnavailable: 1 });
  const evict = (name: string) =>
    cluster.client.resource(pods).createSubresource(NAMESPACE, name, 'eviction', { metadata: { name } });
  const [first, second] = (await cluster.list(pods)).map(({ metadata }) => metadata.name);
  await evict(first ?? '');
  await cluster.quiet();
  await expect(evict(second ?? '')).rejects.toThrow(
    "Cannot evict pod as it would violate the pod's disruption budget.",
  );
});

test('allows nothing, and says why, when a pod has a controller without a scale', async () => {
  await cluster.create(pods, {
    metadata: {
      name: 'p',
      labels,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'gone', uid: 'u', controller: true }],
    },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
  await budget({ maxUnavailable: 1 });
  const message = 'found no controllers for pod "p"';
  expect(await status()).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message }],
  });
  expect(await told()).toEqual([
    `CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${message}`,
  ]);
});

test('tells about budgets without pods and pods that nobody controls', async () => {
  await budget({ maxUnavailable: 1 });
  await lone('a');
  expect(await told()).toEqual([
    'NoPods: No matching pods found',
    'UnmanagedPods: Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
  ]);
});

test('takes back the condition of a pod that was to be disrupted and stays', async () => {
  await lone('a');
  const condition = { type: 'DisruptionTarget', status: 'True', lastTransitionTime: formatTime(cluster.clock.now()) };
  await cluster.report('a', { phase: 'Running', conditions: [condition] });
  const found = async () =>
    (await cluster.get(pods, 'a')).status.conditions?.find(({ type }) => type === 'DisruptionTarget')?.status;
  await cluster.advance(119_000);
  expect(await found()).toBe('True');
  await cluster.advance(1000);
  expect(await found()).toBe('False');
});
