import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { SnapshotMount } from '../cri/types.ts';

/** What is mounted on this machine, and how to change it. */
export interface Mounter {
  /** Mount points below a directory (and itself), in the order in which they were mounted. */
  mountsBelow(dir: string): Promise<readonly string[]>;
  /** `size` in bytes. */
  tmpfs(target: string, size: number | undefined): Promise<void>;
  /** Makes `target` another name of `source`, which is taken as it is: no link in it is resolved twice. */
  bind(source: string, target: string): Promise<void>;
  /** Mounts a snapshot of an image's layers: nothing in it can be written or run. */
  image(snapshot: SnapshotMount, target: string): Promise<void>;
  unmount(target: string): Promise<void>;
}

const TIMEOUT = 120_000;

/** The kernel's, through mount(8) and umount(8). Needs root. */
export const systemMounter: Mounter = {
  async mountsBelow(dir) {
    const points = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
    return points.filter((point) => point === dir || point.startsWith(`${dir}/`));
  },
  async tmpfs(target, size) {
    const options = size === undefined ? ['noatime'] : [`size=${size}`];
    await run('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', target]);
  },
  async bind(source, target) {
    await run('mount', ['--no-canonicalize', '--bind', source, target]);
  },
  async image({ type, source, options }, target) {
    if (type === 'bind') {
      await run('mount', ['--no-canonicalize', '--bind', source, target]);
      await run('mount', ['--no-canonicalize', '-o', 'remount,bind,ro,noexec', target]);
      return;
    }
    const all = [...options.filter((option) => option !== 'rw' && option !== 'ro'), 'ro', 'noexec'];
    await run('mount', ['--no-canonicalize', '-t', type, '-o', all.join(','), source, target]);
  },
  async unmount(target) {
    await run('umount', ['--no-canonicalize', target]).catch(async (error: unknown) => {
      // Still in use by something that will go by itself: out of sight now, gone when it does.
      if (error instanceof Error && error.message.includes('busy')) {
        await run('umount', ['--no-canonicalize', '--lazy', target]);
      } else throw error;
    });
  },
};

/** The mount points of a /proc/PID/mountinfo. */
export function parseMountInfo(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined)
    .map((point) => point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))));
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: TIMEOUT }, (error, _stdout, stderr) => {
      if (!error) resolve();
      else reject(new Error(`${program} ${args.join(' ')} failed: ${stderr.trim() || error.message}`));
    });
  });
}
