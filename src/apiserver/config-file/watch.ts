import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, Timer } from '../../utils/clock.ts';
import { readBounded } from './read.ts';

/** However little the system tells of changes, the file is looked at so often. Milliseconds, kube-apiserver's. */
const POLL = 60_000;
/** Several events of one change are one. Milliseconds. */
const PAUSE = 50;

export interface WatchedFile {
  /** Looks now. */
  check(): void;
  stop(): void;
}

export interface FileWatchOptions {
  readonly clock: Clock;
  /** What the file held when it was read before; absent: what it holds now. */
  readonly text?: string;
  /** The file holds something else. What is thrown goes to `onError`. */
  onChange(text: string): void;
  /** The file cannot be read (any more); told at every look. */
  onError(error: unknown): void;
}

/**
 * Tells when the content of a file changes, whether it is written, replaced, or a link on the way to it is (as volumes
 * of Kubernetes change). Does not keep the process alive.
 */
export function watchFile(path: string, options: FileWatchOptions): WatchedFile {
  const { clock } = options;
  let known = digest(options.text ?? readBounded(path));
  let stopped = false;
  let soon: Timer | undefined;
  const check = () => {
    if (stopped) return;
    try {
      const text = readBounded(path);
      const found = digest(text);
      if (found === known) return;
      known = found;
      options.onChange(text);
    } catch (error) {
      options.onError(error);
    }
  };
  const name = basename(path);
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
      if (changed !== null && changed !== name && !changed.startsWith('..')) return;
      soon ??= clock.after(PAUSE, () => {
        soon = undefined;
        check();
      });
    });
    // Where the directory goes away, or the system has no watches left, there is still the clock.
    watcher.on('error', () => watcher?.close());
  } catch {
    watcher = undefined;
  }
  let timer: Timer;
  const poll = () => {
    timer = clock.after(POLL, () => {
      check();
      if (!stopped) poll();
    });
  };
  poll();
  return {
    check,
    stop() {
      stopped = true;
      watcher?.close();
      soon?.stop();
      timer.stop();
    },
  };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64');
