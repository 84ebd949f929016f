import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { Registry } from '../../utils/metrics.ts';
import { bootstrapObjects } from '../bootstrap/objects.ts';
import { parseRequestInfo, type RequestInfo } from '../http/request-info.ts';
import type { UserInfo } from '../user.ts';
import { allocate } from './allocation.ts';
import { DroppedRequests } from './dropped-requests.ts';
import { Fairness } from './fairness.ts';
import type { Ticket } from './ticket.ts';

let clock: FakeClock;
let registry: Registry;
let fairness: Fairness;

beforeEach(() => {
  clock = new FakeClock();
  registry = new Registry();
  fairness = new Fairness({
    clock,
    seats: 600,
    registry,
    statistics: ({ resource }) => (resource === 'pods' ? { count: 5000, averageBytes: 2000 } : undefined),
  });
  const { levels, schemas } = defaults();
  fairness.configure(levels, schemas);
});
afterEach(() => fairness.close());

function defaults() {
  const { priorityLevels, flowSchemas } = bootstrapObjects();
  const stored = (object: object, i: number) => {
    const { metadata, ...rest } = object as { metadata: object };
    return { ...rest, metadata: { ...metadata, uid: `uid-${i}`, generation: 1 }, status: {} };
  };
  return {
    levels: priorityLevels.objects.map(stored) as unknown as PriorityLevelConfiguration[],
    schemas: flowSchemas.objects.map(stored) as unknown as FlowSchema[],
  };
}

const authenticated = (name: string, ...groups: string[]): UserInfo => ({
  name,
  groups: [...groups, 'system:authenticated'],
});
const node = authenticated('system:node:n', 'system:nodes');
const account = authenticated('system:serviceaccount:default:x', 'system:serviceaccounts');

function enter(method: string, url: string, user: UserInfo): Ticket {
  const [path = '', search] = url.split('?');
  const query = search === undefined ? undefined : new URLSearchParams(search);
  return fairness.enter(parseRequestInfo(method, path, query) as RequestInfo, user, query);
}

test.each([
  ['GET', '/api/v1/pods', authenticated('admin', 'system:masters'), 'exempt', 'exempt'],
  ['GET', '/healthz', authenticated('someone'), 'probes', 'exempt'],
  ['GET', '/livez/ping', authenticated('someone'), 'probes', 'exempt'],
  ['GET', '/version', authenticated('someone'), 'global-default', 'global-default'],
  ['PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n', node, 'system-node-high', 'node-high'],
  ['PATCH', '/api/v1/nodes/n/status', node, 'system-node-high', 'node-high'],
  ['GET', '/api/v1/pods', node, 'system-nodes', 'system'],
  [
    'PUT',
    '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x',
    authenticated('system:kube-scheduler'),
    'system-leader-election',
    'leader-election',
  ],
  ['GET', '/api/v1/pods', authenticated('system:kube-scheduler'), 'kube-scheduler', 'workload-high'],
  [
    'GET',
    '/api/v1/pods',
    authenticated('system:serviceaccount:kube-system:x', 'system:serviceaccounts'),
    'kube-system-service-accounts',
    'workload-high',
  ],
  ['GET', '/api/v1/pods', account, 'service-accounts', 'workload-low'],
  ['GET', '/api/v1/pods', { name: 'nobody', groups: [] }, 'catch-all', 'catch-all'],
] as const)('%s %s as %o goes by %s to %s', (method, url, user, schema, level) => {
  const { lane } = enter(method, url, user);
  expect([lane.schema, lane.level]).toEqual([schema, level]);
});

test('seats are shared out as v1.36 does with 400 and 200 requests in flight', () => {
  const seats = fairness.levels.map(({ name, nominal, least, most, mostSeats }) => [
    name,
    nominal,
    least,
    most,
    mostSeats,
  ]);
  expect(Object.fromEntries(seats.map(([name, ...rest]) => [name, rest]))).toEqual({
    'catch-all': [13, 13, 613, 0],
    exempt: [0, 0, 600, 0],
    'global-default': [49, 24, 649, 8],
    'leader-election': [25, 25, 625, 4],
    'node-high': [98, 73, 698, 15],
    system: [74, 50, 674, 12],
    'workload-high': [98, 49, 698, 15],
    'workload-low': [245, 24, 845, 37],
  });
});

test('a level that is busy borrows what others lend, and gives it back', async () => {
  const level = () => fairness.levels.find(({ name }) => name === 'global-default');
  const someone = authenticated('someone');
  const tickets = Array.from({ length: 300 }, (_, i) => enter('GET', '/version', { ...someone, name: `u${i}` }));
  const executing = () => tickets.filter(({ state }) => state === 'executing').length;
  const before = executing();
  expect(before).toBeLessThan(70);
  await clock.advance(10_000);
  expect(executing()).toBe(300);
  expect(level()?.current).toBeGreaterThan(300);
  for (let waits = true; waits; ) {
    waits = false;
    for (const ticket of tickets) {
      waits ||= ticket.state === 'waiting';
      fairness.leave(ticket);
    }
  }
  await clock.advance(3_600_000);
  expect(level()?.current).toBe(56);
});

