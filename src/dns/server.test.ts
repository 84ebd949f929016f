import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { decode, encode, streamEncode } from 'dns-packet';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { services } from '../api/core/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import { FakeCluster, makeService, makeSlice } from '../proxy/testing.ts';
import { realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { type DnsServer, startDns } from './dns.ts';
import { exchangeTcp, exchangeUdp } from './exchange.ts';
import { Forwarder } from './forwarder.ts';
import { makeQuery, Resolver } from './resolver.ts';
import { listen } from './server.ts';
import { encodeQuery, parseQuery, readAnswer } from './wire.ts';
import { ClusterZone } from './zone.ts';

const cluster = new FakeCluster(realClock);
const NAME = 'web.default.svc.cluster.local';
/** A second server, which plays the world outside: it knows one name of a zone of its own. */
const outside = new FakeCluster(realClock);
let world: DnsServer;
let server: DnsServer;

beforeAll(async () => {
  cluster.put(
    services,
    makeService('web', { clusterIP: '10.96.0.50' }),
    makeService('ext', {
      type: 'ExternalName',
      clusterIP: '',
      clusterIPs: [],
      externalName: 'web.default.svc.outside.test',
    }),
  );
  cluster.put(endpointslices, makeSlice('web', [{ ip: '10.244.0.9' }]));
  outside.put(
    services,
    makeService('web', { clusterIP: '198.51.100.9' }),
    makeService('many', { clusterIP: 'None', clusterIPs: [] }),
  );
  outside.put(
    endpointslices,
    makeSlice(
      'many',
      Array.from({ length: 250 }, (_, i) => ({ ip: `10.1.0.${i}` })),
    ),
  );
  const common = { clock: realClock, log: silent, bind: [{ address: '127.0.0.1', port: 0 }] };
  const starting = startDns({ ...common, informers: outside.informers, clusterDomain: 'outside.test', upstreams: [] });
  outside.informers.start();
  world = await starting;
  const own = startDns({
    ...common,
    informers: cluster.informers,
    clusterDomain: 'cluster.local',
    upstreams: world.addresses,
  });
  cluster.informers.start();
  server = await own;
});

afterAll(async () => {
  await server?.stop();
  await world?.stop();
  cluster.informers.stop();
  outside.informers.stop();
});

function at(): { address: string; port: number } {
  const [address] = server.addresses;
  if (!address) throw new Error('not listening');
  return address;
}

async function ask(name: string, exchange = exchangeUdp, id = 9) {
  const accept = (answer: Buffer) => (answer.readUInt16BE(0) === id ? answer : undefined);
  const bytes = await exchange(at(), encodeQuery(id, makeQuery(name.split('.'))), accept, AbortSignal.timeout(5000));
  return decode(bytes);
}

test('answers over UDP and TCP', async () => {
  for (const exchange of [exchangeUdp, exchangeTcp]) {
    const answer = await ask(NAME, exchange);
    expect(answer).toMatchObject({ flag_aa: true, flag_ra: true });
    expect(answer.answers?.[0]).toMatchObject({ type: 'A', data: '10.96.0.50' });
  }
});

test('names outside come from upstream, over TCP when they are long', async () => {
  expect((await ask('web.default.svc.outside.test')).answers?.[0]).toMatchObject({ data: '198.51.100.9' });
  expect((await ask('many.default.svc.outside.test', exchangeTcp)).answers).toHaveLength(250);
  expect(await ask('many.default.svc.outside.test')).toMatchObject({ flag_tc: true, flag_aa: false });
});

test('an external name is followed outside', async () => {
  const { answers } = await ask('ext.default.svc.cluster.local');
  expect(answers?.map((answer) => answer.type)).toEqual(['CNAME', 'A']);
});

test('many questions on one connection, in pieces', async () => {
  const { address, port } = at();
  const question = (id: number) =>
    streamEncode({
      type: 'query',
      id,
      flags: 0x100,
      questions: [{ type: 'A', name: id % 2 ? NAME : 'web.default.svc.outside.test' }],
    });
  const bytes = Buffer.concat(Array.from({ length: 100 }, (_, id) => question(id)));
  const socket = connect({ host: address, port });
  const seen = new Set<number>();
  let received = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        seen.add(decode(received.subarray(2, end)).id ?? -1);
        received = received.subarray(end);
      }
      if (seen.size === 100) resolve();
    });
    for (let i = 0; i < bytes.length; i += 37) socket.write(bytes.subarray(i, i + 37));
  });
  socket.destroy();
  expect(seen.size).toBe(100);
});

