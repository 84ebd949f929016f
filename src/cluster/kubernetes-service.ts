import { type Endpoints, endpoints, type Service, services } from '../api/core/v1.gen.ts';
import { type EndpointSlice, endpointslices } from '../api/discovery/v1.gen.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/errors.ts';
import type { Draft, KubeObject } from '../api/resource.ts';
import type { Client, ResourceClient } from '../client/client.ts';
import { deepEqual } from '../schema/equal.ts';

/**
 * The Service `kubernetes` in `default`, by which pods reach the API server, and where it leads. Servers keep their own
 * address in it (kube-apiserver's lease reconciler does the same for several servers).
 */
export async function ensureKubernetesService(
  client: Client,
  options: { readonly clusterIP: string; readonly address: string; readonly port: number },
): Promise<void> {
  const ports: Service['spec']['ports'] = [{ name: 'https', port: 443, protocol: 'TCP', targetPort: options.port }];
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const meta = { name: 'kubernetes', namespace: 'default' };
  await ensure(
    client.resource(services),
    'default',
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
      service.spec.ports?.[0]?.targetPort === options.port
        ? undefined
        : {
            ...service,
            spec: { ...service.spec, ports },
          },
  );
  const mirror = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  const subsets: Endpoints['subsets'] = [
    { addresses: [{ ip: options.address }], ports: [{ name: 'https', port: options.port, protocol: 'TCP' }] },
  ];
  await ensure(client.resource(endpoints), 'default', { metadata: { ...meta, labels: mirror }, subsets }, (current) =>
    deepEqual(current.subsets, subsets) ? undefined : { ...current, subsets },
  );
  const slice: Pick<EndpointSlice, 'addressType' | 'endpoints' | 'ports'> = {
    addressType: options.address.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [options.address], conditions: { ready: true } }],
    ports: [{ name: 'https', port: options.port, protocol: 'TCP' }],
  };
  await ensure(
    client.resource(endpointslices),
    'default',
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
