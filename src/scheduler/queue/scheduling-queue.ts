import type { Pod } from '../../api/core/v1.gen.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import { podInfo } from '../framework/pod-info.ts';
import type { ClusterEvent, QueuedPodInfo } from '../framework/types.ts';
import type { QueueName } from '../metrics.ts';
import { Heap } from './heap.ts';

export interface SchedulingQueueOptions {
  readonly clock: Clock;
  readonly less: (a: QueuedPodInfo, b: QueuedPodInfo) => boolean;
  /** False keeps a pod out until it changes (scheduling gates). */
  readonly mayEnter: (pod: Pod) => boolean;
  /** The events after which a pod that a plugin refused is worth another look, by plugin. */
  readonly events: ReadonlyMap<string, ReadonlySet<ClusterEvent>>;
  /** There is something to pop. */
  readonly onReady: () => void;
  /** A pod came into a part of the queue; for metrics. */
  readonly onIncoming?: (queue: QueueName, event: string) => void;
}

const initialBackoffMs = 1000;
const longestBackoffMs = 10_000;
/** A pod that no event helped is tried again after so long all the same. */
const longestUnschedulableMs = 5 * 60_000;

/**
 * Pods that want a node, in three parts: active (to be tried now, by priority), backing off (tried a moment ago) and
 * unschedulable (waiting for an event that might help). Names and times as kube-scheduler's PriorityQueue.
 */
export class SchedulingQueue {
  readonly #options: SchedulingQueueOptions;
  readonly #active: Heap<QueuedPodInfo>;
  readonly #backoff: Heap<QueuedPodInfo>;
  readonly #unschedulable = new Map<string, QueuedPodInfo>();
  readonly #gated = new Map<string, Pod>();
  /** Events seen while a pod was being tried, which its failure must not outlive. */
  readonly #inFlight = new Map<string, Set<ClusterEvent>>();
  #timer: Timer | undefined;

  constructor(options: SchedulingQueueOptions) {
    this.#options = options;
    this.#active = new Heap(options.less, uidOf);
    this.#backoff = new Heap((a, b) => backoffEnd(a) < backoffEnd(b), uidOf);
  }

  get active(): number {
    return this.#active.size;
  }

