import type { ResourceQuota } from '../../../api/core/v1.gen.ts';
import { errors, isConflict, isNotFound } from '../../../api/errors.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import type { AdmissionReaders } from '../readers.ts';
import type { LimitedResource } from './configuration.ts';
import { evaluate, handles } from './evaluate.ts';
import { isIgnored } from './usage.ts';

export interface QuotaWriter {
  /** Writes the status; rejects with a conflict when the quota has changed since it was read. */
  updateStatus(quota: ResourceQuota): Promise<ResourceQuota>;
  /** The newest state, for after a conflict. */
  get(namespace: string, name: string): Promise<ResourceQuota>;
}

/** After so many conflicts in a row with other API servers a client is told to come again. */
const ATTEMPTS = 5;
/** Quotas whose last status is kept until the cache has it too. */
const MOST_WRITTEN = 1000;

interface Waiter {
  readonly request: AdmissionRequest;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Nothing is made beyond what the namespace's quotas allow. What a request needs is added to the quotas' status with
 * compare-and-swap before it is let through, so that requests at the same time cannot use the same room twice; what
 * fails later, the quota controller counts back. Requests of a namespace that count for something take turns. Must be the last plugin that refuses.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export function resourceQuota(
  readers: Pick<AdmissionReaders, 'resourceQuotas'>,
  writer: QuotaWriter,
  limited: readonly LimitedResource[] = [],
): AdmissionPlugin {
  /** Who waits, by namespace; there is an entry while somebody works on the namespace. */
  const queues = new Map<string, Waiter[]>();
  /** Quotas as this process wrote them, until the cache has them too. */
  const written = new Map<string, ResourceQuota>();

  const newest = (quota: ResourceQuota): ResourceQuota => {
    const own = written.get(quota.metadata.uid);
    if (!own) return quota;
    if (Number(own.metadata.resourceVersion) > Number(quota.metadata.resourceVersion)) return own;
    written.delete(quota.metadata.uid);
    return quota;
  };

  const write = async (quota: ResourceQuota): Promise<void> => {
    const next = await writer.updateStatus(quota);
    written.delete(next.metadata.uid);
    written.set(next.metadata.uid, next);
    if (written.size > MOST_WRITTEN) {
      const [oldest = ''] = written.keys();
      written.delete(oldest);
    }
  };

  /** Lets those through that the quotas have room for, in their order, with one status a quota. */
  const settle = async (namespace: string, waiters: readonly Waiter[]): Promise<void> => {
    let pending = waiters;
    let quotas: readonly ResourceQuota[] = [...readers.resourceQuotas(namespace)].map(newest);
    for (let attempt = 1; ; attempt++) {
      const before = quotas;
      const counted: Waiter[] = [];
      for (const waiter of pending) {
        try {
          const next = evaluate(waiter.request, quotas, limited);
          if (next === quotas || waiter.request.dryRun) waiter.resolve();
          else {
            quotas = next;
            counted.push(waiter);
          }
        } catch (error) {
          waiter.reject(error);
        }
      }
      const conflicts: string[] = [];
      try {
        for (const quota of quotas.filter((one, i) => one !== before[i])) {
          const { name } = quota.metadata;
          await write(quota).catch((error: unknown) => {
            if (isConflict(error)) conflicts.push(name);
            // A quota that is gone limits nothing.
            else if (!isNotFound(error)) throw error;
          });
        }
        if (conflicts.length === 0) {
          for (const waiter of counted) waiter.resolve();
          return;
        }
        if (attempt === ATTEMPTS) throw errors.serverTimeout({ group: '', resource: 'resourcequotas' }, 'update', 1);
        const again = await Promise.all(conflicts.map((name) => writer.get(namespace, name).catch(unlessGone)));
        quotas = again.filter((quota) => quota !== undefined);
        pending = counted;
      } catch (error) {
        for (const waiter of counted) waiter.reject(error);
        return;
      }
    }
  };

  const work = async (namespace: string): Promise<void> => {
    for (;;) {
      // One at a time: the quota controller knows the charge of an object that it has yet to see by its size.
      const waiters = queues.get(namespace)?.splice(0, 1) ?? [];
      if (waiters.length === 0) break;
      await settle(namespace, waiters);
    }
    queues.delete(namespace);
  };

  return {
    name: 'ResourceQuota',
    handles: (operation, group, resource, subresource) =>
      handles(operation, group, resource, subresource) && !isIgnored(group, resource),
    validate(request) {
      const { namespace } = request.target;
      if (namespace === '' || request.target.resource.data.kind === 'Namespace') return;
      if (!queues.has(namespace)) {
        // Most namespaces have no quotas, and most quotas are not about most requests: that takes no turn.
        const quotas: readonly ResourceQuota[] = [...readers.resourceQuotas(namespace)];
        if (quotas.length === 0 && limited.length === 0) return;
        const current = quotas.map(newest);
        if (evaluate(request, current, limited) === current || request.dryRun) return;
      }
      return new Promise<void>((resolve, reject) => {
        const waiter = { request, resolve, reject };
        const queue = queues.get(namespace);
        if (queue) queue.push(waiter);
        else {
          queues.set(namespace, [waiter]);
          void work(namespace);
        }
      });
    },
  };
}

function unlessGone(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
