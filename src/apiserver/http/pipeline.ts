import { ApiError, errors } from '../../api/errors.ts';
import { parseDuration } from '../../schema/duration.ts';
import { StoreUnavailableError } from '../../store/store.ts';
import type { Logger } from '../../utils/log.ts';
import type { Aggregator } from '../aggregation/aggregator.ts';
import type { Auditor } from '../audit/auditor.ts';
import type { AuditedExchange } from '../audit/exchange.ts';
import type { RefusalLog } from '../audit/refusal-log.ts';
import type { Authenticate } from '../authentication/authenticator.ts';
import { type Impersonation, wantsImpersonation } from '../authentication/impersonation.ts';
import { AuthorizationError } from '../authorization/forbidden.ts';
import type { ServedResource } from '../core.ts';
import type { Fairness } from '../flowcontrol/fairness.ts';
import type { Ticket } from '../flowcontrol/ticket.ts';
import { refusedBy } from '../refusals.ts';
import type { UserInfo } from '../user.ts';
import { commonHeaders, respondError, respondText } from './answer.ts';
import { authorize } from './authorize.ts';
import type { Discovery } from './discovery.ts';
import { ClientGoneError, type Exchange } from './exchange.ts';
import { Flights, isLongRunning } from './flights.ts';
import type { RequestMetrics } from './metrics.ts';
import type { PathRouter } from './paths.ts';
import { Request } from './request.ts';
import { parseRequestInfo, type RequestInfo } from './request-info.ts';
import { type ResourceServices, serveResource } from './resources.ts';

/** A handler of some subresource that is not an object: logs, exec, proxies. */
export interface Connector {
  /** "pods/log" */
  handles(request: Request): boolean;
  serve(request: Request): Promise<void>;
}

export interface PipelineOptions extends ResourceServices {
  readonly authenticate: Authenticate;
  readonly impersonation: Impersonation;
  readonly metrics: RequestMetrics;
  readonly paths: PathRouter;
  readonly discovery: Discovery;
  readonly connector: Connector | undefined;
  readonly aggregator: Aggregator | undefined;
  readonly auditor: Auditor | undefined;
  readonly refusals: RefusalLog | undefined;
  /** Who is served first; without it only the number of requests under way is bounded. */
  readonly fairness: Fairness | undefined;
  readonly log: Logger;
}

/**
 * The one road of every request, in this order: limits, request info, authentication, impersonation, seats among the
 * requests under way, metrics, then the resource handlers (where the core authorizes) or authorization and the handler of the path. Whatever is
 * thrown on the way becomes a Status here, and only here.
 */
export function createPipeline(options: PipelineOptions): {
  readonly handle: (exchange: Exchange) => void;
  readonly flights: Flights;
} {
  const flights = new Flights(options.limits, options.clock, (exchange) => {
    options.metrics.terminated(504);
    respondLate(exchange);
  });
  return {
    flights,
    handle: (exchange) => {
      void serve(options, flights, exchange);
    },
  };
}

