import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../utils/clock.ts';
import { parseRequestInfo, type RequestInfo } from '../http/request-info.ts';
import { PriorityLevel } from './level.ts';
import { FairnessMetrics } from './metrics.ts';
import { dealHand, flowHash } from './shuffle-sharding.ts';
import { Ticket } from './ticket.ts';

let clock: FakeClock;
let level: PriorityLevel;
beforeEach(() => {
  clock = new FakeClock();
});

const info = parseRequestInfo('GET', '/api/v1/pods', undefined) as RequestInfo;
const lane = () => new FairnessMetrics().lane('schema', 'level', {});

/** A level with so many seats; queues of two requests, and hands of one queue where there are several. */
function levelOf(seats: number, queues: number): PriorityLevel {
  const limitResponse =
    queues === 0 ? { type: 'Reject' } : { type: 'Queue', queuing: { queues, handSize: 1, queueLengthLimit: 2 } };
  const made = new PriorityLevel('level', clock);
  made.configure({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'level', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: { type: 'Limited', limited: { limitResponse } },
    status: {},
  });
  made.apply(seats);
  return made;
}

function start(flow: string, initialSeats = 1, finalSeats = 0, lingersMs = 0): Ticket {
  const user = { name: flow, groups: [] };
  const ticket = new Ticket(lane(), level, info, user, flow, { initialSeats, finalSeats, lingersMs });
  level.requests.start(ticket);
  return ticket;
}
const states = (...tickets: Ticket[]) => tickets.map(({ state }) => state);

/** Flows of two queues that are not the same. */
function twoFlows(queues: number): [string, string] {
  const queueOf = (flow: string) => dealHand(flowHash('schema', flow), queues, 1)[0];
  for (let i = 0; ; i++) if (queueOf('a') !== queueOf(`b${i}`)) return ['a', `b${i}`];
}

describe('a level that rejects', () => {
  test('has no more requests than seats', () => {
    level = levelOf(2, 0);
    const [a, b, c] = [start('a'), start('a'), start('b')];
    expect(states(a, b, c)).toEqual(['executing', 'executing', 'rejected']);
    level.requests.finish(a);
    expect(start('b').state).toBe('executing');
  });

  test('lets one that is too wide for it go alone', () => {
    level = levelOf(2, 0);
    const wide = start('a', 5);
    expect(wide.state).toBe('executing');
    expect(start('a').state).toBe('rejected');
    level.requests.finish(wide);
    expect(start('a').state).toBe('executing');
    expect(start('a', 5).state).toBe('rejected');
  });
});

describe('a level with queues', () => {
  test('lets requests wait, and turns away what finds its queue full', () => {
    level = levelOf(1, 1);
    const [a, b, c, d] = [start('a'), start('a'), start('a'), start('a')];
    expect(states(a, b, c, d)).toEqual(['executing', 'waiting', 'waiting', 'rejected']);
    level.requests.finish(a);
    expect(states(b, c)).toEqual(['executing', 'waiting']);
    level.requests.finish(b);
    level.requests.finish(c);
    expect(level.requests.idle).toBe(true);
    expect(level.requests.seatsInUse).toBe(0);
  });

  test('lets flows take turns, however much one of them wants', async () => {
    const [greedy, modest] = twoFlows(8);
    level = levelOf(1, 8);
    const first = start(greedy);
    const [g1, g2] = [start(greedy), start(greedy)];
    await clock.advance(10);
    const m1 = start(modest);
    // The greedy flow has had ten milliseconds of the one seat.
    level.requests.finish(first);
    expect(states(g1, g2, m1)).toEqual(['waiting', 'waiting', 'executing']);
    await clock.advance(10);
    level.requests.finish(m1);
    expect(states(g1, g2)).toEqual(['executing', 'waiting']);
  });

  test('gives seats up for a wide request before others go', () => {
    level = levelOf(3, 1);
    const [a, b] = [start('a'), start('a')];
    const wide = start('a', 3);
    const narrow = start('a');
    expect(states(wide, narrow)).toEqual(['waiting', 'waiting']);
    level.requests.finish(a);
    expect(wide.state).toBe('waiting');
    level.requests.finish(b);
    expect(states(wide, narrow)).toEqual(['executing', 'waiting']);
  });

  test('keeps seats for what watchers are sent after a write', async () => {
    level = levelOf(4, 1);
    const write = start('a', 1, 4, 5);
    const next = start('a');
    expect(states(write, next)).toEqual(['executing', 'waiting']);
    level.requests.finish(write);
    await clock.advance(4);
    expect(next.state).toBe('waiting');
    await clock.advance(1);
    expect(next.state).toBe('executing');
    level.requests.finish(next);
    // Wider than the level: as much work, on fewer seats for longer.
    const wide = start('a', 1, 8, 5);
    level.requests.finish(wide);
    await clock.advance(9);
    expect(level.requests.seatsInUse).toBe(4);
    await clock.advance(1);
    expect(level.requests.seatsInUse).toBe(0);
  });

  test('forgets who gave up waiting', () => {
    level = levelOf(1, 1);
    const [a, b, c] = [start('a'), start('a'), start('a')];
    let told = 0;
    b.onDecision = () => told++;
    level.requests.cancel(b);
    expect([b.state, told]).toEqual(['rejected', 1]);
    level.requests.finish(a);
    expect(c.state).toBe('executing');
    expect(level.requests.totals).toEqual({ dispatched: 2, rejected: 1, cancelled: 1 });
  });

  test('uses more seats at once when it gets them, and takes queues away when they are empty', () => {
    level = levelOf(1, 4);
    const tickets = ['a', 'b', 'c'].map((flow) => start(flow));
    level.apply(3);
    expect(states(...tickets)).toEqual(['executing', 'executing', 'executing']);
    level.requests.configure({ queues: 1, handSize: 1, lengthLimit: 2 }, 3);
    for (const ticket of tickets) level.requests.finish(ticket);
    expect(level.requests.queues.length).toBe(1);
    expect(start('a').state).toBe('executing');
  });
});

test('hands are dealt as v1.36 deals them: no queue twice, all of the deck', () => {
  // 2 + 8 * (5 + 7 * (0 + 6 * 3)): places 2, 5, 0 and 3 among what is left.
  expect(dealHand(BigInt(2 + 8 * (5 + 7 * (0 + 6 * 3))), 8, 4)).toEqual([2, 6, 0, 5]);
  for (let flow = 0; flow < 200; flow++) {
    const hand = dealHand(flowHash('s', String(flow)), 16, 4);
    expect(new Set(hand).size).toBe(4);
    expect(hand.every((card) => card >= 0 && card < 16)).toBe(true);
  }
});
