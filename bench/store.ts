/**
 * What the embedded store does by itself: node bench/store.ts [millions of updates for the file test].
 *
 * Writes are made by 128 writers that each wait for their write to be durable, as 128 requests in flight do.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbStore } from '../src/store/lmdb.ts';
import { realClock } from '../src/utils/clock.ts';
import { silent } from '../src/utils/log.ts';

const IN_FLIGHT = 128;
const directory = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'skiff-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;
const rss = (): string => megabytes(process.memoryUsage.rss());
const print = (what: string, value: string): void => console.log(`${what.padEnd(52)} ${value}`);

async function rate(count: number, run: (i: number) => Promise<unknown>): Promise<string> {
  const start = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return `${Math.round((count / (performance.now() - start)) * 1000).toLocaleString('en')}/s`;
}

/** The longest the event loop was held while `run` ran. */
async function longestTurn<T>(run: () => Promise<T>): Promise<{ result: T; ms: number }> {
  let ms = 0;
  let last = performance.now();
  let on = true;
  const tick = () => {
    const now = performance.now();
    ms = Math.max(ms, now - last);
    last = now;
    if (on) setImmediate(tick);
  };
  setImmediate(tick);
  const result = await run();
  on = false;
  return { result, ms };
}

const path = join(directory, 'a');
const store = await LmdbStore.open({ path, clock: realClock, log: silent });
let seen = 0;
for (let i = 0; i < 60; i++) {
  store.watch(`/registry/kind${i}/`, `/registry/kind${i}0`, 0, { changes: () => {}, progress: () => {} });
}
store.watch('/registry/', '/registry0', 0, { changes: (changes) => (seen += changes.length) });

const small = Buffer.alloc(500, 'c');
const pod = Buffer.alloc(7600, 'p');
const podKey = (i: number) => `/registry/pods/default/pod-${i % 5000}`;
const create = (key: string, value: Buffer) => store.txn([{ type: 'put', key, value, expect: 0 }]);
print('memory at start', rss());
print('create 500 B, 128 in flight', await rate(100_000, (i) => create(`/registry/configmaps/default/cm-${i}`, small)));
print('create 7.6 kB, 128 in flight', await rate(20_000, (i) => create(`/registry/pods/default/pod-${i}`, pod)));
print(
  'update 7.6 kB, 128 in flight',
  await rate(20_000, (i) => store.txn([{ type: 'put', key: podKey(i), value: pod }])),
);
if (seen !== 140_000) throw new Error(`the watcher saw ${seen} changes of 140,000`);
print('memory', rss());

let start = performance.now();
for (let i = 0; i < 50; i++) await store.txn([{ type: 'put', key: '/registry/x', value: small }]);
print('one write after the other', `${((performance.now() - start) / 50).toFixed(2)} ms each`);
start = performance.now();
for (let i = 0; i < 200_000; i++) await store.get('/registry/configmaps/default/cm-7');
print('get 500 B', `${(((performance.now() - start) / 200_000) * 1000).toFixed(2)} us`);
start = performance.now();
for (let i = 0; i < 50_000; i++) await store.get('/registry/pods/default/pod-7');
print('get 7.6 kB', `${(((performance.now() - start) / 50_000) * 1000).toFixed(2)} us`);
const list = await longestTurn(() => store.range('/registry/pods/default/pod-1', '/registry/pods/default/pod-5'));
start = performance.now();
const { items } = await store.range('/registry/pods/default/pod-1', '/registry/pods/default/pod-5');
print(
  `range of ${items.length} of 7.6 kB`,
  `${(performance.now() - start).toFixed(0)} ms, longest turn ${list.ms.toFixed(1)} ms`,
);
start = performance.now();
await store.range('/registry/', '/registry0', { limit: 500 });
print('page of 500 with the count of 120,000', `${(performance.now() - start).toFixed(1)} ms`);
const revision = await store.revision();
const compaction = await longestTurn(async () => {
  await store.compact(revision);
  await store.txn([{ type: 'put', key: '/registry/x', value: small }]);
  await new Promise((resolve) => setTimeout(resolve, 3000));
});
print('compaction of 140,000 changes', `longest turn ${compaction.ms.toFixed(1)} ms`);
await store.close();

const millions = Number(process.argv[2] ?? 0);
if (millions > 0) {
  const big = join(directory, 'b');
  const churn = await LmdbStore.open({ path: big, clock: realClock, log: silent });
  const value = (i: number) => small.subarray(0, 300 + (i % 200));
  const updates = await longestTurn(() =>
    rate(millions * 1e6, (i) => churn.txn([{ type: 'put', key: `/k/${(i * 7919) % 1000}`, value: value(i) }])),
  );
  print(`${millions} million updates of 1,000 keys`, `${updates.result}, longest turn ${updates.ms.toFixed(1)} ms`);
  const size = statSync(join(big, 'data.mdb')).size;
  const window = 1000 * 500 + 64 * 1024 * 1024;
  print('the file after', `${megabytes(size)}, ${(size / window).toFixed(2)} times data and history`);
  print('memory', rss());
  await churn.close();
}
