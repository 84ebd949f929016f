import { existsSync } from 'node:fs';
import { loadImage } from '../kubelet/images/load.ts';
import { clusterPaths } from './paths.ts';

/** Loads an archive into the node of this machine. Answers with the names of the images. */
export async function loadImageIntoCluster(dataDir: string, file: string): Promise<string[]> {
  const { containerd } = clusterPaths(dataDir);
  if (!existsSync(containerd.socket)) throw new Error('No node runs on this machine: start one with "skiff up" first.');
  return await loadImage({ socket: containerd.socket, dataDir: containerd.dir }, file);
}
