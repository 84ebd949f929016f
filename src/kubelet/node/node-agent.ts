import { leases } from '../../api/coordination/v1.gen.ts';
import { type Node, type NodeStatus, nodes } from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/errors.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import { formatMicroTime } from '../../schema/time.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { type CriClient, rpcMessage } from '../cri/client.ts';
import type { RuntimeCondition } from '../cri/types.ts';
import type { EvictionManager } from '../eviction/manager.ts';
import type { NodeCondition as PressureCondition } from '../eviction/thresholds.ts';
import { type NodeInput, networkNotReady, newNode, nodeStatus, nodeStatusChanged } from './node-status.ts';

export interface NodeAgentOptions {
  readonly client: Client;
  readonly cri: CriClient;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly node: NodeInput;
  /** What the node is short of. */
  readonly eviction: Pick<EvictionManager, 'observe' | 'has'>;
  /** The network has become ready, or has ceased to be. */
  readonly onNetworkChange: () => void;
}

const STATUS_EVERY = 10_000;
/** While the node is not ready, what it waits for is looked at more often. */
const STATUS_EVERY_UNREADY = 250;
/** An unchanged status is written again after this time. */
const REPORT_EVERY = 300_000;
const LEASE_SECONDS = 40;
const RENEW_EVERY = 10_000;
const NAMESPACE = 'kube-node-lease';

/** The node as the cluster sees it: its registration, its status, its heartbeat. https://kubernetes.io/docs/reference/node/node-status/ */
export class NodeAgent {
  readonly #options: NodeAgentOptions;
  #network: RuntimeCondition | undefined;
  #node: Node | undefined;
  #reported: { readonly status: NodeStatus; readonly at: number } | undefined;
  #statusTimer: Timer | undefined;
  #leaseTimer: Timer | undefined;
  #stopped = false;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
  }

  /** Registers the node, trying until it can or the agent is stopped; then keeps it current. */
  async start(): Promise<void> {
    const { client, clock, log, node, recorder } = this.#options;
    for (let wait = 200; !this.#stopped; wait = Math.min(2 * wait, 7_000)) {
      try {
        const status = await this.#observe(undefined);
        try {
          this.#node = await client.resource(nodes).create('', newNode(node, status));
          this.#reported = { status, at: clock.now() };
          log.info({ node: node.nodeName }, 'registered the node');
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
          await this.#report();
        }
        break;
      } catch (error) {
        log.warn({ err: error }, 'cannot register the node, trying again');
        await clock.sleep(wait);
      }
    }
    if (this.#stopped) return;
    recorder.event(this.reference(), 'Normal', 'Starting', 'Starting kubelet.');
    this.#keepStatus();
    void this.#keepLease();
  }

  stop(): void {
    this.#stopped = true;
    this.#statusTimer?.stop();
    this.#leaseTimer?.stop();
  }

  /** Why pods cannot have a network; undefined: they can. */
  networkError(): string | undefined {
    return this.#network?.status ? undefined : networkNotReady(this.#network);
  }

  /** As events point at a node: the kubelet does not know its uid at first, and uses the name. */
  reference(): { kind: string; name: string; uid: string } {
    const { nodeName } = this.#options.node;
    return { kind: 'Node', name: nodeName, uid: nodeName };
  }

  async #observe(old: NodeStatus | undefined): Promise<NodeStatus> {
    const { clock, cri, eviction, node, onNetworkChange } = this.#options;
    let runtime: readonly RuntimeCondition[] | undefined;
    let runtimeError: string | undefined;
    try {
      runtime = await cri.status();
    } catch (error) {
      runtimeError = `container runtime is down: ${rpcMessage(error)}`;
    }
    const network = runtime?.find((c) => c.type === 'NetworkReady');
    const changed = network?.status !== this.#network?.status;
    this.#network = network;
    if (changed) onNetworkChange();
    const images = runtime ? await cri.listImages().catch(() => []) : [];
    eviction.observe();
    const seen = {
      now: clock.now(),
      pressure: (condition: PressureCondition) => eviction.has(condition),
      runtime,
      images,
      ...(runtimeError && { runtimeError }),
    };
    return nodeStatus(node, seen, old);
  }

  #keepStatus(): void {
    const ready = this.#reported?.status.conditions?.find((c) => c.type === 'Ready')?.status === 'True';
    this.#statusTimer = this.#options.clock.after(ready ? STATUS_EVERY : STATUS_EVERY_UNREADY, () => {
      this.#report()
        .catch((error: unknown) => this.#options.log.warn({ err: error }, "cannot update the node's status"))
        .finally(() => {
          if (!this.#stopped) this.#keepStatus();
        });
    });
  }

  /** Writes the status when it differs from the server's, or is due. */
  async #report(): Promise<void> {
    const { client, clock, node, recorder } = this.#options;
    const resource = client.resource(nodes);
    const before = this.#reported;
    const status = await this.#observe(before?.status);
    if (before && !nodeStatusChanged(status, before.status) && clock.now() - before.at < REPORT_EVERY) return;
    this.#node = await resource.get('', node.nodeName);
    // After a restart the server knows since when things are as they are.
    const merged = before ? status : await this.#observe(this.#node.status);
    await this.#reconcileLabels(this.#node);
    const body = { status: { ...merged, addresses: [...(merged.addresses ?? []), { $patch: 'replace' }] } };
    this.#node = await resource.patch('', node.nodeName, { type: 'strategic', body }, { subresource: 'status' });
    this.#reported = { status: merged, at: clock.now() };
    for (const condition of merged.conditions ?? []) {
      const was = before?.status.conditions?.find((c) => c.type === condition.type)?.status;
      if (was === undefined || was === condition.status) continue;
      const reason =
        condition.type === 'Ready'
          ? condition.status === 'True'
            ? 'NodeReady'
            : 'NodeNotReady'
          : (condition.reason ?? '');
      recorder.event(this.reference(), 'Normal', reason, `Node ${node.nodeName} status is now: ${reason}`);
    }
  }

  /** A node that was registered before gets the labels that it has today. */
  async #reconcileLabels(existing: Node): Promise<void> {
    const { client, node } = this.#options;
    const wanted = newNode(node, existing.status).metadata?.labels ?? {};
    const missing = Object.entries(wanted).filter(([key, value]) => existing.metadata.labels?.[key] !== value);
    if (missing.length === 0) return;
    const body = { metadata: { labels: Object.fromEntries(missing) } };
    await client.resource(nodes).patch('', node.nodeName, { type: 'merge', body });
  }

  async #keepLease(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#renew();
    } catch (error) {
      log.warn({ err: error }, "cannot renew the node's lease");
    }
    if (!this.#stopped) this.#leaseTimer = clock.after(RENEW_EVERY, () => void this.#keepLease());
  }

  async #renew(): Promise<void> {
    const { client, clock, node } = this.#options;
    const resource = client.resource(leases);
    const renewTime = formatMicroTime(clock.now());
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        const lease = await resource.get(NAMESPACE, node.nodeName);
        await resource.update({ ...lease, spec: { ...lease.spec, renewTime } });
        return;
      } catch (error) {
        if (isConflict(error)) continue;
        if (!isNotFound(error)) throw error;
      }
      const owner = this.#node?.metadata;
      await resource.create(NAMESPACE, {
        metadata: {
          name: node.nodeName,
          namespace: NAMESPACE,
          ...(owner && {
            ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: owner.name, uid: owner.uid ?? '' }],
          }),
        },
        spec: { holderIdentity: node.nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime },
      });
      return;
    }
  }
}
