import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.gen.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Registry } from '../../utils/metrics.ts';
import type { Exchange } from '../http/exchange.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { UserInfo } from '../user.ts';
import { adjust } from './borrowing.ts';
import type { Lane } from './lane.ts';
import { PriorityLevel } from './level.ts';
import { mandatoryLevels, mandatorySchemas } from './mandatory.ts';
import { matchingOrder, type RulesOfUser, SchemaMatcher } from './matching.ts';
import { FairnessMetrics } from './metrics.ts';
import { Slices } from './slices.ts';
import { Ticket, type WorkEstimate } from './ticket.ts';
import { WatchCount } from './watch-count.ts';
import { isList, isWrite, listEstimate, type ObjectStatistics, plainEstimate, writeEstimate } from './work-estimate.ts';

/** Seats are lent and given back this often. */
const ADJUST_MS = 10_000;
/** Nobody waits longer, whatever their time. */
const MOST_WAIT_MS = 60_000;

export interface FairnessOptions {
  readonly clock: Clock;
  /** How many seats there are: --max-requests-inflight and --max-mutating-requests-inflight together. */
  readonly seats: number;
  /** Of a resource; undefined where it is not known. */
  readonly statistics?: (info: RequestInfo) => ObjectStatistics | undefined;
  readonly registry?: Registry;
}

/** A flow schema in force, with where it leads. */
interface ActiveSchema {
  readonly name: string;
  readonly matcher: SchemaMatcher;
  readonly level: PriorityLevel;
  readonly distinguisher: string | undefined;
  readonly headers: Lane['headers'];
  lane: Lane | undefined;
}

interface Candidate {
  readonly schema: ActiveSchema;
  readonly rules: RulesOfUser;
}

/**
 * API Priority and Fairness: which requests are served now, which wait and which are turned away. The core is QueueSet;
 * here is which level a request belongs to, and how the levels share the server.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 */
export class Fairness {
  readonly slices: Slices;
  readonly #options: FairnessOptions;
  readonly #metrics: FairnessMetrics;
  readonly #watches = new WatchCount();
  #levels = new Map<string, PriorityLevel>();
  #schemas: readonly ActiveSchema[] = [];
  /** By user as authentication hands it over, which it often does twice. */
  #candidates = new WeakMap<UserInfo, readonly Candidate[]>();
  #timer: Timer | undefined;

  constructor(options: FairnessOptions) {
    this.#options = options;
    this.#metrics = new FairnessMetrics(options.registry);
    this.slices = new Slices();
    this.configure([], []);
    this.#adjustLater();
  }

