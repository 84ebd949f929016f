import type { Pod, PodCondition } from '../../api/core/v1.gen.ts';
import { formatTime } from '../../schema/time.ts';
import type { Clock } from '../../utils/clock.ts';

type Type = 'PodResizePending' | 'PodResizeInProgress';

interface Entry {
  pending?: PodCondition;
  progress?: PodCondition;
}

/** Where each pod's resize stands, as the conditions that its status shows. */
export class ResizeConditions {
  readonly #clock: Clock;
  readonly #pods = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  list(uid: string): PodCondition[] {
    const { pending, progress } = this.#pods.get(uid) ?? {};
    return [pending, progress].filter((c) => c !== undefined);
  }

  pending(uid: string): PodCondition | undefined {
    return this.#pods.get(uid)?.pending;
  }

  /** Says why a resize must wait or cannot be; true where that is news. */
  setPending(pod: Pod, reason: 'Infeasible' | 'Deferred', message: string): boolean {
    const entry = this.#entry(pod);
    const before = entry.pending;
    entry.pending = this.#condition('PodResizePending', before, reason, message, pod.metadata.generation);
    return before?.reason !== reason || before.observedGeneration !== pod.metadata.generation;
  }

  /**
   * Says that a resize is being done. What went wrong is kept until it is over, and so is the generation that it is of;
   * a resize that begins clears the one before it. Answers with that generation, and whether anything is news.
   */
  setInProgress(pod: Pod, reason = '', message = ''): { readonly generation: number; readonly changed: boolean } {
    const entry = this.#entry(pod);
    const before = entry.progress;
    const generation = before ? before.observedGeneration : pod.metadata.generation;
    const keep = !reason && !message;
    const why = keep ? (before?.reason ?? '') : reason;
    const text = keep ? (before?.message ?? '') : message;
    entry.progress = this.#condition('PodResizeInProgress', before, why, text, generation);
    return {
      generation: generation ?? 0,
      changed: !before || (before.reason ?? '') !== why || (before.message ?? '') !== text,
    };
  }

  clearPending(uid: string): void {
    const entry = this.#pods.get(uid);
    if (entry) delete entry.pending;
  }

  /** The generation that the resize was of; undefined: none was being done. */
  clearInProgress(uid: string): number | undefined {
    const entry = this.#pods.get(uid);
    const generation = entry?.progress && (entry.progress.observedGeneration ?? 0);
    if (entry) delete entry.progress;
    return generation;
  }

  /** Takes over what an earlier agent has reported. */
  backfill(pod: Pod): void {
    for (const condition of pod.status?.conditions ?? []) {
      if (condition.type === 'PodResizePending') this.#entry(pod).pending = condition;
      if (condition.type === 'PodResizeInProgress') this.#entry(pod).progress = condition;
    }
  }

  forget(uid: string): void {
    this.#pods.delete(uid);
  }

  #entry(pod: Pod): Entry {
    const uid = pod.metadata.uid ?? '';
    let entry = this.#pods.get(uid);
    if (!entry) {
      entry = {};
      this.#pods.set(uid, entry);
    }
    return entry;
  }

  #condition(
    type: Type,
    before: PodCondition | undefined,
    reason: string,
    message: string,
    generation: number | undefined,
  ): PodCondition {
    const now = formatTime(this.#clock.now());
    const since = before && (before.reason ?? '') === reason ? before.lastTransitionTime : undefined;
    return {
      type,
      status: 'True',
      ...(generation !== undefined && { observedGeneration: generation }),
      lastProbeTime: now,
      lastTransitionTime: since ?? now,
      ...(reason && { reason }),
      ...(message && { message }),
    };
  }
}
