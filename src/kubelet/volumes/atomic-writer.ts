import { randomInt } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** One file of a volume. */
export interface FileProjection {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  /** The user whose file it is; root where absent. */
  readonly owner?: number;
}

/** Files by path within the volume. */
export type Payload = ReadonlyMap<string, FileProjection>;

const DATA = '..data';
const NEW_DATA = '..data_tmp';
const LONGEST_PATH = 4096;

/**
 * Makes a volume's files those of the payload, all at once: they are written to a new directory, and the link
 * `..data` is turned to it in one step, so that a reader never sees half of an update.
 *
 *     DIR/..2026_01_02_03_04_05.123/KEY     the files
 *     DIR/..data -> ..2026_01_02_03_04_05.123
 *     DIR/KEY -> ..data/KEY                 what containers open
 *
 * `prepare` is given the new directory before it is seen. Answers whether anything has changed. One at a time for each
 * directory.
 */
export async function writeAtomically(
  dir: string,
  payload: Payload,
  now: Date,
  prepare: (directory: string) => Promise<void> = async () => {},
): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  const current = await readlink(join(dir, DATA)).catch(() => undefined);
  if (current !== undefined && (await holds(join(dir, current), payload))) {
    await linkNames(dir, payload);
    return false;
  }
  const name = `..${timestamp(now)}.${randomInt(1_000_000_000, 10_000_000_000)}`;
  const fresh = join(dir, name);
  await mkdir(fresh);
  try {
    await chmod(fresh, 0o755);
    for (const [path, file] of payload) {
      const target = join(fresh, path);
      await mkdir(dirname(target), { recursive: true, mode: 0o755 });
      await writeFile(target, file.data, { mode: 0o600, flag: 'wx' });
      await chmod(target, file.mode);
      if (file.owner !== undefined) await chown(target, file.owner, -1);
    }
    await prepare(fresh);
    await rm(join(dir, NEW_DATA), { force: true });
    await symlink(name, join(dir, NEW_DATA));
    await rename(join(dir, NEW_DATA), join(dir, DATA));
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
  await linkNames(dir, payload);
  await removeOthers(dir, payload, name);
  return true;
}

function checkPath(path: string): void {
  const parts = path.split('/');
  if (path === '' || path.startsWith('/')) throw new Error(`invalid path: must be relative path: ${path}`);
  if (path.length > LONGEST_PATH)
    throw new Error(`invalid path: must be less than or equal to ${LONGEST_PATH} characters`);
  if (parts.includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`);
  if (path.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`);
}

/** As Go's layout "2006_01_02_15_04_05" writes it. */
function timestamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_');
}

/** Whether a directory has just these files. */
async function holds(dir: string, payload: Payload): Promise<boolean> {
  const found = await filesIn(dir).catch(() => undefined);
  if (!found || found.length !== payload.size) return false;
  for (const path of found) {
    const file = payload.get(path);
    if (!file) return false;
    const data = await readFile(join(dir, path)).catch(() => undefined);
    if (!data?.equals(file.data)) return false;
    const { mode } = await lstat(join(dir, path));
    // Read permission for the volume's group is added afterwards.
    if ((mode & 0o777 & ~0o060) !== (file.mode & 0o777 & ~0o060)) return false;
  }
  return true;
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true });
  return entries.filter((e) => !e.isDirectory()).map((e) => join(e.parentPath, e.name).slice(dir.length + 1));
}

const firstParts = (payload: Payload): Set<string> => new Set([...payload.keys()].map((p) => p.split('/', 1)[0] ?? p));

async function linkNames(dir: string, payload: Payload): Promise<void> {
  for (const name of firstParts(payload)) {
    const link = join(dir, name);
    const target = `${DATA}/${name}`;
    if ((await readlink(link).catch(() => undefined)) === target) continue;
    await symlink(target, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Takes away the names and directories that are not in use any more. */
async function removeOthers(dir: string, payload: Payload, current: string): Promise<void> {
  const names = firstParts(payload);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.name === DATA || entry.name === current) continue;
    if (entry.name.startsWith('..')) await rm(path, { recursive: true, force: true });
    else if (entry.isSymbolicLink() && !names.has(entry.name)) {
      // Only what this writer has made: somebody may have put something else here.
      if ((await readlink(path)).startsWith(`${DATA}/`)) await unlink(path);
    }
  }
}
