import type { WebSocket } from 'ws';
import { errors } from '../../api/errors.ts';
import type { Exchange, ResponseHeaders, ResponseStream } from './exchange.ts';

/** What a message holds: text, bytes, or bytes in base64 for readers that know text only. */
type Encoding = 'text' | 'binary' | 'base64';

/** Encodings by the subprotocol that a client may name; "" where it names none. */
export type Subprotocols = ReadonlyMap<string, Encoding>;

/** Watches in JSON; what a client calls its protocol does not matter. */
export const watchProtocols: Subprotocols = new Map([['', 'text']]);

/** Logs. https://kubernetes.io/docs/reference/using-api/api-concepts/ names the two protocols of its readers. */
export const byteProtocols: Subprotocols = new Map([
  ['', 'binary'],
  ['binary.k8s.io', 'binary'],
  ['base64.binary.k8s.io', 'base64'],
]);

/** Bytes that may wait for a reader who is behind. */
const BEHIND = 1024 * 1024;

/**
 * The way to answer piece by piece: a message a piece to those who come by WebSocket (browsers), a plain body to all
 * others. Rejects with ApiError where none of the client's subprotocols is known.
 */
export async function openStream(
  exchange: Exchange,
  headers: ResponseHeaders,
  protocols: Subprotocols,
): Promise<ResponseStream> {
  const { upgrade } = exchange;
  if (!upgrade || exchange.headers.upgrade?.toLowerCase() !== 'websocket') return exchange.stream(200, headers);
  const asked = (exchange.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const chosen = protocols.size === 1 ? '' : asked.find((name) => protocols.has(name));
  if (chosen === undefined) {
    throw errors.badRequest(`the subprotocols that the server speaks are ${[...protocols.keys()].join(', ')}`);
  }
  const encoding = protocols.get(chosen) ?? 'binary';
  const socket = await upgrade.webSocket(chosen || undefined);
  // Readers of bytes are greeted by an empty message, by which they know that the other side is there.
  if (encoding !== 'text') socket.send(Buffer.alloc(0));
  return new WebSocketStream(socket, encoding);
}

class WebSocketStream implements ResponseStream {
  readonly #socket: WebSocket;
  readonly #encoding: Encoding;
  #behind = false;
  onDrain: (() => void) | undefined;

  constructor(socket: WebSocket, encoding: Encoding) {
    this.#socket = socket;
    this.#encoding = encoding;
    // A connection that breaks ends the exchange by itself.
    socket.on('error', () => socket.terminate());
  }

  write(chunk: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return true;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const data = this.#encoding === 'base64' ? bytes.toString('base64') : bytes;
    socket.send(data, { binary: this.#encoding === 'binary' }, () => {
      if (!this.#behind || socket.bufferedAmount > BEHIND) return;
      this.#behind = false;
      this.onDrain?.();
    });
    this.#behind = socket.bufferedAmount > BEHIND;
    return !this.#behind;
  }

  end(): void {
    this.#socket.close(1000);
  }
}
