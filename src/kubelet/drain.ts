import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { CriClient } from './cri/client.ts';
import { RuntimeCache } from './runtime/cache.ts';
import { isStopped } from './runtime/state.ts';

/** Ends every pod of the runtime and takes its remains away. */
export async function drainRuntime(cri: CriClient, clock: Clock, graceSeconds: number, log: Logger): Promise<void> {
  const cache = new RuntimeCache({ cri, clock, log, onChange: () => {} });
  await cache.relist();
  await Promise.all(
    cache.pods().map(async (runtime) => {
      if (!isStopped(runtime)) {
        const running = runtime.containers.filter((c) => c.state === 'running');
        await Promise.all(running.map((c) => cri.stopContainer(c.id, graceSeconds)));
      }
      for (const sandbox of runtime.sandboxes) {
        await cri.stopPodSandbox(sandbox.id);
        await cri.removePodSandbox(sandbox.id);
      }
    }),
  );
}
