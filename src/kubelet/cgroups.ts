import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../api/core/v1.gen.ts';
import { qosClass } from '../api/pod-qos.ts';
import type { Logger } from '../utils/log.ts';
import { podUid } from './pods/pod.ts';
import { cpuQuota, cpuShares, podResources } from './resources.ts';

const MOUNT = '/sys/fs/cgroup';
/** What cgroups v1 show where there is no limit is about this much, less a page. */
const UNLIMITED = 2 ** 62;
/** The controllers of version 1 in which the kubelet itself sets something. */
const CONTROLLERS = ['cpu', 'memory', 'pids'] as const;

/** What is set for a pod as a whole; a limit that there is not is undefined. */
export interface PodLimits {
  /** cpu.shares of cgroups v1, also on v2. */
  readonly shares: number;
  /** Microseconds in each period of 100 ms. */
  readonly quota: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
}

/** The amounts that a pod's own control group is to have. */
export function podLimits(pod: Pod): PodLimits {
  const { cpuRequest, cpuLimit, memoryLimit } = podResources(pod);
  return {
    shares: cpuShares(cpuRequest || cpuLimit || 0),
    quota: cpuLimit ? cpuQuota(cpuLimit).quota : undefined,
    memory: memoryLimit || undefined,
  };
}

/**
 * The tree of control groups: ROOT/kubepods for all pods, below it `burstable` and `besteffort`, below those (or
 * directly, for guaranteed pods) one for each pod, in which the runtime makes one for each container. Works on
 * cgroups v1 (also beside an empty v2) and v2.
 */
export class PodCgroups {
  readonly #root: string;
  readonly #mount: string;
  readonly #unified: boolean;
  readonly #log: Logger;
  /** CPU requests of burstable pods, in thousandths. */
  readonly #burstable = new Map<string, number>();
  readonly #limits = new Map<string, PodLimits>();

