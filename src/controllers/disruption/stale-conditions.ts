import { type Pod, pods } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import { formatTime, timeToMs } from '../../schema/time.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { isPodActive, podCondition } from '../shared/pods.ts';
import { startReconciler } from '../shared/start.ts';

const TIMEOUT_MS = 2 * 60_000;
const TYPE = 'DisruptionTarget';

/** Sets the condition DisruptionTarget to False on pods that were to be deleted two minutes ago and are not. */
export function startStaleDisruptionCleaner(context: ControllerContext): ControllerHandle {
  const { client, clock } = context;
  const informer = context.informers.informer(pods);

  return startReconciler(context, {
    name: 'stale_pod_disruption',
    workers: 1,
    waitFor: [informer],
    observe: (queue) => {
      const look = (pod: Pod) => {
        const at = staleAt(pod);
        if (at !== undefined) queue.addAfter(keyOf(pod), at - clock.now());
      };
      return [informer.addHandler({ onAdd: look, onUpdate: (_, pod) => look(pod) })];
    },
    async reconcile(key, queue) {
      const { namespace, name } = splitKey(key);
      const pod = informer.store.get(namespace, name);
      const at = pod && staleAt(pod);
      if (!pod || at === undefined) return;
      const now = clock.now();
      if (at > now) {
        queue.addAfter(key, at - now);
        return;
      }
      const condition = {
        type: TYPE,
        status: 'False',
        lastTransitionTime: formatTime(now),
        reason: null,
        message: null,
      };
      const body = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } };
      try {
        await client.resource(pods).patch(namespace, name, { type: 'strategic', body }, { subresource: 'status' });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  });
}

/** Milliseconds since the epoch; undefined for pods that nobody was to disrupt, or that do end. */
function staleAt(pod: Pod): number | undefined {
  const condition = podCondition(pod, TYPE);
  if (condition?.status !== 'True' || !condition.lastTransitionTime || !isPodActive(pod)) return undefined;
  return timeToMs(condition.lastTransitionTime) + TIMEOUT_MS;
}
