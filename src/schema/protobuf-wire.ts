/** The wire format of protobuf: tags, varints and lengths. https://protobuf.dev/programming-guides/encoding/ */

export class ProtobufError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtobufError';
  }
}

const truncated = () => new ProtobufError('unexpected EOF');

/** Writes from the end of a growing buffer to its beginning: what is written last comes first. */
export class ProtoWriter {
  #buffer: Buffer;
  #start: number;

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size);
    this.#start = size;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  #reserve(size: number): void {
    if (size <= this.#start) return;
    const used = this.length;
    const bigger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, used + size + 64));
    this.#buffer.copy(bigger, bigger.length - used, this.#start);
    this.#buffer = bigger;
    this.#start = bigger.length - used;
  }

  raw(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#start -= bytes.length;
    bytes.copy(this.#buffer, this.#start);
  }

  #uint(value: number): void {
    if (value < 0x80) {
      this.#reserve(1);
      this.#buffer[--this.#start] = value;
      return;
    }
    let size = 1;
    for (let v = value; v >= 0x80; v = Math.floor(v / 0x80)) size++;
    this.#reserve(size);
    this.#start -= size;
    let at = this.#start;
    let v = value;
    while (v >= 0x80) {
      this.#buffer[at++] = (v % 0x80) | 0x80;
      v = Math.floor(v / 0x80);
    }
    this.#buffer[at] = v;
  }

  #key(tag: number, wire: number): void {
    this.#uint(tag * 8 + wire);
  }

  /** An integer; negative ones take ten bytes, as two's complement does. */
  varint(tag: number, value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) this.#uint(value);
    else {
      let v = BigInt.asUintN(64, BigInt(value));
      const bytes: number[] = [];
      while (v >= 0x80n) {
        bytes.push(Number(v & 0x7fn) | 0x80);
        v >>= 7n;
      }
      bytes.push(Number(v));
      this.raw(Buffer.from(bytes));
    }
    this.#key(tag, 0);
  }

  double(tag: number, value: number): void {
    this.#reserve(8);
    this.#start -= 8;
    this.#buffer.writeDoubleLE(value, this.#start);
    this.#key(tag, 1);
  }

  string(tag: number, value: string): void {
    const size = Buffer.byteLength(value);
    this.#reserve(size);
    this.#start -= size;
    this.#buffer.write(value, this.#start, size, 'utf8');
    this.#uint(size);
    this.#key(tag, 2);
  }

  bytes(tag: number, value: Buffer): void {
    this.raw(value);
    this.#uint(value.length);
    this.#key(tag, 2);
  }

  /** Makes what was written since the writer had `end` bytes a message. */
  message(tag: number, end: number): void {
    this.#uint(this.length - end);
    this.#key(tag, 2);
  }

  finish(): Buffer {
    return this.#buffer.subarray(this.#start);
  }
}

/** Reads one message's fields in order. Lengths are checked before anything is read; errors are ProtobufError. */
export class ProtoReader {
  readonly #buffer: Buffer;
  #at = 0;
  /** Of the field that `next` came to. */
  tag = 0;
  wire = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get done(): boolean {
    return this.#at >= this.#buffer.length;
  }

  /** Goes to the next field; false at the end. The field must then be read or skipped. */
  next(): boolean {
    if (this.done) return false;
    const key = this.#uint();
    this.tag = Math.floor(key / 8);
    this.wire = key % 8;
    if (this.tag === 0) throw new ProtobufError(`illegal tag 0 (wire type ${this.wire})`);
    return true;
  }

  /** An unsigned integer that fits a number. */
  #uint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.#buffer[this.#at++];
      if (byte === undefined) throw truncated();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new ProtobufError('integer overflow');
  }

  rawVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#buffer[this.#at++];
      if (byte === undefined) throw truncated();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError('integer overflow');
  }

  rawInteger(): number {
    const byte = this.#buffer[this.#at];
    if (byte !== undefined && byte < 0x80) {
      this.#at++;
      return byte;
    }
    return Number(BigInt.asIntN(64, this.rawVarint()));
  }

  #expect(wire: number): void {
    if (this.wire !== wire) throw new ProtobufError(`wrong wireType = ${this.wire} for field ${this.tag}`);
  }

  varint(): bigint {
    this.#expect(0);
    return this.rawVarint();
  }

  /** A signed integer as a number; beyond 2^53 it is the nearest one. */
  integer(): number {
    this.#expect(0);
    return this.rawInteger();
  }

  double(): number {
    this.#expect(1);
    const at = this.#at;
    this.#advance(8);
    return this.#buffer.readDoubleLE(at);
  }

  bytes(): Buffer {
    this.#expect(2);
    const size = this.#uint();
    const at = this.#at;
    this.#advance(size);
    return this.#buffer.subarray(at, at + size);
  }

  string(): string {
    return this.bytes().toString('utf8');
  }

  skip(): void {
    if (this.wire === 0) this.rawVarint();
    else if (this.wire === 1) this.#advance(8);
    else if (this.wire === 2) this.bytes();
    else if (this.wire === 5) this.#advance(4);
    else throw new ProtobufError(`illegal wireType ${this.wire}`);
  }

  #advance(size: number): void {
    if (size > this.#buffer.length - this.#at) throw truncated();
    this.#at += size;
  }
}
