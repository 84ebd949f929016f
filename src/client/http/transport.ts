import http2 from 'node:http2';
import { ApiError } from '../../api/errors.ts';
import type { Status } from '../../api/meta/v1.gen.ts';
import type { Clock } from '../../utils/clock.ts';
import type { ClientConfig } from './config.ts';
import type { Sessions } from './sessions.ts';

export interface RequestOptions {
  readonly method: string;
  readonly path: string;
  readonly userAgent: string;
  readonly body?: object | undefined;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The server ends a request after 60 s itself; this is for one that does not. */
const REQUEST_MS = 75_000;
/** A list of everything a large cluster has; more is taken for a mistake. */
const LARGEST_ANSWER = 1 << 30;
/** How often a request is sent again because the server asked for it (Retry-After) or the connection broke (GET only). */
const RETRIES = 10;

/** Sends requests, and sends them again where that is safe and asked for. */
export class Transport {
  readonly #sessions: Sessions;
  readonly #config: ClientConfig;
  readonly #clock: Clock;

  constructor(sessions: Sessions, config: ClientConfig, clock: Clock) {
    this.#sessions = sessions;
    this.#config = config;
    this.#clock = clock;
  }

  /** The parsed answer. Rejects with ApiError for an answer that is no success. */
  async request(options: RequestOptions): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(options);
      } catch (error) {
        if (attempt > RETRIES || options.signal?.aborted) throw error;
        if (error instanceof ApiError) {
          const after = error.status.details?.retryAfterSeconds;
          if (after === undefined || (error.code !== 429 && error.code < 500)) throw error;
          await this.#clock.sleep(after * 1000, options.signal);
        } else if (!(isRefused(error) || (options.method === 'GET' && isReset(error) && attempt === 1))) {
          throw error;
        }
      }
    }
  }

  /** Opens a stream whose answer was a success; its data has not been read. Rejects with ApiError otherwise. */
  async open(options: RequestOptions): Promise<http2.ClientHttp2Stream> {
    const { stream, status, headers } = await this.#send(options);
    if (status >= 200 && status < 300) return stream;
    throw toError(status, headers, await read(stream));
  }

  async #once(options: RequestOptions): Promise<unknown> {
    const deadline = new AbortController();
    const timer = this.#clock.after(REQUEST_MS, () =>
      deadline.abort(new Error(`no answer from ${this.#config.server} within ${REQUEST_MS / 1000} s`)),
    );
    const signal = options.signal ? AbortSignal.any([options.signal, deadline.signal]) : deadline.signal;
    try {
      const { stream, status, headers } = await this.#send({ ...options, signal });
      const bytes = await read(stream);
      if (signal.aborted) throw signal.reason;
      if (status < 200 || status >= 300) throw toError(status, headers, bytes);
      const text = bytes.toString('utf8');
      return String(headers['content-type'] ?? '').startsWith('application/json') ? JSON.parse(text) : text;
    } finally {
      timer.stop();
    }
  }

  async #send(
    options: RequestOptions,
  ): Promise<{ stream: http2.ClientHttp2Stream; status: number; headers: http2.IncomingHttpHeaders }> {
    const { method, path, body, signal } = options;
    const token = typeof this.#config.token === 'function' ? await this.#config.token() : this.#config.token;
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    signal?.throwIfAborted();
    const prefix = new URL(this.#config.server).pathname.replace(/\/$/, '');
    const stream = await this.#sessions.request(
      {
        ':method': method,
        ':path': prefix + path,
        accept: options.accept ?? 'application/json',
        'user-agent': options.userAgent,
        ...(token && { authorization: `Bearer ${token}` }),
        ...(bytes && { 'content-type': options.contentType ?? 'application/json', 'content-length': bytes.length }),
      },
      bytes === undefined,
    );
    const abort = () => stream.close(http2.constants.NGHTTP2_CANCEL);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    stream.once('close', () => signal?.removeEventListener('abort', abort));
    if (bytes) stream.end(bytes);
    return new Promise((resolve, reject) => {
      stream.once('response', (headers) => resolve({ stream, status: Number(headers[':status']), headers }));
      stream.on('error', reject);
      stream.once('close', () => reject(signal?.reason ?? new Error('the connection was closed before the answer')));
    });
  }
}

/** All of a stream's data; rejects when the stream ends early. */
function read(stream: http2.ClientHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > LARGEST_ANSWER) stream.destroy(new Error(`the answer has more than ${LARGEST_ANSWER} bytes`));
    });
    stream.once('end', () => {
      // A reset stream ends too.
      if (stream.rstCode === 0 && !stream.aborted) resolve(Buffer.concat(chunks, length));
    });
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the connection was closed before the end of the answer')));
  });
}

function toError(code: number, headers: http2.IncomingHttpHeaders, bytes: Buffer): ApiError {
  const text = bytes.toString('utf8');
  const retryAfterSeconds = Number(headers['retry-after']);
  try {
    const value: unknown = JSON.parse(text);
    if (isStatus(value)) {
      const { details } = value;
      const retry = details?.retryAfterSeconds === undefined && retryAfterSeconds > 0;
      return new ApiError(retry ? { ...value, code, details: { ...details, retryAfterSeconds } } : { ...value, code });
    }
  } catch {
    // Not JSON: something between us and the API server answered.
  }
  return new ApiError({
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    code,
    reason: reasons[code] ?? 'Unknown',
    message: text.slice(0, 2048) || `the server answered with code ${code}`,
    ...(retryAfterSeconds > 0 && { details: { retryAfterSeconds } }),
  });
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  410: 'Gone',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status' && 'status' in value;
}

/** The server did not begin with the request, so that it may be sent again whatever it is. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && error.message.includes('NGHTTP2_REFUSED_STREAM');
}

function isReset(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return (
    code === 'ECONNRESET' ||
    code === 'ERR_HTTP2_STREAM_ERROR' ||
    code === 'ERR_HTTP2_SESSION_ERROR' ||
    code === 'ERR_HTTP2_GOAWAY_SESSION'
  );
}
