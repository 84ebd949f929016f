import type {
  Container,
  ContainerStatus,
  EphemeralContainer,
  Pod,
  PodSpec,
  Toleration,
} from '../../api/core/v1.gen.ts';
import { qosClass } from '../../api/pod-qos.ts';
import { deepEqual } from '../../schema/equal.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { checkImagePadding } from './pod-containers.ts';
import { checkTolerations } from './pod-scheduling.ts';
import { checkPodSpec } from './pod-spec.ts';
import { ephemeralContainerDiff, podSpecDiff } from './spec-diff.ts';
import { checkIp, checkQualifiedName, type Found, IMMUTABLE, inclusiveRange } from './values.ts';

const SPEC = Path.of('spec');
const STATUS = Path.of('status');
const MAX_INT32 = 2 ** 31 - 1;

function checkPod(pod: Pod, found: Found): void {
  checkPodSpec(pod.spec, { kind: 'pod', name: pod.metadata.name }, SPEC, found);
  if (!pod.spec.serviceAccountName) {
    for (const [i, { projected }] of (pod.spec.volumes ?? []).entries()) {
      for (const [j, { serviceAccountToken }] of (projected?.sources ?? []).entries()) {
        if (!serviceAccountToken) continue;
        const at = SPEC.child('volumes').index(i).child('projected', 'sources').index(j).child('serviceAccountToken');
        found.push(fieldErrors.forbidden(at, 'must not be specified when serviceAccountName is not set'));
      }
    }
  }
  for (const kind of ['containers', 'initContainers'] as const) {
    for (const [i, { image }] of (pod.spec[kind] ?? []).entries()) {
      checkImagePadding(image, SPEC.child(kind).index(i), found);
    }
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
  if (deepEqual(pod.spec, old.spec)) return found;
  checkPod(pod, found);
  for (const kind of ['containers', 'initContainers'] as const) {
    if ((pod.spec[kind]?.length ?? 0) !== (old.spec[kind]?.length ?? 0)) {
      found.push(fieldErrors.forbidden(SPEC.child(kind), 'pod updates may not add or remove containers'));
      return found;
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
      found.push(fieldErrors.invalid(at, now ?? null, why));
    } else {
      for (const i of terms.keys()) {
        if (narrowed('matchExpressions', i) && narrowed('matchFields', i)) continue;
        found.push(fieldErrors.invalid(at.index(i), now[i], 'only additions are allowed (no mutations or deletions)'));
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

/** A container that ended for good does not come back. */
function checkTransitions(
  now: readonly ContainerStatus[] | undefined,
  before: readonly ContainerStatus[] | undefined,
  restartPolicy: string | undefined,
  sidecars: ReadonlySet<string>,
  path: Path,
  found: Found,
): void {
  if (restartPolicy === 'Always') return;
  for (const [i, old] of (before ?? []).entries()) {
    const ended = old.state?.terminated;
    if (!ended || (ended.exitCode !== 0 && restartPolicy === 'OnFailure') || sidecars.has(old.name)) continue;
    for (const status of now ?? []) {
      if (status.name !== old.name || status.state?.terminated) continue;
      const why = 'may not be transitioned to non-terminated state';
      found.push(fieldErrors.forbidden(path.index(i).child('state'), why));
    }
  }
}

const systemConditions = ['PodScheduled', 'Ready', 'Initialized'];

export function validatePodStatusUpdate(pod: Pod, old: Pod): Found {
  const found: Found = [];
  const { status, spec } = pod;
  for (const [i, { type }] of (status.conditions ?? []).entries()) {
    if (!systemConditions.includes(type)) {
      checkQualifiedName(type, Path.of('metadata', 'conditions').index(i).child('Type'), found);
    }
  }
  if (status.qosClass !== old.status.qosClass) {
    found.push(fieldErrors.invalid(STATUS.child('qosClass'), status.qosClass ?? '', IMMUTABLE));
  }
  const sidecars = new Set((spec.initContainers ?? []).filter((c) => c.restartPolicy).map(({ name }) => name));
  // Containers with a policy of their own may be started anew whatever the pod's is.
  const own = new Set((spec.containers ?? []).filter((c) => c.restartPolicy).map(({ name }) => name));
  const { restartPolicy } = old.spec;
  const lists = [
    ['containerStatuses', restartPolicy, own],
    ['initContainerStatuses', restartPolicy, sidecars],
    ['ephemeralContainerStatuses', 'Never', new Set<string>()],
  ] as const;
  for (const [list, policy, free] of lists) {
    checkTransitions(status[list], old.status[list], policy, free, STATUS.child(list), found);
  }
  for (const [i, { ip }] of (status.podIPs ?? []).entries()) checkIp(ip, STATUS.child('podIPs').index(i), found);
  const [host] = status.hostIPs ?? [];
  if (host && host.ip !== status.hostIP) {
    found.push(fieldErrors.invalid(STATUS.child('hostIPs').index(0).child('ip'), host.ip, 'must be equal to `hostIP`'));
  }
  for (const [i, { ip }] of (status.hostIPs ?? []).entries()) checkIp(ip, STATUS.child('hostIPs').index(i), found);
  return found;
}

/** Debugging containers can be added, and that is all. */
export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): Found {
  const found: Found = [];
  const at = SPEC.child('ephemeralContainers');
  checkPodSpec(pod.spec, { kind: 'pod', name: pod.metadata.name }, SPEC, found);
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

/** The class of service is the pod's for life. */
export function validatePodResize(pod: Pod, old: Pod): Found {
  const found: Found = [];
  checkPodSpec(pod.spec, { kind: 'pod', name: pod.metadata.name }, SPEC, found);
  const before = old.status.qosClass ?? qosClass(old.spec);
  if (qosClass(pod.spec) !== before) {
    found.push(fieldErrors.invalid(SPEC, before, 'Pod QOS Class may not change as a result of resizing'));
  }
  if (old.spec.os?.name === 'windows') {
    found.push(fieldErrors.forbidden(SPEC, 'windows pods cannot be resized'));
  }
  return found;
}
