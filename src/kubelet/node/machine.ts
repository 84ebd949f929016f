import { readFileSync, type StatsFs, statfsSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import type { NodeSystemInfo } from '../../api/core/v1.gen.ts';
import { kubernetesVersion } from '../../utils/version.ts';
import type { Observations } from '../eviction/thresholds.ts';

/** What the node has, in the API's quantities. */
export interface MachineResources {
  readonly cpu: string;
  readonly memory: string;
  readonly ephemeralStorage: string;
  readonly memoryBytes: number;
  readonly milliCpu: number;
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
};

/** `dataDir` is on the file system that pods' data is on. */
export function machineResources(dataDir: string): MachineResources {
  const cpus = availableParallelism();
  const kibibytes = Number(/^MemTotal:\s+(\d+) kB/m.exec(read('/proc/meminfo'))?.[1] ?? totalmem() / 1024);
  const disk = statfsSync(dataDir);
  return {
    cpu: String(cpus),
    memory: `${kibibytes}Ki`,
    ephemeralStorage: `${Math.floor((disk.blocks * disk.bsize) / 1024)}Ki`,
    memoryBytes: kibibytes * 1024,
    milliCpu: cpus * 1000,
  };
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** Go's name of this machine's architecture. */
export const architecture = (): string => architectures[process.arch] ?? process.arch;

/** `runtime` is as in "containerd://1.6.20". */
export function nodeInfo(runtime: string): NodeSystemInfo {
  const machineId = read('/etc/machine-id') || read('/var/lib/dbus/machine-id');
  const pretty = /^PRETTY_NAME="?([^"\n]*)"?/m.exec(read('/etc/os-release') || read('/usr/lib/os-release'))?.[1];
  return {
    machineID: machineId,
    systemUUID: read('/sys/class/dmi/id/product_uuid') || machineId,
    bootID: read('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: pretty ?? 'Unknown',
    containerRuntimeVersion: runtime,
    kubeletVersion: kubernetesVersion,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: architecture(),
  };
}

/** What is left of what can run short. `dataDir` is on the file system of pods' data, `imageDir` on that of images. */
export function observations(dataDir: string, imageDir: string): Observations {
  const memory = read('/proc/meminfo');
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(memory)?.[1] ?? 0) * 1024;
  const [node, images] = [statfsSync(dataDir), statfsSync(imageDir)];
  const space = (disk: StatsFs) => ({ available: disk.bavail * disk.bsize, capacity: disk.blocks * disk.bsize });
  const inodes = (disk: StatsFs) => (disk.files > 0 ? { available: disk.ffree, capacity: disk.files } : undefined);
  const most = Number(read('/proc/sys/kernel/pid_max') || 0);
  const running = Number(/\/(\d+)/.exec(read('/proc/loadavg'))?.[1] ?? 0);
  const [nodeInodes, imageInodes] = [inodes(node), inodes(images)];
  return {
    ...(memory && { 'memory.available': { available: kibibytes('MemAvailable'), capacity: kibibytes('MemTotal') } }),
    'nodefs.available': space(node),
    'imagefs.available': space(images),
    ...(nodeInodes && { 'nodefs.inodesFree': nodeInodes }),
    ...(imageInodes && { 'imagefs.inodesFree': imageInodes }),
    ...(most > 0 && { 'pid.available': { available: most - running, capacity: most } }),
  };
}
