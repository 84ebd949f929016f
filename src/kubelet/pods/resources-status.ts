import type { ContainerStatus, Pod, PodStatus, ResourceRequirements } from '../../api/core/v1.gen.ts';
import { podTotals } from '../../api/pod-resources.ts';
import { quantityMilliValue } from '../../schema/quantity.ts';
import { cpuQuantity, memoryQuantity } from '../allocation/amounts.ts';
import type { PodLimits } from '../cgroups.ts';
import { cpuQuota, milliCpuOfQuota, milliCpuOfShares } from '../resources.ts';
import type { RuntimeContainer } from '../runtime/state.ts';
import type { AnyContainer } from './pod.ts';

/** What the kernel rounds smaller requests and limits up to, in thousandths of a CPU: those are told as they were asked. */
const LEAST_REQUEST = 2;
const LEAST_LIMIT = 10;

type List = Record<string, string>;

const milli = (text: string | undefined): number => (text === undefined ? 0 : Number(quantityMilliValue(text)));

/**
 * What a container has been granted, and what the runtime has set for it: the same, but while it is resized. `spec` is
 * as granted.
 */
export function containerResourcesStatus(
  spec: AnyContainer,
  instance: RuntimeContainer,
  old: ContainerStatus | undefined,
): Pick<ContainerStatus, 'allocatedResources' | 'resources'> {
  const granted = spec.resources ?? {};
  return {
    ...(granted.requests && { allocatedResources: granted.requests }),
    resources: instance.state === 'running' ? actualResources(granted, instance, old) : granted,
  };
}

function actualResources(
  granted: ResourceRequirements,
  instance: RuntimeContainer,
  old: ContainerStatus | undefined,
): ResourceRequirements {
  const before = old?.state.running && old.containerID?.endsWith(instance.id) ? old.resources : undefined;
  const actual = instance.resources;
  const { limits, requests } = granted;
  const keep = (list: List, name: string, from: Readonly<List> | undefined) => {
    const amount = from?.[name];
    if (amount !== undefined) list[name] = amount;
  };
  const newLimits: List = { ...limits };
  if (actual?.cpuLimit === undefined) keep(newLimits, 'cpu', before?.limits);
  else if (actual.cpuLimit > LEAST_LIMIT || milli(limits?.cpu) > LEAST_LIMIT)
    newLimits.cpu = cpuQuantity(actual.cpuLimit);
  if (actual?.memoryLimit === undefined) keep(newLimits, 'memory', before?.limits);
  else newLimits.memory = memoryQuantity(actual.memoryLimit);
  const newRequests: List = { ...requests };
  if (actual?.cpuRequest === undefined) keep(newRequests, 'cpu', before?.requests);
  else if (actual.cpuRequest > LEAST_REQUEST || milli(requests?.cpu) > LEAST_REQUEST) {
    newRequests.cpu = cpuQuantity(actual.cpuRequest);
  }
  return { ...(limits && { limits: newLimits }), ...(requests && { requests: newRequests }) };
}

/** The same of the pod as a whole (KEP-5419), from its control group. */
export function podResourcesStatus(
  pod: Pod,
  phase: PodStatus['phase'],
  actual: PodLimits | undefined,
): Pick<PodStatus, 'allocatedResources' | 'resources'> {
  const requests = podTotals(pod.spec, 'requests');
  const granted = { ...pod.spec.resources, requests, limits: podTotals(pod.spec, 'limits') };
  const resources = phase === 'Running' && actual ? ofGroup(pod.spec.resources ?? {}, requests, actual) : granted;
  return {
    ...(Object.keys(requests).length > 0 && { allocatedResources: requests }),
    resources: withoutEmpty(resources),
  };
}

function ofGroup(granted: ResourceRequirements, totals: Readonly<List>, actual: PodLimits): ResourceRequirements {
  const requests: List = { ...granted.requests };
  const limits: List = { ...granted.limits };
  const cpuRequest = milliCpuOfShares(actual.shares);
  if (cpuRequest > LEAST_REQUEST || milli(requests.cpu) > LEAST_REQUEST) requests.cpu = cpuQuantity(cpuRequest);
  if (requests.memory === undefined && totals.memory !== undefined) requests.memory = totals.memory;
  const cpuLimit = milliCpuOfQuota(actual.quota ?? 0, cpuQuota(0).period);
  if (cpuLimit > LEAST_LIMIT || (cpuLimit > 0 && milli(limits.cpu) > LEAST_LIMIT)) limits.cpu = cpuQuantity(cpuLimit);
  if (actual.memory !== undefined) limits.memory = memoryQuantity(actual.memory);
  return { ...granted, requests, limits };
}

function withoutEmpty({ requests = {}, limits = {}, ...rest }: ResourceRequirements): ResourceRequirements {
  const some = (list: Readonly<List>) => Object.keys(list).length > 0;
  return { ...rest, ...(some(limits) && { limits }), ...(some(requests) && { requests }) };
}
