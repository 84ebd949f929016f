import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, TestServer, testCertificate } from '../test-server.ts';
import { errorCode, flag, frameType, PREFACE, setting, writeFrameHeader } from './frames.ts';

let server: TestServer;
const sockets: TLSSocket[] = [];
beforeEach(async () => {
  server = await TestServer.start({ limits: { concurrentStreams: 10, shutdownMs: 500 } });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A client that can say what no library would. */
class RawClient {
  readonly #socket: TLSSocket;
  #bytes = Buffer.alloc(0);
  readonly frames: Frame[] = [];
  closed = false;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    sockets.push(socket);
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      while (this.#bytes.length >= 9 && this.#bytes.length >= 9 + this.#bytes.readUIntBE(0, 3)) {
        const end = 9 + this.#bytes.readUIntBE(0, 3);
        this.frames.push({
          type: this.#bytes[3] ?? 0,
          flags: this.#bytes[4] ?? 0,
          stream: this.#bytes.readUInt32BE(5),
          payload: this.#bytes.subarray(9, end),
        });
        this.#bytes = this.#bytes.subarray(end);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static open(settings: readonly (readonly [number, number])[] = []): Promise<RawClient> {
    return new Promise((resolve) => {
      const { cert } = testCertificate();
      const socket = connect({ host: '127.0.0.1', port: server.port, ca: cert, ALPNProtocols: ['h2'] }, () => {
        const client = new RawClient(socket);
        socket.write(PREFACE);
        const payload = Buffer.alloc(settings.length * 6);
        settings.forEach(([id, value], i) => {
          payload.writeUInt16BE(id, i * 6);
          payload.writeUInt32BE(value, i * 6 + 2);
        });
        client.send(frameType.settings, 0, 0, payload);
        resolve(client);
      });
    });
  }

  send(type: number, flags: number, stream: number, payload: Buffer): void {
    const header = Buffer.alloc(9);
    writeFrameHeader(header, 0, payload.length, type, flags, stream);
    this.#socket.write(Buffer.concat([header, payload]));
  }

  /** GET /version, or another path without query. */
  get(stream: number, path = '/version', flags: number = flag.endHeaders | flag.endStream): void {
    const literal = Buffer.concat([Buffer.from([0x04, path.length]), Buffer.from(path)]);
    this.send(frameType.headers, flags, stream, Buffer.concat([Buffer.from([0x82, 0x87]), literal]));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.removeAllListeners('data');
    this.#socket.resume();
  }

  of(stream: number): readonly Frame[] {
    return this.frames.filter((frame) => frame.stream === stream);
  }

  goaway(): number | undefined {
    return this.frames.find(({ type }) => type === frameType.goaway)?.payload.readUInt32BE(4);
  }
}

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

test('a request and its answer, frame by frame', async () => {
  const client = await RawClient.open();
  client.get(1);
  await expect.poll(() => client.of(1).at(-1)?.flags).toBe(flag.endStream);
  expect(client.of(1).map(({ type }) => type)).toEqual([frameType.headers, frameType.data]);
  expect(client.frames[0]?.type).toBe(frameType.settings);
  expect(client.of(0).some(({ type, flags }) => type === frameType.settings && flags === flag.ack)).toBe(true);
});

describe('mistakes end the connection with the right code', () => {
  test.each<[string, number, (client: RawClient) => void]>([
    ['an even stream', errorCode.protocol, (c) => c.get(2)],
    ['DATA on an idle stream', errorCode.protocol, (c) => c.send(frameType.data, 0, 5, Buffer.from('x'))],
    ['WINDOW_UPDATE of nothing', errorCode.protocol, (c) => c.send(frameType.windowUpdate, 0, 0, uint32(0))],
    ['a window too large', errorCode.flowControl, (c) => c.send(frameType.windowUpdate, 0, 0, uint32(0x7fffffff))],
    ['a PING of seven bytes', errorCode.frameSize, (c) => c.send(frameType.ping, 0, 0, Buffer.alloc(7))],
    ['a frame too large', errorCode.frameSize, (c) => c.send(frameType.ping, 0, 0, Buffer.alloc(16_385))],
    ['a push', errorCode.protocol, (c) => c.send(frameType.pushPromise, 0, 1, Buffer.alloc(4))],
    [
      'CONTINUATION of nothing',
      errorCode.protocol,
      (c) => c.send(frameType.continuation, flag.endHeaders, 1, Buffer.alloc(0)),
    ],
    [
      'a header block cut off',
      errorCode.protocol,
      (c) => {
        c.get(1, '/version', flag.endStream);
        c.get(3);
      },
    ],
    [
      'headers that do not decode',
      errorCode.compression,
      (c) => c.send(frameType.headers, flag.endHeaders, 1, Buffer.from([0xff, 0xff])),
    ],
    [
      'padding longer than the frame',
      errorCode.protocol,
      (c) => c.send(frameType.headers, flag.endHeaders | flag.padded, 1, Buffer.from([9, 0x82])),
    ],
    [
      'a header block without end',
      errorCode.enhanceYourCalm,
      (c) => {
        c.get(1, '/version', 0);
        for (let i = 0; i < 40; i++) c.send(frameType.continuation, 0, 1, Buffer.alloc(0));
      },
    ],
  ])('%s', async (_name, code, mistake) => {
    const client = await RawClient.open();
    mistake(client);
    await expect.poll(() => client.goaway()).toBe(code);
    await expect.poll(() => client.closed).toBe(true);
  });

  test('streams opened and reset in a hurry', async () => {
    const client = await RawClient.open();
    for (let i = 0; i < 1500; i++) {
      client.get(2 * i + 1);
      client.send(frameType.rstStream, 0, 2 * i + 1, uint32(errorCode.cancel));
    }
    await expect.poll(() => client.goaway()).toBe(errorCode.enhanceYourCalm);
  });
});

test('malformed requests cost the stream, not the connection', async () => {
  const client = await RawClient.open();
  const block = (...bytes: (number | string)[]) =>
    Buffer.concat(bytes.map((b) => (typeof b === 'number' ? Buffer.from([b]) : Buffer.from(b, 'latin1'))));
  const both = flag.endHeaders | flag.endStream;
  // No path; an upper-case name; a connection header; a line feed in a value; a second method.
  client.send(frameType.headers, both, 1, block(0x82, 0x87));
  client.send(frameType.headers, both, 3, block(0x82, 0x87, 0x84, 0, 1, 'A', 1, 'b'));
  client.send(frameType.headers, both, 5, block(0x82, 0x87, 0x84, 0, 10, 'connection', 5, 'close'));
  client.send(frameType.headers, both, 7, block(0x82, 0x87, 0x84, 0, 1, 'a', 3, 'b\nc'));
  client.send(frameType.headers, both, 9, block(0x82, 0x82, 0x87, 0x84));
  client.get(11);
  await expect.poll(() => client.of(11).length).toBe(2);
  for (const id of [1, 3, 5, 7, 9]) {
    expect(client.of(id)).toMatchObject([{ type: frameType.rstStream, payload: uint32(errorCode.protocol) }]);
  }
});

test('more streams than allowed are refused', async () => {
  const client = await RawClient.open();
  for (let i = 0; i < 11; i++) client.get(2 * i + 1, '/api/v1/watch/pods');
  await expect
    .poll(() => client.of(21))
    .toMatchObject([{ type: frameType.rstStream, payload: uint32(errorCode.refusedStream) }]);
  await expect.poll(() => server.core.watchers.size).toBe(10);
});

test('windows are honoured to the byte', async () => {
  const client = await RawClient.open([[setting.initialWindowSize, 10]]);
  client.get(1);
  const received = () =>
    client
      .of(1)
      .filter(({ type }) => type === frameType.data)
      .reduce((sum, { payload }) => sum + payload.length, 0);
  await expect.poll(received).toBe(10);
  client.send(frameType.windowUpdate, 0, 1, uint32(5));
  await expect.poll(received).toBe(15);
  // A smaller window may even become negative.
  client.send(frameType.settings, 0, 0, Buffer.concat([Buffer.from([0, setting.initialWindowSize]), uint32(0)]));
  client.send(frameType.windowUpdate, 0, 1, uint32(10));
  client.send(frameType.windowUpdate, 0, 1, uint32(10_000));
  await expect.poll(() => client.of(1).at(-1)?.flags).toBe(flag.endStream);
});

test('a body past the stream’s window is cut off', async () => {
  const client = await RawClient.open();
  // Nobody reads the body of a GET.
  server.core.get = () => new Promise(() => {});
  client.get(1, '/api/v1/namespaces/ns/configmaps/a', flag.endHeaders);
  for (let i = 0; i < 17; i++) client.send(frameType.data, 0, 1, Buffer.alloc(16_384));
  await expect
    .poll(() => client.of(1))
    .toMatchObject([{ type: frameType.rstStream, payload: uint32(errorCode.flowControl) }]);
});

test('a PING is answered with its own payload', async () => {
  const client = await RawClient.open();
  client.send(frameType.ping, 0, 0, Buffer.from('12345678'));
  await expect
    .poll(() => client.frames.find(({ type }) => type === frameType.ping)?.payload.toString())
    .toBe('12345678');
});

test('Node’s own client, with every byte that a header may hold', async () => {
  const { cert } = testCertificate();
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: cert });
  try {
    let seen: unknown;
    const get = server.core.get;
    server.core.get = (context, ...rest) => {
      seen = context.userAgent;
      return get(context, ...rest);
    };
    const agent = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('');
    for (let round = 0; round < 3; round++) {
      seen = undefined;
      await ask(session, 'GET', '/api/v1/namespaces/ns/configmaps/a', { 'user-agent': agent });
      expect(seen).toBe(agent);
    }
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(session, 'GET', '/version')));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const tooLarge = await ask(session, 'GET', '/version', {
      'x-large': 'x'.repeat(60_000),
      'x-other': 'y'.repeat(60_000),
      'x-third': 'z'.repeat(20_000),
    }).catch((error: Error) => error);
    // Node's client may refuse to send it, knowing our limit.
    if (!(tooLarge instanceof Error)) expect(tooLarge.status).toBe(431);
  } finally {
    session.close();
  }
});

