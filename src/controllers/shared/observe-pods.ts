import type { Pod } from '../../api/core/v1.gen.ts';
import { labelSelector } from '../../api/labels.ts';
import type { LabelSelector } from '../../api/meta/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { controllerOf, resolveControllerRef } from './controller-ref.ts';
import type { Expectations } from './expectations.ts';

export interface ObservePodsOptions<O extends KubeObject> {
  readonly pods: Informer<Pod>;
  readonly owners: Informer<O>;
  readonly queue: WorkQueue;
  readonly expectations: Expectations;
  readonly selectorOf: (owner: O) => LabelSelector | undefined;
}

/**
 * Wakes owners for what happens to their pods, wakes those who may adopt a pod without a controller, and keeps the
 * expectations' books. Returns what ends it.
 */
export function observePods<O extends KubeObject>(options: ObservePodsOptions<O>): () => void {
  const { pods, owners, queue, expectations, selectorOf } = options;

  const ownerOf = (pod: Pod) => resolveControllerRef(owners, pod.metadata.namespace ?? '', controllerOf(pod));

  const wakeAdopters = (pod: Pod) => {
    for (const owner of owners.store.list(pod.metadata.namespace)) {
      const selector = selectorOf(owner);
      if (labelSelector(selector).matches(pod.metadata.labels)) queue.add(keyOf(owner));
    }
  };

  const goes = (pod: Pod) => {
    const owner = ownerOf(pod);
    if (!owner) return;
    expectations.deletionObserved(keyOf(owner), keyOf(pod));
    queue.add(keyOf(owner));
  };

  return pods.addHandler({
    onAdd: (pod) => {
      if (pod.metadata.deletionTimestamp) return goes(pod);
      if (!controllerOf(pod)) return wakeAdopters(pod);
      const owner = ownerOf(pod);
      if (!owner) return;
      expectations.creationObserved(keyOf(owner));
      queue.add(keyOf(owner));
    },
    onUpdate: (before, pod) => {
      const changedHands = controllerOf(before)?.uid !== controllerOf(pod)?.uid;
      if (changedHands) {
        const previous = ownerOf(before);
        if (previous) queue.add(keyOf(previous));
      }
      if (pod.metadata.deletionTimestamp) return goes(pod);
      if (controllerOf(pod)) {
        const owner = ownerOf(pod);
        if (owner) queue.add(keyOf(owner));
      } else if (changedHands || before.metadata.labels !== pod.metadata.labels) {
        wakeAdopters(pod);
      }
    },
    onDelete: goes,
  });
}
