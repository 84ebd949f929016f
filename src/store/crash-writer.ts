import { writeSync } from 'node:fs';
import { realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { LmdbStore } from './lmdb.ts';

/**
 * A process for lmdb.test.ts to kill: writes a few keys over and over, several at a time, and prints "KEY REVISION"
 * for each write that the store has acknowledged, until it is killed or its input ends.
 */
const [path = '', round = ''] = process.argv.slice(2);
const store = await LmdbStore.open({ path, clock: realClock, log: silent, historyMs: 200 });
process.stdin.on('end', () => process.exit()).resume();
writeSync(1, `start ${await store.revision()}\n`);

async function writer(key: string): Promise<void> {
  for (let n = 0; ; n++) {
    const text = `${round} ${n}`;
    const result = await store.txn(
      n % 10 === 9
        ? [{ type: 'delete', key }]
        : [
            { type: 'put', key, value: Buffer.from(text.padEnd(100 + ((n * 37) % 6000))) },
            { type: 'put', key: `${key}/pair`, value: Buffer.from(text) },
          ],
    );
    writeSync(1, `${key} ${result.revision} ${n % 10 === 9 ? 'deleted' : text}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, (_, i) => writer(`/crash/${i}`)));
