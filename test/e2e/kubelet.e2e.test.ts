import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { busyboxImage } from './busybox-image.ts';
import { NetworkNamespace } from './network-namespace.ts';
import { whyNoContainers } from './requirements.ts';

const reason = whyNoContainers();
if (reason) console.log(`end-to-end tests of the kubelet are skipped: ${reason}`);

describe.skipIf(reason)('the kubelet with containerd', () => {
  it('runs pods as Kubernetes does, and leaves nothing behind', { timeout: 300_000 }, async () => {
    const id = `skk${process.pid}`;
    const dir = mkdtempSync(join(tmpdir(), 'skiff-kubelet-'));
    const image = await busyboxImage();
    const network = await NetworkNamespace.create(id);
    try {
      const script = join(import.meta.dirname, 'kubelet-scenarios.ts');
      const args = [script, dir, image, network.address, `/${id}`];
      const { stdout, stderr, code } = await network.run(process.execPath, args, { timeoutMs: 280_000 });
      const lines = stdout.split('\n');
      expect(
        lines.filter((l) => l.startsWith('not ok')),
        stderr,
      ).toEqual([]);
      expect(lines.filter((l) => l.startsWith('ok ')).length, stderr).toBeGreaterThanOrEqual(13);
      expect(code, stderr).toBe(0);
      const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
      expect(mounts.filter((line) => line.includes(dir))).toEqual([]);
      expect(readdirSync('/sys/fs/cgroup').flatMap((c) => entries(join('/sys/fs/cgroup', c)))).not.toContain(id);
      expect(processesWith(dir)).toEqual([]);
    } finally {
      await network.remove();
      rmSync(dirname(image), { recursive: true });
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

function entries(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(text));
}
