import type { Service } from '../../api/core/v1.gen.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/discovery/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { stable } from '../shared/hash.ts';
import type { AddressType } from './endpoint.ts';

export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
export const SERVICE_NAME = 'kubernetes.io/service-name';
const HEADLESS = 'service.kubernetes.io/headless';
export const CONTROLLER = 'endpointslice-controller.k8s.io';
/** As --max-endpoints-per-slice. */
export const MAX_ENDPOINTS = 100;

/** Endpoints that share their ports, and with them their slices. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export type NewSlice = Pick<EndpointSlice, 'addressType' | 'endpoints' | 'ports'> &
  Required<Pick<Draft<EndpointSlice>, 'metadata'>>;

export interface SlicePlan {
  readonly create: NewSlice[];
  readonly update: EndpointSlice[];
  readonly remove: EndpointSlice[];
}

/**
 * What to write so that the slices of one address type hold the groups' endpoints. As every node watches every slice,
 * it changes as few as it can rather than pack them well: endpoints stay where they are, new ones go first into
 * slices that change anyway, then all into one that has room for them, then into new slices.
 */
export function planSlices(
  service: Service,
  addressType: AddressType,
  existing: readonly EndpointSlice[],
  groups: readonly EndpointGroup[],
): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], remove: [] };
  const byPorts = new Map<string, EndpointSlice[]>();
  for (const slice of existing) {
    if (!ownedBy(slice, service)) plan.remove.push(slice);
    else append(byPorts, portsKey(slice.ports), slice);
  }
  for (const group of mergeGroups(groups)) {
    const key = portsKey(group.ports);
    planGroup(service, addressType, byPorts.get(key) ?? [], group, plan);
    byPorts.delete(key);
  }
  for (const slices of byPorts.values()) plan.remove.push(...slices);
  if (plan.remove.length === existing.length && plan.create.length === 0) keepOne(service, addressType, plan);
  return reuse(service, plan);
}

/** A Service without endpoints has one slice that says so. */
function keepOne(service: Service, addressType: AddressType, plan: SlicePlan): void {
  const placeholder = newSlice(service, addressType, [], []);
  const [only, ...others] = plan.remove;
  const same =
    only !== undefined &&
    others.length === 0 &&
    ownedBy(only, service) &&
    (only.endpoints ?? []).length === 0 &&
    (only.ports ?? []).length === 0 &&
    deepEqual(only.metadata.labels, placeholder.metadata.labels);
  if (same) plan.remove.length = 0;
  else plan.create.push(placeholder);
}

function planGroup(
  service: Service,
  addressType: AddressType,
  existing: readonly EndpointSlice[],
  group: EndpointGroup,
  plan: SlicePlan,
): void {
  const missing = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const labels = sliceLabels(service);
  const unchanged: EndpointSlice[] = [];
  const changed: { readonly slice: EndpointSlice; readonly endpoints: Endpoint[] }[] = [];
  for (const slice of existing) {
    const endpoints: Endpoint[] = [];
    let same = deepEqual(slice.metadata.labels, labels);
    for (const endpoint of slice.endpoints ?? []) {
      const key = endpointKey(endpoint);
      const wanted = missing.get(key);
      if (!wanted || !deepEqual(wanted, endpoint)) same = false;
      if (wanted) endpoints.push(wanted);
      missing.delete(key);
    }
    if (same && endpoints.length > 0) unchanged.push(slice);
    else if (endpoints.length > 0) changed.push({ slice, endpoints });
    else if (same && group.endpoints.length === 0) unchanged.push(slice);
    else plan.remove.push(slice);
  }
  const left = [...missing.values()];
  changed.sort((a, b) => b.endpoints.length - a.endpoints.length);
  for (const { endpoints } of changed) endpoints.push(...left.splice(0, MAX_ENDPOINTS - endpoints.length));
  while (left.length > 0) {
    const room = left.length < MAX_ENDPOINTS ? fullest(unchanged, MAX_ENDPOINTS - left.length) : undefined;
    const endpoints = left.splice(0, MAX_ENDPOINTS);
    if (room) changed.push({ slice: room, endpoints: [...(room.endpoints ?? []), ...endpoints] });
    else plan.create.push(newSlice(service, addressType, group.ports, endpoints));
  }
  for (const { slice, endpoints } of changed) {
    plan.update.push({ ...slice, metadata: { ...slice.metadata, labels }, endpoints });
  }
}

/** The slice with most endpoints of those that have at most `limit`. */
function fullest(slices: readonly EndpointSlice[], limit: number): EndpointSlice | undefined {
  let best: EndpointSlice | undefined;
  for (const slice of slices) {
    const count = slice.endpoints?.length ?? 0;
    if (count <= limit && (!best || count > (best.endpoints?.length ?? 0))) best = slice;
  }
  return best;
}

/** One write in place of two: a slice to be removed becomes one to be created. */
function reuse(service: Service, { create, update, remove }: SlicePlan): SlicePlan {
  const reused: EndpointSlice[] = [];
  const gone: EndpointSlice[] = [];
  const fresh = [...create];
  for (const slice of remove) {
    const [next] = fresh;
    if (!next || !ownedBy(slice, service)) {
      gone.push(slice);
      continue;
    }
    fresh.shift();
    const { endpoints, ports } = next;
    reused.push({ ...slice, metadata: { ...slice.metadata, labels: sliceLabels(service) }, endpoints, ports });
  }
  return { create: fresh, update: [...update, ...reused], remove: gone };
}

function newSlice(
  service: Service,
  addressType: AddressType,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
): NewSlice {
  const { name, uid } = service.metadata;
  return {
    metadata: {
      generateName: `${name}-`,
      labels: sliceLabels(service),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType,
    endpoints,
    ports,
  };
}

/** The Service's labels, and those that say whose slice it is. */
export function sliceLabels(service: Service): Record<string, string> {
  const labels: Record<string, string> = { ...service.metadata.labels };
  delete labels[HEADLESS];
  if (!service.spec.clusterIP || service.spec.clusterIP === 'None') labels[HEADLESS] = '';
  labels[SERVICE_NAME] = service.metadata.name;
  labels[MANAGED_BY] = CONTROLLER;
  return labels;
}

function ownedBy(slice: EndpointSlice, service: Service): boolean {
  return (slice.metadata.ownerReferences ?? []).some(
    (owner) => owner.uid === service.metadata.uid && owner.kind === 'Service' && owner.apiVersion === 'v1',
  );
}

/** Pods that resolve a port to the same number share slices, whatever order the ports come in. */
function portsKey(ports: readonly EndpointPort[] | undefined): string {
  return (ports ?? []).map(stable).sort().join();
}

function endpointKey({ addresses, hostname, targetRef }: Endpoint): string {
  return JSON.stringify([[...addresses].sort(), hostname ?? '', targetRef?.namespace, targetRef?.name, targetRef?.uid]);
}

function mergeGroups(groups: readonly EndpointGroup[]): EndpointGroup[] {
  const merged = new Map<string, EndpointGroup>();
  for (const { ports, endpoints } of groups) {
    const key = portsKey(ports);
    const known = merged.get(key);
    merged.set(
      key,
      known ? { ports: known.ports, endpoints: [...known.endpoints, ...endpoints] } : { ports, endpoints },
    );
  }
  return [...merged.values()];
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
