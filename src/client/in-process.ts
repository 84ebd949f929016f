import { errors } from '../api/errors.ts';
import { apiVersionOf, type Draft, type KubeList, type KubeObject, type ResourceType } from '../api/resource.ts';
import type { ApiCore, DeleteParameters, RequestContext, Stored, Target, WatchEventType } from '../apiserver/core.ts';
import type { UserInfo } from '../apiserver/user.ts';
import { deepFreeze } from '../schema/freeze.ts';
import type {
  Client,
  DeleteOptions,
  GetOptions,
  ListOptions,
  Patch,
  PatchOptions,
  ResourceClient,
  WatchHandler,
  WatchOptions,
  WatchSession,
  WriteOptions,
} from './client.ts';

export interface InProcessOptions {
  readonly user: UserInfo;
  /** Names the component in managedFields; its first word counts. */
  readonly userAgent: string;
  /** Warnings of the API server; default: nobody listens. */
  readonly warn?: (message: string) => void;
  /** Answers `raw`: GET of a path that is no resource. */
  readonly raw?: (path: string, user: UserInfo) => Promise<unknown>;
}

/** A client whose requests are function calls: the same authorization and admission, the server's own frozen objects. */
export function createInProcessClient(core: ApiCore, options: InProcessOptions): Client {
  return new InProcessClient(core, options);
}

class InProcessClient implements Client {
  readonly #core: ApiCore;
  readonly #options: InProcessOptions;
  readonly #context: RequestContext;

