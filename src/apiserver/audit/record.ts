import type { Status } from '../../api/meta/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import { formatDuration } from '../../schema/duration.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import type { Clock } from '../../utils/clock.ts';
import type { AuthorizerDecision } from '../admission.ts';
import {
  type AuditAnnotations,
  type AuditLevel,
  CollectedAnnotations,
  type RequestObserver,
} from '../audit-annotations.ts';
import type { Exchange } from '../http/exchange.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { UserInfo } from '../user.ts';
import { type AuditEvent, type ObjectReference, type ResponseStatus, responseStatus } from './event.ts';
import type { RequestPolicy, Stage } from './policy.ts';
import { sourceIPs } from './source-ips.ts';

/** Takes events; resolves with false where one could not be stored. Answers in the same turn where it can. */
export type TakeEvent = (event: AuditEvent) => boolean | Promise<boolean>;

/** Requests that took longer say where the time went. Milliseconds. */
const SLOW = 500;
const USER_AGENT_LENGTH = 1024;

const early: ResponseStatus = { status: 'Success', message: 'Connection closed early', code: 200 };

/** What is known of one request that the policy wants recorded; makes its events. */
export class AuditRecord implements AuditAnnotations, RequestObserver {
  readonly auditID: string;
  /** May go on as long as it likes: says when its answer begins, too. */
  readonly long: boolean;
  impersonatedUser: UserInfo | undefined;
  /** The API asked for is deprecated. */
  deprecated = false;
  readonly #take: TakeEvent;
  readonly #policy: RequestPolicy;
  readonly #clock: Clock;
  readonly #info: RequestInfo;
  readonly #user: UserInfo | undefined;
  readonly #url: string;
  readonly #sourceIPs: readonly string[];
  readonly #userAgent: string;
  readonly #received: number;
  readonly #authenticated: number;
  #reference: ObjectReference | undefined;
  #annotations: CollectedAnnotations | undefined;
  #decision: AuthorizerDecision | undefined;
  #status: ResponseStatus | undefined;
  #requestObject: string | undefined;
  #responseObject: string | undefined;
  #started = false;
  #complete = false;

  constructor(
    exchange: Exchange,
    info: RequestInfo,
    user: UserInfo | undefined,
    options: {
      readonly auditID: string;
      readonly long: boolean;
      readonly policy: RequestPolicy;
      readonly take: TakeEvent;
      readonly clock: Clock;
      /** When the request came: milliseconds since the epoch. */
      readonly received: number;
    },
  ) {
    this.auditID = options.auditID;
    this.long = options.long;
    this.#take = options.take;
    this.#policy = options.policy;
    this.#clock = options.clock;
    this.#received = options.received;
    this.#authenticated = options.clock.now();
    this.#info = info;
    this.#user = user;
    this.#url = exchange.url;
    this.#sourceIPs = sourceIPs(exchange);
    const agent = exchange.headers['user-agent'] ?? '';
    this.#userAgent = agent.length > USER_AGENT_LENGTH ? `${agent.slice(0, USER_AGENT_LENGTH)}...TRUNCATED` : agent;
    if (info.isResource) {
      const { resource, namespace, name, group: apiGroup, version: apiVersion, subresource } = info;
      this.#reference = { resource, namespace, name, uid: '', apiGroup, apiVersion, resourceVersion: '', subresource };
    }
  }

  /* ---- what is heard on the way ---- */

  add(key: string, value: string, level?: AuditLevel): void {
    this.#annotations ??= new CollectedAnnotations();
    this.#annotations.add(key, value, level);
  }

  decided(decision: AuthorizerDecision): void {
    this.#decision ??= decision;
  }

  decoded(object: KubeObject): void {
    const before = this.#reference;
    // A few kinds have no metadata.
    const { name, namespace, uid, resourceVersion } = (object as Partial<KubeObject>).metadata ?? {};
    if (before && this.#info.verb !== 'delete') {
      this.#reference = {
        ...before,
        namespace: before.namespace || (namespace ?? ''),
        name: before.name || (name ?? ''),
        uid: before.uid || (uid ?? ''),
        resourceVersion: before.resourceVersion || (resourceVersion ?? ''),
      };
    }
    if (this.#wantsRequest) this.#requestObject = this.#shown(JSON.stringify(object));
  }

