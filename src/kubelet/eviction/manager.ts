import type { Pod } from '../../api/core/v1.gen.ts';
import { qosClass } from '../../api/pod-qos.ts';
import { tolerated } from '../../api/tolerations.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { Refusal } from '../allocation/admission.ts';
import { isCritical, podDescription, podUid } from '../pods/pod.ts';
import { evictionMessage, hasStorageLimits, rank, storageExcess } from './ranking.ts';
import { type NodeCondition, type Observations, type Shortage, shortages } from './thresholds.ts';
import type { MeasuredPod } from './usage.ts';

export interface EvictionOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly recorder: EventRecorder;
  readonly node: { readonly kind: string; readonly name: string; readonly uid: string };
  readonly observe: () => Observations;
  readonly measure: (pods: readonly Pod[], disk: boolean) => Promise<ReadonlyMap<string, MeasuredPod>>;
  /** Pods that run, as they have been granted. */
  readonly pods: () => readonly Pod[];
  /** Ends a pod at once and reports why. `disruption`: the node needs what it has, the pod did nothing wrong. */
  readonly evict: (pod: Pod, message: string, disruption: boolean) => void;
  /** Whether an evicted pod still takes something of the node. */
  readonly isPresent: (uid: string) => boolean;
  /** Takes away what nobody needs on the node's disks. */
  readonly reclaimDisk: () => Promise<void>;
}

const LOOK_EVERY = 10_000;
/** A condition stays so long after it was last seen, lest it flap. */
const TRANSITION = 300_000;
const CLEANUP_TIMEOUT = 30_000;

/**
 * Ends pods before the node runs out of memory or disk, one at a time, and keeps others away while it is short.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
 */
export class EvictionManager {
  readonly #options: EvictionOptions;
  readonly #lastSeen = new Map<NodeCondition, number>();
  #timer: Timer | undefined;
  #stopped = false;
  #evicted: { readonly uid: string; readonly at: number } | undefined;

  constructor(options: EvictionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.after(LOOK_EVERY, () => {
      this.look()
        .catch((error: unknown) => this.#options.log.warn({ err: error }, 'cannot see what the node is short of'))
        .finally(() => {
          if (!this.#stopped) this.start();
        });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.stop();
  }

  has(condition: NodeCondition): boolean {
    return this.#lastSeen.has(condition);
  }

  /** Why the node does not take a pod now. */
  refuses(pod: Pod): Refusal | undefined {
    if (this.#lastSeen.size === 0 || isCritical(pod)) return undefined;
    if (this.#lastSeen.size === 1 && this.has('MemoryPressure')) {
      if (qosClass(pod.spec) !== 'BestEffort') return undefined;
      const taint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const;
      if (tolerated(taint, pod.spec.tolerations)) return undefined;
    }
    return { reason: 'Evicted', message: `The node had condition: [${[...this.#lastSeen.keys()].join(' ')}]. ` };
  }

  /** Keeps the conditions current; cheap, and done before each report of the node too. */
  observe(): Shortage[] {
    const now = this.#options.clock.now();
    const found = shortages(this.#options.observe());
    for (const { condition } of found) this.#lastSeen.set(condition, now);
    for (const [condition, at] of this.#lastSeen) if (now - at >= TRANSITION) this.#lastSeen.delete(condition);
    return found;
  }

  /** One look, and at most one pod evicted for the node's sake. */
  async look(): Promise<void> {
    const { clock, isPresent, log, node, pods, recorder, reclaimDisk } = this.#options;
    let found = this.observe().filter(({ resource }) => resource !== 'pids');
    if (await this.#enforceStorageLimits()) return;
    const [first] = found;
    if (!first) return;
    if (this.#evicted && isPresent(this.#evicted.uid) && clock.now() - this.#evicted.at < CLEANUP_TIMEOUT) return;
    recorder.event(node, 'Warning', 'EvictionThresholdMet', `Attempting to reclaim ${first.resource}`);
    if (first.condition === 'DiskPressure') {
      await reclaimDisk();
      found = this.observe().filter(({ signal }) => signal === first.signal);
      if (found.length === 0) return;
    }
    const candidates = pods().filter((pod) => !isCritical(pod));
    const usage = await this.#options.measure(candidates, first.condition === 'DiskPressure');
    const [victim] = rank(candidates, usage, first);
    if (!victim) {
      log.warn({ resource: first.resource }, 'the node is short of something, and there is no pod to evict');
      return;
    }
    this.#evict(victim, evictionMessage(victim, usage.get(podUid(victim)), first), true);
  }

  /** Evicts pods that take more of the disk than their own limits allow. */
  async #enforceStorageLimits(): Promise<boolean> {
    const limited = this.#options.pods().filter((pod) => hasStorageLimits(pod) && !isCritical(pod));
    if (limited.length === 0) return false;
    const usage = await this.#options.measure(limited, true);
    let evicted = false;
    for (const pod of limited) {
      const used = usage.get(podUid(pod));
      const why = used && storageExcess(pod, used, used.emptyDirs);
      if (!why) continue;
      this.#evict(pod, why, false);
      evicted = true;
    }
    return evicted;
  }

  #evict(pod: Pod, message: string, disruption: boolean): void {
    const { clock, evict, log, recorder } = this.#options;
    log.warn({ pod: podDescription(pod), message }, 'evicting a pod');
    recorder.event(pod, 'Warning', 'Evicted', message);
    this.#evicted = { uid: podUid(pod), at: clock.now() };
    evict(pod, message, disruption);
  }
}
