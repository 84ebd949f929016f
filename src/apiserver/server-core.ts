import type { Binding } from '../api/core/v1.gen.ts';
import { errors, isNotFound } from '../api/errors.ts';
import { model as builtinModel } from '../api/model.ts';
import { groupResourceName, type KubeObject, type Mutable } from '../api/resource.ts';
import type { Model } from '../schema/resolve.ts';
import type { Clock } from '../utils/clock.ts';
import { turns } from '../utils/turns.ts';
import type { Authorizer } from './admission.ts';
import { AdmissionChain } from './admission-chain.ts';
import { refusal } from './authorization/forbidden.ts';
import { WatchCaches } from './cache/caches.ts';
import type { Entry } from './cache/entry.ts';
import { Reader } from './cache/reader.ts';
import { splitSelection } from './cache/selection.ts';
import type {
  ApiCore,
  Body,
  ConnectOptions,
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
import { builtinHooks, type CoreOptions, type VirtualHandler } from './core-options.ts';
import { ConvertedSink } from './custom/converted-watch.ts';
import type { CustomKind } from './custom/kind.ts';
import { checkOwners } from './custom/owners.ts';
import { type ConvertObjects, CustomVersions, isCustomResource } from './custom/versions.ts';
import { inStoredFields } from './field-labels.ts';
import { AdmissionMetrics } from './metrics/admission.ts';
import { CachedObjects } from './object-reader.ts';
import { appliedObject, tellRepeated } from './registry/apply.ts';
import { decodeBody, decodeObject, type ExpectedKind, kindOf, parseBody } from './registry/body.ts';
import { deleteObject, warnOfOrphans } from './registry/delete.ts';
import { evictPod } from './registry/eviction.ts';
import { isDryRun, validateDeleteOptions, validatePatchOptions, validateWriteOptions } from './registry/options.ts';
import { patchedObject } from './registry/patch.ts';
import { bindPod } from './registry/pods.ts';
import { groupResourceOf, Registry, setNamespace, type Write } from './registry/registry.ts';
import { resetFields } from './registry/reset-fields.ts';
import {
  asScale,
  builtinScale,
  checkScaled,
  checkScales,
  ownedScaleOf,
  type ScalePaths,
  scaleOf,
  trackScale,
  validateScale,
  withScale,
} from './registry/scale.ts';
import { prepareVirtual } from './registry/virtual.ts';
import type { Resources } from './resource-table.ts';
import {
  answer,
  attributesOf,
  checkIdentity,
  expectedKind,
  isBindings,
  managerOf,
  mustServe,
  type Selectors,
} from './targets.ts';
import { identity, type Versions, versionsOf, viewed } from './versions.ts';

export type { CoreOptions, VirtualHandler } from './core-options.ts';
export type { ObjectReader } from './object-reader.ts';

export function createCore(options: CoreOptions): Core {
  return new Core(options);
}

const cannotConvert: ConvertObjects = () => Promise.reject(errors.internal('nothing converts custom resources here'));

/** Items of a collection that are deleted at a time. */
const DELETE_WORKERS = 16;

const none: Selectors = {};

/**
 * ApiCore over a Store. Each request: authorization, options, then the registry, whose writes run admission; reads go
 * to the watch cache. https://kubernetes.io/docs/concepts/security/controlling-access/
 */
export class Core implements ApiCore {
  readonly resources: Resources;
  /** The newest state, without waiting and without authorization. */
  readonly objects: CachedObjects;
  readonly #model: Model;
  readonly #clock: Clock;
  readonly #caches: WatchCaches;
  readonly #reader: Reader;
  readonly #registry: Registry;
  readonly #authorizer: Authorizer;
  readonly #virtual: Readonly<Record<string, VirtualHandler>>;
  readonly #convert: ConvertObjects;
  readonly #ofCustom = new WeakMap<ServedResource, Versions>();

  constructor(options: CoreOptions) {
    const { store, clock, log, resources } = options;
    const random = options.random ?? Math.random;
    this.resources = resources;
    this.#model = options.model ?? builtinModel;
    this.#clock = clock;
    this.#authorizer = options.authorizer;
    this.#virtual = options.virtual ?? {};
    this.#convert = options.convert ?? cannotConvert;
    this.#caches = new WatchCaches({ store, clock, log });
    this.#reader = new Reader({ store, caches: this.#caches, clock, log, random });
    this.objects = new CachedObjects(resources, this.#caches);
    const plugins = typeof options.admission === 'function' ? options.admission(this.objects) : options.admission;
    this.#registry = new Registry({
      store,
      reader: this.#reader,
      admission: new AdmissionChain(plugins, options.metrics && new AdmissionMetrics(options.metrics)),
      clock,
      random,
      hooks: { ...builtinHooks(options, this.#caches, random), ...options.hooks },
      namespaceLabels: (name) => this.objects.get('', 'v1', 'namespaces', '', name)?.metadata.labels ?? {},
    });
  }

  /** Reads resources into the cache, so that `objects` sees them. */
  async preload(resources: Iterable<ServedResource>): Promise<void> {
    await Promise.all([...resources].map((resource) => this.#caches.of(this.resources.storageOf(resource))));
  }

  async get(context: RequestContext, target: Target, options: { resourceVersion?: string }): Promise<Stored> {
    await this.#authorize(context, target, 'get');
    mustServe(target, 'get');
    const virtual = this.#virtualOf(target);
    if (virtual) {
      if (!virtual.get) throw errors.methodNotAllowed();
      return answer(await virtual.get(context, target));
    }
    const versions = this.#versions(target.resource);
    const entry = await this.#reader.get(versions.storage, target.namespace, target.name, options.resourceVersion);
    if (!entry) throw errors.notFound(groupResourceOf(target.resource), target.name);
    if (target.subresource === 'scale') {
      const { object } = await viewed(versions, entry);
      const paths = this.#pathsOf(target);
      if (target.resource.custom) checkScales(object, paths);
      return answer(scaleOf(object, paths), entry);
    }
    return viewed(versions, entry);
  }

  async list(context: RequestContext, target: Target, options: ListParameters): Promise<StoredList> {
    await this.#authorize(context, target, 'list', options);
    mustServe(target, 'list');
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
    if (resource.custom) return this.#listCustom(target, versions, options);
    if (versions.storage === resource) return this.#reader.list(resource, namespace, name, options);
    return this.#reader
      .list(versions.storage, namespace, name, inStoredFields(resource, options), versions.view)
      .then((list) => ({ ...list, resource }));
  }

  async #listCustom({ resource, namespace, name }: Target, versions: Versions, options: ListParameters) {
    if (!versions.prepare) return this.#reader.list(resource, namespace, name, options, versions.view);
    const { byName, select } = splitSelection(resource, options);
    const { limit = 0 } = options;
    const items: Stored[] = [];
    let asked = { ...options, ...byName };
    for (;;) {
      const list = await this.#reader.list(resource, namespace, name, asked);
      await versions.prepare(list.items);
      const shown = list.items.map((item) => versions.view(item));
      if (!select) return { ...list, items: shown };
      items.push(...shown.filter(select));
      const { remainingItemCount: _unknown, ...rest } = list;
      if (list.continue === undefined || items.length >= limit) return { ...rest, items };
      // The rest of the page is in those that follow.
      const { resourceVersion: _revision, resourceVersionMatch: _match, ...next } = asked;
      asked = { ...next, continue: list.continue, limit: limit - items.length };
    }
  }

  async watch(
    context: RequestContext,
    target: Target,
    options: WatchParameters,
    sink: CoreWatchSink,
  ): Promise<CoreWatch> {
    await this.#authorize(context, target, 'watch', options);
    mustServe(target, 'watch');
    if (this.#virtualOf(target)) throw errors.methodNotAllowed();
    const { resource, namespace, name } = target;
    const versions = this.#versions(resource);
    const { storage, view } = versions;
    if (versions.prepare) {
      const { byName, select } = splitSelection(resource, options);
      const converted = new ConvertedSink(sink, versions, select);
      const { signal } = context;
      const asked = { ...options, ...byName };
      const watch = await this.#reader.watch(resource, namespace, name, asked, converted, undefined, signal);
      return converted.attach(watch);
    }
    return this.#reader.watch(
      resource.custom ? resource : storage,
      namespace,
      name,
      inStoredFields(resource, options),
      sink,
      storage === resource && !resource.custom ? undefined : view,
      context.signal,
    );
  }

  async create(context: RequestContext, target: Target, body: Body, options: WriteParameters): Promise<Stored> {
    await this.#authorize(context, target, 'create');
    validateWriteOptions('CreateOptions', options);
    mustServe(target, 'create');
    const virtual = this.#virtualOf(target);
    if (virtual) {
      if (!virtual.create) throw errors.methodNotAllowed();
      const expected = expectedKind(this.#model, target);
      const object = this.#decode(context, expected, body, options);
      const write = this.#write(context, target, options);
      prepareVirtual(object, target, expected, write.tracking, this.#clock.now());
      const { admission } = this.#registry;
      const request = this.#registry.admissionOf(
        'CREATE',
        write,
        object,
        undefined,
        target.name || object.metadata.name,
      );
      if (request) {
        await admission.mutate(request);
        await admission.validate(request);
      }
      return answer(await virtual.create(context, target, object));
    }
    if (target.subresource !== '' || isBindings(target)) return this.#createSubresource(context, target, body, options);
    const versions = this.#versions(target.resource);
    const began = performance.now();
    const object = this.#decode(context, kindOf(target.resource), body, options);
    if (turns.over(began)) await turns.take();
    const write = this.#write(context, target, options);
    const stored = await this.#registry.create(write, await this.#forWriting(write, versions, object));
    return viewed(versions, stored);
  }

  /** POST to a pod: binding and eviction. The legacy collection of bindings names its pod in the body. */
  async #createSubresource(
    context: RequestContext,
    target: Target,
    body: Body,
    options: WriteParameters,
  ): Promise<Stored> {
    const object = this.#decode(context, expectedKind(this.#model, target), body, options);
    setNamespace(object.metadata, target);
    const { name } = object.metadata;
    if (target.name !== '' && name !== target.name) {
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
        options,
        name: podTarget.name,
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
    mustServe(target, 'update');
    if (this.#virtualOf(target)) throw errors.methodNotAllowed();
    const expected = expectedKind(this.#model, target);
    const parsed = parseBody(body, expected);
    const warn = (message: string) => context.warn(message);
    const decoded = decodeObject(expected, parsed, options.fieldValidation, warn);
    context.observer?.decoded(decoded);
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
      return this.#forWriting(write, versions, object);
    });
    return { stored: await viewed(versions, stored), created };
  }

  async patch(
    context: RequestContext,
    target: Target,
    patch: PatchBody,
    options: PatchParameters,
  ): Promise<{ stored: Stored; created: boolean }> {
    await this.#authorize(context, target, 'patch');
    validatePatchOptions(options, patch.type);
    context.observer?.patched(patch.value);
    mustServe(target, 'patch');
    if (this.#virtualOf(target)) throw errors.methodNotAllowed();
    const write = { ...this.#write(context, target, options, patch.type === 'apply'), patches: true as const };
    const change = this.#changer(context, target, patch, options);
    if (target.subresource === 'scale') {
      return this.#updateScale(write, (scale) => change(scale));
    }
    const versions = this.#versions(target.resource);
    const make = async (old: Entry | undefined) =>
      this.#forWriting(write, versions, await change(old && (await viewed(versions, old)).object));
    const { stored, created } = await this.#registry.update(write, make, patch.type === 'apply');
    return { stored: await viewed(versions, stored), created };
  }

  /** Custom resources are written in the version of the request. */
  #forWriting(write: Write, versions: Versions, object: Mutable<KubeObject>) {
    return write.versions ? object : versions.toStorage(object);
  }

  /** What a patch makes of an object, each time another one is there; without one only apply makes anything. */
  #changer(
    context: RequestContext,
    target: Target,
    patch: PatchBody,
    options: PatchParameters,
  ): (original: KubeObject | undefined) => Mutable<KubeObject> | Promise<Mutable<KubeObject>> {
    const expected = expectedKind(this.#model, target);
    const { type } = patch;
    if (type === 'apply') {
      const applying = {
        manager: options.fieldManager ?? '',
        subresource: target.subresource,
        force: options.force ?? false,
        ignore: target.subresource === 'scale' ? undefined : resetFields(target.resource, target.subresource),
      };
      return async (original) => {
        checkOwners(target, original);
        const object = await appliedObject(expected, original, patch.value, { ...applying, now: this.#clock.now() });
        tellRepeated(patch.repeated, options.fieldValidation, (message) => context.warn(message));
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
      if (patch.refusal) throw patch.refusal;
      const object = patchedObject(expected, original, { ...patch, type }, options.fieldValidation, warn);
      warned = true;
      checkIdentity(object, target);
      return object;
    };
  }

  async #updateScale(
    write: Write,
    make: (current: KubeObject) => Mutable<KubeObject> | Promise<Mutable<KubeObject>>,
  ): Promise<{ stored: Stored; created: boolean }> {
    const { context, target } = write;
    const { tracking, ...untracked } = write;
    const paths = this.#pathsOf(target);
    const versions = this.#versions(target.resource);
    const { admission } = this.#registry;
    const { stored } = await this.#registry.update(
      { ...untracked, target: { ...target, subresource: '' }, admission: false },
      async (old) => {
        if (!old) throw errors.notFound(groupResourceOf(target.resource), target.name);
        const { object: parent } = await viewed(versions, old);
        const before = ownedScaleOf(parent, paths, target.resource.custom !== undefined);
        const object = await make(before);
        if (tracking) trackScale(before, object, { ...tracking, now: this.#clock.now() });
        if (!admission.idle('UPDATE', target)) {
          const request = {
            operation: 'UPDATE' as const,
            context,
            target,
            object,
            oldObject: before,
            dryRun: write.dryRun,
            options: write.options,
          };
          await admission.mutate(request);
          await admission.validate(request);
        }
        if (target.resource.custom) checkScaled(asScale(object), paths);
        else validateScale(asScale(object));
        return withScale(parent, asScale(object), paths);
      },
    );
    const { object } = await viewed(versions, stored);
    return { stored: answer(scaleOf(object, paths), stored), created: false };
  }

  async delete(context: RequestContext, target: Target, options: DeleteParameters): Promise<DeleteResult> {
    await this.#authorize(context, target, 'delete');
    validateDeleteOptions(options);
    mustServe(target, 'delete');
    if (target.subresource !== '' || this.#virtualOf(target)) throw errors.methodNotAllowed();
    warnOfOrphans(context, target, options);
    return this.#delete(context, target, options);
  }

  async #delete(
    context: RequestContext,
    target: Target,
    options: DeleteParameters,
    more: Pick<Write, 'ofCollection'> = {},
  ): Promise<DeleteResult> {
    const write = { ...this.#write(context, target, options), ...more };
    const result = await deleteObject(this.#registry, write, options);
    const versions = this.#versions(target.resource);
    if (versions.storage === target.resource && !versions.prepare) return result;
    return { ...result, stored: await viewed(versions, result.stored) };
  }

  async deleteCollection(
    context: RequestContext,
    target: Target,
    options: DeleteParameters,
    parameters: ListParameters,
  ): Promise<StoredList> {
    await this.#authorize(context, target, 'deletecollection', parameters);
    validateDeleteOptions(options);
    mustServe(target, 'deletecollection');
    if (this.#virtualOf(target)) throw errors.methodNotAllowed();
    warnOfOrphans(context, target, options);
    const list = await this.#list(target, parameters);
    const queue = list.items.values();
    const work = async (): Promise<void> => {
      for (const item of queue) {
        const { name, namespace = '' } = item.object.metadata;
        try {
          await this.#delete(context, { ...target, namespace, name }, options, { ofCollection: true });
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

  async admitConnect<T extends ConnectOptions>(context: RequestContext, target: Target, options: T): Promise<T> {
    const { admission } = this.#registry;
    if (admission.idle('CONNECT', target)) return options;
    // The one object of admission without metadata: plugins that handle CONNECT know.
    const object = { ...options } as T & Mutable<KubeObject>;
    const request = { operation: 'CONNECT', context, target, object, oldObject: undefined, dryRun: false } as const;
    await admission.mutate(request);
    await admission.validate(request);
    return object;
  }

  async close(): Promise<void> {
    this.#reader.close();
    await this.#caches.close();
  }

  async #authorize(context: RequestContext, target: Target, verb: string, selectors: Selectors = none): Promise<void> {
    const attributes = attributesOf(context, target, verb, selectors);
    const decision = this.#authorizer.authorize(attributes);
    const made = decision instanceof Promise ? await decision : decision;
    context.observer?.decided(made);
    if (!made.allowed) throw refusal(attributes, made);
  }

  #virtualOf({ resource, subresource }: Target): VirtualHandler | undefined {
    const name = groupResourceName(groupResourceOf(resource));
    return this.#virtual[subresource === '' ? name : `${name}/${subresource}`];
  }

  #decode(context: RequestContext, expected: ExpectedKind, body: Body, options: WriteParameters): Mutable<KubeObject> {
    const warn = (message: string) => context.warn(message);
    const object = decodeBody(expected, body, options.fieldValidation, warn);
    context.observer?.decoded(object);
    return object;
  }

  #write(context: RequestContext, target: Target, options: WriteParameters | DeleteParameters, applies = false): Write {
    const manager = ('fieldManager' in options && options.fieldManager) || managerOf(context.userAgent);
    const { resource } = target;
    return {
      context,
      target,
      ...(resource.custom
        ? { storage: resource, versions: this.#versions(resource) }
        : { storage: this.resources.storageOf(resource) }),
      dryRun: isDryRun(options),
      options,
      authorizeCreate: () => this.#authorize(context, target, 'create'),
      ...(!applies && { tracking: { manager, subresource: target.subresource } }),
    };
  }

  #versions(resource: ServedResource): Versions {
    if (isCustomResource(resource)) return this.#customVersions(resource);
    const storage = this.resources.storageOf(resource);
    return storage === resource ? identity(resource) : versionsOf(resource, storage);
  }

  #customVersions(resource: ServedResource & { readonly custom: CustomKind }): Versions {
    let versions = this.#ofCustom.get(resource);
    if (!versions) {
      versions = new CustomVersions(resource, this.#convert);
      this.#ofCustom.set(resource, versions);
    }
    return versions;
  }

  #pathsOf({ resource }: Target): ScalePaths {
    return resource.custom?.scale ?? builtinScale;
  }
}