  /** How the object is to be deleted, as the body said. */
  deleted(options: object): void {
    // Kubernetes tells the version that its own code knows.
    const told = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/__internal', ...options };
    if (this.#wantsRequest) this.#requestObject = JSON.stringify({ ...told, apiVersion: 'meta.k8s.io/__internal' });
  }

  patched(patch: unknown): void {
    if (this.#wantsRequest && patch !== undefined) this.#requestObject = JSON.stringify(patch);
  }

  /** The answer is an object; `json` makes its text, in JSON whatever the client reads. */
  answers(json: () => Uint8Array | string): void {
    if (!this.#wantsResponse || this.#responseObject !== undefined) return;
    const made = json();
    this.#responseObject = this.#shown(typeof made === 'string' ? made : Buffer.from(made).toString());
  }

  /** The same of an answer that may be a Status. */
  answersObject(object: { readonly kind?: string }, json: () => Uint8Array): void {
    // The kind says what it is.
    if (object.kind === 'Status') this.answersStatus(object as Status);
    else this.answers(json);
  }

  /** The answer is a Status. */
  answersStatus(status: Status): void {
    this.#status = responseStatus(status);
    this.#responseObject = this.#wantsResponse ? JSON.stringify(status) : undefined;
  }

  /** The answer begins. */
  answered(code: number): void {
    this.#status = { ...this.#status, code };
  }

  /* ---- events ---- */

  received(): boolean | Promise<boolean> {
    return this.#emit('RequestReceived', this.#received);
  }

  /** Of long-running requests: their answer begins. */
  started(): boolean | Promise<boolean> {
    if (this.#started || !this.long) return true;
    this.#started = true;
    return this.#emit('ResponseStarted');
  }

  /** The only event of a request that was refused before anybody looked at it. */
  refused(status: Status): boolean | Promise<boolean> {
    this.answersStatus(status);
    this.#started = true;
    this.#complete = true;
    return this.#emit('ResponseStarted');
  }

  completed(): boolean | Promise<boolean> {
    if (this.#complete) return true;
    if (!this.#status) {
      this.#status = early;
      void this.started();
    }
    this.#complete = true;
    return this.#emit('ResponseComplete');
  }

  /** The server failed; `kind` of error is all that is told of it. */
  panicked(kind: string): void {
    if (this.#complete) return;
    this.#complete = true;
    this.#status = {
      status: 'Failure',
      message: `APIServer panic'd: ${kind}`,
      reason: 'InternalError',
      code: 500,
    };
    void this.#emit('Panic');
  }

  #emit(stage: Stage, at = this.#clock.now()): boolean | Promise<boolean> {
    if (this.#policy.omitStages.has(stage)) return true;
    const first = stage === 'RequestReceived';
    return this.#take({
      level: this.#policy.level,
      auditID: this.auditID,
      stage,
      requestURI: this.#url,
      verb: this.#info.verb,
      user: this.#user,
      impersonatedUser: this.impersonatedUser,
      sourceIPs: this.#sourceIPs,
      userAgent: this.#userAgent,
      objectRef: this.#reference,
      responseStatus: this.#status,
      requestObject: this.#requestObject,
      responseObject: this.#responseObject,
      received: this.#received,
      at,
      annotations: first ? none : this.#told(stage, at),
    });
  }

  #told(stage: Stage, at: number): Readonly<Record<string, string>> {
    const decision = this.#decision;
    const collected = this.#annotations?.at(this.#policy.level === 'Metadata' ? 'Metadata' : 'Request');
    const slow = stage === 'ResponseComplete' && at - this.#received > SLOW && this.#info.verb !== 'watch';
    return {
      ...(decision && decisionTold(decision)),
      ...(this.deprecated && decision?.allowed && stage === 'ResponseComplete' && { 'k8s.io/deprecated': 'true' }),
      ...(slow && {
        'apiserver.latency.k8s.io/authentication': milliseconds(this.#authenticated - this.#received),
        'apiserver.latency.k8s.io/total': milliseconds(at - this.#received),
      }),
      ...collected,
    };
  }

  get #wantsRequest(): boolean {
    return this.#policy.level !== 'Metadata';
  }

  get #wantsResponse(): boolean {
    return this.#policy.level === 'RequestResponse';
  }

  /** On one line, and without managed fields where the policy says so. */
  #shown(json: string): string {
    const text = json.trimEnd();
    if (!this.#policy.omitManagedFields) return text.includes('\n') ? JSON.stringify(JSON.parse(text)) : text;
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) {
      withoutManagedFields(value);
      for (const item of listOf(value.items)) withoutManagedFields(item);
      for (const row of listOf(value.rows)) if (isJsonObject(row.object)) withoutManagedFields(row.object);
    }
    return JSON.stringify(value);
  }
}

/** An authorizer that failed has decided nothing. */
const decisionTold = ({ allowed, reason, error }: AuthorizerDecision): Record<string, string> =>
  !allowed && error !== undefined
    ? { 'authorization.k8s.io/reason': 'internal error' }
    : { 'authorization.k8s.io/decision': allowed ? 'allow' : 'forbid', 'authorization.k8s.io/reason': reason };

const none: Readonly<Record<string, string>> = {};

const milliseconds = (ms: number): string => formatDuration(BigInt(Math.round(ms)) * 1_000_000n);

const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);

function withoutManagedFields({ metadata }: JsonObject): void {
  if (isJsonObject(metadata)) delete metadata.managedFields;
}
