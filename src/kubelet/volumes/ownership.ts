import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const READ_WRITE = 0o660;
const READ_ONLY = 0o440;
const SET_GID = 0o2000;
const SEARCH = 0o110;

/**
 * Gives everything in a directory to a group, so that processes of the pod's fsGroup can read (and write) it, and
 * what they make there is the group's too.
 * https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-the-security-context-for-a-pod
 */
export async function setGroup(path: string, group: number, readOnly: boolean): Promise<void> {
  const { uid, mode } = await lstat(path);
  await lchown(path, uid, group);
  if ((mode & 0o170000) === 0o120000) return; // a link has no mode of its own
  const isDirectory = (mode & 0o170000) === 0o040000;
  const mask = (readOnly ? READ_ONLY : READ_WRITE) | (isDirectory ? SET_GID | SEARCH : 0);
  await chmod(path, (mode & 0o7777) | mask);
  if (!isDirectory) return;
  for (const name of await readdir(path)) await setGroup(join(path, name), group, readOnly);
}

/** Whether the top of a volume is as `setGroup` leaves it: enough to know for fsGroupChangePolicy OnRootMismatch. */
export async function hasGroup(path: string, group: number, readOnly: boolean): Promise<boolean> {
  const { gid, mode } = await lstat(path);
  const mask = (readOnly ? READ_ONLY : READ_WRITE) | SET_GID | SEARCH;
  return gid === group && (mode & mask) === mask;
}
