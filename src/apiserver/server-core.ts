import type { Binding } from '../api/core/v1.gen.ts';
import { errors, isNotFound } from '../api/errors.ts';
import { model as builtinModel } from '../api/model.ts';
import { groupResourceName, type KubeObject, type Mutable } from '../api/resource.ts';
import type { SubresourceData } from '../schema/model.ts';
import type { Model } from '../schema/resolve.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { AdmissionPlugin, Authorizer, AuthorizerAttributes } from './admission.ts';
import { AdmissionChain } from './admission-chain.ts';
import { forbidden } from './authorization/forbidden.ts';
import { WatchCaches } from './cache/caches.ts';
import { Entry } from './cache/entry.ts';
import { Reader } from './cache/reader.ts';
import type {
  ApiCore,
  Body,
  CoreWatch,
  CoreWatchSink,
  DeleteParameters,
  DeleteResult,
  ListParameters,
  PatchBody,
  PatchParameters,
  RequestContext,
  ServedResource,
  Stored,
  StoredList,
  Target,
  WatchParameters,
  WriteParameters,
} from './core.ts';
import { appliedObject } from './registry/apply.ts';
import { decodeObject, type ExpectedKind, kindOf, parseBody } from './registry/body.ts';
import { resetFields } from './registry/defaults.ts';
import { deleteObject } from './registry/delete.ts';
import { evictPod } from './registry/eviction.ts';
import type { RegistryHooks } from './registry/hooks.ts';
import { IpRange } from './registry/ip-range.ts';
import { namespaceHooks } from './registry/namespaces.ts';
import { isDryRun, validateDeleteOptions, validatePatchOptions, validateWriteOptions } from './registry/options.ts';
import { patchedObject } from './registry/patch.ts';
import { bindPod } from './registry/pods.ts';
import { groupResourceOf, Registry, type Write } from './registry/registry.ts';
import {
  asScale,
  builtinScale,
  type ScalePaths,
  scaleKind,
  scaleOf,
  validateScale,
  withScale,
} from './registry/scale.ts';
import { nodePortsInUse, ServiceAllocator } from './registry/service-allocator.ts';
import type { Resources } from './resource-table.ts';
import { identity, type Versions, versionsOf } from './versions.ts';

/**
 * A resource or subresource that is not stored but computed: reviews, tokens, componentstatuses. What a handler does
 * not have is 405.
 */
export interface VirtualHandler {
  create?(context: RequestContext, target: Target, object: KubeObject): Promise<object> | object;
  get?(context: RequestContext, target: Target): Promise<object> | object;
  list?(context: RequestContext, target: Target, parameters: ListParameters): Promise<readonly object[]>;
}

/** The newest state of the API as this process knows it, without waiting: for admission plugins and authorizers. */
export interface ObjectReader {
  /** Undefined while the resource was not `preload`ed. `namespace` is "" for cluster-scoped objects. */
  get(group: string, version: string, resource: string, namespace: string, name: string): KubeObject | undefined;
  /** `namespace` "" lists all. */
  list(group: string, version: string, resource: string, namespace: string): readonly KubeObject[];
}

export interface CoreOptions {
  readonly store: Store;
  readonly resources: Resources;
  readonly model?: Model;
  /** Built with a reader of the core's own cache, where plugins look at other objects. */
  readonly admission: readonly AdmissionPlugin[] | ((objects: ObjectReader) => readonly AdmissionPlugin[]);
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1); default Math.random. */
  readonly random?: () => number;
  /** By "tokenreviews.authentication.k8s.io", "serviceaccounts/token". */
  readonly virtual?: Readonly<Record<string, VirtualHandler>>;
  /** By "services", "deployments.apps". */
  readonly hooks?: Readonly<Record<string, RegistryHooks>>;
  /** What Services are given; default 10.96.0.0/12 and 30000-32767, as kube-apiserver's flags. */
  readonly services?: {
    /** --service-cluster-ip-range: one CIDR, or one of each family; the first is the default. */
    readonly clusterIpRanges?: readonly string[];
    /** --service-node-port-range: first and last port. */
    readonly nodePorts?: readonly [first: number, last: number];
  };
  /** Where custom resources with a scale subresource keep their replicas. */
  readonly scalePaths?: (resource: ServedResource) => ScalePaths | undefined;
}

export function createCore(options: CoreOptions): Core {
  return new Core(options);
}

/** Items of a collection that are deleted at a time. */
const DELETE_WORKERS = 16;

/**
 * ApiCore over a Store. Each request: authorization, options, then the registry, whose writes run admission; reads go
 * to the watch cache. https://kubernetes.io/docs/concepts/security/controlling-access/
 */
