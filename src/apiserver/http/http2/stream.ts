import type { IncomingHttpHeaders } from 'node:http';
import {
  BodyTooLargeError,
  ClientGoneError,
  type Connection,
  type Exchange,
  httpDate,
  type ResponseHeaders,
  type ResponseStream,
} from '../exchange.ts';
import { blockOf, type FramedBlock } from '../framed.ts';
import { type Http2Connection, STREAM_WINDOW } from './connection.ts';
import { errorCode } from './frames.ts';
import { fieldBound, writeField, writeStatus } from './hpack.ts';
import type { RequestHead } from './request-headers.ts';

/** Bytes that may wait in a stream before its writer is asked to pause, and when it is asked to go on. */
const HIGH_WATER = 256 * 1024;
const LOW_WATER = 64 * 1024;

/**
 * How long a client that is answered before it has sent all of its body may go on. A reset that comes together with the
 * answer makes some clients (curl) forget the answer; most stop by themselves when they have read it.
 */
const LINGER_MS = 1000;

const NOTHING = Buffer.alloc(0);

/** One request and its answer. */
export class Http2Stream implements Exchange, ResponseStream {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly version = '2';
  sendWindow: number;
  auditID: string | undefined = undefined;
  status = 0;
  sent = 0;
  onDrain: (() => void) | undefined;

  readonly #connection: Http2Connection;
  readonly #bodyTimeoutMs: number;
  #closed = false;
  #abort: AbortController | undefined;
  #listeners: (() => void)[] | undefined;
  #more: ResponseHeaders | undefined;

  // What the client sends.
  #receiving: boolean;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #receiveWindow = STREAM_WINDOW;
  /** Bytes, padding included, that count against the connection's window until they are read. */
  unread = 0;
  #reader: { limit: number; resolve: (body: Buffer) => void; reject: (error: Error) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;

  // What waits to be sent to it.
  #queue: Uint8Array[] = [];
  /** A whole answer, in place of the queue: not changed, so that what many ask for is held once. */
  #body: readonly Uint8Array[] | undefined;
  /** The answer is in blocks: no frame spans two of their parts. */
  #aligned = false;
  #head = 0;
  queued = 0;
  /** How much of the chunk at `#head` is sent. */
  #offset = 0;
  #ended = false;
  #endSent = false;
  #full = false;

  constructor(
    connection: Http2Connection,
    id: number,
    request: RequestHead,
    complete: boolean,
    sendWindow: number,
    bodyTimeoutMs: number,
  ) {
    this.#connection = connection;
    this.id = id;
    this.method = request.method;
    this.url = request.path;
    this.headers = request.headers;
    this.#receiving = !complete;
    this.sendWindow = sendWindow;
    this.#bodyTimeoutMs = bodyTimeoutMs;
  }

