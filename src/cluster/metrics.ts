import { readdirSync, readFileSync } from 'node:fs';
import { version } from '../apiserver/http/version.ts';
import type { CachedObjects } from '../apiserver/object-reader.ts';
import type { WorkQueueMetrics } from '../client/work-queue.ts';
import { type Family, type Histogram, header, labelText, type Registry, sample, Values } from '../utils/metrics.ts';

/** client-go's: from ten nanoseconds to ten seconds. */
const queueBounds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1, 1, 10];

/** The metrics of work queues under client-go's names. */
export class QueueMetrics implements WorkQueueMetrics, Family {
  readonly #depth: Values;
  readonly #adds: Values;
  readonly #retries: Values;
  readonly #waits: Histogram;
  readonly #work: Histogram;
  readonly #running = new Values('gauge', 'running_managed_controllers', '[BETA] Controllers that run.');
  readonly #queues: { readonly queue: string; readonly ages: () => readonly number[] }[] = [];

  constructor(registry: Registry) {
    this.#depth = registry.gauge('workqueue_depth', '[BETA] Keys that wait.');
    this.#adds = registry.counter('workqueue_adds_total', '[BETA] Keys added.');
    this.#retries = registry.counter('workqueue_retries_total', '[BETA] Keys added again after a failure.');
    this.#waits = registry.histogram(
      'workqueue_queue_duration_seconds',
      '[BETA] Seconds that keys waited.',
      queueBounds,
    );
    this.#work = registry.histogram('workqueue_work_duration_seconds', '[BETA] Seconds that work took.', queueBounds);
    registry.add(this);
  }

  opened(queue: string, ages: () => readonly number[]): void {
    const labels = labelOf(queue);
    this.#queues.push({ queue, ages });
    for (const values of [this.#depth, this.#adds, this.#retries]) values.of(labels);
    for (const histogram of [this.#waits, this.#work]) histogram.of(labels);
    this.#running.set(labelText({ manager: 'kube-controller-manager', name: queue }), 1);
  }

  depth(queue: string, depth: number): void {
    this.#depth.set(labelOf(queue), depth);
  }
  added(queue: string): void {
    this.#adds.add(labelOf(queue));
  }
  retried(queue: string): void {
    this.#retries.add(labelOf(queue));
  }
  queueDuration(queue: string, seconds: number): void {
    this.#waits.observe(labelOf(queue), seconds);
  }
  workDuration(queue: string, seconds: number): void {
    this.#work.observe(labelOf(queue), seconds);
  }

  render(lines: string[]): void {
    const unfinished = new Values(
      'gauge',
      'workqueue_unfinished_work_seconds',
      '[BETA] Seconds since the work that is under way began, added up.',
    );
    const longest = new Values(
      'gauge',
      'workqueue_longest_running_processor_seconds',
      '[BETA] Seconds since the oldest work that is under way began.',
    );
    for (const { queue, ages } of this.#queues) {
      const seconds = ages();
      unfinished.set(
        labelOf(queue),
        seconds.reduce((sum, age) => sum + age, 0),
      );
      longest.set(labelOf(queue), Math.max(0, ...seconds));
    }
    for (const family of [unfinished, longest, this.#running]) family.render(lines);
  }
}

/** Names of queues are the program's own. */
const labelOf = (queue: string): string => `name="${queue}"`;

export interface ServerState {
  readonly objects: Pick<CachedObjects, 'counts'>;
  /** How large the store is. */
  readonly storeBytes?: () => number;
}

/** What a server says of itself on /metrics beside what is counted while it works. */
export function registerServerMetrics(registry: Registry, state: ServerState): void {
  registry.add({
    render(lines) {
      storageMetrics(lines, state);
      buildInfo(lines);
      processMetrics(lines);
      registered(lines);
    },
  });
}

/** How many families there are, by what is promised of them; none is hidden or switched off. */
function registered(lines: string[]): void {
  const levels = new Map<string, number>();
  for (const line of lines) {
    const level = line.startsWith('# HELP ') ? /^# HELP \S+ \[(\w+)\]/.exec(line)?.[1] : undefined;
    if (level !== undefined) levels.set(level, (levels.get(level) ?? 0) + 1);
  }
  const name = 'registered_metrics_total';
  header(lines, name, 'counter', '[BETA] Families of metrics, by what is promised of them.');
  for (const [level, count] of levels)
    lines.push(sample(name, labelText({ deprecated_version: '', stability_level: level }), count));
  for (const [none, help] of [
    ['hidden_metrics_total', '[BETA] Families that are hidden.'],
    ['disabled_metrics_total', '[BETA] Families that are switched off.'],
  ] as const) {
    header(lines, none, 'counter', help);
    lines.push(sample(none, '', 0));
  }
}

function storageMetrics(lines: string[], { objects, storeBytes }: ServerState): void {
  if (storeBytes) {
    const size = 'apiserver_storage_size_bytes';
    header(lines, size, 'gauge', '[STABLE] Bytes that the store takes on disk.');
    lines.push(sample(size, labelText({ storage_cluster_id: 'etcd-0' }), storeBytes()));
  }
  const counts = [...objects.counts()];
  for (const [name, help] of [
    ['apiserver_storage_events_received_total', '[BETA] Changes that came from the store.'],
    ['apiserver_watch_cache_events_received_total', '[ALPHA] Changes that the watch cache took in.'],
  ] as const) {
    header(lines, name, 'counter', help);
    for (const [{ group, data }, , events] of counts)
      lines.push(sample(name, labelText({ group, resource: data.resource }), events));
  }
  header(lines, 'apiserver_resource_objects', 'gauge', '[ALPHA] Objects stored.');
  for (const [{ group, data }, count] of counts)
    lines.push(sample('apiserver_resource_objects', labelText({ group, resource: data.resource }), count));
  header(lines, 'apiserver_storage_objects', 'gauge', '[STABLE] Objects stored; deprecated for the former.');
  for (const [{ group, data }, count] of counts) {
    const resource = group === '' ? data.resource : `${data.resource}.${group}`;
    lines.push(sample('apiserver_storage_objects', labelText({ resource }), count));
  }
}

function buildInfo(lines: string[]): void {
  header(lines, 'kubernetes_build_info', 'gauge', '[BETA] Always 1; its labels say which version this is.');
  const labels = labelText({
    build_date: version.buildDate,
    compiler: version.compiler,
    git_commit: version.gitCommit,
    git_tree_state: version.gitTreeState,
    git_version: version.gitVersion,
    go_version: version.goVersion,
    major: version.major,
    minor: version.minor,
    platform: version.platform,
  });
  lines.push(sample('kubernetes_build_info', labels, 1));
}

/** As Prometheus' own clients have them; https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics */
function processMetrics(lines: string[]): void {
  const { user, system } = process.cpuUsage();
  const gauge = (name: string, help: string, value: number): void => {
    header(lines, name, 'gauge', help);
    lines.push(sample(name, '', value));
  };
  header(lines, 'process_cpu_seconds_total', 'counter', 'Seconds of CPU time used.');
  lines.push(sample('process_cpu_seconds_total', '', (user + system) / 1e6));
  gauge('process_resident_memory_bytes', 'Memory in use, in bytes.', process.memoryUsage.rss());
  const started = Date.now() / 1000 - process.uptime();
  gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.', started);
  const open = ofProcess(() => readdirSync('/proc/self/fd').length);
  if (open !== undefined) gauge('process_open_fds', 'Open file descriptors.', open);
  const most = ofProcess(() => Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]));
  if (most !== undefined) gauge('process_max_fds', 'Most file descriptors that may be open.', most);
  const virtual = ofProcess(
    () => Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024,
  );
  if (virtual !== undefined) gauge('process_virtual_memory_bytes', 'Address space in use, in bytes.', virtual);
}

/** Undefined where there is no such thing, as on other systems than Linux. */
function ofProcess(read: () => number): number | undefined {
  try {
    const value = read();
    return Number.isNaN(value) ? undefined : value;
  } catch {
    return undefined;
  }
}