async function serve(options: PipelineOptions, flights: Flights, asked: Exchange): Promise<void> {
  const { auditor } = options;
  const received = auditor ? options.clock.now() : 0;
  let exchange = asked;
  let audited: AuditedExchange | undefined;
  let known: RequestInfo | undefined;
  let requestor: UserInfo | undefined;
  let request: Request | undefined;
  let done: ((status: number) => void) | undefined;
  let landed: (() => void) | undefined;
  let leave: (() => void) | undefined;
  let ticket: Ticket | undefined;
  const { fairness } = options;
  try {
    const { url } = exchange;
    if (url.length > options.limits.urlBytes) {
      respondText(exchange, 414, 'URI Too Long\n');
      return;
    }
    const mark = url.indexOf('?');
    const query = mark < 0 ? undefined : parseQuery(url.slice(mark + 1));
    const info = parseRequestInfo(exchange.method, mark < 0 ? url : url.slice(0, mark), query);
    if (info === 'undecodable') {
      respondText(exchange, 400, '400 Bad Request');
      return;
    }
    if (info === 'nothing named') {
      const why = `failed to create RequestInfo: unable to determine kind and namespace from url, ${url.split('?', 1)[0]}`;
      respondText(exchange, 500, `Internal Server Error: ${JSON.stringify(url)}: ${why}\n`);
      return;
    }

    known = info;
    const long = isLongRunning(info);
    const timeout = long ? undefined : timeoutOf(query);
    if (!long) landed = flights.begin(exchange, timeout);

    const { connection, headers } = exchange;
    const found = options.authenticate({
      headers,
      peerCertificate: connection.peerCertificate,
      verified: connection.verified,
      path: info.path,
    });
    requestor = found instanceof Promise ? await found : found;
    if (!requestor) throw refusedBy(errors.unauthorized(), { by: 'authenticator', why: NO_CREDENTIALS });
    if (auditor) {
      audited = auditor.begin(exchange, info, requestor, received);
      if (audited) {
        exchange = audited;
        const stored = auditor.received(audited);
        if (!(stored instanceof Promise ? await stored : stored)) throw errors.internal('failed to store audit event');
      }
    }
    let user = requestor;
    if (wantsImpersonation(headers)) {
      const attributes = new Request(exchange, info, query, requestor).attributes();
      ({ user } = await options.impersonation.impersonate(headers, attributes));
    }
    if (audited && user !== requestor) audited.record.impersonatedUser = user;

    if (!fairness) {
      if (!long) leave = flights.admit(info.verb);
      if (!long && !leave && !user.groups?.includes(PRIVILEGED)) {
        options.metrics.terminated(429);
        options.refusals?.note({ exchange, info, requestor, user, noted: {} }, refusedBy(busy(), { by: 'limit' }));
        respondText(exchange, 429, TOO_MANY, { 'retry-after': '1' });
        return;
      }
    } else if (!long || info.verb === 'watch') {
      ticket = fairness.enter(info, user, query);
      asked.addHeaders(ticket.lane.headers);
      if (ticket.state === 'waiting') await fairness.wait(ticket, asked, timeout ?? options.limits.requestTimeoutMs);
      if (!ticket.level.exempt && !fairness.slices.free) await fairness.slices.turn(ticket.level);
      if (asked.closed) return;
      if (ticket.state !== 'executing') {
        options.metrics.terminated(429);
        const refusal = { by: 'limit', flowSchema: ticket.lane.schema, priorityLevel: ticket.level.name } as const;
        options.refusals?.note({ exchange, info, requestor, user, noted: {} }, refusedBy(busy(), refusal));
        respondText(exchange, 429, TOO_MANY, { 'retry-after': String(ticket.level.dropped.retryAfter) });
        return;
      }
      if (long) asked.onClose(fairness.watching(info, query));
    }
    request = new Request(exchange, info, query, user, audited?.record);
    if (options.aggregator?.has(info.path)) {
      done = options.metrics.start(request);
      await authorize(options.authorizer, request.attributes(), request.observer);
      await options.aggregator.serve(request);
      return;
    }
    request.inGroup = info.isResource
      ? options.discovery.hasGroup(info.group)
      : belowGroup(options.discovery, info.path);
    if (info.isResource) {
      const served = options.core.resources.find(info.group, info.version, info.resource);
      request.known = served !== undefined && hasSubresource(served, info.subresource);
      done = options.metrics.start(request, served);
      if (options.connector?.handles(request)) await options.connector.serve(request);
      else await serveResource(options, request);
    } else {
      done = options.metrics.start(request);
      await authorize(options.authorizer, request.attributes(), request.observer);
      await options.paths.serve(request);
    }
  } catch (error) {
    if (error instanceof ApiError) {
      if (audited) audited.record.answersStatus(error.status);
      else if (auditor && known && !requestor)
        exchange = auditor.refused(exchange, known, error.status, received) ?? exchange;
      if (known && options.refusals) {
        const user = request?.user ?? requestor;
        options.refusals.note({ exchange, info: known, requestor, user, noted: request?.noted ?? {} }, error);
      }
    } else if (audited && isFailure(error)) audited.record.panicked(nameOf(error));
    answerError(options.log, exchange, request, error);
  } finally {
    if (ticket && fairness) {
      // Of a watch only the beginning is counted, which is over when its handler has returned.
      const own = ticket;
      if (asked.closed || own.info.verb === 'watch') fairness.leave(own);
      else asked.onClose(() => fairness.leave(own));
    }
    if (landed || leave) {
      // Until the client has it all: answers that nobody reads are what the bounds are for.
      if (exchange.closed) {
        landed?.();
        leave?.();
      } else {
        const [end, go] = [landed, leave];
        exchange.onClose(() => {
          end?.();
          go?.();
        });
      }
    }
    if (audited) {
      const { record } = audited;
      if (exchange.closed || !record.long) void record.completed();
      else exchange.onClose(() => void record.completed());
    }
    if (done) {
      // A watch goes on after its handler has returned.
      const end = done;
      if (exchange.closed || !isLong(request)) end(exchange.status);
      else exchange.onClose(() => end(exchange.status));
    }
  }
}

