import type { Node, Pod, PodCondition } from '../../api/core/v1.gen.ts';
import { qosClass } from '../../api/pod-qos.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import { timeToMs } from '../../schema/time.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import { podUid } from '../pods/pod.ts';
import { findContainer, type RuntimePod } from '../runtime/state.ts';
import { asksForMore, checkNode, type Refusal } from './admission.ts';
import { allocationOf, isAllocated, withAllocation } from './allocation.ts';
import { type Amounts, amountsOf, sameAmounts } from './amounts.ts';
import type { Checkpoint, Checkpoints } from './checkpoints.ts';
import { ResizeConditions } from './conditions.ts';
import { resizeMessage } from './messages.ts';

export interface AllocationOptions {
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  readonly checkpoints: Pick<Checkpoints, 'write' | 'remove'>;
  /** What earlier agents have written. */
  readonly restored: ReadonlyMap<string, Checkpoint>;
  /** Pods that are not at rest, with their newest status; those that have not been admitted do not count. */
  readonly activePods: () => readonly Pod[];
  readonly node: () => Node | undefined;
  /** Why a pod cannot be taken while the node runs short of something. */
  readonly pressure: (pod: Pod) => Refusal | undefined;
  /** What a pod has been granted, or where its resize stands, has changed. */
  readonly onChange: (uid: string) => void;
}

/** Deferred resizes are tried again after so long, though nothing seems to have changed. */
const FIRST_RETRY = 30_000;
const RETRY_EVERY = 180_000;

/**
 * What the node's pods have been granted of it. Admits pods, and changes of the resources of pods that run: a change
 * that the node has no room for is put off until it has.
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/ (KEP-1287)
 *
 *     asked for (spec) -- admit, resize --> granted (checkpoint) -- the worker, through CRI --> done (actuated)
 */
export class AllocationManager {
  readonly #options: AllocationOptions;
  readonly #pods: Map<string, Checkpoint>;
  readonly #conditions: ResizeConditions;
  /** Pods whose resize has not been granted, in the order in which it is tried. */
  #deferred: Pod[] = [];
  #timer: Timer | undefined;

  constructor(options: AllocationOptions) {
    this.#options = options;
    this.#pods = new Map(options.restored);
    this.#conditions = new ResizeConditions(options.clock);
    this.#schedule(FIRST_RETRY);
  }

  stop(): void {
    this.#timer?.stop();
  }

  /** Grants a pod what it asks for, or says why it cannot be. What an earlier agent has granted stays granted. */
  admit(pod: Pod, node = this.#options.node()): Refusal | undefined {
    const uid = podUid(pod);
    const known = this.#pods.get(uid);
    if (known) {
      this.#conditions.backfill(pod);
      if (!isAllocated(pod, known.allocated)) this.#push(pod);
      return undefined;
    }
    if (!node) return { reason: 'InvalidNodeInfo', message: 'Kubelet cannot get node info.' };
    const refusal = this.#check(pod, node);
    if (refusal) return refusal;
    this.#set(uid, newCheckpoint(pod));
    return undefined;
  }

