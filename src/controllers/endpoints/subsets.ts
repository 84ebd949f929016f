import type { EndpointAddress, EndpointPort, EndpointSubset } from '../../api/core/v1.gen.ts';
import { stable } from '../shared/hash.ts';

/** One pod at one port. */
export interface Occurrence {
  readonly address: EndpointAddress;
  readonly ready: boolean;
  /** Absent for headless Services without ports. */
  readonly port?: EndpointPort;
}

/**
 * Ports that the same addresses serve in the same state, together: the least number of subsets that says it all. The
 * order depends on nothing but the contents, so that equal endpoints are equal objects.
 */
export function packSubsets(occurrences: readonly Occurrence[]): EndpointSubset[] {
  const byPort = new Map<string, Map<string, Occurrence>>();
  for (const occurrence of occurrences) {
    const port = occurrence.port ? stable(occurrence.port) : '';
    const addresses = byPort.get(port) ?? new Map<string, Occurrence>();
    byPort.set(port, addresses);
    const key = addressKey(occurrence.address);
    // Not ready trumps ready.
    if (!addresses.has(key) || !occurrence.ready) addresses.set(key, occurrence);
  }
  const byAddresses = new Map<string, { readonly occurrences: Occurrence[]; readonly ports: EndpointPort[] }>();
  for (const addresses of byPort.values()) {
    const sorted = [...addresses].sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify(sorted.map(([address, { ready }]) => [address, ready]));
    const group = byAddresses.get(key) ?? { occurrences: sorted.map(([, occurrence]) => occurrence), ports: [] };
    byAddresses.set(key, group);
    const port = sorted[0]?.[1].port;
    if (port) group.ports.push(port);
  }
  return [...byAddresses]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => {
      const addresses = group.occurrences.filter(({ ready }) => ready).map(({ address }) => address);
      const notReadyAddresses = group.occurrences.filter(({ ready }) => !ready).map(({ address }) => address);
      return {
        ...(addresses.length > 0 && { addresses }),
        ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
        ...(group.ports.length > 0 && { ports: group.ports.sort(byContents) }),
      };
    });
}

/** An Endpoints object may have so many addresses. */
const CAPACITY = 1000;

/**
 * Leaves out what is more than `CAPACITY`: first addresses that are not ready, from each subset in proportion.
 * Undefined when nothing is too much.
 */
export function truncate(subsets: readonly EndpointSubset[], capacity = CAPACITY): EndpointSubset[] | undefined {
  const count = (list: keyof Pick<EndpointSubset, 'addresses' | 'notReadyAddresses'>) =>
    subsets.reduce((sum, subset) => sum + (subset[list]?.length ?? 0), 0);
  const ready = count('addresses');
  const notReady = count('notReadyAddresses');
  if (ready + notReady <= capacity) return undefined;
  const tooManyReady = ready > capacity;
  const list = tooManyReady ? 'addresses' : 'notReadyAddresses';
  const total = tooManyReady ? ready : notReady;
  const room = tooManyReady ? capacity : capacity - ready;
  let left = room;
  return subsets.map((subset) => {
    const all = subset[list] ?? [];
    const share = Math.min(left, Math.ceil((all.length / total) * room));
    const kept = all.slice(0, share);
    left -= kept.length;
    const { [list]: _, ...others } = subset;
    if (tooManyReady) delete (others as { notReadyAddresses?: unknown }).notReadyAddresses;
    return { ...others, ...(kept.length > 0 && { [list]: kept }) };
  });
}

/** Pods on their node's network share its address. */
function addressKey({ ip, targetRef }: EndpointAddress): string {
  return `${ip} ${targetRef?.uid ?? ''}`;
}

function byContents(a: EndpointPort, b: EndpointPort): number {
  return stable(a) < stable(b) ? -1 : 1;
}
