import { open } from 'node:fs/promises';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { type CriClient, isCriNotFound } from '../cri/client.ts';
import type { Container, ContainerStatus, PodSandbox } from '../cri/types.ts';
import { milliCpuOfQuota, milliCpuOfShares } from '../resources.ts';
import { annotations, labels } from './labels.ts';
import { readLogTail } from './log-tail.ts';
import type { RuntimeContainer, RuntimeContainerState, RuntimePod, RuntimeSandbox } from './state.ts';

/** A full look is only the fallback: changes come as events. */
const RELIST_EVERY = 10_000;
const RESUBSCRIBE_AFTER = 1_000;
/** Waits between looks at a container that has ended, until the runtime says so too. */
const SETTLE = [5, 10, 20, 50, 100, 200, 400];
/** https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/ */
const TERMINATION_MESSAGE_LENGTH = 4096;
const FALLBACK_LENGTH = 2048;
const FALLBACK_LINES = 80;

export interface RuntimeCacheOptions {
  readonly cri: CriClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Something about a pod has changed; `uid` may be of a pod that is nobody's any more. */
  readonly onChange: (uid: string) => void;
}

/**
 * What the runtime has of every pod, kept current by containerd's own events (starts, exits, out-of-memory kills) and
 * a full look every ten seconds: the kubelet's pod lifecycle event generator (PLEG).
 */
export class RuntimeCache {
  readonly #options: RuntimeCacheOptions;
  #pods = new Map<string, RuntimePod>();
  /** Which pod a container or sandbox is of. */
  #owners = new Map<string, string>();
  readonly #refreshing = new Map<string, Promise<RuntimePod | undefined>>();
  /** Containers that have exited do not change any more, so their status is asked once. */
  readonly #exited = new Map<string, RuntimeContainer>();
  #timer: Timer | undefined;
  #unsubscribe: (() => void) | undefined;
  #stopped = false;
  #relisted = 0;

  constructor(options: RuntimeCacheOptions) {
    this.#options = options;
  }

  /** Resolves when the first look is done. Rejects when the runtime cannot be asked. */
  async start(): Promise<void> {
    this.#subscribe();
    await this.relist();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.stop();
    this.#unsubscribe?.();
  }

  /** Milliseconds since the epoch at which the last full look ended. */
  get relistedAt(): number {
    return this.#relisted;
  }

  get(uid: string): RuntimePod | undefined {
    return this.#pods.get(uid);
  }

