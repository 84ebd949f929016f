import type { Pod } from '../../api/core/v1.gen.ts';
import { podRequests, type Resources } from './resources.ts';

/** A pod with what the plugins ask of it again and again, worked out once. */
export interface PodInfo {
  readonly pod: Pod;
  readonly requests: Resources;
  /** Requests with defaults for containers that have none; for ranking only. */
  readonly nonZero: Resources;
  readonly hostPorts: readonly HostPort[];
}

export interface HostPort {
  readonly protocol: string;
  /** "" and "0.0.0.0" mean every address. */
  readonly ip: string;
  readonly port: number;
}

const noPorts: readonly HostPort[] = [];

export function podInfo(pod: Pod): PodInfo {
  return { pod, requests: podRequests(pod), nonZero: podRequests(pod, true), hostPorts: hostPortsOf(pod) };
}

function hostPortsOf(pod: Pod): readonly HostPort[] {
  let ports: HostPort[] | undefined;
  const sidecars = pod.spec.initContainers?.filter((c) => c.restartPolicy === 'Always') ?? [];
  for (const container of [...pod.spec.containers, ...sidecars]) {
    for (const p of container.ports ?? []) {
      if (!p.hostPort) continue;
      ports ??= [];
      ports.push({ protocol: p.protocol ?? 'TCP', ip: p.hostIP ?? '', port: p.hostPort });
    }
  }
  return ports ?? noPorts;
}
