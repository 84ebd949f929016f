import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { type Database, type Key, open } from 'lmdb';
import { MAX_OPERATIONS, tooLong } from './operations.ts';
import { StoreUnavailableError } from './store.ts';

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
const FORMAT = 1;

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

function decodeIndex(b: Buffer): IndexRecord {
  return {
    position: b.readDoubleLE(0),
    createRevision: b.readDoubleLE(8),
    version: b.readDoubleLE(16),
    expires: b.readDoubleLE(24),
    bytes: b.readUInt32LE(32),
  };
}

export function encodeLog(record: LogRecord): Buffer {
  const keyBytes = Buffer.byteLength(record.key);
  const b = Buffer.allocUnsafe(LOG_HEADER + keyBytes + record.value.length);
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

function decodeHeader(b: Buffer): LogHeader {
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
function decodeValue(b: Buffer): Buffer {
  const start = LOG_HEADER + b.readUInt16LE(2);
  const value = Buffer.allocUnsafe(b.length - start);
  b.copy(value, 0, start, b.length);
  return value;
}

interface KeyEncoder<K> {
  writeKey(key: K, target: Buffer, at: number): number;
  readKey(source: Buffer, start: number, end: number): K;
}

const textKey: KeyEncoder<string> = {
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

const numberKey: KeyEncoder<number> = { writeKey: writeNumber, readKey: readNumber };

export type ExpiryKey = [time: number, position: number];
const expiryKey: KeyEncoder<ExpiryKey> = {
  writeKey: (key, target, at) => writeNumber(key[1], target, writeNumber(key[0], target, at)),
  readKey: (source, start) => [readNumber(source, start), readNumber(source, start + 8)],
};

interface Snapshot {
  done(): void;
  use(): void;
}
interface ReadOptions {
  transaction: Snapshot;
}
interface Scan<K> extends ReadOptions {
  start: K;
  end?: K;
  exclusiveStart?: boolean;
  limit?: number;
}

/** What is used of lmdb's Database; its own types leave out the options of getBinaryFast and useReadTransaction. */
interface Table<K> {
  get(key: K, options: ReadOptions): Buffer | undefined;
  /** Good until the next read. */
  getBinaryFast(key: K, options: ReadOptions): Buffer | Uint8Array<ArrayBuffer> | undefined;
  getRange(options: Scan<K>): Iterable<{ key: K; value: Buffer }>;
  getKeys(options: Scan<K>): Iterable<K>;
  getKeysCount(options: Scan<K>): number;
  put(key: K, value: Buffer): Promise<boolean>;
  remove(key: K): Promise<boolean>;
}

/** A commit's writes. Nothing in here can fail but the commit as a whole. */
export interface Writes {
  readonly index: ReadonlyMap<string, IndexRecord | undefined>;
  readonly log: readonly (readonly [position: number, record: Buffer])[];
  readonly logRemovals: readonly number[];
  readonly expiry: readonly (readonly [key: ExpiryKey, target: string | undefined])[];
  readonly times: readonly (readonly [time: number, revision: number | undefined])[];
  readonly state: State;
}

/** Directories that this process has open: LMDB may not be opened twice in one process. */
const opened = new Set<string>();

/** The tables, and the one snapshot that all reads see: the newest durable state. */
export class Tables {
  readonly path: string;
  readonly #root: Root;
  readonly #meta: Table<string>;
  readonly #index: Table<string>;
  readonly #log: Table<number>;
  readonly #expiry: Table<ExpiryKey>;
  readonly #times: Table<number>;
  #read: ReadOptions;
  #closed = false;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    this.path = realpathSync(directory);
    if (opened.has(this.path)) throw inUse(this.path, process.pid);
    this.#root = openRoot(this.path);
    try {
      const table = <K extends string | number | ExpiryKey>(name: string, keyEncoder: KeyEncoder<K>): Table<K> =>
        this.#root.openDB<Buffer, K>(Object.assign({ name, keyEncoder }, { encoding: 'binary' as const }));
      this.#meta = table('meta', textKey);
      this.#index = table('index', textKey);
      this.#log = table('log', numberKey);
      this.#expiry = table('expiry', expiryKey);
      this.#times = table('times', numberKey);
      // LMDB lists who reads; the snapshot held from here on is what shows this process to others.
      this.#read = { transaction: this.#root.useReadTransaction() };
      this.#meta.get('format', this.#read);
      const holder = this.#root
        .readerList()
        .split('\n')
        .map((line) => Number.parseInt(line, 10))
        .find((pid) => pid > 0 && pid !== process.pid);
      if (holder !== undefined) {
        this.#read.transaction.done();
        throw inUse(this.path, holder);
      }
    } catch (error) {
      void this.#root.close();
      throw error;
    }
    opened.add(this.path);
  }

  /** What the last commit left; undefined for a new file. */
  loadState(): State | undefined {
    const format = this.#meta.get('format', this.#read)?.readUInt32LE(0);
    const b = this.#meta.get('state', this.#read);
    if (!b) return undefined;
    if (format !== FORMAT) {
      throw new StoreUnavailableError(
        `${this.path} has format ${format}; this version of Skiff reads format ${FORMAT}`,
      );
    }
    return {
      revision: b.readDoubleLE(0),
      compacted: b.readDoubleLE(8),
      swept: b.readDoubleLE(16),
      historyBytes: b.readDoubleLE(24),
      liveBytes: b.readDoubleLE(32),
    };
  }

  /**
   * Writes all or nothing. Resolves when the data and the page that makes them count are on disk (LMDB without
   * overlapping sync: fdatasync, then the meta page through a descriptor opened O_DSYNC).
   */
  async commit(writes: Writes): Promise<void> {
    const state = Buffer.allocUnsafe(40);
    state.writeDoubleLE(writes.state.revision, 0);
    state.writeDoubleLE(writes.state.compacted, 8);
    state.writeDoubleLE(writes.state.swept, 16);
    state.writeDoubleLE(writes.state.historyBytes, 24);
    state.writeDoubleLE(writes.state.liveBytes, 32);
    const format = Buffer.alloc(4);
    format.writeUInt32LE(FORMAT, 0);
    try {
      await this.#root.batch(() => {
        for (const [key, record] of writes.index) {
          if (record) void this.#index.put(key, encodeIndex(record));
          else void this.#index.remove(key);
        }
        for (const [position, record] of writes.log) void this.#log.put(position, record);
        for (const position of writes.logRemovals) void this.#log.remove(position);
        for (const [key, target] of writes.expiry) {
          if (target === undefined) void this.#expiry.remove(key);
          else void this.#expiry.put(key, Buffer.from(target));
        }
        for (const [time, revision] of writes.times) {
          if (revision === undefined) void this.#times.remove(time);
          else void this.#times.put(time, Buffer.from(String(revision)));
        }
        void this.#meta.put('state', state);
        void this.#meta.put('format', format);
      });
    } catch (error) {
      throw new StoreUnavailableError(`the store cannot write to ${this.path}: ${await reason(error)}`);
    }
    const last = this.#read.transaction;
    this.#root.resetReadTxn();
    this.#read = { transaction: this.#root.useReadTransaction() };
    last.done();
  }

  /** The state to read in several turns; call `done` after. */
  pin(): ReadOptions & Disposable {
    const { transaction } = this.#read;
    transaction.use();
    return { transaction, [Symbol.dispose]: () => transaction.done() };
  }

  entry(key: string, read: ReadOptions = this.#read): IndexRecord | undefined {
    if (tooLong(key)) return undefined;
    const b = this.#index.getBinaryFast(key, read);
    return Buffer.isBuffer(b) ? decodeIndex(b) : undefined;
  }

  *entries(start: string, end: string, read: ReadOptions): Iterable<{ key: string; record: IndexRecord }> {
    for (const { key, value } of this.#index.getRange({ start, end, transaction: read.transaction })) {
      yield { key, record: decodeIndex(value) };
    }
  }

  count(start: string, end: string, read: ReadOptions): number {
    return this.#index.getKeysCount({ start, end, transaction: read.transaction });
  }

  /** Undefined also after `close`: changes that watchers were handed may outlive the store. */
  change(position: number, read: ReadOptions = this.#read): LogRecord | undefined {
    if (this.#closed) return undefined;
    const b = this.#view(position, read);
    return b && { ...decodeHeader(b), value: decodeValue(b) };
  }

  value(position: number, read: ReadOptions = this.#read): Buffer | undefined {
    const b = this.#view(position, read);
    return b && decodeValue(b);
  }

  /** Every change after a position, without its value. */
  *changesAfter(position: number, read: ReadOptions = this.#read): Iterable<{ position: number; change: LogHeader }> {
    for (const at of this.#log.getKeys({ start: position + 1, transaction: read.transaction })) {
      const b = this.#view(at, read);
      if (b) yield { position: at, change: decodeHeader(b) };
    }
  }

  /** A log record, good until the next read; lmdb gives long ones as a view of the file. */
  #view(position: number, read: ReadOptions): Buffer | undefined {
    const b = this.#log.getBinaryFast(position, read);
    return b === undefined || Buffer.isBuffer(b) ? b : Buffer.from(b.buffer, b.byteOffset, b.byteLength);
  }

  /** What expires at or before `time`, soonest first. */
  *expiring(time: number, limit: number): Iterable<{ time: number; position: number; key: string }> {
    const scan: Scan<ExpiryKey> = { start: [0, 0], end: [time + 1, 0], limit, transaction: this.#read.transaction };
    for (const { key, value } of this.#expiry.getRange(scan)) {
      yield { time: key[0], position: key[1], key: value.toString() };
    }
  }

  /** Times of writes up to `time`, oldest first. */
  *timesUntil(time: number): Iterable<{ time: number; revision: number }> {
    for (const { key, value } of this.#times.getRange({
      start: 0,
      end: time + 1,
      transaction: this.#read.transaction,
    })) {
      yield { time: key, revision: Number(value.toString()) };
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#read.transaction.done();
    await this.#root.close();
    opened.delete(this.path);
  }
}

/** The environment itself, with the methods that lmdb's types leave out. */
interface Root {
  openDB<V, K extends Key>(options: { name: string; encoding: 'binary' }): Database<V, K>;
  batch(write: () => void): Promise<boolean>;
  resetReadTxn(): void;
  useReadTransaction(): Snapshot;
  readerList(): string;
  close(): Promise<void>;
}

function openRoot(path: string): Root {
  const options = {
    path,
    noSubdir: false,
    maxDbs: 8,
    overlappingSync: false,
    eventTurnBatching: false,
    encoding: 'binary' as const,
  };
  const root: unknown = open(Object.assign(options, { permissionsMode: 0o600 }));
  return root as Root; // lmdb's own object; its types know neither permissionsMode nor Snapshot.use
}

const inUse = (path: string, pid: number): StoreUnavailableError =>
  new StoreUnavailableError(`${path} is in use by process ${pid}; stop it first, or choose another data directory`);

/** lmdb rejects with "Commit failed" and a promise of the cause. */
async function reason(error: unknown): Promise<string> {
  const cause = error instanceof Error && 'commitError' in error ? error.commitError : error;
  try {
    await cause;
    return String(error);
  } catch (inner) {
    return inner instanceof Error ? inner.message : String(inner);
  }
}
