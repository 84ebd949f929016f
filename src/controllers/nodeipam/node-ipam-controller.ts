import { type Node, nodes } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import type { Informer } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { CidrSet } from './cidr-set.ts';

const WORKERS = 10;
/** As kubeadm and most others have it. */
const DEFAULT_CLUSTER_CIDR = '10.244.0.0/16';

/** Gives every node its part of the pods' address range (kube-controller-manager's RangeAllocator). */
export function startNodeIpamController(context: ControllerContext): ControllerHandle {
  const controller = new NodeIpamController(context);
  return startReconciler(context, {
    name: 'node_ipam',
    workers: WORKERS,
    waitFor: [controller.nodes],
    observe: (queue) => controller.observe(queue),
    reconcile: (name) => controller.reconcile(name),
  });
}

class NodeIpamController {
  readonly nodes: Informer<Node>;
  readonly #context: ControllerContext;
  readonly #range: CidrSet;
  /** Nodes for which nothing was left. */
  readonly #without = new Set<string>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#range = new CidrSet(context.clusterCIDR ?? DEFAULT_CLUSTER_CIDR);
    this.nodes = context.informers.informer(nodes);
  }

  observe(queue: WorkQueue): (() => void)[] {
    // What nodes have is noted as soon as it is seen, so that the first allocation knows of all.
    const see = (node: Node) => {
      const { name } = node.metadata;
      if (!node.spec.podCIDR) queue.add(name);
      else if (!this.#range.occupy(name, node.spec.podCIDR)) {
        this.#context.log.warn({ node: name, podCIDR: node.spec.podCIDR }, 'node has a pod CIDR of another range');
      }
    };
    return [
      this.nodes.addHandler({
        onAdd: see,
        onUpdate: (before, node) => {
          if (before.spec.podCIDR !== node.spec.podCIDR) see(node);
        },
        onDelete: ({ metadata: { name } }) => {
          this.#without.delete(name);
          if (!this.#range.release(name)) return;
          for (const waiting of this.#without) queue.add(waiting);
        },
      }),
    ];
  }

  async reconcile(name: string): Promise<void> {
    const node = this.nodes.store.get('', name);
    if (!node || node.spec.podCIDR) return;
    const cidr = this.#range.allocate(name);
    if (cidr === undefined) {
      this.#without.add(name);
      this.#tell(node, 'CIDRNotAvailable');
      return;
    }
    this.#without.delete(name);
    try {
      const body = { spec: { podCIDR: cidr, podCIDRs: [cidr] } };
      await this.#context.client.resource(nodes).patch('', name, { type: 'strategic', body });
    } catch (error) {
      if (isNotFound(error)) return;
      // The node keeps what it was given until it is gone: the request may have gone through after all.
      this.#tell(node, 'CIDRAssignmentFailed');
      throw error;
    }
  }

  #tell({ metadata: { name, uid } }: Node, status: string): void {
    const reference = { apiVersion: 'v1', kind: 'Node', name, uid };
    const recorder = this.#context.recorder.as('cidrAllocator');
    recorder.event(reference, 'Normal', status, `Node ${name} status is now: ${status}`);
  }
}
