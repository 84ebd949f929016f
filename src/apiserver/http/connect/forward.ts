import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ApiError, errors } from '../../../api/errors.ts';
import { readBody } from '../bodies.ts';
import { type Exchange, hopByHop, type ResponseHeaders, type ResponseStream } from '../exchange.ts';
import { forwardedHeaders, type Upstream } from './tunnel.ts';

/** How long a backend may take to begin its answer; what follows may take as long as it likes. */
const ANSWER_MS = 30_000;

/** Asks a backend and hands over its answer, not yet read. Rejects with ApiError where it cannot be asked. */
export async function ask(
  exchange: Exchange,
  upstream: Upstream,
  method: string,
  path: string,
  bodyLimit: number,
): Promise<IncomingMessage> {
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = hasBody ? await readBody(exchange, bodyLimit) : undefined;
  const headers = Object.fromEntries(
    Object.entries(forwardedHeaders(exchange, upstream)).filter(([name]) => !hopByHop.has(name)),
  );
  delete headers['content-length'];
  if (body) headers['content-length'] = String(body.length);
  const { host, port, tls } = upstream;
  const options = { host, port, method, path, headers, signal: exchange.signal };
  return new Promise((resolve, reject) => {
    const request = tls
      ? httpsRequest({ ...options, ...tls, agent: false })
      : httpRequest({ ...options, agent: false });
    const timer = setTimeout(() => request.destroy(new Error('no answer in time')), ANSWER_MS);
    request.once('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(errors.serviceUnavailable(`error trying to reach service: ${error.message}`));
    });
    request.end(body);
  });
}

/** Passes an answer on, no faster than the client reads it. */
export function relay(exchange: Exchange, response: IncomingMessage, stream: ResponseStream): Promise<void> {
  return new Promise((resolve) => {
    stream.onDrain = () => response.resume();
    response.on('data', (chunk: Buffer) => {
      if (!stream.write(chunk)) response.pause();
    });
    response.once('end', () => stream.end());
    response.once('aborted', () => exchange.abort());
    response.on('error', () => exchange.abort());
    exchange.onClose(() => {
      response.destroy();
      resolve();
    });
  });
}

/** A backend's headers that are the client's to see. */
export function relayedHeaders(response: IncomingMessage): ResponseHeaders {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && !hopByHop.has(name) && name !== 'date') headers[name] = value;
  }
  return headers;
}

/** Text of an error that a backend answered; more than this nobody reads. */
const ERROR_BYTES = 2048;

/** A backend's refusal as a Status, in the words of a client that got an answer it had not expected. */
export async function refusal(response: IncomingMessage, resource: string, name: string): Promise<ApiError> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length >= ERROR_BYTES) break;
  }
  text = text.slice(0, ERROR_BYTES).trim();
  response.destroy();
  const code = response.statusCode ?? 500;
  switch (code) {
    case 400:
      return errors.badRequest(text || 'the server rejected our request for an unknown reason');
    case 404:
      return withCode(404, 'NotFound', `the server could not find the requested resource ( ${resource} ${name})`);
    default:
      return withCode(
        Math.min(code, 500),
        'InternalError',
        `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding ( ${resource} ${name})`,
      );
  }
}

function withCode(code: number, reason: string, message: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
}
