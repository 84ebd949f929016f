import { describe, expect, test } from 'vitest';
import { configmaps, pods } from '../api/core/v1.gen.ts';
import { ApiError } from '../api/errors.ts';
import { coreFixture } from '../testing/core-fixture.ts';
import { settle } from '../utils/clock.ts';
import { MAX_QUEUED } from './cache/watcher.ts';

const map = (name: string, labels?: Record<string, string>, data?: Record<string, string>) => ({
  metadata: { name, labels },
  data,
});

describe('watch', () => {
  test('from now: the present state first, then every change', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    await maps.create('one', map('b'));
    await maps.create('one', map('a'));
    const all = await f.watch('configmaps', '');
    const one = await f.watch('configmaps', 'one');
    const two = await f.watch('configmaps', 'two');
    expect(await all.take()).toEqual(['ADDED a 3', 'ADDED b 2']);
    await maps.create('two', map('c'));
    await maps.delete('one', 'a');
    expect(await all.take()).toEqual(['ADDED c 4', 'DELETED a 5']);
    expect(await one.take()).toEqual(['ADDED a 3', 'ADDED b 2', 'DELETED a 5']);
    expect(await two.take()).toEqual(['ADDED c 4']);
  });

  test('all watchers of an event share its bytes and object', async () => {
    await using f = coreFixture();
    const [first, second] = [await f.watch('configmaps', ''), await f.watch('configmaps', 'one')];
    const made = await f.client.resource(configmaps).create('one', map('a'));
    await settle();
    expect(first.stored[0]).toBe(second.stored[0]);
    expect(first.stored[0]?.object).toBe(made);
    expect(Object.isFrozen(made.metadata)).toBe(true);
    expect(JSON.parse(String(first.stored[0]?.json))).toEqual(made);
    expect(String(first.stored[0]?.json)).toMatch(
      /^\{"kind":"ConfigMap","apiVersion":"v1","metadata":\{"name":"a","namespace":"one","uid":"[0-9a-f-]+","resourceVersion":"\d+","creation/,
    );
  });

  test('from a revision: what came after it, from memory and from the store', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    for (const name of ['a', 'b', 'c']) await maps.create('one', map(name));
    // The cache is first read here, and remembers nothing older.
    const old = await f.watch('configmaps', 'one', { resourceVersion: '2' });
    const recent = await f.watch('configmaps', 'one', { resourceVersion: '4' });
    await maps.create('one', map('d'));
    expect(await old.take()).toEqual(['ADDED b 3', 'ADDED c 4', 'ADDED d 5']);
    expect(await recent.take()).toEqual(['ADDED d 5']);
  });

  test('of a namespace shows nothing of another: from memory, and by the name of an object', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    await maps.create('one', map('x'));
    await (await f.watch('configmaps', '')).take();
    await maps.create('two', map('x'));
    const recent = await f.watch('configmaps', 'one', { resourceVersion: '2' });
    const named = await f.watch('configmaps', 'one', { fieldSelector: 'metadata.name=x', resourceVersion: '2' });
    const everywhere = await f.watch('configmaps', '', { fieldSelector: 'metadata.name=x', resourceVersion: '2' });
    const chosen = await f.watch('configmaps', '', { fieldSelector: 'metadata.namespace=one', resourceVersion: '2' });
    await maps.delete('two', 'x');
    await maps.delete('one', 'x');
    for (const watch of [recent, named, chosen]) expect(await watch.take()).toEqual(['DELETED x 5']);
    expect(await everywhere.take()).toEqual(['ADDED x 3', 'DELETED x 4', 'DELETED x 5']);
  });

  test('from a compacted revision: 410, with both revisions', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    for (const name of ['a', 'b', 'c']) await maps.create('one', map(name));
    await f.store.compact(3);
    const told = await f.watch('configmaps', 'one', { resourceVersion: '2' }).then(
      async (recorder) => {
        await settle();
        return recorder.error;
      },
      (error: unknown) => error,
    );
    expect(told).toBeInstanceOf(ApiError);
    expect((told as ApiError).status).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: 'too old resource version: 2 (3)',
    });
  });

  test('selectors: objects come into sight and leave it', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const watch = await f.watch('configmaps', 'one', { labelSelector: 'on=yes' });
    await maps.create('one', map('x', { on: 'no' }));
    const label = (on: string) => maps.patch('one', 'x', { type: 'merge', body: { metadata: { labels: { on } } } });
    await label('yes');
    await maps.patch('one', 'x', { type: 'merge', body: { data: { a: 'b' } } });
    await label('no');
    expect(await watch.take()).toEqual(['ADDED x 3', 'MODIFIED x 4', 'DELETED x 5']);
    const gone = watch.stored.at(-1);
    expect(gone?.object.metadata.labels).toEqual({ on: 'yes' });
    expect(JSON.parse(String(gone?.json))).toEqual(gone?.object);
    await maps.delete('one', 'x');
    expect(await watch.take()).toEqual([]);
    const past = await f.watch('configmaps', 'one', { labelSelector: 'on=yes', resourceVersion: '2' });
    expect(await past.take()).toEqual(['ADDED x 3', 'MODIFIED x 4', 'DELETED x 5']);
  });

  test('field selectors reach those who ask for the value, before and after a change', async () => {
    const strategies = {
      pods: {
        selectableFields: (pod: object) => ({
          'spec.nodeName': String(Reflect.get(Reflect.get(pod, 'spec'), 'nodeName') ?? ''),
        }),
      },
    };
    await using f = coreFixture({ strategies });
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const free = await f.watch('pods', '', { fieldSelector: 'spec.nodeName=' });
    const node = await f.watch('pods', '', { fieldSelector: 'spec.nodeName=n1' });
    const other = await f.watch('pods', '', { fieldSelector: 'spec.nodeName=n2' });
    const named = await f.watch('pods', 'one', { fieldSelector: 'metadata.name=p' });
    await f.client.resource(pods).create('one', pod);
    const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } };
    await f.client.resource(pods).createSubresource('one', 'p', 'binding', binding);
    expect(await free.take()).toEqual(['ADDED p 2', 'DELETED p 3']);
    expect(await node.take()).toEqual(['ADDED p 3']);
    expect(await other.take()).toEqual([]);
    expect(await named.take()).toEqual(['ADDED p 2', 'MODIFIED p 3']);
    await expect(f.watch('pods', '', { fieldSelector: 'nonsense=1' })).rejects.toThrow(
      'field label not supported: nonsense',
    );
  });

  test('bookmarks: after the initial events, every minute, and at the end', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    await maps.create('one', map('a'));
    const watch = await f.watch('configmaps', 'one', {
      allowWatchBookmarks: true,
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      timeoutSeconds: 90,
    });
    expect(await watch.take()).toEqual(['ADDED a 2', 'BOOKMARK  2']);
    expect(watch.stored.at(-1)?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    await maps.create('two', map('elsewhere'));
    await f.clock.advance(60_000);
    expect(await watch.take()).toEqual(['BOOKMARK  3']);
    await f.clock.advance(30_000);
    expect(await watch.take()).toEqual(['BOOKMARK  3']);
    expect(watch.ended).toBe(true);
    expect(watch.error).toBeUndefined();
    expect(f.clock.pending).toBeLessThanOrEqual(1);
  });

  test('without a time-out a watch lasts between half an hour and an hour', async () => {
    await using f = coreFixture();
    const watch = await f.watch('configmaps', '');
    await f.clock.advance(30 * 60_000 - 1);
    expect(watch.ended).toBe(false);
    await f.clock.advance(30 * 60_000);
    expect(watch.ended).toBe(true);
  });

  test('a reader that pauses gets everything later, and is cut off when it waits too long', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const patient = await f.watch('configmaps', '');
    const stuck = await f.watch('configmaps', '');
    patient.session?.pause();
    stuck.session?.pause();
    await maps.create('one', map('a'));
    expect(await patient.take()).toEqual([]);
    patient.session?.resume();
    expect(await patient.take()).toEqual(['ADDED a 2']);
    for (let i = 0; i <= MAX_QUEUED; i++) await maps.create('one', map(`n${i}`));
    expect(stuck.ended).toBe(true);
    expect(patient.ended).toBe(false);
  });

  test('a handler that throws ends its own watch only', async () => {
    await using f = coreFixture();
    const calm = await f.watch('configmaps', '');
    const wild = await f.watch('configmaps', '');
    wild.event = () => {
      throw new Error('no');
    };
    await f.client.resource(configmaps).create('one', map('a'));
    expect(await calm.take()).toEqual(['ADDED a 2']);
    expect(wild.ended).toBe(true);
  });

  test('stopping is heard once, and aborting the request stops', async () => {
    await using f = coreFixture();
    const watch = await f.watch('configmaps', '');
    watch.session?.stop();
    expect(watch.ended).toBe(true);
    await f.client.resource(configmaps).create('one', map('a'));
    expect(await watch.take()).toEqual([]);
  });
});
