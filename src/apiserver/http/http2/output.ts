import type { Writable } from 'node:stream';

const SMALLEST = 4 * 1024;
const LARGEST = 256 * 1024;

/** Large blocks whose bytes have left, of all connections: a fresh one costs a page fault for every 4 KiB. */
const spare: Buffer[] = [];
const MOST_SPARE = 16;

interface Part {
  readonly bytes: Buffer;
  /** To be used again when the bytes have left. */
  readonly block: Buffer | undefined;
  /** Called when the bytes have left, or never will. */
  readonly done?: () => void;
}

/**
 * Frames on their way to the socket, laid end to end, so that whatever is said in one turn of the event loop goes out
 * in one write: the cost of a write (a TLS record, a system call) is shared by all the answers in it. One write is
 * under way at a time; more would be gathered, and copied, by the stream below.
 */
export class Output {
  readonly #socket: Writable;
  readonly #written: () => void;
  #block: Buffer = Buffer.alloc(0);
  #start = 0;
  #used = 0;
  #size = SMALLEST;
  #full: Part[] = [];
  #fullBytes = 0;
  #writing: Part | undefined;

  /** `written` is called when all that was flushed has left. */
  constructor(socket: Writable, written: () => void) {
    this.#socket = socket;
    this.#written = written;
  }

  /** Bytes that wait, whether for `flush` or for the socket. */
  get pending(): number {
    return this.#fullBytes + this.#used - this.#start;
  }

  /** Makes room for `bytes` in a row; write them into `room` from `at` and tell `commit` where they end. */
  reserve(bytes: number): void {
    if (this.#used + bytes <= this.#block.length) return;
    this.#retire(true);
    // Connections that say much get larger blocks; thousands of quiet ones must not hold much memory each.
    this.#size = Math.min(this.#size * 2, LARGEST);
    const size = Math.max(this.#size, bytes);
    this.#block = (size === LARGEST ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
    this.#start = 0;
    this.#used = 0;
  }

  get room(): Buffer {
    return this.#block;
  }

  get at(): number {
    return this.#used;
  }

  commit(end: number): void {
    this.#used = end;
  }

  /** `finished`: nothing more will be written into the block. */
  #retire(finished: boolean): void {
    const bytes = this.#block.subarray(this.#start, this.#used);
    if (bytes.length === 0) return;
    this.#full.push({ bytes, block: finished && this.#block.length === LARGEST ? this.#block : undefined });
    this.#fullBytes += bytes.length;
    this.#start = this.#used;
  }

  /** Takes bytes that need no copy; they must not change until `done` is called. */
  lend(bytes: Buffer, done: () => void): void {
    this.#retire(false);
    this.#full.push({ bytes, block: undefined, done });
    this.#fullBytes += bytes.length;
  }

  /** Sends what there is, as soon as the write before it is done. */
  flush(): void {
    if (this.#writing) return;
    if (this.#full.length === 0) this.#retire(false);
    const part = this.#full.shift();
    if (!part) return;
    this.#writing = part;
    this.#fullBytes -= part.bytes.length;
    this.#socket.write(part.bytes, this.#done);
  }

  /** Hands everything over at once and ends the socket. */
  end(): void {
    this.#retire(false);
    for (const { bytes, done } of this.#full) this.#socket.write(bytes, done);
    this.#full = [];
    this.#fullBytes = 0;
    this.#socket.end();
  }

  readonly #done = (error?: Error | null): void => {
    const part = this.#writing;
    this.#writing = undefined;
    part?.done?.();
    if (error) return;
    if (part?.block && spare.length < MOST_SPARE) spare.push(part.block);
    if (this.#full.length > 0) this.flush();
    this.#written();
  };

  /** The socket is gone. */
  drop(): void {
    for (const { done } of this.#full) done?.();
    this.#full = [];
    this.#fullBytes = 0;
  }

  /** Gives the memory back until there is something to say again. */
  rest(): void {
    if (this.pending > 0) return;
    this.#block = Buffer.alloc(0);
    this.#start = 0;
    this.#used = 0;
    this.#size = SMALLEST;
  }
}
