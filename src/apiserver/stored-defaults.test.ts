import { afterEach, beforeEach, expect, test } from 'vitest';
import { deployments } from '../api/apps/v1.gen.ts';
import { model } from '../api/model.ts';
import { MemoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { coreFixture } from '../testing/core-fixture.ts';
import { buildResourceTable } from './resource-table.ts';
import { modelHash, withStoredDefaults } from './stored-defaults.ts';
import { strategies } from './strategies/index.ts';

const resources = buildResourceTable(model, strategies);
const KEY = '/registry/deployments/one/old';
let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});
afterEach(() => store.close());

const put = (key: string, object: object) =>
  store.txn([{ type: 'put', key, value: Buffer.from(JSON.stringify(object)) }]);

/** As a version of Skiff would have written it that knew fewer defaults, and a field that is gone. */
const old = {
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'old', namespace: 'one', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    replicas: 2,
    formerly: { known: true },
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
};

const open = (hash: string): Promise<Store> => withStoredDefaults(store, resources, hash);
const specOf = async (from: Store, revision?: number) =>
  JSON.parse((await from.get(KEY, revision))?.value.toString() ?? '').spec;

test('what an older model wrote has the defaults of the present one, and no field that is gone', async () => {
  await open('older');
  const { revision } = await put(KEY, old);
  const opened = await open('present');
  await using f = coreFixture({ store: opened, strategies });
  const read = await f.client.resource(deployments).get('one', 'old');
  expect(read.metadata.resourceVersion).toBe(String(revision));
  expect(read.spec).toMatchObject({ replicas: 2, progressDeadlineSeconds: 600, revisionHistoryLimit: 10 });
  expect(read.spec.strategy).toEqual({
    type: 'RollingUpdate',
    rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
  });
  expect(read.spec.template.spec?.containers[0]).toMatchObject({ terminationMessagePath: '/dev/termination-log' });
  expect(read.spec).not.toHaveProperty('formerly');
  // Nothing was written for it, and a write is as ever.
  expect(await store.get(KEY)).toMatchObject({ modRevision: revision });
  const updated = await f.client
    .resource(deployments)
    .update({ ...read, metadata: { ...read.metadata, labels: { a: 'b' } } });
  expect(updated.spec.progressDeadlineSeconds).toBe(600);
});

test('lists, the past and failed conditions show it as well', async () => {
  await open('older');
  const { revision } = await put(KEY, old);
  const opened = await open('present');
  await put('/registry/deployments/one/new', { ...old, metadata: { ...old.metadata, name: 'new' } });
  const { items } = await opened.range('/registry/deployments/', '/registry/deployments0');
  const shown = items.map(({ value }) => JSON.parse(value.toString()).spec.progressDeadlineSeconds);
  expect(shown).toEqual([undefined, 600]); // the new one is taken at its word
  expect((await specOf(opened, revision)).progressDeadlineSeconds).toBe(600);
  const refused = await opened.txn([{ type: 'delete', key: KEY, expect: 1_000 }]);
  if (refused.ok) throw new Error('the condition held');
  expect(refused.failed[0]?.current?.value.toString()).toContain('"progressDeadlineSeconds":600');
});

test('a store of the present model is answered as it is, also after a restart', async () => {
  expect(await open('present')).toBe(store);
  await put(KEY, old);
  expect(await open('present')).toBe(store);
});

test('the older objects are known as such after the next restart', async () => {
  await put(KEY, old); // by a version that kept no record
  await open('present');
  expect((await specOf(await open('present'))).revisionHistoryLimit).toBe(10);
});

test('what cannot be read any more does not hide the others', async () => {
  await open('older');
  await put('/registry/deployments/one/broken', { ...old, spec: { replicas: 'many' } });
  await put(KEY, old);
  const opened = await open('present');
  const { items } = await opened.range('/registry/deployments/', '/registry/deployments0');
  expect(items.map(({ value }) => JSON.parse(value.toString()).spec.replicas)).toEqual(['many', 2]);
});

test('the hash of a model is the same as long as the model is', () => {
  expect(modelHash(model)).toBe(modelHash({ ...model }));
  expect(modelHash({ ...model, groups: model.groups.slice(1) })).not.toBe(modelHash(model));
});