export class Core implements ApiCore {
  readonly resources: Resources;
  /** The newest state, without waiting and without authorization. */
  readonly objects: ObjectReader;
  readonly #model: Model;
  readonly #clock: Clock;
  readonly #caches: WatchCaches;
  readonly #reader: Reader;
  readonly #registry: Registry;
  readonly #authorizer: Authorizer;
  readonly #virtual: Readonly<Record<string, VirtualHandler>>;
  readonly #scalePaths: (resource: ServedResource) => ScalePaths | undefined;

  constructor(options: CoreOptions) {
    const { store, clock, log, resources } = options;
    const random = options.random ?? Math.random;
    this.resources = resources;
    this.#model = options.model ?? builtinModel;
    this.#clock = clock;
    this.#authorizer = options.authorizer;
    this.#virtual = options.virtual ?? {};
    this.#scalePaths = options.scalePaths ?? (() => undefined);
    this.#caches = new WatchCaches({ store, clock, log });
    this.#reader = new Reader({ store, caches: this.#caches, clock, log, random });
    this.objects = new CachedObjects(resources, this.#caches);
    const plugins = typeof options.admission === 'function' ? options.admission(this.objects) : options.admission;
    this.#registry = new Registry({
      store,
      reader: this.#reader,
      admission: new AdmissionChain(plugins),
      clock,
      random,
      hooks: { ...this.#builtinHooks(options, random), ...options.hooks },
    });
  }

