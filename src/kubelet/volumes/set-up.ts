import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, Volume } from '../../api/core/v1.gen.ts';
import type { Client } from '../../client/client.ts';
import { quantityNumber } from '../../schema/quantity.ts';
import { quote } from '../../schema/quote.ts';
import type { Clock } from '../../utils/clock.ts';
import { podUid } from '../pods/pod.ts';
import { podResources } from '../resources.ts';
import { type Payload, writeAtomically } from './atomic-writer.ts';
import { checkHostPath } from './host-path.ts';
import type { Mounter } from './mounter.ts';
import { hasGroup, setGroup } from './ownership.ts';
import {
  configMapPayload,
  DEFAULT_MODE,
  downwardPayload,
  type PayloadSources,
  projectedPayload,
  secretPayload,
} from './payload.ts';
import { boundVolume, UnresolvedVolumeError } from './persistent.ts';

/** A volume that is ready on the node. */
export interface MountedVolume {
  /** Directory, file or (where `isBlock`) device on the node. */
  readonly path: string;
  /** No container may write to it, whatever its mounts say. */
  readonly readOnly: boolean;
  readonly isBlock: boolean;
  /** When its files must be looked at again though nothing changes (milliseconds since the epoch). */
  readonly refreshAt: number | undefined;
  /** Group of files that is on the volume itself (annotation of a persistent volume). */
  readonly group: number | undefined;
}

export interface SetUpOptions extends PayloadSources {
  readonly client: Client;
  readonly podsDir: string;
  readonly mounter: Mounter;
  readonly clock: Clock;
}

const PERMISSIONS = 0o777;

/** Sets up volumes one by one. Level-triggered: what is as it should be is left as it is. */
export class VolumeSetUp {
  readonly #options: SetUpOptions;

  constructor(options: SetUpOptions) {
    this.#options = options;
  }

  /** Rejects with the message of the event FailedMount. One at a time for each volume. */
  async setUp(pod: Pod, volume: Volume): Promise<MountedVolume> {
    if (volume.persistentVolumeClaim ?? volume.ephemeral) return this.#persistent(pod, volume);
    try {
      return await this.#plain(pod, volume);
    } catch (error) {
      if (error instanceof UnresolvedVolumeError) throw error;
      throw setUpError(volume.name, error);
    }
  }

  async #plain(pod: Pod, volume: Volume): Promise<MountedVolume> {
    const { objects, allocatable } = this.#options;
    const namespace = pod.metadata.namespace ?? '';
    if (volume.hostPath) {
      await checkHostPath(volume.hostPath);
      return mounted(volume.hostPath.path);
    }
    if (volume.emptyDir) {
      const { medium = '', sizeLimit } = volume.emptyDir;
      const dir = await this.#directory(pod, 'empty-dir', volume.name, medium === 'Memory', sizeLimit);
      return mounted(dir);
    }
    if (volume.configMap) {
      const { name = '', items, defaultMode = DEFAULT_MODE, optional = false } = volume.configMap;
      const dir = await this.#directory(pod, 'configmap', volume.name, false);
      const payload = await configMapPayload(objects, { namespace, name, items, defaultMode, optional });
      return this.#write(pod, dir, payload);
    }
    if (volume.secret) {
      const { secretName: name = '', items, defaultMode = DEFAULT_MODE, optional = false } = volume.secret;
      const dir = await this.#directory(pod, 'secret', volume.name, true);
      const payload = await secretPayload(objects, { namespace, name, items, defaultMode, optional });
      return this.#write(pod, dir, payload);
    }
    if (volume.downwardAPI) {
      const { items, defaultMode = DEFAULT_MODE } = volume.downwardAPI;
      const dir = await this.#directory(pod, 'downward-api', volume.name, true);
      return this.#write(pod, dir, downwardPayload(pod, items, defaultMode, allocatable));
    }
    if (volume.projected) {
      const { sources, defaultMode = DEFAULT_MODE } = volume.projected;
      const dir = await this.#directory(pod, 'projected', volume.name, true);
      const { payload, refreshAt } = await projectedPayload(this.#options, pod, sources, defaultMode);
      return { ...(await this.#write(pod, dir, payload)), refreshAt };
    }
    throw noPlugin(volume.name);
  }

  async #persistent(pod: Pod, volume: Volume): Promise<MountedVolume> {
    const persistent = await boundVolume(this.#options.client, pod, volume);
    const { name, annotations } = persistent.metadata;
    const { hostPath, local, volumeMode } = persistent.spec;
    const readOnly = volume.persistentVolumeClaim?.readOnly ?? false;
    const group = /^\d+$/.exec(annotations?.['pv.beta.kubernetes.io/gid'] ?? '')?.[0];
    const extra = { readOnly, isBlock: volumeMode === 'Block', ...(group !== undefined && { group: Number(group) }) };
    if (hostPath) {
      await checkHostPath(hostPath).catch((error: unknown) => {
        throw setUpError(name, error);
      });
      return { ...mounted(hostPath.path), ...extra };
    }
    if (!local) throw noPlugin(volume.name);
    if (!(await stat(local.path).catch(() => undefined))) {
      throw new Error(
        `MountVolume.NewMounter initialization failed for volume ${quote(name)} : path ${quote(local.path)} does not exist`,
      );
    }
    if (!extra.isBlock && !readOnly) {
      await this.#setGroup(pod, local.path, false).catch((error: unknown) => {
        throw setUpError(name, error);
      });
    }
    return { ...mounted(local.path), ...extra };
  }

