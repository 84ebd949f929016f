import { isReason } from '../api/errors.ts';
import type { KubeObject, ResourceType } from '../api/resource.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import { Backoff } from './backoff.ts';
import type { Client, ListOptions, ResourceClient } from './client.ts';
import { Indexer, type IndexFunction, type Lister } from './store.ts';

/** Told of changes, synchronously, in the order in which the server made them. A handler that throws is logged. */
export interface ResourceEventHandler<T> {
  /** `initial`: the object was there when the informer (or this handler) started. */
  onAdd?(object: T, initial: boolean): void;
  /** Also called for objects that a list after a lost watch shows again, when their resourceVersion changed. */
  onUpdate?(before: T, object: T): void;
  /** The last state known; after a lost watch that may be older than the state at deletion. */
  onDelete?(object: T): void;
}

export interface InformerOptions {
  /** "" or absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keep only apiVersion, kind and metadata. */
  readonly metadataOnly?: boolean;
}

export interface InformerDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

/**
 * Keeps a local copy of a resource: one list, then a watch from there for as long as it lasts. A watch that ends is
 * taken up where it ended; one that the server has forgotten (410) or that failed starts over with a list, and what
 * was missed meanwhile reaches the handlers as the difference (client-go's Reflector and SharedIndexInformer).
 */
