import type { OwnerReference } from '../../api/meta/v1.gen.ts';
import { type KubeObject, parseApiVersion } from '../../api/resource.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export interface Identity {
  readonly group: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** "" for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface Node {
  readonly key: string;
  readonly identity: Identity;
  /** Nobody has shown this object yet: it is only known from what others say about their owner. */
  virtual: boolean;
  owners: readonly OwnerReference[];
  readonly dependents: Set<Node>;
  beingDeleted: boolean;
  /** It is deleted in the foreground: its dependents go first. */
  deletingDependents: boolean;
}

/** Where the graph says that something is to be looked at. Keys are those of nodes. */
export interface GraphSink {
  /** It, or what it is owned by, may have to be deleted. */
  attemptToDelete(key: string): void;
  /** Its dependents are to lose it as their owner. */
  attemptToOrphan(key: string): void;
  /** An object is gone that others named as their owner. */
  absent(key: string): void;
}

/** What the graph asks about the rest of the cluster. */
export interface World {
  /** Undefined for a kind that the cluster does not have. */
  kind(group: string, kind: string): { readonly namespaced: boolean } | undefined;
  /** The object, if an informer has shown it already. */
  find(identity: Identity): KubeObject | undefined;
}

/**
 * Who owns whom. Only objects that own, are owned, or wait for what they own are in it, so that its size follows from
 * the references and not from the number of objects. An object is known by all its coordinates: a reference that is
 * right about the uid but not about name or namespace leads to another node, and that object turns out not to exist.
 */
export class Graph {
  readonly #nodes = new Map<string, Node>();
  readonly #sink: GraphSink;
  readonly #world: World;

  constructor(sink: GraphSink, world: World) {
    this.#sink = sink;
    this.#world = world;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(key: string): Node | undefined {
    return this.#nodes.get(key);
  }

  /** An object was added or changed. */
  observe(object: KubeObject, before?: KubeObject): void {
    const { metadata } = object;
    const identity = identityOf(object);
    const key = keyOf(identity);
    const references = metadata.ownerReferences ?? [];
    let node = this.#nodes.get(key);
    const waits = startsWaiting(object, FOREGROUND) || startsWaiting(object, ORPHAN);
    if (!node && references.length === 0 && !waits) return;
    node ??= this.#insert(key, identity, false);
    node.virtual = false;
    node.beingDeleted = metadata.deletionTimestamp !== undefined;
    this.#setOwners(node, references);
    if (startsWaiting(object, ORPHAN, before)) {
      this.#sink.attemptToOrphan(key);
    } else if (startsWaiting(object, FOREGROUND, before)) {
      node.deletingDependents = true;
      for (const dependent of node.dependents) this.#sink.attemptToDelete(dependent.key);
      this.#sink.attemptToDelete(key);
    }
    this.#prune(node);
  }

  /** An object is gone, or never was. */
  remove(key: string): void {
    const node = this.#nodes.get(key);
    if (!node) return;
    this.#nodes.delete(key);
    if (node.dependents.size > 0) this.#sink.absent(key);
    for (const dependent of node.dependents) this.#sink.attemptToDelete(dependent.key);
    for (const reference of node.owners) {
      const owner = this.#nodes.get(this.ownerKey(node.identity, reference));
      if (!owner) continue;
      owner.dependents.delete(node);
      if (owner.deletingDependents) this.#sink.attemptToDelete(owner.key);
      this.#prune(owner);
    }
  }

  /** Dependents that must be gone before their owner, which is deleted in the foreground, may go. */
  blocking(owner: Node): Node[] {
    return [...owner.dependents].filter((dependent) =>
      dependent.owners.some(
        (reference) => reference.blockOwnerDeletion && this.ownerKey(dependent.identity, reference) === owner.key,
      ),
    );
  }

