import { afterEach, beforeEach, expect, test } from 'vitest';
import { secrets, serviceaccounts } from '../../api/core/v1.gen.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startServiceAccountTokensController } from './tokens-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster((context) =>
    startServiceAccountTokensController({
      ...context,
      rootCA: { current: () => 'CA' },
      legacyToken: (namespace, { name, uid }, secret) => `${namespace} ${name} ${uid} ${secret}`,
    }),
  );
});
afterEach(() => cluster.stop());

const ofAccount = (account: string) => ({
  metadata: { name: 's', annotations: { 'kubernetes.io/service-account.name': account } },
  type: 'kubernetes.io/service-account-token',
});

test('a secret gets a token for its account, and goes with it', async () => {
  const { metadata } = await cluster.create(serviceaccounts, { metadata: { name: 'sa' } });
  await cluster.create(secrets, ofAccount('sa'));
  await cluster.quiet();
  const { data = {}, metadata: filled } = await cluster.get(secrets, 's');
  const text = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
  expect(text).toEqual({ 'ca.crt': 'CA', namespace: NAMESPACE, token: `${NAMESPACE} sa ${metadata.uid} s` });
  expect(filled.annotations?.['kubernetes.io/service-account.uid']).toBe(metadata.uid);
  await cluster.client.resource(serviceaccounts).delete(NAMESPACE, 'sa');
  await cluster.quiet();
  expect(await cluster.list(secrets)).toEqual([]);
});

test('a secret of no account goes, one of another type stays', async () => {
  await cluster.create(secrets, ofAccount('nobody'));
  await cluster.create(secrets, { ...ofAccount('nobody'), metadata: { name: 'other' }, type: 'Opaque' });
  await cluster.quiet();
  expect((await cluster.list(secrets)).map(({ metadata }) => metadata.name)).toEqual(['other']);
});
