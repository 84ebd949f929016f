import type { Clock, Timer } from '../../utils/clock.ts';
import { Integrator } from './seat-demand.ts';
import { dealHand, flowHash } from './shuffle-sharding.ts';
import type { Ticket } from './ticket.ts';

/** How long a request is thought to take before it is known (seconds). */
const GUESSED_SECONDS = 0.003;
/** Flows whose hands are remembered. */
const MOST_HANDS = 4096;

export interface QueueSettings {
  /** None: what finds no seat is refused. */
  readonly queues: number;
  readonly handSize: number;
  /** Of one queue. */
  readonly lengthLimit: number;
}

/** A flow, or several that share it, and what waits of them in order of arrival. */
export class Queue {
  index: number;
  readonly waiting = new Set<Ticket>();
  executing = 0;
  seatsInUse = 0;
  /** Seats and work (seat-seconds) of what waits. */
  seatsWaiting = 0;
  workWaiting = 0;
  /** Where on the set's progress meter its next request starts. */
  nextStart = 0;

  constructor(index: number) {
    this.index = index;
  }

  get idle(): boolean {
    return this.waiting.size === 0 && this.executing === 0;
  }
}

/**
 * The requests of one priority level: who executes, who waits and who goes next. Fair queuing for requests that occupy
 * several seats for a time that is known only afterwards. A progress meter runs as fast as every queue with something to
 * do gets seat-seconds; a queue's next request starts where its last one would end, and the one that would end first is
 * dispatched. No I/O, no promises: `start`, `finish` and `cancel` change tickets, and tickets tell who waits.
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/1040-priority-and-fairness
 */
export class QueueSet {
  readonly #clock: Clock;
  readonly demand: Integrator;
  readonly queues: Queue[] = [];
  readonly executing = new Set<Ticket>();
  readonly #hands = new Map<string, readonly number[]>();
  readonly #lingering = new Set<Timer>();
  #exempt: boolean;
  #settings: QueueSettings = { queues: 0, handSize: 0, lengthLimit: 0 };
  #limit = 0;
  /** The progress meter: seat-seconds given to each busy queue since the start. */
  #progress = 0;
  #progressAt: number;
  #robin = 0;
  #enqueued = 0;
  #busyQueues = 0;
  #queuedSeatsInUse = 0;
  waiting = 0;
  seatsWaiting = 0;
  seatsInUse = 0;
  readonly totals = { dispatched: 0, rejected: 0, cancelled: 0 };

