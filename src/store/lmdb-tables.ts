import { chmodSync, mkdirSync, realpathSync, statfsSync } from 'node:fs';
import { type Database, type Key, open } from 'lmdb';
import {
  decodeHeader,
  decodeIndex,
  decodeValue,
  type ExpiryKey,
  encodeIndex,
  expiryKey,
  FORMAT,
  type IndexRecord,
  type KeyEncoder,
  type LogHeader,
  type LogRecord,
  numberKey,
  type State,
  textKey,
} from './lmdb-records.ts';
import { tooLong } from './operations.ts';
import { StoreUnavailableError } from './store.ts';

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
    if (freeBytes(this.path) < spaceFor(writes)) throw cannotWrite(this.path, NO_SPACE);
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
      throw cannotWrite(this.path, await reason(error, this.path));
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

/**
 * Address space, not memory or disk: a map that starts small is mapped anew as the file grows, and the old maps stay,
 * so that the same pages count several times as resident memory. A larger file grows the map all the same.
 */
const MAP_BYTES = 2 ** 36;

function openRoot(path: string): Root {
  const options = {
    path,
    noSubdir: false,
    maxDbs: 8,
    mapSize: MAP_BYTES,
    // Promises resolve when data and meta page are synced, not when they are merely visible.
    overlappingSync: false,
    // One transaction a batch, as it is handed over; what lmdb would add to it has a promise that nobody watches.
    eventTurnBatching: false,
    encoding: 'binary' as const,
  };
  const root: unknown = open(Object.assign(options, { permissionsMode: 0o600 }));
  return root as Root; // lmdb's own object; its types know neither permissionsMode nor Snapshot.use
}

const inUse = (path: string, pid: number): StoreUnavailableError =>
  new StoreUnavailableError(`${path} is in use by process ${pid}; stop it first, or choose another data directory`);

/**
 * lmdb rejects with "Commit failed" and a promise of the cause. A full disk it tells with numbers of pages, or, where
 * part of a page did fit, as an input/output error.
 */
async function reason(error: unknown, path: string): Promise<string> {
  const cause = error instanceof Error && 'commitError' in error ? error.commitError : error;
  try {
    await cause;
    return String(error);
  } catch (inner) {
    const message = inner instanceof Error ? inner.message : String(inner);
    const full = /^input\/output error/i.test(message) && freeBytes(path) < SPARE_BYTES;
    return full || /^no space left/i.test(message) ? NO_SPACE : message;
  }
}

const NO_SPACE = 'no space left on device';

const cannotWrite = (path: string, why: string): StoreUnavailableError =>
  new StoreUnavailableError(`the store cannot write to ${path}: ${why}`);

/** What others may take while a commit goes to disk. */
const SPARE_BYTES = 2 ** 20;
const MOST_SPACE = 2 ** 26;
/** A change copies a page in each of a few trees, and a page above. */
const BYTES_A_CHANGE = 6 * 4096;

/**
 * What a commit may add to the file, generously. Where that is not free it is not begun: lmdb 3.5.6 describes a failed
 * write in a buffer that is too short (mdb_page_flush), which has ended whole servers.
 */
function spaceFor(writes: Writes): number {
  let bytes = SPARE_BYTES + BYTES_A_CHANGE * (writes.log.length + writes.logRemovals.length);
  for (const [, record] of writes.log) bytes += record.length;
  return Math.min(bytes, MOST_SPACE);
}

function freeBytes(path: string): number {
  const { bavail, bfree, bsize } = statfsSync(path);
  return bsize * (process.getuid?.() === 0 ? bfree : bavail);
}
