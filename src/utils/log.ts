import { type Logger, pino } from 'pino';

export type { Logger };

/** A logger that writes JSON lines to standard error. Components take a child: `log.child({ component: 'scheduler' })`. */
export function createLogger(options: { level?: string; name?: string } = {}): Logger {
  // Where the log's disk is full, work goes on without it: so much is kept until there is room, the rest is lost.
  const destination = pino.destination({ dest: 2, sync: true, maxLength: 1 << 20 });
  destination.on('error', () => {});
  return pino({ level: options.level ?? 'info', name: options.name }, destination);
}

/** A logger that writes nothing, for tests. */
export const silent: Logger = pino({ level: 'silent' });
