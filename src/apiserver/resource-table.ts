import { apiVersionOf, type GroupResource, groupResourceName } from '../api/resource.ts';
import type { ResourceData } from '../schema/model.ts';
import type { Model } from '../schema/resolve.ts';
import type { ResourceTable, ServedResource } from './core.ts';
import type { Strategy } from './strategy.ts';

/** Strategies by resource: "pods", "deployments.apps". */
export type Strategies = Readonly<Record<string, Strategy>>;

/** Where Kubernetes keeps kinds whose prefix is not their resource's name. */
const prefixes: Readonly<Record<string, string>> = {
  services: 'services/specs',
  endpoints: 'services/endpoints',
  nodes: 'minions',
  replicationcontrollers: 'controllers',
  'ingresses.networking.k8s.io': 'ingress',
  'apiservices.apiregistration.k8s.io': 'apiregistration.k8s.io/apiservices',
  'customresourcedefinitions.apiextensions.k8s.io': 'apiextensions.k8s.io/customresourcedefinitions',
};

/** Resources of which a group-version shows what another one stores. */
const storedAs: Readonly<Record<string, string>> = {
  'events.k8s.io/v1 events': 'v1 events',
  'autoscaling/v1 horizontalpodautoscalers': 'autoscaling/v2 horizontalpodautoscalers',
};

const shown: ReadonlySet<string> = new Set(Object.keys(storedAs).map((key) => key.slice(key.indexOf(' ') + 1)));

const nothing: Strategy = {};
const keyOf = ({ group, version, data }: ServedResource): string =>
  `${apiVersionOf({ group, version })} ${data.resource}`;

/** The resources this server has; custom ones come and go. */
export class Resources implements ResourceTable {
  readonly #all = new Map<string, ServedResource>();
  /** By plural name: the versions and groups that have it are few. Every request looks here. */
  readonly #byName = new Map<string, readonly ServedResource[]>();
  #generation = 1;

  find(group: string, version: string, resource: string): ServedResource | undefined {
    const named = this.#byName.get(resource);
    if (named) for (const served of named) if (served.group === group && served.version === version) return served;
    return undefined;
  }

  all(): Iterable<ServedResource> {
    return this.#all.values();
  }

  get generation(): number {
    return this.#generation;
  }

  /** Adds a resource, or takes the place of the one it had. */
  add(resource: ServedResource): void {
    this.#all.set(keyOf(resource), resource);
    this.#index(resource.data.resource);
  }

  remove(group: string, version: string, resource: string): void {
    const served = this.find(group, version, resource);
    if (!served) return;
    this.#all.delete(keyOf(served));
    this.#index(resource);
  }

  #index(name: string): void {
    const named = [...this.#all.values()].filter(({ data }) => data.resource === name);
    if (named.length > 0) this.#byName.set(name, named);
    else this.#byName.delete(name);
    this.#generation++;
  }

  /** The version in which the resource's objects are stored: itself for most. */
  storageOf(resource: ServedResource): ServedResource {
    if (resource.custom) return resource.custom.storage();
    if (!shown.has(resource.data.resource)) return resource;
    const key = storedAs[keyOf(resource)];
    return (key !== undefined && this.#all.get(key)) || resource;
  }
}

/** All built-in resources. A resource without a strategy does what all kinds share. */
export function buildResourceTable(model: Model, strategies: Strategies): Resources {
  const table = new Resources();
  for (const gv of model.groups) {
    for (const data of gv.resources) table.add(served(model, gv, data, strategies));
  }
  return table;
}

function served(
  model: Model,
  gv: { readonly group: string; readonly version: string },
  data: ResourceData,
  strategies: Strategies,
): ServedResource {
  const gr: GroupResource = { group: gv.group, resource: data.resource };
  const name = groupResourceName(gr);
  let schema: ServedResource['schema'] | undefined;
  return {
    group: gv.group,
    version: gv.version,
    data,
    strategy: strategies[name] ?? nothing,
    prefix: `/registry/${prefixes[name] ?? data.resource}/`,
    // Resolved when first asked for: start-up must not walk every type.
    get schema() {
      schema ??= model.kind(gv.group, gv.version, data.kind);
      if (!schema) throw new Error(`the model has no ${data.kind} in ${apiVersionOf(gv)}`);
      return schema;
    },
  };
}
