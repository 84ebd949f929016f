import { type ReplicaSet, type ReplicaSetStatus, replicasets } from '../../api/apps/v1.gen.ts';
import { type Pod, pods } from '../../api/core/v1.gen.ts';
import { isConflict, isNotFound } from '../../api/errors.ts';
import { labelSelector } from '../../api/labels.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { allSettled, slowStart } from '../shared/batches.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { claim, controlledBy, controllerOf, indexByController } from '../shared/controller-ref.ts';
import { EXPECTATION_TIMEOUT_MS, Expectations } from '../shared/expectations.ts';
import { observePods } from '../shared/observe-pods.ts';
import { isNamespaceTerminating, PodControl, podFromTemplate } from '../shared/pod-control.ts';
import { isPodActive, isPodTerminating, untilNextAvailable } from '../shared/pods.ts';
import { podsToDelete } from '../shared/ranking.ts';
import { startReconciler } from '../shared/start.ts';
import { calculateStatus, sameStatus } from './status.ts';

const WORKERS = 5;
/** At most so many pods are created or deleted in one go. */
const BURST = 500;

/** Keeps as many pods as each ReplicaSet asks for. */
export function startReplicaSetController(context: ControllerContext): ControllerHandle {
  const controller = new ReplicaSetController(context);
  return startReconciler(context, {
    name: 'replicaset',
    workers: WORKERS,
    waitFor: [controller.sets, controller.pods],
    observe: (queue) => controller.observe(queue),
    reconcile: (key, queue) => controller.reconcile(key, queue),
  });
}

class ReplicaSetController {
  readonly sets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.sets = indexByController(context.informers.informer(replicasets));
    this.pods = indexByController(context.informers.informer(pods));
    this.#podControl = new PodControl(context.client, context.recorder.as('replicaset-controller'));
    this.#expectations = new Expectations(context.clock);
  }

  observe(queue: WorkQueue): (() => void)[] {
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
    const satisfied = this.#expectations.satisfied(key);
    const owned = await claim({
      client,
      objects: this.pods,
      owner: set,
      owners: replicasets,
      selector: labelSelector(set.spec.selector),
      adoptable: isPodActive,
    });
    const active = owned.filter(isPodActive);
    let error: unknown;
    if (satisfied && !set.metadata.deletionTimestamp) error = await this.#manage(key, set, active);
    if (!satisfied) queue.addAfter(key, EXPECTATION_TIMEOUT_MS + 1);
    const now = clock.now();
    const terminating = owned.filter(isPodTerminating).length;
    await this.#writeStatus(set, calculateStatus(set, { active, terminating, error, now }));
    if (error !== undefined) throw error;
    const wait = untilNextAvailable(active, set.spec.minReadySeconds ?? 0, now);
    if (wait !== undefined) queue.addAfter(key, wait);
  }

  /** Returns what went wrong, which the status tells. */
  async #manage(key: string, set: ReplicaSet, active: readonly Pod[]): Promise<unknown> {
    const difference = active.length - (set.spec.replicas ?? 1);
    if (difference < 0) return this.#create(key, set, Math.min(-difference, BURST));
    if (difference > 0) return this.#delete(key, set, active, Math.min(difference, BURST));
    return undefined;
  }

  async #create(key: string, set: ReplicaSet, count: number): Promise<unknown> {
    this.#expectations.expect(key, count);
    const pod = podFromTemplate(set.spec.template, set);
    const { started, error } = await slowStart(count, async () => {
      try {
        await this.#podControl.create(pod, set);
      } catch (failure) {
        this.#expectations.creationObserved(key);
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    this.#expectations.creationObserved(key, count - started);
    return error;
  }

  async #delete(key: string, set: ReplicaSet, active: readonly Pod[], count: number): Promise<unknown> {
    const doomed = podsToDelete(active, this.#related(set), count, this.#context.clock.now());
    this.#expectations.expect(key, 0, doomed.map(keyOf));
    try {
      await allSettled(
        doomed.map(async (pod) => {
          try {
            const deleted = await this.#podControl.delete(pod.metadata.name, set);
            if (!deleted) this.#expectations.deletionObserved(key, keyOf(pod));
          } catch (failure) {
            this.#expectations.deletionObserved(key, keyOf(pod));
            throw failure;
          }
        }),
      );
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Pods of every ReplicaSet that has the same controller, as the old and new ones of a Deployment have. */
  #related(set: ReplicaSet): Pod[] {
    const owner = controllerOf(set);
    if (!owner) return controlledBy(this.pods, set);
    const siblings = this.sets.store
      .list(set.metadata.namespace)
      .filter((other) => controllerOf(other)?.uid === owner.uid);
    return siblings.flatMap((other) => controlledBy(this.pods, other));
  }

  async #writeStatus(set: ReplicaSet, status: ReplicaSetStatus): Promise<void> {
    if (sameStatus(set.status, status)) return;
    const resource = this.#context.client.resource(replicasets);
    try {
      await resource.updateStatus({ ...set, status });
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
      const fresh = await resource.get(set.metadata.namespace ?? '', set.metadata.name);
      if (fresh.metadata.uid === set.metadata.uid) await resource.updateStatus({ ...fresh, status });
    }
  }
}

const selectorOf = (set: ReplicaSet) => set.spec.selector;
