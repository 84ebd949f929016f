import type { Pod, Service } from '../../api/core/v1.gen.ts';
import { formatTime, timeToMs } from '../../schema/time.ts';
import { podCondition } from '../shared/pods.ts';

export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

interface Seen {
  readonly service: number;
  readonly pods: ReadonlyMap<string, number>;
}

/**
 * When what a Service's endpoints are about to show happened: the earliest change since the last look. Proxies
 * measure their programming latency from there. Seconds are as exact as the conditions of pods are.
 */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** Undefined when nothing that has a time changed. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key);
    const times = new Map<string, number>();
    let earliest = Number.POSITIVE_INFINITY;
    for (const pod of pods) {
      const changed = podCondition(pod, 'Ready')?.lastTransitionTime;
      if (!changed) continue;
      const time = timeToMs(changed);
      times.set(pod.metadata.name, time);
      if (time > (before?.pods.get(pod.metadata.name) ?? 0)) earliest = Math.min(earliest, time);
    }
    const created = timeToMs(service.metadata.creationTimestamp);
    if (created > (before?.service ?? 0)) earliest = Math.min(earliest, created);
    this.#seen.set(key, { service: created, pods: times });
    return Number.isFinite(earliest) ? formatTime(earliest) : undefined;
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
