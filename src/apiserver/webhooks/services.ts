/** Where a service that a webhook is behind can be reached from this process. */
import type { Service } from '../../api/core/v1.gen.ts';
import type { EndpointSlice } from '../../api/discovery/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { WebhookTarget } from './client.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Rejects with an Error whose message tells why there is none. */
export type ResolveService = (service: NonNullable<WebhookTarget['service']>) => Address | Promise<Address>;

/** Labels by which slices belong to a service. */
const SERVICE_NAME = 'kubernetes.io/service-name';

/**
 * An endpoint that is ready, since this process may be where no proxy translates cluster addresses; the cluster address
 * where none is known. `random` is in [0, 1).
 */
export function serviceResolver(objects: () => ObjectReader | undefined, random: () => number): ResolveService {
  const all = async (group: string, resource: string) => {
    const reader = objects();
    const served = reader?.resources.find(group, 'v1', resource);
    return reader && served ? await reader.stored(served) : [];
  };
  return async ({ namespace, name, port = 443 }) => {
    await all('', 'services');
    // The resource's own schema has decoded it; slices alike.
    const service = objects()?.get('', 'v1', 'services', namespace, name) as Service | undefined;
    if (!service) throw new Error(`service ${quote(name)} not found`);
    const { spec } = service;
    if (spec.type === 'ExternalName') {
      if (!spec.externalName) throw new Error(`unsupported service type ${quote(spec.type)}`);
      return { host: spec.externalName, port };
    }
    const found = spec.ports?.find((candidate) => candidate.port === port);
    if (!found) throw new Error(`no service port ${port} found for service ${quote(name)}`);
    const slices = (await all('discovery.k8s.io', 'endpointslices'))
      .map(({ object }) => object as EndpointSlice)
      .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.[SERVICE_NAME] === name);
    const choices = slices.flatMap(({ ports, endpoints }) => {
      const target = ports?.find((candidate) => (candidate.name ?? '') === (found.name ?? ''))?.port;
      if (target === undefined) return [];
      const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
      return ready.flatMap(({ addresses }) => addresses.map((host) => ({ host, port: target })));
    });
    const chosen = choices[Math.floor(random() * choices.length)];
    if (chosen) return chosen;
    if (spec.clusterIP && spec.clusterIP !== 'None') return { host: spec.clusterIP, port };
    throw new Error(`no endpoints available for service ${quote(name)}`);
  };
}
