import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packImage } from '../../src/kubelet/oci/image.ts';
import { hostMachine } from '../../src/kubelet/pause/image.ts';
import type { TarEntry } from '../../src/utils/tar.ts';

export const busyboxImageName = 'docker.io/library/busybox:1.36';

/**
 * Makes an image of the installed static busybox (Debian: busybox-static), for machines that reach no registry.
 * Answers with the path of an OCI archive in a new directory under /tmp; the caller removes that directory.
 */
export async function busyboxImage(name = busyboxImageName): Promise<string> {
  const program = '/bin/busybox';
  const applets = execFileSync(program, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  const text = (data: string) => Buffer.from(data);
  const files: TarEntry[] = [
    ...['bin', 'etc', 'home', 'proc', 'root', 'sys', 'usr', 'usr/bin', 'var', 'dev'].map(
      (path): TarEntry => ({ path, type: 'directory', mode: 0o755 }),
    ),
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'bin/busybox', type: 'file', mode: 0o755, data: readFileSync(program) },
    ...applets
      .filter((a) => a !== 'busybox')
      .map((applet): TarEntry => ({ path: `bin/${applet}`, type: 'symlink', target: 'busybox' })),
    {
      path: 'etc/passwd',
      type: 'file',
      mode: 0o644,
      data: text('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n'),
    },
    { path: 'etc/group', type: 'file', mode: 0o644, data: text('root:x:0:\nnogroup:x:65534:\n') },
  ];
  const image = packImage({
    name,
    architecture: hostMachine(),
    cmd: ['sh'],
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    files,
  });
  const file = join(mkdtempSync(join(tmpdir(), 'skiff-busybox-')), 'busybox.tar');
  writeFileSync(file, image);
  return file;
}
