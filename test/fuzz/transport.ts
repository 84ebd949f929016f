import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as connectTls } from 'node:tls';
import type { Chance } from './chance.ts';
import type { WireRequest } from './requests.ts';

export interface Answer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  /** The beginning of the body. */
  readonly text: string;
}

const kept = 64 * 1024;
/** How long an answer that has begun may go on before the client hangs up: what watches do. */
const readingMs = 300;

/** The three ways to the server; each answers, or throws after `withinMs`. */
export class Transport {
  readonly #origin: string;
  readonly #port: number;
  readonly #token: string;
  readonly #withinMs: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32, rejectUnauthorized: false });
  #session: ClientHttp2Session | undefined;

  constructor(options: { readonly port: number; readonly token: string; readonly withinMs: number }) {
    this.#port = options.port;
    this.#origin = `https://127.0.0.1:${options.port}`;
    this.#token = options.token;
    this.#withinMs = options.withinMs;
  }

  /** HTTP/1.1, or the bytes themselves where Node's client would not send them. */
  http1(wire: WireRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      try {
        const headers = { authorization: `Bearer ${this.#token}`, ...wire.headers };
        const sent = httpsRequest(`${this.#origin}/`, {
          method: wire.method,
          path: wire.path,
          headers: { ...headers, ...(wire.body && { 'content-length': String(wire.body.length) }) },
          agent: this.#agent,
        });
        timer = setTimeout(() => sent.destroy(new Error('no answer in time')), this.#withinMs);
        const done = (status: number, text: string) => {
          clearTimeout(timer);
          resolve({ status, text });
        };
        sent.on('upgrade', (response, socket) => {
          socket.on('error', () => undefined);
          socket.destroy();
          done(response.statusCode ?? 0, '');
        });
        sent.on('response', (response) => {
          let text = '';
          const enough = /[?&](watch|follow)=|\/watch\//.test(wire.path)
            ? setTimeout(() => response.destroy(), readingMs)
            : undefined;
          response.setEncoding('latin1');
          response.on('data', (chunk: string) => {
            if (text.length < kept) text += chunk;
          });
          response.on('error', () => undefined);
          response.on('close', () => {
            clearTimeout(enough);
            done(response.statusCode ?? 0, text);
          });
        });
        sent.on('error', (error: NodeJS.ErrnoException) => {
          // A server may answer a body it does not want by closing; that it still runs is checked all the time.
          if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code?.startsWith('HPE_')) done(0, '');
          else reject(error);
        });
        sent.end(wire.body);
      } catch (error) {
        clearTimeout(timer);
        if (error instanceof TypeError) this.raw(rawHttp1(wire, this.#token)).then(resolve, reject);
        else reject(error);
      }
    });
  }

  http2(wire: WireRequest): Promise<Answer> {
    const { connection: _c, upgrade: _u, ...headers } = wire.headers;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      try {
        const stream = this.#http2().request(
          { ':method': wire.method, ':path': wire.path, authorization: `Bearer ${this.#token}`, ...headers },
          { endStream: wire.body === undefined },
        );
        timer = setTimeout(() => {
          stream.close();
          reject(new Error('no answer in time'));
        }, this.#withinMs);
        let status = 0;
        let text = '';
        let enough: NodeJS.Timeout | undefined;
        stream.on('response', (answer) => {
          status = answer[':status'] ?? 0;
          if (/[?&](watch|follow)=|\/watch\//.test(wire.path)) enough = setTimeout(() => stream.close(), readingMs);
        });
        stream.setEncoding('latin1');
        stream.on('data', (chunk: string) => {
          if (text.length < kept) text += chunk;
        });
        stream.on('error', () => undefined);
        stream.on('close', () => {
          clearTimeout(timer);
          clearTimeout(enough);
          resolve({ status, text });
        });
        if (wire.body) stream.end(wire.body);
      } catch (error) {
        clearTimeout(timer);
        if (error instanceof TypeError) this.raw(rawHttp1(wire, this.#token)).then(resolve, reject);
        else reject(error);
      }
    });
  }

  /** Bytes as they are; the answer is whatever comes back until either side has had enough. */
  raw(bytes: Buffer, protocol: 'http/1.1' | 'h2' = 'http/1.1'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        port: this.#port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ALPNProtocols: [protocol],
      });
      const timer = setTimeout(() => {
        socket.destroy();
        reject(new Error('the connection could not be made in time'));
      }, this.#withinMs);
      let text = '';
      socket.on('secureConnect', () => {
        clearTimeout(timer);
        socket.write(bytes);
        setTimeout(() => socket.destroy(), readingMs);
      });
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => {
        if (text.length < kept) text += chunk;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearTimeout(timer);
        resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text });
      });
    });
  }

  close(): void {
    this.#agent.destroy();
    this.#session?.destroy();
  }

  #http2(): ClientHttp2Session {
    if (!this.#session || this.#session.closed || this.#session.destroyed) {
      this.#session = connectHttp2(this.#origin, { rejectUnauthorized: false });
      this.#session.on('error', () => undefined);
    }
    return this.#session;
  }
}

function rawHttp1(wire: WireRequest, token: string): Buffer {
  const headers = { host: 'x', authorization: `Bearer ${token}`, ...wire.headers };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const body = wire.body ?? Buffer.alloc(0);
  const head = `${wire.method} ${wire.path} HTTP/1.1\r\n${lines.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** HTTP/2 frames in an order, of lengths and on streams that nobody agreed to. */
export function oddFrames(chance: Chance): Buffer {
  const parts = [Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')];
  if (chance.oneIn(10)) parts.pop();
  if (!chance.oneIn(4)) parts.push(Buffer.from('000000040000000000', 'hex'));
  for (let n = chance.below(12); n > 0; n--) {
    const payload = Buffer.from(Array.from({ length: chance.below(40) }, () => chance.below(256)));
    const head = Buffer.alloc(9);
    head.writeUIntBE(chance.oneIn(8) ? chance.below(1 << 24) : payload.length, 0, 3);
    head[3] = chance.below(12);
    head[4] = chance.below(256);
    head.writeUInt32BE(chance.pick([0, 1, 1, 3, 2, 0x7fffffff, 0xffffffff]), 5);
    parts.push(head, payload);
  }
  return Buffer.concat(parts);
}

/** Text that begins like HTTP/1.1 and goes on otherwise. */
export function oddText(chance: Chance): Buffer {
  return Buffer.from(
    chance.pick([
      'GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /api/v1/namespaces HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      'POST /api/v1/namespaces HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
      'POST /api/v1/namespaces HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999\r\n\r\n{',
      'GET /api HTTP/9.9\r\n\r\n',
      'GET /api HTTP/1.1\r\n\r\n',
      'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET http://[::/ HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET //x/..//api?%zz#frag HTTP/1.1\r\nhost: x\r\n\r\n',
      `GET / HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(3000)}\r\n`,
      'GET / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n{}',
      '\u0016\u0003\u0001',
      '\r\n\r\n\r\n',
    ]),
    'latin1',
  );
}
