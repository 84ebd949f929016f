import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import type { NodeSystemInfo } from '../../api/core/v1.gen.ts';
import { kubernetesVersion } from '../../utils/version.ts';

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

/** How much of what can run short is left. */
export interface Pressure {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pid: boolean;
}

const MEMORY_LEAST = 100 * 1024 * 1024;
const DISK_LEAST = 0.1;
const INODES_LEAST = 0.05;
const PIDS_LEAST = 0.02;

/** The kubelet's hard thresholds: 100Mi of memory, a tenth of the disk, a twentieth of its inodes. */
export function pressure(dataDir: string): Pressure {
  const available = Number(/^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo'))?.[1] ?? Number.MAX_SAFE_INTEGER);
  const disk = statfsSync(dataDir);
  const inodesShort = disk.files > 0 && disk.ffree / disk.files < INODES_LEAST;
  const most = Number(read('/proc/sys/kernel/pid_max') || 0);
  const running = Number(/\/(\d+)/.exec(read('/proc/loadavg'))?.[1] ?? 0);
  return {
    memory: available * 1024 < MEMORY_LEAST,
    disk: disk.bavail / disk.blocks < DISK_LEAST || inodesShort,
    pid: most > 0 && (most - running) / most < PIDS_LEAST,
  };
}
