import type { Clock, Timer } from '../../utils/clock.ts';
import type { Exchange } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { RequestInfo } from './request-info.ts';

const longVerbs: ReadonlySet<string> = new Set(['watch', 'proxy']);
const longSubresources: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);
const readingVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** Requests that may go on as long as they like: kube-apiserver's list of them. */
export const isLongRunning = ({ verb, isResource, subresource }: RequestInfo): boolean =>
  longVerbs.has(verb) || (isResource && longSubresources.has(subresource));

interface Flight {
  readonly exchange: Exchange;
  readonly deadline: number;
}

/**
 * Requests under way, but for the long-running: how many there may be (--max-requests-inflight and
 * --max-mutating-requests-inflight) and how long each may take (--request-timeout). One timer watches over all that
 * have the usual time.
 */
export class Flights {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #late: (exchange: Exchange) => void;
  /** In the order of their deadlines. */
  readonly #usual = new Set<Flight>();
  /** With less time than usual. */
  readonly #short = new Set<Exchange>();
  #drained: (() => void)[] = [];
  #timer: Timer | undefined;
  #reading = 0;
  #mutating = 0;

  /** `late` is called with an exchange whose time is over. */
  constructor(limits: Limits, clock: Clock, late: (exchange: Exchange) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#late = late;
  }

  /** Starts a request's time (ms), at most the usual one; returns what ends it. */
  begin(exchange: Exchange, timeoutMs: number | undefined): () => void {
    const usual = this.#limits.requestTimeoutMs;
    if (timeoutMs !== undefined && timeoutMs > 0 && timeoutMs < usual) {
      const timer = this.#clock.after(timeoutMs, () => this.#late(exchange));
      this.#short.add(exchange);
      return () => {
        timer.stop();
        this.#short.delete(exchange);
        this.#landed();
      };
    }
    const flight = { exchange, deadline: this.#clock.now() + usual };
    this.#usual.add(flight);
    this.#timer ??= this.#clock.after(usual, this.#sweep);
    return () => {
      this.#usual.delete(flight);
      this.#landed();
    };
  }

  /** Requests whose time is running. */
  *underWay(): Generator<Exchange> {
    for (const { exchange } of this.#usual) yield exchange;
    yield* this.#short;
  }

  /** Resolves when none is under way, or after so long (ms). */
  drained(withinMs: number): Promise<void> {
    if (this.#usual.size + this.#short.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(withinMs, resolve);
      this.#drained.push(() => {
        timer.stop();
        resolve();
      });
    });
  }

  #landed(): void {
    if (this.#drained.length === 0 || this.#usual.size + this.#short.size > 0) return;
    for (const tell of this.#drained.splice(0)) tell();
  }

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const flight of this.#usual) {
      if (flight.deadline > now) {
        this.#timer = this.#clock.after(flight.deadline - now, this.#sweep);
        return;
      }
      this.#usual.delete(flight);
      this.#late(flight.exchange);
    }
  };

  /** Takes a place among the requests of its sort; undefined where there is none left, else what gives it back. */
  admit(verb: string): (() => void) | undefined {
    if (readingVerbs.has(verb)) {
      if (this.#reading >= this.#limits.requestsInFlight) return undefined;
      this.#reading++;
      return this.#read;
    }
    if (this.#mutating >= this.#limits.mutatingRequestsInFlight) return undefined;
    this.#mutating++;
    return this.#mutated;
  }

  readonly #read = (): void => {
    this.#reading--;
  };

  readonly #mutated = (): void => {
    this.#mutating--;
  };

  close(): void {
    this.#timer?.stop();
  }
}
