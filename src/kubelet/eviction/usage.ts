import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/core/v1.gen.ts';
import type { CriClient } from '../cri/client.ts';
import { podUid } from '../pods/pod.ts';
import { labels } from '../runtime/labels.ts';
import { podLogDir } from '../runtime/sandbox-config.ts';
import type { ContainerUsage, PodUsage } from './ranking.ts';

export interface UsageOptions {
  readonly cri: Pick<CriClient, 'listContainerStats'>;
  readonly podsDir: string;
  readonly logDir: string;
}

export interface MeasuredPod extends PodUsage {
  /** Bytes on disk of each emptyDir, by name of the volume. */
  readonly emptyDirs: ReadonlyMap<string, number>;
}

/** What pods use. Directories are walked only where `disk` is asked for. */
export async function measurePods(
  { cri, podsDir, logDir }: UsageOptions,
  pods: readonly Pod[],
  disk: boolean,
): Promise<Map<string, MeasuredPod>> {
  const stats = await cri.listContainerStats();
  const found = new Map<string, MeasuredPod>();
  for (const pod of pods) {
    const uid = podUid(pod);
    const containers: ContainerUsage[] = [];
    let inodes = 0;
    for (const { attributes, memory, writableLayer } of stats) {
      if (attributes.labels[labels.podUid] !== uid) continue;
      const { name } = attributes.metadata;
      const logs = disk ? await diskUsage(join(podLogDir(logDir, pod), name)) : none;
      inodes += Number(writableLayer?.inodesUsed?.value ?? 0) + logs.inodes;
      containers.push({
        name,
        memory: Number(memory?.workingSetBytes?.value ?? 0),
        disk: Number(writableLayer?.usedBytes?.value ?? 0) + logs.bytes,
      });
    }
    if (containers.length === 0) continue;
    const emptyDirs = new Map<string, number>();
    let volumes = 0;
    for (const { name, emptyDir } of disk ? (pod.spec.volumes ?? []) : []) {
      if (!emptyDir || emptyDir.medium === 'Memory') continue;
      const used = await diskUsage(join(podsDir, uid, 'volumes', 'kubernetes.io~empty-dir', name));
      emptyDirs.set(name, used.bytes);
      volumes += used.bytes;
      inodes += used.inodes;
    }
    const total = (of: (c: ContainerUsage) => number) => containers.reduce((sum, c) => sum + of(c), 0);
    found.set(uid, {
      containers,
      memory: total((c) => c.memory),
      disk: total((c) => c.disk) + volumes,
      inodes,
      pids: containers.length,
      emptyDirs,
    });
  }
  return found;
}

const none = { bytes: 0, inodes: 0 };

/** What a directory takes of its file system, links not followed; what vanishes meanwhile does not count. */
export async function diskUsage(path: string): Promise<{ readonly bytes: number; readonly inodes: number }> {
  const stat = await lstat(path).catch(() => undefined);
  if (!stat) return none;
  let bytes = stat.blocks * 512;
  let inodes = 1;
  if (!stat.isDirectory()) return { bytes, inodes };
  const entries = await opendir(path).catch(() => undefined);
  if (!entries) return { bytes, inodes };
  for await (const { name } of entries) {
    const inner = await diskUsage(join(path, name));
    bytes += inner.bytes;
    inodes += inner.inodes;
  }
  return { bytes, inodes };
}
