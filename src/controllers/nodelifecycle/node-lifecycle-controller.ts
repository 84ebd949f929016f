import { type Lease, leases } from '../../api/coordination/v1.gen.ts';
import { type Node, nodes, type Pod, pods } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import type { Informer } from '../../client/informer.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { formatTime, timeToMs } from '../../schema/time.ts';
import { allSettled } from '../shared/batches.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { indexByNode, podsOn } from '../shared/node-pods.ts';
import { isPodReady } from '../shared/pods.ts';
import { startReconciler } from '../shared/start.ts';
import {
  betaLabels,
  evictingTaint,
  isEvicting,
  isReady,
  readyCondition,
  taintsOf,
  unknownConditions,
} from './conditions.ts';
import { Zones } from './zones.ts';

const WORKERS = 8;
/** As --node-monitor-grace-period: how long a node may be silent. */
const GRACE_MS = 50_000;
/** As --node-startup-grace-period: the same for one that has not said anything yet. */
const STARTUP_GRACE_MS = 60_000;

/**
 * Watches over nodes: one that is not heard of any more is marked Unknown, its pods not ready; taints tell the
 * scheduler and the taint eviction controller what state nodes are in. A node is heard of through its Lease and its
 * status. https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
 */
export function startNodeLifecycleController(context: ControllerContext): ControllerHandle {
  const controller = new NodeLifecycleController(context);
  return startReconciler(context, {
    name: 'node_lifecycle_controller',
    workers: WORKERS,
    waitFor: [controller.nodes, controller.leases, controller.pods],
    observe: (queue) => controller.observe(queue),
    reconcile: (name, queue) => controller.reconcile(name, queue),
  });
}

