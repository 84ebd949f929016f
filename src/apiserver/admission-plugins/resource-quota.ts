import type { Pod, ResourceQuota } from '../../api/core/v1.gen.ts';
import { errors, isConflict, isNotFound } from '../../api/errors.ts';
import { quantityOf, type ResourceList } from '../../api/pod-resources.ts';
import { addQuantities, compareQuantities, formatQuantity, subtractQuantities } from '../../schema/quantity.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { describeResources, missingRequests, quotaCounts, usageOf } from './quota-usage.ts';
import { type AdmissionReaders, objectOf, oldObjectOf, refusal } from './readers.ts';

export interface QuotaWriter {
  /** Writes the status; rejects with a conflict when the quota has changed since it was read. */
  updateStatus(quota: ResourceQuota): Promise<ResourceQuota>;
  /** The newest state, for after a conflict. */
  get(namespace: string, name: string): Promise<ResourceQuota>;
}

/** After so many conflicts in a row with other API servers a client is told to come again. */
const attempts = 5;

/** Requests that may count for more than before: everything made, and the few kinds that can grow. */
function handles(operation: string, group: string, resource: string, subresource: string): boolean {
  if (operation === 'CREATE') return subresource === '';
  if (operation !== 'UPDATE' || group !== '') return false;
  return (
    (subresource === '' && (resource === 'persistentvolumeclaims' || resource === 'services')) ||
    (subresource === 'resize' && resource === 'pods')
  );
}

/**
 * Nothing is made beyond what the namespace's quotas allow. What a request needs is added to the quotas' status with
 * compare-and-swap before it is let through, so that requests at the same time cannot use the same room twice; what
 * fails later, the quota controller counts back. Must be the last plugin.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export function resourceQuota(readers: Pick<AdmissionReaders, 'resourceQuotas'>, writer: QuotaWriter): AdmissionPlugin {
  /** One request of a namespace at a time; the others of this process would only conflict with it. */
  const turns = new Map<string, Promise<void>>();
  /** Quotas as this process wrote them, until the cache has them too. */
  const written = new Map<string, ResourceQuota>();

  const newest = (quota: ResourceQuota): ResourceQuota => {
    const own = written.get(quota.metadata.uid);
    if (!own) return quota;
    if (Number(own.metadata.resourceVersion) > Number(quota.metadata.resourceVersion)) return own;
    written.delete(quota.metadata.uid);
    return quota;
  };

  const charge = async (request: AdmissionRequest, quota: ResourceQuota): Promise<void> => {
    let current = newest(quota);
    for (let attempt = 1; ; attempt++) {
      const used = afterRequest(request, current);
      if (!used || request.dryRun) return;
      try {
        const next = await writer.updateStatus({ ...current, status: { ...current.status, used } });
        written.set(next.metadata.uid, next);
        return;
      } catch (error) {
        // A quota that is gone limits nothing.
        if (isNotFound(error)) return;
        if (!isConflict(error)) throw error;
        if (attempt === attempts) throw errors.serverTimeout({ group: '', resource: 'resourcequotas' }, 'update', 1);
        current = await writer.get(current.metadata.namespace ?? '', current.metadata.name);
      }
    }
  };

  return {
    name: 'ResourceQuota',
    handles,
    async validate(request) {
      const { namespace } = request.target;
      if (namespace === '' || !concerned(request, readers.resourceQuotas(namespace))) return;
      const before = turns.get(namespace);
      const { promise, resolve } = Promise.withResolvers<void>();
      turns.set(namespace, promise);
      try {
        await before;
        const quotas = [...readers.resourceQuotas(namespace)].map(newest);
        // Refusals first: one quota must not be charged for what another refuses.
        for (const quota of quotas) afterRequest(request, quota);
        for (const quota of quotas) await charge(request, quota);
      } finally {
        resolve();
        if (turns.get(namespace) === promise) turns.delete(namespace);
      }
    },
  };
}

function concerned(request: AdmissionRequest, quotas: Iterable<ResourceQuota>): boolean {
  for (const quota of quotas) if (quotaCounts(quota.spec, resourceOf(request), objectOf(request))) return true;
  return false;
}

const resourceOf = ({ target: { resource } }: AdmissionRequest) => ({
  group: resource.group,
  resource: resource.data.resource,
});

/** The quota's usage with the request in it; undefined where that is no more than before. Throws 403 where it is too much. */
function afterRequest(request: AdmissionRequest, quota: ResourceQuota): Record<string, string> | undefined {
  const resource = resourceOf(request);
  const object = objectOf(request);
  if (!quotaCounts(quota.spec, resource, object)) return undefined;
  const hard = quota.status.hard ?? {};
  const { name } = quota.metadata;
  if (resource.group === '' && resource.resource === 'pods' && request.operation === 'CREATE') {
    const why = missingRequests(
      objectOf<Pod>(request),
      new Set(Object.keys(quota.status.hard ?? quota.spec.hard ?? {})),
    );
    if (why) throw refusal(request, `failed quota: ${name}: ${why}`);
  }
  const now = usageOf(resource, object);
  const unknown = Object.keys(now)
    .filter(
      (key) =>
        (quantityOf(hard, key) ?? quantityOf(quota.spec.hard ?? {}, key)) !== undefined &&
        quantityOf(quota.status.used ?? {}, key) === undefined,
    )
    .sort();
  if (unknown.length) throw refusal(request, `status unknown for quota: ${name}, resources: ${unknown.join(',')}`);
  const requested = increase(now, request.oldObject ? usageOf(resource, oldObjectOf(request)) : {}, hard);
  if (Object.keys(requested).length === 0) return undefined;
  const used = { ...quota.status.used };
  const exceeded: string[] = [];
  for (const [key, quantity] of Object.entries(requested)) {
    used[key] = formatQuantity(addQuantities(used[key] ?? '0', quantity));
    if (compareQuantities(used[key], hard[key] ?? '0') > 0) exceeded.push(key);
  }
  if (exceeded.length === 0) return used;
  const only = (list: ResourceList) =>
    describeResources(Object.fromEntries(exceeded.map((key) => [key, list[key] ?? '0'])));
  throw refusal(
    request,
    `exceeded quota: ${name}, requested: ${only(requested)}, used: ${only(quota.status.used ?? {})}, limited: ${only(hard)}`,
  );
}

/** By how much usage grows, of those resources that the quota limits. */
function increase(now: ResourceList, before: ResourceList, hard: ResourceList): Record<string, string> {
  const more: Record<string, string> = {};
  for (const [key, quantity] of Object.entries(now)) {
    // Pods come here before they are validated: a resource may be called "constructor".
    if (!Object.hasOwn(hard, key)) continue;
    const delta = formatQuantity(subtractQuantities(quantity, quantityOf(before, key) ?? '0'));
    if (compareQuantities(delta, '0') > 0) more[key] = delta;
  }
  return more;
}
