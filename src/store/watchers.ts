import type { Logger } from '../utils/log.ts';
import { inRange } from './keys.ts';
import { type Change, CompactedError, prefixEnd, type WatchHandle, type WatchSink } from './store.ts';

/** Where watches that start in the past read what they missed. */
export interface ChangeLog {
  /** The newest revision that watchers were handed. */
  readonly revision: number;
  readonly compactedRevision: number;
  /**
   * Changes of whole revisions after `after`, oldest first, and the revision up to which they are complete: some of
   * them, or all up to `revision`. Takes a few milliseconds at most.
   */
  changesAfter(after: number, start: string, end: string): { readonly changes: readonly Change[]; upTo: number };
}

interface Watcher {
  readonly start: string;
  readonly end: string;
  /** Nearly every watch is of a prefix, and every change is held against every watch: this is the fast way. */
  readonly prefix: string | undefined;
  readonly sink: WatchSink;
  /** Changes up to this revision were handed over, or are not wanted. */
  seen: number;
  /** Still reading the past; what commits meanwhile is read from the log in its turn. */
  behind: boolean;
}

/** The watches of one store: live ones are handed each commit, ones that started in the past catch up in slices. */
export class Watchers {
  readonly #log: ChangeLog;
  readonly #logger: Logger;
  readonly #all = new Set<Watcher>();

  constructor(log: ChangeLog, logger: Logger) {
    this.#log = log;
    this.#logger = logger;
  }

  get size(): number {
    return this.#all.size;
  }

  add(start: string, end: string, after: number, sink: WatchSink): WatchHandle {
    if (after > 0 && after < this.#log.compactedRevision) throw new CompactedError(this.#log.compactedRevision);
    const seen = after === 0 ? this.#log.revision : after;
    const prefix = start !== '' && end === prefixEnd(start) ? start : undefined;
    const watcher: Watcher = { start, end, prefix, sink, seen, behind: seen < this.#log.revision };
    this.#all.add(watcher);
    if (watcher.behind) setImmediate(() => this.#catchUp(watcher));
    return { stop: () => void this.#all.delete(watcher) };
  }

  /** Hands over the changes of one commit, which end with `revision`. */
  deliver(changes: readonly Change[], revision: number): void {
    for (const watcher of this.#all) {
      if (!watcher.behind) this.#hand(watcher, changes, revision);
    }
  }

  /** Ends every watch. */
  close(error: Error): void {
    for (const watcher of this.#all) this.#end(watcher, error);
  }

  #catchUp(watcher: Watcher): void {
    if (!this.#all.has(watcher)) return;
    if (watcher.seen < this.#log.compactedRevision) {
      this.#end(watcher, new CompactedError(this.#log.compactedRevision));
      return;
    }
    try {
      const { changes, upTo } = this.#log.changesAfter(watcher.seen, watcher.start, watcher.end);
      this.#hand(watcher, changes, upTo);
    } catch (error) {
      this.#end(watcher, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (watcher.seen < this.#log.revision) setImmediate(() => this.#catchUp(watcher));
    else watcher.behind = false;
  }

  #hand(watcher: Watcher, changes: readonly Change[], revision: number): void {
    if (revision <= watcher.seen) return;
    const { seen, start, end, prefix } = watcher;
    const wanted = changes.filter(
      (c) => c.revision > seen && (prefix === undefined ? inRange(c.key, start, end) : c.key.startsWith(prefix)),
    );
    watcher.seen = revision;
    try {
      if (wanted.length > 0) watcher.sink.changes(wanted);
      else watcher.sink.progress?.(revision);
    } catch (error) {
      this.#logger.error({ err: error, start: watcher.start }, 'a watcher of the store failed; its watch ends');
      this.#end(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #end(watcher: Watcher, error: Error): void {
    if (!this.#all.delete(watcher)) return;
    try {
      watcher.sink.ended?.(error);
    } catch (failure) {
      this.#logger.error({ err: failure, start: watcher.start }, 'a watcher of the store failed while it ended');
    }
  }
}
