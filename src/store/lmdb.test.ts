import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FakeClock, realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { random, storeConformance } from './conformance.ts';
import { LmdbStore } from './lmdb.ts';
import { CompactedError, type Operation, type Store, type TxnResult } from './store.ts';

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'skiff-store-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'store');
}

storeConformance('LmdbStore', async () => {
  const clock = new FakeClock();
  return { store: await LmdbStore.open({ path: directory(), clock, log: silent }), clock };
});

const put = (key: string, value: string | Buffer, ttlSeconds?: number): Operation => ({
  type: 'put',
  key,
  value: Buffer.from(value),
  ttlSeconds,
});
const del = (key: string): Operation => ({ type: 'delete', key });

async function write(store: Store, ...operations: Operation[]): Promise<number> {
  const result: TxnResult = await store.txn(operations);
  expect(result.ok).toBe(true);
  return result.revision;
}

/** Resolves once the store has deleted or written a key under the prefix, so many times. */
function changes(store: Store, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const watch = store.watch('/', '0', 0, {
      changes: (batch) => {
        left -= batch.length;
        if (left > 0) return;
        watch.stop();
        resolve();
      },
    });
  });
}

describe('LmdbStore', () => {
  test('a read never sees what is not durable', async () => {
    const store = await LmdbStore.open({ path: directory(), clock: new FakeClock(), log: silent });
    onTestFinished(() => store.close());
    const one = await write(store, put('/a', '1'));
    const pending = store.txn([put('/a', '2')]);
    const judged = store.txn([{ type: 'check', key: '/a', expect: one }]);
    expect([await store.revision(), (await store.get('/a'))?.value.toString()]).toEqual([one, '1']);
    expect((await pending).revision).toBe(one + 1);
    const answer = await judged;
    expect(answer.ok).toBe(false);
    if (!answer.ok) expect(answer.failed[0]?.current?.value.toString()).toBe('2');
  });

  test('everything survives a restart: values, history, revisions, the end of history', async () => {
    const path = directory();
    const clock = new FakeClock();
    let store = await LmdbStore.open({ path, clock, log: silent });
    await write(store, put('/a', '1'));
    const two = await write(store, put('/a', '2'), put('/b', '1'));
    await store.compact(two);
    const three = await write(store, put('/a', '3'), del('/b'));
    const four = await write(store, del('/a'));
    await store.compact(three);
    await store.close();

    store = await LmdbStore.open({ path, clock, log: silent });
    onTestFinished(() => store.close());
    expect(await store.revision()).toBe(four);
    expect(store.compactedRevision).toBe(three);
    expect((await store.range('/', '0')).items).toEqual([]);
    expect((await store.range('/', '0', { revision: three })).items.map((i) => `${i.key}=${i.value}`)).toEqual([
      '/a=3',
    ]);
    expect(() => store.watch('/', '0', two, { changes: () => {} })).toThrow(CompactedError);
    const replayed = new Promise<string>((resolve) => {
      store.watch('/', '0', three, {
        changes: ([c]) => resolve(`${c?.revision} ${c?.type} ${c?.key} ${c?.previous?.value}`),
      });
    });
    expect(await replayed).toBe(`${four} delete /a 3`);
    await store.compact(four);
    expect(await write(store, put('/a', '4'))).toBe(four + 1);
  });

  test('keys expire also when their time was over while the store was closed', async () => {
    const path = directory();
    const clock = new FakeClock();
    let store = await LmdbStore.open({ path, clock, log: silent });
    await write(store, put('/soon', '1', 10), put('/late', '1', 100));
    const last = await write(store, put('/stays', '1'));
    await store.close();
    await clock.advance(50_000);
    store = await LmdbStore.open({ path, clock, log: silent });
    onTestFinished(() => store.close());
    const gone = changes(store, 1);
    await clock.advance(0);
    await gone;
    expect((await store.range('/', '0')).items.map((i) => i.key)).toEqual(['/late', '/stays']);
    expect(await store.revision()).toBe(last + 1);
    const alsoGone = changes(store, 1);
    await clock.advance(50_000);
    await alsoGone;
    expect((await store.range('/', '0')).items.map((i) => i.key)).toEqual(['/stays']);
    expect(clock.pending).toBe(1); // the history window
  });

  test('history ends where it is older than it has to be kept', async () => {
    const clock = new FakeClock();
    const path = directory();
    const store = await LmdbStore.open({ path, clock, log: silent, historyMs: 60_000 });
    onTestFinished(() => store.close());
    const old = await write(store, put('/a', '1'));
    await clock.advance(30_000);
    const middle = await write(store, put('/a', '2'));
    await clock.advance(29_000);
    expect((await store.get('/a', old))?.value.toString()).toBe('1');
    await clock.advance(1_000);
    expect(store.compactedRevision).toBe(old);
    await clock.advance(30_000);
    expect(store.compactedRevision).toBe(middle);
    await expect(store.get('/a', old)).rejects.toThrow(CompactedError);
    expect((await store.get('/a', middle))?.value.toString()).toBe('2');
    const last = await write(store, put('/b', '1'));
    await clock.advance(60_000);
    expect(store.compactedRevision).toBe(last);
    // What waits to be forgotten is in the file; an idle store has nothing, and sleeps.
    await store.close();
    const again = await LmdbStore.open({ path, clock, log: silent, historyMs: 60_000 });
    onTestFinished(() => again.close());
    expect(clock.pending).toBe(0);
  });

  test('history is bounded in bytes and the file stays in proportion', async () => {
    const path = directory();
    const historyBytes = 2 * 1024 * 1024;
    const store = await LmdbStore.open({ path, clock: new FakeClock(), log: silent, historyBytes });
    onTestFinished(() => store.close());
    const below = random(5);
    const keys = 200;
    const sizes = new Map<string, number>();
    for (let round = 0; round < 300; round++) {
      await Promise.all(
        Array.from({ length: 100 }, () => {
          const key = `/k/${below(keys)}`;
          const size = 200 + below(2000);
          sizes.set(key, size);
          return write(store, put(key, Buffer.alloc(size)));
        }),
      );
    }
    const live = [...sizes.values()].reduce((a, b) => a + b, 0);
    const written = 300 * 100 * 1200;
    const file = statSync(join(path, 'data.mdb')).size;
    expect(written).toBeGreaterThan(8 * historyBytes);
    expect(file).toBeLessThan(3 * (live + historyBytes));
    expect(store.compactedRevision).toBeGreaterThan(20_000);
    expect((await store.range('/', '0')).items.map((i) => i.value.length).reduce((a, b) => a + b, 0)).toBe(live);
  });

  test('the file is for its owner only', async () => {
    const path = directory();
    const store = await LmdbStore.open({ path, clock: new FakeClock(), log: silent });
    onTestFinished(() => store.close());
    const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
    expect([mode(path), mode(join(path, 'data.mdb')), mode(join(path, 'lock.mdb'))]).toEqual(['700', '600', '600']);
  });

  test('one process at a time: the second is told who has it', async () => {
    const path = directory();
    const child = crashWriter(path, 0);
    await child.line();
    await expect(LmdbStore.open({ path, clock: realClock, log: silent })).rejects.toThrow(
      `in use by process ${child.process.pid}`,
    );
    child.process.kill('SIGKILL');
    await child.exited;
    const store = await LmdbStore.open({ path, clock: realClock, log: silent });
    await expect(LmdbStore.open({ path, clock: realClock, log: silent })).rejects.toThrow(
      `in use by process ${process.pid}`,
    );
    await store.close();
  });

  test('a full disk fails the writes that did not fit, shows nothing of them, and is got over', async () => {
    const path = directory();
    const script = join(import.meta.dirname, 'full-disk-writer.ts');
    const child = started(spawn('prlimit', ['--fsize=20000000:', process.execPath, script, path]));
    const decode = (line: string): Record<string, number[]> => JSON.parse(line);
    const sorted = (list: number[] | undefined) => [...(list ?? [])].sort((a, b) => a - b);

    const full = decode(await child.line());
    expect(full.unavailable).toBeGreaterThan(0);
    expect(full.otherErrors).toEqual([]);
    expect(full.acknowledged?.length).toBeGreaterThan(0);
    expect(full.seen).toEqual(full.acknowledged);
    expect(sorted(full.keys)).toEqual(full.acknowledged);
    expect(full.revision).toBe(full.acknowledged?.at(-1));

    const freed = spawn('prlimit', ['--fsize=unlimited:', `--pid=${child.process.pid}`], { stdio: 'inherit' });
    await new Promise((resolve) => freed.once('exit', resolve));
    child.process.stdin?.write('go on\n');
    const after = decode(await child.line());
    expect(after.unavailable).toBe(0);
    expect(after.acknowledged?.length).toBe((full.acknowledged?.length ?? 0) + 1);
    expect(after.revision).toBe(Number(full.revision) + 1);
    expect(after.seen).toEqual(after.acknowledged);
    expect(sorted(after.keys)).toEqual(after.acknowledged);
    await child.exited;
  });

  test('every acknowledged write is there after a crash, at any moment, and revisions go on', async () => {
    const path = directory();
    const below = random(11);
    let highest = 0;
    for (let round = 1; round <= 20; round++) {
      const child = crashWriter(path, round);
      const lines: string[] = [];
      // Killed after so many acknowledgements, whatever the speed of the machine.
      for (let left = 2 + below(150); left > 0; left--) lines.push(await child.line());
      child.process.kill('SIGKILL');
      lines.push(...(await child.rest()));
      await child.exited;

      const newest = new Map<string, { revision: number; text: string }>();
      for (const line of lines) {
        const [key = '', revision = '', ...text] = line.split(' ');
        if (key === 'start') expect(Number(revision)).toBeGreaterThanOrEqual(highest);
        else newest.set(key, { revision: Number(revision), text: text.join(' ') });
      }
      const store = await LmdbStore.open({ path, clock: realClock, log: silent });
      try {
        for (const [key, { revision, text }] of newest) {
          highest = Math.max(highest, revision);
          const kv = await store.get(key);
          // A later write of the same key may be durable without having been acknowledged.
          if ((kv?.modRevision ?? 0) > revision) continue;
          if (text === 'deleted') expect(kv).toBeUndefined();
          else if (kv) {
            expect([kv.modRevision, kv.value.toString().trimEnd()]).toEqual([revision, text]);
            expect((await store.get(`${key}/pair`))?.modRevision).toBe(revision);
          } else expect(await store.revision(), `${key} ${text}`).toBeGreaterThan(revision);
        }
        expect(await store.revision()).toBeGreaterThanOrEqual(highest);
        highest = await store.revision();
      } finally {
        await store.close();
      }
    }
    expect(highest).toBeGreaterThan(100);
  }, 120_000);
});

interface Writer {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  line(): Promise<string>;
  rest(): Promise<string[]>;
}

function crashWriter(path: string, round: number): Writer {
  const script = join(import.meta.dirname, 'crash-writer.ts');
  return started(spawn(process.execPath, [script, path, String(round)]));
}

/** A process that prints lines; it does not outlive the test. */
function started(child: ChildProcessWithoutNullStreams): Writer {
  onTestFinished(() => void child.kill('SIGKILL'));
  let complaints = '';
  child.stderr.on('data', (data) => {
    complaints += data;
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    exited,
    line: async () => {
      const next = await lines.next();
      if (next.done) throw new Error(`the process ended by itself: ${complaints}`);
      return next.value;
    },
    rest: async () => {
      const rest: string[] = [];
      for (let next = await lines.next(); !next.done; next = await lines.next()) rest.push(next.value);
      return rest;
    },
  };
}
