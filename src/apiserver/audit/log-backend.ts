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

/** Writes events to a file, a line each. A line is with the system when `process` returns. */
export class LogBackend implements Backend {
  readonly #out: LineSink | RotatingFile;
  readonly #line: (event: AuditEvent) => string;
  readonly #losses: Losses;

  constructor(out: LineSink, format: LogFormat, losses: Losses) {
    this.#out = out;
    this.#line = format === 'json' ? eventJson : eventLine;
    this.#losses = losses;
  }

  process(events: readonly AuditEvent[]): boolean {
    try {
      let text = '';
      for (const event of events) text += `${this.#line(event)}\n`;
      this.#out.write(Buffer.from(text));
      return true;
    } catch (error) {
      this.#losses.lost('log', (error as Error).message, events);
      return false;
    }
  }

  close(): Promise<void> {
    return this.#out.close();
  }
}
