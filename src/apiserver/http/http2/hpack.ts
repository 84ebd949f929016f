import { huffmanDecode } from './huffman.ts';

/** Header compression of HTTP/2, RFC 7541. */

/** The static table, appendix A; index 1 is the first. */
const fixed: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** The block cannot be decoded; the connection's tables are out of step and it must end (COMPRESSION_ERROR). */
export class HpackError extends Error {
  override name = 'HpackError';
}

interface Entry {
  readonly name: string;
  readonly value: string;
  readonly size: number;
}

const staticEntries: readonly Entry[] = fixed.map(([name, value]) => ({ name, value, size: 0 }));

/** What an entry counts beyond its text. */
const OVERHEAD = 32;
/** SETTINGS_HEADER_TABLE_SIZE: the default, so that nothing need be announced. */
const TABLE_SIZE = 4096;

export class HpackDecoder {
  /** Newest last. */
  readonly #table: Entry[] = [];
  #size = 0;
  #limit = TABLE_SIZE;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /**
   * Calls `field` for each field of a block. A field whose name or value no HTTP message may hold is given with
   * `valid` false; texts are Latin-1.
   */
  decode(block: Buffer, field: (name: string, value: string) => void): void {
    this.#bytes = block;
    this.#at = 0;
    let updates = true;
    while (this.#at < block.length) {
      const first = block[this.#at] ?? 0;
      if (first & 0x80) {
        const entry = this.#entry(this.#integer(7));
        field(entry.name, entry.value);
      } else if (first & 0x40) {
        const entry = this.#literal(6);
        this.#add(entry);
        field(entry.name, entry.value);
      } else if (first & 0x20) {
        if (!updates) throw new HpackError('size update after a field');
        const limit = this.#integer(5);
        if (limit > TABLE_SIZE) throw new HpackError('table larger than allowed');
        this.#limit = limit;
        this.#evict();
        continue;
      } else {
        const entry = this.#literal(4);
        field(entry.name, entry.value);
      }
      updates = false;
    }
  }

  #entry(index: number): Entry {
    const entry =
      index <= staticEntries.length
        ? staticEntries[index - 1]
        : this.#table[this.#table.length - (index - staticEntries.length)];
    if (!entry) throw new HpackError('index out of range');
    return entry;
  }

  #literal(prefix: number): Entry {
    const index = this.#integer(prefix);
    const name = index === 0 ? this.#string() : this.#entry(index).name;
    const value = this.#string();
    return { name, value, size: name.length + value.length + OVERHEAD };
  }

  #add(entry: Entry): void {
    this.#table.push(entry);
    this.#size += entry.size;
    this.#evict();
  }

  #evict(): void {
    let gone = 0;
    while (this.#size > this.#limit) this.#size -= this.#table[gone++]?.size ?? this.#size;
    if (gone > 0) this.#table.splice(0, gone);
  }

  #integer(prefix: number): number {
    const bytes = this.#bytes;
    const mask = (1 << prefix) - 1;
    let value = (bytes[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[this.#at++];
      if (byte === undefined || shift > 21) throw new HpackError('integer cut short or too large');
      value += (byte & 0x7f) << shift;
      if (!(byte & 0x80)) return value;
    }
  }

  #string(): string {
    const bytes = this.#bytes;
    const huffman = ((bytes[this.#at] ?? 0) & 0x80) !== 0;
    if (this.#at >= bytes.length) throw new HpackError('string cut short');
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > bytes.length) throw new HpackError('string cut short');
    this.#at = end;
    if (!huffman) return bytes.toString('latin1', start, end);
    const text = huffmanDecode(bytes, start, end);
    if (text === undefined) throw new HpackError('bad Huffman code');
    return text;
  }
}

const nameIndex = new Map<string, number>();
for (const [i, [name]] of fixed.entries()) if (!nameIndex.has(name)) nameIndex.set(name, i + 1);
const statusIndex: Readonly<Record<number, number>> = { 200: 8, 204: 9, 206: 10, 304: 11, 400: 12, 404: 13, 500: 14 };

/** Fields of which the value is one of a few: their bytes are worth keeping. */
const repeating: ReadonlySet<string> = new Set([
  'cache-control',
  'content-type',
  'vary',
  'content-encoding',
  'x-content-type-options',
]);
const kept = new Map<string, Map<string, Buffer>>();
const MOST_KEPT = 64;

/**
 * Writes fields as literals without indexing and without Huffman code: no state to keep in step with the client, at
 * the price of some bytes. `room` must hold `headerBound` bytes from `at`; all return the new position.
 */
export function writeStatus(room: Buffer, at: number, status: number): number {
  const index = statusIndex[status];
  if (index !== undefined) {
    room[at] = 0x80 | index;
    return at + 1;
  }
  return writeField(room, at, ':status', String(status));
}

export function writeField(room: Buffer, at: number, name: string, value: string): number {
  if (!repeating.has(name)) return writeLiteral(room, at, name, value);
  let values = kept.get(name);
  if (!values) {
    values = new Map();
    kept.set(name, values);
  }
  let bytes = values.get(value);
  if (!bytes) {
    bytes = Buffer.alloc(fieldBound(name, value));
    bytes = bytes.subarray(0, writeLiteral(bytes, 0, name, value));
    if (values.size < MOST_KEPT) values.set(value, bytes);
  }
  room.set(bytes, at);
  return at + bytes.length;
}

/** Never less than the bytes that a field takes. */
export function fieldBound(name: string, value: string): number {
  return name.length + value.length + 12;
}

function writeLiteral(room: Buffer, start: number, name: string, value: string): number {
  let at = start;
  const index = nameIndex.get(name);
  if (index !== undefined) {
    at = writeInteger(room, at, 0x00, 4, index);
  } else {
    room[at++] = 0x00;
    at = writeText(room, at, name);
  }
  return writeText(room, at, value);
}

function writeText(room: Buffer, start: number, text: string): number {
  const at = writeInteger(room, start, 0x00, 7, text.length);
  if (text.length > 48) return at + room.write(text, at, 'latin1');
  for (let i = 0; i < text.length; i++) room[at + i] = text.charCodeAt(i);
  return at + text.length;
}

function writeInteger(room: Buffer, start: number, high: number, prefix: number, value: number): number {
  let at = start;
  const mask = (1 << prefix) - 1;
  if (value < mask) {
    room[at++] = high | value;
    return at;
  }
  room[at++] = high | mask;
  let rest = value - mask;
  while (rest >= 0x80) {
    room[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  room[at++] = rest;
  return at;
}