  #builtinHooks(options: CoreOptions, random: () => number): Readonly<Record<string, RegistryHooks>> {
    const { store, clock } = options;
    const { clusterIpRanges = ['10.96.0.0/12'], nodePorts = [30000, 32767] as const } = options.services ?? {};
    const cacheOf = (group: string, resource: string) => () => {
      const served = this.resources.find(group, 'v1', resource);
      if (!served) throw new Error(`the server has no ${resource}`);
      return this.#caches.of(served);
    };
    return {
      namespaces: namespaceHooks,
      services: new ServiceAllocator({
        store,
        clock,
        random,
        ranges: clusterIpRanges.map((cidr) => new IpRange(cidr)),
        nodePorts,
        addresses: cacheOf('networking.k8s.io', 'ipaddresses'),
        ports: () => this.#caches.of(nodePortsInUse),
        services: cacheOf('', 'services'),
      }),
    };
  }

  /** Reads resources into the cache, so that `objects` sees them. */
  async preload(resources: Iterable<ServedResource>): Promise<void> {
    await Promise.all([...resources].map((resource) => this.#caches.of(this.resources.storageOf(resource))));
  }

  async get(context: RequestContext, target: Target, options: { resourceVersion?: string }): Promise<Stored> {
    await this.#authorize(context, target, 'get');
    this.#mustServe(target, 'get');
    const virtual = this.#virtualOf(target);
    if (virtual) {
      if (!virtual.get) throw errors.methodNotAllowed();
      return answer(await virtual.get(context, target));
    }
    const versions = this.#versions(target.resource);
    const entry = await this.#reader.get(versions.storage, target.namespace, target.name, options.resourceVersion);
    if (!entry) throw errors.notFound(groupResourceOf(target.resource), target.name);
    if (target.subresource === 'scale') return answer(scaleOf(entry.object, this.#pathsOf(target)), entry);
    return versions.view(entry);
  }

  async list(context: RequestContext, target: Target, options: ListParameters): Promise<StoredList> {
    await this.#authorize(context, target, 'list', options.fieldSelector);
    this.#mustServe(target, 'list');
    const virtual = this.#virtualOf(target);
    if (virtual) {
      if (!virtual.list) throw errors.methodNotAllowed();
      const items = await virtual.list(context, target, options);
      return { resource: target.resource, items: items.map((item) => answer(item)), resourceVersion: '' };
    }
    return this.#list(target, options);
  }

  #list(target: Target, options: ListParameters): Promise<StoredList> {
    const { resource, namespace, name } = target;
    const versions = this.#versions(resource);
    if (versions.storage === resource) return this.#reader.list(resource, namespace, name, options);
    return this.#reader
      .list(versions.storage, namespace, name, options, versions.view)
      .then((list) => ({ ...list, resource }));
  }

  async watch(
    context: RequestContext,
    target: Target,
    options: WatchParameters,
    sink: CoreWatchSink,
  ): Promise<CoreWatch> {
    await this.#authorize(context, target, 'watch', options.fieldSelector);
    this.#mustServe(target, 'watch');
    if (this.#virtualOf(target)) throw errors.methodNotAllowed();
    const { resource, namespace, name } = target;
    const { storage, view } = this.#versions(resource);
    return this.#reader.watch(
      storage,
      namespace,
      name,
      options,
      sink,
      storage === resource ? undefined : view,
      context.signal,
    );
  }

  async create(context: RequestContext, target: Target, body: Body, options: WriteParameters): Promise<Stored> {
    await this.#authorize(context, target, 'create');
    validateWriteOptions('CreateOptions', options);
    this.#mustServe(target, 'create');
    const virtual = this.#virtualOf(target);
    if (virtual) {
      if (!virtual.create) throw errors.methodNotAllowed();
      const object = this.#decode(context, this.#expected(target), body, options);
      return answer(await virtual.create(context, target, object));
    }
    if (target.subresource !== '' || isBindings(target)) return this.#createSubresource(context, target, body, options);
    const versions = this.#versions(target.resource);
    const object = this.#decode(context, kindOf(target.resource), body, options);
    const write = this.#write(context, target, options);
    const stored = await this.#registry.create(write, versions.toStorage(object));
    return versions.view(stored);
  }

  /** POST to a pod: binding and eviction. The legacy collection of bindings names its pod in the body. */
  async #createSubresource(
    context: RequestContext,
    target: Target,
    body: Body,
    options: WriteParameters,
  ): Promise<Stored> {
    const object = this.#decode(context, this.#expected(target), body, options);
    const { name } = object.metadata;
    if (target.name !== '' && name && name !== target.name) {
      throw errors.badRequest(
        target.subresource === 'eviction'
          ? 'name in URL does not match name in Eviction object'
          : 'name in URL does not match name in Binding object',
      );
    }
    const pods = isBindings(target) ? this.resources.find('', 'v1', 'pods') : target.resource;
    if (!pods) throw errors.notFoundPath();
    const podTarget = { ...target, resource: pods, name: target.name || name };
    const write = this.#write(context, podTarget, options);
    const { subresource } = target;
    const { admission } = this.#registry;
    if (!admission.idle('CREATE', target)) {
      const request = {
        operation: 'CREATE' as const,
        context,
        target,
        object,
        oldObject: undefined,
        dryRun: write.dryRun,
      };
      await admission.mutate(request);
      await admission.validate(request);
    }
    if (subresource === 'eviction') return answer(await evictPod(this.#registry, this.resources, write, object));
    // Decoded over the model's Binding.
    if (subresource === 'binding' || isBindings(target)) {
      return answer(await bindPod(this.#registry, write, object as unknown as Binding));
    }
    throw errors.methodNotAllowed();
  }

  async update(
    context: RequestContext,
    target: Target,
    body: Body,
    options: WriteParameters,
  ): Promise<{ stored: Stored; created: boolean }> {
    await this.#authorize(context, target, 'update');
    validateWriteOptions('UpdateOptions', options);
    this.#mustServe(target, 'update');
    if (this.#virtualOf(target)) throw errors.methodNotAllowed();
    const expected = this.#expected(target);
    const parsed = parseBody(body, expected);
    const warn = (message: string) => context.warn(message);
    const decoded = decodeObject(expected, parsed, options.fieldValidation, warn);
    checkIdentity(decoded, target);
    const write = this.#write(context, target, options);
    if (target.subresource === 'scale') {
      return this.#updateScale(write, () => decoded);
    }
    const versions = this.#versions(target.resource);
    let fresh: Mutable<KubeObject> | undefined = decoded;
    const { stored, created } = await this.#registry.update(write, () => {
      // Preparation changes the object, so a second attempt needs another copy.
      const object = fresh ?? decodeObject(expected, parsed, 'Ignore', () => undefined);
      fresh = undefined;
      return versions.toStorage(object);
    });
    return { stored: versions.view(stored), created };
  }

  async patch(
    context: RequestContext,
    target: Target,
    patch: PatchBody,
    options: PatchParameters,
  ): Promise<{ stored: Stored; created: boolean }> {
    await this.#authorize(context, target, 'patch');
    validatePatchOptions(options, patch.type);
    this.#mustServe(target, 'patch');
    if (this.#virtualOf(target)) throw errors.methodNotAllowed();
    const write = this.#write(context, target, options, patch.type === 'apply');
    const change = this.#changer(context, target, patch, options);
    if (target.subresource === 'scale') {
      return this.#updateScale(write, (scale) => change(scale));
    }
    const versions = this.#versions(target.resource);
    const make = (old: Entry | undefined) => versions.toStorage(change(old && versions.view(old).object));
    const { stored, created } = await this.#registry.update(write, make, patch.type === 'apply');
    return { stored: versions.view(stored), created };
  }

  /** What a patch makes of an object, each time another one is there; without one only apply makes anything. */
  #changer(
    context: RequestContext,
    target: Target,
    patch: PatchBody,
    options: PatchParameters,
  ): (original: KubeObject | undefined) => Mutable<KubeObject> {
    const expected = this.#expected(target);
    const { type } = patch;
    if (type === 'apply') {
      const applying = {
        manager: options.fieldManager ?? '',
        subresource: target.subresource,
        force: options.force ?? false,
        ignore: target.subresource === 'scale' ? undefined : resetFields(target.resource, target.subresource),
      };
      return (original) => {
        const object = appliedObject(expected, original, patch.value, { ...applying, now: this.#clock.now() });
        checkIdentity(object, target);
        return object;
      };
    }
    let warned = false;
    const warn = (message: string) => {
      if (!warned) context.warn(message);
    };
    return (original) => {
      if (!original) throw errors.notFound(groupResourceOf(target.resource), target.name);
      const object = patchedObject(expected, original, { type, value: patch.value }, options.fieldValidation, warn);
      warned = true;
      checkIdentity(object, target);
      return object;
    };
  }

  async #updateScale(
    write: Write,
    make: (current: KubeObject) => Mutable<KubeObject>,
  ): Promise<{ stored: Stored; created: boolean }> {
    const { context, target } = write;
    const paths = this.#pathsOf(target);
    const versions = this.#versions(target.resource);
    const { admission } = this.#registry;
    const { stored } = await this.#registry.update(
      { ...write, target: { ...target, subresource: '' }, admission: false },
      async (old) => {
        if (!old) throw errors.notFound(groupResourceOf(target.resource), target.name);
        const before = scaleOf(old.object, paths) as unknown as KubeObject;
        const object = make(before);
        if (!admission.idle('UPDATE', target)) {
          const request = {
            operation: 'UPDATE' as const,
            context,
            target,
            object,
            oldObject: before,
            dryRun: write.dryRun,
          };
          await admission.mutate(request);
          await admission.validate(request);
        }
        validateScale(asScale(object));
        return withScale(old.object, asScale(object), paths);
      },
    );
    return { stored: answer(scaleOf(versions.view(stored).object, paths), stored), created: false };
  }

  async delete(context: RequestContext, target: Target, options: DeleteParameters): Promise<DeleteResult> {
    await this.#authorize(context, target, 'delete');
    validateDeleteOptions(options);
    this.#mustServe(target, 'delete');
    if (target.subresource !== '' || this.#virtualOf(target)) throw errors.methodNotAllowed();
    return this.#delete(context, target, options);
  }

  async #delete(context: RequestContext, target: Target, options: DeleteParameters): Promise<DeleteResult> {
    const result = await deleteObject(this.#registry, this.#write(context, target, options), options);
    const versions = this.#versions(target.resource);
    return versions.storage === target.resource ? result : { ...result, stored: versions.view(result.stored) };
  }

  async deleteCollection(
    context: RequestContext,
    target: Target,
    options: DeleteParameters,
    parameters: ListParameters,
  ): Promise<StoredList> {
    await this.#authorize(context, target, 'deletecollection', parameters.fieldSelector);
    validateDeleteOptions(options);
    this.#mustServe(target, 'deletecollection');
    if (this.#virtualOf(target)) throw errors.methodNotAllowed();
    const list = await this.#list(target, parameters);
    const queue = list.items.values();
    const work = async (): Promise<void> => {
      for (const item of queue) {
        const { name, namespace = '' } = item.object.metadata;
        try {
          await this.#delete(context, { ...target, namespace, name }, options);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(DELETE_WORKERS, list.items.length) }, work));
    return list;
  }

  /** A resource is no longer served, or another way (its definition changed): its watches end, its cache is read anew. */
  forget(resource: ServedResource): void {
    this.#caches.forget(resource.prefix);
  }

  async close(): Promise<void> {
    this.#reader.close();
    await this.#caches.close();
  }

  async #authorize(context: RequestContext, target: Target, verb: string, fieldSelector?: string): Promise<void> {
    const { resource, subresource, namespace, name } = target;
    const attributes: AuthorizerAttributes = {
      user: context.user,
      verb,
      group: resource.group,
      version: resource.version,
      resource: resource.data.resource,
      subresource,
      namespace,
      // A collection narrowed down to one name is that object, for rules with resourceNames and for nodes.
      name: name || (fieldSelector && /(?:^|,)metadata\.name==?([^,=]+)(?:,|$)/.exec(fieldSelector)?.[1]) || '',
      ...(fieldSelector && { fieldSelector }),
      path: '',
    };
    const decision = this.#authorizer.authorize(attributes);
    const { allowed, reason } = decision instanceof Promise ? await decision : decision;
    if (!allowed) throw forbidden(attributes, reason);
  }

  /** Refuses verbs and subresources that discovery does not have. */
  #mustServe(target: Target, verb: string): void {
    const { data } = target.resource;
    if (target.subresource === '') {
      if (!(data.verbs as readonly string[]).includes(verb)) throw errors.methodNotAllowed();
      return;
    }
    const sub = this.#subresource(target);
    if (!(sub.verbs as readonly string[]).includes(verb)) throw errors.methodNotAllowed();
  }

  #subresource(target: Target): SubresourceData {
    const sub = target.resource.data.subresources?.[target.subresource];
    if (!sub) throw errors.notFoundPath();
    return sub;
  }

  #virtualOf({ resource, subresource }: Target): VirtualHandler | undefined {
    const name = groupResourceName(groupResourceOf(resource));
    return this.#virtual[subresource === '' ? name : `${name}/${subresource}`];
  }

  /** The kind that bodies for the target have. */
  #expected(target: Target): ExpectedKind {
    if (target.subresource === '') return kindOf(target.resource);
    const { kind, of } = this.#subresource(target);
    if (!of && kind === target.resource.data.kind) return kindOf(target.resource);
    if (kind === 'Scale') return scaleKind();
    const [group, version] = of ?? [target.resource.group, target.resource.version];
    const schema = this.#model.kind(group, version, kind);
    if (!schema) throw errors.notFoundPath();
    return { group, version, kind, schema };
  }

  #decode(context: RequestContext, expected: ExpectedKind, body: Body, options: WriteParameters): Mutable<KubeObject> {
    const warn = (message: string) => context.warn(message);
    return decodeObject(expected, parseBody(body, expected), options.fieldValidation, warn);
  }

  #write(
    context: RequestContext,
    target: Target,
    options: { readonly dryRun?: readonly string[]; readonly fieldManager?: string },
    applies = false,
  ): Write {
    const manager = options.fieldManager || managerOf(context.userAgent);
    return {
      context,
      target,
      storage: this.resources.storageOf(target.resource),
      dryRun: isDryRun(options),
      ...(!applies && { tracking: { manager, subresource: target.subresource } }),
    };
  }

  #versions(resource: ServedResource): Versions {
    const storage = this.resources.storageOf(resource);
    return storage === resource ? identity(resource) : versionsOf(resource, storage);
  }

  #pathsOf(target: Target): ScalePaths {
    return this.#scalePaths(target.resource) ?? builtinScale;
  }
}

