import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../api/core/v1.gen.ts';
import { qosClass } from '../api/pod-qos.ts';
import type { Logger } from '../utils/log.ts';
import { podUid } from './pods/pod.ts';
import { cpuQuota, cpuShares, podResources } from './resources.ts';

const MOUNT = '/sys/fs/cgroup';
/** The controllers of version 1 in which the kubelet itself sets something. */
const CONTROLLERS = ['cpu', 'memory', 'pids'] as const;

/**
 * The tree of control groups: ROOT/kubepods for all pods, below it `burstable` and `besteffort`, below those (or
 * directly, for guaranteed pods) one for each pod, in which the runtime makes one for each container. Works on
 * cgroups v1 (also beside an empty v2) and v2.
 */
export class PodCgroups {
  readonly #root: string;
  readonly #unified: boolean;
  readonly #log: Logger;
  /** CPU requests of burstable pods, in thousandths. */
  readonly #burstable = new Map<string, number>();

  /** `root` is a path of the cluster's own: "/skiff". */
  constructor(root: string, log: Logger) {
    this.#root = root;
    this.#unified = existsSync(join(MOUNT, 'cgroup.controllers'));
    this.#log = log;
  }

  /** The path of a pod's control group, as the runtime takes it. */
  path(pod: Pod): string {
    const name = `pod${podUid(pod)}`;
    const qos = qosClass(pod.spec);
    const parent = join(this.#root, 'kubepods');
    return qos === 'Guaranteed' ? join(parent, name) : join(parent, qos.toLowerCase(), name);
  }

  /** Makes the groups above the pods'. `milliCpu` is what pods may use of the node. */
  async setUp(milliCpu: number): Promise<void> {
    const parent = join(this.#root, 'kubepods');
    await this.#create(parent);
    await this.#setShares(parent, cpuShares(milliCpu));
    for (const qos of ['burstable', 'besteffort']) {
      await this.#create(join(parent, qos));
      await this.#setShares(join(parent, qos), cpuShares(0));
    }
  }

  async create(pod: Pod): Promise<void> {
    const path = this.path(pod);
    const resources = podResources(pod);
    await this.#create(path);
    await this.#setShares(path, cpuShares(resources.cpuRequest || resources.cpuLimit || 0));
    const quota = resources.cpuLimit ? cpuQuota(resources.cpuLimit) : undefined;
    if (this.#unified) {
      await this.#write('', path, 'cpu.max', quota ? `${quota.quota} ${quota.period}` : 'max 100000');
      await this.#write('', path, 'memory.max', resources.memoryLimit ? String(resources.memoryLimit) : 'max');
    } else {
      if (quota) await this.#write('cpu', path, 'cpu.cfs_period_us', String(quota.period));
      await this.#write('cpu', path, 'cpu.cfs_quota_us', quota ? String(quota.quota) : '-1');
      await this.#write('memory', path, 'memory.limit_in_bytes', String(resources.memoryLimit || -1));
    }
    if (qosClass(pod.spec) === 'Burstable') {
      this.#burstable.set(podUid(pod), resources.cpuRequest);
      await this.#shareBurstable();
    }
  }

  /** Removes a pod's group from every hierarchy; the runtime may have used more than those set here. */
  async remove(uid: string): Promise<void> {
    const parent = join(this.#root, 'kubepods');
    for (const qos of ['', 'burstable', 'besteffort']) await this.#removeTree(join(parent, qos, `pod${uid}`));
    if (this.#burstable.delete(uid)) await this.#shareBurstable();
  }

  /** Pods that have a group. */
  async pods(): Promise<string[]> {
    const found: string[] = [];
    for (const qos of ['', 'burstable', 'besteffort']) {
      const dir = join(MOUNT, this.#unified ? '' : 'memory', this.#root, 'kubepods', qos);
      for (const name of await readdir(dir).catch(() => [])) if (name.startsWith('pod')) found.push(name.slice(3));
    }
    return found;
  }

  /** Removes everything, once no pods are left. */
  async tearDown(): Promise<void> {
    await this.#removeTree(this.#root);
  }

  async #shareBurstable(): Promise<void> {
    let sum = 0;
    for (const request of this.#burstable.values()) sum += request;
    await this.#setShares(join(this.#root, 'kubepods', 'burstable'), cpuShares(sum));
  }

  async #create(path: string): Promise<void> {
    if (!this.#unified) {
      for (const controller of CONTROLLERS) await mkdir(join(MOUNT, controller, path), { recursive: true });
      return;
    }
    // A controller reaches a group only where every group above it hands it down.
    let dir = MOUNT;
    for (const part of path.split('/').filter(Boolean)) {
      await this.#enableControllers(dir);
      dir = join(dir, part);
      await mkdir(dir, { recursive: true });
    }
    await this.#enableControllers(dir);
  }

  async #enableControllers(dir: string): Promise<void> {
    const available = (await readFile(join(dir, 'cgroup.controllers'), 'utf8')).trim().split(' ');
    const wanted = ['cpu', 'cpuset', 'memory', 'pids', 'io'].filter((c) => available.includes(c));
    await writeFile(join(dir, 'cgroup.subtree_control'), wanted.map((c) => `+${c}`).join(' ')).catch((error: unknown) =>
      this.#log.warn({ err: error, dir }, 'cannot hand down cgroup controllers'),
    );
  }

  #setShares(path: string, shares: number): Promise<void> {
    if (!this.#unified) return this.#write('cpu', path, 'cpu.shares', String(shares));
    // The range of cpu.shares mapped onto that of cpu.weight, as runc does.
    const weight = Math.floor(1 + ((shares - 2) * 9999) / 262_142);
    return this.#write('', path, 'cpu.weight', String(weight));
  }

  async #write(controller: string, path: string, file: string, value: string): Promise<void> {
    const full = join(MOUNT, controller, path, file);
    await writeFile(full, value).catch((error: unknown) =>
      this.#log.warn({ err: error, file: full, value }, 'cannot set a cgroup value'),
    );
  }

  async #removeTree(path: string): Promise<void> {
    const mounts = this.#unified ? [''] : await readdir(MOUNT);
    for (const mount of mounts) await removeGroup(join(MOUNT, mount, path), this.#log);
  }
}

/** Control groups are removed from the leaves; their files go with them. */
async function removeGroup(dir: string, log: Logger): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return;
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(join(dir, entry.name), log);
  await rmdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') log.warn({ err: error, dir }, 'cannot remove a cgroup');
  });
}
