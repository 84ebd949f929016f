import type { CoreWatchSink, Stored, WatchEventType } from '../core.ts';
import type { Entry } from './entry.ts';
import type { CacheEvent } from './event.ts';
import type { Selection } from './selection.ts';

/** Events that may wait for a reader that paused; the state a watch starts with is not counted. */
export const MAX_QUEUED = 4096;

export interface WatcherOptions {
  readonly selection: Selection;
  /** "" for all. */
  readonly namespace: string;
  /** What the keys of the watched namespace, or of the whole resource, begin with. */
  readonly prefix: string;
  readonly sink: CoreWatchSink;
  /** Events up to this revision are not sent. */
  readonly after: number;
  /** What the reader is to see of an entry: another version of the kind; absent for the entry itself. */
  readonly view?: (entry: Entry) => Stored;
  /** Called once, when the watch is over in whatever way. */
  readonly onEnd: (watcher: Watcher) => void;
  /** The sink threw: its watch ends, others go on. */
  readonly onFault: (error: unknown) => void;
}

interface Queued {
  readonly type: WatchEventType;
  readonly stored: Stored;
  readonly previous: Stored | undefined;
}

/**
 * One watch: sees the events of a resource, says which of them its selectors make of interest and under which type,
 * and hands them to its sink, at once while the sink takes them and from a bounded queue after it paused. A reader that
 * lets the queue run over is cut off, as in Kubernetes; it watches again from where it was.
 */
export class Watcher {
  readonly namespace: string;
  readonly selection: Selection;
  readonly #options: WatcherOptions;
  #after: number;
  #paused = false;
  #draining = false;
  #ended = false;
  #queue: Queued[] = [];
  #next = 0;
  /** Queued events that the watch started with; the bound does not count them. */
  #initial = 0;
  /** What to end with once the queue is empty. */
  #ending: { error: Error | undefined } | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.namespace = options.namespace;
    this.selection = options.selection;
    this.#after = options.after;
  }

  /** The last revision this watch has seen. */
  get revision(): number {
    return this.#after;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What a watch starts with: the present state as ADDED events, and the events since its revision. Any number of them. */
  begin(entries: readonly Entry[], events: readonly CacheEvent[]): void {
    const view = this.#options.view;
    this.#initial = Number.POSITIVE_INFINITY;
    for (const entry of entries) this.#send('ADDED', view ? view(entry) : entry);
    for (const event of events) this.deliver(event);
    this.#initial = this.#queue.length - this.#next;
  }

  deliver(event: CacheEvent): void {
    if (event.revision <= this.#after || this.#ended) return;
    // Nobody sees another namespace, whatever the event was found by.
    if (this.namespace !== '' && !event.key.startsWith(this.#options.prefix)) return;
    const { current, previous } = event;
    const is = current !== undefined && this.selection.matches(current);
    const was = previous !== undefined && this.selection.matches(previous);
    if (!is && !was) return;
    const entry = is ? current : event.departed;
    if (entry) {
      const view = this.#options.view;
      this.#send(is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED', view ? view(entry) : entry, previous);
    }
  }

  /** Everything up to the revision has been delivered. */
  advance(revision: number): void {
    if (revision > this.#after) this.#after = revision;
  }

  bookmark(stored: Stored): void {
    this.#send('BOOKMARK', stored);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#drain();
  }

  /** Ends after what is queued was taken. */
  end(error?: Error): void {
    if (this.#ended || this.#ending) return;
    if (this.#next < this.#queue.length || this.#draining) {
      this.#ending = { error };
      return;
    }
    this.#finish(error);
  }

  /** Ends at once; the sink is told. */
  stop(): void {
    if (!this.#ended) this.#finish(undefined);
  }

  #send(type: WatchEventType, stored: Stored, previous?: Stored): void {
    if (this.#ending || this.#ended) return;
    if (!this.#paused && !this.#draining && this.#next === this.#queue.length) {
      this.#hand(type, stored, previous);
      return;
    }
    if (this.#queue.length - this.#next - this.#initial >= MAX_QUEUED) {
      this.#finish(undefined);
      return;
    }
    this.#queue.push({ type, stored, previous });
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    while (!this.#paused && !this.#ended && this.#next < this.#queue.length) {
      const item = this.#queue[this.#next++] as Queued;
      if (this.#initial > 0) this.#initial--;
      this.#hand(item.type, item.stored, item.previous);
    }
    this.#draining = false;
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
      if (this.#ending && !this.#ended) this.#finish(this.#ending.error);
    } else if (this.#next > 1024) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
  }

  #hand(type: WatchEventType, stored: Stored, previous: Stored | undefined): void {
    try {
      this.#options.sink.event(type, stored, previous);
    } catch (error) {
      this.#options.onFault(error);
      this.#finish(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #finish(error: Error | undefined): void {
    this.#ended = true;
    this.#queue = [];
    this.#next = 0;
    this.#options.onEnd(this);
    try {
      this.#options.sink.end(error);
    } catch (fault) {
      this.#options.onFault(fault);
    }
  }
}
