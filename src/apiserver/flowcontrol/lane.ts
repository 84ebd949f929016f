import type { Cell, Distribution } from '../../utils/metrics.ts';
import type { ResponseHeaders } from '../http/exchange.ts';

/** The way from one flow schema to its priority level: names, what is counted, and the headers that answers carry. */
export interface Lane {
  readonly schema: string;
  readonly level: string;
  readonly headers: ResponseHeaders;
  readonly waiting: Cell;
  readonly waitingSeats: Cell;
  readonly executing: Cell;
  readonly executingSeats: Cell;
  readonly dispatched: Cell;
  readonly queueLength: Distribution;
  readonly estimatedSeats: Distribution;
  readonly watchers: Distribution;
  /** Seconds: of those that were let through, and of those that were not. */
  readonly waited: Distribution;
  readonly refused: Distribution;
  /** Seconds; of watches, until they had begun. */
  readonly executed: Distribution;
  readonly watched: Distribution;
  notAccommodated(): void;
  rejected(reason: string): void;
}
