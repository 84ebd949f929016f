import { describe, expect, onTestFinished, test } from 'vitest';
import type { FakeClock } from '../utils/clock.ts';
import { seededRandom } from '../utils/seeded-random.ts';
import { compareKeys, inRange } from './keys.ts';
import {
  type Change,
  CompactedError,
  FutureRevisionError,
  type KeyValue,
  type Operation,
  prefixEnd,
  type Store,
  type TxnResult,
} from './store.ts';

const v = (text: string): Buffer => Buffer.from(text);
const put = (key: string, text: string, expect?: number): Operation => ({
  type: 'put',
  key,
  value: v(text),
  ...(expect !== undefined && { expect }),
});
const del = (key: string, expect?: number): Operation => ({
  type: 'delete',
  key,
  ...(expect !== undefined && { expect }),
});
const show = (kv: KeyValue | undefined): string =>
  kv ? `${kv.key}=${kv.value} ${kv.createRevision}/${kv.modRevision}/${kv.version}` : 'none';
const tell = (c: Change): string =>
  `${c.revision} ${c.type} ${c.key}${c.current ? `=${c.current.value}` : ''}${c.previous ? ` was ${c.previous.value}` : ''}`;

function ok(result: TxnResult): number {
  if (!result.ok) throw new Error(`condition failed: ${result.failed.map((f) => f.key).join()}`);
  return result.revision;
}

/** Collects what a watch is told, and lets a test wait for a number of changes. */
class Recorder {
  readonly seen: string[] = [];
  readonly progress: number[] = [];
  error: Error | undefined;
  #wake: (() => void)[] = [];
  readonly sink = {
    changes: (changes: readonly Change[]) => {
      this.seen.push(...changes.map(tell));
      this.#run();
    },
    progress: (revision: number) => {
      this.progress.push(revision);
      this.#run();
    },
    ended: (error: Error) => {
      this.error = error;
      this.#run();
    },
  };

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #run(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
  }
}

/** Whole numbers below a bound that look random and are the same each time. */
export function random(seed: number): (below: number) => number {
  const next = seededRandom(seed);
  return (below) => Math.floor(next() * below);
}

