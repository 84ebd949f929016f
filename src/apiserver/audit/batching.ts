import type { Clock, Timer } from '../../utils/clock.ts';
import type { Backend, Losses } from './backend.ts';
import type { AuditEvent } from './event.ts';

export interface BatchOptions {
  /** Events that may wait. */
  readonly bufferSize: number;
  readonly maxBatchSize: number;
  /** Milliseconds that an event waits for others. */
  readonly maxBatchWait: number;
  /** Batches a second on average, and at a time; absent: as they come. */
  readonly throttle?: { readonly qps: number; readonly burst: number };
}

/** Bytes of objects in events that may wait, whatever their number. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Batches that a slow backend has at a time; more wait in the buffer. */
const MOST_UNDER_WAY = 8;

/** Gathers events and hands them on in batches, beside the requests; what does not fit into the buffer is lost. */
export class BatchingBackend implements Backend {
  readonly #inner: Backend;
  readonly #options: BatchOptions;
  readonly #clock: Clock;
  readonly #losses: Losses;
  #waiting: AuditEvent[] = [];
  #bytes = 0;
  #underWay = 0;
  #timer: Timer | undefined;
  #scheduled = false;
  /** Batches that may be sent now, as of `#refilled`. */
  #tokens: number;
  #refilled: number;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(inner: Backend, options: BatchOptions, clock: Clock, losses: Losses) {
    this.#inner = inner;
    this.#options = options;
    this.#clock = clock;
    this.#losses = losses;
    this.#tokens = options.throttle?.burst ?? 0;
    this.#refilled = clock.now();
  }

  process(events: readonly AuditEvent[]): boolean {
    for (const [i, event] of events.entries()) {
      const bytes = weightOf(event);
      if (this.#closed || this.#waiting.length >= this.#options.bufferSize || this.#bytes + bytes > MOST_BYTES) {
        const why = this.#closed ? 'audit backend shut down' : 'audit buffer queue blocked';
        this.#losses.lost('buffered', why, events.slice(i));
        return true;
      }
      this.#waiting.push(event);
      this.#bytes += bytes;
    }
    this.#schedule();
    return true;
  }

  #schedule(): void {
    const { maxBatchSize, maxBatchWait } = this.#options;
    if (this.#waiting.length === 0) return;
    if (this.#waiting.length >= maxBatchSize || this.#closed) {
      if (this.#scheduled) return;
      // After the request at hand.
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#send();
      });
    } else {
      this.#timer ??= this.#clock.after(maxBatchWait, () => {
        this.#timer = undefined;
        this.#send();
      });
    }
  }

  #send(): void {
    const { maxBatchSize } = this.#options;
    do {
      if (this.#waiting.length === 0 || this.#underWay >= MOST_UNDER_WAY) return;
      if (!this.#closed) {
        const wait = this.#tokenIn();
        if (wait > 0) {
          this.#timer?.stop();
          this.#timer = this.#clock.after(wait, () => {
            this.#timer = undefined;
            this.#send();
          });
          return;
        }
      }
      const batch = this.#waiting.splice(0, maxBatchSize);
      for (const event of batch) this.#bytes -= weightOf(event);
      const stored = this.#inner.process(batch);
      if (stored instanceof Promise) this.#follow(stored);
    } while (this.#waiting.length >= maxBatchSize || (this.#closed && this.#waiting.length > 0));
    if (!this.#closed) this.#schedule();
  }

  #follow(stored: Promise<boolean>): void {
    this.#underWay++;
    void stored.finally(() => {
      this.#underWay--;
      if (this.#closed) {
        this.#send();
        if (this.#underWay === 0 && this.#waiting.length === 0) this.#idle?.();
      } else this.#schedule();
    });
  }

  /** Takes leave to send a batch: 0, or the milliseconds until there is. */
  #tokenIn(): number {
    const { throttle } = this.#options;
    if (!throttle) return 0;
    const now = this.#clock.now();
    this.#tokens = Math.min(throttle.burst, this.#tokens + ((now - this.#refilled) / 1000) * throttle.qps);
    this.#refilled = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return 0;
    }
    return Math.max(1, Math.ceil(((1 - this.#tokens) / throttle.qps) * 1000));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.stop();
    this.#send();
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await this.#inner.close();
  }
}

/** About as much memory as an event keeps. */
const weightOf = ({ requestObject = '', responseObject = '', requestURI }: AuditEvent): number =>
  1024 + requestURI.length + requestObject.length + responseObject.length;
