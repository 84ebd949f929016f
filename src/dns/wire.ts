/** Numbers of RFC 1035, 2782, 3596 and 6891. */
export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const;
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

export const IN = 1;
export const HEADER = 12;
export const QR = 0x8000;
export const AA = 0x0400;
export const TC = 0x0200;
export const RD = 0x0100;
export const RA = 0x0080;
export const CD = 0x0010;
const DO = 0x8000;
/** What we say we can take, and never exceed: fits every path without fragments (DNS flag day 2020). */
const EDNS_SIZE = 1232;
const PLAIN_SIZE = 512;

/** A question as it came, with what an answer to it depends on. */
export interface Query {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  /** Lower case, from the most specific to the root. One character a byte. */
  readonly labels: readonly string[];
  readonly type: number;
  readonly class: number;
  /** The question section exactly as it came: clients check that letter case comes back (draft 0x20). */
  readonly question: Buffer;
  readonly edns?: { readonly version: number; readonly dnssecOk: boolean };
  /** The longest answer the client takes over UDP, in bytes. */
  readonly udpSize: number;
}

/** A message that is no proper query: to be answered with `rcode`, or not at all. */
export type ParsedQuery =
  | { readonly query: Query }
  | { readonly refusal: { readonly id: number; readonly opcode: number; readonly rcode: Rcode } }
  | undefined;

/** Never throws. Answers, and what is too short to have an identity, give undefined, so that nobody can start a loop. */
export function parseQuery(message: Buffer): ParsedQuery {
  if (message.length < HEADER) return undefined;
  const id = message.readUInt16BE(0);
  const flags = message.readUInt16BE(2);
  if (flags & QR) return undefined;
  const opcode = (flags >> 11) & 15;
  const refuse = (rcode: Rcode) => ({ refusal: { id, opcode, rcode } });
  if (opcode !== 0) return refuse(RCODE.NOTIMP);
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0) return refuse(RCODE.FORMERR);
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return refuse(RCODE.FORMERR);
    at += 1 + length;
    if (length === 0) break;
    if (at > message.length || at - HEADER > 254) return refuse(RCODE.FORMERR);
    labels.push(message.toString('latin1', at - length, at).toLowerCase());
  }
  if (at + 4 > message.length) return refuse(RCODE.FORMERR);
  const type = message.readUInt16BE(at);
  const dnsClass = message.readUInt16BE(at + 2);
  at += 4;
  const question = Buffer.from(message.subarray(HEADER, at));
  let edns: Query['edns'];
  let udpSize = PLAIN_SIZE;
  for (let i = 0; i < (additionals ?? 0); i++) {
    const record = readRecord(message, at);
    if (!record) return refuse(RCODE.FORMERR);
    if (record.type === TYPE.OPT) {
      // Two of them, or one that has a name, are errors (RFC 6891, 6.1.1).
      if (edns || message[at] !== 0) return refuse(RCODE.FORMERR);
      edns = {
        version: message.readUInt8(record.ttlAt + 1),
        dnssecOk: (message.readUInt16BE(record.ttlAt + 2) & DO) !== 0,
      };
      udpSize = Math.min(Math.max(record.class, PLAIN_SIZE), EDNS_SIZE);
    }
    at = record.end;
  }
  return {
    query: {
      id,
      opcode,
      recursionDesired: (flags & RD) !== 0,
      checkingDisabled: (flags & CD) !== 0,
      labels,
      type,
      class: dnsClass,
      question,
      udpSize,
      ...(edns && { edns }),
    },
  };
}

interface RawRecord {
  readonly type: number;
  readonly class: number;
  readonly ttlAt: number;
  readonly dataAt: number;
  readonly end: number;
}

/** The offset after a name, which a pointer may end; undefined when it runs over the end. */
function skipName(message: Buffer, from: number): number | undefined {
  for (let at = from; ; ) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2 <= message.length ? at + 2 : undefined;
    if (length > 63) return undefined;
    at += 1 + length;
  }
}

function readRecord(message: Buffer, from: number): RawRecord | undefined {
  const at = skipName(message, from);
  if (at === undefined || at + 10 > message.length) return undefined;
  const dataAt = at + 10;
  const end = dataAt + message.readUInt16BE(at + 8);
  if (end > message.length) return undefined;
  return { type: message.readUInt16BE(at), class: message.readUInt16BE(at + 2), ttlAt: at + 4, dataAt, end };
}

/** What a cache must know of an answer. */
export interface AnswerShape {
  readonly rcode: number;
  readonly truncated: boolean;
  /** End of the question section. */
  readonly questionEnd: number;
  readonly ttlOffsets: readonly number[];
  /** Seconds for which the whole answer is good: least TTL, or what the SOA allows for a negative one; 0: do not keep. */
  readonly ttl: number;
  /** The OPT record, when it comes last and can be cut off. */
  readonly opt?: { readonly from: number; readonly end: number };
  readonly lastIsOpt: boolean;
}