  /** Grants a pod what it asks for because it runs already, though nothing was written down of it. */
  adopt(pod: Pod): void {
    const uid = podUid(pod);
    if (!this.#pods.has(uid)) this.#set(uid, newCheckpoint(pod));
  }

  /** The pod with the resources that it has been granted. */
  allocated(pod: Pod): Pod {
    const known = this.#pods.get(podUid(pod));
    return known ? withAllocation(pod, known.allocated) : pod;
  }

  /** The pod asks for something; grants it if there is room. */
  update(pod: Pod): void {
    const uid = podUid(pod);
    const known = this.#pods.get(uid);
    if (!known) return;
    if (isAllocated(pod, known.allocated)) {
      this.#deferred = this.#deferred.filter((p) => podUid(p) !== uid);
      if (this.#conditions.pending(uid)) {
        this.#conditions.clearPending(uid);
        this.#options.onChange(uid);
      }
      return;
    }
    const before = this.#deferred.find((p) => podUid(p) === uid);
    // Only what it asks for makes a difference, not what its status says.
    if (before?.metadata.generation !== pod.metadata.generation) this.#push(pod);
  }

  /** Tries what has been put off: there may be more room now. */
  retry(): void {
    this.#schedule(RETRY_EVERY);
    const still: Pod[] = [];
    for (const pod of this.#sorted()) {
      const uid = podUid(pod);
      const before = this.#conditions.pending(uid);
      const granted = this.#grant(pod);
      const after = this.#conditions.pending(uid);
      const known = this.#pods.get(uid);
      if (known && !isAllocated(pod, known.allocated)) still.push(pod);
      if (granted || before?.reason !== after?.reason || before?.message !== after?.message)
        this.#options.onChange(uid);
    }
    this.#deferred = still;
  }

  /** What has been set of a container, as far as is known. */
  actuated(uid: string, container: string): Amounts | undefined {
    return this.#pods.get(uid)?.actuated.containers.get(container);
  }

  /** The same of the pod as a whole. */
  actuatedPod(uid: string): Amounts | undefined {
    return this.#pods.get(uid)?.actuated.pod;
  }

  setActuated(uid: string, container: string, amounts: Amounts): void {
    const known = this.#pods.get(uid);
    const before = known?.actuated.containers.get(container);
    if (!known || (before && sameAmounts(before, amounts))) return;
    const containers = new Map(known.actuated.containers).set(container, amounts);
    this.#set(uid, { ...known, actuated: { ...known.actuated, containers } });
  }

  setActuatedPod(uid: string, amounts: Amounts): void {
    const known = this.#pods.get(uid);
    if (!known || (known.actuated.pod && sameAmounts(known.actuated.pod, amounts))) return;
    this.#set(uid, { ...known, actuated: { ...known.actuated, pod: amounts } });
  }

  /** Compares what has been granted with what has been done, and tells when a resize is over. `pod` is as granted. */
  observe(pod: Pod, runtime: RuntimePod | undefined): void {
    const uid = podUid(pod);
    if (!this.#pods.has(uid)) return;
    if (this.#isInProgress(pod, runtime)) {
      this.#conditions.setInProgress(pod);
      return;
    }
    const generation = this.#conditions.clearInProgress(uid);
    if (generation === undefined) return;
    this.#options.recorder.event(
      pod,
      'Normal',
      'ResizeCompleted',
      resizeMessage('Pod resize completed', pod, generation),
    );
    if (this.#deferred.length > 0) this.retry();
  }

  /** A resize that was granted cannot be done (yet). */
  failed(pod: Pod, why: string): void {
    const { generation, changed } = this.#conditions.setInProgress(pod, 'Error', why);
    if (!changed) return;
    const message = resizeMessage('Pod resize error', pod, generation, why);
    this.#options.recorder.event(pod, 'Warning', 'ResizeError', message);
  }

  conditions(uid: string): readonly PodCondition[] {
    return this.#conditions.list(uid);
  }

  /** Nothing of the pod runs any more: what it had is free. */
  ended(uid: string): void {
    this.#conditions.forget(uid);
    this.#deferred = this.#deferred.filter((p) => podUid(p) !== uid);
    this.#options.checkpoints.remove(uid);
    if (this.#deferred.length > 0) this.retry();
  }

  /** Nothing of the pod is left. */
  forget(uid: string): void {
    this.ended(uid);
    this.#pods.delete(uid);
  }

  #set(uid: string, checkpoint: Checkpoint): void {
    this.#pods.set(uid, checkpoint);
    this.#options.checkpoints.write(uid, checkpoint);
  }

  #push(pod: Pod): void {
    this.#deferred = [...this.#deferred.filter((p) => podUid(p) !== podUid(pod)), pod];
    this.retry();
  }

  #check(pod: Pod, node: Node): Refusal | undefined {
    const others = this.#options
      .activePods()
      .filter((other) => podUid(other) !== podUid(pod) && this.#pods.has(podUid(other)))
      .map((other) => this.allocated(other));
    return this.#options.pressure(pod) ?? checkNode(pod, others, node);
  }

  /** Whether the pod's resize has been granted just now; where it has not, the condition says why. */
  #grant(pod: Pod): boolean {
    const { node, recorder } = this.#options;
    const uid = podUid(pod);
    const known = this.#pods.get(uid);
    const on = node();
    if (!known || !on) return false;
    if (isAllocated(pod, known.allocated)) {
      this.#conditions.clearPending(uid);
      return false;
    }
    const refusal = this.#check(pod, on);
    if (refusal) {
      if (this.#conditions.setPending(pod, 'Deferred', refusal.message)) {
        const { generation = 0 } = pod.metadata;
        const message = resizeMessage(`Pod resize ${refusal.reason}`, pod, generation, refusal.message);
        recorder.event(pod, 'Warning', 'ResizeDeferred', message);
      }
      return false;
    }
    this.#set(uid, { ...known, allocated: allocationOf(pod) });
    this.#conditions.clearPending(uid);
    this.#conditions.clearInProgress(uid);
    const { generation } = this.#conditions.setInProgress(pod);
    recorder.event(pod, 'Normal', 'ResizeStarted', resizeMessage('Pod resize started', pod, generation));
    return true;
  }

  #isInProgress(pod: Pod, runtime: RuntimePod | undefined): boolean {
    const uid = podUid(pod);
    const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
    const whole = this.actuatedPod(uid);
    if (pod.spec.resources && whole && !sameAmounts(whole, amountsOf(pod.spec.resources))) return true;
    return [...sidecars, ...pod.spec.containers].some((container) => {
      // What does not run gets its size when it starts.
      if (findContainer(runtime, container.name)?.state !== 'running') return false;
      const done = this.actuated(uid, container.name);
      return done !== undefined && !sameAmounts(done, amountsOf(container.resources, pod.spec.resources));
    });
  }

  /** First what asks for no more than it has, then by priority, by class of service, and by how long it has waited. */
  #sorted(): Pod[] {
    const waiting = (pod: Pod): number => {
      const since = this.#conditions.pending(podUid(pod))?.lastTransitionTime;
      return since ? timeToMs(since) : Number.MAX_SAFE_INTEGER;
    };
    const rank = (pod: Pod): readonly number[] => [
      asksForMore(pod, this.allocated(pod)) ? 1 : 0,
      -(pod.spec.priority ?? 0),
      qosClass(pod.spec) === 'Guaranteed' ? 0 : 1,
      waiting(pod),
    ];
    return this.#deferred
      .map((pod) => ({ pod, rank: rank(pod) }))
      .sort((a, b) => {
        const at = a.rank.findIndex((value, i) => value !== b.rank[i]);
        return at < 0 ? 0 : (a.rank[at] ?? 0) - (b.rank[at] ?? 0);
      })
      .map(({ pod }) => pod);
  }

  #schedule(after: number): void {
    this.#timer?.stop();
    this.#timer = this.#options.clock.after(after, () => this.retry());
  }
}

const newCheckpoint = (pod: Pod): Checkpoint => ({
  allocated: allocationOf(pod),
  actuated: { containers: new Map(), pod: undefined },
});
