import { type Cell, exponential, type Histogram, labelText, type Registry, Values } from '../utils/metrics.ts';
import type { QueuedPodInfo } from './framework/types.ts';

/** The parts in which pods wait, as kube-scheduler names them. */
export type QueueName = 'active' | 'backoff' | 'unschedulable' | 'gated';
export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';
export type ExtensionPoint = 'PreFilter' | 'Filter' | 'Score' | 'Bind';

/** In seconds, kube-scheduler's. */
const attemptBounds = exponential(0.001, 2, 15);
const sliBounds = exponential(0.01, 2, 20);
const pointBounds = exponential(0.0001, 2, 12);
/** More attempts than these are counted as one more. */
const MOST_ATTEMPTS = 15;

/** What the scheduler does, under kube-scheduler's names. Milliseconds come in, seconds go out. */
export class SchedulerMetrics {
  readonly #profile: string;
  readonly #attempts: Values;
  readonly #duration: Histogram;
  readonly #points: Histogram;
  readonly #sli: Histogram;
  readonly #tries: Histogram;
  readonly #incoming: Values;
  readonly #algorithm: Histogram;
  /** By queue and event. */
  readonly #cells = new Map<string, Cell>();

  constructor(registry: Registry, profile: string, pending: () => Readonly<Record<QueueName, number>>) {
    this.#profile = profile;
    this.#attempts = registry.counter(
      'scheduler_schedule_attempts_total',
      '[STABLE] Attempts to schedule pods, by what came of them.',
    );
    this.#duration = registry.histogram(
      'scheduler_scheduling_attempt_duration_seconds',
      '[STABLE] Seconds that attempts took, from the choice of a node to its binding.',
      attemptBounds,
    );
    this.#algorithm = registry.histogram(
      'scheduler_scheduling_algorithm_duration_seconds',
      '[ALPHA] Seconds that the choice of a node took.',
      attemptBounds,
    );
    this.#points = registry.histogram(
      'scheduler_framework_extension_point_duration_seconds',
      '[STABLE] Seconds that all plugins of an extension point took.',
      pointBounds,
    );
    this.#sli = registry.histogram(
      'scheduler_pod_scheduling_sli_duration_seconds',
      '[BETA] Seconds from when a pod could be scheduled to its node.',
      sliBounds,
    );
    this.#tries = registry.histogram(
      'scheduler_pod_scheduling_attempts',
      '[STABLE] Attempts that pods took that have a node.',
      exponential(1, 2, 5),
    );
    this.#incoming = registry.counter(
      'scheduler_queue_incoming_pods_total',
      '[STABLE] Pods that came into a queue, by what brought them.',
    );
    // Nothing is preempted so far.
    registry.counter('scheduler_preemption_attempts_total', '[STABLE] Attempts to make room.').set('', 0);
    registry.add({
      render(lines) {
        const waiting = new Values('gauge', 'scheduler_pending_pods', '[STABLE] Pods that wait for a node, by queue.');
        for (const [queue, count] of Object.entries(pending())) waiting.set(labelText({ queue }), count);
        waiting.render(lines);
      },
    });
  }

  incoming(queue: QueueName, event: string): void {
    const key = `${queue} ${event}`;
    let cell = this.#cells.get(key);
    if (!cell) {
      cell = this.#incoming.of(labelText({ event, queue }));
      this.#cells.set(key, cell);
    }
    cell.value++;
  }

  readonly point = (
    point: ExtensionPoint,
    milliseconds: number,
    status: 'Success' | 'Unschedulable' | 'Error',
  ): void => {
    this.#points.observe(labelText({ extension_point: point, profile: this.#profile, status }), milliseconds / 1000);
  };

  /** A node was chosen, or none was found. */
  chosen(milliseconds: number): void {
    this.#algorithm.observe('', milliseconds / 1000);
  }

  attempt(result: AttemptResult, milliseconds: number): void {
    const labels = labelText({ profile: this.#profile, result });
    this.#attempts.add(labels);
    this.#duration.observe(labels, milliseconds / 1000);
  }

  /** `now` as the clock of the queue has it. */
  bound({ attempts, added }: QueuedPodInfo, now: number): void {
    this.#tries.observe('', attempts);
    const label = attempts > MOST_ATTEMPTS ? `${MOST_ATTEMPTS}+` : attempts;
    this.#sli.observe(labelText({ attempts: label }), (now - added) / 1000);
  }
}
