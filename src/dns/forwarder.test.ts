import { decode, encode } from 'dns-packet';
import { describe, expect, test } from 'vitest';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import type { Exchange } from './exchange.ts';
import { Forwarder } from './forwarder.ts';
import { parseResolvConf, type Upstream } from './resolv-conf.ts';
import { makeQuery } from './resolver.ts';
import { adaptAnswer, type Query, TYPE } from './wire.ts';

const first: Upstream = { address: '192.0.2.1', port: 53 };
const second: Upstream = { address: '192.0.2.2', port: 53 };

interface Reply {
  readonly rcode?: number;
  readonly addresses?: readonly string[];
  readonly ttl?: number;
  readonly soaMinimum?: number;
  readonly truncated?: boolean;
}

/** Upstreams whose replies a test decides; "silent" ones say nothing until the question is given up. */
function world(reply: (upstream: Upstream, transport: 'udp' | 'tcp') => Reply | 'silent') {
  const asked: string[] = [];
  const exchange =
    (transport: 'udp' | 'tcp'): Exchange =>
    (upstream, message, accept, signal) =>
      new Promise((resolve, reject) => {
        asked.push(`${transport} ${upstream.address}`);
        signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true });
        const said = reply(upstream, transport);
        if (said === 'silent') return;
        const { questions = [], id = 0 } = decode(message);
        const name = questions[0]?.name ?? '';
        const bytes = encode({
          type: 'response',
          id,
          flags: (said.rcode ?? 0) | (said.truncated ? 0x200 : 0),
          questions,
          answers: (said.addresses ?? []).map((data) => ({ type: 'A', name, ttl: said.ttl ?? 20, data })),
          authorities: said.soaMinimum
            ? [{ type: 'SOA', name: 'example', ttl: 600, data: { mname: 'a', rname: 'b', minimum: said.soaMinimum } }]
            : [],
        });
        const taken = accept(bytes);
        if (taken) resolve(taken);
      });
  const clock = new FakeClock();
  const options = { upstreams: [first, second], clock, log: silent, random: () => 0.5 };
  const forwarder = new Forwarder({ ...options, udp: exchange('udp'), tcp: exchange('tcp') });
  return { forwarder, clock, asked };
}

const question = (name = 'www.example.com'): Query => ({ ...makeQuery(name.split('.')), id: 77 });

async function addresses(forwarder: Forwarder, query = question(), limit = 512) {
  const { message, shape, ageSeconds } = await forwarder.resolve(query);
  const packet = decode(adaptAnswer(message, shape, query, ageSeconds, limit));
  return { packet, data: (packet.answers ?? []).map((answer) => ('data' in answer ? answer.data : '')) };
}

