import { type Node, nodes, type Pod, pods, type Service, services } from '../../api/core/v1.gen.ts';
import { type EndpointSlice, endpointslices } from '../../api/discovery/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import type { Draft } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { allSettled } from '../shared/batches.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { indexByNode, podsOn } from '../shared/node-pods.ts';
import { startReconciler } from '../shared/start.ts';
import { type AddressType, endpointOf, endpointPorts, isEndpoint } from './endpoint.ts';
import { ServiceMembership, selects } from './membership.ts';
import { CONTROLLER, type EndpointGroup, MANAGED_BY, planSlices, SERVICE_NAME } from './plan.ts';
import { TRIGGER_TIME, TriggerTimes } from './trigger-time.ts';

const WORKERS = 5;
const BY_SERVICE = 'endpointslice-controller.service';
/** Somebody else's changes of slices are put right together. */
const FOREIGN_CHANGE_MS = 1000;

/** Keeps the EndpointSlices of every Service that has a selector. */
export function startEndpointSliceController(context: ControllerContext): ControllerHandle {
  const controller = new EndpointSliceController(context);
  return startReconciler(context, {
    name: 'endpoint_slice',
    workers: WORKERS,
    waitFor: [controller.services, controller.pods, controller.nodes, controller.slices],
    observe: (queue) => controller.observe(queue),
    reconcile: (key, queue) => controller.reconcile(key, queue),
  });
}

