import type { Pod, Service } from '../../api/core/v1.gen.ts';
import type { Informer, ResourceEventHandler } from '../../client/informer.ts';
import { keyOf } from '../../client/store.ts';
import { deepEqual } from '../../schema/equal.ts';
import { isPodReady, isPodTerminal } from '../shared/pods.ts';

const INDEX = 'selector';

/** Which Services select a pod, without looking at every Service of the namespace. */
export class ServiceMembership {
  readonly #services: Informer<Service>;

  constructor(services: Informer<Service>) {
    // One pair of the selector is enough to find candidates by a pod's labels.
    this.#services = services.addIndex(INDEX, (service) => {
      const [pair] = Object.entries(service.spec.selector ?? {});
      return pair ? [candidate(service.metadata.namespace, pair)] : [];
    });
  }

  /** Keys of the Services that select these labels. */
  servicesOf(pod: Pod): string[] {
    const labels = pod.metadata.labels ?? {};
    return Object.entries(labels)
      .flatMap((pair) => this.#services.store.byIndex(INDEX, candidate(pod.metadata.namespace, pair)))
      .filter((service) => selects(service, pod))
      .map(keyOf);
  }

  /** Calls `changed` with the key of each Service whose endpoints a change of a pod may concern. */
  observer(changed: (key: string) => void): ResourceEventHandler<Pod> {
    const tell = (pod: Pod) => this.servicesOf(pod).forEach(changed);
    return {
      onAdd: tell,
      onUpdate: (before, pod) => {
        const relabelled = !deepEqual(before.metadata.labels, pod.metadata.labels);
        if (!relabelled && !endpointChanged(before, pod)) return;
        tell(pod);
        if (relabelled) tell(before);
      },
      onDelete: tell,
    };
  }
}

/** A Service without a selector selects nothing. */
export function selects(service: Service, pod: Pod): boolean {
  const pairs = Object.entries(service.spec.selector ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

function endpointChanged(a: Pod, b: Pod): boolean {
  return (
    a.metadata.uid !== b.metadata.uid ||
    a.metadata.deletionTimestamp !== b.metadata.deletionTimestamp ||
    isPodReady(a) !== isPodReady(b) ||
    isPodTerminal(a) !== isPodTerminal(b) ||
    a.spec.nodeName !== b.spec.nodeName ||
    a.spec.hostname !== b.spec.hostname ||
    a.spec.subdomain !== b.spec.subdomain ||
    !deepEqual(a.status.podIPs, b.status.podIPs)
  );
}

const candidate = (namespace = '', [key, value]: [string, string]): string => `${namespace}/${key}=${value}`;
