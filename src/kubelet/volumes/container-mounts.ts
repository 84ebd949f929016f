import { lstat, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Pod, VolumeMount } from '../../api/core/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import { expand } from '../expand.ts';
import { type AnyContainer, containerSpec, podUid } from '../pods/pod.ts';
import type { Mounter } from './mounter.ts';
import type { MountedVolume } from './set-up.ts';
import { bindWithin, makeDirectoryWithin } from './sub-path.ts';
import { ContainerConfigError, type ContainerDevice, type ContainerMount } from './types.ts';

const propagations = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const;

export interface ContainerMountsInput {
  readonly pod: Pod;
  readonly podsDir: string;
  /** Name of the container. */
  readonly container: string;
  readonly env: ReadonlyMap<string, string>;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  readonly mounter: Mounter;
}

/** A container's mounts and devices, its sub-paths made and mounted. Rejects with ContainerConfigError. */
export async function containerMounts(
  input: ContainerMountsInput,
): Promise<{ mounts: ContainerMount[]; devices: ContainerDevice[] }> {
  const spec = containerSpec(input.pod, input.container);
  if (!spec) throw new ContainerConfigError(`container ${input.container} not found`);
  const mounts: ContainerMount[] = [];
  for (const [i, mount] of (spec.volumeMounts ?? []).entries()) mounts.push(await oneMount(input, spec, mount, i));
  const devices = (spec.volumeDevices ?? []).map(({ name, devicePath }): ContainerDevice => {
    const volume = input.volumes.get(name);
    if (!volume?.isBlock)
      throw new ContainerConfigError(`cannot find volume ${quote(name)} to pass into container ${quote(spec.name)}`);
    return { hostPath: volume.path, containerPath: devicePath, permissions: volume.readOnly ? 'r' : 'mrw' };
  });
  return { mounts, devices };
}

async function oneMount(
  input: ContainerMountsInput,
  container: AnyContainer,
  mount: VolumeMount,
  index: number,
): Promise<ContainerMount> {
  const volume = input.volumes.get(mount.name);
  if (!volume || volume.isBlock) {
    throw new ContainerConfigError(
      `cannot find volume ${quote(mount.name)} to mount into container ${quote(container.name)}`,
    );
  }
  const subPath = mount.subPathExpr ? expandStrictly(mount.subPathExpr, input.env) : (mount.subPath ?? '');
  const hostPath = subPath ? await mountSubPath(input, container, mount, volume, subPath, index) : volume.path;
  return {
    hostPath,
    containerPath: isAbsolute(mount.mountPath) ? mount.mountPath : `/${mount.mountPath}`,
    readonly: (mount.readOnly ?? false) || volume.readOnly,
    propagation: propagations[mount.mountPropagation ?? 'None'],
  };
}

async function mountSubPath(
  { podsDir, pod, mounter }: ContainerMountsInput,
  container: AnyContainer,
  mount: VolumeMount,
  volume: MountedVolume,
  subPath: string,
  index: number,
): Promise<string> {
  if (isAbsolute(subPath)) throw new ContainerConfigError(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..')) {
    throw new ContainerConfigError(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  }
  const subject = `for volumeMount ${quote(mount.name)} of container ${quote(container.name)}`;
  try {
    if (!(await lstat(join(volume.path, subPath)).catch(() => undefined))) {
      await makeDirectoryWithin(volume.path, subPath, (await stat(volume.path)).mode & 0o7777);
    }
  } catch {
    // Why would tell a pod about the node's files.
    throw new ContainerConfigError(`failed to create subPath directory ${subject}`);
  }
  const target = join(podsDir, podUid(pod), 'volume-subpaths', mount.name, container.name, String(index));
  try {
    await bindWithin(mounter, volume.path, subPath, target);
  } catch {
    throw new ContainerConfigError(`failed to prepare subPath ${subject}`);
  }
  return target;
}

/** Expands `$(NAME)`; a name that is not there is an error. */
function expandStrictly(text: string, env: ReadonlyMap<string, string>): string {
  const missing = new Set<string>();
  class Recording extends Map<string, string> {
    override get(name: string): string | undefined {
      const value = env.get(name);
      if (value === undefined) missing.add(name);
      return value;
    }
  }
  const expanded = expand(text, new Recording());
  if (missing.size === 0) return expanded;
  const errors = [...missing].map((name) => `missing value for ${quote(name)}`);
  throw new ContainerConfigError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
}
