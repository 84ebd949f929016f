import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { Pod } from '../../api/core/v1.gen.ts';
import { formatTime, timeToMs } from '../../schema/time.ts';
import type { ContainerStats } from '../cri/types.ts';
import { labels } from '../runtime/labels.ts';
import type { ServerBackend } from './types.ts';

/** What a container, a pod or the node uses. `cpuNanoseconds` is a sum since the start. */
interface Usage {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
}

interface ContainerUsage extends Usage {
  readonly name: string;
  readonly diskBytes: number | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | undefined;
}

interface PodUsage {
  readonly pod: Pod;
  readonly containers: readonly ContainerUsage[];
}

interface NodeUsage {
  readonly node: Usage & { readonly availableBytes: number; readonly startedAt: number };
  readonly pods: readonly PodUsage[];
}

async function measure(backend: ServerBackend, now: number): Promise<NodeUsage> {
  const byPod = new Map<string, ContainerStats[]>();
  for (const stats of await backend.cri.listContainerStats()) {
    const uid = stats.attributes.labels[labels.podUid] ?? '';
    byPod.set(uid, [...(byPod.get(uid) ?? []), stats]);
  }
  const pods = backend.pods().flatMap((pod): PodUsage[] => {
    const containers = (byPod.get(pod.metadata.uid ?? '') ?? []).flatMap((stats) => containerUsage(pod, stats));
    return containers.length ? [{ pod, containers }] : [];
  });
  return { node: await nodeUsage(now), pods };
}

function containerUsage(pod: Pod, { attributes, cpu, memory, writableLayer }: ContainerStats): ContainerUsage[] {
  if (!cpu?.usageCoreNanoSeconds || !memory?.workingSetBytes) return [];
  const { name } = attributes.metadata;
  const status = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
    (s) => s.name === name,
  );
  const started = status?.state.running?.startedAt;
  return [
    {
      name,
      time: Number(BigInt(cpu.timestamp) / 1_000_000n),
      cpuNanoseconds: Number(cpu.usageCoreNanoSeconds.value),
      memoryBytes: Number(memory.workingSetBytes.value),
      diskBytes: writableLayer?.usedBytes ? Number(writableLayer.usedBytes.value) : undefined,
      startedAt: started ? timeToMs(started) : undefined,
    },
  ];
}

async function nodeUsage(now: number): Promise<NodeUsage['node']> {
  const memory = await readFile('/proc/meminfo', 'utf8');
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(memory)?.[1] ?? 0);
  const uptime = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  const busy = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return {
    time: now,
    cpuNanoseconds: busy * 1e6,
    memoryBytes: (kibibytes('MemTotal') - kibibytes('MemAvailable')) * 1024,
    availableBytes: kibibytes('MemAvailable') * 1024,
    startedAt: now - Math.round(uptime * 1000),
  };
}

const sum = (containers: readonly ContainerUsage[]): Usage => ({
  time: Math.max(...containers.map((c) => c.time)),
  cpuNanoseconds: containers.reduce((total, c) => total + c.cpuNanoseconds, 0),
  memoryBytes: containers.reduce((total, c) => total + c.memoryBytes, 0),
});

interface Look {
  readonly time: number;
  readonly cpu: number;
  /** Billionths of a core. */
  readonly rate: number | undefined;
}

/** Rates need two looks; the last one of each subject is kept for the next. */
export class Stats {
  readonly #backend: ServerBackend;
  readonly #now: () => number;
  #last = new Map<string, Look>();

  constructor(backend: ServerBackend, now: () => number) {
    this.#backend = backend;
    this.#now = now;
  }