export class Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** Resolves when the first list is in the store and every handler has seen it; rejects when stopped before. */
  readonly hasSynced: Promise<void>;
  readonly #indexer = new Indexer<T>();
  readonly #resource: ResourceClient<T>;
  readonly #options: InformerOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #handlers = new Set<ResourceEventHandler<T>>();
  readonly #abort = new AbortController();
  readonly #backoff: Backoff;
  #resolveSynced: () => void = () => {};
  #rejectSynced: (error: Error) => void = () => {};
  #synced = false;
  #started = false;
  #resourceVersion = '';

  constructor(resource: ResourceClient<T>, options: InformerOptions, dependencies: InformerDependencies) {
    this.type = resource.type;
    this.#resource = resource;
    this.#options = options;
    this.#clock = dependencies.clock;
    this.#log = dependencies.log;
    this.#random = dependencies.random ?? Math.random;
    this.#backoff = new Backoff({
      clock: this.#clock,
      random: this.#random,
      initialMs: 800,
      // client-go waits up to 30 s, for control planes that thousands of nodes come back to at once. Here a server that
      // was killed is back in a second, and its nodes' services should not be out of date for a minute.
      maximumMs: 5_000,
      resetMs: 10_000,
    });
    this.hasSynced = new Promise((resolve, reject) => {
      this.#resolveSynced = resolve;
      this.#rejectSynced = reject;
    });
    this.hasSynced.catch(() => {}); // a stopped informer nobody waits for is no error
  }

  get store(): Lister<T> {
    return this.#indexer;
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** The resourceVersion up to which the store is current. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** Adds an index unless one of that name is there; informers are shared, so equal names must mean equal functions. */
  addIndex(name: string, of: IndexFunction<T>): this {
    if (!this.#indexer.hasIndex(name)) this.#indexer.addIndex(name, of);
    return this;
  }

  /** A handler added late is first given every object as an addition. Returns what removes it again. */
  addHandler(handler: ResourceEventHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#indexer.list()) this.#tell(handler, () => handler.onAdd?.(object, true));
    return () => void this.#handlers.delete(handler);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#run();
  }

  stop(): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#rejectSynced(new Error(`the informer for ${this.type.resource} was stopped`));
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let listFrom = '0';
    let relist = true;
    while (!signal.aborted) {
      try {
        if (relist) {
          await this.#list(listFrom);
          if (signal.aborted) return;
          relist = false;
        }
        const started = this.#clock.now();
        const events = await this.#watch();
        // A server that ends every watch at once must not be asked in a loop.
        if (events === 0 && this.#clock.now() - started < 1000) await this.#clock.sleep(this.#backoff.next(), signal);
      } catch (error) {
        if (signal.aborted) return;
        const delay = this.#backoff.next();
        if (isReason(error, 'Expired', 'Gone', 'Timeout')) {
          // The server has forgotten, or never reached, this version: take whatever is newest.
          relist = true;
          listFrom = '';
        } else if (!isReason(error, 'TooManyRequests') || !this.#synced) {
          relist = true;
          listFrom = this.#resourceVersion || '0';
        }
        this.#log.debug({ err: error, resource: this.type.resource, delay }, 'list or watch failed, trying again');
        await this.#clock.sleep(delay, signal);
      }
    }
  }

  #selection(): ListOptions {
    const { labelSelector, fieldSelector, metadataOnly } = this.#options;
    return {
      ...(labelSelector && { labelSelector }),
      ...(fieldSelector && { fieldSelector }),
      ...(metadataOnly && { metadataOnly }),
    };
  }

  async #list(resourceVersion: string): Promise<void> {
    const namespace = this.#options.namespace ?? '';
    const answer = await this.#resource.list(namespace, {
      ...this.#selection(),
      ...(resourceVersion && { resourceVersion }),
    });
    if (this.#abort.signal.aborted) return;
    const before = new Set(this.#indexer.list());
    for (const object of answer.items) {
      const old = this.#indexer.get(object.metadata.namespace ?? '', object.metadata.name);
      if (old) before.delete(old);
      if (old && old.metadata.uid !== object.metadata.uid) this.#remove(old);
      this.#put(object, !this.#synced);
    }
    for (const gone of before) this.#remove(gone);
    this.#resourceVersion = answer.metadata.resourceVersion ?? '';
    if (!this.#synced) {
      this.#synced = true;
      this.#resolveSynced();
    }
  }

  /** Resolves with the number of events when the watch ends in the ordinary way. */
  #watch(): Promise<number> {
    const { signal } = this.#abort;
    return new Promise((resolve, reject) => {
      let events = 0;
      const stop = () => session.stop();
      const session = this.#resource.watch(
        this.#options.namespace ?? '',
        {
          ...this.#selection(),
          resourceVersion: this.#resourceVersion,
          allowBookmarks: true,
          timeoutSeconds: Math.round(300 * (1 + this.#random())),
        },
        {
          event: (type, object) => {
            if (signal.aborted) return;
            events++;
            this.#resourceVersion = object.metadata.resourceVersion;
            if (type === 'DELETED') this.#remove(object);
            else if (type !== 'BOOKMARK') this.#put(object, false);
          },
          end: (error) => {
            signal.removeEventListener('abort', stop);
            if (error) reject(error);
            else resolve(events);
          },
        },
      );
      if (signal.aborted) session.stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  #put(object: T, initial: boolean): void {
    const old = this.#indexer.set(object);
    if (old === undefined) {
      for (const handler of this.#handlers) this.#tell(handler, () => handler.onAdd?.(object, initial));
    } else if (old.metadata.resourceVersion !== object.metadata.resourceVersion) {
      for (const handler of this.#handlers) this.#tell(handler, () => handler.onUpdate?.(old, object));
    }
  }

  #remove(object: T): void {
    const { namespace = '', name } = object.metadata;
    if (this.#indexer.delete(namespace, name) === undefined) return;
    for (const handler of this.#handlers) this.#tell(handler, () => handler.onDelete?.(object));
  }

  #tell(handler: ResourceEventHandler<T>, call: () => void): void {
    if (!this.#handlers.has(handler)) return;
    try {
      call();
    } catch (error) {
      this.#log.error({ err: error, resource: this.type.resource }, 'event handler failed');
    }
  }
}

/** Shares one informer among all who want the same selection of a resource. */
export class InformerFactory {
  readonly #client: Client;
  readonly #dependencies: InformerDependencies;
  readonly #informers = new Map<string, Informer<KubeObject>>();
  #started = false;
  #stopped = false;

  constructor(client: Client, dependencies: InformerDependencies) {
    this.#client = client;
    this.#dependencies = dependencies;
  }

  /** With `metadataOnly` the objects have nothing but apiVersion, kind and metadata, and the type says so. */
  informer<T extends KubeObject>(
    type: ResourceType<T>,
    options: InformerOptions & { readonly metadataOnly: true },
  ): Informer<KubeObject>;
  informer<T extends KubeObject>(type: ResourceType<T>, options?: InformerOptions): Informer<T>;
  informer<T extends KubeObject>(type: ResourceType<T>, options: InformerOptions = {}): Informer<T> {
    const key = JSON.stringify([
      type.group,
      type.version,
      type.resource,
      options.namespace ?? '',
      options.labelSelector ?? '',
      options.fieldSelector ?? '',
      options.metadataOnly ?? false,
    ]);
    const known = this.#informers.get(key);
    // The key names the resource, and a resource has one type.
    if (known) return known as unknown as Informer<T>;
    const informer = new Informer(this.#client.resource(type), options, this.#dependencies);
    this.#informers.set(key, informer as unknown as Informer<KubeObject>);
    if (this.#stopped) informer.stop();
    else if (this.#started) informer.start();
    return informer;
  }

  /** Starts what was asked for so far; informers asked for later start at once. */
  start(): void {
    this.#started = true;
    for (const informer of this.#informers.values()) informer.start();
  }

  /** Waits until every informer that exists now has its first list. */
  async waitForSync(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.hasSynced));
  }

  stop(): void {
    this.#stopped = true;
    for (const informer of this.#informers.values()) informer.stop();
  }
}
