/** What a webhook's HTTP answer means: JSON, or an error in the words of client-go. */
import { isJsonObject, parseJson } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import { metaComplaint, parseComplaint } from '../registry/unrecognized.ts';
import type { HttpAnswer } from './client.ts';

/** A call that gave no answer, or none that can be used. */
export class WebhookCallError extends Error {
  /** The status of the answer; 503 where there was none. */
  readonly code: number;

  constructor(message: string, code = 503) {
    super(message);
    this.name = 'WebhookCallError';
    this.code = code;
  }
}

/** Of an answer that says nothing else, at most. */
const MAX_TEXT = 2048;

export function readAnswer({ status, headers, body }: HttpAnswer): unknown {
  const type = headers['content-type'] ?? '';
  if (type.startsWith(';')) throw new WebhookCallError('Internal error occurred: mime: no media type', 500);
  if (status < 200 || status > 206) throw new WebhookCallError(refusal(status, type, body), status);
  if (body.length === 0) {
    const named = type || 'application/json';
    throw new WebhookCallError(`0-length response with status code: ${status} and content type: ${named}`);
  }
  const value = parsed(body);
  const complaint = metaComplaint(value);
  if (complaint) throw new WebhookCallError(complaint);
  return value;
}

function parsed(body: Buffer): unknown {
  try {
    return parseJson(body.toString());
  } catch (error) {
    // Kubernetes reads what does not begin as an object as YAML, and finds a string.
    if (!/^\s*\{/.test(body.toString())) return body.toString();
    throw new WebhookCallError(parseComplaint(error, body));
  }
}

/** A Status that tells of a failure, where the answer is one. */
function failure(value: unknown): { readonly message: string; readonly code: number } | undefined {
  if (!isJsonObject(value) || value.kind !== 'Status' || value.apiVersion !== 'v1') return undefined;
  if (value.status === 'Success') return undefined;
  return {
    message: typeof value.message === 'string' ? value.message : '',
    code: typeof value.code === 'number' ? value.code : 500,
  };
}

const words: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

/** As client-go words a status without more information. */
function refusal(status: number, type: string, body: Buffer): string {
  let said: unknown;
  try {
    said = parseJson(body.toString());
  } catch {
    // No JSON: text, perhaps.
  }
  const told = failure(said);
  if (told) return told.message;
  const isText = type === '' || type.trim().toLowerCase().startsWith('text/');
  const text = isText ? body.subarray(0, MAX_TEXT).toString().trim() : 'unknown';
  if (status === 403 || status === 415) return text;
  if (status === 406) {
    const silent = text === '' || text === 'unknown';
    return silent ? 'the server was unable to respond with a content type that the client supports' : text;
  }
  const known = words[status];
  if (known) return known;
  return status >= 500
    ? `an error on the server (${quote(text)}) has prevented the request from succeeding`
    : `the server responded with the status code ${status} but did not return more information`;
}
