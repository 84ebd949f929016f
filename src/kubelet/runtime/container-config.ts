import type { Pod } from '../../api/core/v1.gen.ts';
import type { ContainerConfig, Image } from '../cri/types.ts';
import { expand } from '../expand.ts';
import { type AnyContainer, podDescription } from '../pods/pod.ts';
import { containerResources } from '../resources.ts';
import { ContainerConfigError, type ContainerDevice, type ContainerMount } from '../volumes/types.ts';
import { annotations, containerHash, labels, podLabels } from './labels.ts';
import { namespaceOptions, podGroups, securityProfile } from './sandbox-config.ts';

export interface ContainerInput {
  readonly pod: Pod;
  readonly container: AnyContainer;
  readonly restartCount: number;
  readonly image: Image;
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly ContainerMount[];
  readonly devices: readonly ContainerDevice[];
  readonly volumeGroups: readonly number[];
  /** The node's memory in bytes. */
  readonly memoryCapacity: number;
  /** File on the node that is mounted for the container's termination message. */
  readonly terminationMessageFile: string | undefined;
  /** The container whose processes an ephemeral container sees. */
  readonly targetId: string | undefined;
}

/** https://kubernetes.io/docs/concepts/security/linux-kernel-security-constraints/ */
const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** `<container>/<restarts>.log`, within the pod's directory of logs. */
function logPath(container: string, restartCount: number): string {
  return `${container}/${restartCount}.log`;
}

/** What the runtime needs to know to make a container. Throws ContainerConfigError where the pod asks too much. */
export function containerConfig(input: ContainerInput): ContainerConfig {
  const { pod, container, restartCount, image, env } = input;
  const messagePath = container.terminationMessagePath || '/dev/termination-log';
  const grace = pod.spec.terminationGracePeriodSeconds;
  const text = (value: string) => expand(value, env);
  return {
    metadata: { name: container.name, attempt: restartCount },
    // By its id, so that a tag that moves meanwhile does no harm.
    image: { image: image.id },
    command: (container.command ?? []).map(text),
    args: (container.args ?? []).map(text),
    workingDir: container.workingDir ?? '',
    envs: [...env].map(([key, value]) => ({ key, value: Buffer.from(value) })),
    mounts: [
      ...input.mounts,
      ...(input.terminationMessageFile
        ? [
            {
              hostPath: input.terminationMessageFile,
              containerPath: messagePath,
              readonly: false,
              propagation: 'PROPAGATION_PRIVATE' as const,
            },
          ]
        : []),
    ],
    devices: input.devices,
    labels: { ...podLabels(pod), [labels.containerName]: container.name },
    annotations: {
      [annotations.hash]: containerHash(container),
      [annotations.restartCount]: String(restartCount),
      [annotations.terminationMessagePath]: messagePath,
      [annotations.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
      ...(grace !== undefined && { [annotations.terminationGracePeriod]: String(grace) }),
      ...(input.terminationMessageFile && { [annotations.terminationMessageFile]: input.terminationMessageFile }),
    },
    logPath: logPath(container.name, restartCount),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: containerResources(pod, container, input.memoryCapacity),
      securityContext: securityContext(input),
    },
  };
}

function securityContext(input: ContainerInput): ContainerConfig['linux']['securityContext'] {
  const { pod, container, image } = input;
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  const privileged = own.privileged ?? false;
  const user = own.runAsUser ?? shared.runAsUser;
  const group = own.runAsGroup ?? shared.runAsGroup;
  const imageUser = image.uid ? Number(image.uid.value) : undefined;
  verifyNonRoot(input, user, imageUser);
  const unmasked = privileged || own.procMount === 'Unmasked';
  const runAs =
    user !== undefined
      ? { runAsUser: { value: user } }
      : imageUser !== undefined
        ? { runAsUser: { value: imageUser } }
        : image.username
          ? { runAsUsername: image.username }
          : { runAsUser: { value: 0 } };
  return {
    capabilities: {
      addCapabilities: [...(own.capabilities?.add ?? [])],
      dropCapabilities: [...(own.capabilities?.drop ?? [])],
    },
    privileged,
    namespaceOptions: namespaceOptions(pod, input.targetId),
    ...runAs,
    ...(group !== undefined && { runAsGroup: { value: group } }),
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    supplementalGroups: [...new Set([...podGroups(pod), ...input.volumeGroups])],
    noNewPrivs: own.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : MASKED_PATHS,
    readonlyPaths: unmasked ? [] : READONLY_PATHS,
    seccomp: privileged ? { profileType: 'Unconfined' } : securityProfile(own.seccompProfile ?? shared.seccompProfile),
  };
}

function verifyNonRoot(input: ContainerInput, user: number | undefined, imageUser: number | undefined): void {
  const { pod, container, image } = input;
  const required = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot;
  if (!required) return;
  const where = `(pod: ${JSON.stringify(podDescription(pod))}, container: ${container.name})`;
  if (user !== undefined) {
    if (user === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
  } else if (imageUser === 0 || (imageUser === undefined && !image.username)) {
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  } else if (imageUser === undefined) {
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
}
