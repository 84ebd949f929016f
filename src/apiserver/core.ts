import type { ApiError } from '../api/errors.ts';
import type { KubeObject } from '../api/resource.ts';
import type { ObjectSchema, ResourceData } from '../schema/model.ts';
import type { AuditAnnotations, RequestObserver } from './audit-annotations.ts';
import type { CustomKind } from './custom/kind.ts';
import type { Strategy } from './strategy.ts';
import type { UserInfo } from './user.ts';

/**
 * The API server below HTTP: what a request means, whoever asks and over whatever transport. The HTTP front
 * (http/) and the in-process client are its two callers. Every method authorizes, runs admission and answers with
 * ApiError for what a client must be told.
 */
export interface ApiCore {
  readonly resources: ResourceTable;
  get(context: RequestContext, target: Target, options: { resourceVersion?: string }): Promise<Stored>;
  list(context: RequestContext, target: Target, options: ListParameters): Promise<StoredList>;
  watch(context: RequestContext, target: Target, options: WatchParameters, sink: CoreWatchSink): Promise<CoreWatch>;
  create(context: RequestContext, target: Target, body: Body, options: WriteParameters): Promise<Stored>;
  update(
    context: RequestContext,
    target: Target,
    body: Body,
    options: WriteParameters,
  ): Promise<{ stored: Stored; created: boolean }>;
  patch(
    context: RequestContext,
    target: Target,
    patch: PatchBody,
    options: PatchParameters,
  ): Promise<{ stored: Stored; created: boolean }>;
  /** The object where it is still there (finalizers, grace), a Status where it is gone. */
  delete(context: RequestContext, target: Target, options: DeleteParameters): Promise<DeleteResult>;
  deleteCollection(
    context: RequestContext,
    target: Target,
    options: DeleteParameters,
    list: ListParameters,
  ): Promise<StoredList>;
  /**
   * Admission of a conversation (exec, attach, port-forward, proxy), which the caller has authorized. Resolves with
   * what is asked for as the plugins leave it.
   */
  admitConnect<T extends ConnectOptions>(context: RequestContext, target: Target, options: T): Promise<T>;
  close(): Promise<void>;
}

/** What a conversation is asked for with, a PodExecOptions for one: a kind without metadata. */
export interface ConnectOptions {
  readonly apiVersion: 'v1';
  readonly kind: string;
}

/** Everything known about a served resource; built-in ones come from the model, custom ones from their definition. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly data: ResourceData;
  readonly schema: ObjectSchema;
  readonly strategy: Strategy;
  /** Store prefix of all its objects, "/registry/pods/" (core) or "/registry/deployments/" as Kubernetes lays them out. */
  readonly prefix: string;
  /** Of custom resources: what else their definition says. */
  readonly custom?: CustomKind;
}

export interface ResourceTable {
  /** Undefined where the server does not have it. */
  find(group: string, version: string, resource: string): ServedResource | undefined;
  all(): Iterable<ServedResource>;
  /** Changes whenever a resource comes or goes; keys cached discovery and OpenAPI. */
  readonly generation: number;
}

export interface Target {
  readonly resource: ServedResource;
  /** "" for cluster scope and for all namespaces. */
  readonly namespace: string;
  /** "" for collections. */
  readonly name: string;
  /** "" for the object itself. */
  readonly subresource: string;
}

export interface RequestContext {
  readonly user: UserInfo;
  readonly userAgent: string;
  /** Aborts when the client went away. */
  readonly signal?: AbortSignal;
  /** Adds a Warning header to the answer. */
  warn(message: string): void;
  /** Takes what admission wants the audit event to say; absent where nobody keeps it. */
  readonly audit?: AuditAnnotations;
  /** Absent where nobody keeps audit events. */
  readonly observer?: RequestObserver;
}

/**
 * An object as the store has it. The JSON bytes were made once, when it was written; `object` is parsed from them on
 * first use unless the writer's own copy is at hand. Both include metadata.resourceVersion.
 */
export interface Stored {
  readonly key: string;
  /** modRevision; for answers that were never stored (reviews, dry run) the revision the client is to see. */
  readonly revision: number;
  readonly json: Buffer;
  /** Deeply immutable. */
  readonly object: KubeObject;
}

export interface StoredList {
  readonly resource: ServedResource;
  readonly items: readonly Stored[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** A request's body: bytes of JSON, as they came, or an object (in process, and what other encodings held). */
export type Body = { readonly bytes: Buffer; readonly mediaType: 'application/json' } | ValueBody;

/** A body that came as something else than JSON. */
export interface ValueBody {
  readonly object: object;
  /** What strict decoding has against the text: names given twice. */
  readonly repeated?: readonly string[];
}

export interface ListParameters {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly limit?: number;
  readonly continue?: string;
}

export interface WatchParameters extends ListParameters {
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface CoreWatchSink {
  /**
   * `stored` is shared by all watchers of the event. A DELETED event carries the last state with the resourceVersion
   * of the deletion. For BOOKMARK `stored` has only metadata. `previous`: what a MODIFIED object was before, as it is
   * stored.
   */
  event(type: WatchEventType, stored: Stored, previous?: Stored): void;
  /** The watch is over; with an error the client gets it as an ERROR event. */
  end(error?: Error): void;
}

export interface CoreWatch {
  stop(): void;
  /**
   * A slow reader calls this to be sent nothing more until `resume`; events queue up to a bound, then the watch ends
   * (without an error, as in Kubernetes: the reader watches again from where it was).
   */
  pause(): void;
  resume(): void;
}

export interface WriteParameters {
  readonly dryRun?: readonly string[];
  readonly fieldManager?: string;
  readonly fieldValidation?: string;
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';
export interface PatchBody {
  readonly type: PatchType;
  /** The patch as a value: JSON, or for apply YAML, already parsed. */
  readonly value: unknown;
  /** What strict decoding has against the text: names given twice. */
  readonly repeated?: readonly string[];
  /** Why the patch cannot be read, in place of a value; told to who names an object that there is. */
  readonly refusal?: ApiError;
}

export interface PatchParameters extends WriteParameters {
  readonly force?: boolean;
}

export interface DeleteParameters {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly orphanDependents?: boolean;
  readonly propagationPolicy?: string;
  readonly dryRun?: readonly string[];
}

export type DeleteResult =
  | { readonly gone: false; readonly stored: Stored }
  /** `uid` and the last state of what was removed. */
  | { readonly gone: true; readonly stored: Stored };
