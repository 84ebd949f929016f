import type { Pod } from '../../api/core/v1.gen.ts';
import { podTotals, quantityOf } from '../../api/pod-resources.ts';
import { quantityNumber } from '../../schema/quantity.ts';
import { amount, type Shortage } from './thresholds.ts';

/** What a pod uses of the node; disk includes logs, writable layers and volumes on the node. */
export interface PodUsage {
  readonly memory: number;
  readonly disk: number;
  readonly inodes: number;
  readonly pids: number;
  readonly containers: readonly ContainerUsage[];
}

export interface ContainerUsage {
  readonly name: string;
  readonly memory: number;
  /** Writable layer and logs. */
  readonly disk: number;
}

const request = (pod: Pod, resource: string): number => {
  const text = quantityOf(podTotals(pod.spec, 'requests'), resource);
  return text === undefined ? 0 : quantityNumber(text);
};

/**
 * The pods in the order in which they are evicted: those that use more than they asked for, then by priority, then by
 * how much more. Pure.
 */
export function rank(pods: readonly Pod[], usage: ReadonlyMap<string, PodUsage>, shortage: Shortage): Pod[] {
  const key = (pod: Pod): readonly number[] => {
    const used = usage.get(pod.metadata.uid ?? '');
    // Nothing is known of what has just begun, or is broken: that goes first.
    if (!used) return [0, 0, 0];
    const priority = pod.spec.priority ?? 0;
    if (shortage.resource === 'inodes') return [1, priority, -used.inodes];
    if (shortage.resource === 'pids') return [1, priority, -used.pids];
    const [amountUsed, asked] =
      shortage.resource === 'memory'
        ? [used.memory, request(pod, 'memory')]
        : [used.disk, request(pod, 'ephemeral-storage')];
    return [amountUsed > asked ? 1 : 2, priority, asked - amountUsed];
  };
  return pods
    .map((pod) => ({ pod, key: key(pod) }))
    .sort((a, b) => {
      const at = a.key.findIndex((value, i) => value !== b.key[i]);
      return at < 0 ? 0 : (a.key[at] ?? 0) - (b.key[at] ?? 0);
    })
    .map(({ pod }) => pod);
}

/** Why that pod, in the kubelet's words (with the space at their end). */
export function evictionMessage(pod: Pod, usage: PodUsage | undefined, shortage: Shortage): string {
  const { resource, least, available } = shortage;
  let message = `The node was low on resource: ${resource}. Threshold quantity: ${amount(least)}, available: ${amount(available)}. `;
  if (resource !== 'memory' && resource !== 'ephemeral-storage') return message;
  const whole = resource === 'memory' ? pod.spec.resources?.requests?.memory : undefined;
  if (whole !== undefined && usage) {
    message += `Pod ${pod.metadata.name} was using ${amount(usage.memory)}, request is ${whole}, has larger consumption of memory. `;
  }
  for (const { name, memory, disk } of usage?.containers ?? []) {
    const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((c) => c.name === name);
    if (!container) continue;
    const asked = quantityOf(container.resources?.requests ?? {}, resource) ?? '0';
    const used = resource === 'memory' ? memory : disk;
    if (used <= quantityNumber(asked)) continue;
    message += `Container ${name} was using ${amount(used)}, request is ${asked}, has larger consumption of ${resource}. `;
  }
  return message;
}

/** A limit on storage of its own that a pod exceeds, in the kubelet's words. `emptyDirs` are bytes by volume. */
export function storageExcess(pod: Pod, usage: PodUsage, emptyDirs: ReadonlyMap<string, number>): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    if (limit === undefined || quantityNumber(limit) <= 0) continue;
    if ((emptyDirs.get(name) ?? 0) > quantityNumber(limit)) {
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(limit)}. `;
    }
  }
  const whole = quantityOf(podTotals(pod.spec, 'limits'), 'ephemeral-storage');
  if (whole !== undefined && usage.disk > quantityNumber(whole)) {
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${whole}. `;
  }
  for (const { name, resources } of pod.spec.containers) {
    const limit = resources?.limits?.['ephemeral-storage'];
    const used = usage.containers.find((c) => c.name === name)?.disk ?? 0;
    if (limit === undefined || quantityNumber(limit) === 0 || used <= quantityNumber(limit)) continue;
    return `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(limit)}. `;
  }
  return undefined;
}

/** Whether a pod has limits on storage at all, so that its disk usage must be looked at. */
export const hasStorageLimits = (pod: Pod): boolean =>
  (pod.spec.volumes ?? []).some((v) => v.emptyDir?.sizeLimit !== undefined && v.emptyDir.medium !== 'Memory') ||
  quantityOf(podTotals(pod.spec, 'limits'), 'ephemeral-storage') !== undefined;
