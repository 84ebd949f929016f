import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Deployment, deployments, type ReplicaSet, replicasets } from '../../api/apps/v1.gen.ts';
import { pods } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { startReplicaSetController } from '../replicaset/replicaset-controller.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startDeploymentController } from './deployment-controller.ts';
import { REVISION, REVISION_HISTORY } from './revisions.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startDeploymentController, startReplicaSetController);
});
afterEach(() => cluster.stop());

type Spec = Draft<Deployment['spec']>;

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});
const web = (more: Spec = {}): Draft<Deployment> => ({
  metadata: { name: 'web' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 10,
    template: template('v1'),
    ...more,
  },
});
const change = (spec: Spec) =>
  cluster.update(deployments, 'web', (d) => ({ ...d, spec: { ...d.spec, ...spec } as Deployment['spec'] }));
const now = () => cluster.get(deployments, 'web');
const image = (set: ReplicaSet) => set.spec.template.spec.containers[0]?.image ?? '';
/** "v1=2": how many replicas each image's ReplicaSet is to have. */
const sizes = async () =>
  (await cluster.list(replicasets))
    .map((set) => `${image(set)}=${set.spec.replicas}`)
    .sort()
    .join(' ');
const setOf = async (which: string) => (await cluster.list(replicasets)).find((set) => image(set) === which);
const condition = async (type: string) => (await now()).status.conditions?.find((c) => c.type === type);
/** Everything gets ready, round by round, until the rollout stands still. */
const rollOut = async () => {
  for (let before = ''; ; ) {
    await cluster.ready();
    await cluster.reap();
    const after = `${await sizes()} ${(await now()).status.availableReplicas}`;
    if (after === before) return;
    before = after;
  }
};

