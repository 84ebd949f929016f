import { type Node, nodes, type Pod, pods } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { formatTime } from '../../schema/time.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { indexByNode, podsOn } from '../shared/node-pods.ts';
import { byCreation } from '../shared/order.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { startReconciler } from '../shared/start.ts';

/** Finished pods that are kept, cluster-wide (--terminated-pod-gc-threshold). */
const TERMINATED_THRESHOLD = 12_500;
/** How often finished pods are counted. */
const PERIOD_MS = 20_000;
/** How long a node may be unknown before its pods are orphans. */
const QUARANTINE_MS = 40_000;
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

/** What is to be looked at: a kind of garbage and where. */
type Work =
  | { readonly about: 'orphans' | 'out-of-service'; readonly node: string }
  | { readonly about: 'unscheduled'; readonly pod: string }
  | { readonly about: 'terminated' };

const keyFor = (work: Work): string => JSON.stringify(work);
// Only `keyFor` makes keys of this queue.
const workOf = (key: string): Work => JSON.parse(key) as Work;

/**
 * Removes pods that nobody else will: those of nodes that are gone or out of service, those being deleted that no node
 * ever had, and the oldest finished ones when there are too many.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection
 */
export function startPodGarbageCollector(
  context: ControllerContext,
  terminatedThreshold = TERMINATED_THRESHOLD,
): ControllerHandle {
  const { client, clock } = context;
  const allNodes = context.informers.informer(nodes);
  const allPods = indexByNode(context.informers.informer(pods));

  function observe(queue: WorkQueue): (() => void)[] {
    const lookAtPod = (pod: Pod) => {
      const { nodeName } = pod.spec;
      const node = nodeName ? allNodes.store.get('', nodeName) : undefined;
      if (nodeName && !node) queue.addAfter(keyFor({ about: 'orphans', node: nodeName }), QUARANTINE_MS);
      if (pod.metadata.deletionTimestamp) {
        if (!nodeName) queue.add(keyFor({ about: 'unscheduled', pod: keyOf(pod) }));
        if (node && isOutOfService(node)) queue.add(keyFor({ about: 'out-of-service', node: node.metadata.name }));
      }
      if (terminatedThreshold > 0 && allPods.store.size > terminatedThreshold && isPodTerminal(pod)) {
        queue.addAfter(keyFor({ about: 'terminated' }), PERIOD_MS);
      }
    };
    const lookAtNode = (node: Node) => {
      if (isOutOfService(node)) queue.add(keyFor({ about: 'out-of-service', node: node.metadata.name }));
    };
    return [
      allPods.addHandler({ onAdd: lookAtPod, onUpdate: (_, pod) => lookAtPod(pod) }),
      allNodes.addHandler({
        onAdd: lookAtNode,
        onUpdate: (_, node) => lookAtNode(node),
        onDelete: ({ metadata: { name } }) => {
          if (podsOn(allPods, name).length > 0) queue.addAfter(keyFor({ about: 'orphans', node: name }), QUARANTINE_MS);
        },
      }),
    ];
  }

  async function reconcile(key: string): Promise<void> {
    const work = workOf(key);
    switch (work.about) {
      case 'orphans':
        if (allNodes.store.get('', work.node) || (await exists(work.node))) return;
        for (const pod of podsOn(allPods, work.node)) await remove(pod, 'PodGC: node no longer exists');
        return;
      case 'out-of-service': {
        const node = allNodes.store.get('', work.node);
        if (!node || !isOutOfService(node)) return;
        const doomed = podsOn(allPods, work.node).filter((pod) => pod.metadata.deletionTimestamp);
        for (const pod of doomed.sort(evictedFirst)) await remove(pod);
        return;
      }
      case 'unscheduled': {
        const { namespace, name } = splitKey(work.pod);
        const pod = allPods.store.get(namespace, name);
        if (pod?.metadata.deletionTimestamp && !pod.spec.nodeName) await remove(pod);
        return;
      }
      case 'terminated': {
        const terminated = allPods.store.list().filter(isPodTerminal).sort(evictedFirst);
        for (const pod of terminated.slice(0, Math.max(0, terminated.length - terminatedThreshold))) await remove(pod);
      }
    }
  }

  async function exists(node: string): Promise<boolean> {
    try {
      await client.resource(nodes).get('', node);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** No kubelet is going to say how the pod ended: it failed. Then it goes, at once. */
  async function remove(pod: Pod, disruption?: string): Promise<void> {
    const { namespace = '', name, uid, generation } = pod.metadata;
    const observed = generation !== undefined && { observedGeneration: generation };
    const condition = disruption !== undefined && {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByPodGC',
      message: disruption,
      lastTransitionTime: formatTime(clock.now()),
      ...observed,
    };
    const status = { phase: 'Failed', ...observed, ...(condition && { conditions: [condition] }) };
    try {
      if (!isPodTerminal(pod)) {
        const body = { metadata: { uid }, status };
        await client.resource(pods).patch(namespace, name, { type: 'strategic', body }, { subresource: 'status' });
      }
      await client.resource(pods).delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return startReconciler(context, {
    name: 'orphaned_pods_nodes',
    workers: 1,
    waitFor: [allNodes, allPods],
    observe,
    reconcile,
  });
}

/** Somebody has said that the node is shut down and will not write any more. */
function isOutOfService({ spec, status }: Node): boolean {
  const ready = status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  return !ready && !!spec.taints?.some(({ key }) => key === OUT_OF_SERVICE);
}

function evictedFirst(a: Pod, b: Pod): number {
  const evicted = ({ status }: Pod) => status.phase === 'Failed' && status.reason === 'Evicted';
  return Number(evicted(b)) - Number(evicted(a)) || byCreation(a, b);
}
