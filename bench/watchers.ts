/**
 * A process of its own for the benchmark's watches, so that reading them does not slow down what writes: opens so
 * many watches, says "ready", and says "done" with the time when they have had so many events together.
 */
import { Client } from './load.ts';

const [url = '', path = '', watchers = '0', events = '0'] = process.argv.slice(2);
const NEWLINE = 10;
const CONNECTIONS = 4;
let left = Number(events);

function count(chunk: Buffer): void {
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) left--;
  if (left > 0) return;
  process.send?.({ done: Date.now() });
}

const clients = Array.from({ length: CONNECTIONS }, () => new Client(url));
await Promise.all(
  Array.from({ length: Number(watchers) }, (_, i) => clients[i % CONNECTIONS]?.follow(`${path}?watch=true`, count)),
);
process.send?.({ ready: true });
process.once('disconnect', () => process.exit());
