import { afterEach, beforeEach, expect, test } from 'vitest';
import { configmaps, namespaces, secrets } from '../../api/core/v1.gen.ts';
import { formatTime } from '../../schema/time.ts';
import { type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startTokenCleanerController } from '../tokencleaner/token-cleaner-controller.ts';
import { detachedSignature, startBootstrapSignerController } from './bootstrap-signer-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startBootstrapSignerController, startTokenCleanerController);
  for (const name of ['kube-system', 'kube-public']) {
    await cluster.client.resource(namespaces).create('', { metadata: { name } });
  }
});
afterEach(() => cluster.stop());

const token = (id: string, more: Record<string, string> = {}) =>
  cluster.client.resource(secrets).create('kube-system', {
    metadata: { name: `bootstrap-token-${id}` },
    type: 'bootstrap.kubernetes.io/token',
    stringData: { 'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-signing': 'true', ...more },
  });
const info = async () => {
  await cluster.quiet();
  return (await cluster.client.resource(configmaps).get('kube-public', 'cluster-info')).data;
};

test('the cluster signs what it says of itself, for each token', async () => {
  await token('abcdef');
  await token('ghijkl', { 'usage-bootstrap-signing': 'false' });
  await cluster.client.resource(configmaps).create('kube-public', {
    metadata: { name: 'cluster-info' },
    data: { kubeconfig: 'text', 'jws-kubeconfig-gone00': 'old' },
  });
  const signature = detachedSignature('text', { id: 'abcdef', secret: '0123456789abcdef' });
  expect(await info()).toEqual({ kubeconfig: 'text', 'jws-kubeconfig-abcdef': signature });
  await cluster.client.resource(secrets).delete('kube-system', 'bootstrap-token-abcdef');
  expect(await info()).toEqual({ kubeconfig: 'text' });
});

test('a signature is that of RFC 7515, appendix F', () => {
  // What k8s.io/cluster-bootstrap computes for the same.
  expect(
    detachedSignature('Hello from the other side. I must have called a thousand times.', {
      id: 'joshua',
      secret: 'my voice is my passcode',
    }),
  ).toBe('eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8');
});

test('tokens go when their time is over', async () => {
  const now = cluster.clock.now();
  await token('abcdef', { expiration: formatTime(now + 60_000) });
  await token('ghijkl', { expiration: 'no time' });
  await token('mnopqr');
  const there = async () =>
    (await cluster.client.resource(secrets).list('kube-system')).items.map(({ metadata }) => metadata.name);
  await cluster.quiet();
  expect(await there()).toEqual(['bootstrap-token-abcdef', 'bootstrap-token-mnopqr']);
  await cluster.advance(59_000);
  expect(await there()).toHaveLength(2);
  await cluster.advance(1_000);
  expect(await there()).toEqual(['bootstrap-token-mnopqr']);
});
