import { afterEach, beforeEach, expect, test } from 'vitest';
import { configmaps, namespaces } from '../../api/core/v1.gen.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startRootCaPublisher } from './root-ca-publisher.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster((context) => startRootCaPublisher({ ...context, rootCA: { current: () => 'PEM' } }));
});
afterEach(() => cluster.stop());

const name = 'kube-root-ca.crt';

test('publishes the authority in every namespace, and says what it is for', async () => {
  await cluster.create(namespaces, { metadata: { name: 'late' } });
  for (const namespace of [NAMESPACE, 'late']) {
    const { data, metadata } = await cluster.client.resource(configmaps).get(namespace, name);
    expect(data).toEqual({ 'ca.crt': 'PEM' });
    expect(metadata.annotations?.['kubernetes.io/description']).toMatch(/^Contains a CA bundle that can be used/);
  }
});

test('restores what is changed or deleted, and keeps what others add to its metadata', async () => {
  await cluster.update(configmaps, name, (map) => ({
    ...map,
    metadata: { ...map.metadata, annotations: { mine: 'yes' } },
    data: { 'ca.crt': 'forged', more: 'x' },
  }));
  const map = await cluster.get(configmaps, name);
  expect(map.data).toEqual({ 'ca.crt': 'PEM' });
  expect(Object.keys(map.metadata.annotations ?? {}).sort()).toEqual(['kubernetes.io/description', 'mine']);
  await cluster.client.resource(configmaps).delete(NAMESPACE, name);
  await cluster.quiet();
  expect((await cluster.get(configmaps, name)).data).toEqual({ 'ca.crt': 'PEM' });
});

test('leaves config maps of other names alone', async () => {
  await cluster.create(configmaps, { metadata: { name: 'mine' }, data: { a: 'b' } });
  expect((await cluster.get(configmaps, 'mine')).data).toEqual({ a: 'b' });
});
