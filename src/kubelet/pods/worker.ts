import type { Pod } from '../../api/core/v1.gen.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import { timeToMs } from '../../schema/time.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { Refusal } from '../allocation/admission.ts';
import { amountsOf } from '../allocation/amounts.ts';
import type { AllocationManager } from '../allocation/manager.ts';
import { isEmptyPlan, planResize, type ResizePlan } from '../allocation/resize-plan.ts';
import { goDuration, type KeyedBackoff } from '../backoff.ts';
import type { PodCgroups, PodLimits } from '../cgroups.ts';
import { CriError } from '../cri/client.ts';
import { ImageError } from '../images/manager.ts';
import type { ProbeManager } from '../probes/manager.ts';
import type { RuntimeCache } from '../runtime/cache.ts';
import { containerReference, type Executor, StartError } from '../runtime/executor.ts';
import { containerHash } from '../runtime/labels.ts';
import { findContainer, isStopped, type RuntimePod } from '../runtime/state.ts';
import type { MountImage, PodVolumes, VolumeManager } from '../volumes/types.ts';
import { computePodActions } from './actions.ts';
import { type AnyContainer, isTerminal, podDescription, podUid } from './pod.ts';
import { podStatus } from './status.ts';
import type { StatusManager } from './status-manager.ts';

/** What all pods' workers share. */
export interface WorkerContext {
  readonly cache: RuntimeCache;
  readonly executor: Executor;
  readonly probes: ProbeManager;
  readonly statuses: StatusManager;
  readonly volumes: VolumeManager;
  readonly mountImage: MountImage;
  /** Takes all of a pod's volumes down. */
  readonly unmount: (uid: string) => Promise<void>;
  readonly cgroups: PodCgroups;
  readonly allocation: AllocationManager;
  /** Whether the node takes the pod; resolves when that can be said. One that `runs` already has been taken. */
  readonly admit: (pod: Pod, runs: boolean) => Promise<Refusal | undefined>;
  /** Changes what running containers have of CPU and memory. Rejects with an Error for people. */
  readonly resize: (pod: Pod, plan: ResizePlan) => Promise<void>;
  /** Restarts of containers. */
  readonly crashes: KeyedBackoff;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly hostIPs: readonly string[];
  /** Why pods cannot have a network; undefined: they can. */
  readonly networkError: () => string | undefined;
  /** Tells the server that nothing of the pod is left on the node (DELETE, no grace, with the uid). */
  readonly deletePod: (pod: Pod) => Promise<void>;
  /** Nothing of the pod is left here, and the server does not know it either. */
  readonly onGone: (uid: string) => void;
}

const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 15_000;
/** Seconds that an evicted pod gets. */
const EVICTION_GRACE = 1;

/**
 * Brings one pod from what it is to what it should be, one step after the other: runs it, ends it, cleans up after it.
 * Level-triggered: `update`, `remove` and `wake` only say that something may have changed; each step looks anew.
 *
 *     running ---- deleted, done, failed, out of time ---> terminating ---- all stopped ---> terminated
 */
export class PodWorker {
  readonly #context: WorkerContext;
  readonly #uid: string;
  #pod: Pod;
  #removed = false;
  #stage: 'running' | 'terminating' | 'terminated' = 'running';
  #failed: { reason: string; message: string } | undefined;
  #admitted = false;
  /** The node did not take the pod. */
  #rejected = false;
  /** What the pod's control group has. */
  #limits: PodLimits | undefined;
  #volumes: PodVolumes | undefined;
  readonly #waiting = new Map<string, { reason: string; message: string }>();
  #dirty = false;
  #busy: Promise<void> | undefined;
  #timer: Timer | undefined;
  #retry = FIRST_RETRY;
  #failing = false;
  #stopped = false;
  #gone = false;
  #step = new AbortController();
  /** The stopping under way, and the grace (seconds) that it gives. */
  #killing: { readonly done: Promise<void>; grace: number } | undefined;
  #cleaned = false;
  /** Ended by the node: what others are told of it, where it is no fault of the pod. */
  #evicted: { readonly disruption: string | undefined } | undefined;

