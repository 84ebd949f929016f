import type { ApiError } from '../../api/errors.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { Exchange } from '../http/exchange.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { type Refusal, refusalOf } from '../refusals.ts';
import type { UserInfo } from '../user.ts';
import { auditIdOf } from './audit-id.ts';
import { type AuditEvent, eventJson, responseStatus } from './event.ts';
import type { LineSink } from './log-backend.ts';
import { sourceIPs } from './source-ips.ts';

/** Annotations of refused requests that Kubernetes' events do not have. */
export const refusalAnnotations = {
  /** "authenticator", "authorizer", "admission plugin", "limit". */
  by: 'refusal.skiff.dev/by',
  /** Its name. */
  plugin: 'refusal.skiff.dev/plugin',
  /** What was wrong with the credentials. */
  why: 'refusal.skiff.dev/why',
  /** Of priority and fairness. */
  flowSchema: 'refusal.skiff.dev/flow-schema',
  priorityLevel: 'refusal.skiff.dev/priority-level',
  /** Whom the request wanted to act as. */
  impersonates: 'refusal.skiff.dev/impersonates',
  /** What the authorizer was asked, in JSON. */
  asked: 'refusal.skiff.dev/asked',
} as const;

/** Requests a second that are remembered; who is refused more often is known by then. */
const MOST_A_SECOND = 100;

/** What is known of a request when it is refused. */
export interface RefusedRequest {
  readonly exchange: Exchange;
  readonly info: RequestInfo;
  /** Who asks, where that is known. */
  readonly requestor: UserInfo | undefined;
  /** As whom. */
  readonly user: UserInfo | undefined;
  readonly noted: Readonly<Record<string, string>>;
}

/**
 * Remembers requests that were refused, as audit events with the reasons that clients are not told: what
 * `skiff explain denied` reads. Costs nothing where nothing is refused.
 */
export class RefusalLog {
  readonly #lines: LineSink;
  readonly #clock: Clock;
  readonly #log: Logger;
  #second = 0;
  #inSecond = 0;

  constructor(lines: LineSink, clock: Clock, log: Logger) {
    this.#lines = lines;
    this.#clock = clock;
    this.#log = log;
  }

  /** Notes a request if `error` is a refusal; what is wrong with a request by itself is none. */
  note(request: RefusedRequest, error: ApiError): void {
    const refusal = refusalOf(error);
    if (!isRefusal(error, refusal)) return;
    const now = this.#clock.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    if (++this.#inSecond > MOST_A_SECOND) return;
    try {
      this.#lines.write(Buffer.from(`${eventJson(eventOf(request, error, refusal, now))}\n`));
    } catch (failure) {
      this.#log.error({ err: failure }, 'a refused request could not be noted');
    }
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}

/** Whether a client was told no, and not merely that it is mistaken. */
export function isRefusal(error: ApiError, refusal: Refusal | undefined): boolean {
  const { code } = error;
  if (code === 401 || code === 403 || code === 429) return true;
  return refusal?.by === 'admission plugin' && code !== 404 && code < 500;
}

function eventOf(
  { exchange, info, requestor, user, noted }: RefusedRequest,
  error: ApiError,
  refusal: Refusal | undefined,
  now: number,
): AuditEvent {
  const { resource, namespace, name, group: apiGroup, version: apiVersion, subresource } = info;
  return {
    level: 'Metadata',
    auditID: auditIdOf(exchange),
    stage: error.code === 401 ? 'ResponseStarted' : 'ResponseComplete',
    requestURI: exchange.url.slice(0, 2048),
    verb: info.verb,
    user: requestor,
    impersonatedUser: user === requestor ? undefined : user,
    sourceIPs: sourceIPs(exchange),
    userAgent: (exchange.headers['user-agent'] ?? '').slice(0, 256),
    objectRef: info.isResource
      ? { resource, namespace, name, uid: '', apiGroup, apiVersion, resourceVersion: '', subresource }
      : undefined,
    responseStatus: responseStatus(error.status),
    requestObject: undefined,
    responseObject: undefined,
    received: now,
    at: now,
    annotations: { ...noted, ...told(error, refusal), ...impersonation(exchange) },
  };
}

function impersonation({ headers }: Exchange): Record<string, string> {
  const wanted = headers['impersonate-user'];
  return wanted ? { [refusalAnnotations.impersonates]: String(wanted) } : {};
}

function told(error: ApiError, refusal: Refusal | undefined): Record<string, string> {
  const { by, plugin, why, asked, flowSchema, priorityLevel } = refusalAnnotations;
  switch (refusal?.by) {
    case 'authenticator':
      return { [by]: refusal.by, [why]: refusal.why };
    case 'authorizer': {
      const { user, ...rest } = refusal.attributes;
      const attributes = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ''));
      return {
        [by]: refusal.by,
        'authorization.k8s.io/decision': 'forbid',
        'authorization.k8s.io/reason': refusal.reason,
        [asked]: JSON.stringify({ user: { name: user.name, groups: user.groups }, ...attributes }),
      };
    }
    case 'admission plugin':
      return { [by]: refusal.by, [plugin]: refusal.plugin };
    case 'limit':
      return {
        [by]: refusal.by,
        ...(refusal.flowSchema && { [flowSchema]: refusal.flowSchema }),
        ...(refusal.priorityLevel && { [priorityLevel]: refusal.priorityLevel }),
      };
    default:
      return error.code === 401 ? { [by]: 'authenticator' } : {};
  }
}
