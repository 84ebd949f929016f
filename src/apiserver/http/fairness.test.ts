import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { Fairness } from '../flowcontrol/fairness.ts';
import { ask, TestServer } from './test-server.ts';

let clock: FakeClock;
let server: TestServer;
let fairness: Fairness;
const path = '/api/v1/namespaces/ns/configmaps/a';
const meta = (name: string) => ({ name, uid: `uid-of-${name}`, resourceVersion: '1', creationTimestamp: '' });
const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';

/** A level with a seat for each of two users, and a queue of one request. */
const level: PriorityLevelConfiguration = {
  apiVersion,
  kind: 'PriorityLevelConfiguration',
  metadata: meta('few'),
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 5,
      borrowingLimitPercent: 0,
      limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 1 } },
    },
  },
  status: {},
};
const schema: FlowSchema = {
  apiVersion,
  kind: 'FlowSchema',
  metadata: meta('users'),
  spec: {
    matchingPrecedence: 10,
    priorityLevelConfiguration: { name: 'few' },
    rules: [
      {
        subjects: [{ kind: 'Group', group: { name: 'users' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
      },
    ],
  },
  status: {},
};

let asked = 0;
const stuck: (() => void)[] = [];
const underWay = (count: number) => expect.poll(() => asked).toBe(count);

beforeEach(async () => {
  clock = new FakeClock();
  asked = 0;
  stuck.length = 0;
  fairness = new Fairness({ clock, seats: 4 });
  fairness.configure([level], [schema]);
  server = await TestServer.start({
    clock,
    fairness,
    limits: { shutdownMs: 100 },
    authenticate: ({ headers }) => ({
      name: 'someone',
      groups: headers['user-agent'] === 'admin' ? ['system:masters'] : ['users', 'system:authenticated'],
    }),
  });
  server.core.get = () => {
    asked++;
    return new Promise((_, reject) => stuck.push(() => reject(new Error('enough'))));
  };
});
afterEach(async () => {
  fairness.close();
  for (const end of stuck) end();
  await server.stop();
});

test('answers name what they were matched with; requests wait for seats, then for nothing', async () => {
  const session = server.session();
  const held = [ask(session, 'GET', path), ask(session, 'GET', path)];
  await underWay(2);
  const queued = ask(session, 'GET', path);
  await expect.poll(() => fairness.levels.find(({ name }) => name === 'few')?.requests.waiting).toBe(1);
  const refused = await ask(session, 'GET', path);
  expect(refused.status).toBe(429);
  expect(refused.body.toString()).toBe('Too many requests, please try again later.\n');
  expect(refused.headers['retry-after']).toBe('1');
  expect(refused.headers['x-kubernetes-pf-flowschema-uid']).toBe('uid-of-users');
  expect(refused.headers['x-kubernetes-pf-prioritylevel-uid']).toBe('uid-of-few');
  const overHttp1 = await server.http1('GET', path);
  expect([overHttp1.status, overHttp1.headers['x-kubernetes-pf-flowschema-uid']]).toEqual([429, 'uid-of-users']);

  // Those who administer the cluster do not wait.
  const admin = ask(session, 'GET', path, { 'user-agent': 'admin' });
  await underWay(3);
  stuck[0]?.();
  await underWay(4);
  for (const end of stuck) end();
  expect((await Promise.all([...held, queued, admin])).map(({ status }) => status)).toEqual([500, 500, 500, 500]);
});

test('nobody waits longer than a quarter of their time, and who has gone waits no more', async () => {
  const session = server.session();
  const held = [ask(session, 'GET', path), ask(session, 'GET', path)];
  await underWay(2);
  const waiting = () => fairness.levels.find(({ name }) => name === 'few')?.requests.waiting;
  const queued = ask(session, 'GET', path);
  await expect.poll(waiting).toBe(1);
  await clock.advance(14_999);
  expect(waiting()).toBe(1);
  await clock.advance(1);
  expect((await queued).status).toBe(429);
  const short = ask(session, 'GET', `${path}?timeout=4s`);
  await expect.poll(waiting).toBe(1);
  await clock.advance(1_000);
  expect((await short).status).toBe(429);
  const gone = server.session();
  const left = ask(gone, 'GET', path).catch(() => undefined);
  await expect.poll(waiting).toBe(1);
  gone.destroy();
  await left;
  await expect.poll(waiting).toBe(0);
  for (const end of stuck) end();
  await Promise.all(held);
  expect(asked).toBe(2);
});

test('a watch has its seats only until it has begun', async () => {
  const session = server.session();
  const watches = Array.from({ length: 5 }, () => session.request({ ':path': '/api/v1/configmaps?watch=1' }));
  const answers = watches.map((watch) => {
    watch.on('error', () => {});
    return new Promise<Record<string, unknown>>((resolve) => watch.once('response', resolve));
  });
  for (const headers of await Promise.all(answers)) {
    expect(headers['x-kubernetes-pf-flowschema-uid']).toBe('uid-of-users');
  }
  expect(fairness.levels.find(({ name }) => name === 'few')?.requests.seatsInUse).toBe(0);
});

test('what is going on is shown as v1.36 shows it', async () => {
  const held = server.http2('GET', path);
  await underWay(1);
  const show = async (name: string) => {
    const answer = await server.http2('GET', `/debug/api_priority_and_fairness/${name}`, { 'user-agent': 'admin' });
    return answer.body.toString().split('\n');
  };
  const levels = await show('dump_priority_levels');
  expect(levels[0]).toBe(
    'PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests',
  );
  expect(levels.find((line) => line.startsWith('few'))).toBe(
    'few,               0,            false,  false,       0,               1,                 1,                  0,                0,                0',
  );
  expect((await show('dump_queues'))[1]).toMatch(/^few, +0, +0, +1, +1, +0\.\d{8}ss, +0, +0, +0\.00000000ss$/);
  const requests = await show('dump_requests?includeRequestDetails=1');
  expect(requests.find((line) => line.startsWith('few'))).toMatch(
    /^few, +users, +0, +-1, +, +2026-01-01T00:00:00Z, +1, +0, +0s, +2026-01-01T00:00:00Z, someone, +get, +\/api\/v1\/namespaces\/ns\/configmaps\/a, +ns, +a, +v1, +configmaps, *$/,
  );
  for (const end of stuck) end();
  await held;
});

describe('a server that stops', () => {
  test('answers all that it has accepted, over both protocols', async () => {
    const session = server.session();
    const held = [
      ask(session, 'GET', path, { 'user-agent': 'admin' }),
      server.http1('GET', path, { 'user-agent': 'admin' }),
    ];
    await underWay(2);
    const closed = server.server.close();
    // Longer than connections without requests are waited for.
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const end of stuck) end();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([500, 500]);
    session.close();
    await closed;
  });

  test('tells newcomers to come again, where it is asked to', async () => {
    await server.stop();
    server = await TestServer.start({ limits: { shutdownMs: 100, shutdownSendsRetryAfter: true } });
    server.core.get = () => {
      asked++;
      return new Promise((_, reject) => stuck.push(() => reject(new Error('enough'))));
    };
    const held = server.http2('GET', path);
    await underWay(1);
    const closed = server.server.close();
    const refused = await server.http1('GET', path);
    expect([refused.status, refused.headers['retry-after'], refused.headers.connection]).toEqual([429, '5', 'close']);
    expect(refused.body.toString()).toBe('The apiserver is shutting down, please try again later.\n');
    expect((await server.http2('GET', '/livez')).status).toBe(200);
    for (const end of stuck) end();
    expect((await held).status).toBe(500);
    await closed;
  });
});

test('connections from one address are bounded; the others are served', async () => {
  await server.stop();
  server = await TestServer.start({ limits: { shutdownMs: 100, connectionsPerAddress: 2 } });
  const [first, second] = [server.session(), server.session()];
  expect((await ask(first, 'GET', '/livez')).status).toBe(200);
  expect((await ask(second, 'GET', '/livez')).status).toBe(200);
  const third = server.session();
  await expect(new Promise((_, reject) => third.once('error', reject))).rejects.toThrow();
  expect((await ask(first, 'GET', '/livez')).status).toBe(200);
  second.close();
  await expect.poll(async () => (await server.http2('GET', '/livez').catch(() => undefined))?.status).toBe(200);
});

test('clients over HTTP/2 are asked to connect anew now and then', async () => {
  await server.stop();
  server = await TestServer.start({ limits: { shutdownMs: 100, goawayChance: 1 } });
  const session = server.session();
  const away = new Promise((resolve) => session.once('goaway', resolve));
  expect((await ask(session, 'GET', '/livez')).status).toBe(200);
  expect(await away).toBe(0);
});