  constructor(context: WorkerContext, pod: Pod) {
    this.#context = context;
    this.#pod = pod;
    this.#uid = podUid(pod);
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** The pod uses something of the node, or may soon. */
  get active(): boolean {
    return this.#stage !== 'terminated' && !this.#rejected && !isTerminal(this.#pod);
  }

  /** Nothing ends the pod yet. */
  get evictable(): boolean {
    return this.active && this.#admitted && this.#stage === 'running' && !this.#failed;
  }

  /** Ends the pod for the node's sake, at once. */
  evict(message: string, disruption: boolean): void {
    this.#failed ??= { reason: 'Evicted', message };
    this.#evicted ??= { disruption: disruption ? message : undefined };
    this.#step.abort(new Error('the pod is evicted'));
    this.wake();
  }

  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp) this.#step.abort(new Error('the pod is being deleted'));
    this.wake();
  }

  /** The server does not know the pod any more (or never did). */
  remove(): void {
    this.#removed = true;
    this.#step.abort(new Error('the pod has been removed'));
    this.wake();
  }

  wake(): void {
    this.#dirty = true;
    if (this.#stopped || this.#gone) return;
    this.#busy ??= this.#run().finally(() => {
      this.#busy = undefined;
      if (this.#dirty && !this.#stopped) this.wake();
    });
  }

  /** Lets the pod be as it is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.stop();
    this.#step.abort(new Error('the kubelet stops'));
    await this.#busy;
  }

  async #run(): Promise<void> {
    while (this.#dirty && !this.#stopped && !this.#gone) {
      this.#dirty = false;
      this.#timer?.stop();
      this.#step = new AbortController();
      let next: number | undefined;
      try {
        this.#failing = false;
        next = await this.#advance();
        if (!this.#failing) this.#retry = FIRST_RETRY;
      } catch (error) {
        if (!this.#step.signal.aborted) {
          this.#context.log.warn(
            { ...causeOf(error), pod: podDescription(this.#pod) },
            'cannot sync a pod, trying again',
          );
          next = this.#retry;
          this.#retry = Math.min(2 * this.#retry, LONGEST_RETRY);
        }
      }
      if (next !== undefined && !this.#gone) this.#timer = this.#context.clock.after(next, () => this.wake());
    }
  }

  /** One step; answers after how many milliseconds another is due though nothing changes. */
  async #advance(): Promise<number | undefined> {
    const { allocation, cache, cgroups, statuses } = this.#context;
    const runtime = await cache.refresh(this.#uid);
    if (this.#stage === 'running' && !this.#mustEnd(statuses.current(this.#pod))) {
      await this.#admit((runtime?.containers.length ?? 0) > 0);
    }
    const pod = allocation.allocated(statuses.current(this.#pod));
    if (this.#stage === 'running') {
      if (runtime) this.#limits = await cgroups.current(pod);
      allocation.observe(pod, runtime);
    }
    if (this.#stage === 'running' && this.#mustEnd(pod)) this.#end();
    if (this.#stage === 'running') return this.#keepRunning(pod, runtime);
    return this.#terminate(pod, runtime);
  }

  async #admit(runs: boolean): Promise<void> {
    if (this.#admitted) return;
    const { admit, recorder } = this.#context;
    const refusal = await admit(this.#pod, runs);
    this.#admitted = true;
    if (!refusal) return;
    this.#rejected = true;
    this.#failed = { reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` };
    recorder.event(this.#pod, 'Warning', refusal.reason, refusal.message);
  }

  #mustEnd(pod: Pod): boolean {
    const { activeDeadlineSeconds } = pod.spec;
    const start = pod.status?.startTime;
    if (activeDeadlineSeconds !== undefined && start && !this.#failed) {
      if (this.#context.clock.now() - timeToMs(start) >= activeDeadlineSeconds * 1000) {
        const message = 'Pod was active on the node longer than the specified deadline';
        this.#failed = { reason: 'DeadlineExceeded', message };
        this.#context.recorder.event(pod, 'Normal', 'DeadlineExceeded', message);
      }
    }
    return this.#removed || !!pod.metadata.deletionTimestamp || !!this.#failed || isTerminal(pod);
  }

  #end(): void {
    this.#stage = 'terminating';
    this.#waiting.clear();
    this.#context.probes.terminating(this.#uid);
  }

  async #keepRunning(pod: Pod, runtime: RuntimePod | undefined): Promise<number | undefined> {
    const { allocation, cache, executor, probes, recorder } = this.#context;
    probes.update(pod, runtime, this.#podIPs(runtime));
    if (this.#report(pod, runtime)) return this.#terminate(this.#context.statuses.current(this.#pod), runtime);
    const plan = planResize(pod, runtime, {
      container: (name) => allocation.actuated(this.#uid, name),
      pod: allocation.actuatedPod(this.#uid),
    });
    const actions = computePodActions(pod, runtime, probes, plan.restart);
    const { signal } = this.#step;
    const resizes = !isEmptyPlan(plan) && !actions.killPod;
    const idle = !actions.killPod && !actions.createSandbox && !actions.start.length && !actions.kill.length;
    if (idle && !resizes) return this.#untilDeadline(pod);

    let current = runtime;
    const podIPs = this.#podIPs(runtime);
    if (actions.killPod && runtime && !isStopped(runtime)) {
      if (actions.createSandbox) {
        const message = 'Pod sandbox changed, it will be killed and re-created.';
        recorder.event(pod, 'Normal', 'SandboxChanged', message);
      }
      await executor.killPod(pod, runtime);
    }
    await Promise.all(actions.kill.map((kill) => executor.kill(pod, kill, podIPs)));
    if (actions.killPod || actions.kill.length) {
      current = await cache.refresh(this.#uid);
      this.#dirty ||= !actions.createSandbox; // what was ended decides what comes next
    }
    const again = resizes ? await this.#resize(pod, plan) : undefined;
    if (!actions.createSandbox && !actions.start.length) return again ?? this.#untilDeadline(pod);

    const sandbox = await this.#sandbox(pod, actions.createSandbox ? undefined : actions.sandboxId, actions.attempt);
    if (!sandbox) return this.#retryLater();
    if (actions.createSandbox) {
      current = await cache.refresh(this.#uid);
      this.#report(pod, current);
    }
    const waits: number[] = [];
    for (const container of actions.start) {
      if (signal.aborted) throw signal.reason;
      const wait = await this.#start(pod, container, sandbox, current);
      if (wait !== undefined) waits.push(wait);
    }
    current = await cache.refresh(this.#uid);
    probes.update(pod, current, this.#podIPs(current));
    if (this.#report(pod, current)) this.#dirty = true;
    // A sidecar or init container that has started lets the next one start.
    if (waits.length < actions.start.length && (pod.spec.initContainers?.length ?? 0) > 0) this.#dirty = true;
    if (again !== undefined) waits.push(again);
    const deadline = this.#untilDeadline(pod);
    return waits.length || deadline !== undefined ? Math.min(...waits, deadline ?? Number.MAX_SAFE_INTEGER) : undefined;
  }

  /** Gives running containers what they have been granted; answers when to try again, where that failed. */
  async #resize(pod: Pod, plan: ResizePlan): Promise<number | undefined> {
    const { allocation, cgroups, resize } = this.#context;
    let again: number | undefined;
    try {
      await resize(pod, plan);
      if (pod.spec.resources) allocation.setActuatedPod(this.#uid, amountsOf(pod.spec.resources));
      // What has been done is over once the runtime says so too.
      this.#dirty = true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#context.log.warn({ why, pod: podDescription(pod) }, 'cannot resize a pod, trying again');
      allocation.failed(pod, why);
      again = this.#retryLater();
    }
    const runtime = await this.#context.cache.refresh(this.#uid);
    this.#limits = await cgroups.current(pod);
    this.#report(pod, runtime);
    return again;
  }

  /** The sandbox to start containers in, with everything that must be there before it; undefined: not now. */
  async #sandbox(
    pod: Pod,
    id: string | undefined,
    attempt: number,
  ): Promise<{ id: string; attempt: number } | undefined> {
    const { allocation, cgroups, executor, mountImage, networkError, recorder, volumes } = this.#context;
    const why = pod.spec.hostNetwork ? undefined : networkError();
    if (why) {
      recorder.event(pod, 'Warning', 'NetworkNotReady', `network is not ready: ${why}`);
      return undefined;
    }
    await cgroups.create(pod);
    this.#limits = await cgroups.current(pod);
    if (pod.spec.resources && !allocation.actuatedPod(this.#uid)) {
      allocation.setActuatedPod(this.#uid, amountsOf(pod.spec.resources));
    }
    try {
      this.#volumes = await volumes.mount(pod, this.#step.signal, mountImage);
    } catch (error) {
      if (this.#step.signal.aborted) throw error;
      if (error instanceof ImageError) {
        const { reason, message } = error;
        for (const { name } of pod.spec.containers) this.#waiting.set(name, { reason, message });
        this.#report(pod, this.#context.cache.get(this.#uid));
        return undefined;
      }
      recorder.event(pod, 'Warning', 'FailedMount', error instanceof Error ? error.message : String(error));
      return undefined;
    }
    try {
      return { id: id ?? (await executor.createSandbox(pod, attempt)), attempt };
    } catch (error) {
      this.#context.log.warn({ ...causeOf(error), pod: podDescription(pod) }, 'cannot create a sandbox');
      return undefined;
    }
  }

  /** Starts a container unless it must wait; answers for how many milliseconds, where it did not start. */
  async #start(
    pod: Pod,
    container: AnyContainer,
    sandbox: { id: string; attempt: number },
    runtime: RuntimePod | undefined,
  ): Promise<number | undefined> {
    const { allocation, crashes, executor, recorder, statuses } = this.#context;
    const { name } = container;
    const last = runtime?.containers.find((c) => c.name === name && c.state === 'exited');
    // A container of another size has not failed yet.
    const key = `${this.#uid}_${name}_${containerHash(container)}_${JSON.stringify(container.resources)}`;
    if (last) {
      const left = crashes.remaining(key, last.finishedAt);
      if (left > 0) {
        const where = podDescription(pod);
        const message = `back-off ${goDuration(crashes.get(key))} restarting failed container=${name} pod=${where}`;
        if (this.#waiting.get(name)?.message !== message) {
          const text = `Back-off restarting failed container ${name} in pod ${where}`;
          recorder.event(containerReference(pod, name), 'Warning', 'BackOff', text);
        }
        this.#waiting.set(name, { reason: 'CrashLoopBackOff', message });
        return left;
      }
      crashes.next(key, last.finishedAt);
    }
    if (!this.#volumes) return undefined; // not so: the sandbox comes with its volumes
    const podIPs = this.#podIPs(runtime);
    try {
      const current = allocation.allocated(statuses.current(this.#pod));
      await executor.start(
        { ...current, status: { ...current.status, podIP: podIPs[0], podIPs: podIPs.map((ip) => ({ ip })) } },
        container,
        sandbox,
        runtime,
        podIPs,
        this.#volumes,
        this.#step.signal,
      );
      allocation.setActuated(this.#uid, name, amountsOf(container.resources, pod.spec.resources));
      this.#waiting.delete(name);
      return undefined;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#waiting.set(name, { reason: error.reason, message: error.message });
      return error.retryAfter ?? this.#retryLater();
    }
  }

  async #terminate(pod: Pod, runtime: RuntimePod | undefined): Promise<number | undefined> {
    const { executor, log } = this.#context;
    if (runtime && !isStopped(runtime)) {
      if (!this.#removed) this.#report(pod, runtime);
      const grace = this.#grace(pod, runtime);
      if (!this.#killing) {
        // Nothing bounds the time of a stop but its grace; meanwhile the worker goes on watching.
        const unasked = pod.metadata.deletionGracePeriodSeconds === undefined;
        const override = this.#evicted || (unasked && this.#removed) ? grace : undefined;
        const done = executor
          .killPod(pod, runtime, override)
          .catch((error: unknown) => {
            log.warn({ ...causeOf(error), pod: podDescription(pod) }, 'cannot stop a pod, trying again');
            this.#context.clock.after(this.#retryLater(), () => this.wake());
          })
          .finally(() => {
            this.#killing = undefined;
            this.wake();
          });
        this.#killing = { done, grace };
      } else if (grace < this.#killing.grace) {
        this.#killing.grace = grace;
        await executor.hurry(runtime, grace);
      }
      return undefined;
    }
    if (this.#killing) return undefined;
    return this.#finish(pod, runtime);
  }

  #grace(pod: Pod, runtime: RuntimePod): number {
    if (this.#evicted) return EVICTION_GRACE;
    const asked = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds;
    return asked ?? Math.max(2, ...runtime.containers.map((c) => c.graceSeconds ?? 0));
  }

  /** Nothing of the pod runs: cleans up, and says so. */
  async #finish(pod: Pod, runtime: RuntimePod | undefined): Promise<number | undefined> {
    const { allocation, cgroups, crashes, executor, onGone, probes, statuses, unmount } = this.#context;
    this.#stage = 'terminated';
    if (!this.#cleaned) {
      if (!this.#removed) this.#report(pod, runtime);
      probes.remove(this.#uid);
      await unmount(this.#uid);
      await cgroups.remove(this.#uid);
      allocation.ended(this.#uid);
      this.#volumes = undefined;
      this.#cleaned = true;
    }
    if (this.#removed) {
      if (runtime) await executor.removePod(runtime);
      await unmount(this.#uid);
      await this.#context.cache.refresh(this.#uid);
      statuses.forget(this.#uid);
      allocation.forget(this.#uid);
      crashes.forget(`${this.#uid}_`);
      this.#gone = true;
      onGone(this.#uid);
      return undefined;
    }
    if (pod.metadata.deletionTimestamp) {
      await statuses.flush(this.#uid);
      await this.#context.deletePod(pod);
    }
    return undefined;
  }

  /** Reports the pod's status; true when that says that the pod is to end. */
  #report(pod: Pod, runtime: RuntimePod | undefined): boolean {
    const { allocation, clock, hostIPs, probes, statuses } = this.#context;
    const status = podStatus({
      pod,
      runtime,
      waiting: this.#waiting,
      started: (id) => (runtime && hasStartupProbe(pod, runtime, id) ? (probes.startup(id) ?? false) : undefined),
      ready: (id) => probes.readiness(id),
      hostIPs,
      terminal: this.#stage === 'terminated',
      ...(this.#failed && { failed: this.#failed }),
      rejected: this.#rejected,
      ...(this.#evicted?.disruption && { disruption: this.#evicted.disruption }),
      ...(this.#limits && { limits: this.#limits }),
      resize: allocation.conditions(this.#uid),
      now: clock.now(),
    });
    statuses.set(this.#pod, status);
    const ends = status.phase === 'Failed' || status.phase === 'Succeeded';
    if (ends && this.#stage === 'running') {
      this.#end();
      return true;
    }
    return false;
  }

  #podIPs(runtime: RuntimePod | undefined): readonly string[] {
    return this.#pod.spec.hostNetwork ? this.#context.hostIPs : (runtime?.sandboxes[0]?.ips ?? []);
  }

  #untilDeadline(pod: Pod): number | undefined {
    const { activeDeadlineSeconds } = pod.spec;
    const start = this.#context.statuses.current(this.#pod).status?.startTime;
    if (activeDeadlineSeconds === undefined || !start) return undefined;
    return Math.max(0, timeToMs(start) + activeDeadlineSeconds * 1000 - this.#context.clock.now());
  }

  #retryLater(): number {
    const wait = this.#retry;
    this.#failing = true;
    this.#retry = Math.min(2 * wait, LONGEST_RETRY);
    return wait;
  }
}

/** What the runtime says needs no stack; everything else does. */
const causeOf = (error: unknown) => (error instanceof CriError ? { why: error.rpcMessage } : { err: error });

function hasStartupProbe(pod: Pod, runtime: RuntimePod, id: string): boolean {
  const name = runtime.containers.find((c) => c.id === id)?.name;
  const specs = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  return specs.some((c) => c.name === name && c.startupProbe && findContainer(runtime, c.name)?.id === id);
}
