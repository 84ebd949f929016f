import { afterEach, beforeEach, expect, test } from 'vitest';
import { endpoints, type PodStatus, pods, services } from '../../api/core/v1.gen.ts';
import { endpointslices } from '../../api/discovery/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { startEndpointsController } from '../endpoints/endpoints-controller.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startEndpointSliceController } from './endpointslice-controller.ts';

/** Informers that lag, writes that fail, controllers that are killed: every pod ends up in exactly one slice. */
let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startEndpointSliceController, startEndpointsController);
  await cluster.node('n');
  await cluster.create(services, {
    metadata: { name: 'web' },
    spec: {
      clusterIP: '10.96.0.7',
      selector: { app: 'web' },
      ports: [{ protocol: 'TCP', port: 80, targetPort: 8080 }],
    },
  });
});
afterEach(() => cluster.stop());

let serial = 0;
/** Without waiting for anybody to take notice. */
async function pod(): Promise<void> {
  const name = `p${++serial}`;
  const resource = cluster.client.resource(pods);
  await resource.create(NAMESPACE, {
    metadata: { name, labels: { app: 'web' } },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
  const status: Draft<PodStatus> = {
    phase: 'Running',
    podIPs: [{ ip: `10.244.${Math.floor(serial / 250)}.${serial % 250}` }],
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
  };
  await resource.patch(NAMESPACE, name, { type: 'strategic', body: { status } }, { subresource: 'status' });
}
async function remove(count: number): Promise<void> {
  const resource = cluster.client.resource(pods);
  for (const { metadata } of (await cluster.list(pods)).slice(0, count)) {
    await resource.delete(NAMESPACE, metadata.name, { gracePeriodSeconds: 0 });
  }
}
async function settled(): Promise<{ slices: number[]; exact: boolean; legacy: boolean }> {
  const wanted = (await cluster.list(pods)).map(({ metadata }) => metadata.name).sort();
  const slices = await cluster.list(endpointslices);
  const found = slices.flatMap((slice) => (slice.endpoints ?? []).map(({ targetRef }) => targetRef?.name));
  const { subsets = [] } = await cluster.get(endpoints, 'web');
  const old = subsets.flatMap(({ addresses = [] }) => addresses.map(({ targetRef }) => targetRef?.name));
  return {
    slices: slices.map((slice) => slice.endpoints?.length ?? 0).sort((a, b) => b - a),
    exact: JSON.stringify(found.sort()) === JSON.stringify(wanted),
    legacy: JSON.stringify(old.sort()) === JSON.stringify(wanted),
  };
}

test('with informers that are late nothing is made twice', async () => {
  cluster.lag = { endpointslices: 3000, endpoints: 2000 };
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 20; i++) await pod();
    await cluster.advance(500);
    if (round < 4) expect(await cluster.list(endpointslices)).toHaveLength(1);
  }
  await cluster.advance(30_000);
  expect(await settled()).toEqual({ slices: [100, 20], exact: true, legacy: true });
});

test('with writes that fail and controllers that die', { timeout: 30_000 }, async () => {
  cluster.lag = { endpointslices: 700, endpoints: 300, pods: 200 };
  cluster.failures = 0.33;
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 25; i++) await pod();
    await remove(10);
    await cluster.advance(1000);
    if (round % 3 === 2) await cluster.restart();
  }
  cluster.failures = 0;
  await cluster.advance(1_200_000);
  const { slices, exact, legacy } = await settled();
  expect({ exact, legacy }).toEqual({ exact: true, legacy: true });
  expect(Math.max(...slices)).toBeLessThanOrEqual(100);
  expect(slices.length).toBeLessThanOrEqual(3);
});
