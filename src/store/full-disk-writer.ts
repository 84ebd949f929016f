import { once } from 'node:events';
import { realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { LmdbStore } from './lmdb.ts';
import { type Change, StoreUnavailableError, type TxnResult } from './store.ts';

/**
 * A process for lmdb.test.ts, run with a limit to the size of its files: writes until the store cannot, prints what
 * it finds then as a line of JSON, and, when it is told that there is room again, what it finds after that.
 */
const store = await LmdbStore.open({ path: process.argv[2] ?? '', clock: realClock, log: silent });
const seen: number[] = [];
store.watch('/', '0', 0, { changes: (changes: readonly Change[]) => seen.push(...changes.map((c) => c.revision)) });
const value = Buffer.alloc(100_000, 'x');

let acknowledged: TxnResult[] = [];
let errors: unknown[] = [];
for (let round = 0; errors.length === 0; round++) {
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => store.txn([{ type: 'put', key: `/full/${round}/${i}`, value }])),
  );
  acknowledged = [...acknowledged, ...results.filter((r) => r.status === 'fulfilled').map((r) => r.value)];
  errors = results.filter((r) => r.status === 'rejected').map((r) => r.reason);
}
await report();
await once(process.stdin, 'data');
errors = [];
acknowledged.push(await store.txn([{ type: 'put', key: '/after', value }]));
await report();
await store.close();
process.stdin.destroy();

async function report(): Promise<void> {
  const found = {
    acknowledged: acknowledged.map((r) => r.revision),
    seen,
    keys: (await store.range('/', '0', { keysOnly: true })).items.map((i) => i.modRevision),
    revision: await store.revision(),
    unavailable: errors.filter((e) => e instanceof StoreUnavailableError).length,
    otherErrors: errors.filter((e) => !(e instanceof StoreUnavailableError)).map(String),
  };
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
