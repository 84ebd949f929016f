import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { snapshotterFor } from '../containerd/config.ts';
import { requireProgram } from '../containerd/containerd.ts';
import type { CriClient } from '../cri/client.ts';
import { hostMachine, packPauseImage, pauseImage } from '../pause/image.ts';

/** Long enough for images of many gigabytes on a slow disk. */
const IMPORT_TIMEOUT = 30 * 60_000;
const MOST_OUTPUT = 64 * 1024;

/**
 * Loads an OCI or docker archive (`docker save`, `skopeo copy oci-archive:`; plain or gzipped) into the runtime, where
 * pods find its images by their names. Answers with those names. Rejects with an Error that says what is wrong with
 * the file.
 */
export async function loadImage(containerd: { socket: string; dataDir: string }, file: string): Promise<string[]> {
  const info = await stat(file).catch(() => undefined);
  if (!info) throw new Error(`cannot load an image from ${file}: there is no such file`);
  if (!info.isFile()) throw new Error(`cannot load an image from ${file}: it is not a file`);
  await checkArchive(file);
  const args = ['--address', containerd.socket, '--namespace', 'k8s.io', 'images', 'import'];
  const { code, output } = await run(requireProgram('ctr', 'containerd'), [
    ...args,
    '--snapshotter',
    snapshotterFor(containerd.dataDir),
    file,
  ]);
  const names = [...output.matchAll(/^unpacking (\S+) \(sha256:[0-9a-f]+\)/gm)].map((m) => m[1] as string);
  if (code !== 0) {
    const why = /^ctr: (.*)$/m.exec(output)?.[1] ?? output.trim();
    throw new Error(`cannot load an image from ${file}: ${explain(why)}`);
  }
  if (names.length === 0) {
    throw new Error(
      `cannot load an image from ${file}: it holds no named image for this machine; save it with its name and tag`,
    );
  }
  return names;
}

function explain(why: string): string {
  if (/no match for platform|not found.*platform|mismatched image rootfs/.test(why)) {
    return `it holds no image for this machine's architecture (${why})`;
  }
  if (/unrecognized image format/.test(why)) return 'it is neither an OCI nor a docker archive';
  return why;
}

/** containerd's own words for a file of another kind say nothing to people. */
async function checkArchive(file: string): Promise<void> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(512);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const gzip = head[0] === 0x1f && head[1] === 0x8b;
    const zstd = head.readUInt32LE(0) === 0xfd2fb528;
    const tar = bytesRead === 512 && head.toString('latin1', 257, 262) === 'ustar';
    if (!gzip && !zstd && !tar) {
      throw new Error(
        `cannot load an image from ${file}: it is not an archive (made by "docker save" or "skopeo copy ... oci-archive:")`,
      );
    }
  } finally {
    await handle.close();
  }
}

/** Puts the pause image where sandboxes find it, unless it is there. */
export async function ensurePauseImage(cri: CriClient, containerd: { socket: string; dataDir: string }): Promise<void> {
  if (await cri.imageStatus(pauseImage)) return;
  const file = join(tmpdir(), `skiff-pause-${randomUUID()}.tar`);
  try {
    await writeFile(file, packPauseImage(hostMachine()), { mode: 0o600, flag: 'wx' });
    await loadImage(containerd, file);
  } finally {
    await rm(file, { force: true });
  }
}

function run(program: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: IMPORT_TIMEOUT });
    let output = '';
    const take = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-MOST_OUTPUT);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
