import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mounter } from './mounter.ts';

/**
 * Takes down whatever is mounted in a pod's directory, and only then removes what is in it: a mount that is left may
 * be a directory of the node or of other pods, so that nothing is removed while there is one.
 */
export async function tearDown(mounter: Mounter, podDir: string, everything: boolean): Promise<void> {
  // In reverse, since what was mounted later may be on what was mounted earlier.
  for (const point of [...(await mounter.mountsBelow(podDir))].reverse()) await mounter.unmount(point);
  const left = await mounter.mountsBelow(podDir);
  if (left.length > 0) throw new Error(`cannot remove ${podDir}: still mounted: ${left.join(', ')}`);
  const parts = everything ? [''] : ['volumes', 'volume-subpaths', 'plugins'];
  for (const part of parts) await rm(join(podDir, part), { recursive: true, force: true });
  await rmdir(podDir).catch((error: NodeJS.ErrnoException) => {
    // Termination messages of containers may be there until the containers are gone.
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw error;
  });
}

/** The pods that have a directory. */
export async function podsOnDisk(podsDir: string): Promise<string[]> {
  const entries = await readdir(podsDir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
