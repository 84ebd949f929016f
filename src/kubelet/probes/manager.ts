import type { ContainerStatus, Pod, Probe } from '../../api/core/v1.gen.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import { type CriClient, rpcMessage } from '../cri/client.ts';
import type { ProbeResults } from '../pods/actions.ts';
import { type AnyContainer, allContainers, podUid } from '../pods/pod.ts';
import { containerReference } from '../runtime/executor.ts';
import type { RuntimePod } from '../runtime/state.ts';
import { type ProbeOutcome, probeGrpc, probeHttp, probeTcp } from './handlers.ts';

export type ProbeType = 'startup' | 'liveness' | 'readiness';

/** One container instance that is probed. */
export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: AnyContainer;
  readonly containerId: string;
  readonly podIP: string;
}

/** Asks once; never rejects. */
export type RunProbe = (probe: Probe, target: ProbeTarget) => Promise<ProbeOutcome>;

export interface ProbeManagerOptions {
  readonly run: RunProbe;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: () => number;
  /** A result that matters has changed. */
  readonly onChange: (uid: string) => void;
}

interface Probed {
  readonly uid: string;
  readonly workers: Map<ProbeType, ProbeWorker>;
}

/** Runs the probes of the containers that run. https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
export class ProbeManager implements ProbeResults {
  readonly #options: ProbeManagerOptions;
  readonly #probed = new Map<string, Probed>();
  readonly #started: number;

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
    this.#started = options.clock.now();
  }

  /** Starts the probes of containers that run and ends those of containers that do not. */
  update(pod: Pod, runtime: RuntimePod | undefined, podIPs: readonly string[]): void {
    const uid = podUid(pod);
    const running = new Map(runtime?.containers.filter((c) => c.state === 'running').map((c) => [c.id, c]));
    for (const [id, probed] of this.#probed) if (probed.uid === uid && !running.has(id)) this.#end(id);
    const podIP = podIPs[0] ?? '';
    for (const container of allContainers(pod)) {
      const instance = runtime?.containers.find((c) => c.name === container.name);
      if (!instance || !running.has(instance.id) || this.#probed.has(instance.id)) continue;
      const target = { pod, container, containerId: instance.id, podIP };
      const workers = new Map<ProbeType, ProbeWorker>();
      this.#probed.set(instance.id, { uid, workers });
      const late = instance.startedAt < this.#started;
      // What it was before a restart of the agent it is until a probe says otherwise.
      const before = late ? lastReported(pod, instance.id) : undefined;
      const known: Record<ProbeType, true | undefined> = {
        startup: before?.started || undefined,
        liveness: undefined,
        readiness: before?.ready || undefined,
      };
      const add = (type: ProbeType, probe: Probe | undefined) => {
        if (!probe) return;
        const worker = new ProbeWorker(type, probe, target, instance.startedAt, this.#options, () => begin(type));
        worker.result = known[type];
        workers.set(type, worker);
      };
      // The others wait until the start-up probe has succeeded.
      const begin = (type: ProbeType) => {
        if (type === 'startup' && workers.get('startup')?.result === true) {
          workers.get('liveness')?.begin(0);
          workers.get('readiness')?.begin(0);
        }
        this.#options.onChange(uid);
      };
      add('startup', container.startupProbe);
      add('liveness', container.livenessProbe);
      add('readiness', container.readinessProbe);
      // After a restart of the agent, probes of many containers do not all come at once.
      const first = ['liveness', 'readiness'] as const;
      for (const type of known.startup || !workers.has('startup') ? first : (['startup'] as const)) {
        workers.get(type)?.begin(late ? this.#options.random() : 0);
      }
    }
  }

  /** A pod that ends is still asked whether it is ready, but no longer killed for what it answers. */
  terminating(uid: string): void {
    for (const probed of this.#probed.values()) {
      if (probed.uid !== uid) continue;
      for (const type of ['startup', 'liveness'] as const) {
        probed.workers.get(type)?.stop();
        probed.workers.delete(type);
      }
    }
  }

  remove(uid: string): void {
    for (const [id, probed] of this.#probed) if (probed.uid === uid) this.#end(id);
  }

  stop(): void {
    for (const id of [...this.#probed.keys()]) this.#end(id);
  }

  liveness(containerId: string): boolean | undefined {
    return this.#probed.get(containerId)?.workers.get('liveness')?.result;
  }

  startup(containerId: string): boolean | undefined {
    return this.#probed.get(containerId)?.workers.get('startup')?.result;
  }

  readiness(containerId: string): boolean | undefined {
    const worker = this.#probed.get(containerId)?.workers.get('readiness');
    return worker && (worker.result ?? false);
  }

  #end(id: string): void {
    for (const worker of this.#probed.get(id)?.workers.values() ?? []) worker.stop();
    this.#probed.delete(id);
  }
}

/** What the API server was last told of a container instance. */
function lastReported(pod: Pod, containerId: string): ContainerStatus | undefined {
  const reported = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return reported.find((status) => status.containerID?.endsWith(`://${containerId}`));
}

/** One probe of one container instance: when to ask, and how many answers make a result. */
class ProbeWorker {
  /** undefined: not known yet. */
  result: boolean | undefined;
  readonly #type: ProbeType;
  readonly #probe: Probe;
  readonly #target: ProbeTarget;
  readonly #startedAt: number;
  readonly #options: ProbeManagerOptions;
  readonly #changed: () => void;
  #timer: Timer | undefined;
  #stopped = false;
  #last: boolean | undefined;
  #run = 0;

  constructor(
    type: ProbeType,
    probe: Probe,
    target: ProbeTarget,
    startedAt: number,
    options: ProbeManagerOptions,
    changed: () => void,
  ) {
    this.#type = type;
    this.#probe = probe;
    this.#target = target;
    this.#startedAt = startedAt;
    this.#options = options;
    this.#changed = changed;
  }

  get #period(): number {
    return (this.#probe.periodSeconds ?? 10) * 1000;
  }

  /** `jitter` in [0, 1) of the period puts the first probe off. */
  begin(jitter: number): void {
    if (this.#stopped || this.#timer) return;
    const first = this.#startedAt + (this.#probe.initialDelaySeconds ?? 0) * 1000 - this.#options.clock.now();
    this.#arm(Math.max(0, first) + jitter * this.#period);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.stop();
  }

  #arm(ms: number): void {
    this.#timer = this.#options.clock.after(ms, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const outcome = await this.#options.run(this.#probe, this.#target);
    if (this.#stopped) return;
    this.#tell(outcome);
    const good = outcome.result === 'success' || outcome.result === 'warning';
    // What could not be asked says nothing, except that nothing good is known.
    if (this.#count(good)) {
      this.result = good;
      this.#changed();
      // A failed liveness or start-up probe ends the container, a passed start-up probe has done its work.
      if (this.#stopped || (this.#type !== 'readiness' && !good) || (this.#type === 'startup' && good)) return;
    }
    this.#arm(this.#period);
  }

  /** Counts an answer; true when it makes for a new result. */
  #count(good: boolean): boolean {
    this.#run = this.#last === good ? this.#run + 1 : 1;
    this.#last = good;
    const threshold = good ? (this.#probe.successThreshold ?? 1) : (this.#probe.failureThreshold ?? 3);
    return this.#run >= threshold && this.result !== good;
  }

  #tell({ result, message }: ProbeOutcome): void {
    if (result === 'success') return;
    const { pod, container } = this.#target;
    const name = `${this.#type[0]?.toUpperCase()}${this.#type.slice(1)}`;
    const [reason, text] =
      result === 'warning'
        ? ['ProbeWarning', `${name} probe warning: ${message}`]
        : result === 'failure'
          ? ['Unhealthy', `${name} probe failed: ${message}`]
          : ['Unhealthy', `${name} probe errored and resulted in unknown state: ${message}`];
    this.#options.recorder.event(containerReference(pod, container.name), 'Warning', reason, text);
  }
}

/** Probes as they are run on a node. */
export function runProbe(cri: Pick<CriClient, 'execSync'>): RunProbe {
  return async (probe, { container, containerId, podIP }) => {
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
    if (probe.exec) {
      const command = probe.exec.command ?? [];
      try {
        const answer = await cri.execSync(containerId, command, timeoutMs / 1000);
        const message = Buffer.concat([answer.stdout, answer.stderr]).toString('utf8', 0, 10 * 1024);
        return { result: answer.exitCode === 0 ? 'success' : 'failure', message };
      } catch (error) {
        const timedOut = /deadline exceeded|timeout .* exceeded/i.test(rpcMessage(error));
        if (!timedOut) return { result: 'unknown', message: rpcMessage(error) };
        return {
          result: 'failure',
          message: `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutMs / 1000}s`,
        };
      }
    }
    if (probe.httpGet) return probeHttp(probe.httpGet, podIP, container, timeoutMs);
    if (probe.tcpSocket) return probeTcp(probe.tcpSocket, podIP, container, timeoutMs);
    if (probe.grpc) return probeGrpc(probe.grpc, podIP, timeoutMs);
    return { result: 'unknown', message: `missing probe handler for ${container.name}` };
  };
}
