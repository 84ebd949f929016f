import { afterEach, beforeEach, expect, test } from 'vitest';
import { namespaces, serviceaccounts } from '../../api/core/v1.gen.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startServiceAccountController } from './serviceaccount-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startServiceAccountController);
});
afterEach(() => cluster.stop());

const accounts = async () =>
  (await cluster.list(serviceaccounts)).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();

test('gives namespaces that are there and new ones their default account', async () => {
  expect(await accounts()).toEqual([`${NAMESPACE}/default`]);
  await cluster.create(namespaces, { metadata: { name: 'late' } });
  expect(await accounts()).toEqual(['late/default', `${NAMESPACE}/default`]);
});

test('gives another one when it is deleted, but not to a namespace that goes away', async () => {
  const { uid } = (await cluster.get(serviceaccounts, 'default')).metadata;
  await cluster.client.resource(serviceaccounts).delete(NAMESPACE, 'default');
  await cluster.quiet();
  expect((await cluster.get(serviceaccounts, 'default')).metadata.uid).not.toBe(uid);
  await cluster.client.resource(namespaces).delete('', NAMESPACE);
  await cluster.quiet();
  await cluster.client.resource(serviceaccounts).delete(NAMESPACE, 'default');
  await cluster.quiet();
  expect(await accounts()).toEqual([]);
});
