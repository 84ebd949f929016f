import type { Service, ServiceSpec } from '../api/core/v1.gen.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../api/discovery/v1.gen.ts';
import type { KubeObject, ResourceType } from '../api/resource.ts';
import type { Client, WatchHandler } from '../client/client.ts';
import { InformerFactory } from '../client/informer.ts';
import type { Clock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';

/** A server with nothing but lists and watches, for tests of what only reads: objects appear as the test puts them. */
export class FakeCluster {
  readonly informers: InformerFactory;
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #watchers = new Map<string, Set<WatchHandler<KubeObject>>>();
  #revision = 1;

  constructor(clock: Clock) {
    const client = { resource: (type: ResourceType) => this.#resource(type.resource) };
    // Only what informers call is there.
    this.informers = new InformerFactory(client as unknown as Client, { clock, log: silent });
  }

  put(type: ResourceType, ...objects: readonly KubeObject[]): void {
    for (const object of objects) {
      const known = this.#of(type.resource);
      const key = `${object.metadata.namespace}/${object.metadata.name}`;
      const event = known.has(key) ? 'MODIFIED' : 'ADDED';
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: `${++this.#revision}` } };
      known.set(key, stored);
      for (const watcher of this.#watchers.get(type.resource) ?? []) watcher.event(event, stored);
    }
  }

  remove(type: ResourceType, namespace: string, name: string): void {
    const known = this.#of(type.resource);
    const object = known.get(`${namespace}/${name}`);
    if (!object) throw new Error(`no ${type.resource} ${namespace}/${name}`);
    known.delete(`${namespace}/${name}`);
    for (const watcher of this.#watchers.get(type.resource) ?? []) watcher.event('DELETED', object);
  }

  #of(resource: string): Map<string, KubeObject> {
    const known = this.#objects.get(resource) ?? new Map<string, KubeObject>();
    this.#objects.set(resource, known);
    return known;
  }

  #resource(resource: string) {
    const watchers = this.#watchers.get(resource) ?? new Set();
    this.#watchers.set(resource, watchers);
    return {
      type: { resource },
      list: async () => ({
        metadata: { resourceVersion: `${this.#revision}` },
        items: [...this.#of(resource).values()],
      }),
      watch: (_namespace: string, _options: unknown, handler: WatchHandler<KubeObject>) => {
        watchers.add(handler);
        return {
          stop: () => {
            if (watchers.delete(handler)) handler.end();
          },
        };
      },
    };
  }
}

/** A service as it comes from the API server; one TCP port 80 unless the spec says otherwise. */
export function makeService(name: string, spec: Partial<ServiceSpec>, rest: Partial<Service> = {}): Service {
  const clusterIP = spec.clusterIP ?? '10.96.0.50';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(name),
    status: { loadBalancer: {} },
    ...rest,
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }],
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ...spec,
    },
  };
}

export interface EndpointDraft extends Partial<Endpoint> {
  readonly ip: string;
}

/** A slice of service `service`; port 8080 without a name unless said otherwise. */
export function makeSlice(
  service: string,
  endpoints: readonly EndpointDraft[],
  options: { ports?: readonly EndpointPort[]; addressType?: EndpointSlice['addressType']; suffix?: string } = {},
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...metadataOf(`${service}-${options.suffix ?? 'a'}`),
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: options.addressType ?? 'IPv4',
    ports: options.ports ?? [{ name: '', protocol: 'TCP', port: 8080 }],
    endpoints: endpoints.map(({ ip, ...rest }) => ({ addresses: [ip], conditions: { ready: true }, ...rest })),
  };
}

function metadataOf(name: string) {
  return {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
}
