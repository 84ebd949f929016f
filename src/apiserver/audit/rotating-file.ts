import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** Bytes after which another file is begun; 0: never. */
  readonly maxBytes: number;
  /** Older files that are kept; 0: all. */
  readonly maxBackups: number;
  /** Days that they are kept; 0: for ever. */
  readonly maxAgeDays: number;
  /** Whether they are packed by gzip. */
  readonly compress: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

const DAY = 24 * 60 * 60 * 1000;
const PACKED = '.gz';

/**
 * A file that grows to a size and is then put aside under a name with the time in it, as kube-apiserver's log rotation
 * names them (audit-2026-01-01T00-00-00.000.log). Only its owner may read any of them.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #file: number;
  #size: number;
  #closed = false;
  #tidying: Promise<void> = Promise.resolve();

  /** Throws what the system says where the file cannot be written. */
  constructor(options: RotatingFileOptions) {
    this.#options = options;
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    this.#file = openSync(options.path, 'a', 0o600);
    this.#size = fstatSync(this.#file).size;
    if (options.maxBytes > 0) this.#tidySoon();
  }

  /** Appends; throws what the system says. */
  write(bytes: Uint8Array): void {
    const { maxBytes } = this.#options;
    if (maxBytes > 0 && this.#size > 0 && this.#size + bytes.length > maxBytes) this.#rotate();
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
    this.#size += bytes.length;
  }

  #rotate(): void {
    const { path, clock } = this.#options;
    const extension = extname(path);
    const stem = path.slice(0, path.length - extension.length);
    const time = new Date(clock.now()).toISOString().slice(0, -1).replaceAll(':', '-');
    renameSync(path, `${stem}-${time}${extension}`);
    const file = openSync(path, 'a', 0o600);
    closeSync(this.#file);
    this.#file = file;
    this.#size = 0;
    this.#tidySoon();
  }

  /** Packs and removes older files, one round at a time. */
  #tidySoon(): void {
    this.#tidying = this.#tidying
      .then(() => this.#tidy())
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'old audit logs were not tidied up'));
  }

  async #tidy(): Promise<void> {
    const { path, maxBackups, maxAgeDays, compress, clock } = this.#options;
    const directory = dirname(path);
    const extension = extname(path);
    const prefix = `${basename(path, extension)}-`;
    const backups = (await readdir(directory))
      .flatMap((name) => {
        const time = timeOf(name, prefix, extension);
        return time === undefined ? [] : [{ name, time }];
      })
      .sort((a, b) => b.time - a.time);
    for (const [i, { name, time }] of backups.entries()) {
      const file = join(directory, name);
      const late = maxAgeDays > 0 && clock.now() - time > maxAgeDays * DAY;
      if (late || (maxBackups > 0 && i >= maxBackups)) await unlink(file);
      else if (compress && !name.endsWith(PACKED)) await pack(file);
    }
  }

  /** Waits for what is being tidied up. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#file);
    await this.#tidying;
  }
}

/** When a backup was put aside; undefined for other files. */
function timeOf(name: string, prefix: string, extension: string): number | undefined {
  const plain = name.endsWith(PACKED) ? name.slice(0, -PACKED.length) : name;
  if (!plain.startsWith(prefix) || !plain.endsWith(extension)) return undefined;
  const text = plain.slice(prefix.length, plain.length - extension.length);
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text);
  return match ? Date.parse(`${match[1]}T${match[2]}:${match[3]}:${match[4]}Z`) : undefined;
}

async function pack(file: string): Promise<void> {
  const half = `${file}${PACKED}.part`;
  await pipeline(createReadStream(file), createGzip(), createWriteStream(half, { mode: 0o600 }));
  await rename(half, file + PACKED);
  await unlink(file);
}
