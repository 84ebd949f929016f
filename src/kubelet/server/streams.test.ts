import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type TestKubelet, testKubelet } from '../../testing/test-kubelet.ts';
import type { FakeSession, FakeStream } from './fake-runtime.ts';

let kubelet: TestKubelet;
afterEach(() => kubelet[Symbol.asyncDispose]());

const exec = '/exec/default/web/main?command=sh&command=-c&command=true';
const success = '{"metadata":{},"status":"Success"}';
const failure =
  '{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}';

/** Waits until the runtime has as many streams as a command of these flags needs. */
function whenComplete(session: FakeSession, count: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () => void (session.streams.length >= count && resolve());
    session.onStream = look;
    look();
  });
}

/** A runtime whose commands copy their input to their output and succeed. */
const cat =
  (count: number) =>
  (session: FakeSession): void => {
    void whenComplete(session, count).then(() => {
      const [stdin, stdout, error] = ['stdin', 'stdout', 'error'].map((name) => session.stream(name));
      if (!stdin || !stdout || !error) return;
      stdin.onData = (chunk) => stdout.write(chunk);
      stdin.onEnd = () => {
        error.write(success);
        for (const stream of session.streams) stream.end();
      };
    });
  };

interface Client {
  readonly socket: WebSocket;
  /** What has come on each channel so far. */
  text(channel: number): string;
  readonly closed: Promise<number>;
  until(channel: number, expected: string): Promise<void>;
}

function websocket(path: string, protocols: string[], base64 = false): Promise<Client> {
  const socket = new WebSocket(`wss://127.0.0.1:${kubelet.port}${path}`, protocols, {
    ...kubelet.client,
    ca: kubelet.ca,
    perMessageDeflate: false,
  });
  const received = new Map<number, Buffer[]>();
  const watchers = new Set<() => void>();
  socket.on('message', (raw: Buffer) => {
    const channel = base64 ? (raw[0] ?? 0) - 0x30 : (raw[0] ?? 0);
    const data = base64 ? Buffer.from(raw.subarray(1).toString(), 'base64') : raw.subarray(1);
    const list = received.get(channel) ?? [];
    received.set(channel, list);
    list.push(data);
    for (const watcher of watchers) watcher();
  });
  const text = (channel: number) => Buffer.concat(received.get(channel) ?? []).toString();
  const client: Client = {
    socket,
    text,
    closed: new Promise((resolve) => socket.once('close', resolve)),
    until: (channel, expected) =>
      new Promise((resolve) => {
        const look = () => void (text(channel) === expected && resolve());
        watchers.add(look);
        look();
      }),
  };
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(client));
    socket.once('error', reject);
    socket.once('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => reject(new Error(`${response.statusCode} ${body}`)));
    });
  });
}

const message = (channel: number, text: string) => Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);

