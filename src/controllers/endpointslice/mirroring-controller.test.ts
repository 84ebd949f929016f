import { afterEach, beforeEach, expect, test } from 'vitest';
import { endpoints, services } from '../../api/core/v1.gen.ts';
import { endpointslices } from '../../api/discovery/v1.gen.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startEndpointSliceMirroringController } from './mirroring-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startEndpointSliceMirroringController);
});
afterEach(() => cluster.stop());

const serve = (selector?: Record<string, string>) =>
  cluster.create(services, {
    metadata: { name: 'db' },
    spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }], ...(selector && { selector }) },
  });
const keep = (ips: string[], labels: Record<string, string> = {}) =>
  cluster.create(endpoints, {
    metadata: { name: 'db', labels, annotations: { note: 'x' } },
    subsets: [{ addresses: ips.map((ip) => ({ ip })), ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] }],
  });
const slices = () => cluster.list(endpointslices);

test('Endpoints that people keep are mirrored, changed and taken away', async () => {
  await serve();
  const kept = await keep(['192.0.2.1', '2001:db8::1']);
  const [v4, v6, ...others] = [...(await slices())].sort((a, b) => (a.addressType < b.addressType ? -1 : 1));
  expect(others).toEqual([]);
  expect(v4?.metadata).toMatchObject({
    generateName: 'db-',
    labels: {
      'kubernetes.io/service-name': 'db',
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
    },
    annotations: { note: 'x' },
    ownerReferences: [{ kind: 'Endpoints', name: 'db', controller: true }],
  });
  expect(v4).toMatchObject({
    addressType: 'IPv4',
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }],
  });
  expect(v6?.endpoints).toMatchObject([{ addresses: ['2001:db8::1'] }]);

  const resource = cluster.client.resource(endpoints);
  const subsets = [
    { notReadyAddresses: [{ ip: '192.0.2.2' }], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' as const }] },
  ];
  await resource.update({ ...(await resource.get(NAMESPACE, kept.metadata.name)), subsets });
  await cluster.quiet();
  expect(
    (await slices()).map((s) => [s.metadata.name, s.endpoints?.[0]?.addresses, s.endpoints?.[0]?.conditions]),
  ).toEqual([[v4?.metadata.name, ['192.0.2.2'], { ready: false }]]);
  await resource.delete(NAMESPACE, 'db');
  await cluster.quiet();
  expect(await slices()).toEqual([]);
});

test.each<[string, Record<string, string> | undefined, Record<string, string>]>([
  ['of a Service with a selector', { app: 'db' }, {}],
  ['that say so', undefined, { 'endpointslice.kubernetes.io/skip-mirror': 'true' }],
])('Endpoints %s are not mirrored', async (_, selector, labels) => {
  await serve(selector);
  await keep(['192.0.2.1'], labels);
  expect(await slices()).toEqual([]);
});
