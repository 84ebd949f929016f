import type { PriorityLevelConfiguration } from '../../api/flowcontrol/v1.gen.ts';
import type { Clock } from '../../utils/clock.ts';
import { DroppedRequests } from './dropped-requests.ts';
import { QueueSet, type QueueSettings } from './queue-set.ts';
import { DemandStatistics } from './seat-demand.ts';
import { canDeal } from './shuffle-sharding.ts';

/** Of the nominal seats one request may have so many, at most. */
const MOST_OF_LEVEL = 0.15;

const EXEMPT = 'exempt';
const noQueues: QueueSettings = { queues: 0, handSize: 0, lengthLimit: 0 };

/** A priority level in force: its configuration, its requests, and the seats it has now. */
export class PriorityLevel {
  readonly name: string;
  readonly exempt: boolean;
  readonly requests: QueueSet;
  readonly demand = new DemandStatistics();
  readonly dropped = new DroppedRequests();
  uid = '';
  shares = 0;
  #lendablePercent = 0;
  #borrowingPercent: number | undefined;
  #settings = noQueues;
  /** No longer wanted: goes when its last request does. */
  quiescing = false;
  /** Seats: by its shares, at least, at most and now. */
  nominal = 0;
  least = 0;
  most = 0;
  current = 0;
  /** What one request may have; 0: whatever it needs. */
  mostSeats = 0;
  /** Time on the processor that it has had, over its seats: who has had least goes first (slices.ts). */
  pass = 0;
  #fresh = true;

  constructor(name: string, clock: Clock) {
    this.name = name;
    this.exempt = name === EXEMPT;
    this.requests = new QueueSet(clock, this.exempt);
  }

  /** Whether the configuration can be put in force; what validation would not let through cannot. */
  static isSound({ metadata, spec }: PriorityLevelConfiguration): boolean {
    const { limited, exempt, type } = spec;
    if ((type === 'Limited') !== (limited !== undefined) || (type === 'Exempt') !== (exempt !== undefined))
      return false;
    if ((type === 'Exempt') !== (metadata.name === EXEMPT)) return false;
    if (!limited) return true;
    const { queuing, type: response } = limited.limitResponse;
    if ((response === 'Reject') !== (queuing === undefined)) return false;
    return !queuing || canDeal(queuing.queues, queuing.handSize);
  }

  configure({ metadata, spec }: PriorityLevelConfiguration): void {
    this.uid = metadata.uid ?? '';
    this.quiescing = false;
    const { limited } = spec;
    const common = limited ?? spec.exempt;
    this.shares = common?.nominalConcurrencyShares ?? 0;
    this.#lendablePercent = common?.lendablePercent ?? 0;
    this.#borrowingPercent = limited?.borrowingLimitPercent;
    const queuing = limited?.limitResponse.queuing;
    this.#settings = queuing
      ? { queues: queuing.queues, handSize: queuing.handSize, lengthLimit: queuing.queueLengthLimit }
      : noQueues;
  }

  get usesQueues(): boolean {
    return this.#settings.queues > 1;
  }

  /** Works out the level's part of the server's seats. */
  share(serverSeats: number, allShares: number): void {
    this.nominal = allShares > 0 ? Math.ceil((serverSeats * this.shares) / allShares) : 0;
    const lendable = Math.round((this.nominal * this.#lendablePercent) / 100);
    const borrowing = this.#borrowingPercent;
    this.least = this.nominal - lendable;
    this.most = this.nominal + (borrowing === undefined ? serverSeats : Math.round((this.nominal * borrowing) / 100));
    const { queues, handSize } = this.#settings;
    this.mostSeats =
      queues > 0
        ? Math.max(1, Math.min(Math.ceil(this.nominal * MOST_OF_LEVEL), Math.floor(this.nominal / handSize)))
        : 0;
    if (this.#fresh) this.current = this.nominal - Math.trunc(lendable / 2);
    this.#fresh = false;
  }

  /** Lets the level have so many seats from now on. */
  apply(seats: number): void {
    this.current = seats;
    this.requests.configure(this.#settings, seats);
  }
}
