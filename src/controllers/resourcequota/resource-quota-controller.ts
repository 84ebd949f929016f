import { type ResourceQuota, resourcequotas } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import { type GroupResource, groupResourceName, type KubeObject } from '../../api/resource.ts';
import type { ResourceEventHandler } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { addQuantities, compareQuantities, formatQuantity } from '../../schema/quantity.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { ResourceCatalog } from '../shared/resource-catalog.ts';
import { startReconciler } from '../shared/start.ts';
import { Charges } from './charges.ts';
import { Counters } from './counters.ts';
import { countedResource, sameResources, totalUsage, usageIn } from './counting.ts';

const WORKERS = 5;
/** Every quota is counted again at least that often (--resource-quota-sync-period). */
const RESYNC_MS = 5 * 60_000;

/**
 * Keeps the status of ResourceQuotas: what they limit, and how much of it is in use. Admission adds to the usage what
 * it lets through; this counts what there is, and so gives back what objects that are gone have held.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export function startResourceQuotaController(context: ControllerContext): ControllerHandle {
  const { client, clock } = context;
  const quotas = context.informers.informer(resourcequotas);
  const catalog = new ResourceCatalog(context);
  /** By the quotas' uids. */
  const charges = new Map<string, Charges>();
  let objectsOf: Counters['objects'] = () => undefined;

  function chargesOf({ metadata: { uid } }: ResourceQuota): Charges {
    const known = charges.get(uid);
    if (known) return known;
    const made = new Charges();
    charges.set(uid, made);
    return made;
  }

  function observe(queue: WorkQueue): (() => void)[] {
    const counting = (resource: GroupResource, namespace = '') =>
      quotas.store.list(namespace).filter((quota) => counts(quota, resource));
    const counters = new Counters(
      context,
      catalog,
      (resource): ResourceEventHandler<KubeObject> => ({
        onAdd(object, initial) {
          if (initial) return;
          for (const quota of counting(resource, object.metadata.namespace)) {
            const usage = usageIn(quota.spec, resource, object);
            if (Object.keys(usage).length === 0) continue;
            const revision = Number(object.metadata.resourceVersion);
            if (!chargesOf(quota).arrive(usage, revision, clock.now())) queue.add(keyOf(quota));
          }
        },
        onUpdate(before, object) {
          for (const quota of counting(resource, object.metadata.namespace)) {
            const same = sameResources(usageIn(quota.spec, resource, before), usageIn(quota.spec, resource, object));
            if (!same) queue.add(keyOf(quota));
          }
        },
        onDelete(object) {
          for (const quota of counting(resource, object.metadata.namespace)) {
            if (Object.keys(usageIn(quota.spec, resource, object)).length > 0) queue.add(keyOf(quota));
          }
        },
      }),
      (resource) => {
        for (const quota of counting(resource)) queue.add(keyOf(quota));
      },
    );
    objectsOf = (resource, namespace) => counters.objects(resource, namespace);

    const wanted = () => {
      const resources = new Map<string, GroupResource>();
      for (const quota of quotas.store.list()) {
        for (const resource of resourcesOf(quota)) resources.set(groupResourceName(resource), resource);
      }
      counters.sync(resources.values());
    };
    return [
      quotas.addHandler({
        onAdd(quota) {
          wanted();
          queue.add(keyOf(quota));
        },
        onUpdate(before, quota) {
          const own = chargesOf(quota);
          const now = clock.now();
          own.observe(before.status.used ?? {}, quota.status.used ?? {}, Number(quota.metadata.resourceVersion), now);
          if (own.due(now) !== undefined) queue.addAfter(keyOf(quota), own.due(now) ?? 0);
          if (sameResources(before.spec.hard ?? {}, quota.spec.hard ?? {})) return;
          wanted();
          queue.add(keyOf(quota));
        },
        onDelete(quota) {
          charges.delete(quota.metadata.uid);
          wanted();
        },
      }),
      catalog.onChange(wanted),
      () => counters.stop(),
      () => catalog.stop(),
    ];
  }

  async function reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const quota = quotas.store.get(namespace, name);
    if (!quota) return;
    const now = clock.now();
    const own = chargesOf(quota);
    const pending = own.outstanding(now);
    const hard = quota.spec.hard ?? {};
    const used: Record<string, string> = {};
    // What cannot be counted keeps its last number.
    for (const [limited, quantity] of Object.entries(quota.status.used ?? {})) {
      if (hard[limited] !== undefined) used[limited] = quantity;
    }
    for (const resource of resourcesOf(quota)) {
      const objects = objectsOf(resource, namespace);
      if (!objects) continue;
      const counted = totalUsage(quota.spec, resource, objects, now);
      for (const [limited, quantity] of Object.entries(counted)) {
        used[limited] = corrected(used[limited], quantity, pending[limited]);
      }
    }
    queue.addAfter(key, own.due(now) ?? RESYNC_MS);
    const { status } = quota;
    if (status.hard && status.used && sameResources(hard, status.hard) && sameResources(used, status.used)) return;
    try {
      const written = await client.resource(resourcequotas).updateStatus({ ...quota, status: { hard, used } });
      own.wrote(Number(written.metadata.resourceVersion));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return startReconciler(context, {
    name: 'resource_quota_controller',
    workers: WORKERS,
    waitFor: [quotas, catalog],
    observe,
    reconcile,
  });
}

/** What to write for a usage when `counted` is what there is, and `pending` is charged for what is not there yet. */
function corrected(before: string | undefined, counted: string, pending: string | undefined): string {
  if (before === undefined || pending === undefined || compareQuantities(before, counted) <= 0) return counted;
  const expected = formatQuantity(addQuantities(counted, pending));
  return compareQuantities(before, expected) < 0 ? before : expected;
}

/** Every resource of whose objects a quota limits something, once. */
function resourcesOf({ spec }: ResourceQuota): GroupResource[] {
  const found = new Map<string, GroupResource>();
  for (const name of Object.keys(spec.hard ?? {})) {
    const resource = countedResource(name);
    if (resource) found.set(groupResourceName(resource), resource);
  }
  return [...found.values()];
}

const counts = (quota: ResourceQuota, { group, resource }: GroupResource): boolean =>
  resourcesOf(quota).some((counted) => counted.group === group && counted.resource === resource);
