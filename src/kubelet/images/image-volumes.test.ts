import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Volume } from '../../api/core/v1.gen.ts';
import { pod } from '../pods/fixtures.ts';
import { type FakeMounter, fakeMounter } from '../volumes/fake-mounter.ts';
import { ImageVolumes } from './image-volumes.ts';
import { ImageError } from './manager.ts';

const volume: Volume = { name: 'v', image: { reference: 'kitten:1', pullPolicy: 'Never' } };
let podsDir: string;
let mounter: FakeMounter;
let log: string[];
let volumes: ImageVolumes;
let refusal: Error | undefined;

beforeEach(async () => {
  podsDir = await mkdtemp(join(tmpdir(), 'skiff-images-'));
  mounter = fakeMounter();
  [log, refusal] = [[], undefined];
  volumes = new ImageVolumes({
    podsDir,
    mounter,
    snapshotter: 'overlayfs',
    images: {
      async ensure(_pod, { name, image, imagePullPolicy }) {
        if (refusal) throw refusal;
        log.push(`ensure ${name} ${image} ${imagePullPolicy}`);
        return { id: 'sha256:1', repoTags: [], repoDigests: [], size: '1', uid: null, username: '', pinned: false };
      },
    },
    cri: {
      imageChain: async (image) => `chain of ${image}`,
      async viewSnapshot(...asked) {
        log.push(`view ${asked.join(' ')}`);
        return [{ type: 'overlay', source: 'overlay', options: ['lowerdir=/a:/b'] }];
      },
      async removeSnapshot(...asked) {
        log.push(`remove ${asked.join(' ')}`);
      },
    },
  });
});
afterEach(() => rm(podsDir, { recursive: true }));

it('mounts the layers of the image, once, and lets go of them', async () => {
  const directory = join(podsDir, 'u1/volumes/kubernetes.io~image/v');
  expect(await volumes.mount(pod(), volume)).toBe(directory);
  expect(await volumes.mount(pod(), volume)).toBe(directory);
  expect(mounter.log).toEqual(['overlay overlay lowerdir=/a:/b']);
  expect(await volumes.mounted('u1')).toEqual(['v']);
  await volumes.release('u1', ['v']);
  expect(log).toEqual([
    'ensure undefined kitten:1 Never',
    'view overlayfs skiff-image-volume-u1-v chain of sha256:1',
    'remove overlayfs skiff-image-volume-u1-v',
  ]);
});

it('is not there without its image', async () => {
  refusal = new ImageError('ErrImageNeverPull', 'not present');
  await expect(volumes.mount(pod(), volume)).rejects.toBe(refusal);
  expect([mounter.log, await volumes.mounted('u1')]).toEqual([[], []]);
});