test('refuses what it does not do', async () => {
  const send = async (packet: Parameters<typeof encode>[0], patch?: (bytes: Buffer) => void) => {
    const bytes = encode(packet);
    patch?.(bytes);
    const answer = await exchangeUdp(at(), bytes, (reply) => reply, AbortSignal.timeout(5000));
    return answer.readUInt16BE(2) & 15;
  };
  const base = { type: 'query', id: 1, flags: 0x100 } as const;
  expect(await send({ ...base, questions: [{ type: 'A', name: NAME, class: 'CH' }] })).toBe(5);
  expect(await send({ ...base, questions: [{ type: 'AXFR', name: 'cluster.local' }] })).toBe(4);
  // ANY, which the encoder does not know: the type stands before the class, at the end.
  const any = (bytes: Buffer) => void bytes.writeUInt16BE(255, bytes.length - 4);
  expect(await send({ ...base, questions: [{ type: 'A', name: NAME }] }, any)).toBe(4);
  expect(await send({ ...base, questions: [] })).toBe(1);
  const twice = { type: 'A', name: NAME } as const;
  expect(await send({ ...base, questions: [twice, twice] })).toBe(1);
  const status = (bytes: Buffer) => void bytes.writeUInt16BE(0x1000, 2);
  expect(await send({ ...base, questions: [twice] }, status)).toBe(4);
});

test('no message makes it fail, and answers are never answered', async () => {
  const forwarder = new Forwarder({ upstreams: [], clock: realClock, log: silent, random: () => 0 });
  const informers = cluster.informers;
  const zone = new ClusterZone({
    services: informers.informer(services),
    slices: informers.informer(endpointslices),
    clusterDomain: 'cluster.local',
    ranges: [],
    serverIPs: [],
    random: () => 0,
  });
  const resolver = new Resolver(zone, forwarder, silent);
  const proper = encodeQuery(3, makeQuery(NAME.split('.')));
  const damaged = fc
    .array(fc.tuple(fc.nat(proper.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map((changes) => {
      const copy = Buffer.from(proper);
      for (const [where, value] of changes) copy[where] = value;
      return copy;
    });
  const noise = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  const cut = fc.nat(proper.length).map((length) => proper.subarray(0, length));
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, noise, cut), fc.constantFrom('udp', 'tcp'), async (message, transport) => {
      const answer = await resolver.respond(message, transport);
      if (message.length >= 12 && (message[2] ?? 0) & 0x80) expect(answer).toBeUndefined();
      if (!answer) return;
      expect(answer.readUInt16BE(2) & 0x8000).toBe(0x8000);
      if (transport === 'udp') expect(answer.length).toBeLessThanOrEqual(1232);
    }),
    { numRuns: 5000 },
  );
  fc.assert(
    fc.property(noise, (message) => {
      readAnswer(message, 1, Buffer.from([0, 0, 1, 0, 1]));
      parseQuery(message);
    }),
    { numRuns: 3000 },
  );
  zone.close();
});

test('an upstream that sends questions back is found out', async () => {
  const looping = new FakeCluster(realClock);
  const port = await freePort();
  const errors: unknown[] = [];
  const log = silent.child({}, { level: 'error' });
  log.error = (object: unknown) => void errors.push(object);
  // A forwarder in between, as a resolver on the machine that was pointed at the cluster would be.
  const between = createSocket('udp4');
  const back = createSocket('udp4');
  between.on('message', (message) => back.send(message, port, '127.0.0.1'));
  await new Promise<void>((resolve) => between.bind(0, '127.0.0.1', resolve));
  const starting = startDns({
    informers: looping.informers,
    clusterDomain: 'cluster.local',
    bind: [{ address: '127.0.0.1', port }],
    upstreams: [{ address: '127.0.0.1', port: between.address().port }],
    clock: realClock,
    log,
  });
  looping.informers.start();
  const dns = await starting;
  const answered = new Promise<void>((resolve) => back.once('message', () => resolve()));
  await answered;
  expect(errors).toHaveLength(1);
  const reply = await exchangeUdp(
    { address: '127.0.0.1', port },
    encodeQuery(1, makeQuery(['a', 'test'])),
    (bytes) => bytes,
    AbortSignal.timeout(5000),
  );
  expect(reply.readUInt16BE(2) & 15).toBe(2);
  await dns.stop();
  looping.informers.stop();
  between.close();
  back.close();
});

test('an address that is taken is an error, and leaves nothing open', async () => {
  const { address, port } = at();
  const resolver = new Resolver(
    new ClusterZone({
      services: cluster.informers.informer(services),
      slices: cluster.informers.informer(endpointslices),
      clusterDomain: 'x',
      ranges: [],
      serverIPs: [],
      random: () => 0,
    }),
    new Forwarder({ upstreams: [], clock: realClock, log: silent, random: () => 0 }),
    silent,
  );
  await expect(listen(resolver, address, port, silent)).rejects.toThrow('EADDRINUSE');
});

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  socket.close();
  return port;
}
