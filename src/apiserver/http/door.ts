import { respondText } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { Limits } from './limits.ts';

/** Answered even by a server that stops: whoever watches over it has to know. */
const always = ['/readyz', '/livez', '/healthz', '/metrics'];

/** What a request meets first: whether the server takes it at all, and whether its connection is to go on. */
export class Door {
  readonly #limits: Limits;
  readonly #handle: (exchange: Exchange) => void;
  /** In [0, 1). */
  readonly #random: () => number;
  /** The server is about to stop. */
  closing = false;

  constructor(limits: Limits, handle: (exchange: Exchange) => void, random: () => number = Math.random) {
    this.#limits = limits;
    this.#handle = handle;
    this.#random = random;
  }

  readonly enter = (exchange: Exchange): void => {
    const { goawayChance, shutdownSendsRetryAfter } = this.#limits;
    if (this.closing && shutdownSendsRetryAfter && !always.some((path) => exchange.url.startsWith(path))) {
      exchange.connection.retire?.();
      const text = 'The apiserver is shutting down, please try again later.\n';
      const after = { 'retry-after': '5' };
      respondText(exchange, 429, text, exchange.version === '2' ? after : { ...after, connection: 'close' });
      return;
    }
    if (goawayChance > 0 && this.#random() < goawayChance) exchange.connection.retire?.();
    this.#handle(exchange);
  };
}
