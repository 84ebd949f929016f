import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from '../../api/core/v1.gen.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { familyOf } from '../../utils/ip.ts';
import { checkAnnotationUpdates } from './pod-annotations.ts';
import {
  checkIp,
  checkLabel1123,
  checkQualifiedName,
  checkSubdomain,
  type Found,
  IMMUTABLE,
  idProblems,
  looseIp,
  required,
} from './values.ts';

const STATUS = Path.of('status');
const MAX_HEALTH_MESSAGE = 1024;
const systemConditions: readonly string[] = ['PodScheduled', 'Ready', 'Initialized'];

/** What whoever reports a pod's status may say. */
export function validatePodStatusUpdate(pod: Pod, old: Pod): Found {
  const found: Found = [];
  const { status, spec } = pod;
  checkAnnotationUpdates(pod, old, found);
  for (const [i, { type, observedGeneration = 0 }] of (status.conditions ?? []).entries()) {
    const at = STATUS.child('conditions').index(i);
    if (observedGeneration < 0) {
      const why = 'must be a non-negative integer';
      found.push(fieldErrors.invalid(at.child('observedGeneration'), observedGeneration, why));
    }
    if (!systemConditions.includes(type)) checkQualifiedName(type, at.child('Type'), found);
  }
  const { nominatedNodeName = '', observedGeneration = 0 } = status;
  if (nominatedNodeName && nominatedNodeName !== old.status.nominatedNodeName) {
    const at = STATUS.child('nominatedNodeName');
    checkSubdomain(nominatedNodeName, at, found);
    if (old.spec.nodeName) {
      found.push(fieldErrors.forbidden(at, 'may not be set on pods that are already bound to a node'));
    }
  }
  if (observedGeneration < 0) {
    const why = 'must be a non-negative integer';
    found.push(fieldErrors.invalid(STATUS.child('observedGeneration'), observedGeneration, why));
  }
  if (status.qosClass !== old.status.qosClass) {
    found.push(fieldErrors.invalid(STATUS.child('qosClass'), status.qosClass ?? '', IMMUTABLE));
  }
  checkTransitions(status, old, found);
  checkClaims(status, spec, found);
  checkIps(status.podIPs, old.status.podIPs, 'podIPs', found);
  const [host] = status.hostIPs ?? [];
  if (host && host.ip !== (status.hostIP ?? '')) {
    const at = STATUS.child('hostIPs').index(0).child('ip');
    found.push(fieldErrors.invalid(at, host.ip ?? '', 'must be equal to `hostIP`'));
  }
  checkIps(status.hostIPs, old.status.hostIPs, 'hostIPs', found);
  for (const list of lists) checkUsers(status[list] ?? [], STATUS.child(list), spec.os?.name, found);
  checkDevices(status, spec, found);
  return found;
}

const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

/** Whether a container that ended so is started anew. */
function restarts(container: Container, podPolicy: string | undefined, exitCode: number): boolean {
  const { restartPolicy, restartPolicyRules = [] } = container;
  const matches = restartPolicyRules.some(({ exitCodes }) => {
    const has = exitCodes?.values?.includes(exitCode) ?? false;
    return exitCodes?.operator === 'In' ? has : exitCodes?.operator === 'NotIn' && !has;
  });
  if (restartPolicy !== undefined && matches) return true;
  switch (restartPolicy ?? podPolicy) {
    case 'OnFailure':
      return exitCode !== 0;
    case 'Never':
      return false;
    default:
      return true;
  }
}

/** A container that ended for good does not come back. */
function checkTransitions(status: PodStatus, { spec, status: before }: Pod, found: Found): void {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const anyRestartsAll = containers.some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  );
  for (const list of lists) {
    if (anyRestartsAll && list !== 'ephemeralContainerStatuses') continue;
    for (const [i, { name, state }] of (before[list] ?? []).entries()) {
      if (!state?.terminated) continue;
      const now = status[list]?.find((one) => one.name === name);
      if (!now || now.state?.terminated) continue;
      const own = list === 'initContainerStatuses' ? spec.initContainers : spec.containers;
      const container = list === 'ephemeralContainerStatuses' ? undefined : own?.find((one) => one.name === name);
      if (container && restarts(container, spec.restartPolicy, state.terminated.exitCode)) continue;
      const why = 'may not be transitioned to non-terminated state';
      found.push(fieldErrors.forbidden(STATUS.child(list).index(i).child('state'), why));
    }
  }
}