  constructor(core: ApiCore, options: InProcessOptions) {
    this.#core = core;
    this.#options = options;
    this.#context = {
      user: options.user,
      userAgent: options.userAgent,
      warn: options.warn ?? (() => undefined),
    };
  }

  resource<T extends KubeObject>(type: ResourceType<T>): ResourceClient<T> {
    return new InProcessResource(this.#core, this.#context, type);
  }

  as(userAgent: string): Client {
    return new InProcessClient(this.#core, { ...this.#options, userAgent });
  }

  async raw(path: string): Promise<unknown> {
    if (!this.#options.raw) throw errors.notFoundPath();
    return this.#options.raw(path, this.#options.user);
  }

  async close(): Promise<void> {}
}

/** The frozen metadata-only form of an object. */
const metadataOf = ({ kind, apiVersion, metadata }: KubeObject): KubeObject =>
  Object.freeze({ kind, apiVersion, metadata });

class InProcessResource<T extends KubeObject> implements ResourceClient<T> {
  readonly type: ResourceType<T>;
  readonly #core: ApiCore;
  readonly #context: RequestContext;

  constructor(core: ApiCore, context: RequestContext, type: ResourceType<T>) {
    this.#core = core;
    this.#context = context;
    this.type = type;
  }

  #target(namespace: string, name: string, subresource = ''): Target {
    const { group, version, resource: plural } = this.type;
    const resource = this.#core.resources.find(group, version, plural);
    if (!resource) throw errors.notFoundPath();
    return { resource, namespace: resource.data.namespaced ? namespace : '', name, subresource };
  }

  async get(namespace: string, name: string, options: GetOptions = {}): Promise<T> {
    return this.#typed(await this.#core.get(this.#context, this.#target(namespace, name), options));
  }

  async list(namespace: string, options: ListOptions = {}): Promise<KubeList<T>> {
    const list = await this.#core.list(this.#context, this.#target(namespace, ''), options);
    const { metadataOnly = false } = options;
    return deepFreeze({
      kind: `${this.type.kind}List`,
      apiVersion: apiVersionOf(this.type),
      metadata: {
        resourceVersion: list.resourceVersion,
        ...(list.continue !== undefined && { continue: list.continue }),
        ...(list.remainingItemCount !== undefined && { remainingItemCount: list.remainingItemCount }),
      },
      items: list.items.map((stored) => this.#typed(stored, metadataOnly)),
    });
  }

  watch(namespace: string, options: WatchOptions, handler: WatchHandler<T>): WatchSession {
    const stopped = new AbortController();
    let over = false;
    const end = (error?: Error): void => {
      if (over) return;
      over = true;
      handler.end(error);
    };
    const { metadataOnly = false, allowBookmarks, ...parameters } = options;
    const sink = {
      event: (type: WatchEventType, stored: Stored) => {
        if (!over) handler.event(type, this.#typed(stored, metadataOnly));
      },
      end,
    };
    const open = async (): Promise<void> => {
      const context = { ...this.#context, signal: stopped.signal };
      const target = this.#target(namespace, '');
      await this.#core.watch(context, target, { ...parameters, allowWatchBookmarks: allowBookmarks }, sink);
    };
    open().catch((error: unknown) => end(error instanceof Error ? error : new Error(String(error))));
    return {
      stop: () => {
        stopped.abort();
        end();
      },
    };
  }

  async create(namespace: string, object: Draft<T>, options: WriteOptions = {}): Promise<T> {
    const target = this.#target(namespace, '');
    return this.#typed(await this.#core.create(this.#context, target, { object }, this.#write(options)));
  }

  update(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, '', options);
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, 'status', options);
  }

  async #put(object: T, subresource: string, options: WriteOptions): Promise<T> {
    const { name, namespace = '' } = object.metadata;
    const target = this.#target(namespace, name, subresource);
    const { stored } = await this.#core.update(this.#context, target, { object }, this.#write(options));
    return this.#typed(stored);
  }

  async patch(namespace: string, name: string, patch: Patch, options: PatchOptions = {}): Promise<T> {
    const target = this.#target(namespace, name, options.subresource);
    const value = patch.type === 'json' ? patch.operations : patch.body;
    const parameters = { ...this.#write(options), force: options.force };
    const { stored } = await this.#core.patch(this.#context, target, { type: patch.type, value }, parameters);
    return this.#typed(stored);
  }

  async delete(namespace: string, name: string, options: DeleteOptions = {}): Promise<void> {
    await this.#core.delete(this.#context, this.#target(namespace, name), deletion(options));
  }

  async deleteCollection(namespace: string, options: DeleteOptions & ListOptions = {}): Promise<void> {
    const { labelSelector, fieldSelector, resourceVersion, resourceVersionMatch, limit } = options;
    const list = { labelSelector, fieldSelector, resourceVersion, resourceVersionMatch, limit };
    await this.#core.deleteCollection(this.#context, this.#target(namespace, ''), deletion(options), list);
  }

  async createSubresource<S extends object, R = S>(
    namespace: string,
    name: string,
    subresource: string,
    body: S,
  ): Promise<R> {
    const target = this.#target(namespace, name, subresource);
    const stored = await this.#core.create(this.#context, target, { object: body }, this.#write({}));
    return answered<R>(stored);
  }

  async updateSubresource<S extends object, R = S>(
    namespace: string,
    name: string,
    subresource: string,
    body: S,
  ): Promise<R> {
    const target = this.#target(namespace, name, subresource);
    const { stored } = await this.#core.update(this.#context, target, { object: body }, this.#write({}));
    return answered<R>(stored);
  }

  async getSubresource<R>(namespace: string, name: string, subresource: string): Promise<R> {
    return answered<R>(await this.#core.get(this.#context, this.#target(namespace, name, subresource), {}));
  }

  #write(options: WriteOptions): { dryRun?: readonly string[]; fieldManager?: string; fieldValidation?: string } {
    const { dryRun, fieldManager, fieldValidation } = options;
    return { dryRun: dryRun ? ['All'] : undefined, fieldManager, fieldValidation };
  }

  /** The resource's objects have the type that the resource is declared with. */
  #typed(stored: Stored, metadataOnly = false): T {
    return (metadataOnly ? metadataOf(stored.object) : stored.object) as T;
  }
}

/** What a subresource answers with is for the caller to know. */
const answered = <R>(stored: Stored): R => stored.object as unknown as R;

const deletion = (options: DeleteOptions): DeleteParameters => ({
  gracePeriodSeconds: options.gracePeriodSeconds,
  preconditions: options.preconditions,
  propagationPolicy: options.propagationPolicy,
  dryRun: options.dryRun ? ['All'] : undefined,
});
