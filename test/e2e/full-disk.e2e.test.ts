import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Load } from './load.ts';
import { kill, machineParts } from './machine-parts.ts';
import { whyNoContainers, whyNoKubectl } from './requirements.ts';
import { eventually, SkiffCluster } from './skiff-cluster.ts';
import { runOnePod, startWeb, webContainers } from './web.ts';

const reason = whyNoContainers() ?? whyNoKubectl();
if (reason) console.log(`end-to-end tests of a full disk are skipped: ${reason}`);

/**
 * A node whose disk was full keeps other pods away, and evicts them, until it has been well for five minutes. This is
 * about those that stay.
 */
const staying = { priorityClassName: 'system-node-critical', tolerations: [{ operator: 'Exists' }] };

describe.skipIf(reason !== undefined)('a cluster on a disk that is full', () => {
  let cluster: SkiffCluster;
  let url: string;
  let filler: string;

  beforeAll(async () => {
    cluster = await SkiffCluster.create('disk');
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'tmpfs', cluster.home], { encoding: 'utf8' });
    if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr}`);
    filler = join(cluster.home, 'filler');
    await cluster.up();
    url = await startWeb(cluster, staying);
  });

  afterAll(async () => {
    if (!cluster) return;
    rmSync(filler, { force: true });
    await cluster.skiff('reset', '--yes');
    spawnSync('umount', ['--lazy', cluster.home]);
    await cluster.remove();
  });

  /** Until not one more block fits. */
  function fillDisk(): void {
    const file = openSync(filler, 'a', 0o600);
    try {
      for (const size of [1 << 20, 1 << 12]) {
        const block = Buffer.alloc(size);
        try {
          for (;;) writeSync(file, block);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    } finally {
      closeSync(file);
    }
  }

  const freeBlocks = () => statfsSync(cluster.home).bfree;

  it('refuses writes with a clear Status, goes on with reads, and heals when there is room', async () => {
    const containers = await webContainers(cluster);
    const load = Load.start(cluster, 'full', url);
    try {
      await eventually(async () => expect(load.since('acknowledged', 0).length).toBeGreaterThan(100));
      fillDisk();
      await eventually(async () => {
        // What was free inside the store's file is used up, too.
        if (freeBlocks() > 0) fillDisk();
        expect(load.since('refused', 0).length).toBeGreaterThan(20);
      });
      const refused = load.since('refused', 0);
      expect([...new Set(refused.map((e) => e.status))]).toEqual([500]);
      for (const { message } of refused)
        expect(message).toMatch(/the store cannot write to \S+: no space left on device$/);
      expect(load.since('unknown', 0)).toEqual([]);
      // A small one may find room in the store's file.
      const big = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data: { a: 'x'.repeat(900_000) } };
      const failed = await cluster.tryKubectl(['create', '-f', '-'], JSON.stringify(big));
      expect(failed.stderr).toMatch(
        /^Error from server \(InternalError\): [^\n]*the store cannot write to \S+: no space left on device\n$/,
      );
      expect(failed.code).toBe(1);

      expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/node-a\n');
      expect(await cluster.fetch(url)).toMatch(/^web-/);

      const healedAt = Date.now();
      rmSync(filler);
      await eventually(async () => expect(load.since('acknowledged', healedAt).length).toBeGreaterThan(50));
      console.log(`room again: first write ${(load.since('acknowledged', healedAt)[0]?.at ?? 0) - healedAt} ms later`);
      await load.stop();
      expect(await load.lost()).toEqual([]);
      await eventually(() => runOnePod(cluster, 'after-full', staying));
      expect(await webContainers(cluster)).toEqual(containers);
      const status = await cluster.skiff('status');
      expect(status).toMatchObject({ code: 0, stderr: '' });
    } finally {
      load.kill();
      rmSync(filler, { force: true });
    }
  });

  it('starts again on a full disk, and loses nothing', async () => {
    const containers = await webContainers(cluster);
    const load = Load.start(cluster, 'again', url);
    try {
      await eventually(async () => expect(load.since('acknowledged', 0).length).toBeGreaterThan(100));
      fillDisk();
      await eventually(async () => {
        if (freeBlocks() > 0) fillDisk();
        expect(load.since('refused', 0).length).toBeGreaterThan(20);
      });
      const { server, agent } = machineParts(cluster);
      kill(server, agent);
      await eventually(async () => {
        expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/node-a\n');
        expect(machineParts(cluster).server).not.toBe(server);
      });
      expect(await cluster.fetch(url)).toMatch(/^web-/);
      const healedAt = Date.now();
      rmSync(filler);
      await eventually(async () => expect(load.since('acknowledged', healedAt).length).toBeGreaterThan(50));
      await load.stop();
      expect(await load.lost()).toEqual([]);
      await eventually(() => runOnePod(cluster, 'after-again', staying));
      expect(await webContainers(cluster)).toEqual(containers);
      await eventually(async () => expect((await cluster.skiff('status')).code).toBe(0));
    } finally {
      load.kill();
      rmSync(filler, { force: true });
    }
  });
});
