import type { Status } from '../../api/meta/v1.gen.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Exchange } from '../http/exchange.ts';
import { isLongRunning } from '../http/flights.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { UserInfo } from '../user.ts';
import { auditIdOf } from './audit-id.ts';
import type { AuditMetrics, Backend } from './backend.ts';
import type { AuditEvent } from './event.ts';
import { AuditedExchange } from './exchange.ts';
import type { PolicyRules } from './policy.ts';
import { AuditRecord } from './record.ts';

/** A backend with what its mode says of requests whose events it cannot store. */
export interface AuditSink {
  readonly backend: Backend;
  /** "blocking-strict": a request is refused when the event of its arrival cannot be stored. */
  readonly strict: boolean;
}

export interface AuditorOptions {
  readonly rules: PolicyRules;
  readonly sinks: readonly AuditSink[];
  readonly metrics: AuditMetrics;
  readonly clock: Clock;
}

/** How long a closing server waits for what is on its way to a webhook. Milliseconds. */
const CLOSE_MS = 5_000;

/** Records requests as a policy wants it. https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/ */
export class Auditor {
  readonly #options: AuditorOptions;

  constructor(options: AuditorOptions) {
    this.#options = options;
  }

  /**
   * A request, once it is known who asks: undefined where it is not to be recorded. Who gets an exchange goes on with
   * it in place of the other one, and first waits for the event of its arrival: `received`.
   */
  begin(
    exchange: Exchange,
    info: RequestInfo,
    user: UserInfo | undefined,
    received: number,
  ): AuditedExchange | undefined {
    const { rules, metrics, clock } = this.#options;
    const policy = rules.evaluate({
      user,
      verb: info.verb,
      group: info.group,
      version: info.version,
      resource: info.resource,
      subresource: info.subresource,
      namespace: info.namespace,
      name: info.name,
      path: info.path,
    });
    metrics.level(policy?.level ?? 'None');
    if (!policy) return undefined;
    const auditID = auditIdOf(exchange);
    const long = isLongRunning(info);
    const record = new AuditRecord(exchange, info, user, { auditID, long, policy, take: this.#take, clock, received });
    return new AuditedExchange(exchange, record);
  }

  /** Stores the event of a request's arrival; false where the request must be refused for want of it. */
  received({ record }: AuditedExchange): boolean | Promise<boolean> {
    const stored = record.received();
    if (stored instanceof Promise) return stored.then((ok) => this.#allowed(ok));
    return this.#allowed(stored);
  }

  #allowed(stored: boolean): boolean {
    if (!stored) this.#options.metrics.rejected();
    return stored;
  }

  /** A request that was refused before anybody asked who may: 401, or a time that makes no sense. */
  refused(exchange: Exchange, info: RequestInfo, status: Status, received: number): AuditedExchange | undefined {
    const audited = this.begin(exchange, info, undefined, received);
    if (audited) void audited.record.refused(status);
    return audited;
  }

  readonly #take = (event: AuditEvent): boolean | Promise<boolean> => {
    this.#options.metrics.event();
    const events = [event];
    let stored = true;
    let later: Promise<boolean>[] | undefined;
    for (const { backend, strict } of this.#options.sinks) {
      const answer = backend.process(events);
      if (answer instanceof Promise) {
        later ??= [];
        later.push(strict ? answer : answer.then(() => true));
      } else if (strict && !answer) stored = false;
    }
    if (!later) return stored;
    return Promise.all(later).then((all) => stored && all.every(Boolean));
  };

  /** Stores what waits. */
  async close(): Promise<void> {
    const { sinks, clock } = this.#options;
    await Promise.race([Promise.all(sinks.map(({ backend }) => backend.close())), clock.sleep(CLOSE_MS)]);
  }
}
