import type { Node, NodeCondition, NodeStatus, Taint } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { formatTime } from '../../schema/time.ts';
import type { Image, RuntimeCondition } from '../cri/types.ts';
import type { NodeCondition as PressureCondition } from '../eviction/thresholds.ts';
import { architecture, type MachineResources, nodeInfo } from './machine.ts';

export interface NodeInput {
  readonly nodeName: string;
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly port: number;
  readonly maxPods: number;
  readonly machine: MachineResources;
  /** "containerd://1.6.20" */
  readonly runtimeVersion: string;
}

/** The Node object that a kubelet registers. */
export function newNode(input: NodeInput, status: NodeStatus): Draft<Node> {
  const arch = architecture();
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: input.nodeName,
      labels: {
        'beta.kubernetes.io/arch': arch,
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': arch,
        'kubernetes.io/hostname': input.hostname,
        'kubernetes.io/os': 'linux',
        ...input.labels,
      },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    ...(input.taints.length && { spec: { taints: input.taints } }),
    status,
  };
}

export interface NodeObservation {
  readonly now: number;
  readonly pressure: (condition: PressureCondition) => boolean;
  /** The runtime's own conditions; undefined: it does not answer, with `runtimeError` saying why. */
  readonly runtime: readonly RuntimeCondition[] | undefined;
  readonly runtimeError?: string;
  readonly images: readonly Image[];
}

const MOST_IMAGES = 50;
const MOST_NAMES = 5;

/** The node's status; times of transitions are taken over from `old` where nothing changed. Pure but for nodeInfo. */
export function nodeStatus(input: NodeInput, seen: NodeObservation, old: NodeStatus | undefined): NodeStatus {
  const { machine } = input;
  const amounts = {
    cpu: machine.cpu,
    'ephemeral-storage': machine.ephemeralStorage,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: machine.memory,
    pods: String(input.maxPods),
  };
  return {
    capacity: amounts,
    allocatable: amounts,
    conditions: nodeConditions(seen, old?.conditions ?? []),
    addresses: [
      ...input.addresses.map((address) => ({ type: 'InternalIP' as const, address })),
      { type: 'Hostname', address: input.hostname },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: input.port } },
    nodeInfo: nodeInfo(input.runtimeVersion),
    images: [...seen.images]
      .sort((a, b) => Number(b.size) - Number(a.size))
      .slice(0, MOST_IMAGES)
      .map((image) => ({
        names: [...image.repoDigests, ...image.repoTags].slice(0, MOST_NAMES),
        sizeBytes: Number(image.size),
      })),
  };
}

function nodeConditions(seen: NodeObservation, old: readonly NodeCondition[]): NodeCondition[] {
  const now = formatTime(seen.now);
  const condition = (type: string, holds: boolean, reason: string, message: string): NodeCondition => {
    const status = holds ? 'True' : 'False';
    const before = old.find((c) => c.type === type);
    const since = before?.status === status ? before.lastTransitionTime : undefined;
    return { type, status, lastHeartbeatTime: now, lastTransitionTime: since ?? now, reason, message };
  };
  const short = (type: string, holds: boolean, no: [string, string], yes: [string, string]) =>
    condition(type, holds, ...(holds ? yes : no));
  const problem = notReady(seen);
  return [
    short(
      'MemoryPressure',
      seen.pressure('MemoryPressure'),
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    ),
    short(
      'DiskPressure',
      seen.pressure('DiskPressure'),
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    ),
    short(
      'PIDPressure',
      seen.pressure('PIDPressure'),
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    ),
    problem
      ? condition('Ready', false, 'KubeletNotReady', problem)
      : condition('Ready', true, 'KubeletReady', 'kubelet is posting ready status'),
  ];
}

/** Why the node cannot run pods, in the kubelet's words. */
function notReady(seen: NodeObservation): string | undefined {
  if (!seen.runtime) return seen.runtimeError ?? 'container runtime is down';
  const problems: string[] = [];
  for (const type of ['RuntimeReady', 'NetworkReady']) {
    const found = seen.runtime.find((c) => c.type === type);
    if (found?.status) continue;
    const state = `${type}=false reason:${found?.reason ?? ''} message:${found?.message ?? ''}`;
    if (type === 'RuntimeReady') problems.push(`container runtime not ready: ${state}`);
    else problems.push(networkNotReady(found));
  }
  return problems.length ? problems.join(', ') : undefined;
}

/** The words for a network that is not ready, in conditions and in events. */
export function networkNotReady(found: RuntimeCondition | undefined): string {
  return `container runtime network not ready: NetworkReady=false reason:${found?.reason ?? ''} message:${found?.message ?? ''}`;
}

/** Whether something but the heartbeats differs. */
export function nodeStatusChanged(a: NodeStatus, b: NodeStatus): boolean {
  const comparable = (status: NodeStatus) =>
    JSON.stringify([
      status.capacity,
      status.allocatable,
      status.addresses,
      status.daemonEndpoints,
      status.nodeInfo,
      status.images?.map((i) => [i.names, i.sizeBytes]),
      status.conditions
        ?.filter((c) => OWN_CONDITIONS.has(c.type))
        .map(({ type, status: is, reason, message }) => [type, is, reason, message]),
    ]);
  return comparable(a) !== comparable(b);
}

const OWN_CONDITIONS = new Set(['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready']);
