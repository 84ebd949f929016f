import { packImage } from '../oci/image.ts';
import type { Machine } from './elf.ts';
import { pauseProgram } from './program.ts';

/** The name of the sandbox image; the version is of its contents. */
export const pauseImage = 'localhost/skiff/pause:1';

/** The image of the sandbox's first process as an archive to import. The same bytes every time. */
export function packPauseImage(machine: Machine): Buffer {
  return packImage({
    name: pauseImage,
    architecture: machine,
    entrypoint: ['/pause'],
    user: '65535:65535',
    files: [{ path: 'pause', type: 'file', mode: 0o755, data: pauseProgram(machine) }],
  });
}

/** The machine that this process runs on. */
export function hostMachine(): Machine {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new Error(`no pods on this machine: its architecture is ${process.arch}, Skiff knows x64 and arm64`);
}