describe('exec over a WebSocket', () => {
  it('carries input, output and the exit code with v5, whose clients can close their input', async () => {
    kubelet = await testKubelet(cat(4));
    const client = await websocket(`${exec}&input=1&output=1&error=1`, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    expect(client.socket.protocol).toBe('v5.channel.k8s.io');
    client.socket.send(message(0, 'hello '));
    client.socket.send(message(0, 'world'));
    client.socket.send(Buffer.from([255, 0]));
    expect(await client.closed).toBe(1000);
    expect(client.text(1)).toBe('hello world');
    expect(client.text(3)).toBe(success);
    expect(kubelet.asked).toEqual([
      {
        method: 'exec',
        request: {
          containerId: 'c1',
          cmd: ['sh', '-c', 'true'],
          stdin: true,
          stdout: true,
          stderr: true,
          tty: false,
        },
      },
    ]);
  });

  it('opens just the streams that the runtime waits for', async () => {
    let seen: FakeSession | undefined;
    kubelet = await testKubelet((session) => {
      seen = session;
      void whenComplete(session, 4).then(() => {
        session.stream('error').write(failure);
        for (const stream of session.streams) stream.end();
      });
    });
    // A terminal has no output of its own for errors.
    const client = await websocket(`${exec}&input=1&output=1&error=1&tty=1`, ['v4.channel.k8s.io']);
    expect(await client.closed).toBe(1000);
    expect(seen?.protocols).toEqual(['v4.channel.k8s.io']);
    expect(seen?.streams.map((s) => s.headers)).toEqual([
      { streamtype: 'error' },
      { streamtype: 'stdin' },
      { streamtype: 'stdout' },
      { streamtype: 'resize' },
    ]);
    expect(client.text(3)).toBe(failure);
  });

  it('passes the size of the terminal on', async () => {
    let size = '';
    kubelet = await testKubelet((session) => {
      session.onStream = (stream) => {
        if (stream.headers.streamtype !== 'resize') return;
        stream.onData = (chunk) => {
          size += chunk;
          session.stream('error').write(success);
          for (const one of session.streams) one.end();
        };
      };
    });
    const client = await websocket(`${exec}&output=1&tty=1`, ['v5.channel.k8s.io']);
    client.socket.send(message(4, '{"Width":80,"Height":24}'));
    expect(await client.closed).toBe(1000);
    expect(size).toBe('{"Width":80,"Height":24}');
  });

  it('tells clients of before v4 of a failure in words, and of a success nothing', async () => {
    kubelet = await testKubelet((session) => {
      void whenComplete(session, 2).then(() => {
        session.stream('stdout').write('out');
        session.stream('error').write(failure);
        for (const stream of session.streams) stream.end();
      });
    });
    const client = await websocket(`${exec}&output=1`, ['base64.channel.k8s.io'], true);
    expect(await client.closed).toBe(1000);
    expect(client.text(1)).toBe('out');
    expect(client.text(3)).toBe('command terminated with non-zero exit code');
  });

  it('says at once that the connection stands', async () => {
    kubelet = await testKubelet();
    const socket = new WebSocket(`wss://127.0.0.1:${kubelet.port}${exec}&output=1`, ['v4.channel.k8s.io'], {
      ...kubelet.client,
      ca: kubelet.ca,
    });
    const [first] = await once(socket, 'message');
    expect([...first]).toEqual([1]);
    socket.terminate();
  });

  it('hangs up without a word when the runtime goes without saying how the command ended', async () => {
    kubelet = await testKubelet((session) => {
      void whenComplete(session, 2).then(() => session.socket.destroy());
    });
    const client = await websocket(`${exec}&output=1`, ['v5.channel.k8s.io']);
    expect(await client.closed).toBe(1006);
    expect(client.text(3)).toBe('');
  });

  it('answers the runtime’s pings', async () => {
    let runtime: FakeSession | undefined;
    kubelet = await testKubelet((session) => {
      runtime = session;
      void whenComplete(session, 4).then(() => {
        session.ping();
        cat(4)(session);
      });
    });
    const client = await websocket(`${exec}&input=1&output=1&error=1`, ['v5.channel.k8s.io']);
    client.socket.send(message(0, 'x'));
    await client.until(1, 'x');
    client.socket.send(Buffer.from([255, 0]));
    await client.closed;
    expect(runtime?.pongs).toBe(1);
  });

  it('moves what no buffers on the way could hold through a client that reads slowly', async () => {
    const total = 64 * 1024 * 1024; // the kernel may hold some 20 MiB of it
    let written = 0;
    kubelet = await testKubelet((session) => {
      void whenComplete(session, 2).then(() => {
        const stdout = session.stream('stdout');
        const piece = Buffer.alloc(64 * 1024, 'x');
        const more = () => {
          while (written < total) {
            stdout.write(piece);
            written += piece.length;
            if (session.socket.writableNeedDrain) return void session.socket.once('drain', more);
          }
          session.stream('error').write(success);
          for (const stream of session.streams) stream.end();
        };
        more();
      });
    });
    const client = await websocket(`${exec}&output=1`, ['v5.channel.k8s.io']);
    client.socket.pause();
    // As long as nobody reads, the runtime gets rid of what the sockets on the way hold, and no more.
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(total);
    client.socket.resume();
    expect(await client.closed).toBe(1000);
    expect(client.text(1).length).toBe(total);
  });
});

describe('what is wrong with a request is said before the upgrade', () => {
  it.each([
    ['another pod', '/exec/default/other/main?output=1', '404 pod does not exist'],
    ['another container', '/exec/default/web/other?output=1', '500 container not found ("other")'],
    ['another uid', '/exec/default/web/uid-2/main?output=1', '404 pod does not exist'],
    ['no stream at all', '/exec/default/web/main', '400 you must specify at least 1 of stdin, stdout, stderr'],
    ['no port', '/portForward/default/web', '400 query parameter "port" is required'],
    ['a wrong port', '/portForward/default/web?port=80x', '400 unable to parse "80x" as a port'],
    ['another path', '/nothing', '404 404 page not found\n'],
  ])('%s', async (_, path, answer) => {
    kubelet = await testKubelet();
    await expect(websocket(path, ['v4.channel.k8s.io'])).rejects.toThrow(answer);
  });

  it('a protocol that nobody knows', async () => {
    kubelet = await testKubelet();
    await expect(websocket(`${exec}&output=1`, ['v9.channel.k8s.io'])).rejects.toThrow('400 unable to upgrade');
  });

  it('no upgrade', async () => {
    kubelet = await testKubelet();
    const answer = await get('/exec/default/web/main?output=1', 'POST');
    expect(answer).toEqual([400, 'Upgrade request required']);
  });
});

function get(path: string, method = 'GET'): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const options = {
      port: kubelet.port,
      host: '127.0.0.1',
      path,
      method,
      agent: false,
      ...kubelet.client,
      ca: kubelet.ca,
    };
    httpsRequest(options, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve([response.statusCode ?? 0, body]));
    })
      .on('error', reject)
      .end();
  });
}

