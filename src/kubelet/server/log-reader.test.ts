import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LogOptions, type LogSource, logTime, openLog, readLog } from './log-reader.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-logs-'));
  path = join(dir, '0.log');
});
afterEach(() => rm(dir, { recursive: true }));

const all: LogOptions = {
  follow: false,
  timestamps: false,
  tailLines: undefined,
  since: undefined,
  limitBytes: undefined,
  stream: undefined,
};
const line = (second: number, text: string, stream = 'stdout', tag = 'F') =>
  `2026-01-02T03:04:0${second}.5Z ${stream} ${tag} ${text}\n`;
const content =
  line(1, 'one') + line(2, 'oops', 'stderr') + line(3, 'half ', 'stdout', 'P') + line(4, 'whole') + line(5, '');

/** A container that runs until it is told otherwise. */
class FakeSource implements LogSource {
  running = true;
  readonly #listeners = new Set<() => void>();

  isRunning(): boolean {
    return this.running;
  }

  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  end(): void {
    this.running = false;
    for (const listener of this.#listeners) listener();
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

async function read(options: Partial<LogOptions>, source: LogSource = new FakeSource()): Promise<string> {
  let text = '';
  const handle = await openLog(path);
  for await (const part of readLog(path, handle, { ...all, ...options }, source, new AbortController().signal))
    text += part;
  return text;
}

describe('a log as it is', () => {
  it.each<[string, Partial<LogOptions>, string]>([
    ['everything', {}, 'one\noops\nhalf whole\n\n'],
    ['one stream', { stream: 'stderr' }, 'oops\n'],
    [
      'with times, one for a line in parts',
      { timestamps: true, tailLines: 3 },
      '2026-01-02T03:04:03.5Z half whole\n2026-01-02T03:04:05.5Z \n',
    ],
    ['no line at all', { tailLines: 0 }, ''],
    ['the last line', { tailLines: 1 }, '\n'],
    ['more lines than there are', { tailLines: 100 }, 'one\noops\nhalf whole\n\n'],
    ['since a time', { since: logTime('2026-01-02T04:04:04.5+01:00') }, 'whole\n\n'],
    ['a number of bytes', { limitBytes: 6 }, 'one\noo'],
  ])('%s', async (_, options, expected) => {
    await writeFile(path, content);
    expect(await read(options)).toBe(expected);
  });

  it('leaves out what is not of the format', async () => {
    await writeFile(path, `nonsense\n${line(1, 'text')}`);
    expect(await read({})).toBe('text\n');
  });

  it('finds the last lines of a file that is longer than what is read at once', async () => {
    await writeFile(path, Array.from({ length: 5000 }, (_, i) => line(1, `line ${i} ${'x'.repeat(50)}`)).join(''));
    const text = await read({ tailLines: 2500 });
    expect(text.split('\n').length).toBe(2501);
    expect(text).toMatch(/^line 2500 /);
  });

  it('refuses a line that never ends', async () => {
    await writeFile(path, 'x'.repeat(3 * 1024 * 1024));
    await expect(read({})).rejects.toThrow('too long');
  });
});

describe('a log that is followed', () => {
  /** Reads on, and lets a test wait for what it expects. */
  function follow(source: LogSource, signal = new AbortController().signal, options: Partial<LogOptions> = {}) {
    let text = '';
    let wake = () => {};
    const done = (async () => {
      const handle = await openLog(path);
      for await (const part of readLog(path, handle, { ...all, follow: true, ...options }, source, signal)) {
        text += part;
        wake();
      }
    })();
    return {
      done,
      text: () => text,
      async until(expected: string) {
        while (text !== expected) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
    };
  }

  it('goes on as the container writes, and ends when it has ended and everything is read', async () => {
    await writeFile(path, line(1, 'one'));
    const source = new FakeSource();
    const reader = follow(source);
    await reader.until('one\n');
    await appendFile(path, line(2, 'two').slice(0, 30));
    await appendFile(path, line(2, 'two').slice(30));
    await reader.until('one\ntwo\n');
    await appendFile(path, line(3, 'three'));
    source.end();
    await reader.done;
    expect(reader.text()).toBe('one\ntwo\nthree\n');
    expect(source.listeners).toBe(0);
  });

  it('goes on over rotations without losing or repeating a line', async () => {
    await writeFile(path, line(1, 'one'));
    const source = new FakeSource();
    const reader = follow(source);
    await reader.until('one\n');
    for (let i = 0; i < 5; i++) {
      await appendFile(path, line(2, `last of ${i}`));
      await rename(path, `${path}.${i}`);
      await writeFile(path, line(3, `first after ${i}`));
    }
    source.end();
    await reader.done;
    // Files that came and went between two looks cannot be found again; those that were seen are whole.
    expect(reader.text().startsWith('one\nlast of 0\n')).toBe(true);
    expect(reader.text().endsWith('first after 4\n')).toBe(true);
  });

  it('begins with the end where no lines are asked for', async () => {
    await writeFile(path, line(1, 'one'));
    const source = new FakeSource();
    const reader = follow(source, undefined, { tailLines: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    source.end();
    await reader.done;
    expect(reader.text()).toBe('');
  });

  it('ends when nobody listens any more', async () => {
    await writeFile(path, line(1, 'one'));
    const source = new FakeSource();
    const stop = new AbortController();
    const reader = follow(source, stop.signal);
    await reader.until('one\n');
    stop.abort();
    await reader.done;
    expect(source.listeners).toBe(0);
  });
});
