import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { events } from '../api/core/v1.gen.ts';
import { events as newEvents } from '../api/events/v1.gen.ts';
import { LmdbStore } from '../store/lmdb.ts';
import type { Store } from '../store/store.ts';
import { coreFixture } from '../testing/core-fixture.ts';
import { FakeClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { strategies } from './strategies/index.ts';

const MINUTE = 60_000;

/** Resolves when so many keys have been deleted from now on. */
function deletions(store: Store, count: number): Promise<string[]> {
  const gone: string[] = [];
  return new Promise((resolve) => {
    const watch = store.watch('/registry/events/', '/registry/events0', 0, {
      changes: (changes) => {
        for (const { type, key } of changes) if (type === 'delete') gone.push(key.slice(key.lastIndexOf('/') + 1));
        if (gone.length < count) return;
        watch.stop();
        resolve(gone.sort());
      },
    });
  });
}

test('events of both groups go an hour after the last word on them, though the server was away meanwhile', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-events-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const clock = new FakeClock();
  const open = () => LmdbStore.open({ path: join(directory, 'store'), clock, log: silent });
  const about = { kind: 'Pod', namespace: 'one', name: 'p' };
  let store = await open();
  {
    await using f = coreFixture({ store, clock, strategies });
    const old = f.client.resource(events);
    await old.create('one', { metadata: { name: 'old' }, involvedObject: about, reason: 'A', type: 'Normal' });
    await old.create('one', { metadata: { name: 'again' }, involvedObject: about, reason: 'A', type: 'Normal' });
    await f.client.resource(newEvents).create('one', {
      metadata: { name: 'new' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/c',
      reportingInstance: 'c-0',
      action: 'Act',
      reason: 'A',
      type: 'Normal',
      regarding: about,
    });
    await clock.advance(30 * MINUTE);
    await old.patch('one', 'again', { type: 'merge', body: { count: 2 } });
  }
  await store.close();
  await clock.advance(29 * MINUTE);
  store = await open();
  onTestFinished(() => store.close());
  await using f = coreFixture({ store, clock, strategies });
  const names = async () => (await f.client.resource(events).list('one')).items.map(({ metadata }) => metadata.name);
  expect(await names()).toEqual(['again', 'new', 'old']);
  const first = deletions(store, 2);
  await clock.advance(MINUTE + 1);
  expect(await first).toEqual(['new', 'old']);
  expect(await names()).toEqual(['again']);
  const second = deletions(store, 1);
  await clock.advance(30 * MINUTE);
  expect(await second).toEqual(['again']);
  expect((await f.client.resource(newEvents).list('one')).items).toEqual([]);
});
