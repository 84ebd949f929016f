import { writeSync } from 'node:fs';
import type { Backend, Losses } from './backend.ts';
import { type AuditEvent, eventJson, eventLine } from './event.ts';
import type { RotatingFile } from './rotating-file.ts';

export type LogFormat = 'json' | 'legacy';

/** Where lines go. */
export interface LineSink {
  write(bytes: Uint8Array): void;
  close(): Promise<void>;
}

/** Standard output: "-" of --audit-log-path. */
export const standardOutput: LineSink = {
  write(bytes) {
    for (let written = 0; written < bytes.length; ) {
      try {
        written += writeSync(1, bytes, written);
      } catch (error) {
        // A pipe whose reader is behind.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
    }
  },
  close: () => Promise.resolve(),
};

/** Text that may wait for the end of a turn. Characters. */
const MOST_TOGETHER = 256 * 1024;

/**
 * Writes events to a file, a line each. A line is with the system when `process` returns; with `together`, at the end of
 * the turn of the event loop, with those of all requests that were answered in it: a tenth of the cost.
 */
export class LogBackend implements Backend {
  readonly #out: LineSink | RotatingFile;
  readonly #line: (event: AuditEvent) => string;
  readonly #losses: Losses;
  readonly #together: boolean;
  #text = '';
  #events: AuditEvent[] = [];

  constructor(out: LineSink, options: { readonly format: LogFormat; readonly together: boolean }, losses: Losses) {
    this.#out = out;
    this.#line = options.format === 'json' ? eventJson : eventLine;
    this.#together = options.together;
    this.#losses = losses;
  }

  process(events: readonly AuditEvent[]): boolean {
    if (this.#together && this.#events.length === 0) setImmediate(() => this.#write());
    for (const event of events) {
      this.#text += `${this.#line(event)}\n`;
      this.#events.push(event);
    }
    return this.#together && this.#text.length < MOST_TOGETHER ? true : this.#write();
  }

  #write(): boolean {
    const [text, events] = [this.#text, this.#events];
    this.#text = '';
    this.#events = [];
    if (events.length === 0) return true;
    try {
      this.#out.write(Buffer.from(text));
      return true;
    } catch (error) {
      this.#losses.lost('log', (error as Error).message, events);
      return false;
    }
  }

  close(): Promise<void> {
    this.#write();
    return this.#out.close();
  }
}
