import type { Container, EphemeralContainer, Pod, PodSpec, Toleration } from '../../api/core/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { goValue } from './go-value.ts';
import { checkAnnotationUpdates, checkPodAnnotations, checkProfilesMatch, isMirror } from './pod-annotations.ts';
import { checkImagePadding } from './pod-containers.ts';
import { checkTolerations } from './pod-scheduling.ts';
import { checkPodSpec } from './pod-spec.ts';
import { ephemeralContainerDiff, podSpecDiff } from './spec-diff.ts';
import { type Found, inclusiveRange } from './values.ts';

const SPEC = Path.of('spec');
const MAX_INT32 = 2 ** 31 - 1;

const lasting = ['containers', 'initContainers'] as const;

/** Whatever is wrong with a pod, new or old. */
export function checkPod(pod: Pod, found: Found): void {
  checkPodAnnotations(pod, found);
  checkPodSpec(pod.spec, { kind: 'pod', name: pod.metadata.name }, SPEC, found);
  if (!pod.spec.serviceAccountName) {
    pod.spec.volumes?.forEach(({ projected }, i) => {
      projected?.sources?.forEach(({ serviceAccountToken }, j) => {
        if (!serviceAccountToken) return;
        const at = SPEC.child('volumes').index(i).child('projected', 'sources').index(j).child('serviceAccountToken');
        found.push(fieldErrors.forbidden(at, 'must not be specified when serviceAccountName is not set'));
      });
    });
  }
  for (const kind of lasting) {
    pod.spec[kind]?.forEach(({ image }, i) => {
      checkImagePadding(image, SPEC.child(kind).index(i), found);
    });
  }
}

export function validatePod(pod: Pod): Found {
  const found: Found = [];
  checkPod(pod, found);
  if (pod.spec.ephemeralContainers?.length) {
    found.push(fieldErrors.forbidden(SPEC.child('ephemeralContainers'), 'cannot be set on create'));
  }
  if (pod.spec.nodeName && pod.spec.schedulingGates?.length) {
    const why = 'cannot be set until all schedulingGates have been cleared';
    found.push(fieldErrors.forbidden(SPEC.child('nodeName'), why));
  }
  checkProfilesMatch(pod, found);
  return found;
}

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

