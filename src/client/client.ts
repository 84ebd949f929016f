import type { Draft, KubeList, KubeObject, ResourceType } from '../api/resource.ts';

/**
 * The one way in which anything but the API server reaches objects. Two transports implement it: `InProcessClient`
 * (a function call through the same authentication, admission and registry) and `HttpClient`. Objects that come out
 * are shared and deeply immutable; build changed ones by copying.
 * Every call rejects with `ApiError` when the server says no, and with another Error when it could not be asked.
 */
export interface Client {
  resource<T extends KubeObject>(type: ResourceType<T>): ResourceClient<T>;
  /** The same server, seen as another user agent (its name shows in managedFields and audit). */
  as(userAgent: string): Client;
  /** A GET of a path that is not a resource: "/version", "/apis". Parsed when the answer is JSON. */
  raw(path: string, signal?: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

export interface ResourceClient<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** `namespace` is "" for cluster-scoped resources everywhere. */
  get(namespace: string, name: string, options?: GetOptions): Promise<T>;
  /** `namespace` "" lists all namespaces. */
  list(namespace: string, options?: ListOptions): Promise<KubeList<T>>;
  /** Events until the iterator is returned, the signal aborts, or the server ends the watch. */
  watch(namespace: string, options: WatchOptions, handler: WatchHandler<T>): WatchSession;
  create(namespace: string, object: Draft<T>, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  patch(namespace: string, name: string, patch: Patch, options?: PatchOptions): Promise<T>;
  delete(namespace: string, name: string, options?: DeleteOptions): Promise<void>;
  deleteCollection(namespace: string, options?: DeleteOptions & ListOptions): Promise<void>;
  /** POST or PUT of a subresource's own kind: binding, eviction, token, scale. */
  createSubresource<S extends object, R = S>(namespace: string, name: string, subresource: string, body: S): Promise<R>;
  updateSubresource<S extends object, R = S>(namespace: string, name: string, subresource: string, body: S): Promise<R>;
  getSubresource<R>(namespace: string, name: string, subresource: string): Promise<R>;
}

export interface GetOptions {
  readonly resourceVersion?: string;
}

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly limit?: number;
  readonly continue?: string;
  /** Answer with metadata only (PartialObjectMetadata); the objects' other fields are absent. */
  readonly metadataOnly?: boolean;
}

export interface WatchOptions extends ListOptions {
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
}

export interface WatchHandler<T> {
  event(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: T): void;
  /** Called once. `error` is absent when the watch ended in the ordinary way (time-out, stop). */
  end(error?: Error): void;
}

export interface WatchSession {
  stop(): void;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** Default 'Warn' as in kube-apiserver. */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
}

export type Patch =
  | { readonly type: 'json'; readonly operations: readonly JsonPatchOperation[] }
  | { readonly type: 'merge'; readonly body: object }
  | { readonly type: 'strategic'; readonly body: object }
  | { readonly type: 'apply'; readonly body: object };

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

export interface PatchOptions extends WriteOptions {
  readonly subresource?: string;
  /** Apply only: take over fields that others own. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly dryRun?: boolean;
}
