import type { Logger } from '../../utils/log.ts';
import { labelText, type Registry, type Values } from '../../utils/metrics.ts';
import { type AuditEvent, eventLine } from './event.ts';

/** Where events go. */
export interface Backend {
  /** Whether all were stored; in the same turn where that is known. What is not stored has been counted and logged. */
  process(events: readonly AuditEvent[]): boolean | Promise<boolean>;
  /** Stores what waits; nothing is taken after it. */
  close(): Promise<void>;
}

/** kube-apiserver's numbers about auditing. */
export class AuditMetrics {
  readonly #events: Values;
  readonly #errors: Values;
  readonly #levels: Values;
  readonly #rejected: Values;

  constructor(registry: Registry) {
    this.#events = registry.counter('apiserver_audit_event_total', '[ALPHA] Audit events that were made.');
    this.#errors = registry.counter('apiserver_audit_error_total', '[ALPHA] Audit events that could not be stored.');
    this.#levels = registry.counter(
      'apiserver_audit_level_total',
      '[ALPHA] Requests by the level they are audited at.',
    );
    this.#rejected = registry.counter(
      'apiserver_audit_requests_rejected_total',
      '[ALPHA] Requests refused because their audit events could not be stored.',
    );
    this.#events.add('', 0);
    this.#rejected.add('', 0);
  }

  event(): void {
    this.#events.add('');
  }

  level(level: string): void {
    this.#levels.add(levelLabels[level] ?? labelText({ level }));
  }

  rejected(): void {
    this.#rejected.add('');
  }

  failed(plugin: string, events: number): void {
    this.#errors.add(labelText({ plugin }), events);
  }
}

const levelLabels: Readonly<Record<string, string>> = Object.fromEntries(
  ['None', 'Metadata', 'Request', 'RequestResponse'].map((level) => [level, labelText({ level })]),
);

/** Lines of events that a log entry about lost ones shows at most. */
const MOST_LINES = 5;

/** Counts and logs events that were lost: as lines, which show nothing of objects. */
export class Losses {
  readonly #metrics: AuditMetrics;
  readonly #log: Logger;

  constructor(metrics: AuditMetrics, log: Logger) {
    this.#metrics = metrics;
    this.#log = log;
  }

  lost(plugin: string, why: string, events: readonly AuditEvent[]): void {
    this.#metrics.failed(plugin, events.length);
    const impacted = events.slice(0, MOST_LINES).map(eventLine);
    this.#log.error({ impacted }, `Error in audit plugin '${plugin}' affecting ${events.length} audit events: ${why}`);
  }
}
