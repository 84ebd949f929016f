import { readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EventRecorder } from '../client/recorder.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { CriClient } from './cri/client.ts';
import { pauseImage } from './pause/image.ts';
import type { RuntimeCache } from './runtime/cache.ts';

export interface GarbageOptions {
  readonly cri: CriClient;
  readonly cache: RuntimeCache;
  readonly clock: Clock;
  readonly log: Logger;
  readonly recorder: EventRecorder;
  readonly node: { kind: string; name: string; uid: string };
  /** On the file system that images are on. */
  readonly imageDir: string;
  /** Names of images whose files are volumes of pods. */
  readonly imageVolumes: () => readonly string[];
}

const COLLECT_EVERY = 60_000;
const IMAGES_EVERY = 300_000;
const ROTATE_EVERY = 10_000;
/** Above this share of the disk images are removed until it is below the other. */
const HIGH_PERCENT = 85;
const LOW_PERCENT = 80;
const IMAGE_LEAST_AGE = 120_000;
const LOG_SIZE = 10 * 1024 * 1024;
const LOG_FILES = 5;

/** Takes away what nobody needs: old instances of containers, old sandboxes, unused images, old logs. */
export class GarbageCollector {
  readonly #options: GarbageOptions;
  readonly #imagesSeen = new Map<string, { readonly since: number; lastUsed: number }>();
  #stopped = false;

  constructor(options: GarbageOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, log } = this.#options;
    const every = (ms: number, what: string, work: () => Promise<void>) => {
      clock.after(ms, () => {
        if (this.#stopped) return;
        work()
          .catch((error: unknown) => log.warn({ err: error }, `cannot ${what}`))
          .finally(() => every(ms, what, work));
      });
    };
    every(COLLECT_EVERY, 'remove old containers', () => this.collectContainers());
    every(IMAGES_EVERY, 'remove unused images', () => this.collectImages());
    every(ROTATE_EVERY, 'rotate logs', () => this.rotateLogs());
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Keeps the newest instance of each container and the one before it, and the newest sandbox of each pod. */
  async collectContainers(): Promise<void> {
    const { cri, cache } = this.#options;
    for (const pod of cache.pods()) {
      const seen = new Map<string, number>();
      let removed = false;
      const kept = new Set<string>();
      for (const container of pod.containers) {
        const count = (seen.get(container.name) ?? 0) + 1;
        seen.set(container.name, count);
        if (count <= 2 || container.state === 'running') {
          kept.add(container.sandboxId);
          continue;
        }
        await cri.removeContainer(container.id);
        await removeLogs(container.logPath);
        removed = true;
      }
      for (const [i, sandbox] of pod.sandboxes.entries()) {
        if (i === 0 || sandbox.ready || kept.has(sandbox.id)) continue;
        await cri.removePodSandbox(sandbox.id);
        removed = true;
      }
      if (removed) await cache.refresh(pod.uid);
    }
  }

  /** Takes away everything that nobody needs, because the disk is short. */
  async reclaim(): Promise<void> {
    await this.collectContainers();
    await this.collectImages(true);
  }

  /** Removes images that no container uses, the longest unused first, once the disk is nearly full, or `all` of them. */
  async collectImages(all = false): Promise<void> {
    const { cri, cache, clock, imageDir, imageVolumes, log, node, recorder } = this.#options;
    const now = clock.now();
    const used = new Set(cache.pods().flatMap((pod) => pod.containers.map((c) => c.imageId)));
    for (const name of imageVolumes()) {
      const image = await cri.imageStatus(name);
      if (image) used.add(image.id);
    }
    const images = await cri.listImages();
    const present = new Set(images.map((i) => i.id));
    for (const id of this.#imagesSeen.keys()) if (!present.has(id)) this.#imagesSeen.delete(id);
    for (const image of images) {
      const seen = this.#imagesSeen.get(image.id) ?? { since: now, lastUsed: 0 };
      if (isUsed(image, used)) seen.lastUsed = now;
      this.#imagesSeen.set(image.id, seen);
    }
    const disk = await statfs(imageDir);
    const percent = 100 - Math.floor((100 * disk.bavail) / disk.blocks);
    if (percent < HIGH_PERCENT && !all) return;
    let toFree = all ? Number.MAX_SAFE_INTEGER : ((percent - LOW_PERCENT) * disk.blocks * disk.bsize) / 100;
    log.info({ percent, toFree }, 'the disk is nearly full, removing unused images');
    const age = (id: string) => this.#imagesSeen.get(id) ?? { since: now, lastUsed: now };
    const candidates = images
      .filter((i) => !i.pinned && !isUsed(i, used) && !i.repoTags.includes(pauseImage))
      .filter((i) => now - age(i.id).since >= IMAGE_LEAST_AGE)
      .sort((a, b) => age(a.id).lastUsed - age(b.id).lastUsed || age(a.id).since - age(b.id).since);
    for (const image of candidates) {
      if (toFree <= 0) return;
      await cri.removeImage(image.id);
      toFree -= Number(image.size);
    }
    if (toFree > 0 && !all) {
      const message = `Failed to garbage collect required amount of images. Attempted to free ${Math.ceil(toFree)} bytes more.`;
      recorder.event(node, 'Warning', 'FreeDiskSpaceFailed', message);
    }
  }

  /** A log that has grown too large is set aside, and the runtime begins a new one. */
  async rotateLogs(): Promise<void> {
    const { cache, clock, cri } = this.#options;
    for (const container of cache.pods().flatMap((pod) => pod.containers)) {
      if (container.state !== 'running' || !container.logPath) continue;
      const size = await stat(container.logPath).then(
        (s) => s.size,
        () => 0,
      );
      if (size < LOG_SIZE) continue;
      const rotated = (await rotatedLogs(container.logPath)).sort();
      for (const old of rotated.slice(0, Math.max(0, rotated.length - (LOG_FILES - 2)))) await rm(old, { force: true });
      const time = new Date(clock.now()).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
      const aside = `${container.logPath}.${time}`;
      await rename(container.logPath, aside);
      try {
        await cri.reopenContainerLog(container.id);
      } catch (error) {
        await rename(aside, container.logPath);
        throw error;
      }
    }
  }
}

function isUsed(
  image: { readonly id: string; readonly repoDigests: readonly string[] },
  used: ReadonlySet<string>,
): boolean {
  return used.has(image.id) || image.repoDigests.some((digest) => used.has(digest));
}

async function rotatedLogs(file: string): Promise<string[]> {
  const names = await readdir(dirname(file)).catch(() => []);
  return names.filter((name) => name.startsWith(`${basename(file)}.`)).map((name) => join(dirname(file), name));
}

async function removeLogs(file: string): Promise<void> {
  if (!file) return;
  for (const path of [file, ...(await rotatedLogs(file))]) await rm(path, { force: true });
}
