import type { Entry } from './entry.ts';

/** One change of one object, shared by every watcher that it concerns. */
export class CacheEvent {
  readonly key: string;
  readonly revision: number;
  /** Absent when the object was deleted. */
  readonly current: Entry | undefined;
  /** Absent when it was created. */
  readonly previous: Entry | undefined;
  #departed: Entry | undefined;

  constructor(key: string, revision: number, current: Entry | undefined, previous: Entry | undefined) {
    this.key = key;
    this.revision = revision;
    this.current = current;
    this.previous = previous;
  }

  /** The old state with the revision of this event: what a watcher is sent when the object leaves its sight. */
  get departed(): Entry | undefined {
    this.#departed ??= this.previous?.at(this.revision);
    return this.#departed;
  }

  get bytes(): number {
    return (this.current ?? this.previous)?.json.length ?? 0;
  }
}

/** The newest events of a resource, bounded by count and bytes: what watches that start in the recent past are sent. */
export class EventRing {
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  #events: CacheEvent[] = [];
  #head = 0;
  #bytes = 0;
  #floor: number;

  /** `floor`: every event after this revision will be pushed. */
  constructor(floor: number, maxEvents = 4096, maxBytes = 8 << 20) {
    this.#floor = floor;
    this.#maxEvents = maxEvents;
    this.#maxBytes = maxBytes;
  }

  /** Every event after this revision is here. */
  get floor(): number {
    return this.#floor;
  }

  push(event: CacheEvent): void {
    this.#events.push(event);
    this.#bytes += event.bytes;
    while (this.#events.length - this.#head > this.#maxEvents || this.#bytes > this.#maxBytes) {
      const oldest = this.#events[this.#head++];
      if (!oldest) break;
      this.#bytes -= oldest.bytes;
      this.#floor = oldest.revision;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Events after the revision, oldest first; undefined when some of them are gone. */
  after(revision: number): readonly CacheEvent[] | undefined {
    if (revision < this.#floor) return undefined;
    let low = this.#head;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle] as CacheEvent).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }
}