  /** The directory of a volume that lives and dies with its pod. */
  async #directory(pod: Pod, kind: string, name: string, memory: boolean, sizeLimit?: string): Promise<string> {
    const { mounter, podsDir } = this.#options;
    const podDir = join(podsDir, podUid(pod));
    const dir = join(podDir, 'volumes', `kubernetes.io~${kind}`, name);
    const ready = join(
      podDir,
      'plugins',
      'kubernetes.io~empty-dir',
      `${kind === 'empty-dir' ? '' : 'wrapped_'}${name}`,
    );
    const isMounted = memory && (await mounter.mountsBelow(dir)).includes(dir);
    const isReady = await stat(join(ready, 'ready')).catch(() => undefined);
    if (isReady && isMounted === memory && (await stat(dir).catch(() => undefined))) return dir;
    await mkdir(join(dir, '..'), { recursive: true, mode: 0o750 });
    await mkdir(dir, { recursive: true, mode: PERMISSIONS });
    if (memory && !isMounted) await mounter.tmpfs(dir, this.#memorySize(pod, sizeLimit));
    await chmod(dir, PERMISSIONS);
    await this.#setGroup(pod, dir, false);
    await mkdir(ready, { recursive: true, mode: 0o750 });
    await writeFile(join(ready, 'ready'), '', { mode: 0o640 });
    return dir;
  }

  /** Bytes that a volume in memory may take: what it asks for, its pod's limit, or all that pods may have. */
  #memorySize(pod: Pod, sizeLimit: string | undefined): number {
    const sizes = [quantityNumber(this.#options.allocatable.memory)];
    const { memoryLimit } = podResources(pod);
    if (memoryLimit) sizes.push(memoryLimit);
    const asked = sizeLimit === undefined ? 0 : quantityNumber(sizeLimit);
    if (asked > 0) sizes.push(asked);
    return Math.floor(Math.min(...sizes));
  }

  async #write(pod: Pod, dir: string, payload: Payload): Promise<MountedVolume> {
    const group = pod.spec.securityContext?.fsGroup;
    const prepare = async (fresh: string) => {
      if (group !== undefined) await setGroup(fresh, group, true);
    };
    await writeAtomically(dir, payload, new Date(this.#options.clock.now()), prepare);
    return { ...mounted(dir), readOnly: true };
  }

  async #setGroup(pod: Pod, dir: string, readOnly: boolean): Promise<void> {
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
    if (fsGroup === undefined) return;
    if (fsGroupChangePolicy === 'OnRootMismatch' && (await hasGroup(dir, fsGroup, readOnly))) return;
    await setGroup(dir, fsGroup, readOnly);
  }
}

export const mounted = (path: string): MountedVolume => ({
  path,
  readOnly: false,
  isBlock: false,
  refreshAt: undefined,
  group: undefined,
});

function setUpError(volume: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return new Error(`MountVolume.SetUp failed for volume ${quote(volume)} : ${why}`);
}

const noPlugin = (volume: string) =>
  new UnresolvedVolumeError(
    volume,
    `failed to get Plugin from volumeSpec for volume ${quote(volume)} err=no volume plugin matched`,
  );
