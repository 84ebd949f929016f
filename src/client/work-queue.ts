import type { Clock, Timer } from '../utils/clock.ts';
import { defaultRateLimiter, type RateLimiter } from './rate-limiter.ts';

/** Where a queue reports to; names as client-go's workqueue metrics. */
export interface WorkQueueMetrics {
  /** A queue is there; `ages` tells how many seconds ago the work began that is under way. */
  opened?(queue: string, ages: () => readonly number[]): void;
  depth(queue: string, depth: number): void;
  added(queue: string): void;
  retried(queue: string): void;
  /** Seconds between add and get. */
  queueDuration(queue: string, seconds: number): void;
  /** Seconds between get and done. */
  workDuration(queue: string, seconds: number): void;
}

export interface WorkQueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly rateLimiter?: RateLimiter;
  readonly metrics?: WorkQueueMetrics;
}

/**
 * Keys that want work, first come first served. A key waiting twice is worked on once; a key added while it is being
 * worked on comes again when that work is done, so that no two workers ever have the same key (client-go's workqueue).
 * It holds at most one entry for each key, so its size is bounded by the number of objects.
 */
export class WorkQueue {
  readonly name: string;
  readonly #clock: Clock;
  readonly #limiter: RateLimiter;
  readonly #metrics: WorkQueueMetrics | undefined;
  /** Ordered as added; the value is when. */
  readonly #queue = new Map<string, number>();
  readonly #processing = new Map<string, number>();
  /** Added while being worked on. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { at: number; timer: Timer }>();
  readonly #waiting: ((key: string | undefined) => void)[] = [];
  #shutDown = false;

  constructor(options: WorkQueueOptions) {
    this.name = options.name;
    this.#clock = options.clock;
    this.#limiter = options.rateLimiter ?? defaultRateLimiter(options.clock);
    this.#metrics = options.metrics;
    this.#metrics?.opened?.(this.name, () => {
      const now = this.#clock.now();
      return [...this.#processing.values()].map((since) => (now - since) / 1000);
    });
  }

  get length(): number {
    return this.#queue.size;
  }

  get shuttingDown(): boolean {
    return this.#shutDown;
  }

  add(key: string): void {
    if (this.#shutDown || this.#queue.has(key) || this.#again.has(key)) return;
    this.#metrics?.added(this.name);
    if (this.#processing.has(key)) this.#again.add(key);
    else this.#enqueue(key);
  }

  /** Adds the key `ms` milliseconds from now; of several delays for a key the one that ends first counts. */
  addAfter(key: string, ms: number): void {
    if (this.#shutDown) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.now() + ms;
    const known = this.#delayed.get(key);
    if (known && known.at <= at) return;
    known?.timer.stop();
    const timer = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, timer });
  }

  /** Adds the key when its rate limiter allows: later with each failure in a row. */
  addRateLimited(key: string): void {
    this.#metrics?.retried(this.name);
    this.addAfter(key, this.#limiter.when(key));
  }

  /** The key's failures no longer count. */
  forget(key: string): void {
    this.#limiter.forget(key);
  }

  numRequeues(key: string): number {
    return this.#limiter.numRequeues(key);
  }

  /** The next key, to be given back with `done`; undefined when the queue is shut down. */
  get(): Promise<string | undefined> {
    const first = this.#queue.keys().next();
    if (!first.done) return Promise.resolve(this.#take(first.value));
    if (this.#shutDown) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  done(key: string): void {
    const since = this.#processing.get(key);
    if (since === undefined) return;
    this.#processing.delete(key);
    this.#metrics?.workDuration(this.name, (this.#clock.now() - since) / 1000);
    if (this.#again.delete(key)) this.#enqueue(key);
  }

  /** Takes nothing more and forgets what waits; keys being worked on are given back as ever. */
  shutDown(): void {
    this.#shutDown = true;
    for (const { timer } of this.#delayed.values()) timer.stop();
    this.#delayed.clear();
    this.#queue.clear();
    this.#again.clear();
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }

  #enqueue(key: string): void {
    this.#queue.set(key, this.#clock.now());
    const resolve = this.#waiting.shift();
    if (resolve) resolve(this.#take(key));
    else this.#metrics?.depth(this.name, this.#queue.size);
  }

  #take(key: string): string {
    const now = this.#clock.now();
    this.#metrics?.queueDuration(this.name, (now - (this.#queue.get(key) ?? now)) / 1000);
    this.#queue.delete(key);
    this.#processing.set(key, now);
    this.#metrics?.depth(this.name, this.#queue.size);
    return key;
  }
}
