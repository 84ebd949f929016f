import { addressBytes } from '../utils/ip.ts';
import { AA, CD, HEADER, IN, optRecord, QR, type Query, RA, type Rcode, RD, TC, TYPE } from './wire.ts';

export type RecordData =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'PTR' | 'NS'; readonly target: string }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly type: 'TXT'; readonly text: string }
  | {
      readonly type: 'SOA';
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
      readonly minimum: number;
    };

export interface ResourceRecord {
  /** Without the final dot. */
  readonly name: string;
  readonly ttl: number;
  readonly data: RecordData;
}

export interface Response {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authorities?: readonly ResourceRecord[];
  readonly additionals?: readonly ResourceRecord[];
}

/**
 * The answer in at most `limit` bytes: records that do not fit are left out, and missing answers are announced by the
 * TC bit (RFC 2181, section 9), so that old resolvers still get some and new ones ask over TCP.
 */
export function encodeResponse(query: Query, response: Response, limit: number): Buffer {
  const opt = query.edns ? optRecord(query.edns.dnssecOk, response.rcode >> 4) : Buffer.alloc(0);
  const writer = new Writer(query, limit - opt.length);
  let flags = QR | RA | (response.rcode & 15);
  if (response.authoritative) flags |= AA;
  if (query.recursionDesired) flags |= RD;
  if (query.checkingDisabled) flags |= CD;
  const answers = writer.records(response.answers);
  if (answers < response.answers.length) flags |= TC;
  const authorities = flags & TC ? 0 : writer.records(response.authorities ?? []);
  const additionals = flags & TC ? 0 : writer.records(response.additionals ?? []);
  const message = Buffer.concat([writer.bytes(), opt]);
  message.writeUInt16BE(query.id, 0);
  message.writeUInt16BE(flags, 2);
  message.writeUInt16BE(1, 4);
  message.writeUInt16BE(answers, 6);
  message.writeUInt16BE(authorities, 8);
  message.writeUInt16BE(additionals + (query.edns ? 1 : 0), 10);
  return message;
}

/** A header that says no, for messages whose question could not be read. */
export function encodeRefusal(refusal: {
  readonly id: number;
  readonly opcode: number;
  readonly rcode: Rcode;
}): Buffer {
  const message = Buffer.alloc(HEADER);
  message.writeUInt16BE(refusal.id, 0);
  message.writeUInt16BE(QR | (refusal.opcode << 11) | refusal.rcode, 2);
  return message;
}

const LONGEST_RECORD = 1024;

class Writer {
  readonly #buffer: Buffer;
  readonly #limit: number;
  /** Where names, and ends of names, are already written. */
  readonly #names = new Map<string, number>();
  #at: number;
  #full = false;

  constructor(query: Query, limit: number) {
    this.#limit = limit;
    this.#buffer = Buffer.allocUnsafe(limit + LONGEST_RECORD);
    this.#buffer.fill(0, 0, HEADER);
    query.question.copy(this.#buffer, HEADER);
    this.#at = HEADER + query.question.length;
    let offset = HEADER;
    query.labels.forEach((label, i) => {
      this.#names.set(query.labels.slice(i).join('.'), offset);
      offset += label.length + 1;
    });
  }

  /** Writes records as long as they fit; returns how many did. */
  records(records: readonly ResourceRecord[]): number {
    let written = 0;
    for (const record of records) {
      if (this.#full) break;
      const start = this.#at;
      this.#record(record);
      if (this.#at > this.#limit) {
        this.#at = start;
        this.#full = true; // names of the record taken back may be remembered: nothing may point at them
      } else written++;
    }
    return written;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  #record({ name, ttl, data }: ResourceRecord): void {
    this.#name(name);
    this.#u16(TYPE[data.type]);
    this.#u16(IN);
    this.#u32(ttl);
    const lengthAt = this.#at;
    this.#u16(0);
    this.#data(data);
    this.#buffer.writeUInt16BE(this.#at - lengthAt - 2, lengthAt);
  }

  #data(data: RecordData): void {
    switch (data.type) {
      case 'A':
      case 'AAAA': {
        const bytes = addressBytes(data.address) ?? new Uint8Array(data.type === 'A' ? 4 : 16);
        this.#buffer.set(bytes, this.#at);
        this.#at += bytes.length;
        break;
      }
      case 'CNAME':
      case 'PTR':
      case 'NS':
        this.#name(data.target);
        break;
      case 'SRV':
        this.#u16(data.priority);
        this.#u16(data.weight);
        this.#u16(data.port);
        this.#name(data.target, false); // RFC 2782 forbids compression here
        break;
      case 'TXT':
        this.#label(data.text);
        break;
      case 'SOA':
        this.#name(data.primary);
        this.#name(data.mailbox);
        for (const number of [data.serial, 7200, 1800, 86_400, data.minimum]) this.#u32(number);
        break;
    }
  }

  #name(name: string, compress = true): void {
    const labels = name === '' ? [] : name.split('.');
    for (let i = 0; i < labels.length; i++) {
      const rest = labels.slice(i).join('.');
      const known = this.#names.get(rest);
      if (compress && known !== undefined) {
        this.#u16(0xc000 | known);
        return;
      }
      if (known === undefined && this.#at < 0x4000 && this.#at < this.#limit) this.#names.set(rest, this.#at);
      this.#label(labels[i] ?? '');
    }
    this.#buffer[this.#at++] = 0;
  }

  #label(text: string): void {
    const length = this.#buffer.write(text.slice(0, 255), this.#at + 1, 'latin1');
    this.#buffer[this.#at] = length;
    this.#at += length + 1;
  }

  #u16(value: number): void {
    this.#at = this.#buffer.writeUInt16BE(value, this.#at);
  }

  #u32(value: number): void {
    this.#at = this.#buffer.writeUInt32BE(value, this.#at);
  }
}
