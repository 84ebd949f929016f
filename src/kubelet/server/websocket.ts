import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

/** How channels are put into messages, and what the last words on the error channel look like. */
export interface ChannelProtocol {
  readonly base64: boolean;
  /** The error channel carries a Status as JSON (v4), or just an error's text. */
  readonly status: boolean;
  /** The client may close a channel: message 255, number of the channel (v5). */
  readonly close: boolean;
}

/** https://github.com/kubernetes/kubernetes/tree/v1.36.0/staging/src/k8s.io/apimachinery/pkg/util/remotecommand */
export const commandProtocols: Readonly<Record<string, ChannelProtocol>> = {
  'v5.channel.k8s.io': { base64: false, status: true, close: true },
  'v4.channel.k8s.io': { base64: false, status: true, close: false },
  'v4.base64.channel.k8s.io': { base64: true, status: true, close: false },
  'channel.k8s.io': { base64: false, status: false, close: false },
  'base64.channel.k8s.io': { base64: true, status: false, close: false },
  '': { base64: false, status: false, close: false },
};

/** A port-forward whose messages are pieces of a SPDY connection. https://kep.k8s.io/4006 */
export const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';

export const portForwardProtocols: Readonly<Record<string, ChannelProtocol>> = {
  'v4.channel.k8s.io': { base64: false, status: false, close: false },
  'v4.base64.channel.k8s.io': { base64: true, status: false, close: false },
  'portforward.k8s.io': { base64: false, status: false, close: false },
  '': { base64: false, status: false, close: false },
};

/** Clients send what they read at once, some 32 KiB; more than this in a message is none of theirs. */
const LONGEST_MESSAGE = 1024 * 1024;
/** With so many bytes on their way to a client its source is stopped; it goes on when half of them are gone. */
const MOST_UNSENT = 512 * 1024;
const CLOSE_CHANNEL = 255;

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: LONGEST_MESSAGE,
});
const chosen = new WeakMap<IncomingMessage, string>();
server.on('headers', (headers, request) => {
  const protocol = chosen.get(request);
  if (protocol) headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
});

/** The first of the client's subprotocols that is known; "" where it asks for none; undefined: none of them. */
export function chooseProtocol(request: IncomingMessage, known: Iterable<string>): string | undefined {
  const offered = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const names = new Set(known);
  if (offered.length === 0) return names.has('') ? '' : undefined;
  return offered.find((name) => names.has(name));
}

export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
): Promise<WebSocket> {
  chosen.set(request, protocol);
  // The library would choose by itself, and takes no name with a slash (TUNNEL_PROTOCOL has one).
  delete request.headers['sec-websocket-protocol'];
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client is gone')));
    server.handleUpgrade(request, socket, head, resolve);
  });
}

export interface ChannelHandler {
  data(channel: number, data: Buffer): void;
  /** The client will send no more on the channel. */
  close(channel: number): void;
}

/** A WebSocket that carries several numbered channels. */
export class Channels {
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #protocol: ChannelProtocol;
  readonly #outgoing: Outgoing;

  constructor(socket: WebSocket, protocol: ChannelProtocol, handler: ChannelHandler, flow: Flow) {
    this.#socket = socket;
    this.#protocol = protocol;
    this.#outgoing = new Outgoing(socket, flow);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => socket.terminate()); // a message against the protocol; 'close' follows
    socket.on('message', (raw) => {
      const message = bytesOf(raw);
      if (message.length === 0) return;
      const first = message[0] ?? 0;
      if (protocol.base64) handler.data(first - 0x30, Buffer.from(message.subarray(1).toString('latin1'), 'base64'));
      else if (first !== CLOSE_CHANNEL) handler.data(first, message.subarray(1));
      else if (protocol.close && message.length === 2) handler.close(message[1] ?? 0);
    });
  }

  /** Empty data is a message too: it shows that the channel is there. */
  send(channel: number, data: Uint8Array): void {
    const message = this.#protocol.base64
      ? `${String.fromCharCode(0x30 + channel)}${Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64')}`
      : Buffer.concat([Buffer.from([channel]), data]);
    this.#outgoing.send(message);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends in the ordinary way once everything has been sent. */
  close(): void {
    closeSoon(this.#socket, 1000);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

/** Stops and starts what feeds a socket. */
export interface Flow {
  pause(): void;
  resume(): void;
}

/** Sends messages, and stops their source while the client does not keep up. */
export class Outgoing {
  readonly #socket: WebSocket;
  readonly #flow: Flow;
  #unsent = 0;
  #paused = false;

  constructor(socket: WebSocket, flow: Flow) {
    this.#socket = socket;
    this.#flow = flow;
  }

  send(message: Uint8Array | string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#unsent += message.length;
    this.#socket.send(message, () => {
      this.#unsent -= message.length;
      if (!this.#paused || this.#unsent > MOST_UNSENT / 2) return;
      this.#paused = false;
      this.#flow.resume();
    });
    if (this.#paused || this.#unsent <= MOST_UNSENT) return;
    this.#paused = true;
    this.#flow.pause();
  }
}

const CLOSE_GRACE = 5_000;

/** Says goodbye, and hangs up on a client that does not answer. */
export function closeSoon(socket: WebSocket, code: number): void {
  if (socket.readyState === socket.CLOSED) return;
  socket.close(code);
  const timer = setTimeout(() => socket.terminate(), CLOSE_GRACE);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

export function bytesOf(raw: RawData): Buffer {
  if (Buffer.isBuffer(raw)) return raw;
  return Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw);
}
