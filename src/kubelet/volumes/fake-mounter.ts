/** For tests: a mounter that only remembers, so that no root is needed and nothing is left mounted. */
import { readlink } from 'node:fs/promises';
import type { Mounter } from './mounter.ts';

export interface FakeMounter extends Mounter {
  readonly log: string[];
}

export function fakeMounter(): FakeMounter {
  const points: string[] = [];
  const log: string[] = [];
  return {
    log,
    mountsBelow: async (dir) => points.filter((point) => point === dir || point.startsWith(`${dir}/`)),
    async tmpfs(target, size) {
      points.push(target);
      log.push(`tmpfs ${size}`);
    },
    async bind(source, target) {
      points.push(target);
      log.push(`bind ${await readlink(source)}`);
    },
    async image({ type, source, options }, target) {
      points.push(target);
      log.push(`${type} ${source} ${options.join()}`);
    },
    async unmount(target) {
      const at = points.lastIndexOf(target);
      if (at < 0) throw new Error(`${target} is not mounted`);
      points.splice(at, 1);
    },
  };
}
