import { createGzip } from 'node:zlib';
import { turns } from '../../utils/turns.ts';
import { acceptsGzip, COMPRESS_FROM, GZIP_LEVEL, packedHeaders } from './answer.ts';
import type { Exchange, ResponseHeaders, ResponseStream } from './exchange.ts';

/**
 * Sends an answer of any length: a piece is made when the client has room for it and it is this answer's turn, so that
 * neither memory nor the event loop is taken by what nobody reads yet. Short answers are sent as they are, with their
 * length. Where making a piece fails the answer is broken off, so that the client can tell.
 */
export async function pour(
  exchange: Exchange,
  status: number,
  headers: ResponseHeaders,
  pieces: Iterator<Uint8Array, void>,
): Promise<void> {
  const start: Uint8Array[] = [];
  const packing = acceptsGzip(exchange);
  for (let size = 0; size <= (packing ? COMPRESS_FROM : 0); ) {
    const { value } = pieces.next();
    if (!value) {
      exchange.respond(status, headers, start);
      return;
    }
    start.push(value);
    size += value.length;
    await turns.take();
  }
  const second = pieces.next();
  if (!packing && second.done) {
    exchange.respond(status, headers, start);
    return;
  }
  if (second.value) start.push(second.value);
  if (exchange.method === 'HEAD') {
    exchange.respond(status, headers, []);
    return;
  }
  const stream = exchange.stream(status, packing ? packedHeaders(headers) : headers);
  try {
    await (packing ? pack(exchange, stream, chain(start, pieces)) : send(exchange, stream, chain(start, pieces)));
  } catch (error) {
    exchange.abort();
    throw error;
  }
}

function* chain(start: readonly Uint8Array[], rest: Iterator<Uint8Array, void>): Generator<Uint8Array, void> {
  yield* start;
  for (let next = rest.next(); next.value; next = rest.next()) yield next.value;
}

async function send(exchange: Exchange, stream: ResponseStream, pieces: Iterable<Uint8Array>): Promise<void> {
  const flow = new Flow(exchange);
  stream.onDrain = flow.open;
  for (const piece of pieces) {
    if (!stream.write(piece)) await flow.opened();
    if (exchange.closed) return;
    await turns.take();
  }
  stream.end();
}

/** The same through gzip, which works beside the event loop. */
async function pack(exchange: Exchange, stream: ResponseStream, pieces: Iterable<Uint8Array>): Promise<void> {
  const gzip = createGzip({ level: GZIP_LEVEL });
  const flow = new Flow(exchange);
  gzip.on('data', (chunk: Buffer) => {
    if (!stream.write(chunk)) gzip.pause();
  });
  stream.onDrain = () => gzip.resume();
  gzip.on('drain', flow.open);
  gzip.once('end', () => stream.end());
  gzip.once('error', () => exchange.abort());
  exchange.onClose(() => gzip.destroy());
  for (const piece of pieces) {
    if (exchange.closed) return;
    if (!gzip.write(piece)) await flow.opened();
    await turns.take();
  }
  if (!exchange.closed) gzip.end();
}

/** Waits until there is room, or nobody left to send to. */
export class Flow {
  #wake: (() => void) | undefined;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    exchange.onClose(this.open);
  }

  opened(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#exchange.closed) resolve();
      else this.#wake = resolve;
    });
  }

  readonly open = (): void => {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  };
}
