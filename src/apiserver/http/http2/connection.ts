import type { TLSSocket } from 'node:tls';
import type { Connection, Exchange } from '../exchange.ts';
import type { FramedBlock } from '../framed.ts';
import type { Limits } from '../limits.ts';
import { FrameReader } from './frame-reader.ts';
import {
  ConnectionError,
  DEFAULT_WINDOW,
  type ErrorCode,
  errorCode,
  FRAME_LIMIT,
  flag,
  frameType,
  HEADER_BYTES,
  LARGEST_WINDOW,
  setting,
  unpad,
  writeFrameHeader,
} from './frames.ts';
import { HpackDecoder, HpackError } from './hpack.ts';
import { Output } from './output.ts';
import { Patience } from './patience.ts';
import { HeaderBlock } from './request-headers.ts';
import { Http2Stream } from './stream.ts';

/** What a stream may send before anybody reads it. */
export const STREAM_WINDOW = 256 * 1024;
/** The same for all streams of a connection together. */
const CONNECTION_WINDOW = 4 * 1024 * 1024;
/** What may wait for the socket; the rest stays with its streams, which take turns. */
const TURN_BYTES = 256 * 1024;
/** With so much waiting nothing more is read: answers without a body need no window of the client. */
const MOST_WAITING = 2 * TURN_BYTES;
/** Acknowledgements that may wait for a client that does not read. */
const MOST_CONTROL = 1000;
const MOST_CONTINUATIONS = 32;

/**
 * The server's side of one HTTP/2 connection (RFC 9113). Written for what an API server does: many small answers on
 * few connections, which leave in one write a turn of the event loop, and endless answers that share their bytes.
 * Node's own http2 makes a JavaScript stream and several native ones for every request, which costs three times what
 * the API server itself needs for a GET.
 */
export class Http2Connection {
  readonly #socket: TLSSocket;
  readonly #limits: Limits;
  readonly #handle: (exchange: Exchange) => void;
  readonly connection: Connection;
  readonly #decoder = new HpackDecoder();
  readonly #output: Output;
  readonly #streams = new Map<number, Http2Stream>();
  readonly #patience = new Patience();

