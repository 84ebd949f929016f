import type { Container, PodSpec, PodStatus } from '../../../api/core/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';

/**
 * Fields of pods that v1.36 knows but does not serve unless a feature gate is on; they vanish from what is written
 * where the old object does not have them either.
 */
export function dropDisabledFields(spec: Mutable<PodSpec>, old: PodSpec | undefined): void {
  if (spec.schedulingGroup && !old?.schedulingGroup) delete spec.schedulingGroup;
  if (spec.volumes) dropProjections(spec, old);
  dropStopSignals(spec, old);
}

/** The same for what is reported of pods. */
export function dropDisabledStatus(status: Mutable<PodStatus>): void {
  delete status.nodeAllocatableResourceClaimStatuses;
  for (const list of [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses]) {
    for (const { volumeMounts } of list ?? []) for (const mount of volumeMounts ?? []) delete mount.volumeStatus;
  }
}

function dropProjections(spec: Mutable<PodSpec>, old: PodSpec | undefined): void {
  let inUse: { readonly clusterTrustBundle: boolean; readonly podCertificate: boolean } | undefined;
  for (const { projected } of spec.volumes ?? []) {
    for (const source of projected?.sources ?? []) {
      if (!source.clusterTrustBundle && !source.podCertificate) continue;
      inUse ??= {
        clusterTrustBundle: projects(old, 'clusterTrustBundle'),
        podCertificate: projects(old, 'podCertificate'),
      };
      if (!inUse.clusterTrustBundle) delete source.clusterTrustBundle;
      if (!inUse.podCertificate) delete source.podCertificate;
    }
  }
}

const projects = (spec: PodSpec | undefined, source: 'clusterTrustBundle' | 'podCertificate'): boolean =>
  spec?.volumes?.some(({ projected }) => projected?.sources?.some((one) => one[source])) ?? false;

const kinds = ['containers', 'initContainers', 'ephemeralContainers'] as const;

function dropStopSignals(spec: Mutable<PodSpec>, old: PodSpec | undefined): void {
  for (const kind of kinds) {
    for (const container of spec[kind] ?? []) {
      const { lifecycle } = container as Mutable<Container>;
      if (lifecycle?.stopSignal === undefined) continue;
      if (old && kinds.some((one) => old[one]?.some((c) => c.lifecycle?.stopSignal !== undefined))) return;
      delete lifecycle.stopSignal;
      if (!lifecycle.postStart && !lifecycle.preStop) delete container.lifecycle;
    }
  }
}
