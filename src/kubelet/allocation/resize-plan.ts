import type { Container, Pod } from '../../api/core/v1.gen.ts';
import { findContainer, type RuntimePod } from '../runtime/state.ts';
import { type Amounts, amountsOf, noAmounts, sameAmounts } from './amounts.ts';

export interface ContainerUpdate {
  readonly container: Container;
  readonly id: string;
  readonly current: Amounts;
  readonly desired: Amounts;
}

/** What brings a pod's containers from the amounts that they have to those that they have been granted. */
export interface ResizePlan {
  /** Ids of containers that must be made anew, by their policy. */
  readonly restart: ReadonlySet<string>;
  /** What is changed in place: what gets smaller comes first, so that the sum stays within the pod's. */
  readonly memory: readonly ContainerUpdate[];
  readonly cpu: readonly ContainerUpdate[];
  /** The pod's own control group must be looked at, whatever its containers need. */
  readonly pod: boolean;
}

/** What has been done so far, by name of container; undefined: not known, as after an update of the agent. */
export interface ActuatedAmounts {
  readonly container: (name: string) => Amounts | undefined;
  readonly pod: Amounts | undefined;
}

/** Pure. `pod` is as it has been granted. */
export function planResize(pod: Pod, runtime: RuntimePod | undefined, actuated: ActuatedAmounts): ResizePlan {
  const restart = new Set<string>();
  const memory: ContainerUpdate[] = [];
  const cpu: ContainerUpdate[] = [];
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    const instance = findContainer(runtime, container.name);
    if (instance?.state !== 'running') continue;
    const desired = amountsOf(container.resources, pod.spec.resources);
    const current = actuated.container(container.name) ?? noAmounts;
    if (sameAmounts(current, desired)) continue;
    if (restarts(container, current, desired)) {
      restart.add(instance.id);
      continue;
    }
    const update = { container, id: instance.id, current, desired };
    mark(memory, update, current.memoryLimit, desired.memoryLimit, current.memoryRequest, desired.memoryRequest);
    mark(cpu, update, current.cpuLimit, desired.cpuLimit, current.cpuRequest, desired.cpuRequest);
  }
  const whole = pod.spec.resources ? amountsOf(pod.spec.resources) : undefined;
  const wholeChanged = whole !== undefined && !sameAmounts(actuated.pod ?? noAmounts, whole);
  return { restart, memory, cpu, pod: restart.size > 0 || wholeChanged };
}

export const isEmptyPlan = (plan: ResizePlan): boolean =>
  plan.restart.size === 0 && plan.memory.length === 0 && plan.cpu.length === 0 && !plan.pod;

function restarts({ resizePolicy = [] }: Container, current: Amounts, desired: Amounts): boolean {
  const byPolicy = (resource: string): boolean =>
    resizePolicy.find(({ resourceName }) => resourceName === resource)?.restartPolicy === 'RestartContainer';
  const cpu = current.cpuLimit !== desired.cpuLimit || current.cpuRequest !== desired.cpuRequest;
  const memory = current.memoryLimit !== desired.memoryLimit || current.memoryRequest !== desired.memoryRequest;
  return (cpu && byPolicy('cpu')) || (memory && byPolicy('memory'));
}

function mark(
  list: ContainerUpdate[],
  update: ContainerUpdate,
  limit: number,
  newLimit: number,
  request: number,
  newRequest: number,
): void {
  const [before, after] = limit !== newLimit ? [limit, newLimit] : [request, newRequest];
  if (after > before) list.push(update);
  if (after < before) list.unshift(update);
}
