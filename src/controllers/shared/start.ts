import type { KubeObject } from '../../api/resource.ts';
import { type RunningController, runController } from '../../client/controller.ts';
import type { Informer } from '../../client/informer.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import type { ControllerContext, ControllerHandle } from './context.ts';

export interface ReconcilerOptions {
  readonly name: string;
  readonly workers: number;
  /** Work starts when all of these have their first list. */
  readonly waitFor: readonly Pick<Informer<KubeObject>, 'hasSynced'>[];
  /** Registers event handlers that fill the queue; returns what unregisters them. */
  readonly observe: (queue: WorkQueue) => readonly (() => void)[];
  readonly reconcile: (key: string, queue: WorkQueue) => Promise<void>;
}

/** The life of a controller: observe, wait for the informers, work, stop. */
export function startReconciler(context: ControllerContext, options: ReconcilerOptions): ControllerHandle {
  const { name, workers, reconcile } = options;
  const queue = new WorkQueue({ name, clock: context.clock, metrics: context.queueMetrics });
  const { log } = context;
  const remove = options.observe(queue);
  let stopped = false;
  let controller: RunningController | undefined;
  Promise.all(options.waitFor.map((informer) => informer.hasSynced)).then(
    () => {
      if (!stopped)
        controller = runController({ name, queue, workers, log, reconcile: (key) => reconcile(key, queue) });
    },
    () => {}, // the informers were stopped before they had anything
  );
  return {
    async stop() {
      stopped = true;
      for (const off of remove) off();
      queue.shutDown();
      await controller?.stop();
    },
  };
}
