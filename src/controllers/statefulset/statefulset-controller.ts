import {
  type ControllerRevision,
  controllerrevisions,
  type StatefulSet,
  type StatefulSetStatus,
  statefulsets,
} from '../../api/apps/v1.gen.ts';
import { type Pod, persistentvolumeclaims, pods } from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../api/errors.ts';
import { labelSelector } from '../../api/labels.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { slowStart } from '../shared/batches.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { claim, indexByController } from '../shared/controller-ref.ts';
import { Expectations } from '../shared/expectations.ts';
import { observePods } from '../shared/observe-pods.ts';
import { messageOf } from '../shared/pod-control.ts';
import { untilNextAvailable } from '../shared/pods.ts';
import { templateOf } from '../shared/revisions.ts';
import { startReconciler } from '../shared/start.ts';
import { writeStatus } from '../shared/write-status.ts';
import { Claims } from './claims.ts';
import { missingLabels, newPod, ordinalOf, ordinalRange, podNameOf } from './identity.ts';
import { membersOf, plan } from './plan.ts';
import { cleanUpRevisions, type Revisions, syncRevisions } from './revisions.ts';
import { calculateStatus, sameStatus } from './status.ts';

const WORKERS = 5;

/**
 * Keeps the pods of StatefulSets, each with a name, a host name and storage of its own.
 * https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
 */
export function startStatefulSetController(context: ControllerContext): ControllerHandle {
  const controller = new StatefulSetController(context);
  return startReconciler(context, {
    name: 'statefulset',
    workers: WORKERS,
    waitFor: controller.informers,
    observe: (queue) => controller.observe(queue),
    reconcile: (key, queue) => controller.reconcile(key, queue),
  });
}

class StatefulSetController {
  readonly #context: ControllerContext;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: Informer<Pod>;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #claims: Claims;
  readonly informers: readonly { readonly hasSynced: Promise<void> }[];

  constructor(context: ControllerContext) {
    const { client, informers } = context;
    this.#context = { ...context, recorder: context.recorder.as('statefulset-controller') };
    this.#sets = informers.informer(statefulsets);
    this.#pods = indexByController(informers.informer(pods));
    this.#revisions = indexByController(informers.informer(controllerrevisions));
    const claims = informers.informer(persistentvolumeclaims);
    this.#claims = new Claims(client, claims, this.#context.recorder);
    this.informers = [this.#sets, this.#pods, this.#revisions, claims];
  }

  observe(queue: WorkQueue): (() => void)[] {
    const wake = (set: StatefulSet) => queue.add(keyOf(set));
    // Names make doing the same thing twice harmless: nothing is expected.
    const expectations = new Expectations(this.#context.clock);
    return [
      this.#sets.addHandler({ onAdd: wake, onUpdate: (_, set) => wake(set), onDelete: wake }),
      observePods({
        pods: this.#pods,
        owners: this.#sets,
        queue,
        expectations,
        selectorOf: (set) => set.spec.selector,
      }),
    ];
  }

  async reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const set = this.#sets.store.get(namespace, name);
    if (!set) return;
    const { client, clock } = this.#context;
    const revisions = await syncRevisions(client, this.#revisions, set);
    const owned = await claim({
      client,
      objects: this.#pods,
      owner: set,
      owners: statefulsets,
      selector: labelSelector(set.spec.selector),
      adoptable: (pod) => ordinalOf(set, pod) >= 0,
    });
    const mine = owned.filter((pod) => ordinalOf(set, pod) >= 0);
    let failure: unknown;
    if (!set.metadata.deletionTimestamp) {
      try {
        await this.#act(set, mine, revisions);
      } catch (error) {
        failure = error;
      }
    }
    const { current, update } = revisions;
    const status = calculateStatus(set, { pods: mine, current, update, now: clock.now() });
    await this.#writeStatus(set, status);
    if (failure !== undefined) throw failure;
    await cleanUpRevisions(client, set, revisions, mine);
    const wait = untilNextAvailable(mine, set.spec.minReadySeconds ?? 0, clock.now());
    if (wait !== undefined) queue.addAfter(key, wait);
  }

  async #act(set: StatefulSet, mine: readonly Pod[], revisions: Revisions): Promise<void> {
    const { client, clock } = this.#context;
    const members = membersOf(set, mine);
    const todo = plan(set, members, revisions.update.metadata.name, clock.now());
    for (const pod of todo.claims) await this.#claims.ensure(set, ordinalOf(set, pod));
    for (const pod of mine) await this.#claims.retain(set, pod);
    for (const pod of todo.identify) {
      const body = { metadata: { labels: missingLabels(set, pod) } };
      await client.resource(pods).patch(pod.metadata.namespace ?? '', pod.metadata.name, { type: 'merge', body });
    }
    const { create, remove } = todo;
    const created = await slowStart(create.length, async (index) => this.#create(set, create[index] ?? 0, revisions));
    if (created.error !== undefined) throw created.error;
    for (const pod of remove) await this.#delete(set, pod);
  }

  async #create(set: StatefulSet, ordinal: number, { current, update }: Revisions): Promise<void> {
    if (this.#claims.isStale(set, ordinal)) return;
    const { client } = this.#context;
    const { type, rollingUpdate } = set.spec.updateStrategy;
    const kept = type !== 'OnDelete' && ordinal < ordinalRange(set).start + (rollingUpdate?.partition ?? 0);
    const revision = kept ? current : update;
    try {
      await this.#claims.ensure(set, ordinal);
      await client
        .resource(pods)
        .create(set.metadata.namespace ?? '', newPod(set, templateOf(revision), revision, ordinal));
      this.#tell(set, 'create', podNameOf(set, ordinal));
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      if (!isAlreadyExists(error)) this.#tell(set, 'create', podNameOf(set, ordinal), error);
      throw error;
    }
  }

  async #delete(set: StatefulSet, { metadata: { namespace = '', name, uid } }: Pod): Promise<void> {
    try {
      await this.#context.client.resource(pods).delete(namespace, name, { preconditions: { uid } });
      this.#tell(set, 'delete', name);
    } catch (error) {
      if (isNotFound(error)) return;
      this.#tell(set, 'delete', name, error);
      throw error;
    }
  }

  #tell(set: StatefulSet, verb: 'create' | 'delete', pod: string, error?: unknown): void {
    const what = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`;
    const done = verb === 'create' ? 'Create' : 'Delete';
    const { recorder } = this.#context;
    if (error === undefined) recorder.event(set, 'Normal', `Successful${done}`, `${what} successful`);
    else recorder.event(set, 'Warning', `Failed${done}`, `${what} failed error: ${messageOf(error)}`);
  }

  async #writeStatus(set: StatefulSet, status: StatefulSetStatus): Promise<void> {
    if (sameStatus(set.status, status)) return;
    await writeStatus(this.#context.client, statefulsets, set, (fresh) => ({ ...fresh, status }));
  }
}
