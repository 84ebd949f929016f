import { setImmediate } from 'node:timers/promises';

/** Long enough that giving way costs little, short enough that nobody waits. */
const SLICE_MS = 5;

/** Runs long work to its end a slice at a time, so that the other requests go on in between. */
export async function inSlices<T>(work: Generator<void, T>): Promise<T> {
  let until = performance.now() + SLICE_MS;
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() < until) continue;
    await setImmediate();
    until = performance.now() + SLICE_MS;
  }
}
