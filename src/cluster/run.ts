import { ConfigurationError } from '../utils/configuration-error.ts';
import { createLogger, type Logger } from '../utils/log.ts';
import type { AgentOptions } from './agent.ts';
import type { ServerOptions } from './server.ts';

/** What has not stopped by then never will; everything that matters is on disk. */
const STOP_MS = 15_000;

/** EX_CONFIG of sysexits.h: what is wrong is in the configuration, and starting again does not help. */
const badConfiguration = 78;

export async function runServer(options: ServerOptions & { readonly logLevel: string }): Promise<void> {
  // Each loads only what it needs itself.
  const { startServer } = await import('./server.ts');
  // Requests that were accepted are finished, and those who balance load may ask for more time.
  const { shutdownDelayDuration = 0, shutdownWatchTerminationGracePeriod = 0, requestTimeout = 60_000 } = options;
  const stopMs = shutdownDelayDuration + Math.max(shutdownWatchTerminationGracePeriod, requestTimeout) + STOP_MS;
  await runComponent('server', options.logLevel, (log) => startServer({ ...options, log }), stopMs);
}

export async function runAgent(options: AgentOptions & { readonly logLevel: string }): Promise<void> {
  const { startAgent } = await import('./agent.ts');
  await runComponent('agent', options.logLevel, (log) => startAgent({ ...options, log }));
}

/** Runs a component in the foreground until a signal asks it to stop; a second signal ends it at once. */
export async function runComponent(
  name: string,
  level: string,
  start: (log: Logger) => Promise<{ stop(): Promise<void> }>,
  stopMs = STOP_MS,
): Promise<void> {
  const log = createLogger({ name, level });
  // Libraries write there, too; a full disk under it is no reason to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.on('uncaughtException', (error) => {
    // The state may be half changed: end, and let whoever keeps us running start afresh from what is on disk.
    log.fatal({ err: error }, 'a bug: ending so that a clean start can follow');
    process.exit(70);
  });
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise failed and nobody looked'));
  const component = await start(log).catch((error: unknown) => {
    log.fatal({ err: error }, `cannot start: ${(error as Error).message}`);
    process.exit(error instanceof ConfigurationError ? badConfiguration : 1);
  });
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      log.info(`${signal}: stopping`);
      setTimeout(() => {
        log.error(`did not stop in ${stopMs / 1000} s: ending all the same`);
        process.exit(1);
      }, stopMs);
      void component.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'could not stop in order');
          process.exit(1);
        },
      );
    });
  }
}
