const SLAB_BYTES = 256 * 1024;
/** Longer ones are not worth the rest of a slab that they would leave unused. */
const LARGEST = SLAB_BYTES / 4;

/**
 * Buffers that live briefly and go together, cut from larger pieces of memory: to V8 each piece is one thing to keep
 * and to free, where each buffer would be. A piece lives as long as any buffer cut from it.
 */
export class Slab {
  #memory = Buffer.alloc(0);
  #at = 0;

  /** Not filled: whoever takes it writes all of it. */
  take(length: number): Buffer {
    if (length > LARGEST) return Buffer.allocUnsafeSlow(length);
    this.#reserve(length);
    const start = this.#at;
    this.#at += length;
    return this.#memory.subarray(start, this.#at);
  }

  /** The UTF-8 bytes of several texts, one after the other: putting long texts together first would copy them. */
  write(texts: readonly string[]): Buffer {
    let most = 0;
    for (const text of texts) most += text.length * 3;
    if (most > LARGEST) return Buffer.from(texts.join(''));
    this.#reserve(most);
    const start = this.#at;
    for (const text of texts) this.#at += this.#memory.write(text, this.#at, 'utf8');
    return this.#memory.subarray(start, this.#at);
  }

  #reserve(length: number): void {
    if (this.#memory.length - this.#at >= length) return;
    this.#memory = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#at = 0;
  }
}
