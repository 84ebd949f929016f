import { readdirSync, readFileSync } from 'node:fs';
import { version } from '../apiserver/http/version.ts';
import type { CachedObjects } from '../apiserver/object-reader.ts';
import type { WorkQueueMetrics } from '../client/work-queue.ts';
import { type Family, Histogram, header, labelText, sample, Values } from '../utils/metrics.ts';

/** client-go's: from ten nanoseconds to ten seconds. */
const queueBounds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1, 1, 10];

/** The metrics of work queues under client-go's names. */
export class QueueMetrics implements WorkQueueMetrics {
  readonly #depth = new Values('gauge', 'workqueue_depth', '[BETA] Keys that wait.');
  readonly #adds = new Values('counter', 'workqueue_adds_total', '[BETA] Keys added.');
  readonly #retries = new Values('counter', 'workqueue_retries_total', '[BETA] Keys added again after a failure.');
  readonly #waits = new Histogram('workqueue_queue_duration_seconds', '[BETA] Seconds that keys waited.', queueBounds);
  readonly #work = new Histogram('workqueue_work_duration_seconds', '[BETA] Seconds that work took.', queueBounds);

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
    for (const family of [this.#depth, this.#adds, this.#retries, this.#waits, this.#work]) family.render(lines);
  }
}

/** Names of queues are the program's own. */
const labelOf = (queue: string): string => `name="${queue}"`;

/** What a server says of itself on /metrics beside its requests. */
export function serverMetrics(
  objects: Pick<CachedObjects, 'counts'>,
  queues: QueueMetrics,
  ...families: readonly Family[]
): () => string {
  return () => {
    const lines: string[] = [];
    storageMetrics(lines, objects);
    queues.render(lines);
    for (const family of families) family.render(lines);
    buildInfo(lines);
    processMetrics(lines);
    return `${lines.join('\n')}\n`;
  };
}

function storageMetrics(lines: string[], objects: Pick<CachedObjects, 'counts'>): void {
  const counts = [...objects.counts()];
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
