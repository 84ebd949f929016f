import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { runController } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const make = () => {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ name: 'test', clock }) };
};

test('keys come once, in the order in which they were first added', async () => {
  const { queue } = make();
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
  expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a', 'b', 'c']);
  expect(queue.length).toBe(0);
});

test('a key added while it is worked on comes again when that is done', async () => {
  const { queue } = make();
  queue.add('a');
  await queue.get();
  queue.add('a');
  queue.add('a');
  expect(queue.length).toBe(0);
  queue.done('a');
  expect(queue.length).toBe(1);
});

test('of several delays the first to end counts', async () => {
  const { clock, queue } = make();
  queue.addAfter('a', 1000);
  queue.addAfter('a', 500);
  queue.addAfter('a', 2000);
  await clock.advance(499);
  expect(queue.length).toBe(0);
  await clock.advance(1);
  expect(await queue.get()).toBe('a');
  queue.done('a');
  await clock.advance(10_000);
  expect(queue.length).toBe(0);
});

test('failures in a row wait twice as long each, until forgotten', async () => {
  const { clock, queue } = make();
  for (const ms of [5, 10, 20, 40]) {
    queue.addRateLimited('a');
    await clock.advance(ms - 1);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(await queue.get()).toBe('a');
    queue.done('a');
  }
  expect(queue.numRequeues('a')).toBe(4);
  queue.forget('a');
  queue.addRateLimited('a');
  await clock.advance(5);
  expect(queue.length).toBe(1);
});

test('after a burst of 100 retries all keys together get 10 a second', async () => {
  const { clock, queue } = make();
  for (let i = 0; i < 120; i++) queue.addRateLimited(`k${i}`);
  await clock.advance(5);
  expect(queue.length).toBe(100);
  await clock.advance(995);
  expect(queue.length).toBe(110);
  await clock.advance(1000);
  expect(queue.length).toBe(120);
});

test('shutting down wakes those who wait and forgets what is delayed', async () => {
  const { clock, queue } = make();
  const waiting = queue.get();
  queue.addAfter('a', 1000);
  queue.shutDown();
  expect(await waiting).toBeUndefined();
  expect(clock.pending).toBe(0);
});

test('no two workers ever have the same key, and no addition is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('add a', 'add b', 'add c', 'get', 'done')), async (steps) => {
      const { queue } = make();
      const held: string[] = [];
      const wanted = new Set<string>();
      for (const step of steps) {
        const key = step.slice(4);
        if (step.startsWith('add')) {
          queue.add(key);
          wanted.add(key);
        } else if (step === 'get' && queue.length > 0) {
          const got = (await queue.get()) ?? '';
          expect(held).not.toContain(got);
          held.push(got);
          wanted.delete(got);
        } else if (step === 'done') {
          const done = held.shift();
          if (done) queue.done(done);
        }
      }
      for (const key of held.splice(0)) queue.done(key);
      expect(queue.length).toBe(wanted.size);
    }),
  );
});

test('a failed reconcile is tried again; stop waits for what is running and starts nothing more', async () => {
  const { clock, queue } = make();
  const seen: string[] = [];
  let finish = () => {};
  const controller = runController({
    name: 'test',
    queue,
    workers: 2,
    log: silent,
    reconcile: async (key) => {
      seen.push(key);
      if (key === 'bad' && seen.length < 3) throw new Error('no');
      if (key === 'slow') await new Promise<void>((resolve) => (finish = resolve));
    },
  });
  queue.add('bad');
  await clock.advance(100);
  expect(seen).toEqual(['bad', 'bad', 'bad']);
  expect(queue.numRequeues('bad')).toBe(0);
  queue.add('slow');
  await settle();
  let stopped = false;
  const stop = controller.stop().then(() => (stopped = true));
  queue.add('late');
  await settle();
  expect(stopped).toBe(false);
  finish();
  await stop;
  expect(seen).not.toContain('late');
});
