import { type Logger, pino } from 'pino';

export type { Logger };

/** A logger that writes JSON lines to standard error. Components take a child: `log.child({ component: 'scheduler' })`. */
export function createLogger(options: { level?: string; name?: string } = {}): Logger {
  return pino({ level: options.level ?? 'info', name: options.name }, pino.destination({ dest: 2, sync: true }));
}

/** A logger that writes nothing, for tests. */
export const silent: Logger = pino({ level: 'silent' });
