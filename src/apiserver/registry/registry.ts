import { randomUUID } from 'node:crypto';
import { ApiError, errors } from '../../api/errors.ts';
import { trackUpdate } from '../../api/managed-fields.ts';
import type { ObjectMeta } from '../../api/meta/v1.gen.ts';
import {
  apiVersionOf,
  type GroupResource,
  groupResourceName,
  type KubeObject,
  type Mutable,
} from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import { storedForm } from '../../schema/stored-form.ts';
import { formatTime } from '../../schema/time.ts';
import type { Operation, Store } from '../../store/store.ts';
import type { Clock } from '../../utils/clock.ts';
import { turns } from '../../utils/turns.ts';
import type { AdmissionOperation, AdmissionRequest } from '../admission.ts';
import type { AdmissionChain } from '../admission-chain.ts';
import { Entry } from '../cache/entry.ts';
import type { Reader } from '../cache/reader.ts';
import { inVersion, versionsKnown } from '../conversion.ts';
import type { DeleteParameters, RequestContext, ServedResource, Stored, Target, WriteParameters } from '../core.ts';
import { ownersProblem } from '../custom/owners.ts';
import type { StrategyContext } from '../strategy.ts';
import { type Versions, viewed } from '../versions.ts';
import { dropRepeatedOwners, mutated } from './admitted.ts';
import { defaultPrepareForCreate, defaultPrepareForUpdate, subresourceStrategy } from './defaults.ts';
import type { RegistryHooks, Reservation } from './hooks.ts';
import { canonicalMetadata } from './metadata.ts';
import { createdMetadataProblems, updatedMetadataProblems } from './metadata-rules.ts';
import { generateName } from './names.ts';
import { resetFields } from './reset-fields.ts';

export interface RegistryOptions {
  readonly store: Store;
  readonly reader: Reader;
  readonly admission: AdmissionChain;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** By "services", "deployments.apps". */
  readonly hooks: Readonly<Record<string, RegistryHooks>>;
  /** What strategies may ask of namespaces. */
  readonly namespaceLabels: StrategyContext['namespaceLabels'];
}

/** A write as the registry sees it: the target names what clients see, `storage` what is stored. */
export interface Write {
  readonly context: RequestContext;
  readonly target: Target;
  readonly storage: ServedResource;
  readonly dryRun: boolean;
  /** As the client gave them. */
  readonly options?: WriteParameters | DeleteParameters;
  /** One of a collection that is deleted: admission sees it without a name. */
  readonly ofCollection?: true;
  /** Who comes to own the fields that the write changes; absent where apply has settled that already. */
  readonly tracking?: { readonly manager: string; readonly subresource: string };
  /** Asked before an update creates what is not there: that takes the right to create, too. */
  readonly authorizeCreate?: () => Promise<void>;
  /** Of custom resources, which are written as `storage`, the version of the request, and converted to be stored. */
  readonly versions?: Versions;
  /** A patch: what it says of the uid is no precondition. */
  readonly patches?: true;
  /** False where admission saw another object that stands for this write (Scale). */
  readonly admission?: false;
}

/** Gives the object to write from the one that is there (undefined: none); called anew when another writer was first. */
export type MakeObject = (old: Entry | undefined) => Mutable<KubeObject> | Promise<Mutable<KubeObject>>;

/** Names tried for a generateName. */
const NAME_ATTEMPTS = 8;
/** How often a write is tried against others who change the same object. */
const MAX_RACES = 100;
export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

/**
 * What every kind's create and update share: names, uid, times, namespaces, optimistic concurrency, admission around
 * the strategy's preparation and validation, and one transaction on the store.
 * Order of an update, as in kube-apiserver: object made from the old one, resourceVersion, managedFields, mutating
 * admission, preparation, validation, validating admission, write.
 */
export class Registry {
  readonly store: Store;
  readonly reader: Reader;
  readonly admission: AdmissionChain;
  readonly clock: Clock;
  readonly #random: () => number;
  readonly #hooks: Readonly<Record<string, RegistryHooks>>;
  readonly #namespaceLabels: StrategyContext['namespaceLabels'];

  constructor(options: RegistryOptions) {
    this.store = options.store;
    this.reader = options.reader;
    this.admission = options.admission;
    this.clock = options.clock;
    this.#random = options.random;
    this.#hooks = options.hooks;
    this.#namespaceLabels = options.namespaceLabels;
  }

