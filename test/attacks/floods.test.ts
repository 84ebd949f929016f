import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { errorCode, flag, frameType, PREFACE, writeFrameHeader } from '../../src/apiserver/http/http2/frames.ts';
import { Raw } from './raw.ts';
import { startTarget, type Target } from './target.ts';

let target: Target;
const opened: Raw[] = [];
beforeAll(async () => {
  target = await startTarget();
});
afterEach(() => {
  for (const raw of opened.splice(0)) raw.socket.destroy();
});
afterAll(() => target[Symbol.asyncDispose]());

async function open(protocol: 'h2' | 'http/1.1'): Promise<Raw> {
  const raw = await Raw.open(target.port, protocol);
  opened.push(raw);
  return raw;
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  writeFrameHeader(header, 0, payload.length, type, flags, stream);
  return Buffer.concat([header, payload]);
}
const none = Buffer.alloc(0);
/** GET / of https, by HPACK's static table, with an Authorization that is wrong. */
const get = Buffer.concat([Buffer.from([0x82, 0x84, 0x87, 0x0f, 0x08, 1]), Buffer.from('x')]);
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Somebody else is served meanwhile. */
const othersAreServed = async () => {
  for (let i = 0; i < 5; i++) await target.done('GET', '/api/v1/namespaces/default');
};

describe('frames without end', () => {
  const floods: readonly (readonly [string, (i: number) => Buffer])[] = [
    [
      'requests that are reset at once',
      (i) =>
        Buffer.concat([
          frame(frameType.headers, flag.endHeaders | flag.endStream, i * 2 + 1, get),
          frame(frameType.rstStream, 0, i * 2 + 1, uint32(errorCode.cancel)),
        ]),
    ],
    ['settings', () => frame(frameType.settings, 0, 0, none)],
    ['pings', () => frame(frameType.ping, 0, 0, Buffer.alloc(8))],
    ['priorities', (i) => frame(2, 0, i * 2 + 1, Buffer.alloc(5, 1))],
    ['frames of unknown types', () => frame(0xee, 0, 0, Buffer.alloc(100))],
    ['windows of one byte', () => frame(frameType.windowUpdate, 0, 0, uint32(1))],
    [
      'headers that go on',
      (i) =>
        i === 0
          ? frame(frameType.headers, 0, 1, get)
          : frame(
              frameType.continuation,
              0,
              1,
              Buffer.concat([Buffer.from([0x00, 1]), Buffer.from('a'), Buffer.from([1]), Buffer.from('b')]),
            ),
    ],
    [
      'headers that go on, and say nothing',
      (i) => frame(i === 0 ? frameType.headers : frameType.continuation, 0, 1, i === 0 ? get : none),
    ],
    [
      'bodies of nothing',
      (i) => (i === 0 ? frame(frameType.headers, flag.endHeaders, 1, get) : frame(frameType.data, 0, 1, none)),
    ],
  ];

  it.each(floods)('%s', async (_what, make) => {
    const raw = await open('h2');
    raw.socket.write(Buffer.concat([PREFACE, frame(frameType.settings, 0, 0, none)]));
    for (let i = 0; i < 20_000 && !raw.closed; i += 500) {
      const batch = Buffer.concat(Array.from({ length: 500 }, (_, j) => make(i + j)));
      // Whoever does not read what the server says is not waited for.
      await Promise.race([new Promise<void>((resolve) => raw.socket.write(batch, () => resolve())), raw.ended]);
    }
    await othersAreServed();
  });

  it('a header that refers to a large one a thousand times', async () => {
    const raw = await open('h2');
    raw.socket.write(Buffer.concat([PREFACE, frame(frameType.settings, 0, 0, none)]));
    const value = Buffer.alloc(4000, 'x');
    const length = Buffer.from([0x7f, ((4000 - 127) & 0x7f) | 0x80, (4000 - 127) >> 7]);
    const large = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from('a'), length, value]);
    // Index 62: what was put into the table last.
    const block = Buffer.concat([get, large, Buffer.alloc(12_000, 0x80 | 62)]);
    raw.socket.write(frame(frameType.headers, flag.endHeaders | flag.endStream, 1, block));
    await othersAreServed();
  });
});

describe('a thousand who', () => {
  const many = async (count: number, start: (i: number) => Promise<Raw>) => {
    for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => start(i + j)));
  };

  it('say a byte of a request and no more', { timeout: 120_000 }, async () => {
    await many(1000, async () => {
      const raw = await open('http/1.1');
      raw.socket.write('G');
      return raw;
    });
    await othersAreServed();
  });

  it('do not read what they asked for', { timeout: 120_000 }, async () => {
    await many(300, async () => {
      const raw = await open('http/1.1');
      raw.socket.pause();
      raw.socket.write('GET /openapi/v2 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer admin-token\r\n\r\n');
      return raw;
    });
    await othersAreServed();
  });

  it('promise a body that does not come', { timeout: 120_000 }, async () => {
    await many(300, async () => {
      const raw = await open('http/1.1');
      raw.socket.write(
        'POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer admin-token\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{',
      );
      return raw;
    });
    await othersAreServed();
  });

  it('speak no TLS', async () => {
    const sockets = Array.from({ length: 300 }, () => connect(target.port, '127.0.0.1'));
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.write(sockets.indexOf(socket) % 2 ? 'GET / HTTP/1.1\r\n\r\n' : Buffer.from([0x16, 3, 1, 0x40, 0, 1]));
    }
    await othersAreServed();
    for (const socket of sockets) socket.destroy();
  });
});
