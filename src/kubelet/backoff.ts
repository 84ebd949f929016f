import type { Clock } from '../utils/clock.ts';

interface Entry {
  backoff: number;
  lastUpdate: number;
}

/** More keys than containers that a node can hold; the oldest goes first. */
const MOST_KEYS = 10_000;

/** Doubling waits by key (client-go's flowcontrol.Backoff), forgotten after twice the longest wait without a failure. */
export class KeyedBackoff {
  readonly #clock: Clock;
  readonly #initialMs: number;
  readonly #maximumMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, initialMs: number, maximumMs: number) {
    this.#clock = clock;
    this.#initialMs = initialMs;
    this.#maximumMs = maximumMs;
  }

  /** The present wait of a key in milliseconds; 0 for one that never failed. */
  get(key: string): number {
    return this.#entries.get(key)?.backoff ?? 0;
  }

  /** Counts a failure that happened at `eventTime` (milliseconds since the epoch). */
  next(key: string, eventTime: number): void {
    const entry = this.#entries.get(key);
    const now = this.#clock.now();
    if (!entry || this.#expired(entry, eventTime)) {
      this.#entries.delete(key);
      if (this.#entries.size >= MOST_KEYS) this.#entries.delete(this.#entries.keys().next().value as string);
      this.#entries.set(key, { backoff: this.#initialMs, lastUpdate: now });
    } else {
      entry.backoff = Math.min(2 * entry.backoff, this.#maximumMs);
      entry.lastUpdate = now;
    }
  }

  /** Milliseconds still to wait after an event at `eventTime`; 0: no need to. */
  remaining(key: string, eventTime: number): number {
    const entry = this.#entries.get(key);
    if (!entry || this.#expired(entry, eventTime)) return 0;
    return Math.max(0, eventTime + entry.backoff - this.#clock.now());
  }

  /** The same, counted from the last failure. */
  remainingSinceUpdate(key: string): number {
    const entry = this.#entries.get(key);
    if (!entry || this.#expired(entry, this.#clock.now())) return 0;
    return Math.max(0, entry.lastUpdate + entry.backoff - this.#clock.now());
  }

  /** Forgets all keys that begin so. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #expired(entry: Entry, eventTime: number): boolean {
    return eventTime - entry.lastUpdate > 2 * this.#maximumMs;
  }
}

/** Go's time.Duration as its String prints whole seconds: "10s", "1m20s", "5m0s". */
export function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${hours ? `${hours}h` : ''}${minutes}m${seconds % 60}s`;
}
