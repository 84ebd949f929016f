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

const nothing: Strategy = {};
const keyOf = (group: string, version: string, resource: string): string =>
  `${apiVersionOf({ group, version })} ${resource}`;

/** The resources this server has; custom ones come and go. */
export class Resources implements ResourceTable {
  readonly #byKey = new Map<string, ServedResource>();
  #generation = 1;

  find(group: string, version: string, resource: string): ServedResource | undefined {
    return this.#byKey.get(keyOf(group, version, resource));
  }

  all(): Iterable<ServedResource> {
    return this.#byKey.values();
  }

  get generation(): number {
    return this.#generation;
  }

  /** Adds a resource, or takes the place of the one it had. */
  add(resource: ServedResource): void {
    this.#byKey.set(keyOf(resource.group, resource.version, resource.data.resource), resource);
    this.#generation++;
  }

  remove(group: string, version: string, resource: string): void {
    if (this.#byKey.delete(keyOf(group, version, resource))) this.#generation++;
  }

  /** The version in which the resource's objects are stored: itself for most. */
  storageOf(resource: ServedResource): ServedResource {
    const key = storedAs[keyOf(resource.group, resource.version, resource.data.resource)];
    return (key !== undefined && this.#byKey.get(key)) || resource;
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
