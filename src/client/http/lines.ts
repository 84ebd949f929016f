/** Cuts a stream of chunks into lines (without the newline), copying only lines that cross a chunk's border. */
export class LineSplitter {
  readonly #maximum: number;
  #parts: Buffer[] = [];
  #length = 0;

  /** A line longer than `maximum` bytes is an error. */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  push(chunk: Buffer, line: (bytes: Buffer) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end);
      start = end + 1;
      if (this.#parts.length === 0) {
        line(piece);
      } else {
        const whole = Buffer.concat([...this.#parts, piece]);
        this.#parts = [];
        this.#length = 0;
        line(whole);
      }
    }
    if (start === chunk.length) return;
    this.#parts.push(chunk.subarray(start));
    this.#length += chunk.length - start;
    if (this.#length > this.#maximum) throw new Error(`the server sent a line of more than ${this.#maximum} bytes`);
  }
}