  constructor(clock: Clock, exempt: boolean) {
    this.#clock = clock;
    this.#exempt = exempt;
    this.#progressAt = clock.now();
    this.demand = new Integrator(this.#progressAt);
  }

  get idle(): boolean {
    return this.waiting === 0 && this.executing.size === 0;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Takes new settings and seats, and dispatches what they allow. Queues that are too many go when they are empty. */
  configure(settings: QueueSettings, limit: number): void {
    this.#advance();
    if (settings.queues !== this.#settings.queues || settings.handSize !== this.#settings.handSize) this.#hands.clear();
    this.#settings = settings;
    this.#limit = limit;
    while (this.queues.length < settings.queues) this.queues.push(new Queue(this.queues.length));
    if (this.queues.length > settings.queues) this.#shrink();
    this.#dispatch();
  }

  /** Decides about a new request: it executes, waits or is rejected. */
  start(ticket: Ticket): void {
    const now = this.#advance();
    ticket.arrivedAt = now;
    ticket.arrivedProgress = this.#progress;
    const { queues, lengthLimit } = this.#settings;
    if (queues < 1) {
      if (this.#exempt || this.#fits(ticket.seats)) this.#execute(ticket, now);
      else this.#reject(ticket, 'concurrency-limit');
      return;
    }
    const queue = this.#choose(ticket);
    if (this.seatsInUse >= this.#limit && queue.waiting.size >= lengthLimit) {
      this.#reject(ticket, 'queue-full');
      return;
    }
    ticket.queue = queue;
    if (queue.idle) {
      this.#busyQueues++;
      queue.nextStart = this.#progress;
    }
    if (this.waiting === 0 && this.seatsInUse < this.#limit && this.#fits(ticket.seats)) {
      // The only one there is: what a look at all queues would find.
      queue.nextStart = Math.max(queue.nextStart, this.#progress);
      ticket.lane.queueLength.observe(1);
      this.#robin = queue.index;
      ticket.narrow(this.#limit);
      this.#execute(ticket, now);
      return;
    }
    queue.waiting.add(ticket);
    queue.seatsWaiting += ticket.seats;
    queue.workWaiting += ticket.work;
    this.waiting++;
    this.seatsWaiting += ticket.seats;
    ticket.state = 'waiting';
    ticket.lane.waiting.value++;
    ticket.lane.waitingSeats.value += ticket.seats;
    ticket.lane.queueLength.observe(queue.waiting.size);
    this.#bound(queue);
    this.#observe(now);
    this.#dispatch();
  }

  /** A request that executed is done. Its seats may stay taken for a while, by what its watchers are sent. */
  finish(ticket: Ticket): void {
    if (ticket.state !== 'executing') return;
    ticket.state = 'over';
    const now = this.#advance();
    const { queue, lane } = ticket;
    this.executing.delete(ticket);
    lane.executing.value--;
    if (queue) {
      queue.executing--;
      if (queue.idle) this.#busyQueues--;
      queue.nextStart -= ticket.initialSeats * (GUESSED_SECONDS - (now - ticket.startedAt) / 1000);
      this.#bound(queue);
    }
    if (ticket.lingersMs <= 0) {
      this.#release(ticket, now);
    } else {
      const timer = this.#clock.after(ticket.lingersMs, () => {
        this.#lingering.delete(timer);
        this.#release(ticket, this.#advance());
        this.#dispatch();
      });
      this.#lingering.add(timer);
    }
    this.#dispatch();
  }

  /** A request waits no longer: its time is over, or its client has gone. */
  cancel(ticket: Ticket): void {
    if (ticket.state !== 'waiting' || !ticket.queue) return;
    const now = this.#advance();
    const { queue } = ticket;
    this.#leave(queue, ticket);
    if (queue.idle) this.#busyQueues--;
    this.#bound(queue);
    this.totals.cancelled++;
    this.#observe(now);
    this.#reject(ticket, 'time-out');
  }

  close(): void {
    for (const timer of this.#lingering) timer.stop();
    this.#lingering.clear();
  }

  /** Moves the progress meter on to now, which it returns. Before any change. */
  #advance(): number {
    const now = this.#clock.now();
    const passed = (now - this.#progressAt) / 1000;
    this.#progressAt = now;
    if (this.#busyQueues > 0 && passed > 0) {
      const wanted = this.#queuedSeatsInUse + this.seatsWaiting;
      this.#progress += (Math.min(wanted, this.#limit) / this.#busyQueues) * passed;
    }
    return now;
  }

  get progress(): number {
    return this.#progress;
  }

  /** Of the flow's queues the one with the least work waiting; the look begins with another of them each time. */
  #choose(ticket: Ticket): Queue {
    const hand = this.#hand(ticket);
    const offset = this.#enqueued++ % hand.length;
    let least = Number.POSITIVE_INFINITY;
    let chosen: Queue | undefined;
    for (let i = 0; i < hand.length; i++) {
      const queue = this.queues[hand[(offset + i) % hand.length] ?? 0];
      if (queue && queue.workWaiting < least) {
        least = queue.workWaiting;
        chosen = queue;
        if (least === 0) break;
      }
    }
    // There are as many queues as are dealt.
    if (!chosen) throw new Error('a hand without queues');
    return chosen;
  }

  #hand({ lane, distinguisher }: Ticket): readonly number[] {
    const { queues, handSize } = this.#settings;
    if (queues === 1) return onlyQueue;
    const key = `${lane.schema}\0${distinguisher}`;
    const known = this.#hands.get(key);
    if (known) return known;
    const hand = dealHand(flowHash(lane.schema, distinguisher), queues, handSize);
    if (this.#hands.size >= MOST_HANDS)
      for (const oldest of this.#hands.keys()) {
        this.#hands.delete(oldest);
        break;
      }
    this.#hands.set(key, hand);
    return hand;
  }

  #fits(seats: number): boolean {
    // A request wider than the level goes when it has the level to itself.
    if (seats > this.#limit) return this.executing.size === 0;
    return this.seatsInUse + seats <= this.#limit;
  }

  #dispatch(): void {
    while (this.waiting > 0 && this.seatsInUse < this.#limit) {
      if (!this.#dispatchNext()) return;
    }
  }

  /** Dispatches the oldest request of the queue in which one would end first; false when it does not fit yet. */
  #dispatchNext(): boolean {
    const { queues } = this;
    let first: Queue | undefined;
    let firstTicket: Ticket | undefined;
    let firstIndex = 0;
    let leastEnd = Number.POSITIVE_INFINITY;
    for (let i = 1; i <= queues.length; i++) {
      const index = (this.#robin + i) % queues.length;
      const queue = queues[index];
      if (!queue || queue.waiting.size === 0) continue;
      const oldest = oldestOf(queue);
      if (!oldest) continue;
      const end = queue.nextStart + oldest.work;
      if (end < leastEnd) {
        leastEnd = end;
        first = queue;
        firstTicket = oldest;
        firstIndex = index;
      }
    }
    if (!first || !firstTicket) return false;
    if (!this.#fits(firstTicket.seats)) {
      firstTicket.lane.notAccommodated();
      return false;
    }
    // The next look begins behind this one, so that others win where all is equal.
    this.#robin = firstIndex;
    this.#leave(first, firstTicket);
    firstTicket.narrow(this.#limit);
    this.#execute(firstTicket, this.#progressAt);
    this.#bound(first);
    firstTicket.decided();
    return true;
  }

  #leave(queue: Queue, ticket: Ticket): void {
    queue.waiting.delete(ticket);
    queue.seatsWaiting -= ticket.seats;
    queue.workWaiting = queue.waiting.size === 0 ? 0 : queue.workWaiting - ticket.work;
    this.waiting--;
    this.seatsWaiting -= ticket.seats;
    ticket.lane.waiting.value--;
    ticket.lane.waitingSeats.value -= ticket.seats;
  }

  #execute(ticket: Ticket, now: number): void {
    const { queue, lane, seats } = ticket;
    ticket.state = 'executing';
    ticket.startedAt = now;
    this.executing.add(ticket);
    this.seatsInUse += seats;
    lane.executing.value++;
    lane.executingSeats.value += seats;
    lane.dispatched.value++;
    this.totals.dispatched++;
    if (queue) {
      queue.executing++;
      queue.seatsInUse += seats;
      this.#queuedSeatsInUse += seats;
      queue.nextStart += ticket.work;
    }
    this.#observe(now);
  }

  #release(ticket: Ticket, now: number): void {
    const { queue, seats } = ticket;
    this.seatsInUse -= seats;
    ticket.lane.executingSeats.value -= seats;
    if (queue) {
      queue.seatsInUse -= seats;
      this.#queuedSeatsInUse -= seats;
    }
    this.#observe(now);
    if (this.queues.length > this.#settings.queues) this.#shrink();
  }

  #reject(ticket: Ticket, reason: string): void {
    const waited = ticket.state === 'waiting';
    ticket.state = 'rejected';
    this.totals.rejected++;
    ticket.lane.rejected(reason);
    if (waited) ticket.decided();
  }

  /** No request starts before it came: a queue that is not busy saves nothing up for later. */
  #bound(queue: Queue): void {
    const oldest = oldestOf(queue);
    if (oldest && queue.nextStart < oldest.arrivedProgress) queue.nextStart = oldest.arrivedProgress;
  }

  #shrink(): void {
    for (let i = this.queues.length - 1; i >= 0 && this.queues.length > this.#settings.queues; i--) {
      if (!this.queues[i]?.idle) continue;
      this.queues.splice(i, 1);
      if (this.#robin >= i) this.#robin = Math.max(0, this.#robin - 1);
    }
    for (const [i, queue] of this.queues.entries()) queue.index = i;
  }

  #observe(now: number): void {
    this.demand.set(this.seatsInUse + this.seatsWaiting, now);
  }
}

const onlyQueue = [0];

function oldestOf(queue: Queue): Ticket | undefined {
  if (queue.waiting.size === 0) return undefined;
  for (const ticket of queue.waiting) return ticket;
  return undefined;
}
