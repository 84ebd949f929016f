import type { Pod } from '../../api/core/v1.gen.ts';
import { cpuQuantity, memoryQuantity } from '../allocation/amounts.ts';
import type { ContainerUpdate, ResizePlan } from '../allocation/resize-plan.ts';
import { type PodCgroups, type PodLimits, podLimits } from '../cgroups.ts';
import { type CriClient, rpcMessage } from '../cri/client.ts';
import { containerResources } from '../resources.ts';

export interface ResizerOptions {
  readonly cri: Pick<CriClient, 'updateContainerResources'>;
  readonly cgroups: Pick<PodCgroups, 'current' | 'set' | 'memoryUsage'>;
  readonly memoryCapacity: number;
  /** A container has been given these amounts. */
  readonly onActuated: (uid: string, container: string, amounts: ContainerUpdate['current']) => void;
}

/**
 * Does what a plan says: memory, then CPU; the pod's group grows before its containers do, and shrinks after them.
 * Rejects with an Error in Kubernetes' words; what has been done until then stays done, and is known.
 */
export async function resizePod(options: ResizerOptions, pod: Pod, plan: ResizePlan): Promise<void> {
  const { cgroups } = options;
  const desired = podLimits(pod);
  const current = await cgroups.current(pod);
  await checkMemory(options, pod, plan, current, desired);
  // A limit that the pod had as a whole stays where not all of its containers have one.
  const memory = desired.memory ?? current.memory;
  const quota = desired.quota ?? current.quota;
  const more = (now: number | undefined, before: number | undefined) => (now ?? Infinity) > (before ?? Infinity);
  if (plan.memory.length > 0 || plan.pod) {
    if (more(memory, current.memory)) await cgroups.set(pod, { memory });
    await updateContainers(options, pod, plan.memory, 'memory');
    if (more(current.memory, memory)) await cgroups.set(pod, { memory });
  }
  if (plan.cpu.length > 0 || plan.pod) {
    if (more(quota, current.quota)) await cgroups.set(pod, { quota });
    if (desired.shares > current.shares) await cgroups.set(pod, { shares: desired.shares });
    await updateContainers(options, pod, plan.cpu, 'cpu');
    if (desired.shares < current.shares) await cgroups.set(pod, { shares: desired.shares });
    if (more(current.quota, quota)) await cgroups.set(pod, { quota });
  }
}

async function updateContainers(
  { cri, memoryCapacity, onActuated }: ResizerOptions,
  pod: Pod,
  updates: readonly ContainerUpdate[],
  resource: 'memory' | 'cpu',
): Promise<void> {
  for (const { container, id, current, desired } of updates) {
    // Memory is changed first: of the other resource each call says what the container has by then.
    const cpu = resource === 'cpu' ? desired : current;
    const memory = desired;
    const amounts = {
      cpuRequest: cpu.cpuRequest,
      cpuLimit: cpu.cpuLimit,
      memoryRequest: memory.memoryRequest,
      memoryLimit: memory.memoryLimit,
    };
    const resources = {
      requests: { cpu: cpuQuantity(amounts.cpuRequest), memory: memoryQuantity(amounts.memoryRequest) },
      limits: { cpu: cpuQuantity(amounts.cpuLimit), memory: memoryQuantity(amounts.memoryLimit) },
    };
    try {
      await cri.updateContainerResources(id, containerResources(pod, { ...container, resources }, memoryCapacity));
    } catch (error) {
      throw new Error(rpcMessage(error));
    }
    onActuated(pod.metadata.uid ?? '', container.name, amounts);
  }
}

/** A limit below what is in use would end the container: such a resize waits. */
async function checkMemory(
  { cgroups }: ResizerOptions,
  pod: Pod,
  plan: ResizePlan,
  current: PodLimits,
  desired: PodLimits,
): Promise<void> {
  if (plan.memory.length === 0 && !plan.pod) return;
  const problems: string[] = [];
  if (desired.memory !== undefined && desired.memory < (current.memory ?? Infinity)) {
    const used = await cgroups.memoryUsage(pod);
    if (used === undefined) problems.push('missing pod memory usage');
    else if (used >= desired.memory) {
      problems.push(`attempting to set pod memory limit (${desired.memory}) below current usage (${used})`);
    }
  }
  for (const { container, id, current: had, desired: wanted } of plan.memory) {
    if (wanted.memoryLimit === 0 || (had.memoryLimit !== 0 && wanted.memoryLimit >= had.memoryLimit)) continue;
    const used = await cgroups.memoryUsage(pod, id);
    const name = JSON.stringify(container.name);
    if (used === undefined) problems.push(`missing container ${name} memory usage`);
    else if (used >= wanted.memoryLimit) {
      problems.push(
        `attempting to set container ${name} memory limit (${wanted.memoryLimit}) below current usage (${used})`,
      );
    }
  }
  if (problems.length === 0) return;
  const all = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
  throw new Error(`cannot decrease memory limits: ${all}`);
}