/** Reads an upstream's answer to `query` with identity `id`; undefined when it is not one. Never throws. */
export function readAnswer(message: Buffer, id: number, question: Buffer): AnswerShape | undefined {
  if (message.length < HEADER + question.length || message.readUInt16BE(0) !== id) return undefined;
  const flags = message.readUInt16BE(2);
  if (!(flags & QR) || message.readUInt16BE(4) !== 1) return undefined;
  const questionEnd = HEADER + question.length;
  if (!sameQuestion(message.subarray(HEADER, questionEnd), question)) return undefined;
  const truncated = (flags & TC) !== 0;
  const counts = [6, 8, 10].map((at) => message.readUInt16BE(at));
  const ttlOffsets: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  let negative: number | undefined;
  let opt: { from: number; end: number } | undefined;
  let at = questionEnd;
  for (const [section, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      const record = readRecord(message, at);
      // A truncated answer may end anywhere; it is asked for again over TCP.
      if (!record)
        return truncated
          ? { rcode: flags & 15, truncated, questionEnd, ttlOffsets: [], ttl: 0, lastIsOpt: false }
          : undefined;
      if (record.type === TYPE.OPT) {
        opt = { from: at, end: record.end };
      } else {
        const ttl = message.readUInt32BE(record.ttlAt);
        ttlOffsets.push(record.ttlAt);
        least = Math.min(least, ttl);
        if (record.type === TYPE.SOA && section === 1 && record.end - record.dataAt >= 20) {
          negative = Math.min(ttl, message.readUInt32BE(record.end - 4));
        }
      }
      at = record.end;
    }
  }
  const rcode = flags & 15;
  const positive = rcode === RCODE.NOERROR && (counts[0] ?? 0) > 0;
  const cacheable = !truncated && (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN);
  const ttl = !cacheable ? 0 : positive ? least : (negative ?? 0);
  const lastIsOpt = opt !== undefined && opt.end === message.length;
  return { rcode, truncated, questionEnd, ttlOffsets, ttl, lastIsOpt, ...(opt && { opt }) };
}

function sameQuestion(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && a.toString('latin1').toLowerCase() === b.toString('latin1').toLowerCase();
}

/** A cached or fresh upstream answer as this client wants it: its identity and letters, less time to live, its size. */
export function adaptAnswer(
  message: Buffer,
  shape: AnswerShape,
  query: Query,
  ageSeconds: number,
  limit: number,
): Buffer {
  const length = shape.lastIsOpt && shape.opt && !query.edns ? shape.opt.from : message.length;
  const copy = Buffer.from(message.subarray(0, length));
  copy.writeUInt16BE(query.id, 0);
  query.question.copy(copy, HEADER);
  let flags = (copy.readUInt16BE(2) & ~(AA | RD)) | RA;
  if (query.recursionDesired) flags |= RD;
  copy.writeUInt16BE(flags, 2);
  if (length < message.length) copy.writeUInt16BE(copy.readUInt16BE(10) - 1, 10);
  for (const at of shape.ttlOffsets) copy.writeUInt32BE(Math.max(copy.readUInt32BE(at) - ageSeconds, 0), at);
  if (copy.length <= limit) return copy;
  const short = Buffer.from(copy.subarray(0, shape.questionEnd));
  short.writeUInt16BE(flags | TC, 2);
  for (const count of [6, 8, 10]) short.writeUInt16BE(0, count);
  return short;
}

/** The question of a query, in lower case, as a message to an upstream. */
export function encodeQuery(id: number, query: Pick<Query, 'question' | 'checkingDisabled' | 'edns'>): Buffer {
  const head = Buffer.alloc(HEADER);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(RD | (query.checkingDisabled ? CD : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(1, 10);
  return Buffer.concat([head, query.question, optRecord(query.edns?.dnssecOk ?? false, 0)]);
}

/** What ends every message of ours to who speaks EDNS (RFC 6891). */
export function optRecord(dnssecOk: boolean, extendedRcode: number): Buffer {
  const record = Buffer.alloc(11);
  record.writeUInt16BE(TYPE.OPT, 1);
  record.writeUInt16BE(EDNS_SIZE, 3);
  record.writeUInt8(extendedRcode, 5);
  record.writeUInt16BE(dnssecOk ? DO : 0, 7);
  return record;
}

/** The bytes of a question for `labels`. */
export function encodeQuestion(labels: readonly string[], type: number): Buffer {
  const parts = labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...parts, Buffer.of(0, type >> 8, type & 255, 0, IN)]);
}
