import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configmaps, namespaces, secrets } from '../../api/core/v1.gen.ts';
import { clusterroles } from '../../api/rbac/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { ControllerContext } from '../shared/context.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startGarbageCollector } from './garbage-collector.ts';

let cluster: TestCluster;
let dead = false;
let options: Pick<ControllerContext, 'unseenOwnersStay' | 'garbageGraceMs'> = {};
beforeEach(async () => {
  dead = false;
  options = {};
  cluster = await testCluster((context) =>
    dead ? { stop: async () => {} } : startGarbageCollector({ ...context, ...options }),
  );
});
afterEach(() => cluster.stop());

const ownedBy = (...owners: KubeObject[]) =>
  owners.map(({ apiVersion, kind, metadata: { name, uid } }) => ({
    apiVersion,
    kind,
    name,
    uid,
    blockOwnerDeletion: true,
  }));
const map = (name: string, owners: readonly object[] = [], finalizers: readonly string[] = []) =>
  cluster.create(configmaps, { metadata: { name, ownerReferences: owners, finalizers } });
const names = async () => (await cluster.list(configmaps)).map(({ metadata }) => metadata.name).sort();
const remove = async (name: string, propagationPolicy?: 'Orphan' | 'Background' | 'Foreground') => {
  await cluster.client.resource(configmaps).delete(NAMESPACE, name, propagationPolicy && { propagationPolicy });
  await cluster.quiet();
};
const release = (name: string) =>
  cluster.update(configmaps, name, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }));

test('deletes in the background what an object owned, and what that owned', async () => {
  const owner = await map('owner');
  const child = await map('child', ownedBy(owner));
  await map('grandchild', ownedBy(child));
  await map('stranger');
  await remove('owner');
  expect(await names()).toEqual(['stranger']);
});

test('leaves orphans on demand', async () => {
  const owner = await map('owner');
  await map('one', ownedBy(owner));
  await map('two', ownedBy(owner));
  await remove('owner', 'Orphan');
  expect(await names()).toEqual(['one', 'two']);
  for (const name of ['one', 'two']) {
    expect((await cluster.get(configmaps, name)).metadata.ownerReferences ?? []).toEqual([]);
  }
});

test('deletes dependents first in the foreground, and waits for those that block', async () => {
  const owner = await map('owner');
  await map('slow', ownedBy(owner), ['example.com/hold']);
  await map('quick', ownedBy(owner));
  await remove('owner', 'Foreground');
  expect(await names()).toEqual(['owner', 'slow']);
  expect((await cluster.get(configmaps, 'slow')).metadata.deletionTimestamp).toBeDefined();
  await release('slow');
  expect(await names()).toEqual([]);
});

test('does not wait in the foreground for dependents that do not block', async () => {
  const owner = await map('owner');
  const reference = ownedBy(owner).map((one) => ({ ...one, blockOwnerDeletion: false }));
  await map('slow', reference, ['example.com/hold']);
  await remove('owner', 'Foreground');
  expect(await names()).toEqual(['slow']);
  expect((await cluster.get(configmaps, 'slow')).metadata.deletionTimestamp).toBeDefined();
});

test('lets an owner in the foreground go when a dependent stops blocking', async () => {
  const owner = await map('owner');
  await map('slow', ownedBy(owner), ['example.com/hold']);
  await remove('owner', 'Foreground');
  expect(await names()).toEqual(['owner', 'slow']);
  await cluster.update(configmaps, 'slow', (object) => ({
    ...object,
    metadata: { ...object.metadata, ownerReferences: [] },
  }));
  expect(await names()).toEqual(['slow']);
});

test('deletes a circle in the foreground', async () => {
  const a = await map('a');
  const b = await map('b', ownedBy(a));
  await cluster.update(configmaps, 'a', (object) => ({
    ...object,
    metadata: { ...object.metadata, ownerReferences: ownedBy(b) },
  }));
  await remove('a', 'Foreground');
  expect(await names()).toEqual([]);
});

test('keeps what has another owner, and takes the reference to the one that is gone', async () => {
  const [one, two] = [await map('one'), await map('two')];
  await map('shared', ownedBy(one, two));
  await remove('one');
  expect(await names()).toEqual(['shared', 'two']);
  const left = (await cluster.get(configmaps, 'shared')).metadata.ownerReferences?.map(({ name }) => name);
  expect(left).toEqual(['two']);
  await remove('two', 'Foreground');
  expect(await names()).toEqual([]);
});

test('deletes what names an owner that never was, or another object of its name', async () => {
  const owner = await map('owner');
  await map('lost', [{ apiVersion: 'v1', kind: 'Secret', name: 'none', uid: 'u-1' }]);
  await map('mistaken', [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: 'u-2' }]);
  await cluster.advance(1000);
  expect(await names()).toEqual(['owner']);
});

