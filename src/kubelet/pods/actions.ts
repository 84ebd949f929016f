import type { Pod } from '../../api/core/v1.gen.ts';
import { containerHash } from '../runtime/labels.ts';
import { findContainer, type RuntimeContainer, type RuntimePod } from '../runtime/state.ts';
import { type AnyContainer, isSidecar, restartsAfterExit, shouldStart } from './pod.ts';

/** Why a container is killed; liveness and start-up failures are counted apart from ordinary ends. */
export type KillReason = 'StartupProbe' | 'LivenessProbe' | 'FailedPostStartHook' | 'Unknown' | '';

export interface ContainerToKill {
  readonly container: AnyContainer;
  readonly id: string;
  /** Text of the Killing event. */
  readonly message: string;
  readonly reason: KillReason;
}

/** What must happen to bring the runtime from what it has to what the pod asks for. */
export interface PodActions {
  /** Stop all containers and the sandbox before anything else. */
  readonly killPod: boolean;
  readonly createSandbox: boolean;
  /** The sandbox to use, where none is created. */
  readonly sandboxId: string | undefined;
  /** Number of the sandbox to create. */
  readonly attempt: number;
  readonly start: readonly AnyContainer[];
  readonly kill: readonly ContainerToKill[];
}

/** Results of the probes that decide about restarts, by id of the container; absent: not known (yet). */
export interface ProbeResults {
  liveness(containerId: string): boolean | undefined;
  startup(containerId: string): boolean | undefined;
}

