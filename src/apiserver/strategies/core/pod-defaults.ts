import type { Container, Pod, PodSpec } from '../../../api/core/v1.gen.ts';
import { containerTotals } from '../../../api/pod-resources.ts';
import type { Mutable } from '../../../api/resource.ts';
import { setPodSpecDefaults } from './pod-spec-defaults.ts';

/** Defaults of pods that templates of pods do not have. */
export function setPodDefaults(pod: Mutable<Pod>): void {
  const { spec } = pod;
  setPodSpecDefaults(spec);
  for (const container of allContainers(spec)) {
    const { limits } = container.resources;
    if (limits && Object.keys(limits).length > 0) {
      container.resources.requests = { ...limits, ...container.resources.requests };
    }
    if (!spec.hostNetwork) continue;
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
  // Less than nothing means the least that is something.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  const { podIP, podIPs } = pod.status ?? {};
  if (podIP || podIPs) alignAddresses(pod.status);
  if (spec.resources) setPodLevelDefaults(spec);
  spec.enableServiceLinks ??= true;
}

/** podIP is the first of podIPs, and has its way where the two differ. */
function alignAddresses(status: Mutable<Pod>['status']): void {
  const first = status.podIPs?.[0]?.ip;
  if (!status.podIP) status.podIP = first;
  else if (status.podIP !== first) status.podIPs = [{ ip: status.podIP }];
}

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);

/**
 * What is said of the pod as a whole, where it is said at all, is completed from what its containers say (KEP-2837):
 * limits of huge pages, and requests, which limits stand for where no container requests anything.
 */
function setPodLevelDefaults(spec: Mutable<PodSpec>): void {
  const { resources } = spec;
  if (!resources) return;
  const { limits: given = {}, requests: asked = {} } = resources;
  if (Object.keys(given).length === 0 && Object.keys(asked).length === 0) return;
  const limits = { ...given };
  for (const [name, amount] of Object.entries(containerTotals(spec, 'limits'))) {
    if (isHugePages(name) && !(name in asked)) limits[name] ??= amount;
  }
  if (Object.keys(limits).length === 0) return;
  resources.limits = limits;
  const requests = { ...asked };
  for (const [name, amount] of Object.entries(containerTotals(spec, 'requests'))) {
    if (isPodLevel(name) && !isHugePages(name)) requests[name] ??= amount;
  }
  for (const [name, amount] of Object.entries(limits)) if (isPodLevel(name)) requests[name] ??= amount;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

const allContainers = (spec: Mutable<PodSpec>): Mutable<Container>[] => [
  ...(spec.containers ?? []),
  ...(spec.initContainers ?? []),
];