/** Of a pod's spec little can be changed once it is there. */
export function validatePodUpdate(pod: Pod, old: Pod): Found {
  const found: Found = [];
  if (deepEqual(pod.spec, old.spec)) {
    checkAnnotationUpdates(pod, old, found);
    return found;
  }
  checkPod(pod, found);
  checkAnnotationUpdates(pod, old, found);
  for (const kind of ['containers', 'initContainers'] as const) {
    if ((pod.spec[kind]?.length ?? 0) !== (old.spec[kind]?.length ?? 0)) {
      found.push(fieldErrors.forbidden(SPEC.child(kind), 'pod updates may not add or remove containers'));
      return found;
    }
    // Kubernetes asks twice for these.
    for (const [i, { image = '' }] of (pod.spec[kind] ?? []).entries()) {
      if (image === '') found.push(fieldErrors.required(SPEC.child(kind).index(i).child('image')));
      checkImagePadding(image, SPEC.child(kind).index(i), found);
    }
  }
  if (!checkDeadline(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds, found)) return found;
  checkAddedTolerations(pod.spec.tolerations ?? [], old.spec.tolerations ?? [], found);
  const gates = new Set((old.spec.schedulingGates ?? []).map(({ name }) => name));
  for (const [i, { name }] of (pod.spec.schedulingGates ?? []).entries()) {
    if (gates.has(name)) continue;
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`;
    found.push(fieldErrors.forbidden(SPEC.child('schedulingGates').index(i).child('name'), why));
  }
  const rest = asBefore(pod.spec, old.spec, found);
  if (!deepEqual(rest, old.spec)) {
    const why = `pod updates may not change fields other than ${updatable}\n${podSpecDiff(old.spec, rest)}`;
    found.push(fieldErrors.forbidden(SPEC, why));
  }
  return found;
}

/** It may be set, and lowered. False when nothing else is worth looking at. */
function checkDeadline(now: number | undefined, before: number | undefined, found: Found): boolean {
  const at = SPEC.child('activeDeadlineSeconds');
  if (now !== undefined) {
    if (now < 0 || now > MAX_INT32) {
      found.push(fieldErrors.invalid(at, now, inclusiveRange(0, MAX_INT32)));
      return false;
    }
    if (before !== undefined && before < now) {
      found.push(fieldErrors.invalid(at, now, 'must be less than or equal to previous value'));
      return false;
    }
  } else if (before !== undefined) {
    found.push(fieldErrors.invalid(at, null, 'must not update from a positive integer to nil value'));
  }
  return true;
}

function checkAddedTolerations(now: readonly Toleration[], before: readonly Toleration[], found: Found): void {
  const at = SPEC.child('tolerations');
  const untimed = ({ tolerationSeconds: _, ...rest }: Toleration) => rest;
  if (!before.every((old) => now.some((toleration) => deepEqual(untimed(toleration), untimed(old))))) {
    const why = 'existing toleration can not be modified except its tolerationSeconds';
    found.push(fieldErrors.forbidden(at, why));
    return;
  }
  checkTolerations(now, at, found);
}

/** The new spec with everything that may be changed put back. */
function asBefore(spec: PodSpec, old: PodSpec, found: Found): PodSpec {
  const images = (now: readonly Container[] | undefined, before: readonly Container[] | undefined) =>
    now?.map((container, i) => ({ ...container, image: before?.[i]?.image }));
  const grace = old.terminationGracePeriodSeconds;
  const relaxed = grace !== undefined && grace < 0 && spec.terminationGracePeriodSeconds === 1;
  const rest: PodSpec = {
    ...spec,
    containers: images(spec.containers, old.containers) ?? [],
    initContainers: images(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
    terminationGracePeriodSeconds: relaxed ? grace : spec.terminationGracePeriodSeconds,
  };
  return old.schedulingGates?.length ? gatedAsBefore(rest, old, found) : rest;
}

/** As long as a pod is gated, its choice of nodes can be narrowed. */
function gatedAsBefore(spec: PodSpec, old: PodSpec, found: Found): PodSpec {
  const kept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => spec.nodeSelector?.[key] === value);
  if (!kept) {
    const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    found.push(fieldErrors.invalid(SPEC.child('nodeSelector'), spec.nodeSelector ?? null, why));
  }
  const { nodeAffinity, ...others } = spec.affinity ?? {};
  const before = old.affinity?.nodeAffinity;
  const now = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const terms = before?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms) {
    const at = SPEC.child('affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution').child(
      'nodeSelectorTerms',
    );
    const narrowed = (part: 'matchExpressions' | 'matchFields', i: number): boolean =>
      (terms[i]?.[part] ?? []).every((old, j) => deepEqual(old, now?.[i]?.[part]?.[j]));
    if (now?.length !== terms.length) {
      const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
      const shown = now?.map((term) => goValue('NodeSelectorTerm', term)) ?? null;
      found.push(fieldErrors.invalid(at, shown, why));
    } else {
      for (const i of terms.keys()) {
        if (narrowed('matchExpressions', i) && narrowed('matchFields', i)) continue;
        const shown = goValue('NodeSelectorTerm', now[i]);
        const why = 'only additions are allowed (no mutations or deletions)';
        found.push(fieldErrors.invalid(at.index(i), shown, why));
      }
    }
  }
  const affinity = { ...others, ...(before && { nodeAffinity: before }) };
  return {
    ...spec,
    nodeSelector: old.nodeSelector,
    affinity: Object.keys(affinity).length > 0 || old.affinity ? affinity : undefined,
  };
}

/** Debugging containers can be added, and that is all. */
export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): Found {
  const found: Found = [];
  const at = SPEC.child('ephemeralContainers');
  checkPod(pod, found);
  checkAnnotationUpdates(pod, old, found);
  if (isMirror(old)) {
    return [{ ...fieldErrors.forbidden(Path.root, 'static pods do not support ephemeral containers'), field: '' }];
  }
  const now = new Map((pod.spec.ephemeralContainers ?? []).map((c): [string, EphemeralContainer] => [c.name, c]));
  for (const before of old.spec.ephemeralContainers ?? []) {
    const after = now.get(before.name);
    if (!after) {
      found.push(fieldErrors.forbidden(at, `existing ephemeral containers ${quote(before.name)} may not be removed\n`));
    } else if (!deepEqual(after, before)) {
      const why = `existing ephemeral containers ${quote(before.name)} may not be changed\n`;
      found.push(fieldErrors.forbidden(at, why + ephemeralContainerDiff(before, after)));
    }
  }
  return found;
}