test('who does not read the answers is not asked for more requests', { timeout: 30_000 }, async () => {
  let asked = 0;
  await server.stop();
  server = await TestServer.start({
    limits: { concurrentStreams: 100_000, shutdownMs: 500 },
    authenticate: () => {
      asked++;
      return { name: 'someone', groups: ['system:authenticated'] };
    },
  });
  const client = await RawClient.open();
  client.pause();
  // HEAD: its answer has no body, so that no window holds it back.
  const literal = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
  const block = Buffer.concat([
    Buffer.from([0x02]),
    literal('HEAD'),
    Buffer.from([0x87, 0x04]),
    literal('/version'),
    Buffer.from([0x00]),
    literal('audit-id'),
    literal('x'.repeat(60)),
  ]);
  const total = 100_000;
  for (let i = 0; i < total; i++) client.send(frameType.headers, flag.endHeaders | flag.endStream, 2 * i + 1, block);
  let before = -1;
  await expect
    .poll(
      () => {
        const still = asked > 0 && asked === before;
        before = asked;
        return still;
      },
      { interval: 500, timeout: 20_000 },
    )
    .toBe(true);
  expect(asked).toBeLessThan(total);
  client.resume();
  await expect.poll(() => asked, { timeout: 20_000 }).toBe(total);
});

