import type { Slab } from '../utils/slab.ts';
import { MAX_OPERATIONS } from './operations.ts';

/*
 * The file: five tables of one LMDB environment.
 *
 *   index   key                -> IndexRecord: where the newest value is, and what is known without reading it
 *   log     position           -> LogRecord: every change of the history window, and the value of every live key
 *   expiry  [time, position]   -> key that is due then, if the key's newest position is still this one
 *   times   time               -> revision: everything up to it was written by then
 *   meta    "format", "state"  -> State
 *
 * A value is written once, to the log; an update moves the index and leaves the old value to compaction. A position
 * is revision * MAX_OPERATIONS + place in the transaction.
 */

export interface IndexRecord {
  readonly position: number;
  readonly createRevision: number;
  readonly version: number;
  /** Milliseconds since the epoch; 0: never. */
  readonly expires: number;
  /** What the log record takes in the file, about. */
  readonly bytes: number;
}

export interface LogHeader {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly createRevision: number;
  readonly version: number;
  /** Of the change that this one replaced; 0: the key was not there. */
  readonly previousPosition: number;
  /** What that one takes in the file, about. */
  readonly previousBytes: number;
}

export interface LogRecord extends LogHeader {
  readonly value: Buffer;
}

export interface State {
  readonly revision: number;
  /** The oldest revision that can be read. */
  readonly compacted: number;
  /** What changes up to this position replaced is gone from the log. */
  readonly swept: number;
  /** Bytes of the log that only the past needs. */
  readonly historyBytes: number;
  /** Bytes of the newest values. */
  readonly liveBytes: number;
}

export const positionOf = (revision: number, place: number): number => revision * MAX_OPERATIONS + place;
export const revisionOf = (position: number): number => Math.floor(position / MAX_OPERATIONS);

const INDEX_BYTES = 36;
const LOG_HEADER = 32;
const PAGE = 4096;
/** Counts up when a file of an older version cannot be read as it is. */
export const FORMAT = 1;

/** LMDB puts what does not fit half a page on pages of its own. */
export const bytesInFile = (keyBytes: number, valueBytes: number): number => {
  const bytes = LOG_HEADER + keyBytes + valueBytes + 16;
  return bytes <= PAGE / 2 ? bytes : Math.ceil((bytes + 16) / PAGE) * PAGE;
};

export function encodeIndex(record: IndexRecord): Buffer {
  const b = Buffer.allocUnsafe(INDEX_BYTES);
  b.writeDoubleLE(record.position, 0);
  b.writeDoubleLE(record.createRevision, 8);
  b.writeDoubleLE(record.version, 16);
  b.writeDoubleLE(record.expires, 24);
  b.writeUInt32LE(record.bytes, 32);
  return b;
}

export function decodeIndex(b: Buffer): IndexRecord {
  return {
    position: b.readDoubleLE(0),
    createRevision: b.readDoubleLE(8),
    version: b.readDoubleLE(16),
    expires: b.readDoubleLE(24),
    bytes: b.readUInt32LE(32),
  };
}

export function encodeLog(record: LogRecord, memory: Slab): Buffer {
  const keyBytes = Buffer.byteLength(record.key);
  const b = memory.take(LOG_HEADER + keyBytes + record.value.length);
  b.writeUInt16LE(record.type === 'put' ? 1 : 2, 0);
  b.writeUInt16LE(keyBytes, 2);
  b.writeUInt32LE(record.previousBytes, 4);
  b.writeDoubleLE(record.createRevision, 8);
  b.writeDoubleLE(record.version, 16);
  b.writeDoubleLE(record.previousPosition, 24);
  b.write(record.key, LOG_HEADER, 'utf8');
  b.set(record.value, LOG_HEADER + keyBytes);
  return b;
}

export function decodeHeader(b: Buffer): LogHeader {
  return {
    type: b.readUInt16LE(0) === 1 ? 'put' : 'delete',
    key: b.toString('utf8', LOG_HEADER, LOG_HEADER + b.readUInt16LE(2)),
    previousBytes: b.readUInt32LE(4),
    createRevision: b.readDoubleLE(8),
    version: b.readDoubleLE(16),
    previousPosition: b.readDoubleLE(24),
  };
}

/** Copies the value out of a buffer that the next read overwrites. */
export function decodeValue(b: Buffer): Buffer {
  const start = LOG_HEADER + b.readUInt16LE(2);
  const value = Buffer.allocUnsafe(b.length - start);
  b.copy(value, 0, start, b.length);
  return value;
}

export interface KeyEncoder<K> {
  writeKey(key: K, target: Buffer, at: number): number;
  readKey(source: Buffer, start: number, end: number): K;
}

export const textKey: KeyEncoder<string> = {
  writeKey(key, target, at) {
    const room = target.length - at;
    // Buffer.write would cut the key short; lmdb takes a RangeError for "try a bigger buffer".
    if (key.length * 3 > room && Buffer.byteLength(key) > room) throw new RangeError('no room for the key');
    return at + target.write(key, at, 'utf8');
  },
  readKey: (source, start, end) => source.toString('utf8', start, end),
};

const writeNumber = (n: number, target: Buffer, at: number): number => {
  target.writeUInt32BE(Math.floor(n / 2 ** 32), at);
  return target.writeUInt32BE(n >>> 0, at + 4);
};
const readNumber = (source: Buffer, at: number): number =>
  source.readUInt32BE(at) * 2 ** 32 + source.readUInt32BE(at + 4);

export const numberKey: KeyEncoder<number> = { writeKey: writeNumber, readKey: readNumber };

export type ExpiryKey = [time: number, position: number];
export const expiryKey: KeyEncoder<ExpiryKey> = {
  writeKey: (key, target, at) => writeNumber(key[1], target, writeNumber(key[0], target, at)),
  readKey: (source, start) => [readNumber(source, start), readNumber(source, start + 8)],
};
