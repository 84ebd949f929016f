import { isAlreadyExists, isNotFound } from '../../api/errors.ts';
import { type ServiceCIDR, servicecidrs } from '../../api/networking/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { formatTime } from '../../schema/time.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';

const NAME = 'kubernetes';
const MANAGER = 'kubernetes-service-cidr-controller';

/** The part of a client that this needs; `Client` of src/client is one. */
export interface ServiceCidrClient {
  resource(type: typeof servicecidrs): {
    get(namespace: string, name: string): Promise<ServiceCIDR>;
    create(namespace: string, object: { metadata: { name: string }; spec: ServiceCIDR['spec'] }): Promise<ServiceCIDR>;
    update(object: ServiceCIDR): Promise<ServiceCIDR>;
    patch(
      namespace: string,
      name: string,
      patch: { type: 'apply'; body: object },
      options: { subresource: string; fieldManager: string; force: boolean },
    ): Promise<ServiceCIDR>;
  };
}

/**
 * Makes the ServiceCIDR "kubernetes" out of --service-cluster-ip-range, lets it grow from one family to two, and says
 * that it is ready. One that says something else stays as it is: Services have addresses of it.
 * https://kubernetes.io/docs/tasks/network/reconfigure-default-service-ip-ranges/
 */
export async function ensureDefaultServiceCidr(
  client: ServiceCidrClient,
  { cidrs, clock, log }: { cidrs: readonly string[]; clock: Clock; log: Logger },
): Promise<void> {
  const resource = client.resource(servicecidrs);
  const read = () =>
    resource.get('', NAME).catch((error) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  let live = await read();
  if (!live) {
    try {
      live = await resource.create('', { metadata: { name: NAME }, spec: { cidrs } });
    } catch (error) {
      // Another API server over the same store was first.
      if (!isAlreadyExists(error)) throw error;
      live = await read();
      if (!live) return;
    }
  }
  if (cidrs.length === 2 && live.spec.cidrs?.length === 1 && live.spec.cidrs[0] === cidrs[0]) {
    await resource.update({ ...live, spec: { cidrs } });
    return;
  }
  if (live.metadata.deletionTimestamp) return;
  if (!deepEqual(live.spec.cidrs, cidrs)) {
    log.warn({ serviceCIDR: live.spec.cidrs, configured: cidrs }, 'the default ServiceCIDR is not what is configured');
    return;
  }
  const ready = live.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready && ready.status !== 'Unknown') return;
  const condition = {
    type: 'Ready',
    status: 'True',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: formatTime(clock.now()),
  };
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: NAME },
    status: { conditions: [condition] },
  };
  const options = { subresource: 'status', fieldManager: MANAGER, force: true };
  await resource.patch('', NAME, { type: 'apply', body }, options);
}