/** What every driver of the store contract does alike. `open` gives an empty store with a clock that stands still. */
export function storeConformance(name: string, open: () => Promise<{ store: Store; clock: FakeClock }>): void {
  const fresh = async () => {
    const { store, clock } = await open();
    onTestFinished(() => store.close());
    return { store, clock };
  };

  describe(`${name}: the store contract`, () => {
    test('a write is read back with its revisions', async () => {
      const { store } = await fresh();
      const first = ok(await store.txn([put('/a', '1', 0)]));
      expect(first).toBe((await store.revision()) - 0);
      const second = ok(await store.txn([put('/a', '2')]));
      expect(second).toBe(first + 1);
      expect(show(await store.get('/a'))).toBe(`/a=2 ${first}/${second}/2`);
      expect(await store.get('/b')).toBeUndefined();
      ok(await store.txn([del('/a', second)]));
      expect(await store.get('/a')).toBeUndefined();
      const again = ok(await store.txn([put('/a', '3', 0)]));
      expect(show(await store.get('/a'))).toBe(`/a=3 ${again}/${again}/1`);
    });

    test('an empty value, a binary value and a large value survive', async () => {
      const { store } = await fresh();
      const large = Buffer.alloc(1_500_000, 'x');
      const bytes = Buffer.from([0, 255, 1, 254]);
      ok(
        await store.txn([
          { type: 'put', key: '/empty', value: Buffer.alloc(0) },
          { type: 'put', key: '/large', value: large },
          { type: 'put', key: '/bytes', value: bytes },
        ]),
      );
      expect((await store.get('/empty'))?.value.length).toBe(0);
      expect((await store.get('/large'))?.value.equals(large)).toBe(true);
      expect((await store.get('/bytes'))?.value.equals(bytes)).toBe(true);
    });

    test('a condition that fails changes nothing and says what is there', async () => {
      const { store } = await fresh();
      const first = ok(await store.txn([put('/a', '1')]));
      const result = await store.txn([
        put('/b', 'x'),
        put('/a', '2', 0),
        { type: 'check', key: '/c', expect: 7 },
        del('/d'),
      ]);
      expect(result.ok).toBe(false);
      expect(result.revision).toBe(first);
      if (!result.ok) {
        expect(result.failed.map((f) => `${f.key}: ${show(f.current)}`)).toEqual([
          `/a: /a=1 ${first}/${first}/1`,
          '/c: none',
        ]);
      }
      expect(await store.get('/b')).toBeUndefined();
      expect(await store.revision()).toBe(first);
    });

    test('a transaction has one revision for all of its keys', async () => {
      const { store } = await fresh();
      const first = ok(await store.txn([put('/a', '1'), put('/b', '1')]));
      const second = ok(
        await store.txn([
          { type: 'check', key: '/a', expect: first },
          put('/b', '2', first),
          put('/c', '1', 0),
          del('/x'),
        ]),
      );
      expect(second).toBe(first + 1);
      expect((await store.range('/', '0')).items.map(show)).toEqual([
        `/a=1 ${first}/${first}/1`,
        `/b=2 ${first}/${second}/2`,
        `/c=1 ${second}/${second}/1`,
      ]);
    });

    test('what changes nothing makes no revision', async () => {
      const { store } = await fresh();
      const first = ok(await store.txn([put('/a', '1')]));
      expect(ok(await store.txn([del('/none')]))).toBe(first);
      expect(ok(await store.txn([del('/none', 0), { type: 'check', key: '/a', expect: first }]))).toBe(first);
      expect(ok(await store.txn([]))).toBe(first);
    });

    test('a key may not occur twice, be empty or be endless', async () => {
      const { store } = await fresh();
      await expect(store.txn([put('/a', '1'), del('/a')])).rejects.toThrow('twice');
      await expect(store.txn([put('', '1')])).rejects.toThrow('empty');
      await expect(store.txn([put('x'.repeat(2000), '1')])).rejects.toThrow('bytes');
      expect(await store.get('x'.repeat(5000))).toBeUndefined();
      expect((await store.range('x'.repeat(5000), 'y')).count).toBe(0);
    });

    test('ranges are in byte order, end before their end, and count all', async () => {
      const { store } = await fresh();
      const keys = ['/p/a', '/p/b', '/p/b/c', '/p/ä', '/p/\u{ffff}', '/p/\u{1f600}', '/q'];
      for (const key of [...keys].reverse()) ok(await store.txn([put(key, key)]));
      const all = await store.range('/p/', prefixEnd('/p/'));
      expect(all.items.map((i) => i.key)).toEqual(keys.slice(0, 6));
      expect(all.count).toBe(6);
      const two = await store.range('/p/b', prefixEnd('/p/'), { limit: 2 });
      expect(two.items.map((i) => i.key)).toEqual(['/p/b', '/p/b/c']);
      expect(two.count).toBe(5);
      const counted = await store.range('/', '0', { countOnly: true });
      expect(counted.items).toEqual([]);
      expect(counted.count).toBe(7);
      const names = await store.range('/p/', prefixEnd('/p/'), { keysOnly: true, limit: 1 });
      expect(names.items.map((i) => [i.key, i.value.length, i.version])).toEqual([['/p/a', 0, 1]]);
      expect((await store.range('/x', '/y')).count).toBe(0);
    });

    test('the past can be read until it is compacted', async () => {
      const { store } = await fresh();
      const one = ok(await store.txn([put('/a', '1'), put('/b', '1'), put('/d', '1')]));
      const two = ok(await store.txn([put('/a', '2'), del('/b'), put('/c', '1')]));
      const three = ok(await store.txn([put('/b', '2'), del('/c')]));
      const at = async (revision: number) =>
        (await store.range('/', '0', { revision })).items.map((i) => `${i.key}=${i.value}@${i.modRevision}`);
      expect(await at(one)).toEqual([`/a=1@${one}`, `/b=1@${one}`, `/d=1@${one}`]);
      expect(await at(two)).toEqual([`/a=2@${two}`, `/c=1@${two}`, `/d=1@${one}`]);
      expect(await at(three)).toEqual([`/a=2@${two}`, `/b=2@${three}`, `/d=1@${one}`]);
      const page = await store.range('/b', '0', { revision: one, limit: 1 });
      expect(page.items.map((i) => i.key)).toEqual(['/b']);
      expect([page.count, page.revision]).toEqual([2, one]);
      expect((await store.range('/', '0', { revision: two, countOnly: true })).count).toBe(3);
      expect(show(await store.get('/b', one))).toBe(`/b=1 ${one}/${one}/1`);
      expect(await store.get('/b', two)).toBeUndefined();
      await expect(store.get('/a', three + 1)).rejects.toThrow(FutureRevisionError);

      await store.compact(two);
      expect(store.compactedRevision).toBe(two);
      expect(await at(two)).toEqual([`/a=2@${two}`, `/c=1@${two}`, `/d=1@${one}`]);
      await expect(at(one)).rejects.toThrow(CompactedError);
      await expect(store.get('/a', one)).rejects.toThrow(CompactedError);
      await expect(store.compact(two)).rejects.toThrow(CompactedError);
      await expect(store.compact(three + 1)).rejects.toThrow(FutureRevisionError);
      await store.compact(three);
      expect(await at(three)).toEqual([`/a=2@${two}`, `/b=2@${three}`, `/d=1@${one}`]);
    });

    test('a watch from now sees what follows, with what the writer decoded, before the write resolves', async () => {
      const { store } = await fresh();
      const one = ok(await store.txn([put('/w/a', '1')]));
      const seen: Change[] = [];
      const watch = store.watch('/w/', prefixEnd('/w/'), 0, { changes: (c) => seen.push(...c) });
      const decoded = { hello: 'world' };
      const two = ok(await store.txn([{ type: 'put', key: '/w/a', value: v('2'), decoded }, put('/x', '1')]));
      expect(seen.map(tell)).toEqual([`${two} put /w/a=2 was 1`]);
      expect(seen[0]?.current?.decoded).toBe(decoded);
      expect([seen[0]?.current?.createRevision, seen[0]?.previous?.modRevision]).toEqual([one, one]);
      const three = ok(await store.txn([del('/w/a')]));
      expect(seen.map(tell)[1]).toBe(`${three} delete /w/a was 2`);
      watch.stop();
      ok(await store.txn([put('/w/a', '3')]));
      expect(seen.length).toBe(2);
    });

    test('a watch from the past sees every change once, in order, and goes on with the present', async () => {
      const { store } = await fresh();
      const revisions: number[] = [];
      for (let i = 0; i < 30; i++)
        revisions.push(ok(await store.txn([put(`/w/${i % 3}`, `${i}`), put('/other', `${i}`)])));
      const recorder = new Recorder();
      const watch = store.watch('/w/', prefixEnd('/w/'), revisions[9] ?? 0, recorder.sink);
      expect(recorder.seen).toEqual([]);
      const more = await Promise.all([30, 31, 32].map(async (i) => ok(await store.txn([put('/w/0', `${i}`)]))));
      await recorder.until(() => recorder.seen.length >= 23);
      const expected = [...revisions.slice(10).map((r, i) => `${r} put /w/${(i + 10) % 3}=${i + 10} was ${i + 7}`)];
      expected.push(`${more[0]} put /w/0=30 was 27`, `${more[1]} put /w/0=31 was 30`, `${more[2]} put /w/0=32 was 31`);
      expect(recorder.seen).toEqual(expected);
      watch.stop();
    });

    test('a watch from a compacted revision is refused', async () => {
      const { store } = await fresh();
      const one = ok(await store.txn([put('/a', '1')]));
      const two = ok(await store.txn([put('/a', '2')]));
      const three = ok(await store.txn([del('/a')]));
      await store.compact(two);
      const recorder = new Recorder();
      expect(() => store.watch('/', '0', one, recorder.sink)).toThrow(CompactedError);
      store.watch('/', '0', two, recorder.sink);
      await recorder.until(() => recorder.seen.length > 0);
      expect(recorder.seen).toEqual([`${three} delete /a was 2`]);
    });

    test('a watcher without changes learns how far the store is', async () => {
      const { store } = await fresh();
      const recorder = new Recorder();
      store.watch('/w/', prefixEnd('/w/'), 0, recorder.sink);
      const revision = ok(await store.txn([put('/x', '1')]));
      expect(recorder.progress).toEqual([revision]);
      expect(recorder.seen).toEqual([]);
    });

    test('a watcher that throws loses its watch, nobody else anything', async () => {
      const { store } = await fresh();
      let ended: Error | undefined;
      store.watch('/', '0', 0, {
        changes: () => {
          throw new Error('broken sink');
        },
        ended: (error) => {
          ended = error;
        },
      });
      const recorder = new Recorder();
      store.watch('/', '0', 0, recorder.sink);
      const revision = ok(await store.txn([put('/a', '1')]));
      expect(ended?.message).toBe('broken sink');
      expect(recorder.seen).toEqual([`${revision} put /a=1`]);
    });

    test('close ends watches and refuses everything after', async () => {
      const { store } = await open();
      const recorder = new Recorder();
      store.watch('/', '0', 0, recorder.sink);
      const write = store.txn([put('/a', '1')]);
      await store.close();
      expect((await write).ok).toBe(true);
      expect(recorder.error?.name).toBe('StoreUnavailableError');
      await expect(store.txn([put('/a', '2')])).rejects.toThrow('closed');
      await expect(store.get('/a')).rejects.toThrow('closed');
      expect(() => store.watch('/', '0', 0, recorder.sink)).toThrow('closed');
    });

    test('a key with a time to live is deleted when it is over, by a revision of its own', async () => {
      const { store, clock } = await fresh();
      const recorder = new Recorder();
      store.watch('/', '0', 0, recorder.sink);
      const ttl = (key: string, text: string, ttlSeconds: number): Operation => ({
        type: 'put',
        key,
        value: v(text),
        ttlSeconds,
      });
      const first = ok(await store.txn([ttl('/short', '1', 10), ttl('/renewed', '1', 10), ttl('/kept', '1', 10)]));
      await clock.advance(5_000);
      ok(await store.txn([ttl('/renewed', '2', 10)]));
      ok(await store.txn([put('/kept', '2')]));
      await clock.advance(4_999);
      expect(await store.revision()).toBe(first + 2);
      await clock.advance(1);
      await recorder.until(() => recorder.seen.length >= 6);
      expect(recorder.seen.slice(5)).toEqual([`${first + 3} delete /short was 1`]);
      await clock.advance(5_000);
      await recorder.until(() => recorder.seen.length >= 7);
      expect(recorder.seen.slice(6)).toEqual([`${first + 4} delete /renewed was 2`]);
      await clock.advance(3_600_000);
      expect((await store.range('/', '0')).items.map((i) => i.key)).toEqual(['/kept']);
    });

    test('of writers that race for a key one wins, and revisions come in the order of the calls', async () => {
      const { store } = await fresh();
      const start = await store.revision();
      const results = await Promise.all(Array.from({ length: 50 }, (_, i) => store.txn([put('/a', `${i}`, 0)])));
      expect(results.map((r) => r.ok)).toEqual([true, ...new Array(49).fill(false)]);
      for (const result of results) {
        if (!result.ok) expect(show(result.failed[0]?.current)).toBe(`/a=0 ${start + 1}/${start + 1}/1`);
      }
      const writes = await Promise.all(Array.from({ length: 50 }, (_, i) => store.txn([put(`/b/${i}`, 'x')])));
      expect(writes.map(ok)).toEqual(writes.map((_, i) => start + 2 + i));
      const chain = await Promise.all(
        Array.from({ length: 20 }, (_, i) => store.txn([put('/c', `${i}`, i === 0 ? 0 : start + 51 + i)])),
      );
      expect(chain.every((r) => r.ok)).toBe(true);
      expect((await store.get('/c'))?.version).toBe(20);
    });

    test('a read sees every acknowledged write', async () => {
      const { store } = await fresh();
      const revision = ok(await store.txn([put('/a', '1')]));
      const read = await store.range('/', '0');
      expect([read.revision, read.items.length]).toEqual([revision, 1]);
    });

    for (const seed of [1, 2, 3]) {
      test(`random work gives what a plain model gives (seed ${seed})`, () => modelCheck(seed, fresh));
    }
  });
}

