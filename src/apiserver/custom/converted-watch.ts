import type { CoreWatch, CoreWatchSink, Stored, WatchEventType } from '../core.ts';
import type { Versions } from '../versions.ts';

/** Events converted in one call, and how many may wait before the watch is paused. */
const BATCH = 100;
const MAX_WAITING = 1000;

/** A sink that shows events in another version, in their order, where making that version takes time. */
export class ConvertedSink implements CoreWatchSink {
  readonly #sink: CoreWatchSink;
  readonly #versions: Versions;
  readonly #waiting: { readonly type: WatchEventType; readonly stored: Stored }[] = [];
  #watch: CoreWatch | undefined;
  #paused = false;
  #running = false;
  #over = false;
  #ending: { readonly error: Error | undefined } | undefined;

  constructor(sink: CoreWatchSink, versions: Versions) {
    this.#sink = sink;
    this.#versions = versions;
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

  event(type: WatchEventType, stored: Stored): void {
    this.#waiting.push({ type, stored });
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
        await this.#versions.prepare?.(batch.filter(({ type }) => type !== 'BOOKMARK').map(({ stored }) => stored));
        for (const { type, stored } of batch) {
          if (!this.#over) this.#sink.event(type, type === 'BOOKMARK' ? stored : this.#versions.view(stored));
        }
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

  #finish(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.end(error);
  }
}
