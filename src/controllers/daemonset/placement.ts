import type { DaemonSet } from '../../api/apps/v1.gen.ts';
import type { Node, Pod, PodSpec, Toleration } from '../../api/core/v1.gen.ts';
import { requiredNodes } from '../../api/node-affinity.ts';
import type { Draft } from '../../api/resource.ts';
import { untolerated } from '../../api/tolerations.ts';
import { podFromTemplate } from '../shared/pod-control.ts';
import { REVISION_LABEL } from '../shared/revisions.ts';

const GENERATION_LABEL = 'pod-template-generation';
const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';

/**
 * What every daemon pod tolerates, because it has to run on nodes that are in trouble.
 * https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
 */
const tolerated: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const hostNetworkTolerated: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

function daemonTolerations(spec: PodSpec): readonly Toleration[] {
  const wanted = spec.hostNetwork ? [...tolerated, hostNetworkTolerated] : tolerated;
  const present = spec.tolerations ?? [];
  const same = (a: Toleration, b: Toleration) =>
    a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? '') === (b.value ?? '');
  const kept = present.map((toleration) => wanted.find((other) => same(toleration, other)) ?? toleration);
  return [...kept, ...wanted.filter((toleration) => !present.some((other) => same(toleration, other)))];
}

export interface Placement {
  /** A pod is to be started where there is none. */
  readonly shouldRun: boolean;
  /** A pod that is there may stay. */
  readonly mayStay: boolean;
}

/** Whether a node is one of those the DaemonSet wants. */
export function placement(set: DaemonSet, node: Node): Placement {
  const { spec } = set.spec.template;
  const nowhere = { shouldRun: false, mayStay: false };
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return nowhere;
  if (requiredNodes(spec)?.(node) === false) return nowhere;
  const tolerations = daemonTolerations(spec);
  const { taints } = node.spec;
  if (!untolerated(taints, tolerations, ['NoExecute', 'NoSchedule'])) return { shouldRun: true, mayStay: true };
  return { shouldRun: false, mayStay: !untolerated(taints, tolerations, ['NoExecute']) };
}

/** A pod for one node. The scheduler binds it, and the affinity leaves it no other choice. */
export function newDaemonPod(set: DaemonSet, node: string, hash: string): Draft<Pod> {
  const pod = podFromTemplate(set.spec.template, set);
  const { spec } = set.spec.template;
  const generation = set.metadata.annotations?.[GENERATION_ANNOTATION];
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata?.labels,
        [REVISION_LABEL]: hash,
        ...(generation !== undefined && { [GENERATION_LABEL]: generation }),
      },
    },
    spec: {
      ...spec,
      tolerations: daemonTolerations(spec),
      affinity: {
        ...spec.affinity,
        nodeAffinity: {
          ...spec.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
          },
        },
      },
    },
  };
}

/** The node a daemon pod runs on or is meant for; undefined for a pod that says neither. */
export function targetNode(pod: Pod): string | undefined {
  if (pod.spec.nodeName) return pod.spec.nodeName;
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    for (const { key, operator, values = [] } of matchFields) {
      if (key === 'metadata.name' && operator === 'In' && values.length === 1) return values[0];
    }
  }
  return undefined;
}
