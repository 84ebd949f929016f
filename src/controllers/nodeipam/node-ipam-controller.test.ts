import { expect, test } from 'vitest';
import { nodes } from '../../api/core/v1.gen.ts';
import type { ControllerContext } from '../shared/context.ts';
import { type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { CidrSet } from './cidr-set.ts';
import { startNodeIpamController } from './node-ipam-controller.ts';

const start = (clusterCIDR?: string) =>
  testCluster((context: ControllerContext) =>
    startNodeIpamController({ ...context, ...(clusterCIDR && { clusterCIDR }) }),
  );
async function ranges(cluster: TestCluster) {
  const all = await cluster.list(nodes);
  return Object.fromEntries(all.map(({ metadata, spec }) => [metadata.name, spec.podCIDR]));
}

test('gives each node a /24 of its own, and leaves those that have one alone', async () => {
  const cluster = await start();
  await cluster.create(nodes, {
    metadata: { name: 'z' },
    spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] },
  });
  for (const name of ['a', 'b', 'c']) await cluster.node(name);
  expect(await ranges(cluster)).toEqual({
    z: '10.244.1.0/24',
    a: '10.244.0.0/24',
    b: '10.244.2.0/24',
    c: '10.244.3.0/24',
  });
  expect((await cluster.get(nodes, 'a')).spec.podCIDRs).toEqual(['10.244.0.0/24']);
  await cluster.stop();
});

test('a node for which nothing is left says so, and gets what another leaves', async () => {
  const cluster = await start('10.0.0.0/23');
  for (const name of ['a', 'b', 'c']) await cluster.node(name);
  expect(await ranges(cluster)).toEqual({ a: '10.0.0.0/24', b: '10.0.1.0/24', c: undefined });
  expect(await cluster.events()).toEqual(['CIDRNotAvailable: Node c status is now: CIDRNotAvailable']);
  await cluster.client.resource(nodes).delete('', 'a');
  await cluster.quiet();
  expect(await ranges(cluster)).toEqual({ b: '10.0.1.0/24', c: '10.0.0.0/24' });
  await cluster.stop();
});

test('parts are told apart by their range, and counted when two nodes have the same', () => {
  const set = new CidrSet('10.8.4.7/22');
  expect([set.allocate('a'), set.allocate('a'), set.allocate('b')]).toEqual([
    '10.8.4.0/24',
    '10.8.4.0/24',
    '10.8.5.0/24',
  ]);
  for (const other of ['10.8.8.0/24', '10.8.3.0/24', '10.8.6.0/25', 'fd00::/24', '10.8.6.1/24', 'x']) {
    expect(set.occupy('c', other), other).toBe(false);
  }
  expect(set.occupy('c', '10.8.4.0/24')).toBe(true);
  expect(set.release('a')).toBe(false);
  expect([set.allocate('d'), set.allocate('e'), set.allocate('f')]).toEqual(['10.8.6.0/24', '10.8.7.0/24', undefined]);
  expect(set.release('c')).toBe(true);
  expect(set.allocate('f')).toBe('10.8.4.0/24');
  expect(new CidrSet('192.168.0.0/26').allocate('a')).toBe('192.168.0.0/26');
  expect(() => new CidrSet('fd00::/64')).toThrow('invalid cluster CIDR "fd00::/64"');
});
