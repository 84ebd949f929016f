import { afterEach, beforeEach, expect, test } from 'vitest';
import { clusterroles } from '../../api/rbac/v1.gen.ts';
import { type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startClusterRoleAggregationController } from './cluster-role-aggregation-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startClusterRoleAggregationController);
});
afterEach(() => cluster.stop());

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
const role = (name: string, labels: Record<string, string>, ...resources: string[]) =>
  cluster.create(clusterroles, { metadata: { name, labels }, rules: resources.map(rule) });
const aggregate = (name: string, ...labels: Record<string, string>[]) =>
  cluster.create(clusterroles, {
    metadata: { name },
    aggregationRule: { clusterRoleSelectors: labels.map((matchLabels) => ({ matchLabels })) },
    rules: [],
  });
const granted = async (name: string) =>
  (await cluster.get(clusterroles, name)).rules?.map(({ resources }) => resources?.[0]) ?? [];

test('collects the rules of selected roles, by name and each once, and follows their changes', async () => {
  await role('b', { to: 'view' }, 'pods', 'secrets');
  await role('a', { to: 'view' }, 'nodes', 'pods');
  await role('c', { to: 'edit' }, 'leases');
  await aggregate('all', { to: 'view' }, { to: 'edit' });
  expect(await granted('all')).toEqual(['nodes', 'pods', 'secrets', 'leases']);
  await cluster.update(clusterroles, 'c', (object) => ({ ...object, rules: [rule('jobs')] }));
  expect(await granted('all')).toEqual(['nodes', 'pods', 'secrets', 'jobs']);
  await cluster.client.resource(clusterroles).delete('', 'b');
  await cluster.quiet();
  expect(await granted('all')).toEqual(['nodes', 'pods', 'jobs']);
});

test('aggregates aggregated roles, and never a role into itself', async () => {
  await role('leaf', { to: 'view' }, 'pods');
  await cluster.create(clusterroles, {
    metadata: { name: 'view', labels: { to: 'edit', self: 'yes' } },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'view' } }, { matchLabels: { self: 'yes' } }] },
    rules: [],
  });
  await aggregate('edit', { to: 'edit' });
  expect(await granted('view')).toEqual(['pods']);
  expect(await granted('edit')).toEqual(['pods']);
});

test('takes away rules that somebody else writes into an aggregated role', async () => {
  await role('leaf', { to: 'view' }, 'pods');
  await aggregate('view', { to: 'view' });
  await cluster.update(clusterroles, 'view', (object) => ({ ...object, rules: [rule('secrets')] }));
  expect(await granted('view')).toEqual(['pods']);
});

test('leaves roles without an aggregation rule alone', async () => {
  await role('mine', {}, 'pods');
  await aggregate('view', { to: 'view' });
  expect(await granted('mine')).toEqual(['pods']);
});

test('roles that select each other come to rest', async () => {
  await role('leaf', { to: 'a' }, 'pods');
  for (const [name, other] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    await cluster.create(clusterroles, {
      metadata: { name, labels: { to: other } },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: name } }] },
      rules: [],
    });
  }
  expect(await granted('a')).toEqual(['pods']);
  expect(await granted('b')).toEqual(['pods']);
  await role('more', { to: 'b' }, 'nodes');
  expect((await granted('a')).toSorted()).toEqual(['nodes', 'pods']);
  const { resourceVersion } = (await cluster.get(clusterroles, 'a')).metadata;
  await cluster.quiet();
  expect((await cluster.get(clusterroles, 'a')).metadata.resourceVersion).toBe(resourceVersion);
});
