import { type Pod, pods } from '../../api/core/v1.gen.ts';
import { isConflict, isNotFound } from '../../api/errors.ts';
import { labelSelector } from '../../api/labels.ts';
import type { LabelSelector } from '../../api/meta/v1.gen.ts';
import {
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
  poddisruptionbudgets,
} from '../../api/policy/v1.gen.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../schema/equal.ts';
import { quote } from '../../schema/quote.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { messageOf } from '../shared/pod-control.ts';
import { ResourceCatalog } from '../shared/resource-catalog.ts';
import { startReconciler } from '../shared/start.ts';
import { budgetStatus, disruptedPods, expectation, failedStatus, needsScale, sameStatus } from './budget.ts';
import { ScaleFinder } from './scale.ts';
import { startStaleDisruptionCleaner } from './stale-conditions.ts';

/**
 * Says how many pods of each PodDisruptionBudget may be evicted now, and takes back what was said of pods that stayed.
 * https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
 */
export function startDisruptionController(context: ControllerContext): ControllerHandle {
  const { client, clock } = context;
  const recorder = context.recorder.as('controllermanager');
  const budgets = context.informers.informer(poddisruptionbudgets);
  const allPods = context.informers.informer(pods);
  const catalog = new ResourceCatalog(context);
  const scales = new ScaleFinder(context, catalog);

  function observe(queue: WorkQueue): (() => void)[] {
    const wake = (budget: PodDisruptionBudget) => queue.add(keyOf(budget));
    const wakeFor = (pod: Pod) => {
      const covering = budgets.store
        .list(pod.metadata.namespace)
        .filter(({ spec }) => labelSelector(spec.selector).matches(pod.metadata.labels));
      for (const budget of covering) wake(budget);
      const [first, second] = covering;
      if (!first || !second) return;
      const { namespace = '', name } = pod.metadata;
      const message = `Pod ${quote(namespace)}/${quote(name)} matches multiple PodDisruptionBudgets.  Chose ${quote(first.metadata.name)} arbitrarily.`;
      recorder.event(pod, 'Warning', 'MultiplePodDisruptionBudgets', message);
    };
    return [
      budgets.addHandler({ onAdd: wake, onUpdate: (_, budget) => wake(budget) }),
      allPods.addHandler({
        onAdd: wakeFor,
        onUpdate: (before, pod) => {
          if (!deepEqual(before.metadata.labels, pod.metadata.labels)) wakeFor(before);
          wakeFor(pod);
        },
        onDelete: wakeFor,
      }),
    ];
  }

  async function reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const budget = budgets.store.get(namespace, name);
    if (!budget) return;
    try {
      const wait = await sync(budget);
      if (wait !== undefined) queue.addAfter(key, wait + 1);
    } catch (error) {
      if (isConflict(error)) throw error;
      // Better nobody is evicted than too many.
      await write(budget, failedStatus(budget, messageOf(error), clock.now()));
    }
  }

  /** Returns after how many milliseconds to look again, if at all. */
  async function sync(budget: PodDisruptionBudget): Promise<number | undefined> {
    const selector = labelSelector(budget.spec.selector);
    const covered = allPods.store
      .list(budget.metadata.namespace)
      .filter(({ metadata }) => selector.matches(metadata.labels));
    if (covered.length === 0) recorder.event(budget, 'Normal', 'NoPods', 'No matching pods found');
    const now = clock.now();
    const expected = expectation(budget, covered.length, needsScale(budget) ? await scaleOf(budget, covered) : 0);
    const disrupted = disruptedPods(budget, covered, now);
    for (const pod of disrupted.notDeleted) {
      // Kubernetes says the namespace twice.
      const { namespace } = budget.metadata;
      const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
      recorder.event(pod, 'Warning', 'NotDeleted', message);
    }
    await write(budget, budgetStatus(budget, covered, expected, disrupted, now));
    return disrupted.recheckAfter;
  }

  async function scaleOf(budget: PodDisruptionBudget, covered: readonly Pod[]): Promise<number> {
    try {
      const { total, unmanaged } = await scales.scalesOf(covered);
      if (unmanaged.length > 0) {
        recorder.event(
          budget,
          'Warning',
          'UnmanagedPods',
          `Pods selected by this PodDisruptionBudget (selector: ${describe(budget.spec.selector)}) were found to be ` +
            'unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined ' +
            'behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
        );
      }
      return total;
    } catch (error) {
      const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`;
      recorder.event(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
      throw error;
    }
  }

  async function write(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<void> {
    if (sameStatus(budget.status, status)) return;
    try {
      await client.resource(poddisruptionbudgets).updateStatus({ ...budget, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  const handle = startReconciler(context, {
    name: 'disruption',
    workers: 1,
    waitFor: [budgets, allPods, catalog, ...scales.waitFor],
    observe,
    reconcile,
  });
  const cleaner = startStaleDisruptionCleaner(context);
  return {
    async stop() {
      catalog.stop();
      await Promise.all([handle.stop(), cleaner.stop()]);
    },
  };
}

/** A selector as Kubernetes prints it in messages. */
function describe(selector: LabelSelector | undefined): string {
  if (!selector) return 'nil';
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const labels = Object.entries(matchLabels).sort(([a], [b]) => (a < b ? -1 : 1));
  const requirements = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.map(([key, value]) => `${key}: ${value},`).join('')}},MatchExpressions:[]LabelSelectorRequirement{${requirements.join('')}},}`;
}
