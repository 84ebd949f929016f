import { isIPv6 } from 'node:net';
import { type EndpointAddress, type Endpoints, endpoints, type Service, services } from '../../api/core/v1.gen.ts';
import { type Endpoint, type EndpointPort, type EndpointSlice, endpointslices } from '../../api/discovery/v1.gen.ts';
import { isNamespaceTerminating, isNotFound } from '../../api/errors.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../schema/equal.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { stable } from '../shared/hash.ts';
import { startReconciler } from '../shared/start.ts';
import { MANAGED_BY, SERVICE_NAME } from './plan.ts';
import { TRIGGER_TIME } from './trigger-time.ts';

const WORKERS = 5;
const CONTROLLER = 'endpointslicemirroring-controller.k8s.io';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Addresses of one subset that are mirrored. */
const MOST = 1000;

/**
 * Mirrors Endpoints that people keep themselves, for a Service without a selector, as EndpointSlices.
 * https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#endpointslice-mirroring
 */
export function startEndpointSliceMirroringController(context: ControllerContext): ControllerHandle {
  const controller = new MirroringController(context);
  return startReconciler(context, {
    name: 'endpointslice_mirroring',
    workers: WORKERS,
    waitFor: [controller.services, controller.endpoints, controller.slices],
    observe: (queue) => controller.observe(queue),
    reconcile: (key) => controller.reconcile(key),
  });
}

class MirroringController {
  readonly services: Informer<Service>;
  readonly endpoints: Informer<Endpoints>;
  readonly slices: Informer<EndpointSlice>;
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.services = context.informers.informer(services);
    this.endpoints = context.informers.informer(endpoints);
    this.slices = context.informers.informer(endpointslices);
  }

  observe(queue: WorkQueue): (() => void)[] {
    const add = (object: Service | Endpoints) => queue.add(keyOf(object));
    const addSlice = ({ metadata }: EndpointSlice) => {
      const service = metadata.labels?.[SERVICE_NAME];
      if (service && metadata.labels?.[MANAGED_BY] === CONTROLLER) queue.add(`${metadata.namespace}/${service}`);
    };
    return [
      this.services.addHandler({ onAdd: add, onUpdate: (_, now) => add(now), onDelete: add }),
      this.endpoints.addHandler({ onAdd: add, onUpdate: (_, now) => add(now), onDelete: add }),
      this.slices.addHandler({
        onAdd: (slice, initial) => initial && addSlice(slice),
        onUpdate: (_, slice) => addSlice(slice),
        onDelete: addSlice,
      }),
    ];
  }

  async reconcile(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const object = this.endpoints.store.get(namespace, name);
    const service = this.services.store.get(namespace, name);
    const wanted = object && service && isMirrored(object, service) ? slicesOf(object) : [];
    const known = this.slices.store
      .list(namespace)
      .filter(({ metadata: { labels } }) => labels?.[SERVICE_NAME] === name && labels[MANAGED_BY] === CONTROLLER);
    if (wanted.length === 0 && known.length === 0) return;
    const resource = this.#context.client.resource(endpointslices);
    // What was made a moment ago may not be known yet, and must not be made twice.
    const labelSelector = `${SERVICE_NAME}=${name},${MANAGED_BY}=${CONTROLLER}`;
    const left = [...(await resource.list(namespace, { labelSelector })).items];
    for (const slice of wanted) {
      const at = left.findIndex((existing) => sameSubject(existing, slice));
      const existing = at < 0 ? undefined : left.splice(at, 1)[0];
      if (!existing) {
        await resource.create(namespace, slice).catch((error: unknown) => {
          if (!isNamespaceTerminating(error)) throw error;
        });
      } else if (!sameContents(existing, slice)) {
        const { labels, annotations } = slice.metadata;
        const metadata = { ...existing.metadata, labels, annotations };
        await resource.update({ ...existing, metadata, endpoints: slice.endpoints, ports: slice.ports });
      }
    }
    for (const { metadata } of left) {
      await resource.delete(namespace, metadata.name).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }
}

const isMirrored = ({ metadata }: Endpoints, { spec }: Service): boolean =>
  spec.selector === undefined &&
  metadata.labels?.[SKIP] !== 'true' &&
  metadata.annotations?.[LEADER] === undefined &&
  metadata.deletionTimestamp === undefined;

interface Slice {
  readonly metadata: ReturnType<typeof metadataOf>;
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: readonly EndpointPort[];
  readonly endpoints: Endpoint[];
}

/** A slice for each set of ports and each family of addresses. */
function slicesOf(object: Endpoints): Slice[] {
  const found = new Map<string, Slice>();
  for (const { ports = [], addresses = [], notReadyAddresses = [] } of object.subsets ?? []) {
    const own = ports.map(({ name = '', port, protocol = 'TCP', appProtocol }): EndpointPort => {
      return { name, port, protocol, ...(appProtocol !== undefined && { appProtocol }) };
    });
    const all = [
      ...addresses.map((address) => endpointOf(address, true)),
      ...notReadyAddresses.map((address) => endpointOf(address, false)),
    ];
    for (const endpoint of all.slice(0, MOST)) {
      const addressType = isIPv6(endpoint.addresses[0] ?? '') ? 'IPv6' : 'IPv4';
      const key = `${addressType} ${stable(own)}`;
      const slice = found.get(key) ?? { metadata: metadataOf(object), addressType, ports: own, endpoints: [] };
      found.set(key, slice);
      if (slice.endpoints.length < MOST) slice.endpoints.push(endpoint);
    }
  }
  return [...found.values()];
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(targetRef && { targetRef }),
    ...(nodeName !== undefined && { nodeName }),
  };
}

function metadataOf({ metadata }: Endpoints) {
  const { [TRIGGER_TIME]: _, [LAST_APPLIED]: __, ...annotations } = metadata.annotations ?? {};
  const owner = { apiVersion: 'v1', kind: 'Endpoints', name: metadata.name, uid: metadata.uid };
  return {
    generateName: `${metadata.name}-`,
    labels: { ...metadata.labels, [SERVICE_NAME]: metadata.name, [MANAGED_BY]: CONTROLLER },
    annotations,
    ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
  };
}

/** Whether a slice is for the same ports and family: only its endpoints may differ. */
const sameSubject = (a: EndpointSlice, b: Slice): boolean =>
  a.addressType === b.addressType && stable(a.ports ?? []) === stable(b.ports);

const sameContents = (a: EndpointSlice, b: Slice): boolean =>
  deepEqual(a.endpoints ?? [], b.endpoints) &&
  deepEqual(a.metadata.labels, b.metadata.labels) &&
  deepEqual(a.metadata.annotations ?? {}, b.metadata.annotations);
