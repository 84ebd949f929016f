import { afterEach, beforeEach, expect, test } from 'vitest';
import { controllerrevisions, type StatefulSet, statefulsets } from '../../api/apps/v1.gen.ts';
import { persistentvolumeclaims, pods } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startStatefulSetController } from './statefulset-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startStatefulSetController);
  await cluster.node('n');
});
afterEach(() => cluster.stop());

const web = (replicas: number, more: Draft<StatefulSet['spec']> = {}): Draft<StatefulSet> => ({
  metadata: { name: 'web' },
  spec: {
    replicas,
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    // On a node, so that pods take their time to end.
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'one' }] },
    },
    ...more,
  },
});
const data = (more: Draft<StatefulSet['spec']> = {}) =>
  web(2, {
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    ],
    podManagementPolicy: 'Parallel',
    ...more,
  });
const change = (spec: Partial<StatefulSet['spec']>) =>
  cluster.update(statefulsets, 'web', (set) => ({ ...set, spec: { ...set.spec, ...spec } }));
const useImage = async (image: string) => {
  const { template } = (await cluster.get(statefulsets, 'web')).spec;
  const containers = template.spec.containers.map((container) => ({ ...container, image }));
  await change({ template: { ...template, spec: { ...template.spec, containers } } });
};
/** "web-0:one", with "-" behind what is being deleted. */
const state = async () =>
  (await cluster.list(pods))
    .map(
      ({ metadata, spec }) => `${metadata.name}:${spec.containers[0]?.image}${metadata.deletionTimestamp ? '-' : ''}`,
    )
    .sort();
const claims = async () => (await cluster.list(persistentvolumeclaims)).map(({ metadata }) => metadata.name).sort();
const status = async () => (await cluster.get(statefulsets, 'web')).status;

test('makes pods one after the other, each when those before it are ready', async () => {
  const set = await cluster.create(statefulsets, web(3));
  expect(await state()).toEqual(['web-0:one']);
  await cluster.ready();
  expect(await state()).toEqual(['web-0:one', 'web-1:one']);
  await cluster.ready();
  await cluster.ready();
  expect(await state()).toEqual(['web-0:one', 'web-1:one', 'web-2:one']);
  const revision = (await status()).updateRevision;
  expect(await status()).toMatchObject({
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: revision,
    collisionCount: 0,
  });
  const pod = await cluster.get(pods, 'web-1');
  expect(pod.metadata.labels).toEqual({
    app: 'web',
    'apps.kubernetes.io/pod-index': '1',
    'controller-revision-hash': revision,
    'statefulset.kubernetes.io/pod-name': 'web-1',
  });
  expect(pod.spec).toMatchObject({ hostname: 'web-1', subdomain: 'web' });
  expect(pod.metadata.ownerReferences).toEqual([
    expect.objectContaining({ kind: 'StatefulSet', name: 'web', uid: set.metadata.uid, controller: true }),
  ]);
  expect(await cluster.events()).toEqual(
    [0, 1, 2].map((i) => `SuccessfulCreate: create Pod web-${i} in StatefulSet web successful`),
  );
});

test('takes pods away in the opposite order, each when the one before is gone', async () => {
  await cluster.create(statefulsets, web(3, { podManagementPolicy: 'OrderedReady' }));
  for (let i = 0; i < 3; i++) await cluster.ready();
  await change({ replicas: 1 });
  expect(await state()).toEqual(['web-0:one', 'web-1:one', 'web-2:one-']);
  await cluster.reap();
  expect(await state()).toEqual(['web-0:one', 'web-1:one-']);
  await cluster.reap();
  expect(await state()).toEqual(['web-0:one']);
});

test('makes and takes away all at once in parallel', async () => {
  await cluster.create(statefulsets, web(3, { podManagementPolicy: 'Parallel', ordinals: { start: 5 } }));
  expect(await state()).toEqual(['web-5:one', 'web-6:one', 'web-7:one']);
  await change({ replicas: 0 });
  expect(await state()).toEqual(['web-5:one-', 'web-6:one-', 'web-7:one-']);
});

