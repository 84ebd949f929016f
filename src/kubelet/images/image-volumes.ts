import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, Volume } from '../../api/core/v1.gen.ts';
import type { CriClient } from '../cri/client.ts';
import { podUid } from '../pods/pod.ts';
import type { Mounter } from '../volumes/mounter.ts';
import type { ImageManager } from './manager.ts';

export interface ImageVolumesOptions {
  readonly cri: Pick<CriClient, 'imageChain' | 'viewSnapshot' | 'removeSnapshot'>;
  readonly images: Pick<ImageManager, 'ensure'>;
  readonly mounter: Pick<Mounter, 'mountsBelow' | 'image'>;
  /** Which of containerd's snapshotters has the layers of images. */
  readonly snapshotter: string;
  readonly podsDir: string;
}

/**
 * Volumes with the files of an image, read-only (KEP-4639). The runtimes that Skiff meets do not mount images through
 * CRI yet; containerd shows an image's layers as a snapshot, which is mounted like any other volume.
 * https://kubernetes.io/docs/concepts/storage/volumes/#image
 */
export class ImageVolumes {
  readonly #options: ImageVolumesOptions;

  constructor(options: ImageVolumesOptions) {
    this.#options = options;
  }

  /** Makes the volume's files appear; answers with their directory. Rejects with ImageError, or with an Error for people. */
  async mount(pod: Pod, volume: Volume): Promise<string> {
    const { cri, images, mounter, snapshotter } = this.#options;
    const { reference = '', pullPolicy } = volume.image ?? {};
    const directory = join(this.#directory(podUid(pod)), volume.name);
    if ((await mounter.mountsBelow(directory)).includes(directory)) return directory;
    const image = await images.ensure(pod, { image: reference, imagePullPolicy: pullPolicy });
    const chain = await cri.imageChain(image.id);
    const mounts = await cri.viewSnapshot(snapshotter, keyOf(podUid(pod), volume.name), chain);
    await mkdir(directory, { recursive: true, mode: 0o750 });
    for (const mount of mounts) await mounter.image(mount, directory);
    return directory;
  }

  /** The image volumes that a pod has on disk, for `release`, once they are no longer mounted. */
  async mounted(uid: string): Promise<readonly string[]> {
    return readdir(this.#directory(uid)).catch(() => []);
  }

  async release(uid: string, volumes: readonly string[]): Promise<void> {
    const { cri, snapshotter } = this.#options;
    for (const volume of volumes) await cri.removeSnapshot(snapshotter, keyOf(uid, volume));
  }

  #directory(uid: string): string {
    return join(this.#options.podsDir, uid, 'volumes', 'kubernetes.io~image');
  }
}

const keyOf = (uid: string, volume: string): string => `skiff-image-volume-${uid}-${volume}`;