  /** `root` is a path of the cluster's own: "/skiff". */
  constructor(root: string, log: Logger, mount = MOUNT) {
    this.#root = root;
    this.#mount = mount;
    this.#unified = existsSync(join(mount, 'cgroup.controllers'));
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

  /** Makes a pod's group, with what the pod has been granted; one that is there keeps what it has. */
  async create(pod: Pod): Promise<void> {
    const path = this.path(pod);
    const exists = existsSync(this.#file('cpu', path, ''));
    await this.#create(path);
    if (!exists) await this.set(pod, podLimits(pod));
    await this.#count(pod);
  }

  /** What a pod's group has. */
  async current(pod: Pod): Promise<PodLimits> {
    const known = this.#limits.get(podUid(pod));
    if (known) return known;
    const limits = await this.#read(this.path(pod));
    if (limits) this.#limits.set(podUid(pod), limits);
    return limits ?? podLimits(pod);
  }

  /** Changes what is given of a pod's limits. Rejects with the system's error. */
  async set(pod: Pod, change: Partial<PodLimits>): Promise<void> {
    const path = this.path(pod);
    const write = (controller: string, file: string, value: string | number | undefined, none: string) =>
      writeFile(this.#file(controller, path, file), String(value ?? none));
    if (change.shares !== undefined) await this.#setShares(path, change.shares);
    if ('quota' in change) {
      const { period } = cpuQuota(0);
      if (this.#unified) {
        await write('', 'cpu.max', `${change.quota ?? 'max'} ${period}`, '');
      } else {
        await write('cpu', 'cpu.cfs_period_us', period, '');
        await write('cpu', 'cpu.cfs_quota_us', change.quota, '-1');
      }
    }
    if ('memory' in change) {
      if (this.#unified) await write('', 'memory.max', change.memory, 'max');
      else await write('memory', 'memory.limit_in_bytes', change.memory, '-1');
    }
    const before = this.#limits.get(podUid(pod)) ?? podLimits(pod);
    this.#limits.set(podUid(pod), { ...before, ...change });
    await this.#count(pod);
  }

  /** Bytes of memory in use by a pod, or by one of its containers; undefined: not known. */
  async memoryUsage(pod: Pod, container = ''): Promise<number | undefined> {
    const file = this.#unified ? 'memory.current' : 'memory.usage_in_bytes';
    const text = await readFile(this.#file('memory', join(this.path(pod), container), file), 'utf8').catch(() => '');
    return text.trim() ? Number(text) : undefined;
  }

  /** Removes a pod's group from every hierarchy; the runtime may have used more than those set here. */
  async remove(uid: string): Promise<void> {
    const parent = join(this.#root, 'kubepods');
    for (const qos of ['', 'burstable', 'besteffort']) await this.#removeTree(join(parent, qos, `pod${uid}`));
    this.#limits.delete(uid);
    if (this.#burstable.delete(uid)) await this.#shareBurstable();
  }

  /** Pods that have a group. */
  async pods(): Promise<string[]> {
    const found: string[] = [];
    for (const qos of ['', 'burstable', 'besteffort']) {
      const dir = this.#file('memory', join(this.#root, 'kubepods', qos), '');
      for (const name of await readdir(dir).catch(() => [])) if (name.startsWith('pod')) found.push(name.slice(3));
    }
    return found;
  }

  /** Removes everything, once no pods are left. */
  async tearDown(): Promise<void> {
    await this.#removeTree(this.#root);
  }

  /** Counts a pod among those that share what its class gets. */
  async #count(pod: Pod): Promise<void> {
    if (qosClass(pod.spec) !== 'Burstable') return;
    const { cpuRequest } = podResources(pod);
    if (this.#burstable.get(podUid(pod)) === cpuRequest) return;
    this.#burstable.set(podUid(pod), cpuRequest);
    await this.#shareBurstable();
  }

  async #read(path: string): Promise<PodLimits | undefined> {
    const read = async (controller: string, file: string) =>
      (await readFile(this.#file(controller, path, file), 'utf8')).trim();
    try {
      if (this.#unified) {
        const weight = Number(await read('', 'cpu.weight'));
        const [quota = 'max'] = (await read('', 'cpu.max')).split(' ');
        const memory = await read('', 'memory.max');
        return {
          shares: Math.ceil(((weight - 1) * 262_142) / 9999) + 2,
          quota: quota === 'max' ? undefined : Number(quota),
          memory: memory === 'max' ? undefined : Number(memory),
        };
      }
      const quota = Number(await read('cpu', 'cpu.cfs_quota_us'));
      const memory = Number(await read('memory', 'memory.limit_in_bytes'));
      return {
        shares: Number(await read('cpu', 'cpu.shares')),
        quota: quota < 0 ? undefined : quota,
        memory: memory > UNLIMITED ? undefined : memory,
      };
    } catch {
      return undefined; // not there, or not yet
    }
  }

  #file(controller: string, path: string, file: string): string {
    return join(this.#mount, this.#unified ? '' : controller, path, file);
  }

  async #shareBurstable(): Promise<void> {
    let sum = 0;
    for (const request of this.#burstable.values()) sum += request;
    await this.#setShares(join(this.#root, 'kubepods', 'burstable'), cpuShares(sum));
  }

  async #create(path: string): Promise<void> {
    if (!this.#unified) {
      for (const controller of CONTROLLERS) await mkdir(this.#file(controller, path, ''), { recursive: true });
      return;
    }
    // A controller reaches a group only where every group above it hands it down.
    let dir = this.#mount;
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
    const full = this.#file(controller, path, file);
    await writeFile(full, value).catch((error: unknown) =>
      this.#log.warn({ err: error, file: full, value }, 'cannot set a cgroup value'),
    );
  }

  async #removeTree(path: string): Promise<void> {
    const mounts = this.#unified ? [''] : await readdir(this.#mount);
    for (const mount of mounts) await removeGroup(join(this.#mount, mount, path), this.#log);
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
