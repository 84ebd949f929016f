import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/core/v1.gen.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { type CriClient, isCriNotFound, rpcMessage } from '../cri/client.ts';
import type { PodSandboxConfig } from '../cri/types.ts';
import type { ImageManager } from '../images/manager.ts';
import { ImageError } from '../images/manager.ts';
import type { ContainerToKill } from '../pods/actions.ts';
import { type AnyContainer, containerFieldPath, containerSpec, podUid } from '../pods/pod.ts';
import { ContainerConfigError, type PodVolumes, type ResolveEnv } from '../volumes/types.ts';
import { containerConfig } from './container-config.ts';
import { runHook } from './hooks.ts';
import { writeHostsFile } from './hosts-file.ts';
import { podLogDir, type SandboxSettings, sandboxConfig } from './sandbox-config.ts';
import { findContainer, type RuntimeContainer, type RuntimePod } from './state.ts';

/** A container could not be started. `reason` is that of its waiting state. */
export class StartError extends Error {
  readonly reason: string;
  /** Milliseconds after which another try makes sense; undefined: when something changes, or with backoff. */
  readonly retryAfter: number | undefined;

  constructor(reason: string, message: string, retryAfter?: number) {
    super(message);
    this.name = 'StartError';
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

export interface ExecutorOptions {
  readonly cri: CriClient;
  readonly images: ImageManager;
  readonly recorder: EventRecorder;
  readonly resolveEnv: ResolveEnv;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: SandboxSettings;
  /** `<podsDir>/<uid>`: hosts file and termination messages; volumes are beside them. */
  readonly podsDir: string;
  readonly hostIPs: readonly string[];
  readonly memoryCapacity: number;
  readonly cgroupPath: (pod: Pod) => string;
}

/** Grace that a container gets at least, so that it is not killed without a word. */
const MINIMUM_GRACE = 2;

/** Does to the runtime what has been decided: makes and ends sandboxes and containers, and tells events of it. */
export class Executor {
  readonly #options: ExecutorOptions;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** Makes a sandbox; answers with its id. Rejects with the runtime's error after telling the event. */
  async createSandbox(pod: Pod, attempt: number): Promise<string> {
    const { cri, recorder } = this.#options;
    try {
      const config = await this.#sandboxConfig(pod, attempt);
      await mkdir(config.logDirectory, { recursive: true, mode: 0o755 });
      return await cri.runPodSandbox(config, '');
    } catch (error) {
      recorder.event(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${rpcMessage(error)}`);
      throw error;
    }
  }

  /** Pulls, makes and starts a container and runs its postStart hook. Rejects with StartError. */
  async start(
    pod: Pod,
    container: AnyContainer,
    sandbox: { readonly id: string; readonly attempt: number },
    runtime: RuntimePod | undefined,
    podIPs: readonly string[],
    volumes: PodVolumes,
    signal: AbortSignal,
  ): Promise<void> {
    const { cri, images, resolveEnv, hostIPs, memoryCapacity } = this.#options;
    const podSandbox = await this.#sandboxConfig(pod, sandbox.attempt);
    const image = await untilAborted(images.ensure(pod, container, podSandbox), signal).catch((error: unknown) => {
      if (error instanceof ImageError) throw new StartError(error.reason, error.message, error.retryAfter);
      throw error;
    });
    const earlier = findContainer(runtime, container.name);
    const logs = join(podLogDir(this.#options.settings.logDir, pod), container.name);
    const restartCount = earlier ? earlier.restartCount + 1 : await attemptsInLogs(logs);

    let config: Parameters<CriClient['createContainer']>[1];
    try {
      const env = await resolveEnv(pod, container.name, { podIPs, hostIPs });
      const { mounts, devices } = await volumes.mountsFor(container.name, env);
      const directory = join(this.#options.podsDir, podUid(pod));
      const hosts = join(directory, 'etc-hosts');
      await mkdir(directory, { recursive: true, mode: 0o750 });
      await writeHostsFile(hosts, pod, podIPs, this.#options.settings.clusterDomain);
      const ownsHosts = mounts.some((m) => m.containerPath === '/etc/hosts');
      config = containerConfig({
        pod,
        container,
        restartCount,
        image,
        env,
        mounts: ownsHosts
          ? mounts
          : [
              ...mounts,
              { hostPath: hosts, containerPath: '/etc/hosts', readonly: false, propagation: 'PROPAGATION_PRIVATE' },
            ],
        devices,
        volumeGroups: volumes.groups ?? [],
        memoryCapacity,
        terminationMessageFile: await this.#terminationMessageFile(directory, container),
        targetId: 'targetContainerName' in container ? targetOf(runtime, container.targetContainerName) : undefined,
      });
      await mkdir(logs, { recursive: true });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#tell(pod, container.name, 'Warning', 'Failed', `Error: ${message}`);
      throw new StartError('CreateContainerConfigError', message);
    }
    if (signal.aborted) throw signal.reason;

    let id: string;
    try {
      id = await cri.createContainer(sandbox.id, config, podSandbox);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#tell(pod, container.name, 'Warning', 'Failed', `Error: ${message}`);
      throw new StartError('CreateContainerError', message);
    }
    this.#tell(pod, container.name, 'Normal', 'Created', 'Container created');
    try {
      await cri.startContainer(id);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#tell(pod, container.name, 'Warning', 'Failed', `Error: ${message}`);
      throw new StartError('RunContainerError', message);
    }
    this.#tell(pod, container.name, 'Normal', 'Started', 'Container started');

    const hook = container.lifecycle?.postStart;
    if (!hook) return;
    try {
      await untilAborted(this.#hook(pod, container, id, podIPs, hook, signal), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const message = error instanceof Error ? error.message : String(error);
      this.#tell(pod, container.name, 'Warning', 'FailedPostStartHook', message);
      await this.kill(pod, { container, id, message: 'FailedPostStartHook', reason: 'FailedPostStartHook' }, podIPs);
      throw new StartError('PostStartHookError', message);
    }
  }

  /**
   * Ends a container: its preStop hook, the stop signal, and SIGKILL when the grace (seconds) is over. The hook's time
   * counts. `grace` defaults to the pod's; a probe's own is taken for its failures.
   */
  async kill(
    pod: Pod,
    kill: Pick<ContainerToKill, 'id' | 'message' | 'reason'> & { readonly container: AnyContainer | undefined },
    podIPs: readonly string[],
    override?: number,
  ): Promise<void> {
    const { clock, cri, log } = this.#options;
    const { container, id } = kill;
    const name = container?.name ?? '';
    this.#tell(pod, name, 'Normal', 'Killing', kill.message || `Stopping container ${name}`);
    let grace = override ?? graceSeconds(pod, container, kill.reason);
    const hook = container?.lifecycle?.preStop;
    // No time at all, no hook: that is what an immediate deletion asks for.
    if (hook && container && grace > 0) {
      const started = clock.now();
      const stop = new AbortController();
      const timer = clock.after(grace * 1000, () => stop.abort(new Error('the grace period is over')));
      try {
        await untilAborted(this.#hook(pod, container, id, podIPs, hook, stop.signal), stop.signal);
      } catch (error) {
        if (!stop.signal.aborted) {
          const message = error instanceof Error ? error.message : String(error);
          this.#tell(pod, name, 'Warning', 'FailedPreStopHook', message);
        }
      } finally {
        timer.stop();
      }
      grace -= Math.floor((clock.now() - started) / 1000);
    }
    if (override === undefined || override > 0) grace = Math.max(grace, MINIMUM_GRACE);
    try {
      await cri.stopContainer(id, grace);
    } catch (error) {
      if (isCriNotFound(error)) return;
      log.warn({ err: error, container: id }, 'cannot stop a container');
      throw error;
    }
  }

  /** Stops every running container, sidecars last and in reverse order, then the sandboxes. */
  async killPod(pod: Pod, runtime: RuntimePod, override?: number): Promise<void> {
    const { cri, hostIPs } = this.#options;
    const podIPs = pod.spec.hostNetwork ? hostIPs : (runtime.sandboxes[0]?.ips ?? []);
    const running = runtime.containers.filter((c) => c.state === 'running' || c.state === 'unknown');
    const sidecars = (pod.spec.initContainers ?? []).map((c) => c.name).reverse();
    const end = (c: RuntimeContainer) =>
      this.kill(pod, { container: containerSpec(pod, c.name), id: c.id, message: '', reason: '' }, podIPs, override);
    await Promise.all(running.filter((c) => !sidecars.includes(c.name)).map(end));
    for (const name of sidecars) await Promise.all(running.filter((c) => c.name === name).map(end));
    for (const sandbox of runtime.sandboxes) {
      await cri.stopPodSandbox(sandbox.id).catch((error: unknown) => {
        if (!isCriNotFound(error)) throw error;
      });
    }
  }

  /** Gives the containers of a pod that is being stopped already less time than they were given. */
  async hurry(runtime: RuntimePod, grace: number): Promise<void> {
    const running = runtime.containers.filter((c) => c.state === 'running');
    await Promise.all(running.map((c) => this.#options.cri.stopContainer(c.id, grace)));
  }

  /** Takes everything that the runtime has of a stopped pod away, and the pod's logs. */
  async removePod(runtime: RuntimePod): Promise<void> {
    const { cri, settings, podsDir } = this.#options;
    const gone = (error: unknown) => {
      if (!isCriNotFound(error)) throw error;
    };
    for (const container of runtime.containers) await cri.removeContainer(container.id).catch(gone);
    for (const sandbox of runtime.sandboxes) {
      await cri.stopPodSandbox(sandbox.id).catch(gone);
      await cri.removePodSandbox(sandbox.id).catch(gone);
    }
    await rm(join(settings.logDir, `${runtime.namespace}_${runtime.name}_${runtime.uid}`), {
      recursive: true,
      force: true,
    });
    for (const part of ['etc-hosts', 'containers']) {
      await rm(join(podsDir, runtime.uid, part), { recursive: true, force: true });
    }
  }

  #sandboxConfig(pod: Pod, attempt: number): Promise<PodSandboxConfig> {
    return sandboxConfig(pod, attempt, this.#options.cgroupPath(pod), this.#options.settings);
  }

  async #terminationMessageFile(directory: string, container: AnyContainer): Promise<string> {
    const dir = join(directory, 'containers', container.name);
    await mkdir(dir, { recursive: true, mode: 0o750 });
    const file = join(dir, randomBytes(4).toString('hex'));
    // Whoever the container runs as must be able to write it.
    await writeFile(file, '', { mode: 0o666 });
    await chmod(file, 0o666);
    return file;
  }

  #hook(
    pod: Pod,
    container: AnyContainer,
    containerId: string,
    podIPs: readonly string[],
    handler: Parameters<typeof runHook>[0],
    signal: AbortSignal,
  ): Promise<void> {
    const { cri, clock } = this.#options;
    return runHook(handler, { cri, clock, pod, container, containerId, podIP: podIPs[0] ?? '', signal });
  }

  #tell(pod: Pod, container: string, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.event(containerReference(pod, container), type, reason, message);
  }
}

/** A pod's container as the subject of events. */
export function containerReference(pod: Pod, container: string): Parameters<EventRecorder['event']>[0] {
  const { name, namespace, uid, resourceVersion } = pod.metadata;
  const fieldPath = containerFieldPath(pod, container);
  return { kind: 'Pod', apiVersion: 'v1', name, namespace, uid, resourceVersion, fieldPath };
}

/** Seconds between the stop signal and the kill. */
function graceSeconds(pod: Pod, container: AnyContainer | undefined, reason: ContainerToKill['reason']): number {
  const { deletionGracePeriodSeconds } = pod.metadata;
  if (deletionGracePeriodSeconds !== undefined) return deletionGracePeriodSeconds;
  const ofProbe =
    reason === 'LivenessProbe'
      ? container?.livenessProbe?.terminationGracePeriodSeconds
      : reason === 'StartupProbe'
        ? container?.startupProbe?.terminationGracePeriodSeconds
        : undefined;
  return ofProbe ?? pod.spec.terminationGracePeriodSeconds ?? MINIMUM_GRACE;
}

function targetOf(runtime: RuntimePod | undefined, name: string | undefined): string | undefined {
  if (!name) return undefined;
  const target = findContainer(runtime, name);
  if (target?.state !== 'running') throw new ContainerConfigError(`unable to find target container ${name}`);
  return target.id;
}

/** Lets go of what cannot be stopped when its result is no longer wanted. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * How often a container that the runtime has nothing of has been started before, by its logs (`0.log`, `1.log`): after
 * a reboot or `skiff down` the runtime forgets, and a new instance must not write into an old one's log.
 */
async function attemptsInLogs(directory: string): Promise<number> {
  let attempts = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const number = /^(\d+)\.log/.exec(name)?.[1];
    if (number !== undefined) attempts = Math.max(attempts, Number(number) + 1);
  }
  return attempts;
}
