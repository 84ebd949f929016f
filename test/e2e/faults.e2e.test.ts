import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Load } from './load.ts';
import { kill, loseEverythingButTheDisk, type MachineParts, machineParts, usage } from './machine-parts.ts';
import { whyNoContainers, whyNoKubectl } from './requirements.ts';
import { eventually, SkiffCluster } from './skiff-cluster.ts';
import { runOnePod, startWeb, webContainers } from './web.ts';

const reason = whyNoContainers() ?? whyNoKubectl();
if (reason) console.log(`end-to-end tests of faults are skipped: ${reason}`);

/** What the project promises, and what a test on a busy machine insists on. */
const promisedMs = 10_000;
const toleratedMs = 3 * promisedMs;

describe.skipIf(reason !== undefined)('a cluster that things happen to', () => {
  let cluster: SkiffCluster;
  let url: string;
  const measured: string[] = [];
  const measure = (what: string, ms: number) => measured.push(`${what}: ${(ms / 1000).toFixed(1)} s`);

  beforeAll(async () => {
    cluster = await SkiffCluster.create('faults');
    const started = performance.now();
    await cluster.up();
    measure('skiff up and image load, nothing there before', performance.now() - started);
    url = await startWeb(cluster);
  });

  afterAll(async () => {
    if (measured.length) console.log(measured.join('\n'));
    await cluster?.remove();
  });

  /** Does harm under load, and holds the cluster to what it promises: nothing acknowledged lost, no container touched. */
  async function survives(name: string, harm: (parts: MachineParts) => Promise<void> | void): Promise<void> {
    const containers = await webContainers(cluster);
    const parts = machineParts(cluster);
    const load = Load.start(cluster, name, url);
    try {
      await eventually(async () => expect(load.since('acknowledged', 0).length).toBeGreaterThan(100));
      await eventually(async () => expect(load.since('served', 0).length).toBeGreaterThan(5));
      const at = Date.now();
      await harm(parts);
      await eventually(
        async () => {
          expect(load.since('acknowledged', at + 200).length).toBeGreaterThan(50);
          expect(load.since('served', at + 200).length).toBeGreaterThan(5);
          await runOnePod(cluster, `after-${name}`);
        },
        { withinMs: toleratedMs },
      );
      measure(`${name}: until a new pod has run`, Date.now() - at);
      measure(`${name}: last write without an answer`, load.troubleAfter(at, 'unknown'));
      measure(`${name}: last request without an answer of the Service`, load.troubleAfter(at, 'unserved'));
      expect(load.troubleAfter(at, 'unserved')).toBeLessThan(toleratedMs);
      await load.stop();
      expect(await load.lost()).toEqual([]);
      expect(await webContainers(cluster)).toEqual(containers);
      await eventually(async () => {
        const status = await cluster.skiff('status');
        expect(status.stdout).toContain('node node-a    ready');
        expect(status.code).toBe(0);
      });
    } finally {
      load.kill();
      await cluster.kubectl(['delete', 'configmaps', '-l', `load=${name}`, '--wait=false']);
    }
  }

  it('survives kill -9 of the server', () => survives('server', ({ server }) => kill(server)));

  it('survives kill -9 of the agent', () => survives('agent', ({ agent }) => kill(agent)));

  it('survives kill -9 of containerd', () => survives('containerd', ({ containerd }) => kill(containerd)));

  it('survives kill -9 of all three at once', () =>
    survives('all', ({ server, agent, containerd }) => kill(server, agent, containerd)));

  it('survives kill -9 of everything but the containers, when it is started again', () =>
    survives('everything', async ({ supervisors, server, agent, containerd }) => {
      kill(...supervisors, server, agent, containerd);
      const status = await cluster.skiff('status');
      expect(status.code).toBe(1);
      expect(status.stdout).toContain('is stopped');
      const started = await cluster.skiff('up');
      expect(started.stderr).toBe('');
      expect(started.code).toBe(0);
    }));

  it('finds parts again that lost their supervisors', () =>
    survives('supervisors', async ({ supervisors, server, agent }) => {
      kill(...supervisors);
      const status = await cluster.skiff('status');
      expect(status.code).toBe(1);
      expect(status.stdout).toContain('would not be there again after a crash');
      const started = await cluster.skiff('up');
      expect(started.stderr).toBe('');
      expect(started.code).toBe(0);
      const parts = machineParts(cluster);
      expect([parts.server, parts.agent]).not.toContain(server);
      expect([parts.server, parts.agent]).not.toContain(agent);
    }));

  it('stops after its processes were killed, leaving nothing', async () => {
    const { supervisors, server, agent, containerd } = machineParts(cluster);
    kill(...supervisors, server, agent, containerd);
    const down = await cluster.skiff('down');
    expect(down.stderr).toBe('');
    expect(down.code).toBe(0);
    await eventually(async () => expect(await cluster.leftovers()).toEqual([]));
    const again = await cluster.skiff('down');
    expect(again.stderr).toBe('');
    expect(again.code).toBe(0);
    expect(existsSync(cluster.dataDir)).toBe(true);
  });

  it('carries on after it was stopped', async () => {
    const started = performance.now();
    expect((await cluster.skiff('up')).code).toBe(0);
    measure('skiff up, after skiff down', performance.now() - started);
    await expectWebToComeBack();
    measure('skiff up, after skiff down, until the Service answers', performance.now() - started);
  });

  it('carries on after a reboot', async () => {
    await cluster.kubectl(['create', 'configmap', 'kept', '--from-literal=color=red']);
    const pods = (await webContainers(cluster)).map((line) => line.split(' ')[0]);
    await loseEverythingButTheDisk(cluster);
    expect(await cluster.leftovers()).toEqual([]);
    expect((await cluster.skiff('status')).stdout).toContain('is stopped');
    const started = performance.now();
    const up = await cluster.skiff('up');
    expect(up.stderr).toBe('');
    expect(up.code).toBe(0);
    measure('skiff up, after a reboot', performance.now() - started);
    await expectWebToComeBack();
    measure('skiff up, after a reboot, until the Service answers', performance.now() - started);
    expect(await cluster.kubectl(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.color}'])).toBe('red');
    expect((await webContainers(cluster)).map((line) => line.split(' ')[0])).toEqual(pods);
    await runOnePod(cluster, 'after-reboot');
  });

  async function expectWebToComeBack(): Promise<void> {
    await eventually(async () => {
      const ready = await cluster.kubectl(['get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}']);
      expect(ready).toBe('3');
      expect(await cluster.fetch(url)).toMatch(/^web-/);
    });
  }

  it('does next to nothing while nothing happens', async () => {
    const { server, agent, containerd } = machineParts(cluster);
    const before = [server, agent, containerd].map(usage);
    const seconds = 10;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const [serverPercent = 0, agentPercent = 0, containerdPercent = 0] = [server, agent, containerd].map(
      (pid, i) => (usage(pid).cpuMs - (before[i]?.cpuMs ?? 0)) / (seconds * 10),
    );
    const words = [
      `server ${serverPercent.toFixed(1)} %, ${usage(server).rssKb >> 10} MB`,
      `agent ${agentPercent.toFixed(1)} %, ${usage(agent).rssKb >> 10} MB`,
      `containerd ${containerdPercent.toFixed(1)} %, ${usage(containerd).rssKb >> 10} MB`,
    ];
    measured.push(`idle with three probed pods: ${words.join('; ')}`);
    // One that spins takes all of a core.
    expect(serverPercent + agentPercent).toBeLessThan(20);
  });

  it('is forgotten by skiff reset', async () => {
    const unasked = await cluster.skiff('reset');
    expect(unasked.code).toBe(1);
    expect(unasked.stderr).toContain('--yes');
    const reset = await cluster.skiff('reset', '--yes');
    expect(reset.stderr).toBe('');
    expect(reset.code).toBe(0);
    expect(existsSync(cluster.dataDir)).toBe(false);
    await eventually(async () => expect(await cluster.leftovers()).toEqual([]));
    expect((await cluster.tryKubectl(['config', 'get-contexts', '-o', 'name'])).stdout).toBe('');
    const status = await cluster.skiff('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toContain('No cluster in');
  });
});