  /** Kinds have come or gone: references that could not be understood may now lead somewhere, and to another node. */
  kindsChanged(): void {
    for (const node of [...this.#nodes.values()]) {
      if (!node.virtual) continue;
      this.#sink.attemptToDelete(node.key);
      for (const dependent of [...node.dependents]) {
        for (const reference of dependent.owners) this.#link(dependent, reference);
        if (!dependent.owners.some((reference) => this.ownerKey(dependent.identity, reference) === node.key)) {
          node.dependents.delete(dependent);
        }
        this.#sink.attemptToDelete(dependent.key);
      }
      this.#prune(node);
    }
  }

  /** The node that a reference means. */
  ownerKey(dependent: Identity, reference: OwnerReference): string {
    return keyOf(this.ownerIdentity(dependent, reference));
  }

  ownerIdentity(dependent: Identity, { apiVersion, kind, name, uid }: OwnerReference): Identity {
    const group = parseApiVersion(apiVersion)?.group ?? apiVersion;
    const clusterScoped = this.#world.kind(group, kind)?.namespaced === false;
    return { group, apiVersion, kind, namespace: clusterScoped ? '' : dependent.namespace, name, uid };
  }

  #insert(key: string, identity: Identity, virtual: boolean): Node {
    const node: Node = {
      key,
      identity,
      virtual,
      owners: [],
      dependents: new Set(),
      beingDeleted: false,
      deletingDependents: false,
    };
    this.#nodes.set(key, node);
    return node;
  }

  #setOwners(node: Node, references: readonly OwnerReference[]): void {
    const { owners: old, identity } = node;
    if (sameReferences(old, references)) return;
    node.owners = references;
    const blocks = new Map(references.map((r) => [this.ownerKey(identity, r), r.blockOwnerDeletion === true]));
    for (const reference of references) this.#link(node, reference);
    for (const reference of old) {
      const owner = this.#nodes.get(this.ownerKey(identity, reference));
      if (!owner) continue;
      if (reference.blockOwnerDeletion && !blocks.get(owner.key)) this.#sink.attemptToDelete(owner.key);
      if (!blocks.has(owner.key)) {
        owner.dependents.delete(node);
        this.#prune(owner);
      }
    }
  }

  #link(node: Node, reference: OwnerReference): void {
    const identity = this.ownerIdentity(node.identity, reference);
    const key = keyOf(identity);
    const known = this.#nodes.get(key);
    if (known) {
      known.dependents.add(node);
      return;
    }
    const seen = this.#world.find(identity);
    const owner = this.#insert(key, identity, !seen);
    owner.beingDeleted = seen?.metadata.deletionTimestamp !== undefined;
    owner.dependents.add(node);
    if (seen) this.#setOwners(owner, seen.metadata.ownerReferences ?? []);
    // Whether it exists is to be found out.
    else this.#sink.attemptToDelete(key);
  }

  /** Forgets a node that says nothing any more. */
  #prune(node: Node): void {
    if (node.dependents.size > 0 || node.owners.length > 0) return;
    if (node.virtual || !node.beingDeleted) this.#nodes.delete(node.key);
  }
}

export function identityOf({ apiVersion, kind, metadata }: KubeObject): Identity {
  const { namespace = '', name, uid } = metadata;
  return { group: parseApiVersion(apiVersion)?.group ?? '', apiVersion, kind, namespace, name, uid };
}

export const keyOf = ({ group, kind, namespace, name, uid }: Omit<Identity, 'apiVersion'>): string =>
  `${group}/${kind}/${namespace}/${name}/${uid}`;

/** How Kubernetes prints an object in messages. */
export const describe = ({ apiVersion, kind, namespace, name, uid }: Identity): string =>
  `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;

const sameReferences = (a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean =>
  a.length === b.length &&
  a.every((one, i) => {
    const other = b[i];
    return (
      one.uid === other?.uid &&
      one.name === other.name &&
      one.kind === other.kind &&
      one.apiVersion === other.apiVersion &&
      one.blockOwnerDeletion === other.blockOwnerDeletion
    );
  });

/** Being deleted with that finalizer, and was not so `before`. */
function startsWaiting(object: KubeObject, finalizer: string, before?: KubeObject): boolean {
  const waits = ({ metadata }: KubeObject) =>
    metadata.deletionTimestamp !== undefined && !!metadata.finalizers?.includes(finalizer);
  return waits(object) && !(before && waits(before));
}
