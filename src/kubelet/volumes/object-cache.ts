import { type ConfigMap, configmaps, type Secret, secrets } from '../../api/core/v1.gen.ts';
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import { Informer, type InformerDependencies } from '../../client/informer.ts';
import { quote } from '../../schema/quote.ts';

export interface ObjectReference {
  readonly kind: 'configmap' | 'secret';
  readonly namespace: string;
  readonly name: string;
}

/** The object that a volume needs is not there. */
export class MissingObjectError extends Error {
  constructor({ kind, name }: ObjectReference) {
    super(`${kind} ${quote(name)} not found`);
    this.name = 'MissingObjectError';
  }
}

interface Entry {
  readonly informer: Informer<ConfigMap> | Informer<Secret>;
  readonly users: Set<string>;
}

/** How long a volume waits for the first look at an object. */
const SYNC_TIMEOUT = 1_000;

/**
 * The config maps and secrets that the node's pods use, each watched by its name for as long as a pod uses it: a
 * kubelet may see no others.
 */
export class ObjectCache {
  readonly #client: Client;
  readonly #dependencies: InformerDependencies;
  readonly #onChange: (podUid: string) => void;
  readonly #entries = new Map<string, Entry>();
  #stopped = false;

  /** `onChange` is told of each pod that uses an object which has changed. */
  constructor(client: Client, dependencies: InformerDependencies, onChange: (podUid: string) => void) {
    this.#client = client;
    this.#dependencies = dependencies;
    this.#onChange = onChange;
  }

  /** From now on the pod uses just these objects. */
  use(podUid: string, references: readonly ObjectReference[]): void {
    const wanted = new Set(references.map(keyOf));
    for (const [key, entry] of this.#entries) {
      if (wanted.has(key) || !entry.users.delete(podUid) || entry.users.size > 0) continue;
      entry.informer.stop();
      this.#entries.delete(key);
    }
    if (this.#stopped) return;
    for (const reference of references) {
      const key = keyOf(reference);
      const entry = this.#entries.get(key);
      if (entry) entry.users.add(podUid);
      else this.#entries.set(key, this.#watch(reference, podUid));
    }
  }

  /** Rejects with MissingObjectError, or with another Error when nothing is known of the object yet. */
  configMap(namespace: string, name: string): Promise<ConfigMap> {
    // Entries of this kind have informers of this type.
    return this.#get({ kind: 'configmap', namespace, name }) as Promise<ConfigMap>;
  }

  secret(namespace: string, name: string): Promise<Secret> {
    return this.#get({ kind: 'secret', namespace, name }) as Promise<Secret>;
  }

  stop(): void {
    this.#stopped = true;
    for (const { informer } of this.#entries.values()) informer.stop();
    this.#entries.clear();
  }

  async #get(reference: ObjectReference): Promise<ConfigMap | Secret> {
    const { kind, namespace, name } = reference;
    const entry = this.#entries.get(keyOf(reference));
    if (!entry) throw new Error(`object ${quote(namespace)}/${quote(name)} not registered`);
    if (!entry.informer.synced) {
      const stop = new AbortController();
      await Promise.race([
        entry.informer.hasSynced.catch(() => {}),
        this.#dependencies.clock.sleep(SYNC_TIMEOUT, stop.signal),
      ]);
      stop.abort();
      if (!entry.informer.synced) throw new Error(`failed to sync ${kind} cache: timed out waiting for the condition`);
    }
    const found = entry.informer.store.get(namespace, name);
    if (!found) throw new MissingObjectError(reference);
    return found;
  }

  #watch({ kind, namespace, name }: ObjectReference, podUid: string): Entry {
    const users = new Set([podUid]);
    const informer =
      kind === 'configmap'
        ? this.#informer(configmaps, namespace, name, users)
        : this.#informer(secrets, namespace, name, users);
    return { informer, users };
  }

  #informer<T extends KubeObject & { readonly immutable?: boolean }>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
    users: ReadonlySet<string>,
  ): Informer<T> {
    const informer = new Informer(
      this.#client.resource(type),
      { namespace, fieldSelector: `metadata.name=${name}` },
      this.#dependencies,
    );
    const changed = () => {
      for (const uid of users) this.#onChange(uid);
    };
    const seen = (object: T) => {
      changed();
      // What cannot change need not be watched.
      if (object.immutable) informer.hasSynced.then(() => informer.stop()).catch(() => {});
    };
    informer.addHandler({ onAdd: seen, onUpdate: (_, object) => seen(object), onDelete: changed });
    informer.start();
    return informer;
  }
}

const keyOf = ({ kind, namespace, name }: ObjectReference): string => `${kind}/${namespace}/${name}`;
