import type { Pod } from '../../../api/core/v1.gen.ts';
import { qosClass } from '../../../api/pod-qos.ts';
import type { Mutable } from '../../../api/resource.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { Path } from '../../../schema/field-error.ts';
import type { SubresourceStrategy } from '../../strategy.ts';
import {
  validateEphemeralContainersUpdate,
  validatePod,
  validatePodResize,
  validatePodStatusUpdate,
  validatePodUpdate,
} from '../../validation/pod.ts';
import { define } from '../define.ts';
import { podCells } from './pod-cells.ts';
import { setPodDefaults } from './pod-defaults.ts';
import { podSpecWarnings } from './pod-warnings.ts';

const finished = (pod: Pod): boolean => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';

/** A pod's generation counts the changes of its spec, from one. */
function countGeneration(pod: Mutable<Pod>, old: Pod): void {
  if (!deepEqual(pod.spec, old.spec)) pod.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** The kubelet's report: owners and the class of service are not its to change. */
const status: SubresourceStrategy<Pod> = {
  prepareForUpdate: (pod, old) => {
    pod.spec = old.spec as Mutable<Pod>['spec'];
    pod.metadata.ownerReferences = old.metadata.ownerReferences as Mutable<Pod>['metadata']['ownerReferences'];
    if (old.status.qosClass) pod.status.qosClass = old.status.qosClass;
  },
  validateUpdate: validatePodStatusUpdate,
};

/** Only the debugging containers are the client's. */
const ephemeralcontainers: SubresourceStrategy<Pod> = {
  prepareForUpdate: (pod, old) => {
    const { ephemeralContainers } = pod.spec;
    pod.spec = { ...old.spec, ephemeralContainers } as Mutable<Pod>['spec'];
    pod.metadata = { ...old.metadata, resourceVersion: pod.metadata.resourceVersion } as Mutable<Pod>['metadata'];
    pod.status = old.status as Mutable<Pod>['status'];
    countGeneration(pod, old);
  },
  validateUpdate: validateEphemeralContainersUpdate,
};

/** Only the containers' resources and how they are resized are the client's. */
const resize: SubresourceStrategy<Pod> = {
  prepareForUpdate: (pod, old) => {
    const asked = pod.spec;
    pod.metadata = { ...old.metadata, resourceVersion: pod.metadata.resourceVersion } as Mutable<Pod>['metadata'];
    pod.status = old.status as Mutable<Pod>['status'];
    const take = (kind: 'containers' | 'initContainers') =>
      old.spec[kind]?.map((container) => {
        const wanted = asked[kind]?.find(({ name }) => name === container.name);
        if (!wanted) return container;
        return { ...container, resources: wanted.resources, resizePolicy: wanted.resizePolicy };
      });
    const initContainers = take('initContainers');
    pod.spec = { ...old.spec, containers: take('containers') ?? [], initContainers } as Mutable<Pod>['spec'];
    countGeneration(pod, old);
  },
  validateUpdate: validatePodResize,
};

export const pod = define<Pod>({
  setDefaults: setPodDefaults,
  prepareForCreate: (pod) => {
    pod.metadata.generation = 1;
    // Less than nothing means the least that is something.
    if ((pod.spec.terminationGracePeriodSeconds ?? 0) < 0) pod.spec.terminationGracePeriodSeconds = 1;
    pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
    if (pod.spec.schedulingGates?.length) {
      pod.status.conditions = [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
        },
      ];
    }
  },
  validateCreate: validatePod,
  prepareForUpdate: (pod, old) => {
    pod.status = old.status as Mutable<Pod>['status'];
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
  warnings: ({ spec }) => podSpecWarnings(spec, Path.of('spec')),
  tableCells: podCells,
});