  hooksOf(resource: ServedResource): RegistryHooks | undefined {
    return this.#hooks[groupResourceName(groupResourceOf(resource))];
  }

  /** `object` is the caller's no more. */
  async create(write: Write, object: Mutable<KubeObject>): Promise<Entry | Stored> {
    const { target, dryRun } = write;
    if (write.storage.custom?.terminating) {
      const why = 'create not allowed while custom resource definition is terminating';
      throw errors.forbidden(groupResourceOf(target.resource), object.metadata.name ?? '', why);
    }
    setUpMetadata(object.metadata, target);
    if (!write.patches) dropRepeatedOwners(object, write.context);
    const request = this.admissionOf('CREATE', write, object, undefined, object.metadata.name ?? '');
    const began = performance.now();
    this.#track(write, object, undefined);
    if (turns.over(began)) await turns.take();
    await mutated(this.admission, request, object, write.context);
    // Of an object that webhooks changed this may be another one.
    const meta = object.metadata;
    setNamespace(meta, target);
    const generated = !meta.name && meta.generateName ? meta.generateName : undefined;
    if (generated !== undefined) meta.name = generateName(generated, this.#random);
    const reservation = await this.hooksOf(write.storage)?.beginCreate?.(object, dryRun);
    try {
      const prepared = performance.now();
      const validated = this.#prepareCreate(write, object);
      if (validated) await validated;
      if (turns.over(prepared)) await turns.take();
      if (request) await this.admission.validate(request);
      if (meta.resourceVersion && !dryRun) {
        throw errors.unknown('resourceVersion should not be set on objects to be created');
      }
      return await this.#insert(write, object, generated, reservation);
    } finally {
      reservation?.done();
    }
  }

  /** What the plugins are asked about a write; undefined where none of them looks at such. */
  admissionOf<T extends Mutable<KubeObject> | undefined>(
    operation: AdmissionOperation,
    write: Write,
    object: T,
    oldObject: KubeObject | undefined,
    name: string,
  ): (AdmissionRequest & { readonly object: T }) | undefined {
    const { context, target, dryRun, options } = write;
    if (write.admission === false || this.admission.idle(operation, target)) return undefined;
    return { operation, context, target, object, oldObject, dryRun, options, name };
  }

  /** Notes in managedFields who changed what: before admission and the server add things of their own, which nobody owns. */
  #track({ storage, target, tracking }: Write, object: Mutable<KubeObject>, live: KubeObject | undefined): void {
    if (!tracking) return;
    if (storage.custom && ownersProblem(storage, live, [live, object]) !== undefined) {
      object.metadata.managedFields = undefined;
      return;
    }
    // In the version that the client speaks.
    const own = apiVersionOf(target.resource);
    const shown = (stored: KubeObject) => inVersion(stored as object as JsonObject, own); // API objects are plain JSON objects
    const now = shown(object);
    const entries = trackUpdate(
      now?.schema ?? storage.schema,
      live && (shown(live)?.object ?? live),
      now?.object ?? object,
      {
        manager: tracking.manager,
        subresource: tracking.subresource,
        apiVersion: now ? own : apiVersionOf(storage),
        convert: inVersion,
        knows: versionsKnown(target.resource.group, storage.data.kind, storage.schema),
        now: this.clock.now(),
        ignore: resetFields(storage, tracking.subresource),
      },
    );
    // Entries are made anew for every write and belong to the object.
    object.metadata.managedFields = entries as Mutable<typeof entries>;
  }