class EndpointSliceController {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  readonly slices: Informer<EndpointSlice>;
  readonly #context: ControllerContext;
  readonly #membership: ServiceMembership;
  readonly #triggers = new TriggerTimes();
  readonly #writes = new OwnWrites();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.services = context.informers.informer(services);
    this.pods = indexByNode(context.informers.informer(pods));
    this.nodes = context.informers.informer(nodes);
    this.slices = context.informers.informer(endpointslices).addIndex(BY_SERVICE, (slice) => {
      const key = serviceOf(slice);
      return key === undefined ? [] : [key];
    });
    this.#membership = new ServiceMembership(this.services);
  }

  observe(queue: WorkQueue): (() => void)[] {
    const add = (key: string) => queue.add(key);
    const nodeChanged = ({ metadata: { name } }: Node) => {
      for (const pod of podsOn(this.pods, name)) this.#membership.servicesOf(pod).forEach(add);
    };
    const sliceChanged = (slice: EndpointSlice) => {
      const key = serviceOf(slice);
      if (key === undefined) return;
      if (this.#writes.isAwaited(key, slice)) queue.add(key);
      else if (!this.#writes.isOwn(key, slice)) queue.addAfter(key, FOREIGN_CHANGE_MS);
    };
    return [
      this.services.addHandler({
        onAdd: (service) => queue.add(keyOf(service)),
        onUpdate: (_, service) => queue.add(keyOf(service)),
        onDelete: (service) => queue.add(keyOf(service)),
      }),
      this.pods.addHandler(this.#membership.observer(add)),
      // A pod may be seen before its node, whose zone its endpoint carries.
      this.nodes.addHandler({
        onAdd: nodeChanged,
        onUpdate: (before, node) => {
          if (zoneOf(before) !== zoneOf(node)) nodeChanged(node);
        },
      }),
      this.slices.addHandler({
        onAdd: sliceChanged,
        onUpdate: (before, slice) => {
          const was = serviceOf(before);
          if (was !== undefined && was !== serviceOf(slice)) queue.add(was);
          sliceChanged(slice);
        },
        onDelete: (slice) => {
          const key = serviceOf(slice);
          if (key !== undefined && !this.#writes.deletionSeen(key, slice)) queue.addAfter(key, FOREIGN_CHANGE_MS);
        },
      }),
    ];
  }

  async reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const service = this.services.store.get(namespace, name);
    if (!service) {
      // Its slices have it as their owner and go with it.
      this.#triggers.forget(key);
      this.#writes.forget(key);
      return;
    }
    if (service.spec.type === 'ExternalName' || service.spec.selector === undefined) return;
    if (!this.#writes.visible(key, this.slices.resourceVersion)) {
      // Deciding on what was there before the last write would make it again. Its event comes back here.
      queue.addAfter(key, FOREIGN_CHANGE_MS);
      return;
    }
    const selected = this.pods.store.list(namespace).filter((pod) => selects(service, pod));
    const triggerTime = this.#triggers.next(key, service, selected);
    const existing = this.slices.store
      .byIndex(BY_SERVICE, key)
      .filter((slice) => slice.metadata.deletionTimestamp === undefined && !this.#writes.isDeleted(key, slice));
    const addressTypes = addressTypesOf(service);
    for (const addressType of addressTypes) {
      const ofType = existing.filter((slice) => slice.addressType === addressType);
      const plan = planSlices(service, addressType, ofType, this.#groups(service, selected, addressType));
      await this.#write(key, service, plan, triggerTime);
    }
    const remove = existing.filter((slice) => !addressTypes.includes(slice.addressType));
    await this.#write(key, service, { create: [], update: [], remove }, triggerTime);
  }

  #groups(service: Service, selected: readonly Pod[], addressType: AddressType): EndpointGroup[] {
    const groups: EndpointGroup[] = [];
    for (const pod of selected.filter(isEndpoint)) {
      const node = this.nodes.store.get('', pod.spec.nodeName ?? '');
      // The node's arrival has the Service looked at again; a pod of a node that is gone is collected.
      const known = node !== undefined || service.spec.publishNotReadyAddresses === true;
      const endpoint = endpointOf(pod, node, service, addressType);
      const endpoints = known && endpoint.addresses.length > 0 ? [endpoint] : [];
      groups.push({ ports: endpointPorts(service, pod), endpoints });
    }
    return groups;
  }

  async #write(
    key: string,
    service: Service,
    plan: ReturnType<typeof planSlices>,
    triggerTime: string | undefined,
  ): Promise<void> {
    const resource = this.#context.client.resource(endpointslices);
    const { namespace = '' } = service.metadata;
    // Who makes slices for a Service that is going makes work for the garbage collector.
    const create = service.metadata.deletionTimestamp === undefined ? plan.create : [];
    await allSettled([
      ...create.map(async (slice) => {
        const annotated: Draft<EndpointSlice> = {
          ...slice,
          ...(triggerTime && { metadata: { ...slice.metadata, annotations: { [TRIGGER_TIME]: triggerTime } } }),
        };
        this.#writes.written(key, await resource.create(namespace, annotated));
      }),
      ...plan.update.map(async (slice) => {
        const { [TRIGGER_TIME]: _, ...others } = slice.metadata.annotations ?? {};
        const annotations = { ...others, ...(triggerTime && { [TRIGGER_TIME]: triggerTime }) };
        const updated = await resource.update({ ...slice, metadata: { ...slice.metadata, annotations } });
        this.#writes.written(key, updated);
      }),
      ...plan.remove.map(async (slice) => {
        try {
          this.#writes.deleted(key, slice);
          await resource.delete(namespace, slice.metadata.name, { preconditions: { uid: slice.metadata.uid } });
        } catch (error) {
          this.#writes.deletionSeen(key, slice);
          if (!isNotFound(error)) throw error;
        }
      }),
    ]);
  }
}

interface ServiceWrites {
  /** Of the last write. */
  version: bigint;
  /** Of all writes since the informer last showed the last one. */
  readonly versions: Set<string>;
  /** UIDs. */
  readonly deleted: Set<string>;
  /** Somebody wants to know when the last write shows. */
  awaited: boolean;
}

/** What this controller wrote for each Service and the informer has not shown yet. */
class OwnWrites {
  readonly #services = new Map<string, ServiceWrites>();

  written(key: string, { metadata: { resourceVersion } }: EndpointSlice): void {
    const own = this.#of(key);
    own.versions.add(resourceVersion);
    const version = BigInt(resourceVersion);
    if (version > own.version) own.version = version;
  }

  deleted(key: string, slice: EndpointSlice): void {
    this.#of(key).deleted.add(slice.metadata.uid);
  }

  /** Whether the last write is in a store that is current up to `resourceVersion`. */
  visible(key: string, resourceVersion: string): boolean {
    const own = this.#services.get(key);
    if (!own || own.version <= BigInt(resourceVersion || 0)) {
      own?.versions.clear();
      return true;
    }
    own.awaited = true;
    return false;
  }

  isDeleted(key: string, slice: EndpointSlice): boolean {
    return this.#services.get(key)?.deleted.has(slice.metadata.uid) ?? false;
  }

  isOwn(key: string, slice: EndpointSlice): boolean {
    return this.#services.get(key)?.versions.has(slice.metadata.resourceVersion) ?? false;
  }

  /** Whether this is the last write, and `visible` has said no meanwhile. */
  isAwaited(key: string, slice: EndpointSlice): boolean {
    const own = this.#services.get(key);
    if (!own?.awaited || own.version > BigInt(slice.metadata.resourceVersion)) return false;
    own.awaited = false;
    return true;
  }

  /** Whether the deletion was this controller's. */
  deletionSeen(key: string, slice: EndpointSlice): boolean {
    return this.#services.get(key)?.deleted.delete(slice.metadata.uid) ?? false;
  }

  forget(key: string): void {
    this.#services.delete(key);
  }

  #of(key: string): ServiceWrites {
    const known = this.#services.get(key);
    if (known) return known;
    const own: ServiceWrites = { version: 0n, versions: new Set(), deleted: new Set(), awaited: false };
    this.#services.set(key, own);
    return own;
  }
}

/** The key of the Service whose slice this is; undefined for slices that others manage. */
function serviceOf({ metadata }: EndpointSlice): string | undefined {
  const service = metadata.labels?.[SERVICE_NAME];
  return service && metadata.labels?.[MANAGED_BY] === CONTROLLER ? `${metadata.namespace}/${service}` : undefined;
}

function addressTypesOf(service: Service): AddressType[] {
  const families = (service.spec.ipFamilies ?? []).filter((family) => family !== '');
  return families.length > 0 ? families : ['IPv4'];
}

const zoneOf = (node: Node): string | undefined => node.metadata.labels?.['topology.kubernetes.io/zone'];
