import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import type { Progress } from './progress.ts';

/** As long as `skiff up` takes at the very most. */
const waitSeconds = 200;

/**
 * Runs `work` while no other `up`, `down` or `reset` works on the cluster in `dataDir`, waiting for one that does. The
 * lock is the kernel's (flock on the directory): it goes with its holder, however that ends. `undefined` where the
 * directory is not there, or was removed while this waited.
 */
export async function withLock<T>(
  dataDir: string,
  progress: Progress,
  work: () => Promise<T>,
): Promise<{ readonly result: T } | undefined> {
  let directory: number;
  try {
    directory = openSync(dataDir, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    if (!(await flock(directory, ['--nonblock']))) {
      progress.say('Another skiff command is at work on this cluster; waiting for it.');
      if (!(await flock(directory, ['--timeout', String(waitSeconds)]))) {
        throw new Error(`Another skiff command has been at work on the cluster in ${dataDir} for too long: see "ps".`);
      }
    }
    if (!isStillThere(dataDir, directory)) return undefined;
    return { result: await work() };
  } finally {
    closeSync(directory);
  }
}

/** The lock belongs to the open directory, which flock(1) shares with this process, and stays when flock ends. */
function flock(directory: number, flags: readonly string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['--exclusive', ...flags, '3'], { stdio: ['ignore', 'ignore', 'inherit', directory] });
    child.once('error', (error) =>
      reject(new Error(`Cannot lock the cluster: ${error.message}. On Debian: apt-get install util-linux.`)),
    );
    child.once('close', (code) => resolve(code === 0));
  });
}

function isStillThere(dataDir: string, directory: number): boolean {
  const held = fstatSync(directory);
  const now = statSync(dataDir, { throwIfNoEntry: false });
  return now?.ino === held.ino && now.dev === held.dev;
}
