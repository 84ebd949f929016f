import { formatQuantity, newQuantity } from '../../schema/quantity.ts';

/** What a node can run short of. https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/ */
export type Signal =
  | 'memory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'pid.available';

export type NodeCondition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = Partial<Readonly<Record<Signal, Observation>>>;

interface Threshold {
  readonly signal: Signal;
  readonly condition: NodeCondition;
  /** As events and messages name it. */
  readonly resource: string;
  /** The least that must be left: bytes or pieces, or a share of what there is. */
  readonly least: (capacity: number) => number;
}

const share = (of: number) => (capacity: number) => Math.trunc(capacity * of);
const disk = (signal: Signal, resource: string, of: number): Threshold => ({
  signal,
  condition: 'DiskPressure',
  resource,
  least: share(of),
});

/**
 * The kubelet's hard thresholds on Linux, memory first, since that is the order in which they are met; but for space on
 * disks k3s' share, not a tenth and more: laptops and machines of CI are fuller than that, and work.
 */
const thresholds: readonly Threshold[] = [
  {
    signal: 'memory.available',
    condition: 'MemoryPressure',
    resource: 'memory',
    least: () => 100 * 1024 * 1024,
  },
  disk('nodefs.available', 'ephemeral-storage', 0.05),
  disk('imagefs.available', 'ephemeral-storage', 0.05),
  disk('nodefs.inodesFree', 'inodes', 0.05),
  disk('imagefs.inodesFree', 'inodes', 0.05),
  // Not evicted for by default; the condition keeps new pods away.
  { signal: 'pid.available', condition: 'PIDPressure', resource: 'pids', least: share(0.02) },
];

/** A threshold that has been met. */
export interface Shortage {
  readonly signal: Signal;
  readonly condition: NodeCondition;
  readonly resource: string;
  readonly least: number;
  readonly available: number;
}

/** What the node is short of; the first is what is to be had again first. */
export function shortages(seen: Observations): Shortage[] {
  return thresholds.flatMap(({ signal, condition, resource, least }) => {
    const observed = seen[signal];
    if (!observed) return [];
    const needed = least(observed.capacity);
    if (observed.available >= needed) return [];
    return [{ signal, condition, resource, least: needed, available: observed.available }];
  });
}

/** Amounts as the kubelet's messages have them. */
export const amount = (value: number): string => formatQuantity(newQuantity(Math.trunc(value), 'BinarySI'));
