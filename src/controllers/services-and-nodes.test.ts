import { expect, test } from 'vitest';
import { deployments } from '../api/apps/v1.gen.ts';
import { endpoints, nodes, pods, services } from '../api/core/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import { FakeClock, startCluster } from '../testing/index.ts';
import { settle } from '../utils/clock.ts';
import { seededRandom } from '../utils/seeded-random.ts';

/** All parts of the control plane together: a node dies, and its pods and their Service live on elsewhere. */
test('a Service follows its pods from a node that falls silent to those that live', { timeout: 30_000 }, async () => {
  const clock = new FakeClock();
  const cluster = await startCluster({ nodes: 3, clock, random: seededRandom(1) });
  const { client } = cluster;
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      await clock.advance(1000);
      await settle(20);
    }
  };
  await pass(2);
  const labels = { app: 'web' };
  await client.resource(deployments).create('default', {
    metadata: { name: 'web' },
    spec: {
      replicas: 6,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  });
  await client.resource(services).create('default', {
    metadata: { name: 'web' },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await pass(5);

  const cidrs = (await client.resource(nodes).list('')).items.map((node) => node.spec.podCIDR);
  expect(cidrs.sort()).toEqual(['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24']);
  const ready = async () => {
    const { items } = await client
      .resource(endpointslices)
      .list('default', { labelSelector: 'kubernetes.io/service-name=web' });
    return items.flatMap((slice) => slice.endpoints ?? []).filter(({ conditions }) => conditions.ready);
  };
  const before = await ready();
  expect(before).toHaveLength(6);
  const [gone] = cluster.nodes.names;
  const lost = before.filter(({ nodeName }) => nodeName === gone);
  expect(lost.length).toBeGreaterThan(0);

  cluster.nodes.silence(gone as string);
  await pass(75);
  expect((await ready()).length).toBe(6 - lost.length);
  const subsets = (await client.resource(endpoints).get('default', 'web')).subsets ?? [];
  expect(subsets.flatMap(({ notReadyAddresses = [] }) => notReadyAddresses)).toHaveLength(lost.length);

  await pass(310);
  const after = await ready();
  expect(after).toHaveLength(6);
  expect(after.filter(({ nodeName }) => nodeName === gone)).toEqual([]);
  const doomed = (await client.resource(pods).list('default')).items.filter(
    ({ metadata }) => metadata.deletionTimestamp !== undefined,
  );
  expect(doomed.map(({ spec }) => spec.nodeName)).toEqual(lost.map(() => gone));
  await cluster.stop();
});
