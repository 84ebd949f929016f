import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CustomResourceDefinition, customresourcedefinitions } from '../../api/apiextensions/v1.gen.ts';
import { ResourceCatalog } from './resource-catalog.ts';
import { type TestCluster, testCluster } from './test-cluster.ts';

let cluster: TestCluster;
let catalog: ResourceCatalog;
beforeEach(async () => {
  cluster = await testCluster((context) => {
    catalog = new ResourceCatalog(context);
    return { stop: async () => catalog.stop() };
  });
});
afterEach(() => cluster.stop());

const names = { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' };
const schema = { openAPIV3Schema: { type: 'object' } };
const name = 'things.example.com';

async function define(): Promise<CustomResourceDefinition> {
  return cluster.create(customresourcedefinitions, {
    metadata: { name },
    spec: {
      group: 'example.com',
      names,
      scope: 'Namespaced',
      versions: [
        { name: 'v2', served: true, storage: false, schema },
        { name: 'v1', served: true, storage: true, schema },
      ],
    },
  });
}

test('has each built-in kind once, and none that cannot be listed', () => {
  const all = catalog.list().map(({ group, kind }) => `${group}/${kind}`);
  expect(new Set(all).size).toBe(all.length);
  expect(catalog.byKind('apps', 'Deployment')).toMatchObject({
    version: 'v1',
    resource: 'deployments',
    namespaced: true,
  });
  expect(catalog.byKind('authorization.k8s.io', 'SubjectAccessReview')).toBeUndefined();
  expect(catalog.byKind('events.k8s.io', 'Event')).toBeUndefined();
});

test('has custom resources from when they are established until their definition goes', async () => {
  let changes = 0;
  catalog.onChange(() => changes++);
  const definition = await define();
  expect(catalog.byKind('example.com', 'Thing')).toBeUndefined();
  const conditions = [{ type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: '' }];
  await cluster.client.resource(customresourcedefinitions).updateStatus({
    ...definition,
    status: { ...definition.status, acceptedNames: names, conditions },
  } as CustomResourceDefinition);
  await cluster.quiet();
  expect(catalog.byKind('example.com', 'Thing')).toMatchObject({ version: 'v1', resource: 'things', custom: true });
  expect(changes).toBe(1);
  const resource = cluster.client.resource(customresourcedefinitions);
  await resource.delete('', name);
  // Nobody empties the resource here.
  await resource.patch('', name, { type: 'merge', body: { metadata: { finalizers: null } } });
  await cluster.quiet();
  expect(catalog.byKind('example.com', 'Thing')).toBeUndefined();
  expect(changes).toBe(2);
});
