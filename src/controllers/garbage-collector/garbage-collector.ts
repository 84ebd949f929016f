import { isConflict, isNotFound } from '../../api/errors.ts';
import type { ObjectMeta, OwnerReference } from '../../api/meta/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import { type RunningController, runController } from '../../client/controller.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { quote } from '../../schema/quote.ts';
import { allSettled } from '../shared/batches.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { type CatalogEntry, ResourceCatalog } from '../shared/resource-catalog.ts';
import { AbsentOwners } from './absent-owners.ts';
import { describe, FOREGROUND, Graph, type Identity, identityOf, keyOf, type Node, ORPHAN } from './graph.ts';
import { Monitors } from './monitors.ts';

const WORKERS = 20;
const TRIES = 5;
/** How long an object may be there before its informer shows it, until it is asked for again. */
const UNSEEN_MS = 1000;

/**
 * Deletes objects whose owners are gone, and sees to the dependents of objects that are deleted in the foreground or
 * are to leave orphans. https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
export function startGarbageCollector(context: ControllerContext): ControllerHandle {
  const { clock, log } = context;
  const deletions = new WorkQueue({ name: 'garbage_collector_attempt_to_delete', clock });
  const orphans = new WorkQueue({ name: 'garbage_collector_attempt_to_orphan', clock });
  const collector = new GarbageCollector(context, deletions, orphans);
  const running: RunningController[] = [];
  let stopped = false;
  collector.hasSynced.then(
    () => {
      if (stopped) return;
      const common = { workers: WORKERS, log };
      running.push(
        runController({ ...common, name: deletions.name, queue: deletions, reconcile: (key) => collector.delete(key) }),
        runController({ ...common, name: orphans.name, queue: orphans, reconcile: (key) => collector.orphan(key) }),
      );
    },
    () => {}, // the informers were stopped before they had anything
  );
  return {
    async stop() {
      stopped = true;
      collector.stop();
      for (const queue of [deletions, orphans]) queue.shutDown();
      await Promise.all(running.map((controller) => controller.stop()));
    },
  };
}

/** An object's references by what has become of the owners. */
interface Classified {
  readonly solid: readonly OwnerReference[];
  readonly dangling: readonly OwnerReference[];
  /** The owner is deleted in the foreground and waits for this object. */
  readonly waiting: readonly OwnerReference[];
}

class GarbageCollector {
  readonly #context: ControllerContext;
  readonly #deletions: WorkQueue;
  readonly #catalog: ResourceCatalog;
  readonly #graph: Graph;
  readonly #monitors: Monitors;
  readonly #absent = new AbsentOwners();
  /** When objects may be deleted that wait for that, by key. */
  readonly #graces = new Map<string, number>();

