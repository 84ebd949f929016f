import type { Container, ContainerStatus, Pod } from '../../../api/core/v1.gen.ts';
import { timeToMs } from '../../../schema/time.ts';
import { humanDuration } from '../../http/table.ts';
import { age, NONE, orNone } from '../cells.ts';

/** How often containers were started anew, and when the last of them ended. */
class Restarts {
  count = 0;
  #last = 0;

  add(status: ContainerStatus): void {
    this.count += status.restartCount;
    const ended = status.lastState?.terminated?.finishedAt;
    if (ended) this.#last = Math.max(this.#last, timeToMs(ended));
  }

  cell(now: number): string {
    if (this.count === 0 || this.#last === 0) return String(this.count);
    return `${this.count} (${humanDuration(now - this.#last)} ago)`;
  }
}

const isSidecar = (container: Container | undefined): boolean => container?.restartPolicy === 'Always';

/** A terminated container's reason, or what stands for one. */
function ending({ reason, signal, exitCode }: { reason?: string; signal?: number; exitCode: number }): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

/** What `kubectl get pods` shows: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ */
export function podCells(pod: Pod, now: number): readonly unknown[] {
  const { spec, status } = pod;
  const initContainers = spec.initContainers ?? [];
  const phase = status.phase ?? '';
  let reason: string = status.reason || phase;
  for (const condition of status.conditions ?? []) {
    if (condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated') reason = condition.reason;
  }
  const total = (spec.containers?.length ?? 0) + initContainers.filter(isSidecar).length;
  const init = initialization(pod);
  let ready = init.ready;
  let restarts = init.restarts;
  if (init.reason !== undefined) reason = init.reason;
  if (init.reason === undefined || holds(pod, 'Initialized')) {
    restarts = init.sidecarRestarts;
    let running = false;
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      restarts.add(container);
      const { waiting, terminated } = container.state ?? {};
      if (waiting?.reason) reason = waiting.reason;
      else if (terminated) reason = ending(terminated);
      else if (container.ready && container.state?.running) {
        running = true;
        ready++;
      }
    }
    if (reason === 'Completed' && running) reason = holds(pod, 'Ready') ? 'Running' : 'NotReady';
  }
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') reason = 'Unknown';
    else if (phase !== 'Failed' && phase !== 'Succeeded') reason = 'Terminating';
  }
  return [
    pod.metadata.name,
    `${ready}/${total}`,
    reason,
    restarts.cell(now),
    age(pod, now),
    orNone(status.podIPs?.[0]?.ip),
    orNone(spec.nodeName),
    orNone(status.nominatedNodeName),
    readinessGates(pod),
  ];
}

/** How far the init containers have come: a reason as long as they are not done. */
function initialization({ spec, status }: Pod) {
  const containers = new Map((spec.initContainers ?? []).map((c) => [c.name, c]));
  const restarts = new Restarts();
  const sidecarRestarts = new Restarts();
  let ready = 0;
  let reason: string | undefined;
  for (const [i, container] of (status.initContainerStatuses ?? []).entries()) {
    const sidecar = isSidecar(containers.get(container.name));
    restarts.add(container);
    if (sidecar) sidecarRestarts.add(container);
    const { waiting, terminated } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && container.started) {
      if (container.ready) ready++;
      continue;
    }
    if (terminated) reason = `Init:${ending(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') reason = `Init:${waiting.reason}`;
    else reason = `Init:${i}/${spec.initContainers?.length ?? 0}`;
    break;
  }
  return { restarts, sidecarRestarts, ready, reason };
}

const holds = ({ status }: Pod, type: string): boolean =>
  status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  return `${gates.filter((gate) => holds(pod, gate.conditionType)).length}/${gates.length}`;
}
