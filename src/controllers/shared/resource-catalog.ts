import { type CustomResourceDefinition, customresourcedefinitions } from '../../api/apiextensions/v1.gen.ts';
import { model } from '../../api/model.ts';
import type { ResourceType } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import type { ControllerContext } from './context.ts';

export interface CatalogEntry extends ResourceType {
  readonly verbs: readonly string[];
  /** Defined by a CustomResourceDefinition, and gone with it. */
  readonly custom: boolean;
}

/**
 * Every resource that objects are kept under, each in one version, for controllers that deal with all of them. Custom
 * resources come and go with their definitions; `onChange` tells.
 */
export class ResourceCatalog {
  readonly #definitions: Informer<CustomResourceDefinition>;
  readonly #listeners = new Set<() => void>();
  readonly #custom = new Map<string, CatalogEntry>();
  /** What each definition has in the catalog, by the definition's name. */
  readonly #keys = new Map<string, string>();
  readonly #stop: () => void;

  constructor(context: ControllerContext) {
    this.#definitions = context.informers.informer(customresourcedefinitions);
    const look = (definition: CustomResourceDefinition) => this.#set(definition.metadata.name, servedBy(definition));
    this.#stop = this.#definitions.addHandler({
      onAdd: look,
      onUpdate: (_old, definition) => look(definition),
      onDelete: ({ metadata }) => this.#set(metadata.name, undefined),
    });
  }

  /** Resolves when custom resources are known too. */
  get hasSynced(): Promise<void> {
    return this.#definitions.hasSynced;
  }

  list(): CatalogEntry[] {
    return [...builtin.values(), ...this.#custom.values()];
  }

  byKind(group: string, kind: string): CatalogEntry | undefined {
    const key = `${group}/${kind}`;
    return builtin.get(key) ?? this.#custom.get(key);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  stop(): void {
    this.#stop();
    this.#listeners.clear();
  }

  /** One definition at a time: there may be thousands. */
  #set(definition: string, entry: CatalogEntry | undefined): void {
    const key = entry && keyOf(entry);
    const before = this.#keys.get(definition);
    const shown = entry && key !== undefined && !builtin.has(key) ? entry : undefined;
    if (before === undefined && !shown) return;
    if (shown && key === before && sameEntry(shown, this.#custom.get(key ?? ''))) return;
    if (before !== undefined) this.#custom.delete(before);
    this.#keys.delete(definition);
    if (shown && key !== undefined) {
      this.#custom.set(key, shown);
      this.#keys.set(definition, key);
    }
    for (const listener of this.#listeners) listener();
  }
}

const keyOf = (type: { readonly group: string; readonly kind: string }): string => `${type.group}/${type.kind}`;

/** The model has the version that clients prefer first; Events are kept under the core group. */
const builtin: ReadonlyMap<string, CatalogEntry> = (() => {
  const all = new Map<string, CatalogEntry>();
  for (const { group, version, resources } of model.groups) {
    for (const { resource, kind, namespaced, verbs } of resources) {
      const entry = { group, version, resource, kind, namespaced, verbs, custom: false };
      if (group === 'events.k8s.io' || all.has(keyOf(entry)) || !verbs.includes('list')) continue;
      all.set(keyOf(entry), entry);
    }
  }
  return all;
})();

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function servedBy({ spec, status }: CustomResourceDefinition): CatalogEntry | undefined {
  const established = status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
  const served = spec.versions?.filter((version) => version.served) ?? [];
  // The stored version needs no conversion.
  const version = served.find(({ storage }) => storage) ?? served[0];
  if (!established || !version) return undefined;
  const { plural, kind } = status.acceptedNames;
  const namespaced = spec.scope === 'Namespaced';
  return { group: spec.group, version: version.name, resource: plural, kind, namespaced, verbs: VERBS, custom: true };
}

const sameEntry = (a: CatalogEntry, b: CatalogEntry | undefined): boolean =>
  b !== undefined && a.version === b.version && a.resource === b.resource && a.namespaced === b.namespaced;