class CachedObjects implements ObjectReader {
  readonly #resources: Resources;
  readonly #caches: WatchCaches;

  constructor(resources: Resources, caches: WatchCaches) {
    this.#resources = resources;
    this.#caches = caches;
  }

  get(group: string, version: string, resource: string, namespace: string, name: string): KubeObject | undefined {
    const served = this.#resources.find(group, version, resource);
    const cache = served && this.#caches.peek(served.prefix);
    return cache?.get(cache.key(namespace, name))?.object;
  }

  list(group: string, version: string, resource: string, namespace: string): readonly KubeObject[] {
    const served = this.#resources.find(group, version, resource);
    const cache = served && this.#caches.peek(served.prefix);
    if (!cache) return [];
    const [start, end] = cache.bounds(namespace);
    return cache.range(start, end).map((entry) => entry.object);
  }
}

/** An answer that was never stored; with the revision of what it tells about. */
const answer = (object: object, about?: Stored): Stored =>
  // Handlers answer with objects of API kinds.
  Entry.unstored(about?.key ?? '', about?.revision ?? 0, object as KubeObject);

/** The name that a user agent goes by in managedFields: "kubectl" of "kubectl/v1.36.0 (linux/amd64)". */
function managerOf(userAgent: string): string {
  const slash = userAgent.indexOf('/');
  const name = slash < 0 ? userAgent : userAgent.slice(0, slash);
  return name.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '').slice(0, 128);
}

const isBindings = ({ resource }: Target): boolean => resource.group === '' && resource.data.resource === 'bindings';

/** PUT and PATCH: the object must be the one that the path names. */
function checkIdentity(object: KubeObject, { name, namespace }: Target): void {
  const meta = object.metadata;
  if (!meta.name) {
    throw errors.badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (meta.name !== name) {
    throw errors.badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  }
  if (namespace && meta.namespace && meta.namespace !== namespace) {
    throw errors.badRequest(
      `the namespace of the object (${meta.namespace}) does not match the namespace on the request (${namespace})`,
    );
  }
}
