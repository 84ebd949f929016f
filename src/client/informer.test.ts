import { expect, test } from 'vitest';
import { type ConfigMap, configmaps } from '../api/core/v1.gen.ts';
import { errors } from '../api/errors.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import type { ListOptions, ResourceClient, WatchHandler, WatchOptions } from './client.ts';
import { Informer } from './informer.ts';

const map = (name: string, version: number, uid = name): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: 'ns',
    uid,
    resourceVersion: `${version}`,
    creationTimestamp: '',
    labels: { v: `${version % 2}` },
  },
});

/** A server whose every step the test decides. */
class Script {
  items: ConfigMap[] = [];
  version = 10;
  listError: Error | undefined;
  readonly lists: ListOptions[] = [];
  readonly watches: WatchOptions[] = [];
  handler: WatchHandler<ConfigMap> | undefined;
  stopped = 0;

  readonly resource = {
    type: configmaps,
    list: async (_: string, options: ListOptions) => {
      this.lists.push(options);
      if (this.listError) throw this.listError;
      return {
        apiVersion: 'v1',
        kind: 'ConfigMapList',
        metadata: { resourceVersion: `${this.version}` },
        items: this.items,
      };
    },
    watch: (_: string, options: WatchOptions, handler: WatchHandler<ConfigMap>) => {
      this.watches.push(options);
      this.handler = handler;
      return { stop: () => void this.stopped++ };
    },
  } as unknown as ResourceClient<ConfigMap>; // the informer only lists and watches
}

async function start(prepare: (script: Script) => void = () => {}) {
  const clock = new FakeClock();
  const script = new Script();
  prepare(script);
  const informer = new Informer(script.resource, {}, { clock, log: silent, random: () => 0 });
  const told: string[] = [];
  informer.addHandler({
    onAdd: (object, initial) => told.push(`add ${object.metadata.name}${initial ? ' initial' : ''}`),
    onUpdate: (before, object) =>
      told.push(
        `update ${object.metadata.name} ${before.metadata.resourceVersion}->${object.metadata.resourceVersion}`,
      ),
    onDelete: (object) => told.push(`delete ${object.metadata.name}`),
  });
  informer.start();
  await settle();
  return { clock, script, informer, told };
}

test('list, then watch from there', async () => {
  const { script, informer, told } = await start((s) => s.items.push(map('a', 1), map('b', 2)));
  await informer.hasSynced;
  expect(script.lists).toEqual([{ resourceVersion: '0' }]);
  expect(script.watches[0]).toMatchObject({ resourceVersion: '10', allowBookmarks: true, timeoutSeconds: 300 });
  script.handler?.event('MODIFIED', map('a', 11));
  script.handler?.event('DELETED', map('b', 12));
  script.handler?.event('ADDED', map('c', 13));
  script.handler?.event('BOOKMARK', map('', 20));
  expect(told).toEqual(['add a initial', 'add b initial', 'update a 1->11', 'delete b', 'add c']);
  expect(informer.resourceVersion).toBe('20');
  expect(informer.store.list('ns').map((o) => o.metadata.name)).toEqual(['a', 'c']);
  informer.stop();
  expect(script.stopped).toBe(1);
});

test('a watch that ends in the ordinary way goes on from the last version, without a list', async () => {
  const { script, informer } = await start();
  script.handler?.event('ADDED', map('a', 15));
  script.handler?.end();
  await settle();
  expect(script.lists).toHaveLength(1);
  expect(script.watches[1]?.resourceVersion).toBe('15');
  informer.stop();
});

test('a server that ends every watch at once is not asked in a loop', async () => {
  const { script, clock, informer } = await start();
  script.handler?.end();
  await settle();
  expect(script.watches).toHaveLength(1);
  await clock.advance(800);
  expect(script.watches).toHaveLength(2);
  informer.stop();
});

test('after 410 a list brings what was missed: changes, deletions, and a name that is now another object', async () => {
  const { script, clock, informer, told } = await start((s) => s.items.push(map('a', 1), map('b', 2), map('c', 3)));
  told.length = 0;
  script.items = [map('a', 20), map('c', 21, 'other'), map('d', 22)];
  script.version = 30;
  script.handler?.end(errors.expired('too old'));
  await clock.advance(800);
  expect(script.lists[1]).toEqual({});
  expect(told).toEqual(['update a 1->20', 'delete c', 'add c', 'add d', 'delete b']);
  expect(script.watches[1]?.resourceVersion).toBe('30');
  informer.stop();
});

test('a broken connection lists again, not older than what is known, later each time', async () => {
  const { script, clock, informer } = await start();
  script.handler?.end(new Error('gone'));
  script.listError = new Error('refused');
  await clock.advance(800);
  expect(script.lists[1]).toEqual({ resourceVersion: '10' });
  await clock.advance(1599);
  expect(script.lists).toHaveLength(2);
  await clock.advance(1);
  expect(script.lists).toHaveLength(3);
  informer.stop();
});

test('a handler that throws does not keep others from hearing; one added late hears everything', async () => {
  const { script, informer, told } = await start((s) => s.items.push(map('a', 1)));
  informer.addHandler({
    onAdd: () => {
      throw new Error('mine');
    },
  });
  const late: string[] = [];
  const remove = informer.addHandler({ onAdd: (object) => late.push(object.metadata.name) });
  script.handler?.event('ADDED', map('b', 11));
  remove();
  script.handler?.event('ADDED', map('c', 12));
  expect(late).toEqual(['a', 'b']);
  expect(told).toContain('add c');
  informer.stop();
});

test('indices follow changes', async () => {
  const { script, informer } = await start((s) => s.items.push(map('a', 1), map('b', 2)));
  informer.addIndex('parity', (object) => [object.metadata.labels?.v ?? '']);
  const odd = () => informer.store.byIndex('parity', '1').map((o) => o.metadata.name);
  expect(odd()).toEqual(['a']);
  script.handler?.event('MODIFIED', map('b', 11));
  expect(odd()).toEqual(['a', 'b']);
  script.handler?.event('DELETED', map('a', 12));
  expect(odd()).toEqual(['b']);
  expect(() => informer.store.byIndex('none', '')).toThrow('no index named none');
  informer.stop();
});

test('stopping before the first list rejects hasSynced and leaves no timer', async () => {
  const { clock, informer } = await start((s) => (s.listError = new Error('refused')));
  informer.stop();
  await expect(informer.hasSynced).rejects.toThrow('stopped');
  await settle();
  expect(clock.pending).toBe(0);
});
