import { type Cell, type Distribution, labelText, Registry } from '../../utils/metrics.ts';
import type { ResponseHeaders } from '../http/exchange.ts';
import type { Lane } from './lane.ts';

const PREFIX = 'apiserver_flowcontrol_';
const queueLengths = [0, 10, 25, 50, 100, 250, 500, 1000];
const seconds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const seats = [1, 2, 4, 8, 16, 32, 64, 100];
const watchers = [0, 1, 10, 100, 1000, 10_000];

/** What fairness counts, under kube-apiserver's names. */
export class FairnessMetrics {
  readonly #registry: Registry;

  constructor(registry = new Registry()) {
    this.#registry = registry;
  }

  /** What is counted of the way from a flow schema to its priority level. */
  lane(schema: string, level: string, headers: ResponseHeaders): Lane {
    return new CountedLane(this.#registry, schema, level, headers);
  }

  limits(level: string, nominal: number, lower: number, upper: number): void {
    const labels = labelText({ priority_level: level });
    this.#gauge('nominal_limit_seats', '[BETA] Seats that a priority level has by its shares.').set(labels, nominal);
    this.#gauge('lower_limit_seats', '[ALPHA] Seats that a priority level keeps for itself.').set(labels, lower);
    this.#gauge('upper_limit_seats', '[ALPHA] Seats that a priority level may have at most.').set(labels, upper);
  }

  adjusted(
    level: string,
    demand: {
      readonly highWatermark: number;
      readonly average: number;
      readonly deviation: number;
      readonly smoothed: number;
    },
    target: number,
    current: number,
  ): void {
    const labels = labelText({ priority_level: level });
    this.#gauge('current_limit_seats', '[ALPHA] Seats that a priority level has now.').set(labels, current);
    this.#gauge('demand_seats_high_watermark', '[ALPHA] The most seats that were wanted at a time lately.').set(
      labels,
      demand.highWatermark,
    );
    this.#gauge('demand_seats_average', '[ALPHA] Seats that were wanted lately, on average.').set(
      labels,
      demand.average,
    );
    this.#gauge('demand_seats_stdev', '[ALPHA] How far the seats that were wanted strayed from the average.').set(
      labels,
      demand.deviation,
    );
    this.#gauge('demand_seats_smoothed', '[ALPHA] Seats wanted, quick to rise and slow to fall.').set(
      labels,
      demand.smoothed,
    );
    this.#gauge('target_seats', '[ALPHA] Seats that a priority level should have.').set(labels, target);
  }

  fairFraction(fraction: number): void {
    this.#gauge('seat_fair_frac', '[ALPHA] What every priority level gets of the seats it should have.').set(
      '',
      fraction,
    );
  }

  #gauge(name: string, help: string) {
    return this.#registry.gauge(PREFIX + name, help);
  }
}

class CountedLane implements Lane {
  readonly schema: string;
  readonly level: string;
  readonly headers: ResponseHeaders;
  readonly waiting: Cell;
  readonly waitingSeats: Cell;
  readonly executing: Cell;
  readonly executingSeats: Cell;
  readonly dispatched: Cell;
  readonly estimatedSeats: Distribution;
  readonly waited: Distribution;
  readonly executed: Distribution;
  readonly #registry: Registry;
  readonly #labels: string;
  #refused: Distribution | undefined;
  #watched: Distribution | undefined;
  #watchers: Distribution | undefined;
  #queueLength: Distribution | undefined;

  constructor(registry: Registry, schema: string, level: string, headers: ResponseHeaders) {
    this.#registry = registry;
    this.schema = schema;
    this.level = level;
    this.headers = headers;
    const labels = labelText({ flow_schema: schema, priority_level: level });
    this.#labels = labels;
    const gauge = (name: string, help: string) => registry.gauge(PREFIX + name, help).of(labels);
    this.waiting = gauge('current_inqueue_requests', '[BETA] Requests that wait for seats.');
    this.waitingSeats = gauge('current_inqueue_seats', '[ALPHA] Seats that requests wait for.');
    this.executing = gauge('current_executing_requests', '[BETA] Requests that execute; of watches, their beginning.');
    this.executingSeats = gauge('current_executing_seats', '[BETA] Seats that are taken.');
    this.dispatched = registry.counter(`${PREFIX}dispatched_requests_total`, '[BETA] Requests let through.').of(labels);
    this.estimatedSeats = this.#distribution(
      'work_estimated_seats',
      '[ALPHA] Seats that requests were thought to need.',
      seats,
    );
    this.waited = this.#distribution(
      'request_wait_duration_seconds',
      '[BETA] Seconds that requests waited for their seats.',
      seconds,
      'execute="true",',
    );
    this.executed = this.#distribution(...execution, 'type="regular"');
  }

  get refused(): Distribution {
    this.#refused ??= this.#distribution(
      'request_wait_duration_seconds',
      '[BETA] Seconds that requests waited for their seats.',
      seconds,
      'execute="false",',
    );
    return this.#refused;
  }

  get watched(): Distribution {
    this.#watched ??= this.#distribution(...execution, 'type="watch"');
    return this.#watched;
  }

  get watchers(): Distribution {
    this.#watchers ??= this.#distribution(
      'watch_count_samples',
      '[ALPHA] Watches that writes were shown to.',
      watchers,
    );
    return this.#watchers;
  }

  get queueLength(): Distribution {
    this.#queueLength ??= this.#distribution(
      'request_queue_length_after_enqueue',
      '[ALPHA] How many waited in a queue when one more had come.',
      queueLengths,
    );
    return this.#queueLength;
  }

  notAccommodated(): void {
    this.#registry
      .counter(
        `${PREFIX}request_dispatch_no_accommodation_total`,
        '[ALPHA] How often a request could not be let through for want of seats.',
      )
      .add(this.#labels);
  }

  rejected(reason: string): void {
    this.#registry
      .counter(`${PREFIX}rejected_requests_total`, '[BETA] Requests turned away.')
      .add(`${this.#labels},reason="${reason}"`);
  }

  /** `more` goes before the other labels with a comma behind it, or after them without. */
  #distribution(name: string, help: string, bounds: readonly number[], more = ''): Distribution {
    const labels = more === '' ? this.#labels : more.endsWith(',') ? more + this.#labels : `${this.#labels},${more}`;
    return this.#registry.histogram(PREFIX + name, help, bounds).of(labels);
  }
}

const execution = [
  'request_execution_seconds',
  '[ALPHA] Seconds that requests executed; of watches, their beginning.',
  seconds,
] as const;
