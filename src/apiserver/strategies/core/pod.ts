import type { Pod } from '../../../api/core/v1.gen.ts';
import { qosClass } from '../../../api/pod-qos.ts';
import type { Mutable } from '../../../api/resource.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { Path } from '../../../schema/field-error.ts';
import { formatTime } from '../../../schema/time.ts';
import type { SubresourceStrategy } from '../../strategy.ts';
import { validateEphemeralContainersUpdate, validatePod, validatePodUpdate } from '../../validation/pod.ts';
import { validatePodResize } from '../../validation/pod-resize.ts';
import { validatePodStatusUpdate } from '../../validation/pod-status.ts';
import { define } from '../define.ts';
import { fillInAppArmor } from './app-armor.ts';
import { dropDisabledFields, dropDisabledStatus } from './disabled-fields.ts';
import { warnOfIp } from './ip-warnings.ts';
import { mergeMatchLabelKeys } from './match-label-keys.ts';
import { podCells } from './pod-cells.ts';
import { setPodDefaults } from './pod-defaults.ts';
import { podWarnings } from './pod-warnings.ts';

const finished = (pod: Pod): boolean => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';

/** A time that is shown even where there is none. */
const NEVER = null as unknown as undefined;

/** A pod's generation counts the changes of its spec, from one. */
function countGeneration(pod: Mutable<Pod>, old: Pod): void {
  if (!deepEqual(pod.spec, old.spec)) pod.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** What subresources of pods leave of an object's metadata as it is. */
function keepMetadata(pod: Mutable<Pod>, old: Pod): void {
  const { labels, annotations, finalizers, ownerReferences } = old.metadata as Mutable<Pod>['metadata'];
  Object.assign(pod.metadata, { labels, annotations, finalizers, ownerReferences });
}

/** Generations that reporters of old do not know they should repeat are kept, condition by condition. */
function keepObservedGenerations(pod: Mutable<Pod>, old: Pod): void {
  if (!pod.status.observedGeneration && old.status.observedGeneration) {
    pod.status.observedGeneration = old.status.observedGeneration;
  }
  const before = [...(old.status.conditions ?? [])];
  for (const condition of pod.status.conditions ?? []) {
    const at = before.findIndex(({ type }) => type === condition.type);
    if (at < 0) continue;
    const [{ observedGeneration } = {}] = before.splice(at, 1);
    if (!condition.observedGeneration && observedGeneration) condition.observedGeneration = observedGeneration;
  }
}

/** The kubelet's report: owners and the class of service are not its to change. */
const status: SubresourceStrategy<Pod> = {
  prepareForUpdate: (pod, old) => {
    pod.spec = old.spec as Mutable<Pod>['spec'];
    pod.metadata.ownerReferences = old.metadata.ownerReferences as Mutable<Pod>['metadata']['ownerReferences'];
    if (!pod.status.qosClass) pod.status.qosClass = old.status.qosClass;
    keepObservedGenerations(pod, old);
    dropDisabledStatus(pod.status);
  },
  validateUpdate: validatePodStatusUpdate,
  warnings: ({ status }) => {
    const found: string[] = [];
    for (const field of ['podIPs', 'hostIPs'] as const) {
      for (const [i, { ip }] of (status[field] ?? []).entries()) {
        warnOfIp(ip ?? '', Path.of('status', field).index(i).child('ip'), found);
      }
    }
    return found;
  },
};

/** Only the debugging containers are the client's. */
const ephemeralcontainers: SubresourceStrategy<Pod> = {
  prepareForUpdate: (pod, old) => {
    const { ephemeralContainers } = pod.spec;
    pod.spec = { ...old.spec, ephemeralContainers } as Mutable<Pod>['spec'];
    keepMetadata(pod, old);
    pod.status = old.status as Mutable<Pod>['status'];
    dropDisabledFields(pod.spec, old.spec);
    countGeneration(pod, old);
  },
  validateUpdate: validateEphemeralContainersUpdate,
};

/** Only the containers' resources and how they are resized, and the pod's resources as a whole, are the client's. */
const resize: SubresourceStrategy<Pod> = {
  prepareForUpdate: (pod, old) => {
    const asked = pod.spec;
    const sameCount = (kind: 'containers' | 'initContainers'): boolean =>
      (asked[kind]?.length ?? 0) === (old.spec[kind]?.length ?? 0);
    // Containers that came, went or changed places are left for validation to find.
    if (sameCount('containers') && sameCount('initContainers')) {
      const take = (kind: 'containers' | 'initContainers') => {
        const now = asked[kind] ?? [];
        const before = old.spec[kind];
        if (now.some(({ name }, i) => name !== before?.[i]?.name)) return now;
        return before?.map((container, i) => {
          const { resources: _, resizePolicy: __, ...rest } = container;
          const resizePolicy = now[i]?.resizePolicy;
          return { ...rest, resources: now[i]?.resources ?? {}, ...(resizePolicy && { resizePolicy }) };
        });
      };
      const { resources: _, initContainers: __, ...rest } = old.spec;
      const initContainers = take('initContainers');
      pod.spec = {
        ...rest,
        ...(initContainers && { initContainers }),
        containers: take('containers') ?? [],
        ...(asked.resources && { resources: asked.resources }),
      } as Mutable<Pod>['spec'];
      pod.status = old.status as Mutable<Pod>['status'];
      keepMetadata(pod, old);
    }
    countGeneration(pod, old);
  },
  validateUpdate: validatePodResize,
};

export const pod = define<Pod>({
  setDefaults: setPodDefaults,
  prepareForCreate: (pod, { warn, now }) => {
    pod.metadata.generation = 1;
    pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
    dropDisabledFields(pod.spec, undefined);
    if (pod.spec.schedulingGates?.length) {
      pod.status.conditions = [
        {
          type: 'PodScheduled',
          status: 'False',
          lastProbeTime: NEVER,
          lastTransitionTime: formatTime(now),
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
        },
      ];
    }
    if (pod.spec.affinity || pod.spec.topologySpreadConstraints) mergeMatchLabelKeys(pod);
    fillInAppArmor(pod, warn);
  },
  validateCreate: validatePod,
  prepareForUpdate: (pod, old) => {
    pod.status = old.status as Mutable<Pod>['status'];
    dropDisabledFields(pod.spec, old.spec);
    countGeneration(pod, old);
  },
  validateUpdate: validatePodUpdate,
  subresources: { status, ephemeralcontainers, resize },
  graceSeconds: (pod, requested) => {
    // Nothing runs anywhere: there is nothing to wait for.
    if (!pod.spec.nodeName || finished(pod)) return 0;
    const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0;
    return seconds < 0 ? 1 : seconds;
  },
  selectableFields: ({ spec, status }) => ({
    'spec.nodeName': spec?.nodeName ?? '',
    'spec.restartPolicy': spec?.restartPolicy ?? '',
    'spec.schedulerName': spec?.schedulerName ?? '',
    'spec.serviceAccountName': spec?.serviceAccountName ?? '',
    'spec.hostNetwork': String(spec?.hostNetwork ?? false),
    'status.phase': status?.phase ?? '',
    'status.podIP': status?.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': status?.nominatedNodeName ?? '',
  }),
  // People hardly change pods directly, and kubelets and controllers do not read warnings.
  warnings: (pod, old) => (old ? [] : podWarnings(pod)),
  tableCells: podCells,
  rowConditions: ({ status }) => {
    if (status.phase !== 'Succeeded' && status.phase !== 'Failed') return undefined;
    const message = status.phase === 'Failed' ? 'The pod failed.' : 'The pod has completed successfully.';
    return [{ type: 'Completed', status: 'True', reason: status.phase, message }];
  },
});
