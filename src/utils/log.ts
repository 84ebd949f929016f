import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

export type { Logger };

/** Written at once. Where that fails, as on a full disk, the line is lost and work goes on; pino's own would wait. */
const standardError = {
  write(line: string): void {
    try {
      let rest: Uint8Array = Buffer.from(line);
      while (rest.length > 0) rest = rest.subarray(writeSync(2, rest));
    } catch {
      // There is no other place to say so.
    }
  },
};

/** A logger that writes JSON lines to standard error. Components take a child: `log.child({ component: 'scheduler' })`. */
export function createLogger(options: { level?: string; name?: string } = {}): Logger {
  return pino({ level: options.level ?? 'info', name: options.name }, standardError);
}

/** A logger that writes nothing, for tests. */
export const silent: Logger = pino({ level: 'silent' });