  #strategyContext({ context, target }: Write, now: number): StrategyContext {
    return {
      group: target.resource.group,
      user: context.user,
      warn: (text) => context.warn(text),
      namespaceLabels: this.#namespaceLabels,
      now,
    };
  }

  /** Fills in what the server gives, and validates: in this turn, where that takes no longer. */
  #prepareCreate(write: Write, object: Mutable<KubeObject>): Promise<void> | undefined {
    const { context, storage } = write;
    const { strategy } = storage;
    const now = this.clock.now();
    const meta = object.metadata;
    meta.uid = randomUUID();
    meta.creationTimestamp = formatTime(now);
    const strategyContext = this.#strategyContext(write, now);
    if (strategy.prepareForCreate) strategy.prepareForCreate(object, strategyContext);
    else defaultPrepareForCreate(storage, object);
    object.metadata = canonicalMetadata(object.metadata);
    const ofMetadata = createdMetadataProblems(write.target.resource, object.metadata);
    const conclude = (found: readonly FieldError[]): void => {
      if (ofMetadata.length + found.length > 0)
        throw this.#invalid(write, object.metadata.name, [...ofMetadata, ...found]);
      if (strategy.warnings) for (const warning of strategy.warnings(object, undefined)) context.warn(warning);
    };
    const found = strategy.validateCreate?.(object, knowing(strategyContext, ofMetadata)) ?? [];
    if (found instanceof Promise) return found.then(conclude);
    conclude(found);
    return undefined;
  }

  #invalid({ storage }: Write, name: string | undefined, found: readonly FieldError[]): ApiError {
    return errors.invalid({ group: storage.group, kind: storage.data.kind }, name ?? '', found);
  }

  async #insert(
    write: Write,
    object: Mutable<KubeObject>,
    generated: string | undefined,
    reservation: Reservation | undefined,
  ): Promise<Entry | Stored> {
    const { storage, target } = write;
    for (let attempt = 1; ; attempt++) {
      const { name } = object.metadata;
      const stored = await this.#put(write, object, undefined, reservation);
      if (!('conflict' in stored)) return stored;
      if (generated !== undefined && attempt < NAME_ATTEMPTS) {
        object.metadata.name = generateName(generated, this.#random);
        continue;
      }
      const gr = groupResourceOf(target.resource);
      const error = generated === undefined ? errors.alreadyExists(gr, name) : errors.generateNameConflict(gr, name);
      const there = stored.conflict ?? (await this.reader.get(storage, target.namespace, name));
      if (!there?.object.metadata.deletionTimestamp) throw error;
      throw new ApiError({ ...error.status, message: `object is being deleted: ${error.status.message}` });
    }
  }

  /** Writes the object over `old` (undefined: creates it); `conflict` is what is there instead. */
  async #put(
    write: Write,
    object: Mutable<KubeObject>,
    old: Entry | undefined,
    reservation?: Reservation,
  ): Promise<Entry | Stored | { readonly conflict: Entry | undefined }> {
    const { storage } = write;
    const { name, namespace } = object.metadata;
    const key = keyOf(storage, namespace ?? '', name);
    const toStorage = (object: Mutable<KubeObject>) => write.versions?.toStorage(object) ?? object;
    if (write.dryRun) {
      const there = await this.reader.get(storage, namespace ?? '', name);
      if (there?.revision !== old?.revision) return { conflict: there };
      if (old) object.metadata.resourceVersion = String(old.revision);
      object.metadata = canonicalMetadata(object.metadata);
      // Through the stored version as well: it may not know all that the request's version does.
      return Entry.unstored(key, old?.revision ?? 0, formed(storage, await toStorage(object)));
    }
    const converted = await toStorage(object);
    const ttlSeconds = storage.strategy.ttlSeconds?.(object);
    for (let race = 0; race < MAX_RACES; race++) {
      const saved = formed(storage, converted);
      const { entry, value } = Entry.forWrite(key, saved);
      if (old && (old.holds(value) || (value.length === old.size && same(saved, old.object)))) {
        if (!this.store.stale || !(await this.store.stale(key))) return old;
      }
      const put: Operation = {
        type: 'put',
        key,
        value,
        expect: old?.revision ?? 0,
        decoded: entry,
        ...(ttlSeconds !== undefined && { ttlSeconds }),
      };
      const result = await this.store.txn(reservation ? [put, ...reservation.operations] : [put]);
      if (result.ok) {
        entry.commit(value, result.revision);
        return entry;
      }
      const own = result.failed.find((failed) => failed.key === key);
      if (own || !reservation) return { conflict: own?.current && Entry.fromStore(own.current) };
      await reservation.again(object);
    }
    throw errors.conflict(groupResourceOf(write.target.resource), name, MODIFIED);
  }

  /**
   * Replaces an object, or a subresource of it that shares its kind. `forceCreate` creates the object where it is not
   * (apply). When the update takes the last finalizer of an object that is being deleted, the object goes.
   */
  async update(
    write: Write,
    make: MakeObject,
    forceCreate = false,
  ): Promise<{ readonly stored: Entry | Stored; readonly created: boolean }> {
    const { target, storage } = write;
    const gr = groupResourceOf(target.resource);
    let old = await this.reader.get(storage, target.namespace, target.name);
    for (let race = 0; race < MAX_RACES; race++) {
      if (write.context.signal?.aborted) throw errors.timeout('request did not complete within the allotted time', 0);
      if (!old) {
        const mayCreate = target.subresource === '' && (storage.strategy.allowCreateOnUpdate || forceCreate);
        if (!mayCreate) throw errors.notFound(gr, target.name);
        await write.authorizeCreate?.();
        const object = await make(undefined);
        const { uid } = object.metadata;
        if (uid && write.patches) {
          const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
          throw errors.conflict(gr, target.name, why);
        }
        if (uid) throw this.#uidConflict(write, uid, '');
        const { resourceVersion: _, ...metadata } = object.metadata;
        // Until it is stored it has none.
        const bare = { ...object, metadata: metadata as typeof object.metadata };
        try {
          return { stored: await this.create({ ...write, target: { ...target, name: '' } }, bare), created: true };
        } catch (error) {
          if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
          old = await this.reader.get(storage, target.namespace, target.name);
          continue;
        }
      }
      const began = performance.now();
      const made = await make(old);
      if (turns.over(began)) await turns.take();
      const stored = await this.#replace(write, old, made);
      if (!('conflict' in stored)) return { stored, created: false };
      old = stored.conflict;
    }
    throw errors.conflict(gr, target.name, MODIFIED);
  }

  async #replace(
    write: Write,
    old: Entry,
    object: Mutable<KubeObject>,
  ): Promise<Entry | Stored | { readonly conflict: Entry | undefined }> {
    const { target, storage, dryRun } = write;
    const { resource } = target;
    const gr = groupResourceOf(resource);
    const meta = object.metadata;
    const before = (write.versions ? await viewed(write.versions, old) : old).object;
    if (meta.uid && meta.uid !== before.metadata.uid && !write.patches)
      throw this.#uidConflict(write, meta.uid, before.metadata.uid);
    const version = String(old.revision);
    if (meta.resourceVersion && !/^[0-9]+$/.test(meta.resourceVersion)) {
      throw unparsedVersion(meta.resourceVersion);
    }
    if (!meta.resourceVersion || meta.resourceVersion === '0') {
      if (storage.strategy.allowUnconditionalUpdate === false) {
        const complaint = fieldErrors.invalid(
          Path.of('metadata', 'resourceVersion'),
          0,
          'must be specified for an update',
        );
        throw errors.invalid({ group: gr.group, kind: gr.resource }, target.name, [complaint]);
      }
    } else if (meta.resourceVersion !== version) throw errors.conflict(gr, target.name, MODIFIED);
    setNamespace(meta, target);
    if (!write.patches) dropRepeatedOwners(object, write.context);
    const request = this.admissionOf('UPDATE', write, object, before, target.name);
    const began = performance.now();
    this.#track(write, object, before);
    if (turns.over(began)) await turns.take();
    await mutated(this.admission, request, object, write.context);
    object.metadata.resourceVersion = version;
    setNamespace(object.metadata, target);
    const hooks = target.subresource === '' ? this.hooksOf(storage) : undefined;
    const reservation = await hooks?.beginUpdate?.(object, before, dryRun);
    try {
      const prepared = performance.now();
      const validated = this.#prepareUpdate(write, object, before);
      if (validated) await validated;
      if (turns.over(prepared)) await turns.take();
      if (request) await this.admission.validate(request);
      if (this.#goesNow(storage, object, before)) return await this.remove(write, old, object);
      return await this.#put(write, object, old, reservation);
    } finally {
      reservation?.done();
    }
  }

  #prepareUpdate(write: Write, object: Mutable<KubeObject>, old: KubeObject): Promise<void> | undefined {
    const { context, target, storage } = write;
    const { strategy } = storage;
    const strategyContext = this.#strategyContext(write, this.clock.now());
    const sub = target.subresource === '' ? undefined : subresourceStrategy(storage, target.subresource);
    object.metadata.generation = old.metadata.generation;
    if (sub) sub.prepareForUpdate(object, old, strategyContext);
    else if (strategy.prepareForUpdate) strategy.prepareForUpdate(object, old, strategyContext);
    else defaultPrepareForUpdate(storage, object, old);
    const meta = object.metadata;
    meta.uid ||= old.metadata.uid;
    meta.creationTimestamp = old.metadata.creationTimestamp;
    if (old.metadata.deletionTimestamp) meta.deletionTimestamp = old.metadata.deletionTimestamp;
    meta.deletionGracePeriodSeconds ??= old.metadata.deletionGracePeriodSeconds;
    meta.selfLink = undefined;
    object.metadata = canonicalMetadata(meta);
    const validate = sub ? sub.validateUpdate : strategy.validateUpdate;
    const { resource, subresource } = target;
    const ofMetadata = updatedMetadataProblems(resource, subresource, object.metadata, old.metadata);
    const conclude = (found: readonly FieldError[]): void => {
      if (ofMetadata.length + found.length > 0)
        throw this.#invalid(write, object.metadata.name, [...ofMetadata, ...found]);
      const warnings = sub ? sub.warnings : strategy.warnings;
      if (warnings) for (const warning of warnings(object, old)) context.warn(warning);
    };
    const found = validate?.(object, old, knowing(strategyContext, ofMetadata)) ?? [];
    if (found instanceof Promise) return found.then(conclude);
    conclude(found);
    return undefined;
  }

  #uidConflict({ target, storage, dryRun }: Write, wanted: string, found: string): ApiError {
    const stored = keyOf(storage, target.namespace, target.name);
    // Kubernetes' dry runs come to this before the prefix of all keys is put on.
    const key = dryRun ? stored.slice(stored.indexOf('/', 1)) : stored;
    return errors.conflict(
      groupResourceOf(target.resource),
      target.name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`,
    );
  }

  /** An object that only waited for its finalizers. */
  #goesNow(storage: ServedResource, object: KubeObject, old: KubeObject): boolean {
    return (
      old.metadata.deletionTimestamp !== undefined &&
      !object.metadata.finalizers?.length &&
      !old.metadata.deletionGracePeriodSeconds &&
      (this.hooksOf(storage)?.deletableDuringUpdate?.(object) ?? true)
    );
  }

  /** Deletes what is stored; the answer shows `last` where it is given. */
  async remove(
    write: Write,
    old: Entry,
    last?: Mutable<KubeObject>,
  ): Promise<Stored | { readonly conflict: Entry | undefined }> {
    const { storage, dryRun } = write;
    if (dryRun) return last ? Entry.unstored(old.key, old.revision, last) : old;
    const released = this.hooksOf(storage)?.release?.(old.object) ?? [];
    const result = await this.store.txn([{ type: 'delete', key: old.key, expect: old.revision }, ...released]);
    if (!result.ok) {
      const current = result.failed[0]?.current;
      return { conflict: current && Entry.fromStore(current) };
    }
    return last ? Entry.unstored(old.key, result.revision, last) : old.at(result.revision);
  }

  /** Writes a changed copy of `old` without preparation, validation or admission: marks of deletion. */
  overwrite(
    write: Write,
    old: Entry,
    object: Mutable<KubeObject>,
  ): Promise<Entry | Stored | { readonly conflict: Entry | undefined }> {
    object.metadata = canonicalMetadata(object.metadata);
    return this.#put(write, object, old);
  }
}

/** Kubernetes lets its parser's error through as it is. */
const unparsedVersion = (version: string): ApiError =>
  new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `strconv.ParseUint: parsing ${quote(version)}: invalid syntax`,
    code: 500,
  });

export const groupResourceOf = (resource: ServedResource): GroupResource => ({
  group: resource.group,
  resource: resource.data.resource,
});

const keyOf = (resource: ServedResource, namespace: string, name: string): string =>
  resource.data.namespaced ? `${resource.prefix}${namespace}/${name}` : resource.prefix + name;

function setUpMetadata(meta: Mutable<ObjectMeta>, target: Target): void {
  setNamespace(meta, target);
  meta.deletionTimestamp = undefined;
  meta.deletionGracePeriodSeconds = undefined;
  meta.selfLink = undefined;
}

/** The namespace of the path is the object's; throws BadRequest where it names another. */
export function setNamespace(meta: Mutable<ObjectMeta>, target: Target): void {
  if (target.resource.data.namespaced && meta.namespace && meta.namespace !== target.namespace) {
    throw errors.badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  meta.namespace = target.resource.data.namespaced ? target.namespace : undefined;
}

/** Built-in kinds are stored in their types; custom resources as they are. */
const formed = (storage: ServedResource, object: Mutable<KubeObject>): Mutable<KubeObject> =>
  storage.custom ? object : storedForm(storage.schema, object);

const knowing = (context: StrategyContext, metadataProblems: readonly FieldError[]): StrategyContext =>
  metadataProblems.length === 0 ? context : { ...context, metadataProblems };

/** Equal but for the order of fields and the resourceVersion. */
function same(object: KubeObject, old: KubeObject): boolean {
  const version = old.metadata.resourceVersion;
  return deepEqual({ ...object, metadata: { ...object.metadata, resourceVersion: version } }, old);
}
