import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeMounter } from './fake-mounter.ts';
import { parseMountInfo } from './mounter.ts';
import { bindWithin, makeDirectoryWithin } from './sub-path.ts';

let dir: string;
let volume: string;
let outside: string;
let target: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-sub-path-'));
  volume = join(dir, 'volume');
  outside = join(dir, 'outside');
  target = join(dir, 'pod', 'volume-subpaths', 'v', 'main', '0');
  await mkdir(join(volume, 'inside'), { recursive: true });
  await mkdir(outside);
});
afterEach(() => rm(dir, { recursive: true }));

describe('a directory within a volume', () => {
  it('is made with all that leads to it', async () => {
    await makeDirectoryWithin(volume, 'inside/a/b', 0o777);
    // Whatever the umask is.
    expect((await stat(join(volume, 'inside/a'))).mode & 0o777).toBe(0o777);
    expect((await stat(join(volume, 'inside/a/b'))).mode & 0o777).toBe(0o777);
  });

  it('is left as it is', async () => {
    await writeFile(join(volume, 'inside/file'), 'x');
    await makeDirectoryWithin(volume, 'inside', 0o700);
    expect(await readFile(join(volume, 'inside/file'), 'utf8')).toBe('x');
  });

  it('may be reached over links that stay inside', async () => {
    await symlink('inside', join(volume, 'link'));
    await makeDirectoryWithin(volume, 'link/new', 0o755);
    expect((await stat(join(volume, 'inside/new'))).isDirectory()).toBe(true);
  });

  it.each(['../outside', '/', '/proc/self/root', '..'])('is not made over a link to %s', async (to) => {
    await symlink(to, join(volume, 'link'));
    await expect(makeDirectoryWithin(volume, 'link/new', 0o755)).rejects.toThrow('outside of allowed base');
    await expect(stat(join(outside, 'new'))).rejects.toThrow('ENOENT');
  });

  it('is not made behind a dangling link', async () => {
    await symlink('../outside/new', join(volume, 'link'));
    await expect(makeDirectoryWithin(volume, 'link', 0o755)).rejects.toThrow();
    await expect(stat(join(outside, 'new'))).rejects.toThrow('ENOENT');
  });
});

describe('a mount of a sub-path', () => {
  it('is of the very directory or file', async () => {
    const mounter = fakeMounter();
    await writeFile(join(volume, 'inside/file'), 'x');
    await symlink('inside/file', join(volume, 'link'));
    await bindWithin(mounter, volume, 'inside', target);
    await bindWithin(mounter, volume, 'link', join(dir, 'pod/1'));
    expect(mounter.log).toEqual([`bind ${volume}/inside`, `bind ${volume}/inside/file`]);
    expect((await stat(target)).isDirectory()).toBe(true);
    expect((await stat(join(dir, 'pod/1'))).isFile()).toBe(true);
  });

  it('takes the place of that of an earlier start, be it a file or a directory', async () => {
    const mounter = fakeMounter();
    await writeFile(join(volume, 'file'), 'x');
    await bindWithin(mounter, volume, 'inside', target);
    await bindWithin(mounter, volume, 'file', target);
    await bindWithin(mounter, volume, 'inside', target);
    expect(await mounter.mountsBelow(dir)).toEqual([target]);
    expect((await stat(target)).isDirectory()).toBe(true);
  });

  it.each(['../outside', '/etc'])('is not made of a link to %s', async (to) => {
    const mounter = fakeMounter();
    await symlink(to, join(volume, 'link'));
    await expect(bindWithin(mounter, volume, 'link', target)).rejects.toThrow('outside of allowed base');
    expect(mounter.log).toEqual([]);
  });

  it('is not made of what becomes a link between the look and the mount', async () => {
    // The pod's own process would swap it; here the mounter is asked at just that moment.
    const mounter = fakeMounter();
    const swapping = {
      ...mounter,
      async mountsBelow(path: string) {
        await rm(join(volume, 'inside'), { recursive: true, force: true });
        await symlink('../outside', join(volume, 'inside')).catch(() => {});
        return mounter.mountsBelow(path);
      },
    };
    await bindWithin(swapping, volume, 'inside', target);
    expect(await readlink(join(volume, 'inside'))).toBe('../outside');
    // What was looked at, though it has been removed, and not where the link leads.
    expect(mounter.log).toEqual([`bind ${volume}/inside (deleted)`]);
  });
});

it('reads the kernel’s list of mounts', () => {
  const text = [
    '25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw',
    '90 25 0:50 / /tmp/with\\040space\\134 rw - tmpfs tmpfs rw,size=4k',
    '',
  ].join('\n');
  expect(parseMountInfo(text)).toEqual(['/', '/tmp/with space\\']);
});
