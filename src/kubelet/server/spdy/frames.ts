import { constants, deflateRawSync } from 'node:zlib';

/**
 * SPDY/3.1 as Kubernetes' streams use it: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/.
 * Its peers (Go's spdystream in containerd and in clients) neither grant nor keep to flow-control windows, so that
 * windows are ignored here too, and back pressure is TCP's.
 */
export const FrameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const FLAG_FIN = 1;
export const RefusedStream = 3;
export const Cancel = 5;

const VERSION = 3;
/** zlib's header (deflate, 32 KiB window, with dictionary), and the checksum of SPDY/3's dictionary. */
const ZLIB_HEADER = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2]);
/** Control frames are headers of streams and numbers; data frames are passed on as they come and need no limit. */
const LONGEST_CONTROL_FRAME = 64 * 1024;

function controlFrame(type: number, flags: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(8 + payload.length);
  frame.writeUInt16BE(0x8000 | VERSION, 0);
  frame.writeUInt16BE(type, 2);
  frame.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  frame.set(payload, 8);
  return frame;
}

const words = (...values: readonly number[]): Buffer => {
  const out = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) out.writeUInt32BE(value >>> 0, 4 * i);
  return out;
};

export function dataHeader(streamId: number, flags: number, length: number): Buffer {
  return words(streamId & 0x7fffffff, (flags << 24) | length);
}

export const rstStream = (streamId: number, status: number): Buffer =>
  controlFrame(FrameType.rstStream, 0, words(streamId, status));

export const ping = (id: number): Buffer => controlFrame(FrameType.ping, 0, words(id));

export const goAway = (lastStreamId: number): Buffer => controlFrame(FrameType.goAway, 0, words(lastStreamId, 0));

/**
 * Writes the frames that have headers. Their blocks are one zlib stream over the whole session; each is compressed by
 * itself here, which is a valid continuation of that stream and needs no state but whether it has begun.
 */
export class HeaderWriter {
  #begun = false;

  synStream(streamId: number, headers: Readonly<Record<string, string>>): Buffer {
    return controlFrame(
      FrameType.synStream,
      0,
      Buffer.concat([words(streamId, 0), Buffer.alloc(2), this.#block(headers)]),
    );
  }

  synReply(streamId: number, headers: Readonly<Record<string, string>>): Buffer {
    return controlFrame(FrameType.synReply, 0, Buffer.concat([words(streamId), this.#block(headers)]));
  }

  #block(headers: Readonly<Record<string, string>>): Buffer {
    const entries = Object.entries(headers);
    const text = (value: string) => {
      const bytes = Buffer.from(value);
      return Buffer.concat([words(bytes.length), bytes]);
    };
    const plain = Buffer.concat([
      words(entries.length),
      ...entries.flatMap(([name, value]) => [text(name.toLowerCase()), text(value)]),
    ]);
    const block = deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH });
    const start = this.#begun ? [] : [ZLIB_HEADER];
    this.#begun = true;
    return Buffer.concat([...start, block]);
  }
}

export interface FrameHandler {
  /** Part of a stream's data, as it comes; `fin` with the last of a frame that ends the stream. */
  data(streamId: number, chunk: Buffer, fin: boolean): void;
  control(type: number, flags: number, payload: Buffer): void;
}

/** Takes bytes apart into frames. */
export class FrameParser {
  readonly #handler: FrameHandler;
  #pending: Buffer = Buffer.alloc(0);
  #data: { readonly streamId: number; readonly flags: number; left: number } | undefined;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Throws an Error when the bytes are not SPDY/3. */
  push(chunk: Buffer): void {
    let rest = this.#pending.length ? Buffer.concat([this.#pending, chunk]) : chunk;
    for (;;) {
      if (this.#data) {
        if (rest.length === 0) break;
        const part = rest.subarray(0, this.#data.left);
        rest = rest.subarray(part.length);
        this.#data.left -= part.length;
        const { streamId, flags, left } = this.#data;
        if (left === 0) this.#data = undefined;
        this.#handler.data(streamId, part, left === 0 && (flags & FLAG_FIN) !== 0);
        continue;
      }
      if (rest.length < 8) break;
      const first = rest.readUInt32BE(0);
      const second = rest.readUInt32BE(4);
      const flags = second >>> 24;
      const length = second & 0xffffff;
      if (first >>> 31 === 0) {
        rest = rest.subarray(8);
        if (length === 0) this.#handler.data(first, rest.subarray(0, 0), (flags & FLAG_FIN) !== 0);
        else this.#data = { streamId: first, flags, left: length };
        continue;
      }
      if (first >>> 16 !== (0x8000 | VERSION))
        throw new Error(`not a SPDY/3 frame: version ${(first >>> 16) & 0x7fff}`);
      if (length > LONGEST_CONTROL_FRAME) throw new Error(`SPDY control frame of ${length} bytes`);
      if (rest.length < 8 + length) break;
      const payload = rest.subarray(8, 8 + length);
      rest = rest.subarray(8 + length);
      this.#handler.control(first & 0xffff, flags, payload);
    }
    // A copy, so that a few bytes do not hold on to the buffer that they came in.
    this.#pending = rest.length ? Buffer.from(rest) : rest;
  }
}