  constructor(context: ControllerContext, deletions: WorkQueue, orphans: WorkQueue) {
    this.#context = context;
    this.#deletions = deletions;
    this.#catalog = new ResourceCatalog(context);
    this.#graph = new Graph(
      {
        attemptToDelete: (key) => deletions.add(key),
        attemptToOrphan: (key) => orphans.add(key),
        absent: (key) => this.#absent.add(key),
      },
      {
        kind: (group, kind) => this.#catalog.byKind(group, kind),
        find: (identity) => this.#seen(identity),
      },
    );
    this.#monitors = new Monitors(context, this.#catalog, {
      onAdd: (object) => this.#graph.observe(object),
      onUpdate: (before, object) => this.#graph.observe(object, before),
      onDelete: (object) => this.#graph.remove(keyOf(identityOf(object))),
    });
    this.#monitors.sync();
    this.#catalog.onChange(() => {
      this.#monitors.sync();
      this.#graph.kindsChanged();
    });
  }

  get hasSynced(): Promise<void> {
    return this.#catalog.hasSynced.then(() => this.#monitors.hasSynced);
  }

  stop(): void {
    this.#catalog.stop();
    this.#monitors.stop();
  }

  /** Looks whether an object has to go, and does the next step towards that. */
  async delete(key: string): Promise<void> {
    const node = this.#graph.get(key);
    if (!node) this.#graces.delete(key);
    if (!node || (node.beingDeleted && !node.deletingDependents)) return;
    const type = this.#catalog.byKind(node.identity.group, node.identity.kind);
    // Without its kind nothing can be said about it. The catalog tells when that changes.
    if (!type) return;
    if (type.namespaced && !node.identity.namespace) {
      this.#report(node, type);
      return;
    }
    const latest = await this.#live(type, node.identity);
    if (!latest) {
      if (node.virtual && this.#context.unseenOwnersStay) return;
      if (node.virtual) this.#report(node, type);
      this.#graph.remove(key);
    } else if (node.virtual) {
      const seen = this.#seen(node.identity);
      if (seen) this.#graph.observe(seen);
      else this.#deletions.addAfter(key, UNSEEN_MS);
    } else if (node.deletingDependents) {
      await this.#waitForDependents(node);
    } else {
      await this.#collect(node, type, latest);
    }
  }

  /** Makes orphans of an object's dependents, and lets the object go. */
  async orphan(key: string): Promise<void> {
    const node = this.#graph.get(key);
    if (!node) return;
    const { uid } = node.identity;
    await allSettled([...node.dependents].map((dependent) => this.#dropOwners(dependent.identity, new Set([uid]))));
    await this.#dropFinalizer(node.identity, ORPHAN);
  }

  async #waitForDependents(node: Node): Promise<void> {
    const blocking = this.#graph.blocking(node);
    if (blocking.length === 0) await this.#dropFinalizer(node.identity, FOREGROUND);
    for (const dependent of blocking) if (!dependent.deletingDependents) this.#deletions.add(dependent.key);
  }

  async #collect(node: Node, type: CatalogEntry, latest: KubeObject): Promise<void> {
    const { ownerReferences = [], finalizers = [] } = latest.metadata;
    if (ownerReferences.length === 0) return;
    const found = await this.#classify(node.identity, ownerReferences);
    if (!found) return;
    const { solid, dangling, waiting } = found;
    if (solid.length > 0) {
      // An owner that waits for this object would wait forever.
      const gone = new Set([...dangling, ...waiting].map(({ uid }) => uid));
      if (gone.size > 0) await this.#dropOwners(node.identity, gone);
      this.#graces.delete(node.key);
      return;
    }
    if (waiting.length > 0 && node.dependents.size > 0) {
      // A circle in which everybody waits for everybody is broken here.
      if ([...node.dependents].some((dependent) => dependent.deletingDependents)) await this.#unblock(node.identity);
      await this.#remove(node, type, latest, 'Foreground');
      return;
    }
    const policy = finalizers.includes(ORPHAN)
      ? 'Orphan'
      : finalizers.includes(FOREGROUND)
        ? 'Foreground'
        : 'Background';
    if (waiting.length === 0 && this.#hasGrace(node.key)) return;
    await this.#remove(node, type, latest, policy);
  }

  /** Whether an object is not to be deleted yet; it is looked at again when it is. */
  #hasGrace(key: string): boolean {
    const { clock, garbageGraceMs = 0 } = this.#context;
    if (garbageGraceMs === 0) return false;
    const until = this.#graces.get(key);
    if (until === undefined) {
      this.#graces.set(key, clock.now() + garbageGraceMs);
      this.#deletions.addAfter(key, garbageGraceMs);
      return true;
    }
    return clock.now() < until;
  }

  /** Undefined when it cannot be said of an owner whether it exists. */
  async #classify(dependent: Identity, references: readonly OwnerReference[]): Promise<Classified | undefined> {
    const solid: OwnerReference[] = [];
    const dangling: OwnerReference[] = [];
    const waiting: OwnerReference[] = [];
    for (const reference of references) {
      const owner = this.#graph.ownerIdentity(dependent, reference);
      if (this.#absent.has(keyOf(owner)) || this.#absent.has(keyOf({ ...owner, namespace: '' }))) {
        dangling.push(reference);
        continue;
      }
      const type = this.#catalog.byKind(owner.group, owner.kind);
      if (!type || (type.namespaced && !owner.namespace)) return undefined;
      const object = await this.#live(type, owner);
      if (!object && this.#context.unseenOwnersStay) {
        // Once seen, its deletion will be seen as well.
        solid.push(reference);
      } else if (!object) {
        this.#absent.add(keyOf(owner));
        dangling.push(reference);
      } else if (object.metadata.deletionTimestamp && object.metadata.finalizers?.includes(FOREGROUND)) {
        waiting.push(reference);
      } else {
        solid.push(reference);
      }
    }
    return { solid, dangling, waiting };
  }

  async #remove(
    { key, identity }: Node,
    type: CatalogEntry,
    { metadata: { uid, resourceVersion } }: KubeObject,
    propagationPolicy: 'Foreground' | 'Background' | 'Orphan',
  ): Promise<void> {
    // Nobody may have given it an owner since it was looked at.
    const options = { propagationPolicy, preconditions: { uid, resourceVersion } };
    try {
      await this.#context.client.resource(type).delete(identity.namespace, identity.name, options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#graph.remove(key);
    }
  }

  #dropOwners(identity: Identity, uids: ReadonlySet<string>): Promise<void> {
    return this.#patch(identity, ({ ownerReferences = [] }) => {
      const kept = ownerReferences.filter(({ uid }) => !uids.has(uid));
      return kept.length < ownerReferences.length ? { ownerReferences: kept } : undefined;
    });
  }

  #dropFinalizer(identity: Identity, finalizer: string): Promise<void> {
    return this.#patch(identity, ({ finalizers = [] }) =>
      finalizers.includes(finalizer) ? { finalizers: finalizers.filter((name) => name !== finalizer) } : undefined,
    );
  }

  #unblock(identity: Identity): Promise<void> {
    return this.#patch(identity, ({ ownerReferences = [] }) =>
      ownerReferences.some(({ blockOwnerDeletion }) => blockOwnerDeletion)
        ? { ownerReferences: ownerReferences.map((reference) => ({ ...reference, blockOwnerDeletion: false })) }
        : undefined,
    );
  }

  /** Changes metadata, from its newest state; nothing when `change` gives nothing or the object is gone. */
  async #patch(identity: Identity, change: (metadata: ObjectMeta) => Partial<ObjectMeta> | undefined): Promise<void> {
    const type = this.#catalog.byKind(identity.group, identity.kind);
    if (!type) return;
    for (let attempt = 1; ; attempt++) {
      const object = await this.#live(type, identity);
      const changes = object && change(object.metadata);
      if (!changes) return;
      const { uid, resourceVersion } = object.metadata;
      const body = { metadata: { ...changes, uid, resourceVersion } };
      try {
        await this.#context.client.resource(type).patch(identity.namespace, identity.name, { type: 'merge', body });
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error) || attempt >= TRIES) throw error;
      }
    }
  }

  /** What the API server has, unless that is another object of the name. */
  async #live(type: CatalogEntry, { namespace, name, uid }: Identity): Promise<KubeObject | undefined> {
    try {
      const object = await this.#context.client.resource(type).get(namespace, name);
      return object.metadata.uid === uid ? object : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #seen({ group, kind, namespace, name, uid }: Identity): KubeObject | undefined {
    const type = this.#catalog.byKind(group, kind);
    const object = type && this.#monitors.informer(type)?.store.get(namespace, name);
    return object?.metadata.uid === uid ? object : undefined;
  }

  /** Tells those who name an owner that lives in another namespace. */
  #report(missing: Node, type: CatalogEntry): void {
    const { uid } = missing.identity;
    if (!type.namespaced) return;
    const owner = this.#monitors
      .informer(type)
      ?.store.list()
      .find(({ metadata }) => metadata.uid === uid);
    if (!owner || owner.metadata.namespace === missing.identity.namespace) return;
    const recorder = this.#context.recorder.as('garbage-collector-controller');
    for (const { identity } of missing.dependents) {
      const { apiVersion, kind, namespace, name } = identity;
      const reference = { apiVersion, kind, name, uid: identity.uid, ...(namespace && { namespace }) };
      const message = `ownerRef ${describe({ ...missing.identity, namespace })} does not exist in namespace ${quote(namespace)}`;
      recorder.event(reference, 'Warning', 'OwnerRefInvalidNamespace', message);
    }
  }
}
