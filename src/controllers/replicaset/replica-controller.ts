import type { ReplicaSet, ReplicaSetStatus } from '../../api/apps/v1.gen.ts';
import { type Pod, pods } from '../../api/core/v1.gen.ts';
import { labelSelector } from '../../api/labels.ts';
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { claim, controlledBy, controllerOf, indexByController } from '../shared/controller-ref.ts';
import { EXPECTATION_TIMEOUT_MS, Expectations } from '../shared/expectations.ts';
import { ExpectedPods } from '../shared/expected-pods.ts';
import { observePods } from '../shared/observe-pods.ts';
import { PodControl, podFromTemplate } from '../shared/pod-control.ts';
import { isPodActive, isPodTerminating, untilNextAvailable } from '../shared/pods.ts';
import { podsToDelete } from '../shared/ranking.ts';
import { startReconciler } from '../shared/start.ts';
import { writeStatus } from '../shared/write-status.ts';
import { calculateStatus, sameStatus } from './status.ts';

const WORKERS = 5;
/** At most so many pods are created or deleted in one go. */
const BURST = 500;

/** What of an object says how many pods of which kind it wants. */
export type Replicas = Pick<ReplicaSet, 'metadata' | 'spec' | 'status'>;

/** A kind of object whose purpose is a number of like pods. */
export interface ReplicaKind<T extends KubeObject> {
  /** Of the work queue. */
  readonly name: string;
  /** As events name who speaks. */
  readonly component: string;
  readonly type: ResourceType<T>;
  readonly replicas: (object: T) => Replicas;
  readonly withStatus: (object: T, status: ReplicaSetStatus) => T;
}

/** Keeps as many pods as each object of the kind asks for. */
export function startReplicaController<T extends KubeObject>(
  context: ControllerContext,
  kind: ReplicaKind<T>,
): ControllerHandle {
  const controller = new ReplicaController(context, kind);
  return startReconciler(context, {
    name: kind.name,
    workers: WORKERS,
    waitFor: [controller.sets, controller.pods],
    observe: (queue) => controller.observe(queue),
    reconcile: (key, queue) => controller.reconcile(key, queue),
  });
}

class ReplicaController<T extends KubeObject> {
  readonly sets: Informer<T>;
  readonly pods: Informer<Pod>;
  readonly #kind: ReplicaKind<T>;
  readonly #context: ControllerContext;
  readonly #expectedPods: ExpectedPods;
  readonly #expectations: Expectations;

  constructor(context: ControllerContext, kind: ReplicaKind<T>) {
    this.#context = context;
    this.#kind = kind;
    this.sets = indexByController(context.informers.informer(kind.type));
    this.pods = indexByController(context.informers.informer(pods));
    this.#expectations = new Expectations(context.clock);
    this.#expectedPods = new ExpectedPods(
      new PodControl(context.client, context.recorder.as(kind.component)),
      this.#expectations,
    );
  }

  observe(queue: WorkQueue): (() => void)[] {
    const selectorOf = (set: T) => this.#kind.replicas(set).spec.selector;
    return [
      this.sets.addHandler({
        onAdd: (set) => queue.add(keyOf(set)),
        onUpdate: (_, set) => queue.add(keyOf(set)),
        onDelete: (set) => {
          this.#expectations.forget(keyOf(set));
          queue.add(keyOf(set));
        },
      }),
      observePods({ pods: this.pods, owners: this.sets, queue, expectations: this.#expectations, selectorOf }),
    ];
  }

  async reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const set = this.sets.store.get(namespace, name);
    if (!set) {
      this.#expectations.forget(key);
      return;
    }
    const { client, clock } = this.#context;
    const wanted = this.#kind.replicas(set);
    const satisfied = this.#expectations.satisfied(key);
    const owned = await claim({
      client,
      objects: this.pods,
      owner: set,
      owners: this.#kind.type,
      selector: labelSelector(wanted.spec.selector),
      adoptable: isPodActive,
    });
    const active = owned.filter(isPodActive);
    let error: unknown;
    if (satisfied && !set.metadata.deletionTimestamp) error = await this.#manage(key, set, active);
    if (!satisfied) queue.addAfter(key, EXPECTATION_TIMEOUT_MS + 1);
    const now = clock.now();
    const terminating = owned.filter(isPodTerminating).length;
    await this.#writeStatus(set, calculateStatus(wanted, { active, terminating, error, now }));
    if (error !== undefined) throw error;
    const wait = untilNextAvailable(active, wanted.spec.minReadySeconds ?? 0, now);
    if (wait !== undefined) queue.addAfter(key, wait);
  }

  /** Returns what went wrong, which the status tells. */
  async #manage(key: string, set: T, active: readonly Pod[]): Promise<unknown> {
    const difference = active.length - (this.#kind.replicas(set).spec.replicas ?? 1);
    if (difference < 0) return this.#create(key, set, Math.min(-difference, BURST));
    if (difference > 0) return this.#delete(key, set, active, Math.min(difference, BURST));
    return undefined;
  }

  async #create(key: string, set: T, count: number): Promise<unknown> {
    this.#expectations.expect(key, count);
    const pod = podFromTemplate(this.#kind.replicas(set).spec.template, set);
    return this.#expectedPods.create(key, set, count, () => pod);
  }

  async #delete(key: string, set: T, active: readonly Pod[], count: number): Promise<unknown> {
    const doomed = podsToDelete(active, this.#related(set), count, this.#context.clock.now());
    this.#expectations.expect(key, 0, doomed.map(keyOf));
    return this.#expectedPods.delete(key, set, doomed);
  }

  /** Pods of every object of the kind that has the same controller, as the old and new ones of a Deployment have. */
  #related(set: T): Pod[] {
    const owner = controllerOf(set);
    if (!owner) return controlledBy(this.pods, set);
    const siblings = this.sets.store
      .list(set.metadata.namespace)
      .filter((other) => controllerOf(other)?.uid === owner.uid);
    return siblings.flatMap((other) => controlledBy(this.pods, other));
  }

  async #writeStatus(set: T, status: ReplicaSetStatus): Promise<void> {
    const { type, replicas, withStatus } = this.#kind;
    const next = withStatus(set, status);
    if (sameStatus(replicas(set).status, replicas(next).status)) return;
    await writeStatus(this.#context.client, type, set, (fresh) => withStatus(fresh, status));
  }
}
