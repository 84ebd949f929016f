import { type APIService, type APIServiceCondition, apiservices } from '../../api/apiregistration/v1.gen.ts';
import { type Service, services } from '../../api/core/v1.gen.ts';
import { type EndpointSlice, endpointslices } from '../../api/discovery/v1.gen.ts';
import { isConflict, isNotFound } from '../../api/errors.ts';
import { deepEqual } from '../../schema/equal.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { KeyPair } from '../../utils/x509.ts';
import type { ApiCore, RequestContext } from '../core.ts';
import { respondText } from '../http/answer.ts';
import type { Request } from '../http/request.ts';
import { feedObjects } from '../object-feed.ts';
import type { Json } from '../openapi/definitions.ts';
import type { SwaggerPart } from '../openapi/merge.ts';
import { loopbackUser, type UserInfo } from '../user.ts';
import type { ResolveService } from '../webhooks/services.ts';
import { type Availability, checkDiscovery, serviceProblem } from './availability.ts';
import { proxyRequest } from './proxy.ts';
import { type Answer, askJson, type DiscoveredResource, fetchResources } from './remote-discovery.ts';
import { RemoteOpenApi } from './remote-openapi.ts';
import { RemoteError, RemoteServer } from './remote-server.ts';

/** A group-version that another server has, as discovery tells of it. */
export interface RemoteVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriorityMinimum: number;
  readonly versionPriority: number;
  readonly freshness: 'Current' | 'Stale';
  readonly resources: readonly DiscoveredResource[];
}

export interface AggregatorOptions {
  readonly core: ApiCore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resolve: ResolveService;
  /** Proves to extension API servers that this is the front proxy. */
  readonly client: KeyPair | undefined;
}

/** One APIService that is not of this server, and how it stands with it. */
interface Remote {
  readonly server: RemoteServer;
  /** "apis/wardle.example.com/v1alpha1" */
  readonly path: string;
  resources: readonly DiscoveredResource[];
  current: boolean;
  readonly openApi: RemoteOpenApi;
  timer: Timer | undefined;
  checking: boolean;
  /** Something has changed since the check under way began. */
  again: boolean;
  failures: number;
}

const OPENAPI = '/openapi/v3/';
/** An extension server that says nothing of itself any more is noticed in this time. */
const RESYNC_MS = 30_000;
const FIRST_RETRY_MS = 5;
/** Bodies that are passed on; extension servers have limits of their own. */
const BODY_BYTES = 100 * 1024 * 1024;

const internal: RequestContext = { user: loopbackUser, userAgent: 'kube-apiserver', warn: () => {} };

/**
 * The aggregation layer: APIServices say which group-versions other servers have; requests for those are passed on,
 * and whether each can be reached stands in its status.
 * https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
 */
export class Aggregator {
  readonly ready: Promise<void>;
  readonly #options: AggregatorOptions;
  readonly #all = new Map<string, APIService>();
  /** By the path of their group-version. */
  readonly #remotes = new Map<string, Remote>();
  readonly #services = new Map<string, Service>();
  readonly #slices = new Map<string, EndpointSlice>();
  readonly #feeds: { stop(): void }[] = [];
  #endpoints: Promise<unknown> | undefined;
  #generation = 0;
  #stopped = false;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    const { core, clock } = options;
    const sink = { set: (one: APIService) => this.#set(one), delete: (one: APIService) => this.#delete(one) };
    const feed = feedObjects(core, apiservices, sink, clock);
    this.#feeds.push(feed);
    this.ready = feed.ready;
  }

  /** Another number whenever `versions`, `openApiPaths` or `openApiParts` are others. */
  get generation(): number {
    return this.#generation;
  }

