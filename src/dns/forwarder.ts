import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import { AnswerCache, type CachedAnswer } from './cache.ts';
import { type Exchange, exchangeTcp, exchangeUdp } from './exchange.ts';
import type { Upstream } from './resolv-conf.ts';
import { encodeQuery, type Query, RCODE, readAnswer } from './wire.ts';

export interface ForwarderOptions {
  /** In order of preference. */
  readonly upstreams: readonly Upstream[];
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly udp?: Exchange;
  readonly tcp?: Exchange;
}

export type Forwarded = CachedAnswer & { readonly ageSeconds: number };

/** How long one upstream may take; the C library's resolver gives up after 5 s altogether. */
const ATTEMPT_MS = 2000;
const MOST_ATTEMPTS = 3;
/** An upstream that did not answer is asked last for this long. */
const SHUN_MS = 10_000;
/** CoreDNS' max_concurrent in kubeadm's Corefile. */
const MOST_IN_FLIGHT = 1000;

/** Asks the servers of the world outside: cached, each question once at a time, the next server when one is silent. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #udp: Exchange;
  readonly #tcp: Exchange;
  readonly #cache: AnswerCache;
  readonly #inFlight = new Map<string, Promise<CachedAnswer>>();
  readonly #shunned = new Map<Upstream, number>();
  readonly #excluded = new Set<Upstream>();
  readonly #abort = new AbortController();

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#udp = options.udp ?? exchangeUdp;
    this.#tcp = options.tcp ?? exchangeTcp;
    this.#cache = new AnswerCache(options.clock);
  }

  /** Rejects when no upstream answers, or there is too much to do. */
  async resolve(query: Query): Promise<Forwarded> {
    const question = Buffer.from(query.question.toString('latin1').toLowerCase(), 'latin1');
    // The type and class are no letters, whatever lower case made of them.
    query.question.copy(question, question.length - 4, question.length - 4);
    const key = `${question.toString('latin1')}${query.edns?.dnssecOk ? 'D' : ''}${query.checkingDisabled ? 'C' : ''}`;
    const cached = this.#cache.get(key);
    if (cached) return cached;
    const pending = this.#inFlight.get(key);
    if (pending) return { ...(await pending), ageSeconds: 0 };
    if (this.#inFlight.size >= MOST_IN_FLIGHT) throw new Error('too many questions wait for an answer');
    const asked = this.#ask({ ...query, question });
    this.#inFlight.set(key, asked);
    try {
      const answer = await asked;
      this.#cache.set(key, answer);
      return { ...answer, ageSeconds: 0 };
    } finally {
      this.#inFlight.delete(key);
    }
  }

  /** Never asks an upstream again: its questions come back to us. */
  exclude(upstream: Upstream): void {
    this.#excluded.add(upstream);
  }

  /** Asks one upstream and does not care what it says. */
  async probe(upstream: Upstream, query: Query): Promise<void> {
    try {
      await this.#attempt(upstream, query);
    } catch {
      // That it is silent shows when it is needed.
    }
  }

  stop(): void {
    this.#abort.abort();
  }

  async #ask(query: Query): Promise<CachedAnswer> {
    const { clock, log } = this.#options;
    const now = clock.now();
    const usable = this.#options.upstreams.filter((upstream) => !this.#excluded.has(upstream));
    const shunned = (upstream: Upstream) => (this.#shunned.get(upstream) ?? 0) > now;
    const order = [...usable.filter((upstream) => !shunned(upstream)), ...usable.filter(shunned)].slice(
      0,
      MOST_ATTEMPTS,
    );
    let failure: CachedAnswer | undefined;
    for (const upstream of order) {
      try {
        const answer = await this.#attempt(upstream, query);
        this.#shunned.delete(upstream);
        if (answer.shape.rcode !== RCODE.SERVFAIL && answer.shape.rcode !== RCODE.REFUSED) return answer;
        failure = answer;
      } catch (error) {
        if (this.#abort.signal.aborted) throw error;
        log.debug({ err: error, upstream }, 'an upstream name server does not answer');
        this.#shunned.set(upstream, clock.now() + SHUN_MS);
      }
    }
    if (failure) return failure;
    throw new Error('no upstream name server answers');
  }

  async #attempt(upstream: Upstream, query: Query): Promise<CachedAnswer> {
    const timeout = new AbortController();
    const timer = this.#options.clock.after(ATTEMPT_MS, () => timeout.abort());
    const signal = AbortSignal.any([timeout.signal, this.#abort.signal]);
    const id = Math.floor(this.#options.random() * 0x10000);
    const message = encodeQuery(id, query);
    const accept = (answer: Buffer): CachedAnswer | undefined => {
      const shape = readAnswer(answer, id, query.question);
      return shape && { message: Buffer.from(answer), shape };
    };
    try {
      const answer = await this.#udp(upstream, message, accept, signal);
      return answer.shape.truncated ? await this.#tcp(upstream, message, accept, signal) : answer;
    } finally {
      timer.stop();
    }
  }
}
