import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../api/core/v1.gen.ts';
import { formatTime } from '../../schema/time.ts';

/** How pods on simulated nodes live. */
export interface PodLife {
  /** From bound to running. */
  readonly startupMs: number;
  /** From running to succeeded, for pods that a Job owns; others run until they are deleted. */
  readonly jobRunMs: number;
}

/** A pod may say itself how many seconds it runs before it succeeds. */
export const runSecondsAnnotation = 'simulated.skiff.dev/run-seconds';

export type PodStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'delete' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'status'; readonly status: PodStatus };

export interface PodPlace {
  readonly hostIP: string;
  readonly podIP: string;
}

/** What a pod that is bound to a simulated node needs next; `since` is when the node first saw it (ms since the epoch). */
export function nextStep(pod: Pod, place: PodPlace, life: PodLife, since: number, now: number): PodStep {
  if (pod.metadata.deletionTimestamp !== undefined) return { do: 'delete' };
  const { phase } = pod.status;
  if (phase === 'Succeeded' || phase === 'Failed') return { do: 'nothing' };
  if (phase !== 'Running') {
    const left = since + life.startupMs - now;
    return left > 0 ? { do: 'wait', ms: left } : { do: 'status', status: running(pod, place, now) };
  }
  const runMs = runTime(pod, life);
  if (runMs === undefined) return { do: 'nothing' };
  const started = Date.parse(pod.status.startTime ?? '') || now;
  const left = started + runMs - now;
  return left > 0 ? { do: 'wait', ms: left } : { do: 'status', status: succeeded(pod, now) };
}

function runTime(pod: Pod, life: PodLife): number | undefined {
  const own = pod.metadata.annotations?.[runSecondsAnnotation];
  if (own !== undefined && Number(own) >= 0) return Number(own) * 1000;
  return pod.metadata.ownerReferences?.some((o) => o.controller && o.kind === 'Job') ? life.jobRunMs : undefined;
}

function conditions(pod: Pod, now: number, ready: boolean): PodCondition[] {
  const at = formatTime(now);
  const reason = ready ? {} : { reason: 'PodCompleted' };
  const make = (type: PodCondition['type'], value: boolean, why: object = {}): PodCondition => {
    const old = pod.status.conditions?.find((c) => c.type === type);
    const status = value ? 'True' : 'False';
    return { type, status, lastTransitionTime: old?.status === status ? old.lastTransitionTime : at, ...why };
  };
  return [
    make('PodReadyToStartContainers', ready),
    make('Initialized', true, reason),
    make('Ready', ready, reason),
    make('ContainersReady', ready, reason),
    make('PodScheduled', true),
  ];
}

function running(pod: Pod, place: PodPlace, now: number): PodStatus {
  const startedAt = formatTime(now);
  return {
    phase: 'Running',
    conditions: conditions(pod, now, true),
    hostIP: place.hostIP,
    hostIPs: [{ ip: place.hostIP }],
    podIP: place.podIP,
    podIPs: [{ ip: place.podIP }],
    startTime: startedAt,
    initContainerStatuses: pod.spec.initContainers?.map((c) =>
      containerStatus(pod, c, c.restartPolicy === 'Always' ? { running: { startedAt } } : ended(startedAt, startedAt)),
    ),
    containerStatuses: pod.spec.containers.map((c) => containerStatus(pod, c, { running: { startedAt } })),
  };
}

function succeeded(pod: Pod, now: number): PodStatus {
  const startedAt = pod.status.startTime ?? formatTime(now);
  return {
    phase: 'Succeeded',
    conditions: conditions(pod, now, false),
    containerStatuses: pod.spec.containers.map((c) => containerStatus(pod, c, ended(startedAt, formatTime(now)))),
  };
}

function ended(startedAt: string, finishedAt: string): ContainerStatus['state'] {
  return { terminated: { exitCode: 0, reason: 'Completed', startedAt, finishedAt } };
}

function containerStatus(
  pod: Pod,
  container: { readonly name: string; readonly image?: string },
  state: ContainerStatus['state'],
): ContainerStatus {
  const image = container.image ?? '';
  const isRunning = state.running !== undefined;
  return {
    name: container.name,
    state,
    lastState: {},
    ready: isRunning,
    started: isRunning,
    restartCount: 0,
    image,
    imageID: image,
    containerID: `simulated://${pod.metadata.uid}/${container.name}`,
  };
}