test('updates from the highest ordinal down, down to the partition', async () => {
  await cluster.create(statefulsets, web(3, { podManagementPolicy: 'Parallel' }));
  await cluster.ready();
  const before = (await status()).currentRevision;
  await change({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } });
  await useImage('two');
  expect(await state()).toEqual(['web-0:one', 'web-1:one', 'web-2:one-']);
  await cluster.reap();
  expect(await state()).toEqual(['web-0:one', 'web-1:one', 'web-2:two']);
  await cluster.ready();
  await cluster.reap();
  await cluster.ready();
  expect(await state()).toEqual(['web-0:one', 'web-1:two', 'web-2:two']);
  expect(await status()).toMatchObject({ currentRevision: before, currentReplicas: 1, updatedReplicas: 2 });
  // What is below the partition stays what it was, even when it has to be made anew.
  await cluster.client.resource(pods).delete(NAMESPACE, 'web-0');
  await cluster.reap();
  expect(await state()).toEqual(['web-0:one', 'web-1:two', 'web-2:two']);
  await cluster.ready();
  await change({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
  await cluster.reap();
  await cluster.ready();
  expect(await state()).toEqual(['web-0:two', 'web-1:two', 'web-2:two']);
  const { currentRevision, updateRevision, currentReplicas } = await status();
  expect({ same: currentRevision === updateRevision, currentReplicas }).toEqual({ same: true, currentReplicas: 3 });
});

test('waits with an update for a pod that does not get ready', async () => {
  await cluster.create(statefulsets, web(2, { podManagementPolicy: 'Parallel' }));
  await cluster.ready();
  await useImage('broken');
  await cluster.reap();
  expect(await state()).toEqual(['web-0:one', 'web-1:broken']);
  await useImage('three');
  expect(await state()).toEqual(['web-0:one', 'web-1:broken-']);
});

test('leaves updates to people who delete pods when it is told so', async () => {
  await cluster.create(statefulsets, web(2, { podManagementPolicy: 'Parallel', updateStrategy: { type: 'OnDelete' } }));
  await cluster.ready();
  await useImage('two');
  expect(await state()).toEqual(['web-0:one', 'web-1:one']);
  await cluster.client.resource(pods).delete(NAMESPACE, 'web-0');
  await cluster.reap();
  expect(await state()).toEqual(['web-0:two', 'web-1:one']);
});

test('replaces pods that have ended', async () => {
  await cluster.create(statefulsets, web(1));
  const { uid } = (await cluster.get(pods, 'web-0')).metadata;
  await cluster.finish('Failed', 'web-0');
  await cluster.reap();
  expect((await cluster.get(pods, 'web-0')).metadata.uid).not.toBe(uid);
});

test('gives each pod claims of its own, which outlive it', async () => {
  await cluster.create(statefulsets, data());
  expect(await claims()).toEqual(['data-web-0', 'data-web-1']);
  expect((await cluster.get(persistentvolumeclaims, 'data-web-1')).metadata.labels).toEqual({ app: 'web' });
  expect((await cluster.get(pods, 'web-1')).spec.volumes).toContainEqual(
    expect.objectContaining({ name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } }),
  );
  expect(await cluster.events()).toContain(
    'SuccessfulCreate: create Claim data-web-0 Pod web-0 in StatefulSet web success',
  );
  await change({ replicas: 0 });
  await cluster.reap();
  expect(await claims()).toEqual(['data-web-0', 'data-web-1']);
});

test('lets claims go with the set or with pods that are scaled away, as it is told', async () => {
  const policy = { whenDeleted: 'Delete', whenScaled: 'Delete' };
  await cluster.create(statefulsets, data({ persistentVolumeClaimRetentionPolicy: policy }));
  const owners = async () =>
    (await cluster.list(persistentvolumeclaims)).map(
      ({ metadata }) =>
        `${metadata.name} ${metadata.ownerReferences?.map(({ kind, name }) => `${kind}/${name}`).join()}`,
    );
  expect(await owners()).toEqual(['data-web-0 StatefulSet/web', 'data-web-1 StatefulSet/web']);
  await change({ replicas: 1 });
  expect(await owners()).toEqual(['data-web-0 StatefulSet/web', 'data-web-1 Pod/web-1']);
});

test('keeps as many revisions as it should, and goes back to an old one', async () => {
  await cluster.create(statefulsets, web(1, { podManagementPolicy: 'Parallel', revisionHistoryLimit: 1 }));
  for (const image of ['two', 'three', 'four', 'three']) {
    await cluster.ready();
    await useImage(image);
    await cluster.reap();
  }
  await cluster.ready();
  const revisions = (await cluster.list(controllerrevisions)).map(({ revision }) => revision).sort();
  expect(revisions).toEqual([4, 5]);
  expect(await state()).toEqual(['web-0:three']);
});

test('gets there although writes fail and it is restarted', async () => {
  cluster.failures = 0.4;
  await cluster.create(statefulsets, data({ replicas: 4 }));
  await cluster.restart();
  await cluster.advance(60_000);
  expect(await state()).toEqual([0, 1, 2, 3].map((i) => `web-${i}:one`));
  expect(await claims()).toHaveLength(4);
});
