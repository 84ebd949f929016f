import { type Node, nodes, type Pod, pods } from '../api/core/v1.gen.ts';
import { isConflict, isNotFound } from '../api/errors.ts';
import type { Client } from '../client/client.ts';
import type { InformerFactory } from '../client/informer.ts';
import type { EventRecorder } from '../client/recorder.ts';
import { deepEqual } from '../schema/equal.ts';
import { formatTime } from '../schema/time.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { Registry } from '../utils/metrics.ts';
import { Cache } from './cache/cache.ts';
import type { ClusterEvent, Profile, QueuedPodInfo } from './framework/types.ts';
import { SchedulerMetrics } from './metrics.ts';
import { defaultProfile } from './profile.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';
import { type CompiledProfile, compileProfile, failureMessage, type Rotation, schedulePod } from './schedule-pod.ts';

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly log: Logger;
  readonly recorder: EventRecorder;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly profile?: Profile;
  /** Where what is done is counted; absent: it is not. */
  readonly metrics?: Registry;
}

export interface RunningScheduler {
  stop(): Promise<void>;
}

/** Bindings on their way at a time; more would only wait for each other. */
const mostBindings = 128;
/** Other work of the process gets its turn after so many milliseconds of scheduling. */
const sliceMs = 8;

/** Finds a node for every pod that has none. Call it before the informers are started or after; both work. */
export function startScheduler(options: SchedulerOptions): RunningScheduler {
  return new Scheduler(options);
}

/**
 * The I/O around `schedulePod`: informers feed the cache and the queue, decisions become bindings, refusals become
 * events and conditions.
 */
