import { isIPv6 } from 'node:net';
import {
  type EndpointAddress,
  type Endpoints,
  endpoints,
  type Pod,
  pods,
  type Service,
  services,
} from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isConflict, isNamespaceTerminating, isNotFound } from '../../api/errors.ts';
import type { Draft } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../schema/equal.ts';
import { containerPort, hasOwnName, isEndpoint } from '../endpointslice/endpoint.ts';
import { ServiceMembership, selects } from '../endpointslice/membership.ts';
import { TRIGGER_TIME, TriggerTimes } from '../endpointslice/trigger-time.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { isPodReady } from '../shared/pods.ts';
import { startReconciler } from '../shared/start.ts';
import { type Occurrence, packSubsets, truncate } from './subsets.ts';

const WORKERS = 5;
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const CONTROLLER = 'endpoint-controller';
const HEADLESS = 'service.kubernetes.io/headless';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';

/** Keeps the Endpoints of Services that have a selector, for clients that do not read EndpointSlices yet. */
export function startEndpointsController(context: ControllerContext): ControllerHandle {
  const controller = new EndpointsController(context);
  return startReconciler(context, {
    name: 'endpoint',
    workers: WORKERS,
    waitFor: [controller.services, controller.pods, controller.endpoints],
    observe: (queue) => controller.observe(queue),
    reconcile: (key) => controller.reconcile(key),
  });
}

class EndpointsController {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  readonly endpoints: Informer<Endpoints>;
  readonly #context: ControllerContext;
  readonly #membership: ServiceMembership;
  readonly #triggers = new TriggerTimes();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.services = context.informers.informer(services);
    this.pods = context.informers.informer(pods);
    this.endpoints = context.informers.informer(endpoints);
    this.#membership = new ServiceMembership(this.services);
  }

  observe(queue: WorkQueue): (() => void)[] {
    return [
      this.services.addHandler({
        onAdd: (service) => queue.add(keyOf(service)),
        onUpdate: (_, service) => queue.add(keyOf(service)),
        onDelete: (service) => queue.add(keyOf(service)),
      }),
      this.pods.addHandler(this.#membership.observer((key) => queue.add(key))),
      this.endpoints.addHandler({
        // Their Service may have gone while nobody was looking.
        onAdd: (object, initial) => {
          if (initial && object.metadata.labels?.[MANAGED_BY] === CONTROLLER) queue.add(keyOf(object));
        },
        onDelete: (object) => queue.add(keyOf(object)),
      }),
    ];
  }

  async reconcile(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const service = this.services.store.get(namespace, name);
    const resource = this.#context.client.resource(endpoints);
    const current = this.endpoints.store.get(namespace, name);
    if (!service) {
      this.#triggers.forget(key);
      if (!current) return;
      await resource.delete(namespace, name).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      return;
    }
    if (service.spec.type === 'ExternalName' || service.spec.selector === undefined) return;
    const selected = this.pods.store.list(namespace).filter((pod) => selects(service, pod));
    const triggerTime = this.#triggers.next(key, service, selected);
    const all = packSubsets(selected.flatMap((pod) => occurrencesOf(pod, service)));
    const truncated = truncate(all);
    const subsets = truncated ?? all;
    const labels = labelsOf(service);
    const overCapacity = truncated ? 'truncated' : undefined;
    const known = current?.metadata.annotations ?? {};
    if (
      current &&
      deepEqual(current.subsets ?? [], subsets) &&
      deepEqual(current.metadata.labels, labels) &&
      known[OVER_CAPACITY] === overCapacity
    ) {
      return;
    }
    const { [TRIGGER_TIME]: _, [OVER_CAPACITY]: __, ...others } = known;
    const annotations = {
      ...others,
      ...(triggerTime && { [TRIGGER_TIME]: triggerTime }),
      ...(overCapacity && { [OVER_CAPACITY]: overCapacity }),
    };
    try {
      if (current) {
        await resource.update({ ...current, metadata: { ...current.metadata, labels, annotations }, subsets });
      } else {
        const object: Draft<Endpoints> = { metadata: { name, labels, annotations }, subsets };
        await resource.create(namespace, object);
      }
    } catch (error) {
      if (!current && isNamespaceTerminating(error)) return;
      this.#tell(service, current, error);
      throw error;
    }
  }

  #tell({ metadata: { namespace = '', name } }: Service, current: Endpoints | undefined, error: unknown): void {
    // Somebody, or this controller, was faster than the informer: not a failure that anybody should hear of.
    if (isConflict(error) || isAlreadyExists(error)) return;
    const cause = error instanceof Error ? error.message : String(error);
    const recorder = this.#context.recorder.as('endpoint-controller');
    const reference = current ?? { apiVersion: 'v1', kind: 'Endpoints', namespace, name };
    const [reason, what] = current
      ? ['FailedToUpdateEndpoint', 'Failed to update endpoint']
      : ['FailedToCreateEndpoint', 'Failed to create endpoint for service'];
    recorder.event(reference, 'Warning', reason, `${what} ${namespace}/${name}: ${cause}`);
  }
}

function occurrencesOf(pod: Pod, service: Service): Occurrence[] {
  const { publishNotReadyAddresses = false, ports = [], clusterIP } = service.spec;
  if (!isEndpoint(pod) || (pod.metadata.deletionTimestamp !== undefined && !publishNotReadyAddresses)) return [];
  const address = addressOf(pod, service);
  if (!address) return [];
  const ready = publishNotReadyAddresses || isPodReady(pod);
  if (ports.length === 0) return clusterIP === 'None' ? [{ address, ready }] : [];
  return ports.flatMap((port) => {
    const number = containerPort(pod, port);
    if (number === undefined) return [];
    const { name, protocol, appProtocol } = port;
    return [
      {
        address,
        ready,
        port: { ...(name && { name }), port: number, protocol, ...(appProtocol !== undefined && { appProtocol }) },
      },
    ];
  });
}

/** An Endpoints object has addresses of one family: that of the Service's address. */
function addressOf(pod: Pod, service: Service): EndpointAddress | undefined {
  const { clusterIP = '', ipFamilies = [] } = service.spec;
  const v6 = clusterIP && clusterIP !== 'None' ? isIPv6(clusterIP) : ipFamilies[0] === 'IPv6';
  const found = pod.status.podIPs?.find(({ ip }) => isIPv6(ip) === v6);
  if (!found) return undefined;
  const { namespace, name, uid } = pod.metadata;
  return {
    ip: found.ip,
    ...(hasOwnName(pod, service) && { hostname: pod.spec.hostname }),
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

function labelsOf(service: Service): Record<string, string> {
  const labels: Record<string, string> = { ...service.metadata.labels, [MANAGED_BY]: CONTROLLER };
  delete labels[HEADLESS];
  if (!service.spec.clusterIP || service.spec.clusterIP === 'None') labels[HEADLESS] = '';
  return labels;
}
