import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pod, ResourceRequirements } from '../api/core/v1.gen.ts';
import { silent } from '../utils/log.ts';
import { PodCgroups } from './cgroups.ts';
import { container, pod } from './pods/fixtures.ts';

const of = (uid: string, resources: ResourceRequirements): Pod =>
  pod({ containers: [container('c', { resources })] }, { uid });
const guaranteed = of('g', {
  requests: { cpu: '500m', memory: '64Mi' },
  limits: { cpu: '500m', memory: '64Mi' },
});
const burstable = of('b', { requests: { cpu: '250m' } });
const MIB = 1024 ** 2;

let mount: string;
beforeEach(async () => {
  mount = await mkdtemp(join(tmpdir(), 'skiff-cgroups-'));
});
afterEach(() => rm(mount, { recursive: true }));
const read = (file: string) => readFile(join(mount, file), 'utf8');

describe('version 1', () => {
  it('has a tree in each hierarchy that the kubelet uses', async () => {
    const cgroups = new PodCgroups('/skiff', silent, mount);
    await cgroups.setUp(2000);
    await cgroups.create(guaranteed);
    await cgroups.create(burstable);
    expect((await readdir(mount)).sort()).toEqual(['cpu', 'memory', 'pids']);
    expect(await read('cpu/skiff/kubepods/cpu.shares')).toBe('2048');
    expect(await read('cpu/skiff/kubepods/podg/cpu.shares')).toBe('512');
    expect(await read('cpu/skiff/kubepods/podg/cpu.cfs_quota_us')).toBe('50000');
    expect(await read('memory/skiff/kubepods/podg/memory.limit_in_bytes')).toBe(String(64 * MIB));
    expect(await read('cpu/skiff/kubepods/burstable/podb/cpu.cfs_quota_us')).toBe('-1');
    expect(await read('cpu/skiff/kubepods/burstable/cpu.shares')).toBe('256');
    expect(await read('cpu/skiff/kubepods/besteffort/cpu.shares')).toBe('2');
    expect((await cgroups.pods()).sort()).toEqual(['b', 'g']);
  });

  it('changes what a group has, and reads it again after a restart', async () => {
    const cgroups = new PodCgroups('/skiff', silent, mount);
    await cgroups.create(burstable);
    await cgroups.set(burstable, { shares: 1024, quota: 100_000, memory: MIB });
    const now = { shares: 1024, quota: 100_000, memory: MIB };
    const later = new PodCgroups('/skiff', silent, mount);
    expect([await cgroups.current(burstable), await later.current(burstable)]).toEqual([now, now]);
    // A group that is there keeps what it has, whatever its pod asks for by now.
    await later.create(burstable);
    expect(await later.current(burstable)).toEqual(now);
    await writeFile(join(mount, 'memory/skiff/kubepods/burstable/podb/memory.limit_in_bytes'), '9223372036854771712\n');
    expect((await new PodCgroups('/skiff', silent, mount).current(burstable)).memory).toBeUndefined();
  });

  it('tells the memory in use', async () => {
    const cgroups = new PodCgroups('/skiff', silent, mount);
    await cgroups.create(guaranteed);
    await writeFile(join(mount, 'memory/skiff/kubepods/podg/memory.usage_in_bytes'), '4096\n');
    expect([await cgroups.memoryUsage(guaranteed), await cgroups.memoryUsage(guaranteed, 'none')]).toEqual([
      4096,
      undefined,
    ]);
  });
});

describe('version 2', () => {
  const controllers = 'cpuset cpu io memory hugetlb pids';
  /** The kernel puts the files of a group there; here they are there before. */
  async function kernel(): Promise<PodCgroups> {
    for (const dir of [
      '',
      'skiff',
      'skiff/kubepods',
      'skiff/kubepods/burstable',
      'skiff/kubepods/besteffort',
      'skiff/kubepods/podg',
      'skiff/kubepods/burstable/podb',
    ]) {
      await mkdir(join(mount, dir), { recursive: true });
      await writeFile(join(mount, dir, 'cgroup.controllers'), `${controllers}\n`);
    }
    return new PodCgroups('/skiff', silent, mount);
  }

  it('has one tree, in which every group hands controllers down', async () => {
    const cgroups = await kernel();
    await cgroups.setUp(2000);
    await cgroups.create(burstable);
    expect(existsSync(join(mount, 'cpu'))).toBe(false);
    for (const dir of ['', 'skiff', 'skiff/kubepods', 'skiff/kubepods/burstable', 'skiff/kubepods/burstable/podb']) {
      expect(await read(join(dir, 'cgroup.subtree_control'))).toBe('+cpu +cpuset +memory +pids +io');
    }
    expect(await read('skiff/kubepods/cpu.weight')).toBe('79');
    expect(await read('skiff/kubepods/besteffort/cpu.weight')).toBe('1');
    expect((await cgroups.pods()).sort()).toEqual(['b', 'g']);
  });

  it('writes limits as v2 has them, and reads them again', async () => {
    const cgroups = await kernel();
    await cgroups.set(guaranteed, { shares: 512, quota: 50_000, memory: 64 * MIB });
    expect(await read('skiff/kubepods/podg/cpu.weight')).toBe('20');
    expect(await read('skiff/kubepods/podg/cpu.max')).toBe('50000 100000');
    expect(await read('skiff/kubepods/podg/memory.max')).toBe(String(64 * MIB));
    await cgroups.set(burstable, { shares: 2, quota: undefined, memory: undefined });
    expect(await read('skiff/kubepods/burstable/podb/cpu.max')).toBe('max 100000');
    expect(await read('skiff/kubepods/burstable/podb/memory.max')).toBe('max');
    const later = await kernel();
    expect(await later.current(burstable)).toEqual({ shares: 2, quota: undefined, memory: undefined });
    expect(await later.current(guaranteed)).toMatchObject({ quota: 50_000, memory: 64 * MIB });
    await writeFile(join(mount, 'skiff/kubepods/podg/memory.current'), '8192\n');
    expect(await later.memoryUsage(guaranteed)).toBe(8192);
  });
});
