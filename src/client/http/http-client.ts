import type { ListMeta } from '../../api/meta/v1.gen.ts';
import { apiVersionOf, type Draft, type KubeList, type KubeObject, type ResourceType } from '../../api/resource.ts';
import type { Clock } from '../../utils/clock.ts';
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
} from '../client.ts';
import type { ClientConfig } from './config.ts';
import { listQuery, query, resourcePath, watchQuery, writeQuery } from './paths.ts';
import { Sessions } from './sessions.ts';
import { Transport } from './transport.ts';
import { runWatch } from './watch.ts';

export interface HttpClientOptions {
  readonly config: ClientConfig;
  readonly userAgent: string;
  readonly clock: Clock;
}

const METADATA_ONLY = ';as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const METADATA_LIST_ONLY = ';as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** A Client over HTTP/2. Connections are made when first needed and remade when they break. */
export function createHttpClient(options: HttpClientOptions): Client {
  const sessions = new Sessions(options.config, options.clock);
  const transport = new Transport(sessions, options.config, options.clock);
  const clientFor = (userAgent: string): Client => ({
    resource: (type) => new HttpResourceClient(type, transport, userAgent),
    as: clientFor,
    raw: (path, signal) => transport.request({ method: 'GET', path, userAgent, signal }),
    async close() {
      sessions.close();
    },
  });
  return clientFor(options.userAgent);
}

class HttpResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly type: ResourceType<T>;
  readonly #transport: Transport;
  readonly #userAgent: string;

  constructor(type: ResourceType<T>, transport: Transport, userAgent: string) {
    this.type = type;
    this.#transport = transport;
    this.#userAgent = userAgent;
  }

  // What the server answers on a resource's path is of the resource's type; that is the one thing taken on trust here.
  async #send<R>(method: string, path: string, body?: object, contentType?: string, accept?: string): Promise<R> {
    const answer = await this.#transport.request({
      method,
      path,
      body,
      contentType,
      accept,
      userAgent: this.#userAgent,
    });
    return answer as R;
  }

  get(namespace: string, name: string, options: GetOptions = {}): Promise<T> {
    return this.#send('GET', resourcePath(this.type, namespace, name) + query({ ...options }));
  }

  async list(namespace: string, options: ListOptions = {}): Promise<KubeList<T>> {
    const path = resourcePath(this.type, namespace) + query(listQuery(options));
    const accept = options.metadataOnly ? `application/json${METADATA_LIST_ONLY}` : undefined;
    const list = await this.#send<{ metadata: ListMeta; items?: T[] | null }>(
      'GET',
      path,
      undefined,
      undefined,
      accept,
    );
    const { kind } = this.type;
    const apiVersion = apiVersionOf(this.type);
    // Items of typed lists come without their type.
    const items = (list.items ?? []).map((item) => ({ ...item, apiVersion, kind }));
    return { apiVersion, kind: `${kind}List`, metadata: list.metadata, items };
  }

  watch(namespace: string, options: WatchOptions, handler: WatchHandler<T>): WatchSession {
    const path = resourcePath(this.type, namespace) + query(watchQuery(options));
    const accept = options.metadataOnly ? `application/json${METADATA_ONLY}` : 'application/json';
    const rename = options.metadataOnly ? { apiVersion: apiVersionOf(this.type), kind: this.type.kind } : undefined;
    return runWatch<T>(this.#transport, { path, accept, userAgent: this.#userAgent, rename }, handler);
  }

  create(namespace: string, object: Draft<T>, options: WriteOptions = {}): Promise<T> {
    const path = resourcePath(this.type, namespace) + query(writeQuery(options));
    return this.#send('POST', path, this.#typed(object));
  }

  update(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, '', options);
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, 'status', options);
  }

  patch(namespace: string, name: string, patch: Patch, options: PatchOptions = {}): Promise<T> {
    const path = resourcePath(this.type, namespace, name, options.subresource) + query(writeQuery(options));
    const body =
      patch.type === 'json' ? patch.operations : patch.type === 'apply' ? this.#typed(patch.body) : patch.body;
    return this.#send('PATCH', path, body, PATCH_TYPES[patch.type]);
  }

  async delete(namespace: string, name: string, options: DeleteOptions = {}): Promise<void> {
    await this.#send('DELETE', resourcePath(this.type, namespace, name), deleteBody(options));
  }

  async deleteCollection(namespace: string, options: DeleteOptions & ListOptions = {}): Promise<void> {
    const path = resourcePath(this.type, namespace) + query(listQuery(options));
    await this.#send('DELETE', path, deleteBody(options));
  }

  createSubresource<S extends object, R = S>(namespace: string, name: string, sub: string, body: S): Promise<R> {
    return this.#send('POST', resourcePath(this.type, namespace, name, sub), body);
  }

  updateSubresource<S extends object, R = S>(namespace: string, name: string, sub: string, body: S): Promise<R> {
    return this.#send('PUT', resourcePath(this.type, namespace, name, sub), body);
  }

  getSubresource<R>(namespace: string, name: string, subresource: string): Promise<R> {
    return this.#send('GET', resourcePath(this.type, namespace, name, subresource));
  }

  #put(object: T, subresource: string, options: WriteOptions): Promise<T> {
    const { namespace = '', name } = object.metadata;
    const path = resourcePath(this.type, namespace, name, subresource) + query(writeQuery(options));
    return this.#send('PUT', path, this.#typed(object));
  }

  #typed(object: object): object {
    return { apiVersion: apiVersionOf(this.type), kind: this.type.kind, ...object };
  }
}

function deleteBody(options: DeleteOptions): object {
  const { gracePeriodSeconds, preconditions, propagationPolicy, dryRun } = options;
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(preconditions && { preconditions }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(dryRun && { dryRun: ['All'] }),
  };
}