describe('SPDY', () => {
  it('goes to the runtime byte for byte, each version of the protocol on a line of its own', async () => {
    const sessions: FakeSession[] = [];
    kubelet = await testKubelet((session) => sessions.push(session));
    const socket = connectTls({ port: kubelet.port, host: '127.0.0.1', ...kubelet.client, ca: kubelet.ca });
    await once(socket, 'secureConnect');
    socket.write(
      'POST /attach/default/web/main?input=1&output=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
        'X-Stream-Protocol-Version: v4.channel.k8s.io, v3.channel.k8s.io\r\n\r\n',
    );
    const [head] = await once(socket, 'data');
    expect(String(head)).toMatch(/^HTTP\/1.1 101 /);
    expect(sessions[0]?.protocols).toEqual(['v4.channel.k8s.io', 'v3.channel.k8s.io']);
    expect(sessions[0]?.url).toBe('/attach/token');
    socket.write(Buffer.from('800300060000000400000002', 'hex'));
    while (sessions[0]?.pongs === 0) await new Promise((resolve) => setImmediate(resolve));
    sessions[0]?.socket.write('anything');
    const [back] = await once(socket, 'data');
    expect(String(back)).toBe('anything');
    socket.destroy();
    while (kubelet.runtime.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('port-forward', () => {
  /** As containerd does: the data ends first, whatever is to be said about it follows. */
  const finish = (session: FakeSession, data: FakeStream, complaint?: string) => {
    data.end();
    const failure = session.streams.find(
      ({ headers }) => headers.streamtype === 'error' && headers.port === data.headers.port,
    );
    if (complaint) failure?.write(complaint);
    failure?.end();
  };
  const echo = (session: FakeSession) => {
    session.onStream = (stream: FakeStream) => {
      if (stream.headers.streamtype !== 'data') return;
      stream.onData = (chunk) => {
        stream.write(`${stream.headers.port}:${chunk}`);
        if (String(chunk) === 'bye') finish(session, stream);
      };
    };
  };

  it('of several ports over channels', async () => {
    kubelet = await testKubelet(echo);
    const client = await websocket('/portForward/default/web?port=80,8080', ['v4.channel.k8s.io']);
    const port = (number: number) => String.fromCharCode(number & 0xff, number >> 8);
    await client.until(0, port(80));
    await client.until(2, Buffer.from([0x90, 0x1f]).toString());
    expect(client.text(1)).toBe(port(80));
    client.socket.send(message(2, 'bye'));
    await client.until(2, `${Buffer.from([0x90, 0x1f])}8080:bye`);
    client.socket.send(message(0, 'bye'));
    expect(await client.closed).toBe(1000);
    expect(client.text(0)).toBe(`${port(80)}80:bye`);
    expect(kubelet.asked).toEqual([{ method: 'portforward', request: { sandbox: 'sandbox-1', port: [80, 8080] } }]);
  });

  it('says why a port cannot be reached', async () => {
    kubelet = await testKubelet((session) => {
      session.onStream = (stream) => {
        if (stream.headers.streamtype === 'data') finish(session, stream, 'connection refused');
      };
    });
    const client = await websocket('/portForward/default/web?port=80', ['v4.channel.k8s.io']);
    expect(await client.closed).toBe(1000);
    expect(client.text(1)).toBe('P\0connection refused');
  });

  it('of SPDY inside WebSocket messages', async () => {
    const sessions: FakeSession[] = [];
    kubelet = await testKubelet((session) => sessions.push(session));
    // By hand, since the protocol's name has a slash, which the library takes for a mistake.
    const socket = connectTls({ port: kubelet.port, host: '127.0.0.1', ...kubelet.client, ca: kubelet.ca });
    await once(socket, 'secureConnect');
    socket.write(
      'GET /portForward/default/web HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
        'Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n\r\n',
    );
    const [head] = await once(socket, 'data');
    expect(String(head)).toMatch(/^HTTP\/1.1 101 /);
    expect(String(head)).toContain('Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n');
    expect(sessions[0]?.protocols).toEqual(['portforward.k8s.io']);
    const frame = (hex: string) =>
      Buffer.concat([Buffer.from([0x82, 0x80 + hex.length / 2, 0, 0, 0, 0]), Buffer.from(hex, 'hex')]);
    socket.write(frame('8003000600000004'));
    socket.write(frame('00000002'));
    while (sessions[0]?.pongs === 0) await new Promise((resolve) => setImmediate(resolve));
    sessions[0]?.socket.write('raw');
    const [raw] = await once(socket, 'data');
    expect(raw).toEqual(Buffer.from('\x82\x03raw', 'latin1'));
    sessions[0]?.socket.end();
    const [bye] = await once(socket, 'data');
    expect([...bye]).toEqual([0x88, 2, 0x03, 0xe8]);
    socket.destroy();
  });
});

describe('sessions', () => {
  it('leave nothing behind, whichever side goes, a thousand times', { timeout: 120_000 }, async () => {
    const connections = () =>
      process.getActiveResourcesInfo().filter((name) => /TCP|TLS/.test(name) && !/Server/.test(name)).length;
    const before = connections();
    let opened = 0;
    kubelet = await testKubelet((session) => {
      opened++;
      // Every third is ended by the runtime, as soon as it has its streams.
      if (opened % 3 === 0) void whenComplete(session, 4).then(() => session.socket.destroy());
    });
    const one = async (i: number) => {
      const path = `${exec}&input=1&output=1&error=1`;
      const client = await websocket(path, ['v5.channel.k8s.io']);
      client.socket.send(message(0, 'x'.repeat(1000)));
      if (i % 2 === 0) client.socket.terminate();
      else client.socket.close();
      await client.closed;
    };
    const waves = async (count: number) => {
      for (let i = 0; i < count; i += 20) await Promise.all(Array.from({ length: 20 }, (_, n) => one(i + n)));
      while (kubelet.runtime.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
    };
    await waves(1000);
    expect(opened).toBe(1000);
    expect(kubelet.listeners.size).toBe(0);
    // What the process holds open is back to what it was before the first client.
    while (connections() > before) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it('end when the server stops', async () => {
    kubelet = await testKubelet();
    const client = await websocket(`${exec}&output=1`, ['v5.channel.k8s.io']);
    await kubelet.server.stop();
    expect(await client.closed).toBe(1006);
  });
});
