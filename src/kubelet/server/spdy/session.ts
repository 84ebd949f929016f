import type { Duplex } from 'node:stream';
import {
  Cancel,
  dataHeader,
  FLAG_FIN,
  FrameParser,
  FrameType,
  goAway,
  HeaderWriter,
  ping,
  RefusedStream,
  rstStream,
} from './frames.ts';

export interface StreamHandler {
  data(chunk: Buffer): void;
  /** The peer will send no more; called once, also when the stream is reset or the session ends. */
  end(): void;
}

const LARGEST_DATA_FRAME = 64 * 1024;

/** The client's end of a SPDY/3.1 session: opens streams, and refuses those that the server would open. */
export class SpdySession {
  /** Resolves when the connection is closed, for whatever reason; all streams have ended then. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #headers = new HeaderWriter();
  readonly #drained = new Set<() => void>();
  #next = 1;

  /** `head` is what has been read of the connection already. */
  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    const parser = new FrameParser({
      data: (id, chunk, fin) => this.#data(id, chunk, fin),
      control: (type, flags, payload) => this.#control(type, flags, payload),
    });
    const read = (chunk: Buffer) => {
      try {
        parser.push(chunk);
      } catch {
        socket.destroy(); // what follows cannot be made sense of
      }
    };
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const stream of [...this.#streams.values()]) stream.finish();
        this.#streams.clear();
        this.#drained.clear();
        resolve();
      });
    });
    socket.on('error', () => {}); // 'close' follows
    socket.once('end', () => socket.destroy());
    socket.on('drain', () => {
      const waiting = [...this.#drained];
      this.#drained.clear();
      for (const resume of waiting) resume();
    });
    // The streams are opened before the first answer is read.
    setImmediate(() => {
      if (head.length > 0) read(head);
      socket.on('data', read);
    });
  }

  open(headers: Readonly<Record<string, string>>, handler: StreamHandler): SpdyStream {
    const id = this.#next;
    this.#next += 2;
    const stream = new SpdyStream(
      id,
      handler,
      (bytes) => this.#write(bytes),
      (gone) => this.#streams.delete(gone),
    );
    this.#streams.set(id, stream);
    this.#write(this.#headers.synStream(id, headers));
    if (this.#socket.destroyed) stream.finish();
    return stream;
  }

  /** Whoever gets the data cannot take more for now. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Calls back when what was written has gone out, after a write answered false. */
  onceDrained(resume: () => void): void {
    if (!this.#socket.destroyed) this.#drained.add(resume);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends the session when what has been written is out. */
  end(): void {
    if (this.#socket.destroyed) return;
    this.#socket.end(goAway(0));
  }

  #write(bytes: readonly Uint8Array[] | Uint8Array): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return true;
    if (bytes instanceof Uint8Array) return this.#socket.write(bytes);
    this.#socket.cork();
    let more = true;
    for (const part of bytes) more = this.#socket.write(part);
    this.#socket.uncork();
    return more;
  }

  #data(id: number, chunk: Buffer, fin: boolean): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (chunk.length > 0) stream.receive(chunk);
    if (fin) stream.finish();
  }

  #control(type: number, flags: number, payload: Buffer): void {
    const id = payload.length >= 4 ? payload.readUInt32BE(0) & 0x7fffffff : 0;
    switch (type) {
      case FrameType.synStream:
        this.#write(rstStream(id, RefusedStream));
        return;
      case FrameType.synReply:
      case FrameType.headers:
        if (flags & FLAG_FIN) this.#streams.get(id)?.finish();
        return;
      case FrameType.rstStream:
        this.#streams.get(id)?.finish();
        return;
      case FrameType.ping:
        if (id % 2 === 0) this.#write(ping(id)); // odd ones are answers to our own
    }
  }
}

/** One stream. What is written goes out in order; a closed stream swallows it. */
export class SpdyStream {
  readonly #id: number;
  readonly #handler: StreamHandler;
  readonly #write: (bytes: readonly Uint8Array[] | Uint8Array) => boolean;
  readonly #forget: (id: number) => void;
  #ended = false;
  #finished = false;

  constructor(
    id: number,
    handler: StreamHandler,
    write: (bytes: readonly Uint8Array[] | Uint8Array) => boolean,
    forget: (id: number) => void,
  ) {
    this.#id = id;
    this.#handler = handler;
    this.#write = write;
    this.#forget = forget;
  }

  /** False: the connection is behind; wait for `onceDrained`. */
  write(data: Uint8Array): boolean {
    if (this.#ended) return true;
    let more = true;
    for (let at = 0; at < data.length; at += LARGEST_DATA_FRAME) {
      const part = data.subarray(at, at + LARGEST_DATA_FRAME);
      more = this.#write([dataHeader(this.#id, 0, part.length), part]);
    }
    return more;
  }

  /** No more will be written. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#write(dataHeader(this.#id, FLAG_FIN, 0));
    if (this.#finished) this.#forget(this.#id);
  }

  reset(): void {
    if (this.#ended && this.#finished) return;
    this.#ended = true;
    this.#write(rstStream(this.#id, Cancel));
    this.finish();
  }

  receive(chunk: Buffer): void {
    if (!this.#finished) this.#handler.data(chunk);
  }

  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#ended) this.#forget(this.#id);
    this.#handler.end();
  }
}
