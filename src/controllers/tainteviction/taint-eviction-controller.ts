import { type Node, nodes, type Pod, pods, type Taint, type Toleration } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import { tolerates } from '../../api/tolerations.ts';
import type { Informer } from '../../client/informer.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../schema/equal.ts';
import { formatTime } from '../../schema/time.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { indexByNode, podsOn } from '../shared/node-pods.ts';
import { startReconciler } from '../shared/start.ts';

const WORKERS = 8;

/**
 * Deletes pods from nodes whose NoExecute taints they do not tolerate, or not for longer.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
 */
export function startTaintEvictionController(context: ControllerContext): ControllerHandle {
  const controller = new TaintEvictionController(context);
  return startReconciler(context, {
    name: 'noexec_taint_pod',
    workers: WORKERS,
    waitFor: [controller.nodes, controller.pods],
    observe: (queue) => controller.observe(queue),
    reconcile: (key, queue) => controller.reconcile(key, queue),
  });
}

class TaintEvictionController {
  readonly nodes: Informer<Node>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #recorder: EventRecorder;
  /** When pods that tolerate their node's taints for a while are to go. */
  readonly #scheduled = new Map<string, number>();
  /** UIDs of pods whose deletion has been told. */
  readonly #told = new Set<string>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder.as('taint-eviction-controller');
    this.nodes = context.informers.informer(nodes);
    this.pods = indexByNode(context.informers.informer(pods));
  }

  observe(queue: WorkQueue): (() => void)[] {
    const nodeChanged = (node: Node) => {
      for (const pod of podsOn(this.pods, node.metadata.name)) queue.add(keyOf(pod));
    };
    return [
      this.pods.addHandler({
        onAdd: (pod) => {
          if (pod.spec.nodeName) queue.add(keyOf(pod));
        },
        onUpdate: (before, pod) => {
          const moved = before.spec.nodeName !== pod.spec.nodeName;
          if (moved || !deepEqual(before.spec.tolerations, pod.spec.tolerations)) queue.add(keyOf(pod));
        },
        onDelete: (pod) => {
          this.#told.delete(pod.metadata.uid);
          this.#cancel(keyOf(pod));
        },
      }),
      this.nodes.addHandler({
        onAdd: nodeChanged,
        onUpdate: (before, node) => {
          if (!deepEqual(noExecute(before), noExecute(node))) nodeChanged(node);
        },
      }),
    ];
  }

  async reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const pod = this.pods.store.get(namespace, name);
    const node = pod?.spec.nodeName ? this.nodes.store.get('', pod.spec.nodeName) : undefined;
    if (!pod || !node) return;
    const seconds = tolerationSeconds(noExecute(node), pod.spec.tolerations ?? []);
    if (seconds === Number.POSITIVE_INFINITY) {
      this.#cancel(key);
      return;
    }
    const now = this.#context.clock.now();
    const scheduled = this.#scheduled.get(key);
    if (scheduled === undefined && seconds > 0) {
      this.#scheduled.set(key, now + seconds * 1000);
      queue.addAfter(key, seconds * 1000);
    } else if (seconds > 0 && scheduled !== undefined && scheduled > now) {
      queue.addAfter(key, scheduled - now);
    } else {
      // Not tolerated at all, after having been for a while: what was to happen later happens now.
      if (scheduled !== undefined && scheduled > now) this.#cancel(key);
      this.#scheduled.delete(key);
      await this.#evict(pod);
    }
  }

  async #evict(pod: Pod): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    if (pod.metadata.deletionTimestamp !== undefined) return;
    const resource = this.#context.client.resource(pods);
    if (!this.#told.has(uid)) {
      this.#told.add(uid);
      this.#tell(keyOf(pod), 'Marking for deletion Pod');
    }
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: formatTime(this.#context.clock.now()),
    };
    const body = { metadata: { uid }, status: { conditions: [condition] } };
    try {
      await resource.patch(namespace, name, { type: 'strategic', body }, { subresource: 'status' });
      await resource.delete(namespace, name, { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #cancel(key: string): void {
    if (this.#scheduled.delete(key)) this.#tell(key, 'Cancelling deletion of Pod');
  }

  #tell(key: string, message: string): void {
    const reference = { apiVersion: 'v1', kind: 'Pod', ...splitKey(key) };
    this.#recorder.event(reference, 'Normal', 'TaintManagerEviction', `${message} ${key}`);
  }
}

const noExecute = (node: Node): Taint[] => (node.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute');

/** How long all taints are tolerated: 0 when one is not at all, infinity when there is no end to it. */
export function tolerationSeconds(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const toleration = tolerations.find((one) => tolerates(one, taint));
    if (!toleration) return 0;
    least = Math.min(least, Math.max(0, toleration.tolerationSeconds ?? Number.POSITIVE_INFINITY));
  }
  return least;
}