/** Parameters that cannot be decoded are not there, as for Go. */
function parseQuery(text: string): URLSearchParams {
  if (!/%(?![0-9a-f]{2})|;/i.test(text)) return new URLSearchParams(text);
  const readable = text.split('&').filter((part) => !/%(?![0-9a-f]{2})|;/i.test(part));
  return new URLSearchParams(readable.join('&'));
}

/** For the log of refused requests. */
const NO_CREDENTIALS = 'the request came without credentials, and anonymous requests are off here';

const TOO_MANY = 'Too many requests, please try again later.\n';
const busy = () => errors.tooManyRequests(TOO_MANY.trimEnd());

/** Those who administer the cluster are always answered. */
const PRIVILEGED = 'system:masters';

/** The time that a client gives its request (ms), where it says so. */
function timeoutOf(query: URLSearchParams | undefined): number | undefined {
  const text = query?.get('timeout');
  if (!text) return undefined;
  try {
    return Number(parseDuration(text)) / 1e6;
  } catch (error) {
    throw errors.badRequest(
      `invalid timeout specified in the request URL - ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const allottedTime = Buffer.from(
  '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}\n',
);

/** A request that took too long: kube-apiserver's own short answer, or the end of one that has begun. */
function respondLate(exchange: Exchange): void {
  if (exchange.status !== 0) exchange.abort();
  else exchange.respond(504, commonHeaders(exchange, 'text/plain; charset=utf-8'), [allottedTime]);
}

const hasSubresource = ({ data }: ServedResource, subresource: string): boolean =>
  subresource === '' || (data.subresources !== undefined && Object.hasOwn(data.subresources, subresource));

/** Of /api/x and /apis/GROUP/x: whether there is such a group. */
function belowGroup(discovery: Discovery, path: string): boolean {
  const [, root, group = ''] = path.split('/');
  return root === 'api' || (root === 'apis' && group !== '' && discovery.hasGroup(group));
}

/** A mistake of the server's own: what a client did, or a store that cannot be reached, is none. */
const isFailure = (error: unknown): boolean =>
  !(error instanceof ClientGoneError || error instanceof AuthorizationError || error instanceof StoreUnavailableError);

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

const isLong = (request: Request | undefined): boolean => request?.info.verb === 'watch';

function answerError(log: Logger, exchange: Exchange, request: Request | undefined, error: unknown): void {
  if (error instanceof ClientGoneError) return;
  try {
    if (error instanceof ApiError) {
      respondError(exchange, error, request?.warnings);
      return;
    }
    if (error instanceof AuthorizationError) {
      respondText(exchange, 500, error.answer(exchange.url));
      return;
    }
    log.error({ err: error, method: exchange.method, path: request?.info.path }, 'request failed');
    // What the store cannot do its operator has to know; the rest is nobody's business but the log's.
    const why = error instanceof StoreUnavailableError ? error.message : 'the server failed to handle the request';
    respondError(exchange, errors.internal(why));
  } catch (second) {
    log.error({ err: second }, 'the answer to a failed request failed');
  }
}
