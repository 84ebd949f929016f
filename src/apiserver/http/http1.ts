import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import {
  BodyTooLargeError,
  ClientGoneError,
  Connection,
  type Exchange,
  type ResponseHeaders,
  type ResponseStream,
  type Upgrade,
} from './exchange.ts';
import type { Limits } from './limits.ts';
import { originForm } from './origin-form.ts';

const connections = new WeakMap<object, Connection>();

function connectionOf(socket: TLSSocket): Connection {
  const found = connections.get(socket) ?? new Connection(socket);
  connections.set(socket, found);
  return found;
}

/**
 * How long a client that is answered before it has sent all of its body may go on: closing a connection on which there
 * are unread bytes resets it, and the answer is lost on the way.
 */
const LINGER_MS = 1000;
/** Bytes of a long body that are handed over at a time. */
const PIECE = 256 * 1024;

/** Longest message that a client may send on a WebSocket, on which it has nothing to say. */
const MESSAGE_BYTES = 4096;

/** HTTP/1.1 by Node's own server, which is handed sockets whose TLS handshake is done. */
export function createHttp1Server(limits: Limits, handle: (exchange: Exchange) => void): Server {
  const answering = new WeakMap<object, Set<ServerResponse>>();
  const serve = (request: IncomingMessage, response: ServerResponse, continues: boolean) => {
    const { socket } = request;
    const others = answering.get(socket) ?? new Set();
    answering.set(socket, others.add(response));
    response.once('close', () => others.delete(response));
    handle(new Http1Exchange(request, response, { continues }));
  };
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.headersTimeoutMs / 2,
      // A body that does not come is answered by what bounds every request (flights.ts), in Kubernetes' words.
      requestTimeout: 0,
      keepAliveTimeout: limits.idleTimeoutMs,
      noDelay: true,
    },
    (request, response) => serve(request, response, false),
  );
  // Who asks before sending a body is told to go on when the body is wanted.
  server.on('checkContinue', (request, response) => serve(request, response, true));
  server.on('upgrade', (request, socket, head) => {
    const others = answering.get(socket);
    socket.on('error', () => socket.destroy());
    const upgrade = () => {
      if (!socket.writable) return;
      // Another answer has left the time of a quiet connection running.
      request.socket.setTimeout(0);
      const response = new ServerResponse(request);
      // Never reused: what follows the request is no longer HTTP to this server.
      response.shouldKeepAlive = false;
      response.assignSocket(request.socket);
      response.once('finish', () => socket.end());
      handle(new Http1Exchange(request, response, { upgrade: { socket, head } }));
    };
    // The client may have the last answer before this side knows that it has left, or not wait for it at all.
    const last = [...(others ?? [])].at(-1);
    if (!others || !last) {
      upgrade();
      return;
    }
    last.once('close', upgrade);
    // Node no longer tells them.
    socket.once('close', () => {
      for (const response of others) response.destroy();
    });
  });
  // It never listens itself, and only listening servers bound the time for headers.
  server.emit('listening');
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // What follows a mistake is full of mistakes; the first has been answered.
    if (socket.writableEnded) return;
    // A client that is slow to say what it wants gets no answer, which it might take for that of another request.
    if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      socket.destroy();
      return;
    }
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`);
    // A client that is still sending gets the time to read it: closing at once would reset the connection.
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
  return server;
}

class Http1Exchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Connection;
  readonly version = '1.1';
  readonly upgrade?: Upgrade;
  auditID: string | undefined = undefined;
  status = 0;
  sent = 0;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  /** The client waits for leave to send its body. */
  #continues: boolean;
  #abort: AbortController | undefined;
  #closed = false;
  #listeners: (() => void)[] | undefined;
  #more: ResponseHeaders | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { upgrade, continues = false }: { upgrade?: { socket: Duplex; head: Buffer }; continues?: boolean },
  ) {
    this.#request = request;
    this.#response = response;
    this.#continues = continues;
    this.method = request.method ?? 'GET';
    const target = request.url ?? '/';
    // What is no path is answered like a path that cannot be decoded.
    this.url = target.startsWith('/') ? target : (originForm(target) ?? '%');
    this.headers = request.headers;
    if (request.headers['impersonate-user'] !== undefined) keepDistinct(request, 'impersonate-');
    if (request.headers['x-remote-user'] !== undefined) keepDistinct(request, 'x-remote-');
    // The server is only ever handed TLS sockets.
    this.connection = connectionOf(request.socket as TLSSocket);
    response.sendDate = true;
    response.once('close', () => this.#close());
    if (upgrade) {
      this.upgrade = {
        ...upgrade,
        take: () => this.#take(upgrade.socket),
        webSocket: async (protocol) => {
          this.#take(upgrade.socket);
          this.status = 101;
          // Few servers are ever asked for one.
          const { WebSocketServer } = await import('ws');
          const handleProtocols = () => protocol ?? false;
          const server = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES, handleProtocols });
          return new Promise((resolve) => server.handleUpgrade(request, upgrade.socket, upgrade.head, resolve));
        },
      };
      upgrade.socket.once('close', () => this.#close());
    }
  }

  #take(socket: Duplex): void {
    this.#response.removeAllListeners('finish');
    this.#response.detachSocket(this.#request.socket);
    socket.once('close', () => this.#close());
  }

  get closed(): boolean {
    return this.#closed;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#closed) this.#abort.abort();
    return this.#abort.signal;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#response.writableFinished) this.#abort?.abort();
    for (const listener of this.#listeners ?? []) listener();
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else if (this.#listeners) this.#listeners.push(listener);
    else this.#listeners = [listener];
  }

  readBody(limit: number): Promise<Buffer> {
    const request = this.#request;
    return new Promise((resolve, reject) => {
      if (Number(request.headers['content-length'] ?? 0) > limit) {
        reject(new BodyTooLargeError());
        return;
      }
      if (this.#continues) this.#response.writeContinue();
      this.#continues = false;
      const chunks: Buffer[] = [];
      let size = 0;
      const take = (chunk: Buffer) => {
        size += chunk.length;
        if (size > limit) {
          request.off('data', take);
          request.pause();
          reject(new BodyTooLargeError());
        } else {
          chunks.push(chunk);
        }
      };
      request.on('data', take);
      request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)));
      request.once('error', () => reject(new ClientGoneError()));
      request.once('close', () => reject(new ClientGoneError()));
    });
  }

  addHeaders(headers: ResponseHeaders): void {
    this.#more = headers;
  }

  respond(status: number, headers: ResponseHeaders, body: readonly Uint8Array[]): void {
    if (this.#closed || this.status) return;
    this.status = status;
    let length = 0;
    for (const part of body) length += part.length;
    this.sent = length;
    const response = this.#response;
    if (!this.#skippable()) response.shouldKeepAlive = false;
    response.cork();
    const bare = this.method === 'HEAD' || status === 304 || status === 204;
    const more = { ...this.#more, ...(!bare && { 'content-length': String(length) }) };
    response.writeHead(status, { ...headers, ...more } as NodeHeaders);
    if (bare || length <= PIECE) {
      if (!bare) for (const part of body) response.write(part);
      this.#end();
      response.uncork();
    } else {
      response.uncork();
      this.#pour(body);
    }
  }

  /** Sends a long body in pieces, no faster than the client reads it. */
  #pour(body: readonly Uint8Array[]): void {
    const response = this.#response;
    let at = 0;
    const pour = () => {
      while (at < body.length && !this.#closed) {
        const from = at;
        for (let size = 0; at < body.length && size < PIECE; at++) size += body[at]?.length ?? 0;
        if (!response.write(Buffer.concat(body.slice(from, at)))) {
          response.once('drain', pour);
          return;
        }
      }
      this.#end();
    };
    pour();
  }

  /** What is still to come of the request is so little that the connection can be used again, as for Go. */
  #skippable(): boolean {
    const { complete, headers } = this.#request;
    return complete || (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= PIECE);
  }

  /** All is said. What a client still sends is read and thrown away, for a while. */
  #end(): void {
    const [request, response] = [this.#request, this.#response];
    if (request.complete || this.upgrade) {
      response.end();
      return;
    }
    response.flushHeaders();
    const timer = setTimeout(() => {
      response.end();
      request.socket.destroySoon();
    }, LINGER_MS);
    request.once('end', () => response.end());
    response.once('close', () => clearTimeout(timer));
    request.resume();
  }

  abort(): void {
    this.#response.destroy();
  }

  stream(status: number, headers: ResponseHeaders): ResponseStream {
    this.status ||= status;
    const response = this.#response;
    const stream: ResponseStream = {
      onDrain: undefined,
      write: (chunk) => {
        this.sent += chunk.length;
        return this.#closed || response.write(chunk);
      },
      end: () => void response.end(),
    };
    if (this.#closed) return stream;
    if (!this.#request.complete) response.shouldKeepAlive = false;
    response.writeHead(status, { ...headers, ...this.#more } as NodeHeaders);
    response.flushHeaders();
    response.on('drain', () => stream.onDrain?.());
    return stream;
  }
}

/** Node wants mutable arrays in its type; it does not change them. */
type NodeHeaders = Record<string, string | string[]>;

/** Node joins repeated headers by commas; values of these may hold commas of their own. */
function keepDistinct(request: IncomingMessage, prefix: string): void {
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (name.startsWith(prefix) && values && values.length > 1) request.headers[name] = values;
  }
}
