import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { prioritySort } from '../plugins/priority-sort.ts';
import { makePod } from '../testing.ts';
import { SchedulingQueue } from './scheduling-queue.ts';

let clock: FakeClock;
let queue: SchedulingQueue;
let ready: number;
const gated = new Set<string>();

beforeEach(() => {
  clock = new FakeClock();
  ready = 0;
  gated.clear();
  queue = new SchedulingQueue({
    clock,
    less: prioritySort.less,
    mayEnter: (pod) => !gated.has(pod.metadata.uid),
    events: new Map([['Fit', new Set(['AssignedPod/Delete', 'Node/Add'] as const)]]),
    onReady: () => ready++,
  });
});

const pod = (name: string, priority = 0): Pod => makePod({ name, priority });
const popName = () => queue.pop()?.pod.metadata.name;

describe('the scheduling queue', () => {
  it('gives pods by priority, then by age', async () => {
    queue.add(pod('first'));
    await clock.advance(1);
    queue.add(pod('second'));
    queue.add(pod('urgent', 10));
    expect([popName(), popName(), popName(), popName()]).toEqual(['urgent', 'first', 'second', undefined]);
  });

  it('keeps a refused pod until an event that its plugin waits for, and then for its backoff', async () => {
    queue.add(pod('a'));
    const item = queue.pop();
    if (item) queue.addUnschedulable(item, new Set(['Fit']));
    queue.onEvent('Node/UpdateLabel');
    expect(queue.pending()).toMatchObject({ unschedulable: 1, backoff: 0 });
    queue.onEvent('Node/Add');
    expect(queue.pending()).toMatchObject({ unschedulable: 0, backoff: 1 });
    await clock.advance(999);
    expect(popName()).toBeUndefined();
    await clock.advance(1);
    expect(popName()).toBe('a');
  });

  it('doubles the backoff up to ten seconds', async () => {
    queue.add(pod('a'));
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      const item = queue.pop();
      if (!item) throw new Error('nothing to pop');
      queue.addUnschedulable(item, new Set(['Fit']));
      queue.onEvent('Node/Add');
      let waited = 0;
      while (queue.active === 0) {
        await clock.advance(1000);
        waited += 1000;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it('does not lose an event that comes while the pod is being tried', () => {
    queue.add(pod('a'));
    const item = queue.pop();
    queue.onEvent('Node/Add');
    if (item) queue.addUnschedulable(item, new Set(['Fit']));
    expect(queue.pending()).toMatchObject({ backoff: 1, unschedulable: 0 });
  });

  it('tries again after five minutes whatever happens', async () => {
    queue.add(pod('a'));
    const item = queue.pop();
    if (item) queue.addUnschedulable(item, new Set(['Fit']));
    await clock.advance(299_000);
    expect(queue.active).toBe(0);
    await clock.advance(1000);
    expect(popName()).toBe('a');
  });

  it('keeps gated pods out until they change', () => {
    const a = pod('a');
    gated.add(a.metadata.uid);
    queue.add(a);
    expect(queue.pending()).toMatchObject({ active: 0, gated: 1 });
    gated.clear();
    queue.update(a, true);
    expect(popName()).toBe('a');
  });

  it('forgets a pod that is deleted, wherever it is', () => {
    const a = pod('a');
    queue.add(a);
    const item = queue.pop();
    queue.delete(a.metadata.uid);
    if (item) queue.addUnschedulable(item, new Set(['Fit']));
    expect(queue.pending()).toEqual({ active: 0, backoff: 0, unschedulable: 0, gated: 0 });
  });

  it('arms no timer while nothing waits', () => {
    queue.add(pod('a'));
    queue.pop();
    expect(clock.pending).toBe(0);
    expect(ready).toBe(1);
  });
});
