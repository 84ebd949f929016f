// How a test of your own uses a whole cluster. Outside this repository the import is 'skiff/testing'.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployments } from '../../src/api/apps/v1.gen.ts';
import { pods } from '../../src/api/core/v1.gen.ts';
import { startCluster, type TestCluster } from '../../src/testing/index.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 });
});
afterAll(() => cluster.stop());

test('a deployment runs, and goes with its namespace', async () => {
  const namespace = await cluster.createNamespace('shop');
  await cluster.client.resource(deployments).create(namespace, {
    metadata: { name: 'web' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  });

  const running = await cluster.waitFor(async () => {
    const { items } = await cluster.client.resource(pods).list(namespace);
    return items.length === 3 && items.every((pod) => pod.status.phase === 'Running') ? items : undefined;
  });
  for (const pod of running) expect(cluster.nodes.names).toContain(pod.spec.nodeName);

  await cluster.deleteNamespace(namespace);
  expect((await cluster.client.resource(pods).list(namespace)).items).toEqual([]);
});