  pods(): RuntimePod[] {
    return [...this.#pods.values()];
  }

  /** Asks the runtime about one pod, now. undefined: it has nothing of it. */
  async refresh(uid: string): Promise<RuntimePod | undefined> {
    // Whoever asks wants a state that is not older than the question; a look under way may be.
    const before = this.#refreshing.get(uid);
    const look = (async () => {
      await before?.catch(() => {});
      const { cri } = this.#options;
      const labelSelector = { [labels.podUid]: uid };
      const [sandboxes, containers] = await Promise.all([
        cri.listPodSandbox({ labelSelector }),
        cri.listContainers({ labelSelector }),
      ]);
      const pod = await this.#build(uid, sandboxes, containers);
      this.#put(uid, pod);
      return pod;
    })();
    this.#refreshing.set(uid, look);
    try {
      return await look;
    } finally {
      if (this.#refreshing.get(uid) === look) this.#refreshing.delete(uid);
    }
  }

  /** Looks at everything; tells of pods that have changed since the last look. */
  async relist(): Promise<void> {
    const { cri, clock, onChange, log } = this.#options;
    const [sandboxes, containers] = await Promise.all([cri.listPodSandbox(), cri.listContainers()]);
    const byPod = new Map<string, { sandboxes: PodSandbox[]; containers: Container[] }>();
    const of = (uid: string | undefined) => {
      if (!uid) return undefined; // not the kubelet's
      let entry = byPod.get(uid);
      if (!entry) {
        entry = { sandboxes: [], containers: [] };
        byPod.set(uid, entry);
      }
      return entry;
    };
    for (const sandbox of sandboxes) of(sandbox.labels[labels.podUid])?.sandboxes.push(sandbox);
    for (const container of containers) of(container.labels[labels.podUid])?.containers.push(container);
    for (const uid of new Set([...this.#pods.keys(), ...byPod.keys()])) {
      const now = byPod.get(uid);
      if (!this.#differs(uid, now)) continue;
      try {
        await this.refresh(uid);
        onChange(uid);
      } catch (error) {
        log.warn({ err: error, uid }, 'cannot ask the runtime about a pod');
      }
    }
    const alive = new Set(containers.map((c) => c.id));
    for (const id of this.#exited.keys()) if (!alive.has(id)) this.#exited.delete(id);
    this.#relisted = clock.now();
  }

  #differs(uid: string, now: { sandboxes: PodSandbox[]; containers: Container[] } | undefined): boolean {
    const before = this.#pods.get(uid);
    if (!before || !now) return before !== undefined || now !== undefined;
    if (before.sandboxes.length !== now.sandboxes.length || before.containers.length !== now.containers.length) {
      return true;
    }
    return (
      now.sandboxes.some((s) => {
        const known = before.sandboxes.find((k) => k.id === s.id);
        return !known || known.ready !== (s.state === 'SANDBOX_READY');
      }) || now.containers.some((c) => before.containers.find((k) => k.id === c.id)?.state !== states[c.state])
    );
  }

  async #build(
    uid: string,
    sandboxes: readonly PodSandbox[],
    containers: readonly Container[],
  ): Promise<RuntimePod | undefined> {
    const first = sandboxes[0] ?? containers[0];
    if (!first) return undefined;
    const newestFirst = (a: { createdAt: number }, b: { createdAt: number }) => b.createdAt - a.createdAt;
    const [builtSandboxes, builtContainers] = await Promise.all([
      Promise.all(sandboxes.map((s) => this.#sandbox(s))),
      Promise.all(containers.map((c) => this.#container(c))),
    ]);
    return {
      uid,
      namespace: first.labels[labels.podNamespace] ?? '',
      name: first.labels[labels.podName] ?? '',
      sandboxes: builtSandboxes.filter((s) => s !== undefined).sort(newestFirst),
      containers: builtContainers.filter((c) => c !== undefined).sort(newestFirst),
    };
  }

  async #sandbox(sandbox: PodSandbox): Promise<RuntimeSandbox | undefined> {
    const known = this.#pods.get(sandbox.labels[labels.podUid] ?? '')?.sandboxes.find((s) => s.id === sandbox.id);
    const ready = sandbox.state === 'SANDBOX_READY';
    // A sandbox's addresses are settled when it is ready.
    if (known && known.ready === ready) return known;
    const base = {
      id: sandbox.id,
      attempt: sandbox.metadata.attempt,
      ready,
      createdAt: milliseconds(sandbox.createdAt),
    };
    if (!ready) return { ...base, ips: known?.ips ?? [] };
    try {
      const { network } = await this.#options.cri.podSandboxStatus(sandbox.id);
      return { ...base, ips: network?.ip ? [network.ip, ...network.additionalIps.map((a) => a.ip)] : [] };
    } catch (error) {
      if (isCriNotFound(error)) return undefined;
      throw error;
    }
  }

  async #container(container: Container): Promise<RuntimeContainer | undefined> {
    const known = this.#exited.get(container.id);
    if (known && container.state === 'CONTAINER_EXITED') return known;
    let status: ContainerStatus;
    try {
      status = await this.#options.cri.containerStatus(container.id);
    } catch (error) {
      if (isCriNotFound(error)) return undefined;
      throw error;
    }
    const state = states[status.state];
    const grace = status.annotations[annotations.terminationGracePeriod];
    const resources = resourcesOf(status);
    const built: RuntimeContainer = {
      id: status.id,
      name: status.labels[labels.containerName] ?? status.metadata.name,
      sandboxId: container.podSandboxId,
      state,
      restartCount: Number(status.annotations[annotations.restartCount] ?? 0),
      hash: status.annotations[annotations.hash] ?? '',
      createdAt: milliseconds(status.createdAt),
      startedAt: milliseconds(status.startedAt),
      finishedAt: milliseconds(status.finishedAt),
      exitCode: status.exitCode,
      reason: status.reason,
      message: state === 'exited' ? await terminationMessage(status) : status.message,
      image: status.image.image,
      imageId: status.imageRef,
      logPath: status.logPath,
      graceSeconds: grace === undefined ? undefined : Number(grace),
      ...(resources && { resources }),
    };
    if (state === 'exited') this.#exited.set(built.id, built);
    return built;
  }

  #put(uid: string, pod: RuntimePod | undefined): void {
    for (const old of [...(this.#pods.get(uid)?.sandboxes ?? []), ...(this.#pods.get(uid)?.containers ?? [])]) {
      this.#owners.delete(old.id);
    }
    if (!pod) {
      this.#pods.delete(uid);
      return;
    }
    this.#pods.set(uid, pod);
    for (const { id } of [...pod.sandboxes, ...pod.containers]) this.#owners.set(id, uid);
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(RELIST_EVERY, () => {
      this.relist()
        .catch((error: unknown) => this.#options.log.warn({ err: error }, 'cannot list what the runtime has'))
        .finally(() => {
          if (!this.#stopped) this.#schedule();
        });
    });
  }

  #subscribe(): void {
    const { cri, clock, log } = this.#options;
    this.#unsubscribe = cri.subscribeEvents(
      ['/tasks/start', '/tasks/exit', '/tasks/oom'].map((topic) => `namespace==k8s.io,topic=="${topic}"`),
      ({ topic, event }) => {
        const { containerId, id } = event ? eventIds(event.value) : { containerId: '', id: '' };
        // The end of an exec is none of the container's.
        if (topic === '/tasks/exit' && id && id !== containerId) return;
        void this.#changed(containerId, topic === '/tasks/exit');
      },
      (error) => {
        if (this.#stopped) return;
        log.debug({ err: error }, "the stream of containerd's events ended");
        clock.after(RESUBSCRIBE_AFTER, () => {
          if (this.#stopped) return;
          this.#subscribe();
          this.relist().catch(() => {}); // the fallback comes anyway
        });
      },
    );
  }

  async #changed(id: string, ended: boolean): Promise<void> {
    const { clock, cri, onChange, log } = this.#options;
    try {
      let uid = this.#owners.get(id);
      if (!uid) {
        const [container] = await cri.listContainers({ id });
        uid = container?.labels[labels.podUid];
      }
      if (!uid) return; // a sandbox that is being made, or not the kubelet's
      for (const wait of SETTLE) {
        const pod = await this.refresh(uid);
        const running =
          pod?.containers.some((c) => c.id === id && c.state === 'running') ||
          pod?.sandboxes.some((s) => s.id === id && s.ready);
        // The CRI plugin hears of an exit at the same time as we do, and may not have worked on it yet.
        if (!ended || !running || this.#stopped) break;
        await clock.sleep(wait);
      }
      onChange(uid);
    } catch (error) {
      log.debug({ err: error, id }, 'cannot look at a container that changed');
    }
  }
}

const states: Readonly<Record<Container['state'], RuntimeContainerState>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
};

function resourcesOf({ resources }: ContainerStatus): RuntimeContainer['resources'] {
  if (!resources?.linux) return undefined;
  const { cpuPeriod, cpuQuota, cpuShares, memoryLimitInBytes } = resources.linux;
  const cpuRequest = milliCpuOfShares(Number(cpuShares)) || undefined;
  const cpuLimit = milliCpuOfQuota(Number(cpuQuota), Number(cpuPeriod)) || undefined;
  const memoryLimit = Number(memoryLimitInBytes) || undefined;
  return cpuRequest || cpuLimit || memoryLimit ? { cpuRequest, cpuLimit, memoryLimit } : undefined;
}

function milliseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds || '0') / 1_000_000n);
}

/** What the container wrote for people, or the end of its log where it failed and wrote nothing. */
async function terminationMessage(status: ContainerStatus): Promise<string> {
  const file = status.annotations[annotations.terminationMessageFile];
  const written = file ? await readHead(file, TERMINATION_MESSAGE_LENGTH) : '';
  if (written) return written;
  const policy = status.annotations[annotations.terminationMessagePolicy];
  if (policy === 'FallbackToLogsOnError' && status.exitCode !== 0 && status.logPath) {
    return readLogTail(status.logPath, FALLBACK_LINES, FALLBACK_LENGTH);
  }
  return status.message;
}

async function readHead(file: string, length: number): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return '';
  try {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Fields 1 (container_id) and 2 (id, in exits) of containerd's task events. */
export function eventIds(message: Uint8Array): { containerId: string; id: string } {
  const out = { containerId: '', id: '' };
  for (let at = 0; at + 1 < message.length; ) {
    const tag = message[at] ?? 0;
    if ((tag & 7) !== 2 || tag >> 3 > 2) break;
    const length = message[at + 1] ?? 0;
    if (length > 127) break; // ids are shorter
    const text = Buffer.from(message.subarray(at + 2, at + 2 + length)).toString();
    if (tag >> 3 === 1) out.containerId = text;
    else out.id = text;
    at += 2 + length;
  }
  return out;
}
