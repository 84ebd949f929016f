import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../../api/core/v1.gen.ts';
import type { Client } from '../../client/client.ts';
import { deepEqual } from '../../schema/equal.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import type { NodeAllocatable } from '../env/downward-api.ts';
import { isTerminal, podDescription, podUid } from '../pods/pod.ts';
import { containerMounts } from './container-mounts.ts';
import { type Mounter, systemMounter } from './mounter.ts';
import { ObjectCache } from './object-cache.ts';
import { isLive, referencedObjects, usedVolumes } from './references.ts';
import { type MountedVolume, mounted, VolumeSetUp } from './set-up.ts';
import { podsOnDisk, tearDown } from './tear-down.ts';
import { ServiceAccountTokens } from './tokens.ts';
import type { MountImage, PodVolumes, VolumeManager } from './types.ts';

export interface VolumeManagerOptions {
  /** Speaks for the node. */
  readonly client: Client;
  /** DATA_DIR/kubelet/pods */
  readonly podsDir: string;
  readonly allocatable: NodeAllocatable;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
  /** Default: the system's. */
  readonly mounter?: Mounter;
}

/** Failed refreshes of files are tried again after so long; changes of objects come by themselves. */
const REFRESH_RETRY = 10_000;

interface PodState {
  pod: Pod;
  /** Ran before this agent did: its files are taken over though nobody asks for them. */
  readonly adopted: boolean;
  readonly mounted: Map<string, MountedVolume>;
  /** What is done to the pod's volumes is done one after the other. */
  work: Promise<void>;
  /** A refresh is due already. */
  queued: boolean;
  timer: Timer | undefined;
}

export function createVolumeManager(options: VolumeManagerOptions): VolumeManager {
  return new NodeVolumes(options);
}

class NodeVolumes implements VolumeManager {
  readonly #podsDir: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #mounter: Mounter;
  readonly #objects: ObjectCache;
  readonly #tokens: ServiceAccountTokens;
  readonly #setUp: VolumeSetUp;
  readonly #pods = new Map<string, PodState>();
  #stopped = false;

  constructor(options: VolumeManagerOptions) {
    const { client, podsDir, allocatable, clock, random = Math.random, mounter = systemMounter } = options;
    this.#podsDir = podsDir;
    this.#clock = clock;
    this.#log = options.log.child({ component: 'volumes' });
    this.#mounter = mounter;
    this.#objects = new ObjectCache(client, { clock, log: this.#log, random }, (uid) => this.#refreshSoon(uid));
    this.#tokens = new ServiceAccountTokens(client, clock, random);
    this.#setUp = new VolumeSetUp({
      client,
      podsDir,
      mounter,
      clock,
      allocatable,
      objects: this.#objects,
      tokens: this.#tokens,
    });
  }

  async mount(pod: Pod, signal: AbortSignal, images: MountImage): Promise<PodVolumes> {
    const uid = podUid(pod);
    const state = this.#pods.get(uid) ?? this.#track(pod, false);
    state.pod = pod;
    const volumes = usedVolumes(pod);
    this.#objects.use(uid, referencedObjects(pod, volumes));
    await this.#serialize(state, async () => {
      for (const volume of volumes) {
        if (signal.aborted) throw signal.reason;
        // Live files are kept current by themselves once they are there.
        if (state.mounted.has(volume.name)) continue;
        const ready = volume.image
          ? { ...mounted(await images(pod, volume)), readOnly: true }
          : await this.#setUp.setUp(pod, volume);
        state.mounted.set(volume.name, ready);
      }
    });
    this.#schedule(uid, state);
    return {
      mountsFor: (container, env) =>
        this.#serialize(state, () =>
          containerMounts({
            pod: state.pod,
            podsDir: this.#podsDir,
            container,
            env,
            volumes: state.mounted,
            mounter: this.#mounter,
          }),
        ),
      groups: [...state.mounted.values()].map((v) => v.group).filter((group) => group !== undefined),
    };
  }

  update(pod: Pod): void {
    const state = this.#pods.get(podUid(pod));
    if (!state) this.#adopt(pod);
    if (!state || state.pod === pod) return;
    const before = state.pod.metadata;
    state.pod = pod;
    const { labels, annotations } = pod.metadata;
    if (deepEqual(before.labels, labels) && deepEqual(before.annotations, annotations)) return;
    this.#refreshSoon(podUid(pod));
  }

  async unmount(podUid: string): Promise<void> {
    const state = this.#pods.get(podUid);
    state?.timer?.stop();
    this.#pods.delete(podUid);
    this.#objects.use(podUid, []);
    this.#tokens.forget(podUid);
    await state?.work;
    await tearDown(this.#mounter, join(this.#podsDir, podUid), state === undefined);
  }

  mountedPods(): Promise<readonly string[]> {
    return podsOnDisk(this.#podsDir);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#objects.stop();
    for (const { timer } of this.#pods.values()) timer?.stop();
    await Promise.all([...this.#pods.values()].map(({ work }) => work));
  }

  #track(pod: Pod, adopted: boolean): PodState {
    const state = { pod, adopted, mounted: new Map(), work: Promise.resolve(), queued: false, timer: undefined };
    this.#pods.set(podUid(pod), state);
    return state;
  }

  /** After a restart of the agent pods go on running, and their files must go on changing. */
  #adopt(pod: Pod): void {
    if (this.#stopped || isTerminal(pod) || pod.metadata.deletionTimestamp) return;
    const uid = podUid(pod);
    const volumes = usedVolumes(pod);
    if (!volumes.some(isLive) || !existsSync(join(this.#podsDir, uid, 'volumes'))) return;
    this.#track(pod, true);
    this.#objects.use(uid, referencedObjects(pod, volumes));
    this.#refreshSoon(uid);
  }

  #serialize<T>(state: PodState, run: () => Promise<T>): Promise<T> {
    const result = state.work.then(run);
    state.work = result.then(
      () => {},
      () => {}, // whoever waits for the result is told
    );
    return result;
  }

  /** Makes live files current; several changes at once are one refresh. */
  #refreshSoon(uid: string): void {
    const state = this.#pods.get(uid);
    if (!state || state.queued || this.#stopped) return;
    state.queued = true;
    void this.#serialize(state, async () => {
      state.queued = false;
      let failed = false;
      for (const volume of usedVolumes(state.pod)) {
        if (this.#stopped || this.#pods.get(uid) !== state) return;
        if (!isLive(volume) || !(state.adopted || state.mounted.has(volume.name))) continue;
        try {
          state.mounted.set(volume.name, await this.#setUp.setUp(state.pod, volume));
        } catch (error) {
          failed = true;
          this.#log.warn(
            { err: error, pod: podDescription(state.pod) },
            'cannot bring the files of a volume up to date',
          );
        }
      }
      this.#schedule(uid, state, failed ? this.#clock.now() + REFRESH_RETRY : undefined);
    });
  }

  #schedule(uid: string, state: PodState, retryAt?: number): void {
    state.timer?.stop();
    state.timer = undefined;
    const due = [retryAt, ...[...state.mounted.values()].map((v) => v.refreshAt)].filter((at) => at !== undefined);
    if (due.length === 0 || this.#stopped || this.#pods.get(uid) !== state) return;
    state.timer = this.#clock.after(Math.max(Math.min(...due) - this.#clock.now(), 0), () => this.#refreshSoon(uid));
  }
}
