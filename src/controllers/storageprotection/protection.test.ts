import { afterEach, beforeEach, expect, test } from 'vitest';
import { persistentvolumeclaims, persistentvolumes, pods } from '../../api/core/v1.gen.ts';
import { volumeattributesclasses } from '../../api/storage/v1.gen.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startPvProtectionController } from './pv-protection-controller.ts';
import { startPvcProtectionController } from './pvc-protection-controller.ts';
import { startVacProtectionController } from './vac-protection-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startPvcProtectionController, startPvProtectionController, startVacProtectionController);
  await cluster.node('n');
});
afterEach(() => cluster.stop());

const claim = (name: string) =>
  cluster.create(persistentvolumeclaims, {
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
const pod = (nodeName: string | undefined, volume: object) =>
  cluster.create(pods, {
    metadata: { name: 'p' },
    spec: {
      ...(nodeName && { nodeName }),
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', ...volume }],
    },
  });
const remove = async (name: string) => {
  await cluster.client.resource(persistentvolumeclaims).delete(NAMESPACE, name);
  await cluster.quiet();
};
const claims = async () => (await cluster.list(persistentvolumeclaims)).map(({ metadata }) => metadata.name);

test('gives claims their finalizer, and lets those go that nobody uses', async () => {
  await claim('data');
  const finalizers = (await cluster.get(persistentvolumeclaims, 'data')).metadata.finalizers;
  expect(finalizers).toEqual(['kubernetes.io/pvc-protection']);
  await remove('data');
  expect(await claims()).toEqual([]);
});

test('keeps a claim until the pod that uses it is gone, even if it has finished', async () => {
  await claim('data');
  await pod('n', { persistentVolumeClaim: { claimName: 'data' } });
  await remove('data');
  await cluster.finish('Succeeded', 'p');
  expect(await claims()).toEqual(['data']);
  await cluster.client.resource(pods).delete(NAMESPACE, 'p', { gracePeriodSeconds: 0 });
  await cluster.quiet();
  expect(await claims()).toEqual([]);
});

test('knows the claims of ephemeral volumes', async () => {
  await claim('p-v');
  await pod('n', {
    ephemeral: {
      volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    },
  });
  await remove('p-v');
  expect(await claims()).toEqual(['p-v']);
});

test('does not keep a claim for a pod that no node has', async () => {
  await claim('data');
  await pod(undefined, { persistentVolumeClaim: { claimName: 'data' } });
  await remove('data');
  expect(await claims()).toEqual([]);
});

test('keeps a volume as long as it is bound', async () => {
  await cluster.create(persistentvolumes, {
    metadata: { name: 'pv' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
  });
  const phase = async (value: 'Bound' | 'Released') => {
    const volume = await cluster.get(persistentvolumes, 'pv');
    await cluster.client
      .resource(persistentvolumes)
      .updateStatus({ ...volume, status: { ...volume.status, phase: value } });
    await cluster.quiet();
  };
  await phase('Bound');
  expect((await cluster.get(persistentvolumes, 'pv')).metadata.finalizers).toEqual(['kubernetes.io/pv-protection']);
  await cluster.client.resource(persistentvolumes).delete('', 'pv');
  await cluster.quiet();
  expect(await cluster.list(persistentvolumes)).toHaveLength(1);
  await phase('Released');
  expect(await cluster.list(persistentvolumes)).toEqual([]);
});

test('keeps a class of volume attributes as long as a claim or a volume names it', async () => {
  const driver = { driverName: 'csi.example.com', parameters: { iops: '1' } };
  await cluster.create(volumeattributesclasses, { metadata: { name: 'gold' }, ...driver });
  const { metadata } = await cluster.get(volumeattributesclasses, 'gold');
  expect(metadata.finalizers).toEqual(['kubernetes.io/vac-protection']);
  await cluster.create(persistentvolumeclaims, {
    metadata: { name: 'data' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeAttributesClassName: 'gold',
    },
  });
  await cluster.create(persistentvolumes, {
    metadata: { name: 'pv' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      csi: { driver: 'csi.example.com', volumeHandle: 'h' },
      volumeAttributesClassName: 'gold',
    },
  });
  await cluster.client.resource(volumeattributesclasses).delete('', 'gold');
  await cluster.quiet();
  await remove('data');
  expect(await cluster.list(volumeattributesclasses)).toHaveLength(1);
  await cluster.client.resource(persistentvolumes).delete('', 'pv');
  await cluster.quiet();
  expect(await cluster.list(volumeattributesclasses)).toEqual([]);
});
