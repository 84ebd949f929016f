import type { Container, Pod, PodSpec, ResourceRequirements } from '../../api/core/v1.gen.ts';
import { qosClass } from '../../api/pod-qos.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { checkPod } from './pod.ts';
import { isMirror } from './pod-annotations.ts';
import type { Found } from './values.ts';

type Quantities = Readonly<Record<string, string>>;

const SPEC = Path.of('spec');
const WHOLE: Pick<FieldError, 'field'> = { field: '' };
const ONLY = 'only cpu and memory resources are mutable';

/** A complaint about the pod as such. */
const forbidden = (why: string): FieldError => ({ ...fieldErrors.forbidden(Path.root, why), ...WHOLE });

/**
 * What can be changed of a running pod's resources: amounts of CPU and memory, within its class of service.
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
 */
export function validatePodResize(pod: Pod, old: Pod): Found {
  const found: Found = [];
  checkPod(pod, found);
  if (isMirror(old)) return [forbidden('static pods cannot be resized')];
  if (old.spec.os?.name === 'windows') return [forbidden('windows pods cannot be resized')];
  const before = old.status.qosClass ?? qosClass(old.spec);
  if (qosClass(pod.spec) !== before) {
    const why = 'Pod QOS Class may not change as a result of resizing';
    found.push(fieldErrors.invalid(SPEC, pod.status.qosClass ?? '', why));
  }
  const running = old.status.containerStatuses?.find(({ state }) => state?.running);
  if (running && !running.resources) {
    found.push(fieldErrors.forbidden(SPEC, 'Pod running on node without support for resize'));
  }
  let rest: PodSpec = pod.spec;
  if (hasAmounts(old.spec.resources) || hasAmounts(pod.spec.resources)) {
    rest = withoutPodResize(pod.spec, old.spec, found);
  }
  if (!checkOrder(pod.spec, old.spec, found)) return found;
  for (const kind of ['initContainers', 'containers'] as const) {
    for (const [i, { resources }] of (old.spec[kind] ?? []).entries()) {
      const now = pod.spec[kind]?.[i]?.resources;
      const at = SPEC.child(kind).index(i).child('resources');
      for (const list of ['requests', 'limits'] as const) {
        if (!isRemoved(now?.[list], resources?.[list])) continue;
        found.push(fieldErrors.forbidden(at.child(list), `resource ${list} cannot be removed`));
      }
    }
  }
  const containers = withoutResizes(pod.spec, old.spec, 'containers', found) ?? [];
  const initContainers = withoutResizes(pod.spec, old.spec, 'initContainers', found);
  if (found.length > 0) return found;
  const { initContainers: _, ...others } = rest;
  if (!deepEqual({ ...others, containers, ...(initContainers && { initContainers }) }, old.spec)) {
    found.push(fieldErrors.forbidden(SPEC, ONLY));
  }
  return found;
}

const hasAmounts = (resources: ResourceRequirements | undefined): boolean =>
  Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;

const isRemoved = (now: Quantities = {}, before: Quantities = {}): boolean =>
  Object.keys(before).some((name) => now[name] === undefined);

/** CPU and memory as they were. */
function amountsAsBefore(now: Quantities | undefined, before: Quantities | undefined): Quantities | undefined {
  if (!now && !before) return undefined;
  const { cpu: _, memory: __, ...others } = now ?? {};
  const { cpu, memory } = before ?? {};
  return { ...others, ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
}

function asBefore(
  now: ResourceRequirements | undefined,
  before: ResourceRequirements | undefined,
): ResourceRequirements {
  const limits = amountsAsBefore(now?.limits, before?.limits);
  const requests = amountsAsBefore(now?.requests, before?.requests);
  // An empty list and none are the same thing.
  const some = (list: Quantities | undefined, old: Quantities | undefined): boolean =>
    list !== undefined && (Object.keys(list).length > 0 || old !== undefined);
  return {
    ...(some(limits, before?.limits) && limits && { limits }),
    ...(some(requests, before?.requests) && requests && { requests }),
  };
}

function withoutPodResize(spec: PodSpec, old: PodSpec, found: Found): PodSpec {
  const at = SPEC.child('resources');
  if (old.resources && !spec.resources) {
    found.push(fieldErrors.forbidden(at, 'pod-level resources cannot be removed'));
    return spec;
  }
  for (const list of ['requests', 'limits'] as const) {
    if (!isRemoved(spec.resources?.[list], old.resources?.[list])) continue;
    found.push(fieldErrors.forbidden(at.child(list), `pod-level resource ${list} cannot be removed`));
  }
  const { claims } = spec.resources ?? {};
  const resources = { ...asBefore(spec.resources, old.resources), ...(claims && { claims }) };
  const { resources: _, ...others } = spec;
  const kept = old.resources || Object.keys(resources).length > 0 ? resources : undefined;
  if (!deepEqual(kept, old.resources)) {
    found.push(fieldErrors.forbidden(SPEC, `${ONLY} at pod-level`));
  }
  return { ...others, ...(kept && { resources: kept }) };
}

/** False where containers came, went or changed places, so that the rest cannot be compared. */
function checkOrder(spec: PodSpec, old: PodSpec, found: Found): boolean {
  const before = found.length;
  for (const kind of ['containers', 'initContainers'] as const) {
    const now = spec[kind] ?? [];
    const then = old[kind] ?? [];
    if (now.length !== then.length) {
      found.push(fieldErrors.forbidden(SPEC.child(kind), `${kind} may not be added or removed on resize`));
      continue;
    }
    for (const [i, { name }] of then.entries()) {
      if (now[i]?.name === name) continue;
      const why = `${kind} may not be renamed or reordered on resize`;
      found.push(fieldErrors.forbidden(SPEC.child(kind).index(i).child('name'), why));
    }
  }
  return found.length === before;
}

/** The containers with CPU and memory as they were; complains of whatever else is different. */
function withoutResizes(
  spec: PodSpec,
  old: PodSpec,
  kind: 'containers' | 'initContainers',
  found: Found,
): readonly Container[] | undefined {
  return spec[kind]?.map((container, i) => {
    const before = old[kind]?.[i];
    const same = { ...container, resources: asBefore(container.resources, before?.resources) };
    const init = kind === 'initContainers';
    const at = init ? SPEC.child(kind).index(i) : SPEC;
    if (!deepEqual(same, before)) {
      const why = init ? 'only cpu and memory resources for init or sidecar containers are mutable' : ONLY;
      found.push(fieldErrors.forbidden(at, why));
    }
    if (!init || container.restartPolicy === 'Always' || deepEqual(container, before)) return same;
    for (const { restartPolicy } of container.resizePolicy ?? []) {
      if (restartPolicy !== 'RestartContainer') continue;
      const why = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';
      found.push(fieldErrors.forbidden(at, why));
    }
    return same;
  });
}
