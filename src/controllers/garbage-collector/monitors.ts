import type { KubeObject } from '../../api/resource.ts';
import { Informer, type ResourceEventHandler } from '../../client/informer.ts';
import type { ControllerContext } from '../shared/context.ts';
import type { CatalogEntry, ResourceCatalog } from '../shared/resource-catalog.ts';

interface Monitor {
  readonly type: CatalogEntry;
  readonly informer: Informer<KubeObject>;
  readonly stop: () => void;
}

const ignored = (type: CatalogEntry): boolean => type.group === '' && type.resource === 'events';
const watchable = ({ verbs }: CatalogEntry): boolean => verbs.includes('delete') && verbs.includes('watch');
const nameOf = ({ group, version, resource }: CatalogEntry): string => `${group}/${version}/${resource}`;

/** Watches the metadata of every deletable resource there is; custom ones as long as they are defined. */
export class Monitors {
  readonly #context: ControllerContext;
  readonly #catalog: ResourceCatalog;
  readonly #handler: ResourceEventHandler<KubeObject>;
  readonly #monitors = new Map<string, Monitor>();

  constructor(context: ControllerContext, catalog: ResourceCatalog, handler: ResourceEventHandler<KubeObject>) {
    this.#context = context;
    this.#catalog = catalog;
    this.#handler = handler;
  }

  /** Starts and stops watching until what is watched is what the catalog has. */
  sync(): void {
    const wanted = new Map<string, CatalogEntry>();
    for (const type of this.#catalog.list()) if (watchable(type) && !ignored(type)) wanted.set(nameOf(type), type);
    for (const [name, monitor] of this.#monitors) {
      if (wanted.has(name)) continue;
      monitor.stop();
      this.#monitors.delete(name);
      // Without its definition no object of a kind exists; the watch may have ended before it could say so.
      const { group, kind } = monitor.type;
      if (this.#catalog.byKind(group, kind)) continue;
      for (const object of monitor.informer.store.list()) this.#handler.onDelete?.(object);
    }
    for (const [name, type] of wanted) if (!this.#monitors.has(name)) this.#monitors.set(name, this.#start(type));
  }

  /** Resolves when what the server has built in is known; custom resources must not hold everything up. */
  get hasSynced(): Promise<void> {
    const builtin = [...this.#monitors.values()].filter(({ type }) => !type.custom);
    return Promise.all(builtin.map(({ informer }) => informer.hasSynced)).then(() => {});
  }

  informer(type: CatalogEntry): Informer<KubeObject> | undefined {
    return this.#monitors.get(nameOf(type))?.informer;
  }

  stop(): void {
    for (const { stop } of this.#monitors.values()) stop();
    this.#monitors.clear();
  }

  #start(type: CatalogEntry): Monitor {
    const { informers, client, clock, log } = this.#context;
    // Shared informers live as long as the process; those of custom resources end with their definition.
    const informer = type.custom
      ? new Informer<KubeObject>(client.resource(type), { metadataOnly: true }, { clock, log })
      : informers.informer<KubeObject>(type, { metadataOnly: true });
    const remove = informer.addHandler(this.#handler);
    if (type.custom) informer.start();
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
