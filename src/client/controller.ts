import { ApiError, isConflict } from '../api/errors.ts';
import type { Logger } from '../utils/log.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ControllerOptions {
  readonly name: string;
  readonly queue: WorkQueue;
  /** How many keys are worked on at a time. */
  readonly workers: number;
  /**
   * Brings the world one step nearer to what the object of that key asks for. Throwing has the key tried again, rate
   * limited; returning forgets its failures. The signal aborts when the controller stops.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
}

export interface RunningController {
  /** Starts no more work and resolves when what is running has ended. */
  stop(): Promise<void>;
}

/** The loop that all controllers share. Start it after the informers it reads have synced. */
export function runController(options: ControllerOptions): RunningController {
  const { name, queue, reconcile, log } = options;
  const abort = new AbortController();

  const work = async (): Promise<void> => {
    for (;;) {
      const key = await queue.get();
      if (key === undefined) return;
      try {
        await reconcile(key, abort.signal);
        queue.forget(key);
      } catch (error) {
        if (!abort.signal.aborted) {
          const about = { controller: name, key };
          // Somebody else wrote first: the informer brings their version, there is nothing to tell anybody.
          if (isConflict(error)) log.debug({ ...about, error: error.message }, 'write conflict, trying again');
          // An answer says all there is to say; where in this process it was read does not matter.
          else if (error instanceof ApiError && error.code < 500)
            log.warn({ ...about, reason: error.reason, error: error.message }, 'request refused, trying again');
          else log.warn({ ...about, err: error }, 'reconcile failed, trying again');
          queue.addRateLimited(key);
        }
      } finally {
        queue.done(key);
      }
    }
  };

  const workers = Array.from({ length: options.workers }, work);
  return {
    async stop() {
      abort.abort();
      queue.shutDown();
      await Promise.all(workers);
    },
  };
}
