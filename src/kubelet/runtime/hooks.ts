import type { LifecycleHandler, Pod } from '../../api/core/v1.gen.ts';
import type { Clock } from '../../utils/clock.ts';
import { type CriClient, rpcMessage } from '../cri/client.ts';
import type { AnyContainer } from '../pods/pod.ts';
import { podDescription } from '../pods/pod.ts';
import { probeHttp } from '../probes/handlers.ts';

/** An HTTP hook that gets no answer in this time has failed. */
const HTTP_TIMEOUT = 30_000;

export interface HookContext {
  readonly cri: Pick<CriClient, 'execSync'>;
  readonly clock: Clock;
  readonly pod: Pod;
  readonly container: AnyContainer;
  readonly containerId: string;
  readonly podIP: string;
  readonly signal?: AbortSignal;
}

/**
 * Runs a postStart or preStop handler to its end. Rejects with the words of the event (FailedPostStartHook,
 * FailedPreStopHook). https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
 */
export async function runHook(handler: LifecycleHandler, context: HookContext): Promise<void> {
  const { cri, clock, pod, container, containerId, podIP } = context;
  if (handler.exec) {
    const command = handler.exec.command ?? [];
    const quoted = `[${command.join(' ')}]`;
    const where = `Exec lifecycle hook (${quoted}) for Container ${JSON.stringify(container.name)} in Pod ${JSON.stringify(podDescription(pod))} failed`;
    try {
      const { exitCode, stdout, stderr } = await cri.execSync(containerId, command, 0);
      if (exitCode === 0) return;
      const output = Buffer.concat([stdout, stderr]).toString();
      throw new Error(
        `${where} - error: command '${command.join(' ')}' exited with ${exitCode}: ${stderr}, message: ${JSON.stringify(output)}`,
      );
    } catch (error) {
      if (error instanceof Error && error.message.startsWith(where)) throw error;
      throw new Error(`${where} - error: ${rpcMessage(error)}, message: ""`);
    }
  }
  if (handler.httpGet) {
    const outcome = await probeHttp(handler.httpGet, podIP, container, HTTP_TIMEOUT);
    if (outcome.result === 'success' || outcome.result === 'warning') return;
    const path = handler.httpGet.path ?? '';
    throw new Error(
      `HTTP lifecycle hook (${path}) for Container ${JSON.stringify(container.name)} in Pod ${JSON.stringify(podDescription(pod))} failed - error: ${outcome.message}, message: ""`,
    );
  }
  if (handler.sleep) await clock.sleep(handler.sleep.seconds * 1000, context.signal);
}