function checkClaims(status: PodStatus, spec: PodSpec, found: Found): void {
  const seen = new Set<string>();
  for (const [i, { name, resourceClaimName }] of (status.resourceClaimStatuses ?? []).entries()) {
    const at = STATUS.child('resourceClaimStatuses').index(i);
    if (!spec.resourceClaims?.some((claim) => claim.name === name)) {
      found.push(
        fieldErrors.invalid(at.child('name'), name, 'must match the name of an entry in `spec.resourceClaims`'),
      );
    }
    if (seen.has(name)) found.push(fieldErrors.duplicate(at.child('name'), name));
    seen.add(name);
    if (resourceClaimName !== undefined) checkSubdomain(resourceClaimName, at.child('resourceClaimName'), found);
  }
  const extended = status.extendedResourceClaimStatus;
  if (!extended) return;
  const path = STATUS.child('extendedResourceClaimStatus');
  if (!extended.requestMappings?.length) {
    const why = 'at least one request mapping is required';
    found.push(fieldErrors.required(path.child('requestMappings'), why));
  }
  const mapped = new Set<string>();
  for (const [i, { containerName, resourceName, requestName }] of (extended.requestMappings ?? []).entries()) {
    const at = path.child('requestMappings').index(i);
    const all = [...spec.containers, ...(spec.initContainers ?? [])];
    const container = all.find(({ name }) => name === containerName);
    if (!container) {
      const why = 'must match the name of an entry in spec.initContainers.name or spec.containers.name';
      found.push(fieldErrors.invalid(at.child('containerName'), containerName, why));
    } else if (container.resources?.requests?.[resourceName] === undefined) {
      const why =
        'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests';
      found.push(fieldErrors.invalid(at.child('resourceName'), resourceName, why));
    }
    checkLabel1123(requestName, path.child('requestName'), found);
    const key = `${containerName}/${resourceName}/${requestName}`;
    if (mapped.has(key)) {
      found.push(
        fieldErrors.duplicate(at.child('containerName'), containerName),
        fieldErrors.duplicate(at.child('resourceName'), resourceName),
        fieldErrors.duplicate(at.child('requestName'), requestName),
      );
    }
    mapped.add(key);
  }
  if (required(extended.resourceClaimName, path, 'resourceClaimName', found)) {
    checkSubdomain(extended.resourceClaimName, path.child('resourceClaimName'), found);
  }
}

type Addresses = readonly { readonly ip?: string }[] | undefined;

/** Also of an address with leading zeros; one of IPv4 in IPv6's clothes counts as the former. */
const sloppyFamily = (ip: string): string | undefined => {
  if (/^::ffff:[0-9.]+$/i.test(ip)) return 'IPv4';
  return familyOf(ip) ?? (looseIp(ip) ? 'IPv4' : undefined);
};

/** One address of a family; those that were there may stay, however they are written. */
function checkIps(now: Addresses, before: Addresses, field: 'podIPs' | 'hostIPs', found: Found): void {
  const at = STATUS.child(field);
  const ips = (now ?? []).map(({ ip = '' }) => ip);
  for (const [i, ip] of ips.entries()) {
    if (!before?.some((old) => old.ip === ip)) checkIp(ip, at.index(i), found);
  }
  if (ips.length < 2) return;
  const families = ips.map(sloppyFamily);
  const bad = families.indexOf(undefined);
  if (bad >= 0) {
    found.push(fieldErrors.internal(at, `failed to check for dual stack with error:invalid IP[${bad}]: ${ips[bad]}`));
  }
  if (bad >= 0 || new Set(families).size < 2 || ips.length > 2) {
    const shown = ips.map((ip) => ({ IP: ip }));
    found.push(fieldErrors.invalid(at, shown, 'may specify no more than one IP for each IP family'));
  }
}

function checkUsers(statuses: readonly ContainerStatus[], path: Path, os = 'linux', found: Found): void {
  for (const [i, { user }] of statuses.entries()) {
    if (!user?.linux) continue;
    const at = path.index(i).child('user', 'linux');
    if (os === 'windows') {
      found.push(fieldErrors.forbidden(at, 'cannot be set for a windows pod'));
      continue;
    }
    const { uid, gid, supplementalGroups = [] } = user.linux;
    const check = (id: number, where: Path): void => {
      for (const why of idProblems(id)) found.push(fieldErrors.invalid(where, id, why));
    };
    check(uid, at.child('uid'));
    check(gid, at.child('gid'));
    for (const [j, group] of supplementalGroups.entries()) check(group, at.child('supplementalGroups').index(j));
  }
}

const health: readonly string[] = ['Healthy', 'Unhealthy', 'Unknown'];

function checkDevices(status: PodStatus, spec: PodSpec, found: Found): void {
  for (const list of lists) {
    for (const [i, { name, allocatedResourcesStatus }] of (status[list] ?? []).entries()) {
      if (!allocatedResourcesStatus?.length) continue;
      const at = STATUS.child(list).index(i).child('allocatedResourcesStatus');
      if (list === 'ephemeralContainerStatuses') {
        found.push(fieldErrors.forbidden(at, 'must not be specified in container status'));
        continue;
      }
      const containers = list === 'containerStatuses' ? spec.containers : spec.initContainers;
      const container = containers?.find((one) => one.name === name);
      for (const [j, resource] of allocatedResourcesStatus.entries()) {
        if (container) checkDeviceName(resource.name, container, at.index(j).child('name'), found);
        const seen = new Set<string>();
        for (const [k, device] of (resource.resources ?? []).entries()) {
          const where = at.index(j).child('resources').index(k);
          const { resourceID, health: state = '', message } = device;
          if (!health.includes(state)) found.push(fieldErrors.notSupported(where.child('health'), state, health));
          if (message === '')
            found.push(fieldErrors.required(where.child('message'), 'must be non-empty if specified'));
          else if (message && Buffer.byteLength(message) > MAX_HEALTH_MESSAGE) {
            found.push(fieldErrors.tooLong(where.child('message'), MAX_HEALTH_MESSAGE));
          }
          if (seen.has(resourceID)) found.push(fieldErrors.duplicate(where.child('resourceID'), resourceID));
          seen.add(resourceID);
        }
      }
    }
  }
}

function checkDeviceName(name: string, { resources }: Container, path: Path, found: Found): void {
  if (name.startsWith('claim:')) {
    const names = (resources?.claims ?? []).map((c) => `claim:${c.name}${c.request ? `/${c.request}` : ''}`);
    if (names.includes(name)) return;
    const why =
      "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
    found.push(fieldErrors.invalid(path, name, why));
  } else if (resources?.requests?.[name] === undefined) {
    found.push(fieldErrors.invalid(path, name, "must match one of the container's resource requests"));
  }
}