class NodeLifecycleController {
  readonly nodes: Informer<Node>;
  readonly leases: Informer<Lease>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #recorder: EventRecorder;
  readonly #zones = new Zones();
  /** When each node was last heard of, on this side's clock. */
  readonly #heard = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder.as('node-controller');
    this.nodes = context.informers.informer(nodes);
    this.leases = context.informers.informer(leases, { namespace: 'kube-node-lease' });
    this.pods = indexByNode(context.informers.informer(pods));
  }

  observe(queue: WorkQueue): (() => void)[] {
    const { clock } = this.#context;
    const renewed = ({ metadata: { name } }: Lease) => {
      if (this.#heard.has(name)) this.#heard.set(name, clock.now());
    };
    const placed = (pod: Pod) => {
      const node = pod.spec.nodeName && this.nodes.store.get('', pod.spec.nodeName);
      if (node && readyCondition(node)?.status === 'Unknown' && isPodReady(pod)) queue.add(node.metadata.name);
    };
    return [
      this.nodes.addHandler({
        onAdd: (node) => {
          const { name } = node.metadata;
          this.#heard.set(name, readyCondition(node) ? clock.now() : timeToMs(node.metadata.creationTimestamp));
          this.#say(node, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`);
          this.#count(node, false, queue);
          queue.add(name);
        },
        onUpdate: (before, node) => {
          const { name } = node.metadata;
          const ready = readyCondition(node);
          const heartbeat = ready && ready.lastHeartbeatTime !== readyCondition(before)?.lastHeartbeatTime;
          if (heartbeat) this.#heard.set(name, clock.now());
          this.#count(node, false, queue);
          queue.add(name);
        },
        onDelete: (node) => {
          const { name } = node.metadata;
          this.#heard.delete(name);
          this.#say(node, 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`);
          this.#count(node, true, queue);
        },
      }),
      this.leases.addHandler({
        onAdd: renewed,
        onUpdate: (before, lease) => {
          if (before.spec.renewTime !== lease.spec.renewTime) renewed(lease);
        },
      }),
      this.pods.addHandler({ onAdd: placed, onUpdate: (_, pod) => placed(pod) }),
    ];
  }

  async reconcile(name: string, queue: WorkQueue): Promise<void> {
    const node = this.nodes.store.get('', name);
    const heard = this.#heard.get(name);
    if (!node || heard === undefined) return;
    const ready = readyCondition(node);
    if (ready?.status !== 'Unknown') {
      const left = heard + (ready ? GRACE_MS : STARTUP_GRACE_MS) - this.#context.clock.now();
      if (left < 0) {
        await this.#lose(node);
        return; // The informer brings the node back with what it asks for now.
      }
      queue.addAfter(name, left + 1);
    }
    await this.#adjust(node, queue);
    if (ready?.status === 'Unknown') await this.#markPodsNotReady(name);
  }

  /** Nobody has heard of the node for too long. */
  async #lose(node: Node): Promise<void> {
    const { client, clock } = this.#context;
    const conditions = unknownConditions(node, clock.now());
    await client.resource(nodes).updateStatus({ ...node, status: { ...node.status, conditions } });
    if (isReady(node)) {
      this.#say(node, 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`);
    }
  }

  /** Brings taints and labels in line with the node's conditions. */
  async #adjust(node: Node, queue: WorkQueue): Promise<void> {
    const { client, clock } = this.#context;
    const now = clock.now();
    const { name, resourceVersion } = node.metadata;
    const taints = taintsOf(node, this.#evicting(node, queue), now);
    const labels = betaLabels(node);
    if (!taints && !labels) return;
    const body = {
      // Taints are replaced as a whole, so what others added meanwhile must not be lost.
      metadata: { resourceVersion, ...(labels && { labels }) },
      ...(taints && { spec: { taints: taints.length > 0 ? taints : null } }),
    };
    try {
      await client.resource(nodes).patch('', name, { type: 'strategic', body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** The NoExecute taint that the node may have now. */
  #evicting(node: Node, queue: WorkQueue): string | undefined {
    const wanted = evictingTaint(node);
    if (wanted === undefined || this.#zones.allDisrupted) return undefined;
    const evicts =
      isEvicting(node, 'node.kubernetes.io/not-ready') || isEvicting(node, 'node.kubernetes.io/unreachable');
    if (evicts) return wanted;
    const wait = this.#zones.reserve(node, this.#context.clock.now());
    if (wait === 0) return wanted;
    if (wait !== undefined) queue.addAfter(node.metadata.name, wait);
    return undefined;
  }

  /** Services must not send anything to pods of which nobody knows whether they run. */
  async #markPodsNotReady(node: string): Promise<void> {
    const { client, clock } = this.#context;
    const lastTransitionTime = formatTime(clock.now());
    const body = { status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime }] } };
    await allSettled(
      podsOn(this.pods, node)
        .filter(isPodReady)
        .map(async (pod) => {
          const { namespace = '', name, uid } = pod.metadata;
          try {
            await client
              .resource(pods)
              .patch(
                namespace,
                name,
                { type: 'strategic', body: { metadata: { uid }, ...body } },
                { subresource: 'status' },
              );
            this.#recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
          } catch (error) {
            if (!isNotFound(error)) throw error;
          }
        }),
    );
  }

  /** When a zone, or everything, fails or recovers, what its failed nodes may be tainted with changes. */
  #count(node: Node, gone: boolean, queue: WorkQueue): void {
    const disrupted = this.#zones.allDisrupted;
    const changed = gone ? this.#zones.delete(node) : this.#zones.set(node);
    if (!changed) return;
    // Those that were cut off together get their time to report again.
    if (disrupted && !this.#zones.allDisrupted) {
      const now = this.#context.clock.now();
      for (const name of this.#heard.keys()) this.#heard.set(name, now);
    }
    for (const other of this.nodes.store.list()) if (!isReady(other)) queue.add(other.metadata.name);
  }

  #say({ metadata: { name, uid } }: Node, reason: string, message: string): void {
    this.#recorder.event({ apiVersion: 'v1', kind: 'Node', name, uid }, 'Normal', reason, message);
  }
}
