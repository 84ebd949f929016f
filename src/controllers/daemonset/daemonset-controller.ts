import { type ControllerRevision, controllerrevisions, type DaemonSet, daemonsets } from '../../api/apps/v1.gen.ts';
import { type Node, nodes, type Pod, pods } from '../../api/core/v1.gen.ts';
import { labelSelector } from '../../api/labels.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../schema/equal.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { claim, controlledBy, indexByController } from '../shared/controller-ref.ts';
import { EXPECTATION_TIMEOUT_MS, Expectations } from '../shared/expectations.ts';
import { ExpectedPods } from '../shared/expected-pods.ts';
import { observePods } from '../shared/observe-pods.ts';
import { PodControl } from '../shared/pod-control.ts';
import { untilNextAvailable } from '../shared/pods.ts';
import { startReconciler } from '../shared/start.ts';
import { writeStatus } from '../shared/write-status.ts';
import { FailedPodBackoff } from './failed-pods.ts';
import { cleanUpHistory, hashOf, syncHistory } from './history.ts';
import { newDaemonPod, placement } from './placement.ts';
import { type Plan, planPlacement, planUpdate, podsByNode, type View } from './plan.ts';
import { calculateStatus, sameStatus } from './status.ts';

const WORKERS = 2;
/** At most so many pods are created and deleted in one pass. */
const BURST = 250;

/** Keeps a pod of each DaemonSet on every node that it selects. */
export function startDaemonSetController(context: ControllerContext): ControllerHandle {
  const controller = new DaemonSetController(context);
  return startReconciler(context, {
    name: 'daemonset',
    workers: WORKERS,
    waitFor: [controller.sets, controller.pods, controller.nodes, controller.revisions],
    observe: (queue) => controller.observe(queue),
    reconcile: (key, queue) => controller.reconcile(key, queue),
  });
}

class DaemonSetController {
  readonly sets: Informer<DaemonSet>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  readonly revisions: Informer<ControllerRevision>;
  readonly #context: ControllerContext;
  readonly #expectedPods: ExpectedPods;
  readonly #expectations: Expectations;
  readonly #failedPods: FailedPodBackoff;

  constructor(context: ControllerContext) {
    this.#context = { ...context, recorder: context.recorder.as('daemonset-controller') };
    this.sets = context.informers.informer(daemonsets);
    this.pods = indexByController(context.informers.informer(pods));
    this.nodes = context.informers.informer(nodes);
    this.revisions = indexByController(context.informers.informer(controllerrevisions));
    this.#expectations = new Expectations(context.clock);
    this.#expectedPods = new ExpectedPods(new PodControl(context.client, this.#context.recorder), this.#expectations);
    this.#failedPods = new FailedPodBackoff(context.clock);
  }

  observe(queue: WorkQueue): (() => void)[] {
    const wake = (set: DaemonSet) => queue.add(keyOf(set));
    const wakeAll = (wanted: (set: DaemonSet) => boolean) => {
      for (const set of this.sets.store.list()) if (wanted(set)) wake(set);
    };
    return [
      this.sets.addHandler({ onAdd: wake, onUpdate: (_, set) => wake(set), onDelete: wake }),
      this.nodes.addHandler({
        onAdd: (node) => wakeAll((set) => placement(set, node).shouldRun),
        onUpdate: (before, node) => {
          // Nodes report every few seconds; only what decides placement matters here.
          if (
            deepEqual(before.metadata.labels, node.metadata.labels) &&
            deepEqual(before.spec.taints, node.spec.taints)
          ) {
            return;
          }
          wakeAll((set) => !deepEqual(placement(set, before), placement(set, node)));
        },
        onDelete: () => wakeAll(() => true),
      }),
      observePods({
        pods: this.pods,
        owners: this.sets,
        queue,
        expectations: this.#expectations,
        selectorOf: (set) => set.spec.selector,
      }),
    ];
  }

  async reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const set = this.sets.store.get(namespace, name);
    if (!set) {
      this.#expectations.forget(key);
      return;
    }
    const { client, clock, recorder } = this.#context;
    const selector = labelSelector(set.spec.selector);
    if (selector.everything) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
      recorder.event(set, 'Warning', 'SelectingAll', message);
      return;
    }
    // While it is being deleted its history may be gone already, and with it what its status is counted from.
    if (set.metadata.deletionTimestamp) return;
    const owned = await claim({ client, objects: this.pods, owner: set, owners: daemonsets, selector });
    const { current, old } = await syncHistory(client, this.revisions, set, owned);
    const view = (): View => ({
      set,
      nodes: this.nodes.store.list(),
      pods: podsByNode(controlledBy(this.pods, set)),
      hash: hashOf(current),
      now: clock.now(),
    });
    if (!this.#expectations.satisfied(key)) {
      queue.addAfter(key, EXPECTATION_TIMEOUT_MS + 1);
      await this.#writeStatus(set, view(), false);
      return;
    }
    let failure: unknown;
    try {
      const before = view();
      await this.#apply(key, before, this.#place(key, before, queue));
      if (set.spec.updateStrategy.type !== 'OnDelete' && this.#expectations.satisfied(key)) {
        const placed = view();
        await this.#apply(key, placed, planUpdate(placed));
      }
      await cleanUpHistory(client, set, old, owned);
    } catch (error) {
      failure = error;
    }
    await this.#writeStatus(set, view(), true);
    if (failure !== undefined) throw failure;
    const wait = untilNextAvailable(owned, set.spec.minReadySeconds ?? 0, clock.now());
    if (wait !== undefined) queue.addAfter(key, wait);
  }

  /** Tells about pods that have ended, and lets a node that fails them again and again wait. */
  #place(key: string, view: View, queue: WorkQueue): Plan {
    const { recorder } = this.#context;
    const { set } = view;
    const plan = planPlacement(view, (pod, node) => {
      const wait = this.#failedPods.check(`${set.metadata.uid}/${set.status.observedGeneration ?? 0}/${node}`);
      if (wait > 0) {
        queue.addAfter(key, wait);
        return false;
      }
      const message = `Found failed daemon pod ${keyOf(pod)} on node ${node}, will try to kill it`;
      recorder.event(set, 'Warning', 'FailedDaemonPod', message);
      return true;
    });
    for (const pod of plan.remove) {
      if (pod.status.phase !== 'Succeeded') continue;
      const message = `Found succeeded daemon pod ${keyOf(pod)} on node ${pod.spec.nodeName ?? ''}, will try to delete it`;
      recorder.event(set, 'Normal', 'SucceededDaemonPod', message);
    }
    return plan;
  }

  async #apply(key: string, { set, hash }: View, plan: Plan): Promise<void> {
    const create = plan.create.slice(0, BURST);
    const remove = plan.remove.slice(0, BURST);
    if (create.length + remove.length === 0) return;
    this.#expectations.expect(key, create.length, remove.map(keyOf));
    const failed = await this.#expectedPods.create(key, set, create.length, (i) =>
      newDaemonPod(set, create[i] ?? '', hash),
    );
    const stuck = await this.#expectedPods.delete(key, set, remove);
    if (stuck !== undefined) throw stuck;
    if (failed !== undefined) throw failed;
  }

  async #writeStatus(set: DaemonSet, view: View, observed: boolean): Promise<void> {
    const status = calculateStatus(view, observed);
    if (sameStatus(set.status, status)) return;
    await writeStatus(this.#context.client, daemonsets, set, (fresh) => ({ ...fresh, status }));
  }
}
