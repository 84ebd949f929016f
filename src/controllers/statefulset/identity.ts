import type { ControllerRevision, StatefulSet } from '../../api/apps/v1.gen.ts';
import type { Pod, PodTemplateSpec } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { newControllerRef } from '../shared/controller-ref.ts';
import { REVISION_LABEL } from '../shared/revisions.ts';

const NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const INDEX_LABEL = 'apps.kubernetes.io/pod-index';

export const podNameOf = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** The ordinal in the pod's name; -1 when it is not the name of a pod of this set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number {
  const prefix = `${set.metadata.name}-`;
  const { name } = pod.metadata;
  const text = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : -1;
}

/** The first ordinal, and the one after the last. */
export function ordinalRange({ spec }: StatefulSet): { readonly start: number; readonly end: number } {
  const start = spec.ordinals?.start ?? 0;
  return { start, end: start + (spec.replicas ?? 1) };
}

export const claimName = (set: StatefulSet, template: string, ordinal: number): string =>
  `${template}-${podNameOf(set, ordinal)}`;

export const revisionOf = (pod: Pod): string => pod.metadata.labels?.[REVISION_LABEL] ?? '';

const identityLabels = (set: StatefulSet, ordinal: number) => ({
  [NAME_LABEL]: podNameOf(set, ordinal),
  [INDEX_LABEL]: String(ordinal),
});

/** Labels that an adopted pod lacks; undefined when it has its identity. */
export function missingLabels(set: StatefulSet, pod: Pod): Readonly<Record<string, string>> | undefined {
  const wanted = identityLabels(set, ordinalOf(set, pod));
  const complete = Object.entries(wanted).every(([key, value]) => pod.metadata.labels?.[key] === value);
  return complete ? undefined : wanted;
}

/** A pod with the name, the host name and the volumes that only this ordinal has. */
export function newPod(
  set: StatefulSet,
  template: PodTemplateSpec,
  revision: ControllerRevision,
  ordinal: number,
): Draft<Pod> {
  const name = podNameOf(set, ordinal);
  const { labels, annotations, finalizers } = template.metadata;
  const claims = (set.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
  const volumes = [
    ...claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) } })),
    ...(template.spec.volumes ?? []).filter((volume) => !claims.includes(volume.name)),
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: set.metadata.namespace,
      labels: { ...labels, ...identityLabels(set, ordinal), [REVISION_LABEL]: revision.metadata.name },
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [newControllerRef(set)],
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(set.spec.serviceName && { subdomain: set.spec.serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  };
}