  /** How many pods wait in each part, under the names of the metric scheduler_pending_pods. */
  pending(): { active: number; backoff: number; unschedulable: number; gated: number } {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size,
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size,
    };
  }

  add(pod: Pod): void {
    if (!this.#options.mayEnter(pod)) {
      this.#gated.set(pod.metadata.uid, pod);
      this.#options.onIncoming?.('gated', 'PodAdd');
      return;
    }
    const now = this.#options.clock.now();
    this.#activate(
      { pod, info: podInfo(pod), added: now, timestamp: now, attempts: 0, unschedulablePlugins: new Set() },
      'PodAdd',
    );
  }

  /** A waiting pod changed. `relevant`: more than its status did, so it is worth another look. */
  update(pod: Pod, relevant: boolean): void {
    const { uid } = pod.metadata;
    if (this.#gated.has(uid)) {
      this.#gated.delete(uid);
      this.add(pod);
      return;
    }
    const fresh = (old: QueuedPodInfo): QueuedPodInfo => ({ ...old, pod, info: podInfo(pod) });
    const active = this.#active.get(uid);
    const waiting = this.#backoff.get(uid);
    const stuck = this.#unschedulable.get(uid);
    if (active) this.#active.push(fresh(active));
    else if (waiting) this.#backoff.push(fresh(waiting));
    else if (stuck) {
      if (relevant) {
        this.#unschedulable.delete(uid);
        this.#requeue(fresh(stuck), 'PodUpdate');
      } else this.#unschedulable.set(uid, { ...stuck, pod });
    } else if (!this.#inFlight.has(uid)) this.add(pod);
    else if (relevant) this.#inFlight.get(uid)?.add('Pod/Update');
  }

  delete(uid: string): void {
    this.#active.remove(uid);
    this.#backoff.remove(uid);
    this.#unschedulable.delete(uid);
    this.#gated.delete(uid);
    this.#inFlight.delete(uid);
  }

  /** The pod to try next; give it back with `done` or `addUnschedulable`. */
  pop(): QueuedPodInfo | undefined {
    const next = this.#active.pop();
    if (!next) return undefined;
    next.attempts++;
    this.#inFlight.set(next.pod.metadata.uid, new Set());
    return next;
  }

  /** The pod has a node, or is no longer there. */
  done(uid: string): void {
    this.#inFlight.delete(uid);
  }

  /** No node would take the pod: it waits for an event that its refusing plugins care about. */
  addUnschedulable(item: QueuedPodInfo, plugins: ReadonlySet<string>): void {
    const { uid } = item.pod.metadata;
    const missed = this.#inFlight.get(uid);
    // Deleted while it was being tried.
    if (!missed) return;
    this.#inFlight.delete(uid);
    item.unschedulablePlugins = plugins;
    item.timestamp = this.#options.clock.now();
    const event = [...missed].find((one) => this.#helps(one, item));
    if (plugins.size === 0 || event !== undefined) this.#requeue(item, event ?? 'ScheduleAttemptFailure');
    else {
      this.#unschedulable.set(uid, item);
      this.#options.onIncoming?.('unschedulable', 'ScheduleAttemptFailure');
      this.#arm();
    }
  }

  /** Something failed that has nothing to do with the cluster's state (a bind was refused): again after its backoff. */
  addAfterError(item: QueuedPodInfo): void {
    this.addUnschedulable(item, new Set());
  }

  /** Wakes the pods that an event may help. */
  onEvent(event: ClusterEvent): void {
    for (const missed of this.#inFlight.values()) missed.add(event);
    for (const [uid, item] of this.#unschedulable) {
      if (!this.#helps(event, item)) continue;
      this.#unschedulable.delete(uid);
      this.#requeue(item, event);
    }
  }

  close(): void {
    this.#timer?.stop();
  }

  #helps(event: ClusterEvent, item: QueuedPodInfo): boolean {
    if (event === 'Pod/Update') return true;
    for (const plugin of item.unschedulablePlugins) if (this.#options.events.get(plugin)?.has(event)) return true;
    return false;
  }

  #requeue(item: QueuedPodInfo, event: string): void {
    if (backoffEnd(item) <= this.#options.clock.now()) this.#activate(item, event);
    else {
      this.#backoff.push(item);
      this.#options.onIncoming?.('backoff', event);
      this.#arm();
    }
  }

  #activate(item: QueuedPodInfo, event: string): void {
    this.#active.push(item);
    this.#options.onIncoming?.('active', event);
    this.#options.onReady();
  }

  /** One timer, for whatever comes due next. */
  #arm(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    const { clock } = this.#options;
    let next = Number.POSITIVE_INFINITY;
    const first = this.#backoff.peek();
    if (first) next = backoffEnd(first);
    // Kept in the order in which they were added, so the first is the one that waits longest.
    const stuck = this.#unschedulable.values().next();
    if (!stuck.done) next = Math.min(next, stuck.value.timestamp + longestUnschedulableMs);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = clock.after(next - clock.now(), () => {
      this.#timer = undefined;
      this.#flush(clock.now());
    });
  }

  #flush(now: number): void {
    for (let item = this.#backoff.peek(); item && backoffEnd(item) <= now; item = this.#backoff.peek()) {
      this.#backoff.pop();
      this.#activate(item, 'BackoffComplete');
    }
    for (const [uid, item] of this.#unschedulable) {
      if (item.timestamp + longestUnschedulableMs > now) break;
      this.#unschedulable.delete(uid);
      this.#requeue(item, 'UnschedulableTimeout');
    }
    this.#arm();
  }
}

const uidOf = (item: QueuedPodInfo) => item.pod.metadata.uid;

/** One second after the first attempt, doubling to ten. */
function backoffEnd({ attempts, timestamp }: QueuedPodInfo): number {
  if (attempts === 0) return timestamp;
  return timestamp + Math.min(initialBackoffMs * 2 ** (attempts - 1), longestBackoffMs);
}
