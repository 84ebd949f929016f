import { afterEach, beforeEach, expect, test } from 'vitest';
import { configmaps, namespaces, pods, secrets } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startNamespaceController } from './namespace-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startNamespaceController);
});
afterEach(() => cluster.stop());

const namespace = async () => {
  try {
    return await cluster.client.resource(namespaces).get('', NAMESPACE);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
};
const remove = async () => {
  await cluster.client.resource(namespaces).delete('', NAMESPACE);
  await cluster.quiet();
};
const conditions = async () =>
  Object.fromEntries(
    (await namespace())?.status.conditions?.map((c) => [c.type, `${c.status} ${c.reason}: ${c.message}`]) ?? [],
  );
const pod = { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } };

test('waits until every API server knows, then deletes the content, and the namespace last', async () => {
  await cluster.create(namespaces, { metadata: { name: 'other' } });
  await cluster.client.resource(configmaps).create('other', { metadata: { name: 'kept' } });
  await cluster.create(configmaps, { metadata: { name: 'm' } });
  await cluster.create(secrets, { metadata: { name: 's' } });
  await remove();
  await cluster.advance(4000);
  expect((await namespace())?.status).toEqual({ phase: 'Terminating' });
  expect(await cluster.list(secrets)).toHaveLength(1);
  await cluster.advance(1000);
  expect(await namespace()).toBeUndefined();
  expect(await cluster.list(secrets)).toEqual([]);
  expect((await cluster.list(configmaps)).map(({ metadata }) => metadata.name)).toEqual(['kept']);
});

test('deletes pods first and everything else only after the last one is gone', async () => {
  await cluster.create(pods, pod);
  await cluster.create(secrets, { metadata: { name: 's' } });
  await remove();
  await cluster.advance(5000);
  expect((await cluster.get(pods, 'p')).metadata.deletionTimestamp).toBeDefined();
  expect(await cluster.list(secrets)).toHaveLength(1);
  expect(await conditions()).toEqual({
    NamespaceDeletionDiscoveryFailure: 'False ResourcesDiscovered: All resources successfully discovered',
    NamespaceDeletionGroupVersionParsingFailure: 'False ParsedGroupVersions: All legacy kube types successfully parsed',
    NamespaceDeletionContentFailure:
      'False ContentDeleted: All content successfully deleted, may be waiting on finalization',
    NamespaceContentRemaining: 'True SomeResourcesRemain: Some resources are remaining: pods. has 1 resource instances',
    NamespaceFinalizersRemaining: 'False ContentHasNoFinalizers: All content-preserving finalizers finished',
  });
  await cluster.reap();
  expect(await namespace()).toBeUndefined();
});

test('waits for finalizers and says for which', async () => {
  await cluster.create(configmaps, { metadata: { name: 'm', finalizers: ['example.com/hold'] } });
  await remove();
  await cluster.advance(5000);
  expect(await conditions()).toMatchObject({
    NamespaceContentRemaining:
      'True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances',
    NamespaceFinalizersRemaining:
      'True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  });
  await cluster.update(configmaps, 'm', (map) => ({ ...map, metadata: { ...map.metadata, finalizers: [] } }));
  await cluster.advance(8000);
  expect(await namespace()).toBeUndefined();
});

test('leaves a namespace to the others who have a finalizer in its spec', async () => {
  const before = await cluster.client.resource(namespaces).get('', NAMESPACE);
  const finalizers = ['kubernetes', 'example.com/mine'];
  await cluster.client
    .resource(namespaces)
    .updateSubresource('', NAMESPACE, 'finalize', { ...before, spec: { finalizers } });
  await remove();
  await cluster.advance(10_000);
  expect((await namespace())?.spec.finalizers).toEqual(['example.com/mine']);
});
