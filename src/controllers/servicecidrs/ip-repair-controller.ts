import { type Service, services } from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isNotFound } from '../../api/errors.ts';
import { type IPAddress, ipaddresses, servicecidrs } from '../../api/networking/v1.gen.ts';
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import { timeToMs } from '../../schema/time.ts';
import { canonicalAddress, familyOf, rangeContains } from '../../utils/ip.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';

const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by';
const FAMILY = 'ipaddress.kubernetes.io/ip-family';
const ALLOCATOR = 'ipallocator.k8s.io';
/** A write that has taken an address may not be done yet; so long a request takes at most. */
const WRITE_MS = 60_000;

const SERVICE = 'service:';
const ADDRESS = 'address:';

/**
 * Keeps Services and their IPAddress objects in agreement, whoever has changed either: an address that a Service has
 * is held, one that no Service has is let go. In Kubernetes the API server does this.
 * https://kubernetes.io/docs/reference/networking/virtual-ips/#ip-address-objects
 */
export function startIpRepairController(context: ControllerContext): ControllerHandle {
  const { client, clock, recorder } = context;
  const known = context.informers.informer(services);
  const cidrs = context.informers.informer(servicecidrs);
  const addresses = context.informers.informer(ipaddresses);

  const remove = async (name: string): Promise<void> => {
    try {
      await client.resource(ipaddresses).delete('', name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  };
  const create = async (ip: string, { metadata }: Service): Promise<void> => {
    try {
      await client.resource(ipaddresses).create('', {
        metadata: { name: ip, labels: { [FAMILY]: familyOf(ip) ?? '', [MANAGED_BY]: ALLOCATOR } },
        spec: { parentRef: { resource: 'services', namespace: metadata.namespace ?? '', name: metadata.name } },
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  };

  /** What the server has now: the two informers may be a change apart. */
  const live = async <T extends KubeObject>(type: ResourceType<T>, namespace: string, name: string) => {
    try {
      return await client.resource(type).get(namespace, name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  const agrees = (service: Service): boolean =>
    addressesOf(service).every((ip) => {
      const address = addresses.store.get('', ip);
      const holder = address && holderOf(address);
      const own = holder?.name === service.metadata.name && holder.namespace === service.metadata.namespace;
      return own && address !== undefined && isLabelled(address, ip);
    });

  const repairService = async (namespace: string, name: string): Promise<void> => {
    const seen = known.store.get(namespace, name);
    if (!seen || agrees(seen)) return;
    const service = await live(services, namespace, name);
    if (!service) return;
    const warn = (reason: string, message: string) => recorder.event(service, 'Warning', reason, message);
    for (const ip of addressesOf(service)) {
      const family = familyOf(ip);
      const inSome = cidrs.store.list('').some(({ spec }) => spec?.cidrs?.some((cidr) => rangeContains(cidr, ip)));
      if (!inSome) {
        const why = `Cluster IP [${family}]: ${ip} is not within any configured Service CIDR; please recreate service`;
        warn('ClusterIPOutOfRange', why);
        continue;
      }
      const address = await live(ipaddresses, '', ip);
      if (!address) {
        warn('ClusterIPNotAllocated', `Cluster IP [${family}]: ${ip} is not allocated; repairing`);
        await create(ip, service);
        continue;
      }
      const { parentRef } = address.spec;
      const holder = holderOf(address);
      const own = parentRef.namespace === namespace && parentRef.name === name && holder !== undefined;
      const other = holder && !own ? known.store.get(holder.namespace, holder.name) : undefined;
      if (other) {
        const why = `Cluster IP [${family}]:${ip} was assigned to multiple services; please recreate service`;
        if (addressesOf(other).includes(ip)) warn('ClusterIPAlreadyAllocated', why);
      } else if (!own) {
        const which = `${namespace}/${name} has a wrong reference; repairing`;
        warn('ClusterIPNotAllocated', `the ClusterIP [${family}]: ${ip} for Service ${which}`);
      }
      if (other || (own && isLabelled(address, ip))) continue;
      await remove(ip);
      await create(ip, service);
    }
  };

  /** How long to wait before the address can be judged; 0 when it was. */
  const repairAddress = async (ip: string): Promise<number> => {
    const address = addresses.store.get('', ip);
    if (!address || address.metadata.labels?.[MANAGED_BY] !== ALLOCATOR) return 0;
    const warn = (reason: string, message: string) => recorder.event(address, 'Warning', reason, message);
    const holder = holderOf(address);
    if (!holder) {
      warn(
        'IPAddressNotAllocated',
        `IPAddress ${ip} appears to have been modified, not referencing a Service: cleaning up`,
      );
      await remove(ip);
      return 0;
    }
    const seen = known.store.get(holder.namespace, holder.name);
    if (seen && addressesOf(seen).includes(ip)) return 0;
    const left = WRITE_MS - (clock.now() - timeToMs(address.metadata.creationTimestamp));
    if (left > 0) return left;
    const service = await live(services, holder.namespace, holder.name);
    if (service && addressesOf(service).includes(ip)) return 0;
    const which = `IPAddress: ${ip} for Service ${holder.namespace}/${holder.name}`;
    if (service) warn('IPAddressWrongReference', `${which} has a wrong reference; cleaning up`);
    else warn('IPAddressNotAllocated', `${which} appears to have leaked: cleaning up`);
    await remove(ip);
    return 0;
  };

  return startReconciler(context, {
    name: 'ipaddressrepair',
    workers: 1,
    waitFor: [known, cidrs, addresses],
    observe: (queue) => {
      const lookAt = (service: Service): void => {
        if (addressesOf(service).length > 0) queue.add(SERVICE + keyOf(service));
      };
      const release = (ips: readonly string[]): void => {
        for (const ip of ips) if (addresses.store.get('', ip)) queue.add(ADDRESS + ip);
      };
      return [
        known.addHandler({
          onAdd: lookAt,
          onUpdate: (before, service) => {
            const now = addressesOf(service);
            const had = addressesOf(before);
            // All that matters of a Service are its addresses.
            if (now.join() !== had.join()) lookAt(service);
            release(had.filter((ip) => !now.includes(ip)));
          },
          onDelete: (service) => release(addressesOf(service)),
        }),
        cidrs.addHandler({
          onAdd: () => {
            for (const service of known.store.list()) lookAt(service);
          },
        }),
        addresses.addHandler({
          onAdd: ({ metadata }) => queue.add(ADDRESS + metadata.name),
          onUpdate: (_, { metadata, spec }) => {
            queue.add(ADDRESS + metadata.name);
            queue.add(`${SERVICE}${spec.parentRef.namespace}/${spec.parentRef.name}`);
          },
          onDelete: ({ spec }) => queue.add(`${SERVICE}${spec.parentRef.namespace}/${spec.parentRef.name}`),
        }),
      ];
    },
    async reconcile(key, queue) {
      if (key.startsWith(ADDRESS)) {
        const wait = await repairAddress(key.slice(ADDRESS.length));
        if (wait > 0) queue.addAfter(key, wait);
        return;
      }
      const [namespace = '', name = ''] = key.slice(SERVICE.length).split('/');
      await repairService(namespace, name);
    },
  });
}

const keyOf = ({ metadata }: Service): string => `${metadata.namespace}/${metadata.name}`;

/** The cluster IPs of a Service, in their canonical form. */
function addressesOf({ spec }: Service): readonly string[] {
  if (!spec || spec.type === 'ExternalName') return [];
  return (spec.clusterIPs ?? []).flatMap((ip) => (familyOf(ip) ? [canonicalAddress(ip)] : []));
}

const isLabelled = ({ metadata }: IPAddress, ip: string): boolean =>
  metadata.labels?.[FAMILY] === familyOf(ip) && metadata.labels?.[MANAGED_BY] === ALLOCATOR;

/** The Service that an address says it is of. */
function holderOf({ spec }: IPAddress): { namespace: string; name: string } | undefined {
  const { group = '', resource, namespace = '', name } = spec.parentRef;
  return group === '' && resource === 'services' ? { namespace, name } : undefined;
}
