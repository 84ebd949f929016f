import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { clusterPaths } from '../../src/cluster/paths.ts';
import type { SkiffCluster } from './skiff-cluster.ts';

/** What of a cluster runs on this machine, by the numbers of its processes. */
export interface MachineParts {
  readonly server: number;
  readonly agent: number;
  readonly containerd: number;
  readonly supervisors: readonly number[];
  readonly shims: readonly number[];
}

function numberIn(file: string): number {
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  if (!(pid > 1)) throw new Error(`${file} names no process`);
  return pid;
}

/** Throws while a part does not run. */
export function machineParts(cluster: SkiffCluster): MachineParts {
  const { containerd, runDir } = clusterPaths(cluster.dataDir);
  const parts = {
    server: numberIn(join(runDir, 'server.pid.command')),
    agent: numberIn(join(runDir, 'agent.pid.command')),
    containerd: numberIn(join(containerd.runDir, 'containerd.pid')),
    supervisors: [numberIn(join(runDir, 'server.pid')), numberIn(join(runDir, 'agent.pid'))],
    shims: processesWith(containerd.socket).filter((pid) => commandOf(pid).includes('containerd-shim')),
  };
  for (const pid of [parts.server, parts.agent, parts.containerd]) {
    if (commandOf(pid) === '') throw new Error(`process ${pid} does not run`);
  }
  return parts;
}

export function kill(...pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

/** Kilobytes of memory in use, and milliseconds of CPU time so far. */
export function usage(pid: number): { readonly rssKb: number; readonly cpuMs: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // Linux counts in hundredths of a second, whatever its own clock does.
  return { rssKb: Number(rss), cpuMs: ticks * 10 };
}

/** What a power cut and the next boot leave: the disk. Processes, mounts, interfaces, rules and /run are gone. */
export async function loseEverythingButTheDisk(cluster: SkiffCluster): Promise<void> {
  const paths = clusterPaths(cluster.dataDir);
  for (let pids = everyProcess(cluster); pids.length > 0; pids = everyProcess(cluster)) {
    for (const pid of pids) {
      try {
        kill(pid);
      } catch {
        // The same stroke took it.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${paths.dataDir}/`) || point.startsWith(`${paths.runDir}/`));
  for (const point of mounts.reverse()) spawnSync('umount', ['--lazy', point]);
  rmSync(paths.runDir, { recursive: true, force: true });
  const links = await cluster.namespace.run('ip', ['-json', 'link']);
  for (const { ifname } of JSON.parse(links.stdout) as { ifname: string }[]) {
    if (ifname !== 'lo' && ifname !== 'uplink') await cluster.namespace.run('ip', ['link', 'delete', ifname]);
  }
  await cluster.namespace.run('ip', ['route', 'flush', 'type', 'unreachable']);
  await cluster.namespace.run('nft', ['flush', 'ruleset']);
  for (const group of groups(paths.instance)) removeGroup(group);
}

function everyProcess(cluster: SkiffCluster): number[] {
  const { containerd, dataDir, instance } = clusterPaths(cluster.dataDir);
  const found = new Set([...processesWith(dataDir), ...processesWith(containerd.socket)]);
  for (const group of groups(instance)) for (const pid of processesIn(group)) found.add(pid);
  return [...found];
}

function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => commandOf(pid).includes(text));
}

/** "" for a process that is not there, or has ended and waits for its parent. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Control groups of version 1 are a tree a controller, those of version 2 one tree. */
function groups(instance: string): string[] {
  const root = '/sys/fs/cgroup';
  const found = spawnSync('find', [root, '-maxdepth', '2', '-type', 'd', '-name', instance], { encoding: 'utf8' });
  return found.stdout.split('\n').filter(Boolean);
}

function processesIn(group: string): number[] {
  const found = spawnSync('find', [group, '-name', 'cgroup.procs', '-exec', 'cat', '{}', '+'], { encoding: 'utf8' });
  return found.stdout.split('\n').filter(Boolean).map(Number);
}

function removeGroup(group: string): void {
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(group, entry.name));
  }
  rmdirSync(group);
}
