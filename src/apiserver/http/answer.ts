import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ApiError } from '../../api/errors.ts';
import { auditIdOf } from '../audit/audit-id.ts';
import { NEWLINE, render } from './encode.ts';
import type { Exchange, ResponseHeaders } from './exchange.ts';
import { negotiate, plainJson, prettier, type Representation, wantsPretty } from './negotiate.ts';
import { encodeStatus } from './protobuf.ts';

const compress = promisify(gzip);

/** Answers shorter than this are not worth compressing, kube-apiserver's bound. */
export const COMPRESS_FROM = 128 * 1024;
/** As kube-apiserver: the network is fast, the processor is not. */
export const GZIP_LEVEL = 1;

/** Headers of every answer: nothing may be cached between server and client. */
export function commonHeaders(exchange: Exchange, contentType: string): Record<string, string | readonly string[]> {
  return {
    'audit-id': auditIdOf(exchange),
    'cache-control': 'no-cache, private',
    'content-type': contentType,
  };
}

/** Printable ASCII but for quotes and backslashes: nothing to be escaped. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Warning headers as RFC 7234 has them, code 299 and no agent. */
export function warningHeader(messages: readonly string[]): readonly string[] {
  return messages.map((message) => {
    if (plain.test(message)) return `299 - "${message}"`;
    // Control characters would end the header; quotes would end the text.
    const text = message.replace(/\p{Cc}/gu, ' ').replace(/["\\]/g, '\\$&');
    // Headers are bytes: UTF-8 in the guise of Latin-1.
    return `299 - "${Buffer.from(text).toString('latin1')}"`;
  });
}

export function acceptsGzip(exchange: Exchange): boolean {
  const accepted = exchange.headers['accept-encoding'];
  if (typeof accepted !== 'string' || !accepted.includes('gzip')) return false;
  return accepted.split(',').some((coding) => {
    const [name, ...parameters] = coding.split(';').map((part) => part.trim());
    return name === 'gzip' && !parameters.some((p) => /^q=0(\.0*)?$/.test(p));
  });
}

/** Sends a JSON document (made already, without its final newline) in the form that was negotiated. */
export function respondJson(
  exchange: Exchange,
  status: number,
  json: Buffer,
  rep: Representation,
  warnings: readonly string[] = [],
): void | Promise<void> {
  const headers = commonHeaders(exchange, rep.mediaType);
  if (warnings.length > 0) headers.warning = warningHeader(warnings);
  if (rep !== plainJson) json = render(json, rep);
  if (json.length > COMPRESS_FROM && acceptsGzip(exchange)) return respondGzip(exchange, status, headers, json);
  exchange.respond(status, headers, endsInNewline(rep) && json.at(-1) !== 0x0a ? [json, NEWLINE] : [json]);
}

const endsInNewline = (rep: Representation): boolean => rep.mediaType === 'application/json' && !rep.pretty;

export async function respondGzip(
  exchange: Exchange,
  status: number,
  headers: ResponseHeaders,
  body: Buffer,
): Promise<void> {
  const packed = await compress(body, { level: GZIP_LEVEL });
  exchange.respond(status, packedHeaders(headers), [packed]);
}

/** Headers of an answer in gzip. */
export function packedHeaders(headers: ResponseHeaders): ResponseHeaders {
  const vary = headers.vary === undefined ? 'Accept-Encoding' : `${headers.vary}, Accept-Encoding`;
  return { ...headers, 'content-encoding': 'gzip', vary };
}

export function respondText(exchange: Exchange, status: number, text: string, more: ResponseHeaders = {}): void {
  const headers = commonHeaders(exchange, 'text/plain; charset=utf-8');
  exchange.respond(status, { ...headers, 'x-content-type-options': 'nosniff', ...more }, [Buffer.from(text)]);
}

/** The answer of a Go server's mux to a path that nobody serves. */
export function respondNoSuchPath(exchange: Exchange): void {
  respondText(exchange, 404, '404 page not found\n');
}

const anything = { table: false, metadata: false, protobuf: true, stream: false };

/** An error as a metav1.Status; what went wrong inside stays inside. */
export function respondError(exchange: Exchange, error: ApiError, warnings: readonly string[] = []): void {
  let rep = plainJson;
  try {
    rep = negotiate(exchange.headers.accept, anything);
    if (isForHumans(exchange)) rep = prettier(rep);
  } catch {
    // Someone who cannot read any form of the error gets it as JSON, indented.
    rep = prettier(rep);
  }
  if (rep.mediaType === 'application/vnd.kubernetes.protobuf') {
    const envelope = encodeStatus(error.status);
    exchange.respond(error.code, errorHeaders(exchange, rep, error, warnings), [envelope]);
    return;
  }
  const body = Buffer.from(JSON.stringify(error.status));
  exchange.respond(
    error.code,
    errorHeaders(exchange, rep, error, warnings),
    endsInNewline(rep) ? [body, NEWLINE] : [render(body, rep)],
  );
}

/** The same question as `wantsPretty`, of a request that may not have been understood. */
function isForHumans({ url, headers }: Exchange): boolean {
  const mark = url.indexOf('?');
  const query = mark < 0 ? undefined : new URLSearchParams(url.slice(mark + 1));
  return wantsPretty(query, headers['user-agent'] ?? '');
}

function errorHeaders(
  exchange: Exchange,
  rep: Representation,
  error: ApiError,
  warnings: readonly string[],
): ResponseHeaders {
  const headers = commonHeaders(exchange, rep.mediaType);
  if (warnings.length > 0) headers.warning = warningHeader(warnings);
  const retryAfter = error.status.details?.retryAfterSeconds;
  if (retryAfter) headers['retry-after'] = String(retryAfter);
  if (error.code === 403) headers['x-content-type-options'] = 'nosniff';
  return headers;
}
