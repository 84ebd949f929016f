import { type Endpoints, endpoints, type Service, services } from '../api/core/v1.gen.ts';
import { type EndpointSlice, endpointslices } from '../api/discovery/v1.gen.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/errors.ts';
import type { Draft, KubeObject } from '../api/resource.ts';
import type { Client, ResourceClient } from '../client/client.ts';
import { runController } from '../client/controller.ts';
import type { InformerFactory } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { deepEqual } from '../schema/equal.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';

const NAMESPACE = 'default';
const NAME = 'kubernetes';

/** Where the API server is. */
export interface KubernetesServiceOptions {
  readonly clusterIP: string;
  readonly address: string;
  readonly port: number;
}

/** Puts the Service `kubernetes` and its endpoints right again whenever somebody changes or deletes them. */
export function startKubernetesServiceController(
  options: KubernetesServiceOptions & {
    readonly client: Client;
    readonly informers: InformerFactory;
    readonly clock: Clock;
    readonly log: Logger;
  },
): { stop(): Promise<void> } {
  const { client, informers, clock, log } = options;
  const queue = new WorkQueue({ name: 'kubernetes-service', clock });
  const look = ({ metadata }: KubeObject): void => {
    if (metadata.name === NAME && metadata.namespace === NAMESPACE) queue.add(NAME);
  };
  const handler = { onAdd: look, onUpdate: (_: KubeObject, now: KubeObject) => look(now), onDelete: look };
  const removers = [
    informers.informer(services).addHandler(handler),
    informers.informer(endpoints).addHandler(handler),
    informers.informer(endpointslices).addHandler(handler),
  ];
  const controller = runController({
    name: 'kubernetes-service',
    queue,
    workers: 1,
    log,
    reconcile: () => ensureKubernetesService(client, options),
  });
  return {
    async stop() {
      for (const remove of removers) remove();
      await controller.stop();
    },
  };
}

/**
 * The Service `kubernetes` in `default`, by which pods reach the API server, and where it leads. There is one server
 * over a store, so that its address is the only one.
 */
export async function ensureKubernetesService(client: Client, options: KubernetesServiceOptions): Promise<void> {
  const ports: Service['spec']['ports'] = [{ name: 'https', port: 443, protocol: 'TCP', targetPort: options.port }];
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const meta = { name: NAME, namespace: NAMESPACE };
  await ensure(
    client.resource(services),
    NAMESPACE,
    {
      metadata: { ...meta, labels },
      spec: {
        type: 'ClusterIP',
        clusterIP: options.clusterIP,
        clusterIPs: [options.clusterIP],
        sessionAffinity: 'None',
        ports,
      },
    } satisfies Draft<Service>,
    (service: Service): Service | undefined =>
      service.spec.type === 'ClusterIP' && deepEqual(service.spec.ports, ports)
        ? undefined
        : { ...service, spec: { ...service.spec, type: 'ClusterIP', ports } },
  );
  const mirror = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  const subsets: Endpoints['subsets'] = [
    { addresses: [{ ip: options.address }], ports: [{ name: 'https', port: options.port, protocol: 'TCP' }] },
  ];
  await ensure(client.resource(endpoints), NAMESPACE, { metadata: { ...meta, labels: mirror }, subsets }, (current) =>
    deepEqual(current.subsets, subsets) ? undefined : { ...current, subsets },
  );
  const slice: Pick<EndpointSlice, 'addressType' | 'endpoints' | 'ports'> = {
    addressType: options.address.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [options.address], conditions: { ready: true } }],
    ports: [{ name: 'https', port: options.port, protocol: 'TCP' }],
  };
  await ensure(
    client.resource(endpointslices),
    NAMESPACE,
    { metadata: { ...meta, labels: { 'kubernetes.io/service-name': 'kubernetes' } }, ...slice },
    (current) =>
      deepEqual(current.endpoints, slice.endpoints) && deepEqual(current.ports, slice.ports)
        ? undefined
        : { ...current, ...slice },
  );
}

/** Creates the object, or changes the one that is there to what `amend` makes of it (undefined: it is right). */
async function ensure<T extends KubeObject>(
  api: ResourceClient<T>,
  namespace: string,
  draft: Draft<T> & { readonly metadata: { readonly name: string } },
  amend: (current: T) => T | undefined,
): Promise<void> {
  for (;;) {
    try {
      const amended = amend(await api.get(namespace, draft.metadata.name));
      if (amended) await api.update(amended);
      return;
    } catch (error) {
      if (isConflict(error)) continue;
      if (!isNotFound(error)) throw error;
    }
    try {
      await api.create(namespace, draft);
      return;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}