/** Random transactions, some at once, against a model that keeps every state there was. */
async function modelCheck(seed: number, fresh: () => Promise<{ store: Store }>): Promise<void> {
  const { store } = await fresh();
  const below = random(seed);
  const keys = Array.from({ length: 25 }, (_, i) => `/k/${'abc'[i % 3]}/${i}`);
  const key = () => keys[below(keys.length)] ?? '';
  let model = new Map<string, KeyValue>();
  const states = new Map<number, Map<string, KeyValue>>();
  const history: string[] = [];
  let revision = await store.revision();
  let compacted = revision;
  states.set(revision, model);
  const live = new Recorder();
  store.watch('/k/', prefixEnd('/k/'), 0, live.sink);
  const lines = (state: Map<string, KeyValue>, start: string, end: string) =>
    [...state.values()]
      .filter((kv) => inRange(kv.key, start, end))
      .sort((a, b) => compareKeys(a.key, b.key))
      .map(show);

  for (let round = 0; round < 150; round++) {
    const calls = Array.from({ length: 1 + below(6) }, () => {
      const chosen = [...new Set(Array.from({ length: 1 + below(3) }, key))];
      const operations = chosen.map((k): Operation => {
        const right = model.get(k)?.modRevision ?? 0;
        const expect = [undefined, right, right, 0][below(4)];
        const kind = below(10);
        if (kind === 0 && expect !== undefined) return { type: 'check', key: k, expect };
        return kind < 3 ? del(k, expect) : put(k, `${seed}-${round}-${below(1000)}-${'x'.repeat(below(3000))}`, expect);
      });
      // The model judges in the order of the calls, as the store must.
      const holds = operations.every(
        (o) => o.expect === undefined || o.expect === (model.get(o.key)?.modRevision ?? 0),
      );
      const effective = operations.filter((o) => o.type === 'put' || (o.type === 'delete' && model.has(o.key)));
      if (holds && effective.length > 0) {
        revision++;
        const next = new Map(model);
        for (const o of effective) {
          const was = model.get(o.key);
          if (o.type === 'put') {
            const createRevision = was?.createRevision ?? revision;
            const version = (was?.version ?? 0) + 1;
            next.set(o.key, { key: o.key, value: o.value, createRevision, modRevision: revision, version });
            history.push(`${revision} put ${o.key}=${o.value}${was ? ` was ${was.value}` : ''}`);
          } else {
            next.delete(o.key);
            history.push(`${revision} delete ${o.key} was ${was?.value}`);
          }
        }
        model = next;
        states.set(revision, model);
      }
      return { holds, result: store.txn(operations) };
    });
    for (const { holds, result } of calls) expect((await result).ok).toBe(holds);
    expect(await store.revision()).toBe(revision);

    if (below(20) === 0 && revision > compacted) {
      compacted = revision - below(Math.min(revision - compacted, 20));
      await store.compact(compacted);
    }
    const at = below(3) === 0 ? 0 : revision - below(Math.min(revision - compacted + 1, 60));
    const state = states.get(at || revision) ?? model;
    const [start, end] = below(2) ? ['/k/', '/k0'] : ['/k/b/', '/k/c/2'];
    const limit = below(2) * (1 + below(8));
    const all = lines(state, start, end);
    const read = await store.range(start, end, { revision: at, limit });
    expect(read.items.map(show)).toEqual(limit ? all.slice(0, limit) : all);
    expect([read.count, read.revision]).toEqual([all.length, at || revision]);
    const k = key();
    expect(show(await store.get(k, at))).toBe(show(state.get(k)));
  }
  expect(live.seen).toEqual(history);

  const from = Math.max(compacted, revision - 40);
  const late = new Recorder();
  store.watch('/k/', prefixEnd('/k/'), from, late.sink);
  const expected = history.filter((line) => Number.parseInt(line, 10) > from);
  await late.until(() => late.seen.length >= expected.length);
  expect(late.seen).toEqual(expected);
}
