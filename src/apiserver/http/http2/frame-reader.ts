import { ConnectionError, errorCode, FRAME_LIMIT, HEADER_BYTES, PREFACE } from './frames.ts';

/** What is done with a frame. */
export type FrameHandler = (type: number, flags: number, stream: number, payload: Buffer) => void;

/** Finds the frames in what a client sends, after the preface that makes it HTTP/2. */
export class FrameReader {
  readonly #greeted: () => void;
  readonly #handle: FrameHandler;
  #rest: Buffer | undefined;
  #seenPreface = false;
  #stopped = false;

  /** `greeted` is called after the preface; payloads are only good until `handle` returns. */
  constructor(greeted: () => void, handle: FrameHandler) {
    this.#greeted = greeted;
    this.#handle = handle;
  }

  /** Throws ConnectionError, and whatever `handle` throws. */
  read(chunk: Buffer): void {
    let bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    if (!this.#seenPreface) {
      const seen = Math.min(bytes.length, PREFACE.length);
      if (!bytes.subarray(0, seen).equals(PREFACE.subarray(0, seen)))
        throw new ConnectionError(errorCode.protocol, 'this is not HTTP/2');
      if (seen < PREFACE.length) {
        this.#rest = bytes;
        return;
      }
      this.#seenPreface = true;
      this.#greeted();
      bytes = bytes.subarray(seen);
    }
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES && !this.#stopped) {
      const length = bytes.readUIntBE(at, 3);
      if (length > FRAME_LIMIT) throw new ConnectionError(errorCode.frameSize, 'frame too large');
      const end = at + HEADER_BYTES + length;
      if (end > bytes.length) break;
      const stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
      this.#handle(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, stream, bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    if (at < bytes.length) this.#rest = at === 0 ? bytes : bytes.subarray(at);
  }

  /** Hands over no more frames. */
  stop(): void {
    this.#stopped = true;
  }
}