  get connection(): Connection {
    return this.#connection.connection;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#closed) this.#abort.abort();
    return this.#abort.signal;
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else if (this.#listeners) this.#listeners.push(listener);
    else this.#listeners = [listener];
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#body = undefined;
    this.queued = 0;
    this.#chunks = [];
    clearTimeout(this.#timer);
    for (const listener of this.#listeners ?? []) listener();
  }

  /** The client took the stream back, or the connection is gone. */
  lost(): void {
    if (this.#closed) {
      clearTimeout(this.#timer);
      return;
    }
    this.#receiving = false;
    this.#close();
    this.#abort?.abort();
    this.#reader?.reject(new ClientGoneError());
    this.#reader = undefined;
  }

  /* ---- the request's body ---- */

  get receiving(): boolean {
    return this.#receiving;
  }

  /** False when the client sent more than it was allowed to. `weight` is what counts for the windows. */
  receive(body: Buffer, weight: number, ends: boolean): boolean {
    this.#receiveWindow -= weight;
    if (this.#receiveWindow < 0) return false;
    if (this.#closed) {
      // The answer is complete: what still comes is thrown away, and the connection's other streams keep their window.
      this.#connection.consumed(weight);
      if (ends) this.#over();
      return true;
    }
    this.unread += weight;
    if (body.length > 0) {
      // A copy: the body would keep the whole of what the socket read alive.
      this.#chunks.push(this.#reader || ends ? body : Buffer.from(body));
      this.#buffered += body.length;
    }
    if (ends) this.#receiving = false;
    this.#progress();
    return true;
  }

  readBody(limit: number): Promise<Buffer> {
    if (!this.#receiving && this.#buffered <= limit) return Promise.resolve(this.#takeBody());
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new ClientGoneError());
        return;
      }
      if (Number(this.headers['content-length'] ?? 0) > limit) {
        reject(new BodyTooLargeError());
        return;
      }
      const reader = { limit, resolve, reject };
      this.#reader = reader;
      this.#progress();
      // Most bodies are in what the socket has just read, and need no timer.
      queueMicrotask(() => {
        if (this.#reader !== reader) return;
        this.#timer = setTimeout(() => this.#connection.resetStream(this, errorCode.cancel), this.#bodyTimeoutMs);
      });
    });
  }

  #progress(): void {
    const reader = this.#reader;
    if (!reader) return;
    if (this.#buffered > reader.limit) {
      this.#reader = undefined;
      clearTimeout(this.#timer);
      reader.reject(new BodyTooLargeError());
      return;
    }
    if (!this.#receiving) {
      this.#reader = undefined;
      clearTimeout(this.#timer);
      reader.resolve(this.#takeBody());
      return;
    }
    // The window is opened again by as much as was taken, in steps worth a frame.
    const grow = STREAM_WINDOW - this.#receiveWindow;
    if (grow < STREAM_WINDOW / 2) return;
    this.#receiveWindow += grow;
    this.#connection.growWindow(this, grow);
    this.#connection.consumed(this.unread);
    this.unread = 0;
  }

  #takeBody(): Buffer {
    const body = this.#chunks.length === 1 ? (this.#chunks[0] ?? NOTHING) : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#connection.consumed(this.unread);
    this.unread = 0;
    return body;
  }

  /* ---- the answer ---- */

  addHeaders(headers: ResponseHeaders): void {
    this.#more = headers;
  }

  respond(status: number, headers: ResponseHeaders, body: readonly Uint8Array[]): void {
    if (this.#closed || this.status) return;
    this.status = status;
    let length = 0;
    for (const part of body) length += part.length;
    this.sent = length;
    const bare = this.method === 'HEAD' || status === 304 || status === 204;
    this.#sendHeaders(status, headers, bare ? -1 : length, bare || length === 0);
    this.#ended = true;
    if (bare || length === 0) {
      this.#endSent = true;
      this.drained();
      return;
    }
    this.#body = body;
    this.#aligned = body[1] !== undefined && blockOf(body[1]) !== undefined;
    this.queued = length;
    this.#connection.pump(this);
  }

  stream(status: number, headers: ResponseHeaders): ResponseStream {
    if (this.#closed || this.status) return this;
    this.status = status;
    this.#sendHeaders(status, headers, -1, false);
    return this;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#closed || this.#ended || chunk.length === 0) return true;
    this.#queue.push(chunk);
    this.queued += chunk.length;
    this.sent += chunk.length;
    this.#connection.pump(this);
    if (this.queued < HIGH_WATER) return true;
    this.#full = true;
    return false;
  }

  end(): void {
    if (this.#closed || this.#ended) return;
    this.#ended = true;
    this.#connection.pump(this);
  }

  abort(): void {
    if (!this.#closed) this.#connection.resetStream(this, errorCode.internal);
  }

  #sendHeaders(status: number, headers: ResponseHeaders, length: number, ends: boolean): void {
    const more = this.#more;
    let bound = 128 + fieldsBound(headers);
    if (more) bound += fieldsBound(more);
    this.#connection.sendHeaders(
      this,
      bound,
      (room, start) => {
        let at = writeFields(room, writeStatus(room, start, status), headers);
        if (more) at = writeFields(room, at, more);
        at = writeField(room, at, 'date', httpDate());
        return length >= 0 ? writeField(room, at, 'content-length', String(length)) : at;
      },
      ends,
    );
  }

  /** Something is left to say: bytes, or that there are no more. */
  get pending(): boolean {
    return this.queued > 0 || (this.#ended && !this.#endSent && !this.#closed);
  }

  /** The next `size` bytes are the last. */
  endsWith(size: number): boolean {
    return this.#ended && size === this.queued;
  }

  /** How many bytes the next frame may have, whatever the windows say. */
  get together(): number {
    if (!this.#aligned) return this.queued;
    return (this.#body?.[this.#head]?.length ?? 0) - this.#offset;
  }

  /** The block that comes next, where it can be sent as it is. */
  get block(): FramedBlock | undefined {
    if (!this.#aligned || this.#offset > 0) return undefined;
    const block = blockOf(this.#body?.[this.#head] ?? NOTHING);
    return block?.busy ? undefined : block;
  }

  /** The block that comes next is on its way. */
  skip(block: FramedBlock): void {
    this.sendWindow -= block.payload;
    this.queued -= block.payload;
    this.#head += block.frames;
    this.#taken();
  }

  /** Moves the next `size` bytes into `room`. */
  take(room: Buffer, start: number, size: number): void {
    this.sendWindow -= size;
    this.queued -= size;
    let at = start;
    const end = start + size;
    const queue = this.#body ?? this.#queue;
    while (at < end) {
      const chunk = queue[this.#head] ?? NOTHING;
      const bytes = Math.min(chunk.length - this.#offset, end - at);
      if (bytes === chunk.length) room.set(chunk, at);
      else room.set(chunk.subarray(this.#offset, this.#offset + bytes), at);
      at += bytes;
      this.#offset += bytes;
      if (this.#offset === chunk.length) {
        this.#offset = 0;
        this.#head++;
      }
    }
    this.#taken();
  }

  #taken(): void {
    if (this.queued > 0) return;
    this.#queue = [];
    this.#body = undefined;
    this.#head = 0;
    if (this.#ended) this.#endSent = true;
  }

  /** Nothing is left to send for now. */
  drained(): void {
    if (this.#closed) return;
    if (this.#ended) {
      this.#close();
      if (this.#receiving) this.#linger();
      else this.#connection.forget(this);
    } else if (this.#full && this.queued < LOW_WATER) {
      this.#full = false;
      this.onDrain?.();
    }
  }

  /** The answer is complete; what the client still sends is of no use (RFC 9113, 8.1). */
  #linger(): void {
    this.#connection.consumed(this.unread);
    this.unread = 0;
    this.#timer = setTimeout(() => this.#connection.resetStream(this, errorCode.none), LINGER_MS);
  }

  #over(): void {
    clearTimeout(this.#timer);
    this.#receiving = false;
    this.#connection.forget(this);
  }
}

function fieldsBound(headers: ResponseHeaders): number {
  let bound = 0;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') bound += fieldBound(name, value);
    else for (const one of value ?? []) bound += fieldBound(name, one);
  }
  return bound;
}

function writeFields(room: Buffer, start: number, headers: ResponseHeaders): number {
  let at = start;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') at = writeField(room, at, name, value);
    else for (const one of value ?? []) at = writeField(room, at, name, one);
  }
  return at;
}
