import type { Writable } from 'node:stream';

const SMALLEST = 4 * 1024;
const LARGEST = 256 * 1024;

/**
 * Frames on their way to the socket, laid end to end, so that whatever is said in one turn of the event loop goes out
 * in one write: the cost of a write (a TLS record, a system call) is shared by all the answers in it.
 */
export class Output {
  readonly #socket: Writable;
  #block: Buffer = Buffer.alloc(0);
  #start = 0;
  #used = 0;
  #size = SMALLEST;
  #full: Buffer[] = [];
  #fullBytes = 0;

  constructor(socket: Writable) {
    this.#socket = socket;
  }

  /** Bytes that wait for `flush`. */
  get pending(): number {
    return this.#fullBytes + this.#used - this.#start;
  }

  /** Makes room for `bytes` in a row; write them into `room` from `at` and tell `commit` where they end. */
  reserve(bytes: number): void {
    if (this.#used + bytes <= this.#block.length) return;
    this.#retire();
    // Connections that say much get larger blocks; thousands of quiet ones must not hold much memory each.
    this.#size = Math.min(this.#size * 2, LARGEST);
    this.#block = Buffer.allocUnsafeSlow(Math.max(this.#size, bytes));
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

  #retire(): void {
    if (this.#used === this.#start) return;
    this.#full.push(this.#block.subarray(this.#start, this.#used));
    this.#fullBytes += this.#used - this.#start;
    this.#start = this.#used;
  }

  /** Hands everything to the socket; false when it has enough for now. */
  flush(): boolean {
    this.#retire();
    const parts = this.#full;
    if (parts.length === 0) return true;
    this.#full = [];
    this.#fullBytes = 0;
    if (parts.length === 1 && parts[0]) return this.#socket.write(parts[0]);
    this.#socket.cork();
    let room = true;
    for (const part of parts) room = this.#socket.write(part);
    this.#socket.uncork();
    return room;
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
