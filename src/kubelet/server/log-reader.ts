import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { quote } from '../../schema/quote.ts';

export interface LogOptions {
  readonly follow: boolean;
  /** Each line begins with its time. */
  readonly timestamps: boolean;
  /** Only so many of the last lines that are there now. */
  readonly tailLines: number | undefined;
  /** Only lines from this moment on: RFC 3339 with nanoseconds, as `logTime` makes it. */
  readonly since: string | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: 'stdout' | 'stderr' | undefined;
}

/** What a reader that follows a log must know of the container that writes it. */
export interface LogSource {
  /** Whether the container may still write. */
  isRunning(): boolean;
  /** Calls back when that may have changed; returns what stops it. */
  onChange(changed: () => void): () => void;
}

const CHUNK = 64 * 1024;
/** The runtime breaks lines at 16 KiB. */
const LONGEST_LINE = 1024 * 1024;

/** Opens a log for `readLog`, which closes it. Rejects in the kubelet's words. */
export function openLog(path: string): Promise<FileHandle> {
  return open(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? `lstat ${path}: no such file or directory` : error.message;
    throw new Error(`failed to try resolving symlinks in path ${quote(path)}: ${why}`);
  });
}

/**
 * The text of a container's log, in the format of the CRI (`TIME STREAM TAGS TEXT`). With `follow` it goes on as the
 * container writes, over rotations of the file, until the container has ended or the signal aborts; without, it ends
 * where the file does now. `handle` is from `openLog` of the same path.
 */
export async function* readLog(
  path: string,
  opened: FileHandle,
  options: LogOptions,
  source: LogSource,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const { follow, tailLines, limitBytes } = options;
  const bell = follow ? new Bell(path, source, signal) : undefined;
  let handle = opened;
  try {
    const lines = new LineFilter(options);
    let left = limitBytes ?? Number.MAX_SAFE_INTEGER;
    let at = tailLines === undefined ? 0 : await startOfTail(handle, tailLines);
    const buffer = Buffer.allocUnsafe(CHUNK);
    while (!signal.aborted) {
      // Asked before the read: what is written until the end is read after it.
      const running = follow && source.isRunning();
      const rung = bell?.next();
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, at);
      if (bytesRead > 0) {
        at += bytesRead;
        for (const text of lines.push(buffer.subarray(0, bytesRead))) {
          const part = text.subarray(0, left);
          left -= part.length;
          if (part.length > 0) yield part;
          if (left <= 0) return;
        }
        continue;
      }
      const rotated = follow ? await openNewer(path, handle, at) : undefined;
      if (rotated) {
        await handle.close();
        handle = rotated;
        at = 0;
        lines.reset();
        continue;
      }
      if (!running) return;
      await rung;
    }
  } finally {
    bell?.stop();
    await handle.close();
  }
}

/** The file that has taken the log's name since, once everything of the old one has been read. */
async function openNewer(path: string, current: FileHandle, at: number): Promise<FileHandle | undefined> {
  const [mine, named] = await Promise.all([current.stat(), stat(path).catch(() => undefined)]);
  // Between the renaming and the making of the new file there is none.
  if (!named || (named.ino === mine.ino && named.dev === mine.dev)) return undefined;
  if (at < (await current.stat()).size) return undefined;
  return open(path).catch(() => undefined);
}

/** Rings when the log or the state of its container may have changed: nobody looks in vain. */
class Bell {
  readonly #watcher: FSWatcher;
  readonly #stop: () => void;
  readonly #signal: AbortSignal;
  #wake: () => void = () => {};
  #next: Promise<void> | undefined;
  readonly #ring = () => {
    this.#next = undefined;
    this.#wake();
  };

  constructor(path: string, source: LogSource, signal: AbortSignal) {
    this.#signal = signal;
    // The directory, since rotation puts another file in the place of this one.
    this.#watcher = watch(dirname(path), { persistent: false }, this.#ring);
    this.#watcher.on('error', this.#ring);
    this.#stop = source.onChange(this.#ring);
    signal.addEventListener('abort', this.#ring);
  }

  /** Resolves at the next ring. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#signal.aborted) resolve();
    });
    return this.#next;
  }

  stop(): void {
    this.#watcher.close();
    this.#stop();
    this.#signal.removeEventListener('abort', this.#ring);
    this.#ring();
  }
}

/** Where the last `count` lines begin. */
async function startOfTail(handle: FileHandle, count: number): Promise<number> {
  const { size } = await handle.stat();
  if (count === 0) return size;
  const buffer = Buffer.allocUnsafe(CHUNK);
  let seen = 0;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK);
    const { bytesRead } = await handle.read(buffer, 0, end - start, start);
    for (let i = bytesRead - 1; i >= 0; i--) {
      // The last line's own end does not count.
      if (buffer[i] === 0x0a && start + i !== size - 1 && ++seen === count) return start + i + 1;
    }
    end = start;
  }
  return 0;
}

/** Takes bytes apart into lines and answers with the text of those that are asked for. */
class LineFilter {
  readonly #options: LogOptions;
  #rest: Buffer = Buffer.alloc(0);
  /** What was sent last was the end of a line. */
  #atStart = true;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  reset(): void {
    this.#rest = Buffer.alloc(0);
  }

  push(chunk: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let rest = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (;;) {
      const end = rest.indexOf(0x0a);
      if (end < 0) break;
      const text = this.#line(rest.subarray(0, end));
      if (text) out.push(text);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > LONGEST_LINE) throw new Error('a line of the log is too long');
    this.#rest = Buffer.from(rest);
    return out.length > 1 ? [Buffer.concat(out)] : out;
  }

  #line(line: Buffer): Buffer | undefined {
    const first = line.indexOf(0x20);
    const second = line.indexOf(0x20, first + 1);
    const third = line.indexOf(0x20, second + 1);
    if (first < 0 || second < 0 || third < 0) return undefined; // not of the format: as the kubelet, pass over it
    const time = line.toString('latin1', 0, first);
    const { since, stream, timestamps } = this.#options;
    if (stream && line.toString('latin1', first + 1, second) !== stream) return undefined;
    if (since && logTime(time) < since) return undefined;
    const partial = line[second + 1] === 0x50; // "P": the line goes on in the next one
    const parts: Buffer[] = [];
    if (timestamps && this.#atStart) parts.push(line.subarray(0, first + 1));
    // Another piece of memory than the buffer that is read into.
    parts.push(line.subarray(third + 1));
    if (!partial) parts.push(Buffer.from('\n'));
    this.#atStart = !partial;
    return Buffer.concat(parts);
  }
}

/** A time of RFC 3339 in UTC with nine decimals, so that texts compare as times do; unchanged where it is none. */
export function logTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return text;
  const [, seconds = '', fraction = '', zone = 'Z'] = match;
  const ms = Date.parse(`${seconds}${zone}`);
  return `${new Date(ms).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z`;
}