  /** The answer of /stats/summary (k8s.io/kubelet/pkg/apis/stats/v1alpha1, Summary). */
  async summary(): Promise<object> {
    const { node, pods } = await measure(this.#backend, this.#now());
    const before = this.#last;
    this.#last = new Map();
    const usage = (key: string, of: Usage) => ({
      cpu: this.#cpu(before, key, of),
      memory: { time: formatTime(of.time), workingSetBytes: of.memoryBytes },
    });
    const ofNode = usage('', node);
    return {
      node: {
        nodeName: this.#backend.nodeName,
        startTime: formatTime(node.startedAt),
        ...ofNode,
        memory: { ...ofNode.memory, availableBytes: node.availableBytes },
      },
      pods: pods.map(({ pod, containers }) => {
        const { name, namespace, uid = '' } = pod.metadata;
        return {
          podRef: { name, namespace, uid },
          ...(pod.status?.startTime && { startTime: pod.status.startTime }),
          containers: containers.map((c) => ({
            name: c.name,
            ...(c.startedAt !== undefined && { startTime: formatTime(c.startedAt) }),
            ...usage(`${uid}/${c.name}`, c),
            ...(c.diskBytes !== undefined && { rootfs: { time: formatTime(c.time), usedBytes: c.diskBytes } }),
          })),
          ...usage(uid, sum(containers)),
        };
      }),
    };
  }

  /** The answer of /metrics/resource. https://kubernetes.io/docs/reference/instrumentation/node-metrics/ */
  async resourceMetrics(): Promise<string> {
    const { node, pods } = await measure(this.#backend, this.#now());
    const containers = pods.flatMap(({ pod, containers: list }) => list.map((usage) => ({ pod, usage })));
    const podName = (pod: Pod) => ({ namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name });
    const series = <T>(list: readonly T[], of: (item: T) => Sample) => list.map(of);
    const totals = pods.map(({ pod, containers: list }) => ({ pod, usage: sum(list) }));
    const seconds = (usage: Usage) => usage.cpuNanoseconds / 1e9;
    return [
      family(
        'container_cpu_usage_seconds_total',
        'counter',
        'Cumulative cpu time consumed by the container in core-seconds',
        series(containers, ({ pod, usage }) => ({
          labels: { container: usage.name, ...podName(pod) },
          value: seconds(usage),
          time: usage.time,
        })),
      ),
      family(
        'container_memory_working_set_bytes',
        'gauge',
        'Current working set of the container in bytes',
        series(containers, ({ pod, usage }) => ({
          labels: { container: usage.name, ...podName(pod) },
          value: usage.memoryBytes,
          time: usage.time,
        })),
      ),
      family(
        'container_start_time_seconds',
        'gauge',
        'Start time of the container since unix epoch in seconds',
        series(
          containers.filter(({ usage }) => usage.startedAt !== undefined),
          ({ pod, usage }) => ({
            labels: { container: usage.name, ...podName(pod) },
            value: (usage.startedAt ?? 0) / 1000,
          }),
        ),
      ),
      family('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds', [
        { labels: {}, value: seconds(node), time: node.time },
      ]),
      family('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes', [
        { labels: {}, value: node.memoryBytes, time: node.time },
      ]),
      family(
        'pod_cpu_usage_seconds_total',
        'counter',
        'Cumulative cpu time consumed by the pod in core-seconds',
        series(totals, ({ pod, usage }) => ({ labels: podName(pod), value: seconds(usage), time: usage.time })),
      ),
      family(
        'pod_memory_working_set_bytes',
        'gauge',
        'Current working set of the pod in bytes',
        series(totals, ({ pod, usage }) => ({ labels: podName(pod), value: usage.memoryBytes, time: usage.time })),
      ),
      family('resource_scrape_error', 'gauge', '1 if there was an error while getting container metrics, 0 otherwise', [
        { labels: {}, value: 0 },
      ]),
    ].join('');
  }

  #cpu(before: ReadonlyMap<string, Look>, key: string, { time, cpuNanoseconds: cpu }: Usage) {
    const old = before.get(key);
    const rate =
      old && time > old.time && cpu >= old.cpu ? Math.round(((cpu - old.cpu) * 1000) / (time - old.time)) : old?.rate;
    this.#last.set(key, old && time <= old.time ? old : { time, cpu, rate });
    return { time: formatTime(time), ...(rate !== undefined && { usageNanoCores: rate }), usageCoreNanoSeconds: cpu };
  }
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly time?: number;
}

/** One metric in Prometheus' text format; nothing where there are no samples. */
export function family(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly Sample[],
  stability: 'ALPHA' | 'STABLE' = 'STABLE',
): string {
  if (samples.length === 0) return '';
  const lines = samples.map(({ labels: of, value, time }) => {
    const list = Object.entries(of).map(([key, text]) => `${key}=${JSON.stringify(text)}`);
    return `${name}${list.length ? `{${list.join(',')}}` : ''} ${value}${time === undefined ? '' : ` ${time}`}\n`;
  });
  return `# HELP ${name} [${stability}] ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
