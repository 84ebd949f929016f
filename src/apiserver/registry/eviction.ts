import type { Pod } from '../../api/core/v1.gen.ts';
import { ApiError, errors, isConflict } from '../../api/errors.ts';
import { labelSelector } from '../../api/labels.ts';
import type { DeleteOptions, Status } from '../../api/meta/v1.gen.ts';
import type { Eviction, PodDisruptionBudget } from '../../api/policy/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { formatTime } from '../../schema/time.ts';
import type { Entry } from '../cache/entry.ts';
import type { DeleteParameters } from '../core.ts';
import type { Resources } from '../resource-table.ts';
import { deleteObject } from './delete.ts';
import { validateDeleteOptions } from './options.ts';
import { success } from './pods.ts';
import { groupResourceOf, type Registry, type Write } from './registry.ts';

/** Evictions of a budget that its controller has not seen yet. */
const MAX_DISRUPTED = 2000;
const MAX_RACES = 20;

/**
 * POST pods/NAME/eviction: deletes the pod where its disruption budget allows.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
export async function evictPod(
  registry: Registry,
  resources: Resources,
  write: Write,
  body: KubeObject,
): Promise<Status & KubeObject> {
  // Decoded over the model's Eviction.
  const options = optionsOf((body as unknown as Eviction).deleteOptions, write);
  validateDeleteOptions(options);
  // Admission has seen the eviction.
  const deletion: Write = { ...write, dryRun: (options.dryRun?.length ?? 0) > 0, admission: false };
  const { target, storage } = write;
  const asked = options.preconditions?.resourceVersion !== undefined;
  for (let race = 1; ; race++) {
    const entry = await registry.reader.get(storage, target.namespace, target.name);
    if (!entry) throw errors.notFound(groupResourceOf(target.resource), target.name);
    const pod = entry.object as Pod;
    const ended = isEnded(pod);
    const free = ended || pod.status?.phase === 'Pending';
    const guarded = free ? !ended : await takeFromBudget(registry, resources, deletion, pod);
    const version = { resourceVersion: String(entry.revision) };
    const careful =
      guarded && !asked ? { ...options, preconditions: { ...options.preconditions, ...version } } : options;
    try {
      await deleteObject(registry, { ...deletion, target: { ...target, subresource: '' } }, careful);
      return success;
    } catch (error) {
      if (!isConflict(error) || asked || race >= MAX_RACES) throw error;
    }
  }
}

function optionsOf(given: DeleteOptions | undefined, write: Write): DeleteParameters {
  const dryRun = given?.dryRun?.length ? given.dryRun : write.dryRun ? ['All'] : undefined;
  if (given?.dryRun?.length && write.dryRun && given.dryRun.join() !== 'All') {
    const message = `Non-matching dry-run options in request and content: [All] and [${given.dryRun.join(' ')}]`;
    throw new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
  }
  return { ...given, dryRun };
}

const isEnded = (pod: Pod): boolean =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;

/**
 * Counts the eviction against the pod's budget. True when the pod may go only in the state it was seen in: it is not
 * ready, and so takes nothing from the budget.
 */
async function takeFromBudget(registry: Registry, resources: Resources, write: Write, pod: Pod): Promise<boolean> {
  const storage = resources.find('policy', 'v1', 'poddisruptionbudgets');
  if (!storage) return false;
  const namespace = pod.metadata.namespace ?? '';
  for (let race = 0; race < MAX_RACES; race++) {
    const { items } = await registry.reader.list(storage, namespace, '', {});
    const budgets = items.filter(({ object }) => covers(object as PodDisruptionBudget, pod));
    if (budgets.length > 1) {
      const message =
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
      throw new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
    }
    const [found] = budgets;
    if (!found) return false;
    const budget = found.object as PodDisruptionBudget;
    const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
    const always = budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow';
    if (!isReady(pod) && (always || (currentHealthy >= desiredHealthy && desiredHealthy > 0))) return true;
    const changed = decremented(budget, pod.metadata.name, registry.clock.now());
    if (write.dryRun) return false;
    const target = { resource: storage, namespace, name: budget.metadata.name, subresource: 'status' };
    // Lists of an unconverted resource are made of the cache's entries.
    const stored = await registry.overwrite({ ...write, target, storage }, found as Entry, changed);
    if (!('conflict' in stored)) return false;
  }
  throw errors.timeout(`couldn't update PodDisruptionBudget due to conflicts`, 10);
}

/** An empty selector selects every pod of the namespace, none at all selects nothing. */
const covers = (budget: PodDisruptionBudget, pod: Pod): boolean =>
  labelSelector(budget.spec?.selector).matches(pod.metadata.labels);

const VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget.";

function tooMany(message: string, retryAfterSeconds: number): ApiError {
  const { status } = errors.tooManyRequests(VIOLATES, retryAfterSeconds);
  const details = retryAfterSeconds > 0 ? status.details : {};
  return new ApiError({ ...status, details: { ...details, causes: [{ reason: 'DisruptionBudget', message }] } });
}

function decremented(budget: PodDisruptionBudget, podName: string, now: number): Mutable<KubeObject> {
  const { name, generation = 0 } = budget.metadata;
  const {
    observedGeneration = 0,
    disruptionsAllowed = 0,
    desiredHealthy = 0,
    currentHealthy = 0,
  } = budget.status ?? {};
  const disrupted = budget.status?.disruptedPods ?? {};
  const gr = { group: 'policy', resource: 'poddisruptionbudget' };
  if (observedGeneration < generation) {
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  if (disruptionsAllowed < 0) throw errors.forbidden(gr, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disrupted).length > MAX_DISRUPTED) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw errors.forbidden(gr, name, why);
  }
  if (disruptionsAllowed === 0) {
    throw tooMany(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      0,
    );
  }
  const changed = {
    ...budget,
    status: {
      ...budget.status,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disrupted, [podName]: formatTime(now) },
    },
  };
  // Shares what it does not change with the frozen original; nobody writes into it.
  return changed as unknown as Mutable<KubeObject>;
}
