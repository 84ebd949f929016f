import { expect, test } from 'vitest';
import { leases } from '../api/coordination/v1.gen.ts';
import type { KubeObject, ResourceType } from '../api/resource.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import type { Client, ResourceClient } from './client.ts';
import { LeaderElector } from './lease.ts';
import { memoryServer } from './memory-server.ts';

async function setUp() {
  const clock = new FakeClock();
  const { client } = await memoryServer({ clock, namespaces: ['kube-system'] });
  const told: string[] = [];
  const candidate = (identity: string, through: Client = client) =>
    new LeaderElector({
      client: through,
      namespace: 'kube-system',
      name: 'lock',
      identity,
      clock,
      log: silent,
      random: () => 0,
      onStartedLeading: () => told.push(`${identity} leads`),
      onStoppedLeading: () => told.push(`${identity} stops`),
    });
  const spec = async () => (await client.resource(leases).get('kube-system', 'lock')).spec;
  return { clock, client, told, candidate, spec };
}

/** A client whose server can be made to hang up. */
class Breakable implements Client {
  broken = false;
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  resource<T extends KubeObject>(type: ResourceType<T>): ResourceClient<T> {
    if (this.broken) throw new Error('connection refused');
    return this.#client.resource(type);
  }

  as(): Client {
    return this;
  }

  raw(path: string): Promise<unknown> {
    return this.#client.raw(path);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

test('the first to come leads; who stops gives the lease away at once', async () => {
  const { clock, told, candidate, spec } = await setUp();
  const [a, b] = [candidate('a'), candidate('b')];
  void a.run();
  await settle();
  void b.run();
  await clock.advance(60_000);
  expect(told).toEqual(['a leads']);
  expect(await spec()).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
  expect(b.leader).toBe('a');
  await a.stop();
  await clock.advance(2_000);
  expect(told).toEqual(['a leads', 'a stops', 'b leads']);
  expect(await spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  await b.stop();
});

test('a leader that cannot renew stops before another may begin', async () => {
  const { clock, client, told, candidate } = await setUp();
  const broken = new Breakable(client);
  const [a, b] = [candidate('a', broken), candidate('b')];
  const ran = a.run();
  await settle();
  void b.run();
  await clock.advance(20_000);
  broken.broken = true;
  await clock.advance(12_000);
  expect(told).toEqual(['a leads', 'a stops']);
  await ran;
  await clock.advance(8_000);
  expect(told).toEqual(['a leads', 'a stops', 'b leads']);
  await b.stop();
});

test('a lease from a clock that is far ahead is waited for by the own clock', async () => {
  const { clock, client, told, candidate } = await setUp();
  const renewTime = '2030-01-01T00:00:00.000000Z';
  const spec = { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime, acquireTime: renewTime };
  await client.resource(leases).create('kube-system', { metadata: { name: 'lock' }, spec });
  const a = candidate('a');
  void a.run();
  await clock.advance(14_000);
  expect(told).toEqual([]);
  await clock.advance(4_000);
  expect(told).toEqual(['a leads']);
  await a.stop();
});