  readonly #frames = new FrameReader(
    () => this.#socket.setTimeout(this.#limits.idleTimeoutMs),
    (type, flags, id, payload) => this.#dispatch(type, flags, id, payload),
  );
  #settled = false;
  #lastStream = 0;
  #closing = false;
  #dead = false;
  #controls = 0;

  /** A header block of which CONTINUATION frames are still to come. */
  #block: { stream: number; parts: Buffer[]; bytes: number; endStream: boolean } | undefined;

  #peerFrame = FRAME_LIMIT;
  #peerStreamWindow = DEFAULT_WINDOW;
  #sendWindow = DEFAULT_WINDOW;
  #receiveWindow = CONNECTION_WINDOW;
  #consumed = 0;

  #flushing = false;
  /** Streams with bytes that wait for a window or the socket, in the order of their turns. */
  readonly #waiting = new Set<Http2Stream>();

  constructor(connection: Connection, limits: Limits, handle: (exchange: Exchange) => void) {
    this.connection = connection;
    connection.retire = () => this.shutdown();
    this.#socket = connection.socket;
    this.#limits = limits;
    this.#handle = handle;
    this.#output = new Output(connection.socket, () => this.#written());
    const socket = connection.socket;
    socket.setTimeout(limits.headersTimeoutMs);
    socket.on('timeout', () => this.#idle());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.#die());
    this.#settings();
  }

  /* ---- life ---- */

  /** No new streams; the connection ends when those it has are done. */
  shutdown(): void {
    if (this.#closing || this.#dead) return;
    this.#goaway(errorCode.none, '');
    this.#closing = true;
    this.#endIfDone();
  }

  #idle(): void {
    if (this.#streams.size === 0) this.shutdown();
  }

  #die(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#frames.stop();
    this.#output.drop();
    for (const stream of [...this.#streams.values()]) stream.lost();
    this.#streams.clear();
    this.#waiting.clear();
  }

  #endIfDone(): void {
    if (!this.#closing || this.#streams.size > 0 || this.#dead) return;
    this.#output.end();
    // A client that does not hang up is not waited for.
    this.#socket.setTimeout(this.#limits.shutdownMs, () => this.#socket.destroy());
  }

  #fail(code: ErrorCode, why: string): void {
    if (this.#dead) return;
    this.#goaway(code, why);
    this.#output.end();
    this.#die();
    this.#socket.setTimeout(1000, () => this.#socket.destroy());
  }

  #goaway(code: ErrorCode, why: string): void {
    const debug = Buffer.from(why);
    const payload = Buffer.alloc(8 + debug.length);
    payload.writeUInt32BE(this.#lastStream, 0);
    payload.writeUInt32BE(code, 4);
    debug.copy(payload, 8);
    this.#frame(frameType.goaway, 0, 0, payload);
  }

  #settings(): void {
    const pairs: readonly (readonly [number, number])[] = [
      [setting.maxConcurrentStreams, this.#limits.concurrentStreams],
      [setting.initialWindowSize, STREAM_WINDOW],
      [setting.maxHeaderListSize, this.#limits.headerBytes],
    ];
    const payload = Buffer.alloc(pairs.length * 6);
    pairs.forEach(([id, value], i) => {
      payload.writeUInt16BE(id, i * 6);
      payload.writeUInt32BE(value, i * 6 + 2);
    });
    this.#frame(frameType.settings, 0, 0, payload);
    this.#windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW);
  }

  /* ---- receiving ---- */

  #receive(chunk: Buffer): void {
    if (this.#dead) return;
    try {
      this.#frames.read(chunk);
      if (this.#output.pending > MOST_WAITING) this.#socket.pause();
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error.code, error.message);
      else if (error instanceof HpackError) this.#fail(errorCode.compression, error.message);
      else throw error;
    }
  }

  #dispatch(type: number, flags: number, id: number, payload: Buffer): void {
    if (!this.#settled) {
      if (type !== frameType.settings) throw new ConnectionError(errorCode.protocol, 'settings come first');
      this.#settled = true;
    }
    if (this.#block && (type !== frameType.continuation || id !== this.#block.stream))
      throw new ConnectionError(errorCode.protocol, 'a header block was cut off');
    switch (type) {
      case frameType.data:
        this.#data(flags, id, payload);
        break;
      case frameType.headers:
        this.#headers(flags, id, payload);
        break;
      case frameType.continuation:
        this.#continuation(flags, payload);
        break;
      case frameType.priority:
        if (payload.length !== 5) throw new ConnectionError(errorCode.frameSize, 'PRIORITY');
        this.#patience.spend();
        return;
      case frameType.rstStream:
        this.#reset(id, payload);
        break;
      case frameType.settings:
        this.#peerSettings(flags, id, payload);
        break;
      case frameType.ping:
        this.#ping(flags, id, payload);
        break;
      case frameType.goaway:
        this.shutdown();
        break;
      case frameType.windowUpdate:
        this.#peerWindow(id, payload);
        break;
      case frameType.pushPromise:
        throw new ConnectionError(errorCode.protocol, 'clients push nothing');
    }
  }

  #data(flags: number, id: number, payload: Buffer): void {
    const stream = this.#streams.get(id);
    if (!stream && (id === 0 || id > this.#lastStream)) throw new ConnectionError(errorCode.protocol, 'DATA');
    // Padding counts too.
    this.#receiveWindow -= payload.length;
    if (this.#receiveWindow < 0) throw new ConnectionError(errorCode.flowControl, 'connection window exceeded');
    const body = unpad(flags, payload);
    const ends = (flags & flag.endStream) !== 0;
    if (body.length === 0 && !ends) this.#patience.spend();
    if (!stream?.receiving) {
      this.consumed(payload.length);
      if (!stream) return;
      this.resetStream(stream, errorCode.streamClosed);
      return;
    }
    if (!stream.receive(body, payload.length, ends)) this.resetStream(stream, errorCode.flowControl);
  }

  #headers(flags: number, id: number, payload: Buffer): void {
    let block = unpad(flags, payload);
    if (flags & flag.priority) {
      if (block.length < 5) throw new ConnectionError(errorCode.frameSize, 'HEADERS');
      block = block.subarray(5);
    }
    const endStream = (flags & flag.endStream) !== 0;
    if (flags & flag.endHeaders) this.#open(id, block, endStream);
    else this.#block = { stream: id, parts: [Buffer.from(block)], bytes: block.length, endStream };
  }

  #continuation(flags: number, payload: Buffer): void {
    const block = this.#block;
    if (!block) throw new ConnectionError(errorCode.protocol, 'CONTINUATION of nothing');
    block.parts.push(Buffer.from(payload));
    block.bytes += payload.length;
    if (block.bytes > this.#limits.headerBytes || block.parts.length > MOST_CONTINUATIONS)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'header block too large');
    if (!(flags & flag.endHeaders)) return;
    this.#block = undefined;
    this.#open(block.stream, Buffer.concat(block.parts), block.endStream);
  }

  #open(id: number, block: Buffer, endStream: boolean): void {
    if (id % 2 === 0) throw new ConnectionError(errorCode.protocol, 'clients open odd streams');
    const headers = new HeaderBlock(this.#limits.headerBytes);
    // Decoded even when it is to be refused: the table must stay in step.
    this.#decoder.decode(block, headers.field);
    const known = this.#streams.get(id);
    if (known) {
      if (!endStream || !known.receiving) {
        this.resetStream(known, errorCode.protocol);
        return;
      }
      // Trailers: nothing in the API reads them.
      known.receive(Buffer.alloc(0), 0, true);
      return;
    }
    if (id <= this.#lastStream) {
      // Late trailers of a stream that was reset here.
      this.#patience.spend();
      return;
    }
    if (this.#closing) {
      this.#refuse(id, errorCode.refusedStream);
      return;
    }
    this.#lastStream = id;
    if (this.#streams.size >= this.#limits.concurrentStreams) {
      this.#patience.spend();
      this.#refuse(id, errorCode.refusedStream);
      return;
    }
    const request = headers.finish();
    if (!request) {
      this.#refuse(id, errorCode.protocol);
      return;
    }
    const stream = new Http2Stream(this, id, request, endStream, this.#peerStreamWindow, this.#limits.bodyTimeoutMs);
    this.#streams.set(id, stream);
    if (request.tooLarge) stream.respond(431, { 'content-type': 'text/plain; charset=utf-8' }, [headersTooLarge]);
    else this.#handle(stream);
  }

  #reset(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(errorCode.frameSize, 'RST_STREAM');
    if (id === 0 || id > this.#lastStream) throw new ConnectionError(errorCode.protocol, 'RST_STREAM');
    this.#patience.spend();
    const stream = this.#streams.get(id);
    if (stream) {
      stream.lost();
      this.forget(stream);
    }
  }

  #peerSettings(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw new ConnectionError(errorCode.protocol, 'SETTINGS');
    if (flags & flag.ack) return;
    if (payload.length % 6 !== 0) throw new ConnectionError(errorCode.frameSize, 'SETTINGS');
    for (let i = 0; i < payload.length; i += 6) {
      const value = payload.readUInt32BE(i + 2);
      switch (payload.readUInt16BE(i)) {
        case setting.initialWindowSize: {
          if (value > LARGEST_WINDOW) throw new ConnectionError(errorCode.flowControl, 'SETTINGS');
          const delta = value - this.#peerStreamWindow;
          this.#peerStreamWindow = value;
          for (const stream of this.#streams.values()) stream.sendWindow += delta;
          break;
        }
        case setting.maxFrameSize:
          if (value < FRAME_LIMIT || value > 0xff_ffff) throw new ConnectionError(errorCode.protocol, 'SETTINGS');
          // Larger frames would save headers and cost memory.
          this.#peerFrame = Math.min(value, 64 * 1024);
          break;
        case setting.enablePush:
          if (value > 1) throw new ConnectionError(errorCode.protocol, 'SETTINGS');
          break;
      }
    }
    this.#patience.spend();
    this.#control(frameType.settings, flag.ack, 0, Buffer.alloc(0));
    this.#pumpAll();
  }

  #ping(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw new ConnectionError(errorCode.protocol, 'PING');
    if (payload.length !== 8) throw new ConnectionError(errorCode.frameSize, 'PING');
    if (!(flags & flag.ack)) this.#control(frameType.ping, flag.ack, 0, payload);
  }

  #peerWindow(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(errorCode.frameSize, 'WINDOW_UPDATE');
    const increment = payload.readUInt32BE(0) & LARGEST_WINDOW;
    if (id === 0) {
      if (increment === 0) throw new ConnectionError(errorCode.protocol, 'WINDOW_UPDATE');
      this.#sendWindow += increment;
      if (this.#sendWindow > LARGEST_WINDOW) throw new ConnectionError(errorCode.flowControl, 'WINDOW_UPDATE');
      this.#pumpAll();
      return;
    }
    if (id > this.#lastStream) throw new ConnectionError(errorCode.protocol, 'WINDOW_UPDATE');
    const stream = this.#streams.get(id);
    if (!stream) return;
    stream.sendWindow += increment;
    if (increment === 0) this.resetStream(stream, errorCode.protocol);
    else if (stream.sendWindow > LARGEST_WINDOW) this.resetStream(stream, errorCode.flowControl);
    else this.pump(stream);
  }

  /** Bytes of a body have been read (or thrown away): the client may send as many again. */
  consumed(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < CONNECTION_WINDOW / 2) return;
    this.#receiveWindow += this.#consumed;
    this.#windowUpdate(0, this.#consumed);
    this.#consumed = 0;
  }

  /* ---- sending ---- */

  get dead(): boolean {
    return this.#dead;
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    const output = this.#output;
    output.reserve(HEADER_BYTES + payload.length);
    const at = writeFrameHeader(output.room, output.at, payload.length, type, flags, id);
    output.room.set(payload, at);
    output.commit(at + payload.length);
    this.#flushSoon();
  }

  /** Answers to a client's control frames pile up when it does not read. */
  #control(type: number, flags: number, id: number, payload: Buffer): void {
    if (++this.#controls > MOST_CONTROL)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'too many control frames');
    this.#frame(type, flags, id, payload);
  }

  #windowUpdate(id: number, increment: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(increment, 0);
    this.#frame(frameType.windowUpdate, 0, id, payload);
  }

  growWindow(stream: Http2Stream, increment: number): void {
    this.#windowUpdate(stream.id, increment);
  }

  #refuse(id: number, code: ErrorCode): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(code, 0);
    this.#control(frameType.rstStream, 0, id, payload);
  }

  resetStream(stream: Http2Stream, code: ErrorCode): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(code, 0);
    this.#frame(frameType.rstStream, 0, stream.id, payload);
    stream.lost();
    this.forget(stream);
  }

  /** HEADERS; `write` lays the fields out and returns their end, `bound` is the most it needs. */
  sendHeaders(stream: Http2Stream, bound: number, write: (room: Buffer, at: number) => number, ends: boolean): void {
    const output = this.#output;
    output.reserve(HEADER_BYTES + bound);
    const { room, at } = output;
    const payload = at + HEADER_BYTES;
    const end = write(room, payload);
    const flags = flag.endHeaders | (ends ? flag.endStream : 0);
    writeFrameHeader(room, at, end - payload, frameType.headers, flags, stream.id);
    output.commit(end);
    this.#flushSoon();
  }

  /** Sends what the windows and the socket allow of what a stream has to say. */
  pump(stream: Http2Stream): void {
    const output = this.#output;
    while (stream.pending) {
      const window = Math.min(this.#sendWindow, stream.sendWindow);
      if ((window <= 0 && stream.queued > 0) || output.pending >= TURN_BYTES) {
        this.#waiting.add(stream);
        return;
      }
      const { block } = stream;
      if (block && block.payload <= window) {
        this.#lend(stream, block);
        continue;
      }
      const size = Math.min(stream.together, window, this.#peerFrame);
      const flags = stream.endsWith(size) ? flag.endStream : 0;
      output.reserve(HEADER_BYTES + size);
      const at = writeFrameHeader(output.room, output.at, size, frameType.data, flags, stream.id);
      stream.take(output.room, at, size);
      output.commit(at + size);
      this.#sendWindow -= size;
      this.#flushSoon();
    }
    this.#waiting.delete(stream);
    stream.drained();
  }

  /** Sends a block as it is: the headers of its frames are all that is written. */
  #lend(stream: Http2Stream, block: FramedBlock): void {
    block.busy = true;
    const ends = stream.endsWith(block.payload);
    block.eachFrame((at, length, last) => {
      writeFrameHeader(block.bytes, at, length, frameType.data, last && ends ? flag.endStream : 0, stream.id);
    });
    stream.skip(block);
    this.#sendWindow -= block.payload;
    this.#output.lend(block.bytes, () => {
      block.busy = false;
    });
    this.#flushSoon();
  }

  #pumpAll(): void {
    for (const stream of [...this.#waiting]) {
      if (this.#sendWindow <= 0 || this.#output.pending >= TURN_BYTES) return;
      // To the end of the queue, so that long answers take turns.
      this.#waiting.delete(stream);
      this.pump(stream);
    }
  }

  /** A stream is over on both sides. */
  forget(stream: Http2Stream): void {
    this.#waiting.delete(stream);
    if (!this.#streams.delete(stream.id)) return;
    this.consumed(stream.unread);
    if (this.#streams.size === 0 && this.#closing) this.#flushSoon();
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    if (this.#dead) return;
    this.#output.flush();
    if (this.#streams.size === 0) {
      this.#output.rest();
      this.#endIfDone();
    }
  };

  #written(): void {
    if (this.#dead) return;
    this.#controls = 0;
    if (this.#socket.isPaused() && this.#output.pending < TURN_BYTES) this.#socket.resume();
    if (this.#waiting.size > 0) this.#pumpAll();
    if (this.#output.pending > 0) this.#output.flush();
    else if (this.#streams.size === 0) this.#endIfDone();
  }

  /** After the callbacks of this turn, so that all its answers share a write. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(this.#flush);
  }
}

const headersTooLarge = Buffer.from('Request Header Fields Too Large\n');
