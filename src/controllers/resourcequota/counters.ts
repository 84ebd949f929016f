import { persistentvolumeclaims, pods, services } from '../../api/core/v1.gen.ts';
import { resourceclaims } from '../../api/resource/v1.gen.ts';
import { type GroupResource, groupResourceName, type KubeObject } from '../../api/resource.ts';
import { Informer, type ResourceEventHandler } from '../../client/informer.ts';
import type { ControllerContext } from '../shared/context.ts';
import type { CatalogEntry, ResourceCatalog } from '../shared/resource-catalog.ts';

/** What a quota counts of these is in their specs; of others it is their number. */
const whole: ReadonlySet<string> = new Set(
  [pods, services, persistentvolumeclaims, resourceclaims].map(groupResourceName),
);

interface Counter {
  readonly type: CatalogEntry;
  readonly informer: Informer<KubeObject>;
  readonly stop: () => void;
}

/** Informers of the resources that some quota counts, and of no others. */
export class Counters {
  readonly #context: ControllerContext;
  readonly #catalog: ResourceCatalog;
  readonly #handler: (resource: GroupResource) => ResourceEventHandler<KubeObject>;
  readonly #synced: (resource: GroupResource) => void;
  readonly #counters = new Map<string, Counter>();

  /** `synced` is called when the objects of a resource have become known. */
  constructor(
    context: ControllerContext,
    catalog: ResourceCatalog,
    handler: (resource: GroupResource) => ResourceEventHandler<KubeObject>,
    synced: (resource: GroupResource) => void,
  ) {
    this.#context = context;
    this.#catalog = catalog;
    this.#handler = handler;
    this.#synced = synced;
  }

  /** Starts and stops informers until they are those of the resources wanted, as far as those exist. */
  sync(wanted: Iterable<GroupResource>): void {
    const known = new Map(
      this.#catalog
        .list()
        .filter(isCountable)
        .map((type) => [groupResourceName(type), type]),
    );
    const next = new Map<string, CatalogEntry>();
    for (const resource of wanted) {
      const type = known.get(groupResourceName(resource));
      if (type) next.set(groupResourceName(resource), type);
    }
    for (const [name, { type, stop }] of this.#counters) {
      if (next.get(name)?.version === type.version) continue;
      stop();
      this.#counters.delete(name);
    }
    for (const [name, type] of next) if (!this.#counters.has(name)) this.#counters.set(name, this.#start(name, type));
  }

  /** All objects of a resource in a namespace; undefined while they are not known. */
  objects(resource: GroupResource, namespace: string): readonly KubeObject[] | undefined {
    const informer = this.#counters.get(groupResourceName(resource))?.informer;
    return informer?.synced ? informer.store.list(namespace) : undefined;
  }

  stop(): void {
    for (const { stop } of this.#counters.values()) stop();
    this.#counters.clear();
  }

  #start(name: string, type: CatalogEntry): Counter {
    const { informers, client, clock, log } = this.#context;
    const metadataOnly = { metadataOnly: true } as const;
    // Shared informers live as long as the process; those of custom resources end with their definition.
    const informer = type.custom
      ? new Informer<KubeObject>(client.resource(type), metadataOnly, { clock, log })
      : whole.has(name)
        ? informers.informer<KubeObject>(type)
        : informers.informer<KubeObject>(type, metadataOnly);
    const remove = informer.addHandler(this.#handler(type));
    if (type.custom) informer.start();
    informer.hasSynced.then(
      () => this.#synced(type),
      () => {}, // stopped before
    );
    return {
      type,
      informer,
      stop: () => {
        remove();
        if (type.custom) informer.stop();
      },
    };
  }
}

const isCountable = ({ namespaced, verbs }: CatalogEntry): boolean =>
  namespaced && ['create', 'list', 'watch', 'delete'].every((verb) => verbs.includes(verb));