test('a large upload to nobody does not hold up the connection', async () => {
  const session = server.session();
  const upload = session.request({ ':method': 'POST', ':path': '/nope' });
  upload.on('error', () => {});
  upload.write(Buffer.alloc(200_000));
  await new Promise((resolve) => upload.on('response', resolve));
  expect((await ask(session, 'GET', '/version')).status).toBe(200);
  upload.close(constants.NGHTTP2_CANCEL);
});

test('who is answered before all of the body is sent can read the answer before the stream is reset', async () => {
  const client = await RawClient.open();
  // POST /nope
  const post = Buffer.concat([Buffer.from([0x83, 0x87, 0x04, 5]), Buffer.from('/nope')]);
  client.send(frameType.headers, flag.endHeaders, 1, post);
  client.send(frameType.headers, flag.endHeaders, 3, post);
  await expect.poll(() => client.of(1).at(-1)?.flags).toBe(flag.endStream);
  for (let i = 0; i < 3; i++) client.send(frameType.data, 0, 1, Buffer.alloc(16_000));
  client.send(frameType.data, flag.endStream, 1, Buffer.alloc(16_000));
  // The third stream stays open until the server has waited long enough.
  await expect.poll(() => client.of(3).at(-1)?.type, { timeout: 10_000 }).toBe(frameType.rstStream);
  expect(client.of(3).map(({ type }) => type)).toEqual([frameType.headers, frameType.data, frameType.rstStream]);
  expect(client.of(3).at(-1)?.payload).toEqual(uint32(errorCode.none));
  expect(client.of(1).map(({ type }) => type)).toEqual([frameType.headers, frameType.data]);
  client.get(5);
  await expect.poll(() => client.of(5).at(-1)?.flags).toBe(flag.endStream);
});