test('wide lists and writes with many watchers take several seats', () => {
  expect(enter('GET', '/api/v1/pods/', account).seats).toBe(10);
  expect(enter('GET', '/api/v1/pods?limit=100', account).seats).toBe(2);
  expect(enter('GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', account).seats).toBe(1);
  expect(enter('GET', '/api/v1/secrets', account).seats).toBe(1);
  expect(enter('GET', '/api/v1/pods?watch=1', account).seats).toBe(10);
  expect(enter('GET', '/api/v1/pods?watch=1&resourceVersion=5', account).seats).toBe(1);
  const watch = parseRequestInfo('GET', '/api/v1/pods', new URLSearchParams('watch=1')) as RequestInfo;
  const ends = Array.from({ length: 25 }, () => fairness.watching(watch, undefined));
  fairness.watching(watch, new URLSearchParams('fieldSelector=spec.nodeName=n'));
  const write = enter('POST', '/api/v1/namespaces/x/pods', account);
  expect([write.initialSeats, write.finalSeats, write.lingersMs]).toEqual([1, 3, 5]);
  for (const end of ends) end();
  expect(enter('POST', '/api/v1/namespaces/x/pods', account).finalSeats).toBe(0);
});

test('what must be there is in force without objects; what is broken or dangling is not', () => {
  fairness.configure([], []);
  expect(fairness.levels.map(({ name }) => name).sort()).toEqual(['catch-all', 'exempt']);
  expect(enter('GET', '/api/v1/pods', account).lane.level).toBe('catch-all');
  const { levels, schemas } = defaults();
  fairness.configure(
    levels.filter(({ metadata }) => metadata.name !== 'workload-low'),
    schemas,
  );
  expect(enter('GET', '/api/v1/pods', account).lane.schema).toBe('global-default');
});

test('requests that wait keep a level that is taken away until they are done', () => {
  const ticket = enter('GET', '/api/v1/pods', account);
  const { levels, schemas } = defaults();
  fairness.configure(
    levels.filter(({ metadata }) => metadata.name !== 'workload-low'),
    schemas,
  );
  expect(fairness.levels.find(({ name }) => name === 'workload-low')?.quiescing).toBe(true);
  fairness.leave(ticket);
  expect(fairness.levels.some(({ name }) => name === 'workload-low')).toBe(false);
});

test('it is counted under the names of v1.36', () => {
  const ticket = enter('GET', '/api/v1/secrets', account);
  const lines: string[] = [];
  registry.render(lines);
  const labels = 'flow_schema="service-accounts",priority_level="workload-low"';
  for (const line of [
    `apiserver_flowcontrol_current_executing_requests{${labels}} 1`,
    `apiserver_flowcontrol_current_executing_seats{${labels}} 1`,
    `apiserver_flowcontrol_current_inqueue_requests{${labels}} 0`,
    `apiserver_flowcontrol_dispatched_requests_total{${labels}} 1`,
    `apiserver_flowcontrol_request_wait_duration_seconds_count{execute="true",${labels}} 1`,
    'apiserver_flowcontrol_nominal_limit_seats{priority_level="workload-low"} 245',
    'apiserver_flowcontrol_current_limit_seats{priority_level="system"} 117',
  ])
    expect(lines).toContain(line);
  fairness.leave(ticket);
});

test('allocation: the same multiple of the target for all, within bounds', () => {
  const claim = (lower: number, target: number, upper: number) => ({ lower, target, upper });
  expect(allocate(30, [claim(0, 10, 100), claim(0, 20, 100)])).toEqual({ shares: [10, 20], multiple: 1 });
  expect(allocate(30, [claim(0, 10, 100), claim(25, 25, 100)])?.shares).toEqual([5, 25]);
  expect(allocate(30, [claim(0, 10, 5), claim(0, 10, 100)])?.shares).toEqual([5, 25]);
  expect(allocate(30, [claim(20, 20, 30), claim(20, 20, 30)])).toBeUndefined();
  expect(allocate(30, [claim(0, 1, 10), claim(0, 1, 10)])).toBeUndefined();
});

test('who is turned away is told to wait longer when many come all the same', () => {
  const dropped = new DroppedRequests();
  const second = (at: number, requests: number) => {
    for (let i = 0; i < requests; i++) dropped.record(at * 1000 + i);
  };
  second(100, 3);
  second(101, 10);
  expect(dropped.retryAfter).toBe(2);
  second(102, 10);
  second(103, 10);
  expect(dropped.retryAfter).toBe(4);
  for (let at = 200; at < 230; at += 10) second(at, 1);
  expect(dropped.retryAfter).toBe(1);
});
