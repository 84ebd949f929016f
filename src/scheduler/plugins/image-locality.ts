import type { NodeInfo } from '../cache/node-info.ts';
import { type AnyPlugin, maxNodeScore } from '../framework/types.ts';

const mebibyte = 1024 * 1024;
const least = 23 * mebibyte;
const mostPerContainer = 1000 * mebibyte;

/** Prefers nodes that have the pod's images already; images that nearly all nodes have count more than rare ones. */
export const imageLocality = {
  name: 'ImageLocality',
  preScore(state, { pod }, nodes) {
    if (!nodes.some((node) => node.images)) return 'Skip';
    const images = pod.spec.containers.map((c) => withTag(c.image ?? ''));
    const spread = new Map<string, number>();
    for (const node of nodes)
      for (const image of images) if (sizeOf(node, image) > 0) spread.set(image, (spread.get(image) ?? 0) + 1);
    if (spread.size === 0) return 'Skip';
    state.write('ImageLocality', { images, spread } satisfies Found);
    return undefined;
  },
  score(state, { pod }, nodes, scores) {
    const found = state.read<Found>('ImageLocality');
    const most = mostPerContainer * pod.spec.containers.length;
    nodes.forEach((node, i) => {
      let sum = 0;
      for (const image of found?.images ?? [])
        sum += Math.trunc(sizeOf(node, image) * ((found?.spread.get(image) ?? 0) / nodes.length));
      const clamped = Math.min(Math.max(sum, least), most);
      scores[i] = Math.trunc((maxNodeScore * (clamped - least)) / (most - least));
    });
  },
} satisfies AnyPlugin;

interface Found {
  readonly images: readonly string[];
  readonly spread: ReadonlyMap<string, number>;
}

const sizeOf = ({ images }: NodeInfo, image: string): number => images?.get(image) ?? 0;

/** Nodes name images with their tag; after the last slash a colon begins one. */
function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
