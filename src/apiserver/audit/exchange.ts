import type { IncomingHttpHeaders } from 'node:http';
import type { Connection, Exchange, ResponseHeaders, ResponseStream, Upgrade } from '../http/exchange.ts';
import type { AuditRecord } from './record.ts';

/** Answers of the server's own that are objects begin so. */
const OBJECT = '{"kind":"';

/** A request that is recorded: tells its record of the answer, which waits where a backend takes its time. */
export class AuditedExchange implements Exchange {
  readonly record: AuditRecord;
  readonly auditID: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Connection;
  readonly version: '1.1' | '2';
  readonly upgrade?: Upgrade;
  readonly #inner: Exchange;
  /** An answer that waits for the record to be stored. */
  #waiting = 0;

  constructor(inner: Exchange, record: AuditRecord) {
    this.#inner = inner;
    this.record = record;
    this.auditID = record.auditID;
    this.method = inner.method;
    this.url = inner.url;
    this.headers = inner.headers;
    this.connection = inner.connection;
    this.version = inner.version;
    const { upgrade } = inner;
    if (upgrade) {
      this.upgrade = {
        socket: upgrade.socket,
        head: upgrade.head,
        take: () => {
          this.#begin(101);
          upgrade.take();
        },
        webSocket: (protocol) => {
          this.#begin(101);
          return upgrade.webSocket(protocol);
        },
      };
    }
  }

  get closed(): boolean {
    return this.#inner.closed;
  }

  get signal(): AbortSignal {
    return this.#inner.signal;
  }

  get status(): number {
    return this.#inner.status || this.#waiting;
  }

  get sent(): number {
    return this.#inner.sent;
  }

  readBody(limit: number): Promise<Buffer> {
    return this.#inner.readBody(limit);
  }

  addHeaders(headers: ResponseHeaders): void {
    this.#inner.addHeaders(headers);
  }

  respond(status: number, headers: ResponseHeaders, body: readonly Uint8Array[]): void {
    if (this.closed || this.status !== 0) return;
    if (isPlainJson(headers) && startsWith(body, OBJECT)) this.record.answers(() => Buffer.concat(body));
    this.record.answered(status);
    const stored = this.record.long ? this.record.started() : this.record.completed();
    if (!(stored instanceof Promise)) {
      this.#inner.respond(status, headers, body);
      return;
    }
    this.#waiting = status;
    void stored.then(() => this.#inner.respond(status, headers, body));
  }

  stream(status: number, headers: ResponseHeaders): ResponseStream {
    if (!this.closed && this.status === 0) this.#begin(status);
    return this.#inner.stream(status, headers);
  }

  #begin(status: number): void {
    this.record.answered(status);
    void this.record.started();
  }

  abort(): void {
    this.#inner.abort();
  }

  onClose(listener: () => void): void {
    this.#inner.onClose(listener);
  }
}

const isPlainJson = (headers: ResponseHeaders): boolean =>
  headers['content-encoding'] === undefined && String(headers['content-type']).startsWith('application/json');

function startsWith(body: readonly Uint8Array[], text: string): boolean {
  const first = body[0];
  return (
    first !== undefined &&
    Buffer.from(first.buffer, first.byteOffset, Math.min(first.length, text.length)).toString() === text
  );
}
