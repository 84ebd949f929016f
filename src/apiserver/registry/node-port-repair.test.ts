import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Service, services } from '../../api/core/v1.gen.ts';
import { type CoreFixture, coreFixture } from '../../testing/core-fixture.ts';
import { FakeClock, settle } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { Registry } from '../../utils/metrics.ts';
import { NodePortRepair } from './node-port-repair.ts';
import { NODE_PORTS_PREFIX } from './service-allocator.ts';

let f: CoreFixture;
let clock: FakeClock;
let registry: Registry;
let repair: NodePortRepair;
let events: string[];
beforeEach(() => {
  f = coreFixture();
  clock = new FakeClock();
  registry = new Registry();
  events = [];
  repair = new NodePortRepair({
    store: f.store,
    clock,
    log: silent,
    nodePorts: [30000, 32767],
    services: async () => (await f.client.resource(services).list('')).items,
    warn: ({ metadata }, reason, message) => events.push(`${metadata.name} ${reason}: ${message}`),
    metrics: registry,
  });
});
afterEach(async () => {
  await repair.stop();
  await f[Symbol.asyncDispose]();
});

const create = (name: string, nodePort: number): Promise<Service> =>
  f.client.resource(services).create('one', {
    metadata: { name },
    spec: { type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', nodePort }] },
  });
const held = async () => {
  const { items } = await f.store.range(NODE_PORTS_PREFIX, `${NODE_PORTS_PREFIX}a`);
  return items.map(
    ({ key, value }) => `${key.slice(NODE_PORTS_PREFIX.length)} ${JSON.parse(value.toString()).service.name}`,
  );
};
const hold = (port: number, name: string) => {
  const value = Buffer.from(JSON.stringify({ metadata: { name: `${port}` }, service: { namespace: 'one', name } }));
  return f.store.txn([{ type: 'put', key: NODE_PORTS_PREFIX + port, value }]);
};
const problems = () => {
  const lines: string[] = [];
  registry.render(lines);
  return lines.filter((line) => /port_errors_total\{/.test(line)).map((line) => line.replace(/.*type=|\}/g, ''));
};

test('where all is well nothing is done', async () => {
  await create('a', 30001);
  await repair.round();
  expect([events, problems(), await held()]).toEqual([[], [], ['30001 a']]);
});

test('a port that is held for nobody is held again', async () => {
  await create('a', 30001);
  await f.store.txn([{ type: 'delete', key: `${NODE_PORTS_PREFIX}30001` }]);
  await repair.round();
  expect(events).toEqual(['a PortNotAllocated: Port 30001 is not allocated; repairing']);
  expect(problems()).toEqual(['"repair" 1']);
  expect(await held()).toEqual(['30001 a']);
  await expect(create('b', 30001)).rejects.toThrow('provided port is already allocated');
});

test('a port that no Service has is let go in the third round', async () => {
  await hold(30005, 'gone');
  repair.start();
  await settle();
  await clock.advance(180_000);
  expect(await held()).toEqual(['30005 gone']);
  await clock.advance(180_000);
  expect([problems(), await held()]).toEqual([['"leak" 1'], []]);
  await create('a', 30005);
});

test('of two Services with one port the first has it, and people are told', async () => {
  const { spec } = await create('a', 30001);
  const twin = { kind: 'Service', apiVersion: 'v1', metadata: { name: 'b', namespace: 'one', uid: 'u' }, spec };
  const value = Buffer.from(JSON.stringify(twin));
  await f.store.txn([{ type: 'put', key: '/registry/services/specs/one/b', value }]);
  await hold(30001, 'b');
  await repair.round();
  expect(events).toEqual([
    'b PortAlreadyAllocated: Port 30001 was assigned to multiple services; please recreate service',
  ]);
  expect(problems()).toEqual(['"duplicate" 1']);
  expect(await held()).toEqual(['30001 a']);
});

test('a port out of the range is told of, and not held', async () => {
  const spec = { type: 'NodePort', ports: [{ port: 1, protocol: 'TCP', nodePort: 20001 }] };
  const value = Buffer.from(
    JSON.stringify({ kind: 'Service', apiVersion: 'v1', metadata: { name: 'a', namespace: 'one', uid: 'u' }, spec }),
  );
  await f.store.txn([{ type: 'put', key: '/registry/services/specs/one/a', value }]);
  await repair.round();
  expect(events).toEqual([
    'a PortOutOfRange: Port 20001 is not within the port range 30000-32767; please recreate service',
  ]);
  expect([problems(), await held()]).toEqual([['"outOfRange" 1'], []]);
});
