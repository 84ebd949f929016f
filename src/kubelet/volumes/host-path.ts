import { mkdir, open, stat } from 'node:fs/promises';
import type { HostPathVolumeSource } from '../../api/core/v1.gen.ts';

/** Makes or checks what a hostPath volume points at. https://kubernetes.io/docs/concepts/storage/volumes/#hostpath */
export async function checkHostPath({ path, type = '' }: HostPathVolumeSource): Promise<void> {
  if (type === '') return;
  if (type === 'DirectoryOrCreate' && !(await look(path))) await mkdir(path, { recursive: true, mode: 0o755 });
  if (type === 'FileOrCreate' && !(await look(path))) await (await open(path, 'a', 0o644)).close();
  const found = await look(path);
  const wrong = (what: string) => new Error(`hostPath type check failed: ${path} is not ${what}`);
  switch (type) {
    case 'Directory':
    case 'DirectoryOrCreate':
      if (!found?.isDirectory()) throw wrong('a directory');
      return;
    case 'File':
    case 'FileOrCreate':
      if (!found?.isFile()) throw wrong('a file');
      return;
    case 'Socket':
      if (!found?.isSocket()) throw wrong('a socket file');
      return;
    case 'CharDevice':
      if (!found?.isCharacterDevice()) throw wrong('a character device');
      return;
    case 'BlockDevice':
      if (!found?.isBlockDevice()) throw wrong('a block device');
  }
}

const look = (path: string) => stat(path).catch(() => undefined);
