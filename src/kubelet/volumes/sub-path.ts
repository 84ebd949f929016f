import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Mounter } from './mounter.ts';

/** Linux's O_PATH: a handle that only names a file; Node has no constant for it. */
const O_PATH = 0o10000000;

/**
 * Makes the directory `path` of a volume unless something is there. A volume's contents are the pod's, so links are
 * followed only inside the volume, and no part of the way can be swapped for a link meanwhile.
 */
export async function makeDirectoryWithin(volume: string, path: string, mode: number): Promise<void> {
  const base = await realpath(volume);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  let existing = parts.length;
  let real: string | undefined;
  for (; existing >= 0; existing--) {
    real = await realpath(join(base, ...parts.slice(0, existing))).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (real !== undefined) break;
  }
  if (real === undefined || !isWithin(base, real))
    throw new Error(`path ${real ?? path} is outside of allowed base ${base}`);
  if (existing === parts.length) return;
  let handle = await openWithin(base, relative(base, real));
  try {
    for (const part of parts.slice(existing)) {
      const child = `/proc/self/fd/${handle.fd}/${part}`;
      await mkdir(child, { mode });
      const next = await openNoLink(child);
      await handle.close();
      handle = next;
      await chmod(`/proc/self/fd/${handle.fd}`, mode); // whatever the umask is
    }
  } finally {
    await handle.close();
  }
}

/** Mounts `path` of a volume on `target`, which is made; links in `path` are followed inside the volume only. */
export async function bindWithin(mounter: Mounter, volume: string, path: string, target: string): Promise<void> {
  const base = await realpath(volume);
  const real = await realpath(join(base, path));
  if (!isWithin(base, real)) throw new Error(`path ${real} is outside of allowed base ${base}`);
  const handle = await openWithin(base, relative(base, real));
  try {
    // Of an earlier start of the container.
    for (const old of [...(await mounter.mountsBelow(target))].reverse()) await mounter.unmount(old);
    const isDirectory = (await handle.stat()).isDirectory();
    const there = await stat(target).catch(() => undefined);
    if (there && there.isDirectory() !== isDirectory) await rm(target, { recursive: true });
    await mkdir(isDirectory ? target : dirname(target), { recursive: true, mode: 0o750 });
    if (!isDirectory) await writeFile(target, '', { mode: 0o640 });
    await mounter.bind(`/proc/${process.pid}/fd/${handle.fd}`, target);
  } finally {
    await handle.close();
  }
}

const isWithin = (base: string, path: string): boolean =>
  path === base || path.startsWith(base === sep ? sep : `${base}${sep}`);

/** Opens a path step by step, none of which may be a link. */
async function openWithin(base: string, path: string): Promise<FileHandle> {
  let handle = await open(base, O_PATH | constants.O_NOFOLLOW);
  for (const part of path.split(sep).filter((p) => p !== '')) {
    try {
      const next = await openNoLink(`/proc/self/fd/${handle.fd}/${part}`);
      await handle.close();
      handle = next;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
  return handle;
}

async function openNoLink(path: string): Promise<FileHandle> {
  const handle = await open(path, O_PATH | constants.O_NOFOLLOW);
  if (!(await handle.stat()).isSymbolicLink()) return handle;
  await handle.close();
  throw new Error(`unexpected symlink found ${path}`);
}
