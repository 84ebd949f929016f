import type { EphemeralContainer, PodSpec } from '../../api/core/v1.gen.ts';
import { goIndented, goPodSpec, goValue } from './go-value.ts';
import { unifiedDiff } from './unified-diff.ts';

/** What a change of what cannot be changed changes, as Kubernetes tells it. */
export const podSpecDiff = (old: PodSpec, now: PodSpec): string =>
  unifiedDiff(goIndented(goPodSpec({ ...old })), goIndented(goPodSpec({ ...now })));

export const ephemeralContainerDiff = (old: EphemeralContainer, now: EphemeralContainer): string =>
  unifiedDiff(goIndented(goValue('EphemeralContainer', old)), goIndented(goValue('EphemeralContainer', now)));

export const specDiff = (
  type: 'PersistentVolumeClaimSpec' | 'PersistentVolumeSource',
  old: object,
  now: object,
): string => unifiedDiff(goIndented(goValue(type, old)), goIndented(goValue(type, now)));
