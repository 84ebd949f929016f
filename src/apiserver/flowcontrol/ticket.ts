import type { RequestInfo } from '../http/request-info.ts';
import type { UserInfo } from '../user.ts';
import type { Lane } from './lane.ts';
import type { PriorityLevel } from './level.ts';
import type { Queue } from './queue-set.ts';

/** How many seats a request takes while it executes, and afterwards while its watchers are served (milliseconds). */
export interface WorkEstimate {
  readonly initialSeats: number;
  readonly finalSeats: number;
  readonly lingersMs: number;
}

const GUESSED_SECONDS = 0.003;

/** A request on its way through its priority level. */
export class Ticket {
  readonly lane: Lane;
  readonly level: PriorityLevel;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  /** Tells the flows of a flow schema apart: a user, a namespace or nothing. */
  readonly distinguisher: string;
  readonly initialSeats: number;
  finalSeats: number;
  lingersMs: number;
  /** The most it occupies. */
  seats: number;
  /** Seat-seconds, as guessed. */
  readonly work: number;
  state: 'new' | 'waiting' | 'executing' | 'rejected' | 'over' = 'new';
  queue: Queue | undefined;
  /** Milliseconds since the epoch. */
  arrivedAt = 0;
  startedAt = 0;
  arrivedProgress = 0;
  /** Called once when one that waits is told whether it may execute. */
  onDecision: (() => void) | undefined;

  constructor(
    lane: Lane,
    level: PriorityLevel,
    info: RequestInfo,
    user: UserInfo,
    distinguisher: string,
    estimate: WorkEstimate,
  ) {
    this.lane = lane;
    this.level = level;
    this.info = info;
    this.user = user;
    this.distinguisher = distinguisher;
    this.initialSeats = estimate.initialSeats;
    this.finalSeats = estimate.finalSeats;
    this.lingersMs = estimate.lingersMs;
    this.seats = Math.max(estimate.initialSeats, estimate.finalSeats);
    this.work = estimate.initialSeats * GUESSED_SECONDS + (estimate.finalSeats * estimate.lingersMs) / 1000;
  }

  /** Makes what is left at the end no wider than the level, and as much longer. */
  narrow(limit: number): void {
    if (this.finalSeats <= limit || limit <= 0) return;
    this.lingersMs = (this.finalSeats * this.lingersMs) / limit;
    this.finalSeats = limit;
    this.seats = Math.max(this.initialSeats, limit);
  }

  decided(): void {
    const tell = this.onDecision;
    this.onDecision = undefined;
    tell?.();
  }
}