class Scheduler implements RunningScheduler {
  readonly #options: SchedulerOptions;
  readonly #profile: Profile;
  readonly #compiled: CompiledProfile;
  readonly #cache = new Cache();
  readonly #queue: SchedulingQueue;
  readonly #metrics: SchedulerMetrics | undefined;
  readonly #rotation: Rotation = { next: 0 };
  readonly #random: () => number;
  readonly #removeHandlers: (() => void)[];
  readonly #writes = new Set<Promise<void>>();
  #bindings = 0;
  #scheduled = false;
  #ready = false;
  #stopped = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#profile = options.profile ?? defaultProfile;
    this.#compiled = compileProfile(this.#profile);
    const sort = this.#profile.plugins.find((p) => p.less);
    this.#queue = new SchedulingQueue({
      clock: options.clock,
      less: (a, b) => sort?.less?.(a, b) ?? a.timestamp < b.timestamp,
      mayEnter: (pod) => this.#profile.plugins.every((p) => !p.preEnqueue?.(pod)),
      events: new Map(this.#profile.plugins.map((p) => [p.name, new Set(p.events ?? [])])),
      onReady: () => this.#wake(),
      onIncoming: (queue, event) => this.#metrics?.incoming(queue, event),
    });
    this.#metrics =
      options.metrics &&
      new SchedulerMetrics(options.metrics, this.#profile.schedulerName, () => this.#queue.pending());
    const podInformer = options.informers.informer(pods);
    const nodeInformer = options.informers.informer(nodes);
    this.#removeHandlers = [
      nodeInformer.addHandler({
        onAdd: (node) => {
          this.#cache.setNode(node);
          this.#queue.onEvent('Node/Add');
        },
        onUpdate: (before, node) => {
          this.#cache.setNode(node);
          for (const event of nodeEvents(before, node)) this.#queue.onEvent(event);
        },
        onDelete: (node) => this.#cache.removeNode(node.metadata.name),
      }),
      podInformer.addHandler({
        onAdd: (pod) => this.#onPod(undefined, pod),
        onUpdate: (before, pod) => this.#onPod(before, pod),
        onDelete: (pod) => this.#onPodGone(pod),
      }),
    ];
    // Until both are known every node would look empty, or there would seem to be none.
    void Promise.all([podInformer.hasSynced, nodeInformer.hasSynced]).then(
      () => {
        this.#ready = true;
        this.#wake();
      },
      () => {},
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.close();
    for (const remove of this.#removeHandlers) remove();
    await Promise.all(this.#writes);
  }

  #mine(pod: Pod): boolean {
    return (pod.spec.schedulerName || 'default-scheduler') === this.#profile.schedulerName;
  }

  #onPod(before: Pod | undefined, pod: Pod): void {
    const { uid } = pod.metadata;
    if (isOver(pod)) {
      if (before?.spec.nodeName && !isOver(before)) this.#queue.onEvent('AssignedPod/Delete');
      this.#cache.removePod(pod);
      this.#queue.delete(uid);
    } else if (pod.spec.nodeName) {
      this.#queue.delete(uid);
      this.#cache.setPod(pod);
      if (!before?.spec.nodeName) this.#queue.onEvent('AssignedPod/Add');
      else if (before.metadata.generation !== pod.metadata.generation) this.#queue.onEvent('AssignedPod/Update');
    } else if (this.#mine(pod) && !this.#cache.isAssumed(uid)) {
      if (!before) this.#queue.add(pod);
      else this.#queue.update(pod, !sameRequest(before, pod));
    }
  }

  #onPodGone(pod: Pod): void {
    this.#queue.delete(pod.metadata.uid);
    if (!pod.spec.nodeName && !this.#cache.isAssumed(pod.metadata.uid)) return;
    this.#cache.removePod(pod);
    this.#queue.onEvent('AssignedPod/Delete');
  }

  #wake(): void {
    if (this.#scheduled || !this.#ready || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  #run(): void {
    const end = performance.now() + sliceMs;
    while (!this.#stopped && this.#bindings < mostBindings) {
      const item = this.#queue.pop();
      if (!item) return;
      this.#schedule(item);
      if (performance.now() > end) {
        if (this.#queue.active > 0) this.#wake();
        return;
      }
    }
  }

  #schedule(item: QueuedPodInfo): void {
    const { pod, info } = item;
    if (pod.metadata.deletionTimestamp) {
      this.#queue.done(pod.metadata.uid);
      return;
    }
    const began = performance.now();
    const decision = schedulePod(
      this.#compiled,
      info,
      this.#cache.nodes,
      this.#rotation,
      this.#random,
      this.#metrics?.point,
    );
    this.#metrics?.chosen(performance.now() - began);
    if (decision.node) {
      this.#cache.assume(info, decision.node.name);
      this.#bindings++;
      this.#track(this.#bind(item, decision.node.name, began));
    } else {
      const message = failureMessage(decision.failure);
      this.#metrics?.attempt('unschedulable', performance.now() - began);
      this.#queue.addUnschedulable(item, decision.failure.plugins);
      this.#options.recorder.event(pod, 'Warning', 'FailedScheduling', message);
      this.#track(this.#writeCondition(pod, message));
    }
  }

  #track(work: Promise<void>): void {
    this.#writes.add(work);
    void work.finally(() => this.#writes.delete(work));
  }

  async #bind(item: QueuedPodInfo, nodeName: string, began: number): Promise<void> {
    const { pod } = item;
    const { name, namespace = '', uid } = pod.metadata;
    const binding = performance.now();
    try {
      await this.#options.client.resource(pods).createSubresource(namespace, name, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { kind: 'Node', name: nodeName },
      });
      this.#queue.done(uid);
      this.#metrics?.point('Bind', performance.now() - binding, 'Success');
      this.#metrics?.attempt('scheduled', performance.now() - began);
      this.#metrics?.bound(item, this.#options.clock.now());
      this.#options.recorder.event(
        pod,
        'Normal',
        'Scheduled',
        `Successfully assigned ${namespace}/${name} to ${nodeName}`,
      );
    } catch (error) {
      this.#cache.forget(pod);
      // Somebody bound or deleted it meanwhile; the informer says so, or will.
      if (isNotFound(error) || isConflict(error)) this.#queue.done(uid);
      else {
        this.#options.log.warn({ err: error, pod: `${namespace}/${name}`, node: nodeName }, 'binding failed');
        this.#metrics?.point('Bind', performance.now() - binding, 'Error');
        this.#metrics?.attempt('error', performance.now() - began);
        this.#queue.addAfterError(item);
        this.#options.recorder.event(
          pod,
          'Warning',
          'FailedScheduling',
          `binding rejected: ${(error as Error).message}`,
        );
      }
    } finally {
      this.#bindings--;
      if (this.#queue.active > 0) this.#wake();
    }
  }

  async #writeCondition(pod: Pod, message: string): Promise<void> {
    const old = pod.status.conditions?.find((c) => c.type === 'PodScheduled');
    if (old?.status === 'False' && old.reason === 'Unschedulable' && old.message === message) return;
    const { name, namespace = '' } = pod.metadata;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastProbeTime: null,
      lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : formatTime(this.#options.clock.now()),
    };
    try {
      await this.#options.client
        .resource(pods)
        .patch(
          namespace,
          name,
          { type: 'strategic', body: { status: { conditions: [condition] } } },
          { subresource: 'status' },
        );
    } catch (error) {
      if (!isNotFound(error))
        this.#options.log.warn({ err: error, pod: `${namespace}/${name}` }, 'could not say why a pod waits');
    }
  }
}

const isOver = (pod: Pod): boolean => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';

/** Whether an update left alone what scheduling looks at: the status alone changed. */
function sameRequest(a: Pod, b: Pod): boolean {
  return (
    deepEqual(a.spec, b.spec) &&
    deepEqual(a.metadata.labels, b.metadata.labels) &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp
  );
}

function nodeEvents(before: Node, after: Node): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (!deepEqual(before.status.allocatable, after.status.allocatable)) events.push('Node/UpdateAllocatable');
  if (!deepEqual(before.metadata.labels, after.metadata.labels)) events.push('Node/UpdateLabel');
  if (!deepEqual(before.spec.taints, after.spec.taints) || before.spec.unschedulable !== after.spec.unschedulable) {
    events.push('Node/UpdateTaint');
  }
  return events;
}