  get levels(): readonly PriorityLevel[] {
    return [...this.#levels.values()];
  }

  /** Puts configurations in force. What must be there is there, whether or not it is given. */
  configure(levels: readonly PriorityLevelConfiguration[], schemas: readonly FlowSchema[]): void {
    const { clock, seats } = this.#options;
    const next = new Map<string, PriorityLevel>();
    const take = (configuration: PriorityLevelConfiguration) => {
      const { name } = configuration.metadata;
      const level = this.#levels.get(name) ?? new PriorityLevel(name, clock);
      level.configure(configuration);
      next.set(name, level);
    };
    for (const configuration of levels) if (PriorityLevel.isSound(configuration)) take(configuration);
    for (const configuration of mandatoryLevels) {
      if (!next.has(configuration.metadata.name)) take(configuration);
    }
    const given = schemas.filter(({ spec }) => next.has(spec.priorityLevelConfiguration.name)).sort(matchingOrder);
    const isGiven = (schema: FlowSchema) => given.some(({ metadata }) => metadata.name === schema.metadata.name);
    const [first, last] = mandatorySchemas.map((schema) => (isGiven(schema) ? [] : [schema]));
    const active = [...(first ?? []), ...given, ...(last ?? [])].map((schema) => this.#activate(schema, next));
    // Requests under way keep the level that they have come to.
    for (const [name, level] of this.#levels) {
      if (next.has(name)) continue;
      if (level.requests.idle) {
        level.requests.close();
        continue;
      }
      level.quiescing = true;
      next.set(name, level);
    }
    this.#levels = next;
    this.#schemas = active;
    this.#candidates = new WeakMap();
    const shares = this.levels.reduce((sum, level) => sum + level.shares, 0);
    for (const level of next.values()) {
      level.share(seats, shares);
      this.#metrics.limits(level.name, level.nominal, level.least, level.most);
    }
    this.#adjust();
  }

  #activate({ metadata, spec }: FlowSchema, levels: ReadonlyMap<string, PriorityLevel>): ActiveSchema {
    const level = levels.get(spec.priorityLevelConfiguration.name);
    if (!level) throw new Error(`no priority level for the flow schema ${metadata.name}`);
    return {
      name: metadata.name,
      matcher: new SchemaMatcher({ spec } as FlowSchema),
      level,
      distinguisher: spec.distinguisherMethod?.type,
      // Uids and no names: who is turned away need not learn what the cluster thinks of them.
      headers: {
        'x-kubernetes-pf-flowschema-uid': metadata.uid ?? '',
        'x-kubernetes-pf-prioritylevel-uid': level.uid,
      },
      lane: undefined,
    };
  }

  /** Finds a request's level and asks for its seats: it executes, waits or is rejected when this returns. */
  enter(info: RequestInfo, user: UserInfo, query: URLSearchParams | undefined): Ticket {
    const schema = this.#schemaOf(info, user);
    const { level } = schema;
    schema.lane ??= this.#metrics.lane(schema.name, level.name, schema.headers);
    const estimate = this.#estimate(info, query, level, schema.lane);
    const ticket = new Ticket(schema.lane, level, info, user, distinguish(schema, info, user), estimate);
    schema.lane.estimatedSeats.observe(ticket.seats);
    level.requests.start(ticket);
    if (ticket.state === 'rejected') level.dropped.record(ticket.arrivedAt);
    else if (ticket.state === 'executing' && !level.exempt) schema.lane.waited.observe(0);
    return ticket;
  }

  /** Resolves when a request that waits may execute or is turned away: after a quarter of its time, at the latest. */
  wait(ticket: Ticket, exchange: Exchange, timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const { level, lane } = ticket;
    return new Promise((resolve) => {
      const timer = clock.after(Math.min(timeoutMs / 4, MOST_WAIT_MS), () => level.requests.cancel(ticket));
      ticket.onDecision = () => {
        timer.stop();
        const waited = (clock.now() - ticket.arrivedAt) / 1000;
        if (ticket.state === 'rejected') {
          lane.refused.observe(waited);
          level.dropped.record(clock.now());
        } else {
          lane.waited.observe(waited);
        }
        resolve();
      };
      exchange.onClose(() => level.requests.cancel(ticket));
    });
  }

  /** A request is done, or a watch has begun. Once is enough, more does no harm. */
  leave(ticket: Ticket): void {
    if (ticket.state !== 'executing') return;
    const { level, lane, info } = ticket;
    const seconds = (this.#options.clock.now() - ticket.startedAt) / 1000;
    (info.verb === 'watch' ? lane.watched : lane.executed).observe(seconds);
    level.requests.finish(ticket);
    if (level.quiescing && level.requests.idle && this.#levels.delete(level.name)) level.requests.close();
  }

  /** Counts a watch in, as one that writes are shown to; what it returns counts it out. */
  watching(info: RequestInfo, query: URLSearchParams | undefined): () => void {
    return this.#watches.add(info, query?.get('fieldSelector') ?? undefined);
  }

  close(): void {
    this.#timer?.stop();
    for (const level of this.#levels.values()) level.requests.close();
  }

  #schemaOf(info: RequestInfo, user: UserInfo): ActiveSchema {
    let candidates = this.#candidates.get(user);
    if (!candidates) {
      candidates = this.#schemas
        .map((schema) => ({ schema, rules: schema.matcher.rulesOf(user) }))
        .filter(({ rules }) => rules.length > 0);
      this.#candidates.set(user, candidates);
    }
    for (const { schema, rules } of candidates) for (const rule of rules) if (rule(info)) return schema;
    const rest = this.#schemas.find(({ name }) => name === 'catch-all');
    if (!rest) throw new Error('no catch-all flow schema');
    return rest;
  }

  #estimate(info: RequestInfo, query: URLSearchParams | undefined, level: PriorityLevel, lane: Lane): WorkEstimate {
    if (isWrite(info)) {
      const watches = this.#watches.concernedBy(info);
      lane.watchers.observe(watches);
      return writeEstimate(watches, level.mostSeats);
    }
    if (isList(info, query)) return listEstimate(info, query, this.#options.statistics?.(info), level.mostSeats);
    return plainEstimate();
  }

  #adjustLater(): void {
    this.#timer = this.#options.clock.after(ADJUST_MS, () => {
      this.#adjust();
      this.#adjustLater();
    });
  }

  #adjust(): void {
    const now = this.#options.clock.now();
    for (const { demand, requests } of this.#levels.values()) demand.update(requests.demand.take(now));
    const { adjustments, fairFraction } = adjust(this.levels);
    this.#metrics.fairFraction(fairFraction);
    for (const { level, target, seats } of adjustments) {
      level.apply(seats);
      this.#metrics.adjusted(level.name, level.demand, target, seats);
    }
  }
}

function distinguish({ level, distinguisher }: ActiveSchema, info: RequestInfo, user: UserInfo): string {
  if (!level.usesQueues || distinguisher === undefined) return '';
  return distinguisher === 'ByUser' ? user.name : info.namespace;
}