describe('Forwarder', () => {
  test('answers carry the identity and the letters of the client, and less time to live as they age', async () => {
    const { forwarder, clock, asked } = world(() => ({ addresses: ['198.51.100.1'], ttl: 20 }));
    expect((await addresses(forwarder)).packet).toMatchObject({ id: 77, flag_ra: true, flag_aa: false });
    await clock.advance(7000);
    const { packet } = await addresses(forwarder, question('WWW.example.COM'));
    expect(packet.questions?.[0]?.name).toBe('WWW.example.COM');
    expect(packet.answers?.[0]).toMatchObject({ ttl: 13 });
    expect(asked).toEqual(['udp 192.0.2.1']);
    await clock.advance(13_000);
    await addresses(forwarder);
    expect(asked).toHaveLength(2);
  });

  test('nothing is kept longer than 30 s, denials as long as the zone says, failures not at all', async () => {
    const replies: Reply[] = [{ addresses: ['198.51.100.1'], ttl: 9999 }];
    const { forwarder, clock, asked } = world(() => replies[0] ?? {});
    await addresses(forwarder);
    await clock.advance(29_000);
    await addresses(forwarder);
    expect(asked).toHaveLength(1);
    await clock.advance(1000);
    replies[0] = { rcode: 3, soaMinimum: 5 };
    await addresses(forwarder);
    await clock.advance(4000);
    await addresses(forwarder);
    expect(asked).toHaveLength(2);
    await clock.advance(1000);
    replies[0] = { rcode: 2 };
    await addresses(forwarder);
    await addresses(forwarder);
    expect(asked).toHaveLength(6); // both upstreams, twice
  });

  test('a silent server is given up after 2 s and asked last for a while', async () => {
    const { forwarder, clock, asked } = world((upstream) =>
      upstream === first ? 'silent' : { addresses: ['198.51.100.2'], ttl: 1 },
    );
    const answer = addresses(forwarder);
    await clock.advance(1999);
    expect(asked).toEqual(['udp 192.0.2.1']);
    await clock.advance(1);
    expect((await answer).data).toEqual(['198.51.100.2']);
    await clock.advance(5000);
    await addresses(forwarder);
    expect(asked.slice(2)).toEqual(['udp 192.0.2.2']);
    await clock.advance(10_000);
    void addresses(forwarder);
    await settle();
    expect(asked.slice(3)).toEqual(['udp 192.0.2.1']);
    await clock.advance(2000);
  });

  test('the same question waits for the answer that is on its way', async () => {
    let open: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { forwarder, asked } = world(() => ({ addresses: ['198.51.100.1'] }));
    const all = [question(), question('WWW.EXAMPLE.COM'), question()].map((query) => addresses(forwarder, query));
    open?.();
    await gate;
    expect((await Promise.all(all)).map(({ data }) => data)).toEqual(Array(3).fill(['198.51.100.1']));
    expect(asked).toHaveLength(1);
  });

  test('a truncated answer is asked for over TCP, and cut again for a client that takes less', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `198.51.100.${i}`);
    const { forwarder, asked } = world((_, transport) =>
      transport === 'udp' ? { truncated: true } : { addresses: many },
    );
    expect((await addresses(forwarder, question(), 65_535)).data).toEqual(many);
    const small = await addresses(forwarder, question(), 512);
    expect(small.packet.flag_tc).toBe(true);
    expect(small.data).toEqual([]);
    expect(asked).toEqual(['udp 192.0.2.1', 'tcp 192.0.2.1']);
  });

  test('a loop is left out, and with nobody to ask questions fail', async () => {
    const { forwarder, asked } = world(() => ({ addresses: ['198.51.100.1'] }));
    forwarder.exclude(first);
    await addresses(forwarder);
    expect(asked).toEqual(['udp 192.0.2.2']);
    forwarder.exclude(second);
    await expect(forwarder.resolve(question('other.example.com'))).rejects.toThrow('no upstream name server answers');
  });

  test('more than a thousand open questions are turned away', async () => {
    const { forwarder, clock } = world(() => 'silent');
    const open = Array.from({ length: 1000 }, (_, i) => forwarder.resolve(question(`n${i}.example.com`)));
    await expect(forwarder.resolve(question('more.example.com'))).rejects.toThrow('too many');
    const ends = Promise.allSettled(open);
    await clock.advance(4000);
    expect((await ends).every(({ status }) => status === 'rejected')).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('types other than A go through as they are', async () => {
    const { forwarder } = world(() => ({}));
    const query = { ...makeQuery(['example', 'com'], TYPE.TXT) };
    expect((await addresses(forwarder, query)).packet.questions?.[0]).toMatchObject({ type: 'TXT' });
  });
});

test('resolv.conf: name servers in order, at most three, comments and nonsense skipped', () => {
  const text =
    '# nameserver 9.9.9.9\nsearch a b\n nameserver 10.0.0.1 \nnameserver ::1\nnameserver x\nnameserver 1.1.1.1\nnameserver 8.8.8.8\n';
  expect(parseResolvConf(text).map(({ address }) => address)).toEqual(['10.0.0.1', '::1', '1.1.1.1']);
});
