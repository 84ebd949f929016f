import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  Volume,
  VolumeDevice,
  VolumeMount,
} from '../../api/core/v1.gen.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { checkEnvFrom, checkEnvironment } from './pod-environment.ts';
import { checkProbes } from './pod-probes.ts';
import { checkSecurityContext } from './pod-security.ts';
import { checkResources } from './resources.ts';
import {
  addAll,
  checkDescendingPath,
  checkEnum,
  checkLabel1123,
  type Found,
  portNameProblems,
  portProblems,
  required,
} from './values.ts';

/** What containers are checked against. */
export interface PodScope {
  readonly volumes: ReadonlyMap<string, Volume>;
  /** Names of the pod's resource claims. */
  readonly claims: ReadonlySet<string>;
  readonly graceSeconds: number | undefined;
  readonly restartPolicy: string;
  readonly hostUsers: boolean;
}

const NOT_FOR_INIT = 'may not be set for init containers without restartPolicy=Always';
const NOT_FOR_EPHEMERAL = 'cannot be set for an Ephemeral Container';

export function checkContainers(
  containers: readonly Container[] | undefined,
  scope: PodScope,
  path: Path,
  found: Found,
): void {
  if (!containers?.length) {
    found.push(fieldErrors.required(path));
    return;
  }
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const at = path.index(i);
    checkCommon(container, scope, at, found);
    if (names.has(container.name)) found.push(fieldErrors.duplicate(at.child('name'), container.name));
    names.add(container.name);
    checkProbes(container, scope.graceSeconds, at, found);
    checkRestartPolicy(container, at, found);
  });
  checkHostPorts(containers, path, found);
}

export function checkInitContainers(
  containers: readonly Container[] | undefined,
  regular: readonly Container[] | undefined,
  scope: PodScope,
  path: Path,
  found: Found,
): void {
  if (!containers?.length) return;
  const names = new Set((regular ?? []).map(({ name }) => name));
  for (const [i, container] of containers.entries()) {
    const at = path.index(i);
    checkCommon(container, scope, at, found);
    // Without a policy the rules are not looked at.
    if (container.restartPolicy !== undefined) checkRestartPolicy(container, at, found);
    else if (container.restartPolicyRules?.length) {
      const why = 'must specify restartPolicy when restart rules are used';
      found.push(fieldErrors.required(at.child('restartPolicy'), why));
    }
    if (names.has(container.name)) found.push(fieldErrors.duplicate(at.child('name'), container.name));
    else if (container.name) names.add(container.name);
    // Init containers run one by one, so only a container's own ports can clash.
    checkHostPorts([container], path, found);
    if (container.restartPolicy === 'Always') checkProbes(container, scope.graceSeconds, at, found);
    else {
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
        if (container[field]) found.push(fieldErrors.forbidden(at.child(field), NOT_FOR_INIT));
      }
      for (const [j, { restartPolicy }] of (container.resizePolicy ?? []).entries()) {
        if (restartPolicy !== 'RestartContainer') continue;
        const policy = at.child('resizePolicy').index(j).child('restartPolicy');
        const why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
        found.push(fieldErrors.invalid(policy, restartPolicy, why));
      }
    }
  }
}

const ephemeralForbidden = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

