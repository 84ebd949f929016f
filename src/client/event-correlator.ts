import type { Event } from '../api/core/v1.gen.ts';
import type { Draft } from '../api/resource.ts';
import { formatTime } from '../schema/time.ts';
import type { Clock } from '../utils/clock.ts';
import { TokenBucket } from './rate-limiter.ts';

/** What is to be written for an event: nothing, a new object, or one more occurrence of a known object. */
export interface Correlated {
  readonly key: string;
  readonly event: Draft<Event>;
  /** The event written before for the same thing, to be patched. */
  readonly known: boolean;
}

const RECORDS = 4096;
/** So many different messages of one reason about one object within the interval are told as one event. */
const AGGREGATE_MESSAGES = 10;
const AGGREGATE_INTERVAL_MS = 600_000;
/** A component tells at most so many events about one object in a burst, then one every five minutes. */
const SPAM_BURST = 25;
const SPAM_PER_SECOND = 1 / 300;

/** A Map that forgets what was used least recently. */
class Recent<V> {
  readonly #map = new Map<string, V>();

  get(key: string): V | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) {
      this.#map.delete(key);
      this.#map.set(key, value);
    }
    return value;
  }

  set(key: string, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > RECORDS) {
      const oldest = this.#map.keys().next();
      if (!oldest.done) this.#map.delete(oldest.value);
    }
  }

  delete(key: string): void {
    this.#map.delete(key);
  }
}

interface Observation {
  readonly name: string;
  readonly count: number;
  readonly firstTimestamp: string;
}

/**
 * Keeps events few: drops what one component says too often about one object, folds events that differ only in their
 * message into one, and counts repetitions instead of writing them again (client-go's EventCorrelator, same numbers).
 */
export class EventCorrelator {
  readonly #clock: Clock;
  readonly #spam = new Recent<TokenBucket>();
  readonly #aggregates = new Recent<{ messages: Set<string>; at: number }>();
  readonly #observed = new Recent<Observation>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined when the event is not to be written. */
  correlate(event: Draft<Event>): Correlated | undefined {
    const { key, event: told } = this.#aggregate(event);
    const before = this.#observed.get(key);
    const result: Draft<Event> = before
      ? {
          ...told,
          metadata: { ...told.metadata, name: before.name },
          firstTimestamp: before.firstTimestamp,
          count: before.count + 1,
        }
      : told;
    this.#observed.set(key, {
      name: result.metadata?.name ?? '',
      count: result.count ?? 1,
      firstTimestamp: result.firstTimestamp ?? '',
    });
    if (this.#isSpam(event)) return undefined;
    return { key, event: result, known: before !== undefined };
  }

  /** The object that was to be patched is gone: the next occurrence counts from one again. */
  forget(key: string): void {
    this.#observed.delete(key);
  }

  #isSpam(event: Draft<Event>): boolean {
    const key = identity(event, event.type);
    let bucket = this.#spam.get(key);
    if (!bucket) {
      bucket = new TokenBucket(this.#clock, SPAM_PER_SECOND, SPAM_BURST);
      this.#spam.set(key, bucket);
    }
    return !bucket.tryAccept();
  }

  #aggregate(event: Draft<Event>): { key: string; event: Draft<Event> } {
    const now = this.#clock.now();
    const key = identity(event, event.type, event.reason);
    let record = this.#aggregates.get(key);
    if (!record || now - record.at > AGGREGATE_INTERVAL_MS) {
      record = { messages: new Set(), at: now };
      this.#aggregates.set(key, record);
    }
    record.at = now;
    record.messages.add(event.message ?? '');
    if (record.messages.size < AGGREGATE_MESSAGES) {
      return {
        key: JSON.stringify([key, event.involvedObject?.fieldPath ?? '', event.message]),
        event,
      };
    }
    const oldest = record.messages.values().next();
    if (!oldest.done) record.messages.delete(oldest.value);
    const time = formatTime(now);
    return {
      key,
      event: {
        ...event,
        message: `(combined from similar events): ${event.message ?? ''}`,
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      },
    };
  }
}

function identity(event: Draft<Event>, ...more: (string | undefined)[]): string {
  const { source, involvedObject: about } = event;
  return JSON.stringify([
    source?.component,
    source?.host,
    about?.kind,
    about?.namespace,
    about?.name,
    about?.uid,
    about?.apiVersion,
    ...more,
  ]);
}