  /** The group-versions of other servers. */
  versions(): readonly RemoteVersion[] {
    return [...this.#remotes.values()].map(({ server, current, resources }) => {
      const { group = '', version = '', groupPriorityMinimum, versionPriority } = server.service.spec;
      const freshness = current ? 'Current' : 'Stale';
      return { group, version, groupPriorityMinimum, versionPriority, freshness, resources };
    });
  }

  /** The highest groupPriorityMinimum that a group's APIServices ask for; their own group is before all others. */
  groupPriority(group: string): number {
    if (group === apiservices.group) return Number.POSITIVE_INFINITY;
    let highest = 0;
    for (const { spec } of this.#all.values()) {
      if (spec.group === group) highest = Math.max(highest, spec.groupPriorityMinimum);
    }
    return highest;
  }

  /** Documents of OpenAPI v3 that other servers have: their paths in the index, and where each can be had. */
  openApiPaths(): readonly (readonly [path: string, url: string])[] {
    return [...this.#remotes.values()].flatMap(({ openApi }) => [...openApi.index]);
  }

  /** What other servers add to the document of OpenAPI v2: those of high priority first. */
  openApiParts(): readonly SwaggerPart[] {
    const specOf = ({ server }: Remote) => server.service.spec;
    const priority = (remote: Remote) => this.groupPriority(specOf(remote).group ?? '');
    return [...this.#remotes.values()]
      .sort((a, b) => priority(b) - priority(a) || (a.path < b.path ? -1 : 1))
      .flatMap(({ openApi }) => openApi.part ?? []);
  }

  /** A document of OpenAPI v3 made here, for a server that has none. */
  openApiDocument(path: string): Json | undefined {
    return this.#remotes.get(path)?.openApi.made;
  }

  /** Whether a path belongs to another server: its group-version's or below it, or its OpenAPI document's. */
  has(path: string): boolean {
    return this.#remotes.size > 0 && this.#remoteOf(path) !== undefined;
  }

  /** Passes a request on that has been authorized, and whose path `has` knows. */
  async serve(request: Request): Promise<void> {
    const remote = this.#remoteOf(request.info.path);
    if (!remote || !isAvailable(this.#all.get(remote.server.service.metadata.name))) {
      respondText(request.exchange, 503, 'service unavailable\n');
      return;
    }
    await proxyRequest(request, remote.server, BODY_BYTES);
  }

  /** Asks another server for a path below its group-version. Rejects with a RemoteError where it cannot be asked. */
  async ask(user: UserInfo, method: string, path: string): Promise<Answer> {
    const remote = this.#remoteOf(path.split('?', 1)[0] ?? '');
    if (!remote || !isAvailable(this.#all.get(remote.server.service.metadata.name))) {
      throw new RemoteError('service unavailable');
    }
    return askJson(remote.server, user, method, path);
  }

  close(): void {
    this.#stopped = true;
    for (const feed of this.#feeds.splice(0)) feed.stop();
    for (const remote of this.#remotes.values()) this.#end(remote);
    this.#remotes.clear();
  }

  #remoteOf(path: string): Remote | undefined {
    if (path.startsWith(OPENAPI)) return this.#remoteWithDocument(path.slice(OPENAPI.length));
    const [, root, group, version] = path.split('/', 4);
    return root === 'apis' ? this.#remotes.get(`apis/${group}/${version}`) : undefined;
  }

  /** Documents of its own this server tells itself; paths below /apis are no other server's than the group's. */
  #remoteWithDocument(path: string): Remote | undefined {
    const [root, group, version] = path.split('/', 3);
    if (root !== 'apis') return undefined;
    if (version !== undefined) {
      const remote = this.#remotes.get(`apis/${group}/${version}`);
      return remote?.openApi.made ? undefined : remote;
    }
    return [...this.#remotes.values()].find(
      ({ server, openApi }) => server.service.spec.group === group && openApi.index.has(path),
    );
  }

  #set(service: APIService): void {
    const { spec, metadata } = service;
    const before = this.#all.get(metadata.name);
    this.#all.set(metadata.name, service);
    const path = `apis/${spec.group}/${spec.version}`;
    const known = this.#remotes.get(path);
    if (!spec.service) {
      if (known) this.#forget(known);
      if (!localCondition(service)) void this.#writeStatus(service, LOCAL);
      return;
    }
    if (known && before && sameSpec(before, service)) {
      if (isAvailable(before) !== isAvailable(service)) this.#generation++;
      return;
    }
    if (known) this.#end(known);
    const { resolve, client } = this.#options;
    const remote: Remote = {
      server: new RemoteServer(service, resolve, client),
      path,
      resources: known?.resources ?? [],
      current: false,
      openApi: known?.openApi ?? new RemoteOpenApi(),
      timer: undefined,
      checking: false,
      again: false,
      failures: 0,
    };
    this.#remotes.set(path, remote);
    this.#generation++;
    this.#endpoints ??= this.#followEndpoints();
    void this.#check(remote);
  }

  #delete({ metadata, spec }: APIService): void {
    this.#all.delete(metadata.name);
    const remote = this.#remotes.get(`apis/${spec.group}/${spec.version}`);
    if (remote?.server.service.metadata.name === metadata.name) this.#forget(remote);
  }

  #forget(remote: Remote): void {
    this.#end(remote);
    this.#remotes.delete(remote.path);
    this.#generation++;
  }

  #end(remote: Remote): void {
    remote.timer?.stop();
    remote.server.close();
  }

  /** Services and their endpoints are followed from the first APIService that needs them. */
  #followEndpoints(): Promise<unknown> {
    const { core, clock } = this.#options;
    const touch = (namespace: string, name: string) => {
      for (const remote of this.#remotes.values()) {
        const at = remote.server.service.spec.service;
        if (at?.namespace === namespace && at.name === name) void this.#check(remote);
      }
    };
    const index = <T extends Service | EndpointSlice>(map: Map<string, T>, nameOf: (object: T) => string) => {
      const change = (object: T, keep: boolean) => {
        const { namespace = '', name } = object.metadata;
        if (keep) map.set(`${namespace}/${name}`, object);
        else map.delete(`${namespace}/${name}`);
        touch(namespace, nameOf(object));
      };
      return { set: (object: T) => change(object, true), delete: (object: T) => change(object, false) };
    };
    const feeds = [
      feedObjects(
        core,
        services,
        index(this.#services, ({ metadata }) => metadata.name),
        clock,
      ),
      feedObjects(core, endpointslices, index(this.#slices, serviceOf), clock),
    ];
    this.#feeds.push(...feeds);
    return Promise.all(feeds.map((feed) => feed.ready));
  }

  async #check(remote: Remote): Promise<void> {
    if (remote.checking) {
      remote.again = true;
      return;
    }
    remote.checking = true;
    remote.timer?.stop();
    let retryMs = RESYNC_MS;
    try {
      await this.#endpoints;
      const { spec, metadata } = remote.server.service;
      const { namespace = '', name = '' } = spec.service ?? {};
      const service = this.#services.get(`${namespace}/${name}`);
      const slices = [...this.#slices.values()].filter(
        (slice) => slice.metadata.namespace === namespace && serviceOf(slice) === name,
      );
      const found = serviceProblem(remote.server.service, service, slices) ?? (await checkDiscovery(remote.server));
      if (found.status === 'True') await this.#discover(remote);
      else if (remote.current) this.#changed(remote, { current: false, resources: [] });
      const failed = found.reason === 'FailedDiscoveryCheck';
      remote.failures = failed ? remote.failures + 1 : 0;
      if (failed) retryMs = Math.min(FIRST_RETRY_MS * 2 ** (remote.failures - 1), RESYNC_MS);
      const newest = this.#all.get(metadata.name);
      if (newest && this.#remotes.get(remote.path) === remote) await this.#writeStatus(newest, found);
    } catch (error) {
      this.#options.log.warn(
        { err: error, apiService: remote.server.service.metadata.name },
        'cannot check APIService',
      );
    } finally {
      remote.checking = false;
      if (!this.#stopped && this.#remotes.get(remote.path) === remote) {
        if (remote.again) retryMs = FIRST_RETRY_MS;
        remote.again = false;
        remote.timer = this.#options.clock.after(retryMs, () => void this.#check(remote));
      }
    }
  }

  /** What the server has, for discovery and OpenAPI. */
  async #discover(remote: Remote): Promise<void> {
    const resources = fetchResources(remote.server).catch((error: unknown) => {
      if (!(error instanceof RemoteError)) throw error;
      return undefined;
    });
    const [found, news] = await Promise.all([resources, remote.openApi.refresh(remote.server)]);
    const current = found !== undefined;
    if (!news && current === remote.current && deepEqual(found ?? [], remote.resources)) return;
    this.#changed(remote, { current, resources: found ?? [] });
  }

  #changed(remote: Remote, to: Pick<Remote, 'current' | 'resources'>): void {
    Object.assign(remote, to);
    this.#generation++;
  }

  async #writeStatus(service: APIService, found: Availability): Promise<void> {
    const { core, clock } = this.#options;
    const resource = core.resources.find(apiservices.group, apiservices.version, apiservices.resource);
    const before = service.status?.conditions?.find(({ type }) => type === AVAILABLE);
    if (!resource || (before && same(before, found))) return;
    const lastTransitionTime =
      before?.status === found.status && before.lastTransitionTime
        ? before.lastTransitionTime
        : `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
    const others = service.status?.conditions?.filter(({ type }) => type !== AVAILABLE) ?? [];
    const conditions: APIServiceCondition[] = [...others, { type: AVAILABLE, ...found, lastTransitionTime }];
    const target = { resource, namespace: '', name: service.metadata.name, subresource: 'status' };
    try {
      await core.update(internal, target, { object: { ...service, status: { conditions } } }, {});
    } catch (error) {
      // What changed it tells of itself, and is looked at then.
      if (!isConflict(error) && !isNotFound(error) && !this.#stopped) throw error;
    }
  }
}

const AVAILABLE = 'Available';
const LOCAL: Availability = { status: 'True', reason: 'Local', message: 'Local APIServices are always available' };

const isAvailable = (service: APIService | undefined): boolean =>
  service?.status?.conditions?.some(({ type, status }) => type === AVAILABLE && status === 'True') ?? false;

const localCondition = ({ status }: APIService): boolean =>
  status?.conditions?.some(({ type, reason }) => type === AVAILABLE && reason === LOCAL.reason) ?? false;

const same = (a: Availability, b: Availability): boolean =>
  a.status === b.status && a.reason === b.reason && a.message === b.message;

const sameSpec = (a: APIService, b: APIService): boolean => JSON.stringify(a.spec) === JSON.stringify(b.spec);

const serviceOf = ({ metadata }: EndpointSlice): string => metadata.labels?.['kubernetes.io/service-name'] ?? '';
