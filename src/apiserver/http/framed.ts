import { turns } from '../../utils/turns.ts';

/** Payload of a frame that every HTTP/2 client takes, and the frame's header. */
const PAYLOAD = 16_384;
const HEADER = 9;
const FRAMES = 16;

/**
 * Bytes laid out as frames of HTTP/2 whose headers are still to be filled in: they go to the socket as they are, where
 * other bytes are copied into a frame first. One writer has a block at a time; whoever finds it busy copies.
 */
export class FramedBlock {
  readonly bytes: Buffer;
  readonly payload: number;
  busy = false;

  constructor(bytes: Buffer, payload: number) {
    this.bytes = bytes;
    this.payload = payload;
  }

  get frames(): number {
    return Math.ceil(this.payload / PAYLOAD);
  }

  /** Calls `write` for every frame with where its header belongs and how long its payload is. */
  eachFrame(write: (at: number, length: number, last: boolean) => void): void {
    const { frames } = this;
    for (let i = 0; i < frames; i++) {
      write(i * (HEADER + PAYLOAD), Math.min(PAYLOAD, this.payload - i * PAYLOAD), i === frames - 1);
    }
  }
}

const blocks = new WeakMap<Uint8Array, FramedBlock>();

/** The block that begins with this part of a body. */
export const blockOf = (part: Uint8Array): FramedBlock | undefined => blocks.get(part);

/**
 * The same bytes as `parts`, in framed blocks: views of the payloads of their frames, so that whoever knows nothing of
 * frames sends them like any parts.
 */
export async function frame(parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const out: Uint8Array[] = [];
  let left = 0;
  for (const part of parts) left += part.length;
  let next = 0;
  let offset = 0;
  while (left > 0) {
    const payload = Math.min(left, FRAMES * PAYLOAD);
    const frames = Math.ceil(payload / PAYLOAD);
    const bytes = Buffer.allocUnsafeSlow(frames * HEADER + payload);
    const block = new FramedBlock(bytes, payload);
    block.eachFrame((at, length) => {
      const view = bytes.subarray(at + HEADER, at + HEADER + length);
      for (let filled = 0; filled < length; ) {
        const part = parts[next] as Uint8Array;
        const some = Math.min(part.length - offset, length - filled);
        view.set(part.subarray(offset, offset + some), filled);
        filled += some;
        offset += some;
        if (offset === part.length) {
          offset = 0;
          next++;
        }
      }
      if (at === 0) blocks.set(view, block);
      out.push(view);
    });
    left -= payload;
    await turns.take();
  }
  return out;
}

/** Framed bodies kept at a time, in bytes, and for how long after they were last asked for (ms). */
const MOST_KEPT = 64 * 1024 * 1024;
const SHORTEST = 1024 * 1024;
const KEPT_MS = 10_000;

interface Kept {
  readonly bytes: number;
  /** Holds on to what the body was made of, so that it is found again. */
  readonly source: object;
  parts: readonly Uint8Array[] | undefined;
  used: number;
}

/** Long bodies that were asked for more than once while nothing changed. */
class FramedBodies {
  readonly #asked = new WeakSet<object>();
  readonly #kept = new Map<object, Kept>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** The body of `source` in blocks, where it has been asked for before and there is room; else `parts`. */
  of(source: object, parts: readonly Uint8Array[]): readonly Uint8Array[] {
    const known = this.#kept.get(source);
    if (known) {
      known.used = performance.now();
      return known.parts ?? parts;
    }
    if (!this.#asked.has(source)) {
      this.#asked.add(source);
      return parts;
    }
    let bytes = 0;
    for (const part of parts) bytes += part.length;
    if (bytes >= SHORTEST && this.#bytes + bytes <= MOST_KEPT) {
      const kept: Kept = { bytes, source, parts: undefined, used: performance.now() };
      this.#kept.set(source, kept);
      this.#bytes += bytes;
      this.#forgetLater();
      void frame(parts).then((framed) => {
        kept.parts = framed;
      });
    }
    return parts;
  }

  #forgetLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const before = performance.now() - KEPT_MS;
      for (const [source, { used, bytes }] of this.#kept) {
        if (used > before) continue;
        this.#kept.delete(source);
        this.#bytes -= bytes;
      }
      if (this.#kept.size > 0) this.#forgetLater();
    }, KEPT_MS).unref();
  }
}

export const framedBodies = new FramedBodies();
