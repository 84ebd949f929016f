import type { Pod, PodAffinityTerm } from '../../../api/core/v1.gen.ts';
import type { LabelSelector } from '../../../api/meta/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';

/**
 * Keys whose values in the pod's own labels others are to have too become part of the selectors, once and for all.
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/3633-matchlabelkeys-to-podaffinity
 */
export function mergeMatchLabelKeys({ metadata, spec }: Mutable<Pod>): void {
  const labels = metadata.labels ?? {};
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    if (!affinity) continue;
    const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const { podAffinityTerm } of preferred) mergeTerm(podAffinityTerm, labels);
    for (const term of affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []) mergeTerm(term, labels);
  }
  for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? []) {
    if (labelSelector && matchLabelKeys) merge(labelSelector, matchLabelKeys, 'In', labels);
  }
}

function mergeTerm(term: Mutable<PodAffinityTerm>, labels: Readonly<Record<string, string>>): void {
  const { labelSelector, matchLabelKeys, mismatchLabelKeys } = term;
  if (!labelSelector) return;
  if (matchLabelKeys) merge(labelSelector, matchLabelKeys, 'In', labels);
  if (mismatchLabelKeys) merge(labelSelector, mismatchLabelKeys, 'NotIn', labels);
}

function merge(
  selector: Mutable<LabelSelector>,
  keys: readonly string[],
  operator: 'In' | 'NotIn',
  labels: Readonly<Record<string, string>>,
): void {
  for (const key of keys) {
    const value = labels[key];
    if (value === undefined) continue;
    selector.matchExpressions ??= [];
    selector.matchExpressions.push({ key, operator, values: [value] });
  }
}
