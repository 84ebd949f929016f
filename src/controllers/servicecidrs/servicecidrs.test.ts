import { afterEach, beforeEach, expect, test } from 'vitest';
import { services } from '../../api/core/v1.gen.ts';
import { ipaddresses, type ServiceCIDR, servicecidrs } from '../../api/networking/v1.gen.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startIpRepairController } from './ip-repair-controller.ts';
import { startServiceCidrsController } from './service-cidrs-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startServiceCidrsController, startIpRepairController);
});
afterEach(() => cluster.stop());

const range = async (name: string, cidr: string) => {
  await cluster.create(servicecidrs, { metadata: { name }, spec: { cidrs: [cidr] } });
  await cluster.quiet();
};
const ranges = async () => (await cluster.client.resource(servicecidrs).list('')).items;
const ready = (cidr: ServiceCIDR | undefined) => cidr?.status.conditions?.map((c) => `${c.status} ${c.reason}`);
const service = async (clusterIP?: string) => {
  const spec = { ports: [{ port: 80 }], ...(clusterIP && { clusterIP }) };
  const { spec: made } = await cluster.create(services, { metadata: { name: 's' }, spec });
  await cluster.quiet();
  return made.clusterIP ?? '';
};
const held = async () =>
  (await cluster.client.resource(ipaddresses).list('')).items.map(({ metadata }) => metadata.name);

test('a range is ready, and gives addresses', async () => {
  await range('a', '10.5.0.0/24');
  const [cidr] = await ranges();
  expect(cidr?.metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer']);
  expect(ready(cidr)).toEqual(['True ']);
  expect(await service()).toMatch(/^10\.5\.0\./);
});

test('a range that is in use waits for its addresses, and for the grace period', async () => {
  await range('a', '10.5.0.0/24');
  await service('10.5.0.7');
  await cluster.client.resource(servicecidrs).delete('', 'a');
  await cluster.advance(60_000);
  expect(ready((await ranges())[0])).toEqual(['False Terminating']);
  await cluster.client.resource(services).delete(NAMESPACE, 's');
  await cluster.quiet();
  expect(await held()).toEqual([]);
  expect(await ranges()).toEqual([]);
});

test('a range goes at once after the grace period where another has its addresses', async () => {
  await range('a', '10.5.0.0/24');
  await range('b', '10.5.0.0/16');
  await service('10.5.0.7');
  await cluster.client.resource(servicecidrs).delete('', 'a');
  await cluster.quiet();
  expect((await ranges()).map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  await cluster.advance(11_000);
  expect((await ranges()).map(({ metadata }) => metadata.name)).toEqual(['b']);
});

test('addresses are given from no range that is being deleted', async () => {
  await range('a', '10.5.0.0/24');
  await range('b', '10.6.0.0/24');
  await cluster.client.resource(servicecidrs).delete('', 'a');
  expect(await service()).toMatch(/^10\.6\.0\./);
});

test('an address that somebody took away from a Service is held again', async () => {
  await range('a', '10.5.0.0/24');
  const ip = await service();
  await cluster.client.resource(ipaddresses).delete('', ip);
  await cluster.quiet();
  expect(await held()).toEqual([ip]);
  expect(await cluster.events()).toContain(
    `ClusterIPNotAllocated: Cluster IP [IPv4]: ${ip} is not allocated; repairing`,
  );
});

test('an address that no Service has is let go after a minute', async () => {
  await range('a', '10.5.0.0/24');
  await cluster.create(ipaddresses, {
    metadata: {
      name: '10.5.0.9',
      labels: {
        'ipaddress.kubernetes.io/ip-family': 'IPv4',
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace: NAMESPACE, name: 'gone' } },
  });
  await cluster.quiet();
  expect(await held()).toEqual(['10.5.0.9']);
  await cluster.advance(61_000);
  expect(await held()).toEqual([]);
});
