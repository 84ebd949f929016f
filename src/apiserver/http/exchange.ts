import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { WebSocket } from 'ws';

/** Lower-case names; a name with several values (Warning) has an array. */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>;

/** One TLS connection, shared by all its requests. */
export class Connection {
  readonly socket: TLSSocket;
  readonly remoteAddress: string;
  /** Asks the client to send no more on this connection; what is under way is answered. Only HTTP/2 can. */
  retire: (() => void) | undefined;
  #peer: PeerCertificate | undefined | null = null;

  constructor(socket: TLSSocket) {
    this.socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
  }

  /** The client's certificate was signed by the client CA. */
  get verified(): boolean {
    return this.socket.authorized;
  }

  /** The certificate that the client showed, whether or not it is to be trusted. */
  get peerCertificate(): PeerCertificate | undefined {
    if (this.#peer === null) {
      const certificate = this.socket.getPeerCertificate();
      this.#peer = certificate?.raw ? certificate : undefined;
    }
    return this.#peer;
  }
}

export type PeerCertificate = ReturnType<TLSSocket['getPeerCertificate']>;

/**
 * A request and the way to answer it, over HTTP/1.1 or HTTP/2: what handlers see. Exactly one of `respond` and
 * `stream` is called, once; after the client has gone both do nothing.
 */
export interface Exchange {
  readonly method: string;
  /** As it was sent: path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Connection;
  readonly version: '1.1' | '2';
  /** What its audit events and its answer are called, once anybody has asked: see `auditIdOf`. */
  auditID: string | undefined;
  /** The client went away, or the answer is complete. */
  readonly closed: boolean;
  /** Aborts when the client goes away before its answer is complete. Made on first use. */
  readonly signal: AbortSignal;
  /** Status of the answer, 0 before there is one. */
  readonly status: number;
  /** Bytes of the answer's body so far. */
  readonly sent: number;
  /** Rejects with a BodyTooLargeError past the limit (bytes) and with ClientGoneError when the body ends early. */
  readBody(limit: number): Promise<Buffer>;
  /** Headers that go with the answer, whatever it will be. Once, and before it. */
  addHeaders(headers: ResponseHeaders): void;
  respond(status: number, headers: ResponseHeaders, body: readonly Uint8Array[]): void;
  stream(status: number, headers: ResponseHeaders): ResponseStream;
  /** Breaks an answer off so that the client can tell that it is incomplete. */
  abort(): void;
  /** Calls `listener` once when the exchange is over, however it ended; at once when it is. */
  onClose(listener: () => void): void;
  /** Present when the client asks to leave HTTP, which is possible in HTTP/1.1 only. */
  readonly upgrade?: Upgrade;
}

export interface Upgrade {
  /** The raw connection. */
  readonly socket: Duplex;
  /** What was read past the request. */
  readonly head: Buffer;
  /** From here on the connection is the caller's. */
  take(): void;
  /** Takes the connection as a WebSocket, the handshake done. `protocol` is one of those that the client named. */
  webSocket(protocol: string | undefined): Promise<WebSocket>;
}

/** An answer of which the length is not known, or too long to hold in memory. */
export interface ResponseStream {
  /** False when the reader is behind: write no more until `onDrain` (what was written is kept). */
  write(chunk: Uint8Array): boolean;
  /** Set by the writer; called when there is room again. */
  onDrain: (() => void) | undefined;
  end(): void;
}

export class BodyTooLargeError extends Error {
  override name = 'BodyTooLargeError';
}

export class ClientGoneError extends Error {
  override name = 'ClientGoneError';
}

/** Connection-specific headers have no place in HTTP/2 and are the server's own business in HTTP/1.1. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'te',
  'trailer',
]);

let dateText = '';
let dateSecond = 0;

/** The Date header, rendered once a second. */
export function httpDate(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}
