import type { ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from '../../api/core/v1.gen.ts';
import { qosClass } from '../../api/pod-qos.ts';
import { formatTime } from '../../schema/time.ts';
import type { PodLimits } from '../cgroups.ts';
import type { RuntimeContainer, RuntimePod } from '../runtime/state.ts';
import { type AnyContainer, isSidecar, restartsAfterExit, shouldStart } from './pod.ts';
import { containerResourcesStatus, podResourcesStatus } from './resources-status.ts';

export interface StatusInput {
  readonly pod: Pod;
  readonly runtime: RuntimePod | undefined;
  /** Why a container that should run does not, by name: waiting reason and message. */
  readonly waiting: ReadonlyMap<string, { readonly reason: string; readonly message: string }>;
  /** Results of the running containers' probes, by container id; absent: no such probe, or no result yet. */
  readonly started: (containerId: string) => boolean | undefined;
  readonly ready: (containerId: string) => boolean | undefined;
  readonly hostIPs: readonly string[];
  /** Nothing of the pod will run any more. */
  readonly terminal: boolean;
  /** Why the kubelet itself ended the pod. */
  readonly failed?: { readonly reason: string; readonly message: string };
  /** The node has not taken the pod at all; `failed` says why. */
  readonly rejected?: boolean;
  /** Why the node ended the pod for the sake of others. */
  readonly disruption?: string;
  /** What the pod's control group has; undefined: it has none. */
  readonly limits?: PodLimits;
  /** Where a resize of the pod stands. */
  readonly resize?: readonly PodCondition[];
  readonly now: number;
}

/** The status that the kubelet reports, from what the runtime has. Pure; conditions of others are left out. */
export function podStatus(input: StatusInput): PodStatus {
  const { pod, runtime, hostIPs, now } = input;
  const old = pod.status ?? {};
  if (input.rejected) return rejectedStatus(input);
  const lists = (specs: readonly AnyContainer[] | undefined, before: readonly ContainerStatus[] | undefined) =>
    (specs ?? []).map((spec) =>
      containerStatus(
        input,
        spec,
        before?.find((s) => s.name === spec.name),
      ),
    );
  const init = lists(pod.spec.initContainers, old.initContainerStatuses);
  const containers = lists(pod.spec.containers, old.containerStatuses);
  const ephemeral = lists(pod.spec.ephemeralContainers, old.ephemeralContainerStatuses);
  // While something of it runs, a pod has not failed yet: others would take what it still has.
  const ended = input.terminal ? input.failed : undefined;
  const phase = ended
    ? 'Failed'
    : // A pod's last word stands.
      old.phase === 'Failed' || old.phase === 'Succeeded'
      ? old.phase
      : podPhase(pod, init, containers, input.terminal);
  const podIPs = pod.spec.hostNetwork ? hostIPs : (runtime?.sandboxes.find((s) => s.ready)?.ips ?? []);
  const kept = podIPs.length ? podIPs : (old.podIPs ?? []).map((p) => p.ip);
  const failed = ended ?? (old.reason ? { reason: old.reason, message: old.message ?? '' } : undefined);
  const status: PodStatus = {
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    phase,
    ...(failed && { reason: failed.reason, message: failed.message }),
    ...(hostIPs[0] && { hostIP: hostIPs[0], hostIPs: hostIPs.map((ip) => ({ ip })) }),
    ...(kept[0] && { podIP: kept[0], podIPs: kept.map((ip) => ({ ip })) }),
    startTime: old.startTime ?? formatTime(now),
    ...(init.length && { initContainerStatuses: init }),
    containerStatuses: containers,
    ...(ephemeral.length && { ephemeralContainerStatuses: ephemeral }),
    qosClass: old.qosClass ?? qosClass(pod.spec),
    ...podResourcesStatus(pod, phase, input.limits),
  };
  return { ...status, conditions: podConditions(input, status) };
}

/** A pod that the node did not take has had no containers. */
function rejectedStatus({ pod, failed, now }: StatusInput): PodStatus {
  const old = pod.status ?? {};
  return {
    ...(pod.metadata.generation !== undefined && { observedGeneration: pod.metadata.generation }),
    phase: 'Failed',
    ...failed,
    startTime: old.startTime ?? formatTime(now),
    qosClass: old.qosClass ?? qosClass(pod.spec),
    conditions: [],
  };
}

function containerStatus(input: StatusInput, spec: AnyContainer, old: ContainerStatus | undefined): ContainerStatus {
  const { pod, runtime, waiting } = input;
  const instances = runtime?.containers.filter((c) => c.name === spec.name) ?? [];
  const [newest, before] = instances;
  const isInit = pod.spec.initContainers?.some((c) => c.name === spec.name) ?? false;
  const base = {
    name: spec.name,
    image: spec.image ?? '',
    imageID: '',
    ready: false,
    restartCount: old?.restartCount ?? 0,
    lastState: {},
    started: false,
  };
  if (!newest) return withoutInstance(input, base, old, isInit);

  let state = stateOf(newest);
  let lastState: ContainerState = before
    ? stateOf(before)
    : newest.restartCount > 0 && old?.lastState
      ? old.lastState // the earlier instance has been removed meanwhile
      : {};
  const running = newest.state === 'running';
  const why = waiting.get(spec.name);
  if (!running && why && shouldStart(pod, spec, newest)) {
    if (state.terminated) lastState = state;
    state = { waiting: why.message ? why : { reason: why.reason } };
  }
  const started = running && (input.started(newest.id) ?? !spec.startupProbe);
  const ready = running
    ? isInit && !isSidecar(spec)
      ? false
      : started && (input.ready(newest.id) ?? !spec.readinessProbe)
    : isInit && !isSidecar(spec) && state.terminated?.exitCode === 0;
  return {
    ...base,
    state,
    lastState,
    image: newest.image || base.image,
    imageID: newest.imageId,
    containerID: `containerd://${newest.id}`,
    restartCount: newest.restartCount,
    ready,
    started,
    ...containerResourcesStatus(spec, newest, old),
  };
}

/** The status of a container that the runtime has nothing of. */
function withoutInstance(
  input: StatusInput,
  base: Omit<ContainerStatus, 'state'>,
  old: ContainerStatus | undefined,
  isInit: boolean,
): ContainerStatus {
  const { pod, runtime, waiting, terminal } = input;
  const unknown = {
    terminated: {
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was terminated',
      exitCode: 137,
    },
  };
  // What was already seen to end stays ended, though its remains are gone.
  if (old?.state.terminated && (terminal || isInit)) return { ...old, ready: isInit && old.ready };
  if (terminal) return { ...base, ...(old && { lastState: old.lastState }), state: unknown };
  const initialized = pod.spec.containers.some((c) => runtime?.containers.some((r) => r.name === c.name));
  const fallback = pod.spec.initContainers?.length && !initialized ? 'PodInitializing' : 'ContainerCreating';
  const why = waiting.get(base.name);
  const state = { waiting: why ? (why.message ? why : { reason: why.reason }) : { reason: fallback } };
  if (!old?.state.running) return { ...base, ...(old && { lastState: old.lastState }), state };
  const lost = {
    ...unknown.terminated,
    message: 'The container could not be located when the pod was deleted.  The container used to be Running',
  };
  return { ...base, restartCount: old.restartCount + 1, lastState: { terminated: lost }, state };
}

function stateOf(container: RuntimeContainer): ContainerState {
  const time = (ms: number) => (ms ? formatTime(ms) : undefined);
  switch (container.state) {
    case 'running':
      return { running: { startedAt: formatTime(container.startedAt) } };
    case 'exited': {
      const startedAt = time(container.startedAt);
      const finishedAt = time(container.finishedAt);
      return {
        terminated: {
          exitCode: container.exitCode,
          reason: container.reason || (container.exitCode === 0 ? 'Completed' : 'Error'),
          ...(container.message && { message: container.message }),
          ...(startedAt && { startedAt }),
          ...(finishedAt && { finishedAt }),
          containerID: `containerd://${container.id}`,
        },
      };
    }
    default:
      return { waiting: { reason: 'ContainerCreating' } };
  }
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase */
function podPhase(
  pod: Pod,
  init: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
  terminal: boolean,
): NonNullable<PodStatus['phase']> {
  const policy = pod.spec.restartPolicy ?? 'Always';
  const begun = containers.some((c) => !c.state.waiting || c.lastState.terminated);
  let pendingInit = false;
  let sidecarRuns = false;
  for (const [i, spec] of (pod.spec.initContainers ?? []).entries()) {
    const status = init[i];
    if (isSidecar(spec)) {
      if (status?.state.running) sidecarRuns = true;
      if (!status?.started && !begun) pendingInit = true;
      continue;
    }
    const exit = status?.state.terminated ?? status?.lastState.terminated;
    if (status?.state.terminated?.exitCode === 0) continue;
    if (begun) continue;
    if (exit && exit.exitCode !== 0 && !restartsAfterExit(pod, spec, exit.exitCode)) return 'Failed';
    pendingInit = true;
  }
  let running = 0;
  let waiting = 0;
  let stopped = 0;
  let succeeded = 0;
  let restarting = 0;
  for (const [i, status] of containers.entries()) {
    const exit = status.state.terminated ?? (status.state.waiting ? status.lastState.terminated : undefined);
    if (status.state.running) running++;
    else if (!exit) waiting++;
    else {
      stopped++;
      if (exit.exitCode === 0) succeeded++;
      const spec = pod.spec.containers[i];
      if (spec && restartsAfterExit(pod, spec, exit.exitCode)) restarting++;
    }
  }
  if (terminal && running === 0) return stopped > 0 && stopped === succeeded && waiting === 0 ? 'Succeeded' : 'Failed';
  if (pendingInit || waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  if (stopped === 0) return 'Pending';
  if (sidecarRuns || policy === 'Always' || restarting > 0) return 'Running';
  return stopped === succeeded ? 'Succeeded' : 'Failed';
}

function podConditions(input: StatusInput, status: PodStatus): PodCondition[] {
  const { pod, runtime, now } = input;
  const old = pod.status?.conditions ?? [];
  const generation = pod.metadata.generation;
  const condition = (type: string, holds: boolean, reason?: string, message?: string): PodCondition => {
    const text = holds ? 'True' : 'False';
    const before = old.find((c) => c.type === type);
    return {
      type,
      ...(generation !== undefined && { observedGeneration: generation }),
      status: text,
      lastTransitionTime:
        before?.status === text && before.lastTransitionTime ? before.lastTransitionTime : formatTime(now),
      ...(reason && { reason }),
      ...(message && { message }),
    };
  };
  const done = status.phase === 'Succeeded';
  const sandbox = runtime?.sandboxes.some((s) => s.ready && (pod.spec.hostNetwork || s.ips.length > 0)) ?? false;
  const initialized = (): PodCondition => {
    const incomplete = (pod.spec.initContainers ?? [])
      .filter((spec, i) => {
        const s = status.initContainerStatuses?.[i];
        return isSidecar(spec) ? !s?.started : !s?.ready;
      })
      .map((c) => c.name);
    if (done) return condition('Initialized', true, 'PodCompleted');
    // Once its containers have been made, a pod has been initialized, whatever became of the init containers since.
    const begun = pod.spec.containers.some((c) => runtime?.containers.some((r) => r.name === c.name));
    if (incomplete.length === 0 || begun) return condition('Initialized', true);
    const message = `containers with incomplete status: [${incomplete.join(' ')}]`;
    return condition('Initialized', false, 'ContainersNotInitialized', message);
  };
  const unready = [
    ...(pod.spec.initContainers ?? []).filter(
      (spec, i) => isSidecar(spec) && !status.initContainerStatuses?.[i]?.ready,
    ),
    ...pod.spec.containers.filter((_, i) => !status.containerStatuses?.[i]?.ready),
  ].map((c) => c.name);
  const containersReady = (type: string): PodCondition => {
    if (done) return condition(type, false, 'PodCompleted');
    if (status.phase === 'Failed') return condition(type, false, 'PodFailed');
    if (unready.length === 0) return condition(type, true);
    return condition(type, false, 'ContainersNotReady', `containers with unready status: [${unready.join(' ')}]`);
  };
  const ready = (): PodCondition => {
    const gates = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
      const gate = old.find((c) => c.type === conditionType);
      if (!gate)
        return [`corresponding condition of pod readiness gate ${JSON.stringify(conditionType)} does not exist.`];
      if (gate.status === 'True') return [];
      return [`the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True", but ${gate.status}`];
    });
    const base = containersReady('Ready');
    if (base.status !== 'True' || gates.length === 0) return base;
    return condition('Ready', false, 'ReadinessGatesNotReady', gates.join(', '));
  };
  return [
    ...(status.phase === 'Failed' || done ? [] : (input.resize ?? [])),
    condition('PodReadyToStartContainers', sandbox),
    initialized(),
    ready(),
    containersReady('ContainersReady'),
    condition('PodScheduled', true),
    ...(input.disruption && input.terminal
      ? [condition('DisruptionTarget', true, 'TerminationByKubelet', input.disruption)]
      : []),
  ];
}
