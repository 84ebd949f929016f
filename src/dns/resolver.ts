import { decode } from 'dns-packet';
import type { Logger } from '../utils/log.ts';
import type { Forwarder } from './forwarder.ts';
import { encodeRefusal, encodeResponse, type ResourceRecord, type Response } from './response.ts';
import { adaptAnswer, encodeQuestion, IN, parseQuery, type Query, RCODE, type Rcode, TYPE } from './wire.ts';
import type { ClusterZone, ZoneAnswer } from './zone.ts';

/** From the bytes of a question to the bytes of its answer; knows nothing of sockets. */
export class Resolver {
  readonly #zone: ClusterZone;
  readonly #forwarder: Forwarder;
  readonly #log: Logger;
  /** Told of every question for a name below this label of the cluster's domain. */
  readonly #onProbe: (label: string) => void;

  constructor(zone: ClusterZone, forwarder: Forwarder, log: Logger, onProbe: (label: string) => void = () => {}) {
    this.#zone = zone;
    this.#forwarder = forwarder;
    this.#log = log;
    this.#onProbe = onProbe;
  }

  /**
   * Never throws or rejects, whatever the message is. A Buffer when the answer is known, a promise when it has to be
   * asked for, undefined when there is nothing to say.
   */
  respond(message: Buffer, transport: 'udp' | 'tcp'): Buffer | Promise<Buffer> | undefined {
    const parsed = parseQuery(message);
    if (!parsed) return undefined;
    if ('refusal' in parsed) return encodeRefusal(parsed.refusal);
    const { query } = parsed;
    const limit = transport === 'udp' ? query.udpSize : 0xffff;
    if (query.edns && query.edns.version > 0) return this.#plain(query, RCODE.BADVERS, limit);
    if (query.class !== IN) return this.#plain(query, RCODE.REFUSED, limit);
    // Zone transfers, and ANY, which serves nobody but reflection attacks (RFC 8482).
    if (query.type >= 251 && query.type <= 255) return this.#plain(query, RCODE.NOTIMP, limit);
    const own = this.#zone.answer(query.labels, query.type);
    if (!own) return this.#forward(query, limit);
    if (own.rcode === RCODE.NXDOMAIN) this.#onProbe(query.labels[0] ?? '');
    if (own.alias !== undefined) return this.#follow(query, own, own.alias, limit);
    return encodeResponse(query, own, limit);
  }

  async #forward(query: Query, limit: number): Promise<Buffer> {
    if (!query.recursionDesired) return this.#plain(query, RCODE.REFUSED, limit);
    try {
      const { message, shape, ageSeconds } = await this.#forwarder.resolve(query);
      return adaptAnswer(message, shape, query, ageSeconds, limit);
    } catch (error) {
      this.#log.debug({ err: error, name: query.labels.join('.') }, 'could not forward a question');
      return this.#plain(query, RCODE.SERVFAIL, limit);
    }
  }

  /** An external name: our alias, and what the outside says about its target. */
  async #follow(query: Query, own: ZoneAnswer, alias: string, limit: number): Promise<Buffer> {
    const labels = alias.split('.');
    try {
      const question = encodeQuestion(labels, query.type);
      const { message } = await this.#forwarder.resolve({ ...query, labels, question });
      const outside = decode(message);
      const rcode: Rcode = (message.readUInt16BE(2) & 15) === RCODE.NXDOMAIN ? RCODE.NXDOMAIN : RCODE.NOERROR;
      const answers = (outside.answers ?? []).flatMap((answer): ResourceRecord[] => {
        if (answer.type === 'A' || answer.type === 'AAAA') {
          return [{ name: answer.name, ttl: answer.ttl ?? 0, data: { type: answer.type, address: answer.data } }];
        }
        if (answer.type !== 'CNAME') return [];
        return [{ name: answer.name, ttl: answer.ttl ?? 0, data: { type: 'CNAME', target: answer.data } }];
      });
      return encodeResponse(query, { ...own, rcode, answers: [...own.answers, ...answers] }, limit);
    } catch (error) {
      this.#log.debug({ err: error, alias }, 'could not resolve an external name');
      return encodeResponse(query, { ...own, rcode: RCODE.SERVFAIL }, limit);
    }
  }

  #plain(query: Query, rcode: Rcode, limit: number): Buffer {
    const response: Response = { rcode, authoritative: false, answers: [] };
    return encodeResponse(query, response, limit);
  }
}

/** A question in the form in which clients' questions come, for asking upstreams on our own account. */
export function makeQuery(labels: readonly string[], type: number = TYPE.A): Query {
  const question = encodeQuestion(labels, type);
  return {
    id: 0,
    opcode: 0,
    recursionDesired: true,
    checkingDisabled: false,
    labels,
    type,
    class: IN,
    question,
    udpSize: 512,
  };
}