export function checkEphemeralContainers(
  containers: readonly EphemeralContainer[] | undefined,
  others: readonly Container[],
  scope: PodScope,
  path: Path,
  found: Found,
): void {
  if (!containers?.length) return;
  const names = new Set(others.map(({ name }) => name));
  const targets = new Set(names);
  for (const [i, container] of containers.entries()) {
    const at = path.index(i);
    // The same fields, though the enumerations are plain strings here.
    checkCommon(container as Container, scope, at, found);
    checkImagePadding(container.image, at, found);
    if (names.has(container.name)) found.push(fieldErrors.duplicate(at.child('name'), container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !targets.has(target)) found.push(fieldErrors.notFound(at.child('targetContainerName'), target));
    for (const field of ephemeralForbidden) {
      const value = container[field];
      const given = field === 'resources' ? Object.keys(value ?? {}).length > 0 : value !== undefined;
      if (given) found.push(fieldErrors.forbidden(at.child(field), NOT_FOR_EPHEMERAL));
    }
    for (const [j, mount] of (container.volumeMounts ?? []).entries()) {
      const mountPath = at.child('volumeMounts').index(j);
      if (mount.subPath) found.push(fieldErrors.forbidden(mountPath.child('subPath'), NOT_FOR_EPHEMERAL));
      if (mount.subPathExpr) found.push(fieldErrors.forbidden(mountPath.child('subPathExpr'), NOT_FOR_EPHEMERAL));
    }
  }
}

/** Only of pods: templates may be padded, as old clients made them. */
export function checkImagePadding(image: string | undefined, path: Path, found: Found): void {
  if (image !== undefined && image.trim() !== image) {
    found.push(fieldErrors.invalid(path.child('image'), image, 'must not have leading or trailing whitespace'));
  }
}

const messagePolicies = ['File', 'FallbackToLogsOnError'];
const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const protocols = ['SCTP', 'TCP', 'UDP'];

function checkCommon(container: Container, scope: PodScope, path: Path, found: Found): void {
  if (required(container.name, path, 'name', found)) checkLabel1123(container.name, path.child('name'), found);
  required(container.image, path, 'image', found);
  checkEnum(container.terminationMessagePolicy, messagePolicies, path.child('terminationMessagePolicy'), found);
  if (container.ports) checkPorts(container.ports, path.child('ports'), found);
  if (container.env) checkEnvironment(container.env, scope.volumes, path.child('env'), found);
  if (container.envFrom) checkEnvFrom(container.envFrom, path.child('envFrom'), found);
  const { volumeMounts: mounts, volumeDevices: devices } = container;
  if (mounts) checkMounts(mounts, devices ?? [], container, scope.volumes, path.child('volumeMounts'), found);
  if (devices) checkDevices(devices, mounts ?? [], scope.volumes, path.child('volumeDevices'), found);
  checkEnum(container.imagePullPolicy, pullPolicies, path.child('imagePullPolicy'), found);
  checkResources(container.resources, scope.claims, path.child('resources'), found);
  if (container.resizePolicy) checkResizePolicy(container, scope.restartPolicy, path.child('resizePolicy'), found);
  if (container.securityContext) {
    checkSecurityContext(container.securityContext, scope.hostUsers, path.child('securityContext'), found);
  }
}

function checkPorts(ports: readonly ContainerPort[], path: Path, found: Found): void {
  const names = new Set<string>();
  ports.forEach(({ name, containerPort, hostPort, protocol }, i) => {
    const at = path.index(i);
    if (name) {
      const problems = portNameProblems(name);
      if (problems.length > 0) addAll(found, at.child('name'), name, problems);
      else if (names.has(name)) found.push(fieldErrors.duplicate(at.child('name'), name));
      names.add(name);
    }
    if (!containerPort) found.push(fieldErrors.required(at.child('containerPort')));
    else addAll(found, at.child('containerPort'), containerPort, portProblems(containerPort));
    if (hostPort) addAll(found, at.child('hostPort'), hostPort, portProblems(hostPort));
    checkEnum(protocol, protocols, at.child('protocol'), found);
  });
}

function checkHostPorts(containers: readonly Container[], path: Path, found: Found): void {
  let taken: Set<string> | undefined;
  containers.forEach(({ ports }, i) => {
    ports?.forEach(({ protocol, hostIP = '', hostPort }, j) => {
      if (!hostPort) return;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      taken ??= new Set();
      if (taken.has(key)) {
        found.push(fieldErrors.duplicate(path.index(i).child('ports').index(j).child('hostPort'), key));
      }
      taken.add(key);
    });
  });
}

function checkMounts(
  mounts: readonly VolumeMount[],
  devices: readonly VolumeDevice[],
  container: Container,
  volumes: ReadonlyMap<string, Volume>,
  path: Path,
  found: Found,
): void {
  const points = new Set<string>();
  mounts.forEach((mount, i) => {
    const at = path.index(i);
    const { name, mountPath, subPath, subPathExpr, mountPropagation } = mount;
    required(name, at, 'name', found);
    if (!volumes.has(name)) found.push(fieldErrors.notFound(at.child('name'), name));
    required(mountPath, at, 'mountPath', found);
    if (points.has(mountPath)) found.push(fieldErrors.invalid(at.child('mountPath'), mountPath, 'must be unique'));
    points.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      found.push(fieldErrors.invalid(at.child('name'), name, 'must not already exist in volumeDevices'));
    }
    if (devices.some((device) => device.devicePath === mountPath)) {
      const why = 'must not already exist as a path in volumeDevices';
      found.push(fieldErrors.invalid(at.child('mountPath'), mountPath, why));
    }
    if (subPath) checkDescendingPath(subPath, path.child('subPath'), found);
    if (subPathExpr) {
      if (subPath) {
        const why = 'subPathExpr and subPath are mutually exclusive';
        found.push(fieldErrors.invalid(at.child('subPathExpr'), subPathExpr, why));
      }
      checkDescendingPath(subPathExpr, path.child('subPathExpr'), found);
    }
    if (mountPropagation !== undefined) checkPropagation(mountPropagation, container, path, found);
    checkRecursiveReadOnly(mount, path.child('recursiveReadOnly'), found);
  });
}