interface Plan {
  readonly start: AnyContainer[];
  readonly kill: ContainerToKill[];
  readonly resizes: ReadonlySet<string>;
  killPod: boolean;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * The kubelet's decision about a pod that is to run, without doing anything: sandbox, init containers in order,
 * sidecars, ordinary and ephemeral containers. Backoff is not in it: what is to start may still have to wait.
 * `resizes` are ids of containers that must be made anew to get the resources that they have been granted.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
 */
export function computePodActions(
  pod: Pod,
  runtime: RuntimePod | undefined,
  probes: ProbeResults,
  resizes: ReadonlySet<string> = NONE,
): PodActions {
  const sandbox = sandboxState(pod, runtime);
  if (sandbox.create) return computeNewSandbox(pod, runtime, sandbox.attempt);

  const plan: Plan = { start: [], kill: [], killPod: false, resizes };
  for (const container of pod.spec.ephemeralContainers ?? []) {
    if (!findContainer(runtime, container.name)) plan.start.push(container);
  }
  const ephemeral = [...plan.start];
  const initialized = planInit(pod, runtime, sandbox.id, probes, plan);
  if (initialized && !plan.killPod) planContainers(pod, runtime, probes, plan);
  return {
    killPod: plan.killPod,
    createSandbox: false,
    sandboxId: sandbox.id,
    attempt: sandbox.attempt,
    start: plan.killPod ? [] : plan.start.length ? plan.start : ephemeral,
    kill: plan.killPod ? [] : plan.kill,
  };
}

/** Whether the pod's sandbox can be used, and which it is. */
function sandboxState(
  pod: Pod,
  runtime: RuntimePod | undefined,
): { create: true; attempt: number; id?: undefined } | { create: false; attempt: number; id: string } {
  const newest = runtime?.sandboxes[0];
  if (!runtime || !newest) return { create: true, attempt: 0 };
  const ready = runtime.sandboxes.filter((s) => s.ready).length;
  const lostNetwork = !pod.spec.hostNetwork && newest.ips.length === 0;
  if (ready > 1 || !newest.ready || lostNetwork) return { create: true, attempt: newest.attempt + 1 };
  return { create: false, attempt: newest.attempt, id: newest.id };
}

function computeNewSandbox(pod: Pod, runtime: RuntimePod | undefined, attempt: number): PodActions {
  const actions = (createSandbox: boolean, start: readonly AnyContainer[]): PodActions => ({
    killPod: true,
    createSandbox,
    sandboxId: undefined,
    attempt,
    start,
    kill: [],
  });
  const restarts =
    pod.spec.restartPolicy !== 'Never' || pod.spec.containers.some((c) => c.restartPolicy || c.restartPolicyRules);
  const ran = runtime !== undefined && runtime.containers.length > 0;
  if (!restarts && attempt !== 0 && ran) return actions(false, []);
  const start = pod.spec.containers.filter((container) => {
    const status = findContainer(runtime, container.name);
    return status?.state !== 'exited' || restartsAfterExit(pod, container, status.exitCode);
  });
  const anyCreated = pod.spec.containers.some((c) => findContainer(runtime, c.name));
  if (start.length === 0 && anyCreated) return actions(false, []);
  const [firstInit] = pod.spec.initContainers ?? [];
  return actions(true, firstInit ? [firstInit] : start);
}

/** Plans for init containers; answers whether the ordinary containers may start. */
function planInit(
  pod: Pod,
  runtime: RuntimePod | undefined,
  sandboxId: string,
  probes: ProbeResults,
  plan: Plan,
): boolean {
  const list = pod.spec.initContainers ?? [];
  // Only what ran in this sandbox counts: a new sandbox starts over.
  const here = (name: string) => runtime?.containers.find((c) => c.name === name && c.sandboxId === sandboxId);
  const initialized = pod.spec.containers.some((c) => here(c.name));
  let last = list.length - 1;
  while (last >= 0 && !here(list[last]?.name ?? '')) last--;
  if (initialized) {
    for (const container of list) if (isSidecar(container)) keepSidecar(container, here(container.name), probes, plan);
    return true;
  }
  for (let i = 0; i < last; i++) {
    const container = list[i];
    if (container && isSidecar(container)) keepSidecar(container, here(container.name), probes, plan);
  }
  const current = list[last];
  if (!current) {
    if (list[0]) plan.start.push(list[0]);
    return list.length === 0;
  }
  const status = here(current.name);
  if (!status) return false; // not so: `last` was chosen by its being there
  const done = isSidecar(current)
    ? keepSidecar(current, status, probes, plan)
    : advanceInit(pod, current, status, plan);
  if (!done) return false;
  const next = list[last + 1];
  if (next) plan.start.push(next);
  return !next;
}

/** Plans for an init container that runs to its end; answers whether it has succeeded. */
function advanceInit(pod: Pod, container: AnyContainer, status: RuntimeContainer, plan: Plan): boolean {
  switch (status.state) {
    case 'running':
      return false;
    case 'exited': {
      if (status.exitCode === 0) return true;
      const policy = container.restartPolicy ?? pod.spec.restartPolicy;
      if (policy === 'Never' && !restartsAfterExit(pod, container, status.exitCode)) plan.killPod = true;
      else plan.start.push(container);
      return false;
    }
    case 'unknown':
      plan.kill.push(unknown(container, status));
      plan.start.push(container);
      return false;
    case 'created': // the runtime failed to start it
      plan.start.push(container);
      return false;
  }
}

/** Plans for a sidecar; answers whether it has started, so that the next container may. */
function keepSidecar(
  container: AnyContainer,
  status: RuntimeContainer | undefined,
  probes: ProbeResults,
  plan: Plan,
): boolean {
  if (status?.state !== 'running') {
    if (status?.state === 'unknown') plan.kill.push(unknown(container, status));
    plan.start.push(container);
    return false;
  }
  const kill = reasonToKill(container, status, probes, 'Init container');
  if (kill) {
    plan.kill.push({ ...kill, message: `${kill.message}, will be restarted` });
    plan.start.push(container);
    return false;
  }
  if (plan.resizes.has(status.id)) {
    plan.kill.push(resized(container, status));
    plan.start.push(container);
    return false;
  }
  return !container.startupProbe || probes.startup(status.id) === true;
}

function planContainers(pod: Pod, runtime: RuntimePod | undefined, probes: ProbeResults, plan: Plan): void {
  let keep = 0;
  const sidecarsOnly = plan.start.filter((c) => isSidecar(c));
  const before = plan.start.length;
  for (const container of pod.spec.containers) {
    const status = findContainer(runtime, container.name);
    if (status?.state !== 'running') {
      if (!shouldStart(pod, container, status)) continue;
      plan.start.push(container);
      if (status?.state === 'unknown') plan.kill.push(unknown(container, status));
      continue;
    }
    const kill = reasonToKill(container, status, probes, 'Container');
    if (!kill && plan.resizes.has(status.id)) {
      plan.kill.push(resized(container, status));
      plan.start.push(container);
      continue;
    }
    if (!kill) {
      keep++;
      continue;
    }
    const changed = kill.reason === '';
    // 137 is what the kill will look like to the restart rules.
    const restart = changed || restartsAfterExit(pod, container, 137);
    if (restart) plan.start.push(container);
    plan.kill.push(restart ? { ...kill, message: `${kill.message}, will be restarted` } : kill);
    if (!restart) keep++; // the pod ends when the container has, not before
  }
  if (keep === 0 && plan.start.length === before) {
    // Sidecars do not keep a pod alive whose own containers are done.
    plan.killPod = true;
    for (const sidecar of sidecarsOnly) plan.start.splice(plan.start.indexOf(sidecar), 1);
  }
}

/** Why a running container cannot stay as it is, if so. */
function reasonToKill(
  container: AnyContainer,
  status: RuntimeContainer,
  probes: ProbeResults,
  subject: string,
): ContainerToKill | undefined {
  const because = (what: string, reason: KillReason): ContainerToKill => ({
    container,
    id: status.id,
    message: `${subject} ${container.name} ${what}`,
    reason,
  });
  if (status.hash !== containerHash(container)) return because('definition changed', '');
  if (probes.liveness(status.id) === false) return because('failed liveness probe', 'LivenessProbe');
  if (probes.startup(status.id) === false) return because('failed startup probe', 'StartupProbe');
  return undefined;
}

function unknown(container: AnyContainer, status: RuntimeContainer): ContainerToKill {
  const message = `Container is in "unknown" state, try killing it before restart`;
  return { container, id: status.id, message, reason: 'Unknown' };
}

function resized(container: AnyContainer, status: RuntimeContainer): ContainerToKill {
  return { container, id: status.id, message: `Container ${container.name} resize requires restart`, reason: '' };
}
