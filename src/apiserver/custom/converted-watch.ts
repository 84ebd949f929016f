import { Entry } from '../cache/entry.ts';
import type { CoreWatch, CoreWatchSink, Stored, WatchEventType } from '../core.ts';
import type { Versions } from '../versions.ts';

/** Events converted in one call, and how many may wait before the watch is paused. */
const BATCH = 100;
const MAX_WAITING = 1000;

interface Waiting {
  readonly type: WatchEventType;
  readonly stored: Stored;
  readonly previous: Stored | undefined;
}

/**
 * A sink that shows events in another version, in their order, where making that version takes time. Selectors look at
 * that version: what an event is to the reader shows only there.
 */
export class ConvertedSink implements CoreWatchSink {
  readonly #sink: CoreWatchSink;
  readonly #versions: Versions;
  readonly #select: ((shown: Stored) => boolean) | undefined;
  readonly #waiting: Waiting[] = [];
  #watch: CoreWatch | undefined;
  #paused = false;
  #running = false;
  #over = false;
  #ending: { readonly error: Error | undefined } | undefined;

  constructor(sink: CoreWatchSink, versions: Versions, select: ((shown: Stored) => boolean) | undefined) {
    this.#sink = sink;
    this.#versions = versions;
    this.#select = select;
  }

  /** The watch as its reader holds it. */
  attach(watch: CoreWatch): CoreWatch {
    this.#watch = watch;
    let held = false;
    return {
      stop: () => {
        this.#over = true;
        watch.stop();
      },
      pause: () => {
        held = true;
        watch.pause();
      },
      resume: () => {
        held = false;
        if (!this.#paused && !held) watch.resume();
      },
    };
  }

  event(type: WatchEventType, stored: Stored, previous?: Stored): void {
    this.#waiting.push({ type, stored, previous: this.#select && type === 'MODIFIED' ? previous : undefined });
    if (this.#waiting.length >= MAX_WAITING && !this.#paused) {
      this.#paused = true;
      this.#watch?.pause();
    }
    if (!this.#running) void this.#run();
  }

  end(error?: Error): void {
    this.#ending = { error };
    if (!this.#running) this.#finish(error);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiting.length > 0 && !this.#over) {
        const batch = this.#waiting.splice(0, BATCH);
        const objects = batch.flatMap(({ type, stored, previous }) => {
          if (type === 'BOOKMARK') return [];
          return previous ? [stored, previous] : [stored];
        });
        await this.#versions.prepare?.(objects);
        for (const waiting of batch) if (!this.#over) this.#show(waiting);
        if (this.#paused && this.#waiting.length < BATCH) {
          this.#paused = false;
          this.#watch?.resume();
        }
      }
      if (this.#ending) this.#finish(this.#ending.error);
    } catch (error) {
      this.#watch?.stop();
      this.#finish(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#running = false;
    }
  }

  #show({ type, stored, previous }: Waiting): void {
    if (type === 'BOOKMARK') {
      this.#sink.event(type, stored);
      return;
    }
    const view = this.#versions.view(stored);
    const before = previous && this.#versions.view(previous);
    const is = this.#select?.(view) ?? true;
    const was = before ? this.#select?.(before) : is;
    if (is) this.#sink.event(was ? type : 'ADDED', view);
    else if (before && was) this.#sink.event('DELETED', departed(before, stored.revision));
  }

  #finish(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.end(error);
  }
}

/** An object as it was when it left the reader's sight, with the revision at which it did. */
function departed({ key, object }: Stored, revision: number): Stored {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return Entry.unstored(key, revision, { ...object, metadata });
}