describe('where tests make up owners and clean up themselves', () => {
  beforeEach(async () => {
    options = { unseenOwnersStay: true, garbageGraceMs: 3000 };
    await cluster.restart();
  });

  test('what names an owner that never was stays, with other owners or without', async () => {
    const owner = await map('owner');
    const madeUp = { apiVersion: 'v1', kind: 'Secret', name: 'none', uid: 'u-1' };
    await map('lost', [madeUp]);
    await map('mistaken', [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'u-2' }]);
    await map('both', [madeUp, ...ownedBy(owner)]);
    await cluster.advance(60_000);
    expect(await names()).toEqual(['both', 'lost', 'mistaken', 'owner']);
    await remove('owner');
    await cluster.advance(60_000);
    expect(await names()).toEqual(['both', 'lost', 'mistaken']);
    expect((await cluster.get(configmaps, 'both')).metadata.ownerReferences).toEqual([madeUp]);
  });

  test('what a deleted owner left can be deleted by others for a while, and goes then', async () => {
    const owner = await map('owner');
    await map('one', ownedBy(owner));
    await map('two', ownedBy(owner));
    await remove('owner');
    await cluster.advance(2900);
    expect(await names()).toEqual(['one', 'two']);
    await remove('one');
    await cluster.advance(100);
    expect(await names()).toEqual([]);
  });

  test('a deletion in the foreground takes no time', async () => {
    const owner = await map('owner');
    await map('one', ownedBy(owner));
    await remove('owner', 'Foreground');
    expect(await names()).toEqual([]);
  });
});

test('does nothing about owners of kinds that the cluster does not have', async () => {
  await map('custom', [{ apiVersion: 'example.com/v1', kind: 'Thing', name: 'none', uid: 'u-1' }]);
  await cluster.advance(60_000);
  expect(await names()).toEqual(['custom']);
});

test('deletes dependents in another namespace than their owner, and says why', async () => {
  await cluster.create(namespaces, { metadata: { name: 'other' } });
  const owner = await map('owner');
  await cluster.client.resource(secrets).create('other', { metadata: { name: 's', ownerReferences: ownedBy(owner) } });
  await cluster.quiet();
  expect(await cluster.list(secrets)).toEqual([]);
  expect(await names()).toEqual(['owner']);
  const { uid } = owner.metadata;
  expect(await cluster.events()).toEqual([
    `OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: other, name: owner, uid: ${uid}] does not exist in namespace "other"`,
  ]);
});

test('leaves cluster-scoped objects alone that name an owner in a namespace', async () => {
  const owner = await map('owner');
  await cluster.create(clusterroles, { metadata: { name: 'role', ownerReferences: ownedBy(owner) }, rules: [] });
  await remove('owner');
  await cluster.advance(60_000);
  expect((await cluster.list(clusterroles)).map(({ metadata }) => metadata.name)).toEqual(['role']);
  expect((await cluster.events())[0]).toMatch(/^OwnerRefInvalidNamespace: .* does not exist in namespace ""$/);
});

test('lets cluster-scoped objects own objects in namespaces', async () => {
  const owner = await cluster.create(clusterroles, { metadata: { name: 'role' }, rules: [] });
  await map('child', ownedBy(owner));
  await cluster.advance(1000);
  expect(await names()).toEqual(['child']);
  await cluster.client.resource(clusterroles).delete('', 'role');
  await cluster.quiet();
  expect(await names()).toEqual([]);
});

test('a new collector goes on with what the last one left', async () => {
  dead = true;
  await cluster.restart();
  const [gone, foreground, orphan] = [await map('gone'), await map('foreground'), await map('orphan')];
  await map('a', ownedBy(gone));
  await map('b', ownedBy(foreground), ['example.com/hold']);
  await map('c', ownedBy(orphan));
  await remove('gone');
  await remove('foreground', 'Foreground');
  await remove('orphan', 'Orphan');
  expect(await names()).toEqual(['a', 'b', 'c', 'foreground', 'orphan']);
  dead = false;
  await cluster.restart();
  // Nobody tells a new collector that the owner of a was there: it must find out.
  expect(await names()).toEqual(['b', 'c', 'foreground']);
  await release('b');
  expect(await names()).toEqual(['c']);
});

test('gets there although every other request fails', async () => {
  const owner = await map('owner');
  for (let i = 0; i < 10; i++) await map(`child-${i}`, ownedBy(owner));
  cluster.failures = 0.5;
  await remove('owner', 'Foreground');
  await cluster.advance(120_000);
  expect(await names()).toEqual([]);
});