test('the first rollout: a ReplicaSet named by its hash, a revision, conditions, an event', async () => {
  await cluster.create(deployments, web());
  const [set] = await cluster.list(replicasets);
  const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
  expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{6,10}$/);
  expect(set?.metadata.name).toBe(`web-${hash}`);
  expect(set?.spec.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
  expect(set?.spec.template.metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash });
  expect(set?.metadata.annotations).toEqual({
    [REVISION]: '1',
    'deployment.kubernetes.io/desired-replicas': '3',
    'deployment.kubernetes.io/max-replicas': '4',
  });
  expect((await now()).metadata.annotations?.[REVISION]).toBe('1');
  expect(await condition('Available')).toMatchObject({
    status: 'False',
    reason: 'MinimumReplicasUnavailable',
    message: 'Deployment does not have minimum availability.',
  });
  expect(await condition('Progressing')).toMatchObject({
    status: 'True',
    reason: 'ReplicaSetUpdated',
    message: `ReplicaSet "web-${hash}" is progressing.`,
  });
  await cluster.ready();
  expect((await now()).status).toMatchObject({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
  });
  expect(await condition('Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
  expect(await condition('Progressing')).toMatchObject({
    status: 'True',
    reason: 'NewReplicaSetAvailable',
    message: `ReplicaSet "web-${hash}" has successfully progressed.`,
  });
  expect(await cluster.events()).toContain(`ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`);
});

test('a rolling update never goes beyond surge and unavailable, and says each step', async () => {
  await cluster.create(
    deployments,
    web({ replicas: 4, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
  );
  await rollOut();
  const old = (await setOf('v1'))?.metadata.name;
  await change({ template: template('v2') });
  // One more than wanted, and one fewer available than wanted: the new one and one in the place of an old one.
  expect(await sizes()).toBe('v1=3 v2=2');
  for (let round = 0; round < 10; round++) {
    const all = await cluster.list(pods);
    expect(all.length).toBeLessThanOrEqual(5);
    expect(all.filter((pod) => pod.status.phase === 'Running').length).toBeGreaterThanOrEqual(3);
    const next = all.find((pod) => pod.status.phase !== 'Running');
    if (!next) break;
    await cluster.ready(next.metadata.name);
    await cluster.reap();
  }
  expect(await sizes()).toBe('v1=0 v2=4');
  const told = (await cluster.events()).filter((event) => event.includes(`replica set ${old} `));
  expect(told).toContain(`ScalingReplicaSet: Scaled down replica set ${old} from 4 to 3`);
  expect((await now()).metadata.annotations?.[REVISION]).toBe('2');
  expect((await now()).status).toMatchObject({ replicas: 4, updatedReplicas: 4, availableReplicas: 4 });
});

test('going back to an earlier template takes its ReplicaSet and gives it a new revision', async () => {
  await cluster.create(deployments, web());
  await rollOut();
  await change({ template: template('v2') });
  await rollOut();
  await change({ template: template('v1') });
  await rollOut();
  expect(await cluster.list(replicasets)).toHaveLength(2);
  expect(await sizes()).toBe('v1=3 v2=0');
  const annotations = (await setOf('v1'))?.metadata.annotations;
  expect(annotations?.[REVISION]).toBe('3');
  expect(annotations?.[REVISION_HISTORY]).toBe('1');
  expect((await now()).metadata.annotations?.[REVISION]).toBe('3');
});

test('Recreate starts nothing new while anything old may run', async () => {
  await cluster.create(deployments, web({ strategy: { type: 'Recreate', rollingUpdate: undefined } }));
  await rollOut();
  const held = (await cluster.list(pods))[0]?.metadata.name ?? '';
  const finalizers = { metadata: { finalizers: ['test/hold'] } };
  await cluster.client.resource(pods).patch(NAMESPACE, held, { type: 'merge', body: finalizers });
  await change({ template: template('v2') });
  await cluster.reap();
  expect(await sizes()).toBe('v1=0');
  await cluster.client
    .resource(pods)
    .patch(NAMESPACE, held, { type: 'merge', body: { metadata: { finalizers: null } } });
  await cluster.quiet();
  expect(await sizes()).toBe('v1=0 v2=3');
});

test('a rollout that stands still is told after the deadline, and is told to go on when it does', async () => {
  await cluster.create(deployments, web({ progressDeadlineSeconds: 60 }));
  const name = (await setOf('v1'))?.metadata.name;
  await cluster.advance(58_000);
  expect((await condition('Progressing'))?.reason).toBe('ReplicaSetUpdated');
  await cluster.advance(5_000);
  expect(await condition('Progressing')).toMatchObject({
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: `ReplicaSet "${name}" has timed out progressing.`,
  });
  await cluster.ready();
  expect(await condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
});

test('a pause holds the rollout but not the size', async () => {
  await cluster.create(deployments, web());
  await rollOut();
  await change({ paused: true, template: template('v2') });
  expect(await sizes()).toBe('v1=3');
  expect(await condition('Progressing')).toMatchObject({
    status: 'Unknown',
    reason: 'DeploymentPaused',
    message: 'Deployment is paused',
  });
  await change({ replicas: 5 });
  expect(await sizes()).toBe('v1=5');
  await change({ paused: false });
  expect((await condition('Progressing'))?.status).toBe('True');
  await rollOut();
  expect(await sizes()).toBe('v1=0 v2=5');
});

test('a change of size in the middle of a rollout is shared in proportion', async () => {
  await cluster.create(
    deployments,
    web({ replicas: 10, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }),
  );
  await rollOut();
  await change({ template: template('v2') });
  expect(await sizes()).toBe('v1=8 v2=5');
  await change({ replicas: 30 });
  expect(await sizes()).toBe('v1=20 v2=13');
});

test('old ReplicaSets beyond the limit go, oldest revision first', async () => {
  await cluster.create(deployments, web({ revisionHistoryLimit: 1 }));
  await rollOut();
  for (const version of ['v2', 'v3', 'v4']) {
    await change({ template: template(version) });
    await rollOut();
  }
  expect(await sizes()).toBe('v3=0 v4=3');
});

test('a hash that another template has taken is replaced by another one', async () => {
  const first = await cluster.create(deployments, web());
  const name = (await setOf('v1'))?.metadata.name ?? '';
  await cluster.client.resource(deployments).delete(NAMESPACE, 'web', { propagationPolicy: 'Orphan' });
  const taken = await cluster.get(replicasets, name);
  await cluster.client.resource(replicasets).update({
    ...taken,
    metadata: { ...taken.metadata, ownerReferences: [], labels: { other: 'x' }, finalizers: [] },
  });
  const finalizers = (
    await cluster.client
      .resource(deployments)
      .get(NAMESPACE, 'web')
      .catch(() => undefined)
  )?.metadata;
  if (finalizers) {
    await cluster.client
      .resource(deployments)
      .patch(NAMESPACE, 'web', { type: 'merge', body: { metadata: { finalizers: null } } });
  }
  await cluster.quiet();
  await cluster.create(deployments, web());
  await cluster.advance(1000);
  const mine = (await cluster.list(replicasets)).filter(
    (set) => set.metadata.ownerReferences?.[0]?.kind === 'Deployment',
  );
  expect(mine).toHaveLength(1);
  expect(mine[0]?.metadata.ownerReferences?.[0]?.uid).not.toBe(first.metadata.uid);
  expect(mine[0]?.metadata.name).not.toBe(name);
  expect((await now()).status.collisionCount).toBe(1);
});

test('failures of the ReplicaSet are told by the Deployment', async () => {
  cluster.refusePods = 'exceeded quota';
  await cluster.create(deployments, web());
  expect(await condition('ReplicaFailure')).toMatchObject({
    status: 'True',
    reason: 'FailedCreate',
    message: 'pods is forbidden: exceeded quota',
  });
  cluster.refusePods = '';
  await cluster.advance(5000);
  expect(await condition('ReplicaFailure')).toBeUndefined();
});