function checkPropagation(propagation: string, container: Container, path: Path, found: Found): void {
  const at = path.child('mountPropagation');
  const all = ['Bidirectional', 'HostToContainer', 'None'];
  if (!all.includes(propagation)) found.push(fieldErrors.notSupported(at, propagation, all));
  if (propagation === 'Bidirectional' && !container.securityContext?.privileged) {
    found.push(fieldErrors.forbidden(at, 'Bidirectional mount propagation is available only to privileged containers'));
  }
}

function checkRecursiveReadOnly(mount: VolumeMount, path: Path, found: Found): void {
  const { recursiveReadOnly: mode, readOnly, mountPropagation } = mount;
  if (mode === undefined || mode === 'Disabled') return;
  if (mode !== 'Enabled' && mode !== 'IfPossible') {
    found.push(fieldErrors.notSupported(path, mode, ['Disabled', 'Enabled', 'IfPossible']));
    return;
  }
  if (!readOnly) found.push(fieldErrors.forbidden(path, 'may only be specified when readOnly is true'));
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    found.push(fieldErrors.forbidden(path, 'may only be specified when mountPropagation is None or not specified'));
  }
}

function checkDevices(
  devices: readonly VolumeDevice[],
  mounts: readonly VolumeMount[],
  volumes: ReadonlyMap<string, Volume>,
  path: Path,
  found: Found,
): void {
  const names = new Set<string>();
  const points = new Set<string>();
  for (const [i, { name, devicePath }] of devices.entries()) {
    const at = path.index(i);
    const volume = volumes.get(name);
    const wrong = (field: string, value: string, why: string): void => {
      found.push(fieldErrors.invalid(at.child(field), value, why));
    };
    required(name, at, 'name', found);
    if (names.has(name)) wrong('name', name, 'must be unique');
    if (!volume) found.push(fieldErrors.notFound(at.child('name'), name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      wrong('name', name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode');
    }
    required(devicePath, at, 'devicePath', found);
    if (points.has(devicePath)) wrong('devicePath', devicePath, 'must be unique');
    if (devicePath?.split('/').includes('..')) wrong('devicePath', devicePath, "can not contain backsteps ('..')");
    else points.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) wrong('name', name, 'must not already exist in volumeMounts');
    if (mounts.some((mount) => mount.mountPath === devicePath)) {
      wrong('devicePath', devicePath, 'must not already exist as a path in volumeMounts');
    }
    if (name) names.add(name);
  }
}

function checkResizePolicy(container: Container, restartPolicy: string, path: Path, found: Found): void {
  const seen = new Set<string>();
  for (const [i, { resourceName, restartPolicy: policy }] of (container.resizePolicy ?? []).entries()) {
    if (seen.has(resourceName)) found.push(fieldErrors.duplicate(path.index(i), resourceName));
    seen.add(resourceName);
    checkEnum(resourceName, ['cpu', 'memory'], path, found);
    checkEnum(policy, ['NotRequired', 'RestartContainer'], path, found);
    if (restartPolicy === 'Never' && policy !== 'NotRequired') {
      const why = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
      found.push(fieldErrors.invalid(path, policy ?? '', why));
    }
  }
}

const restartPolicies: readonly string[] = ['Always', 'Never', 'OnFailure'];
const restartActions: readonly string[] = ['Restart', 'RestartAllContainers'];
const exitCodeOperators: readonly string[] = ['In', 'NotIn'];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

function checkRestartPolicy({ restartPolicy, restartPolicyRules }: Container, path: Path, found: Found): void {
  if (restartPolicy === undefined) {
    if (!restartPolicyRules?.length) return;
    const why = 'must specify restartPolicy when restart rules are used';
    found.push(fieldErrors.required(path.child('restartPolicy'), why));
  } else if (!restartPolicies.includes(restartPolicy)) {
    found.push(fieldErrors.notSupported(path.child('restartPolicy'), restartPolicy, restartPolicies));
  }
  if (!restartPolicyRules) return;
  const rulesPath = path.child('restartPolicyRules');
  if (restartPolicyRules.length > MAX_RULES) {
    found.push(fieldErrors.tooMany(rulesPath, restartPolicyRules.length, MAX_RULES));
  }
  for (const [i, { action, exitCodes }] of restartPolicyRules.entries()) {
    const at = rulesPath.index(i);
    if (!restartActions.includes(action ?? '')) {
      found.push(fieldErrors.notSupported(at.child('action'), action ?? '', restartActions));
    }
    if (!exitCodes) {
      found.push(fieldErrors.required(at.child('exitCodes'), 'must be specified'));
      continue;
    }
    if (!exitCodeOperators.includes(exitCodes.operator)) {
      const { operator = '' } = exitCodes;
      found.push(fieldErrors.notSupported(at.child('exitCodes', 'operator'), operator, exitCodeOperators));
    }
    const count = exitCodes.values?.length ?? 0;
    if (count > MAX_EXIT_CODES) found.push(fieldErrors.tooMany(at.child('exitCodes', 'values'), count, MAX_EXIT_CODES));
  }
}
