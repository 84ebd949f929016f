import { type Pod, type PodStatus, pods } from '../../api/core/v1.gen.ts';
import { ApiError, isConflict, isNotFound } from '../../api/errors.ts';
import type { Client } from '../../client/client.ts';
import { deepEqual } from '../../schema/equal.ts';
import type { Clock } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { podUid } from './pod.ts';

/** Conditions that are the kubelet's own; all others in a status are somebody else's. */
const OWN_CONDITIONS = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'PodResizePending',
  'PodResizeInProgress',
]);

interface Entry {
  pod: Pod;
  status: PodStatus;
  /** What the server has, as far as known. */
  written: PodStatus | undefined;
  writing: Promise<void> | undefined;
}

const FIRST_RETRY = 500;
const LONGEST_RETRY = 30_000;

/** Keeps the newest status of each pod and brings it to the server when it differs from what is there. */
export class StatusManager {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #abort = new AbortController();

  constructor(client: Client, clock: Clock, log: Logger) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  stop(): void {
    this.#abort.abort();
  }

  /** The pod with the status that was last set for it, and the conditions of others as the server has them. */
  current(pod: Pod): Pod {
    const entry = this.#entries.get(podUid(pod));
    if (!entry) return pod;
    const own = entry.status.conditions ?? [];
    const others = pod.status?.conditions?.filter(
      ({ type }) => !OWN_CONDITIONS.has(type) && !own.some((c) => c.type === type),
    );
    return { ...pod, status: { ...entry.status, conditions: [...own, ...(others ?? [])] } };
  }

  set(pod: Pod, status: PodStatus): void {
    const uid = podUid(pod);
    let entry = this.#entries.get(uid);
    if (!entry) {
      const own = pod.status?.conditions?.filter((c) => OWN_CONDITIONS.has(c.type));
      entry = {
        pod,
        status,
        written: pod.status?.startTime ? { ...pod.status, conditions: own } : undefined,
        writing: undefined,
      };
      this.#entries.set(uid, entry);
    }
    entry.pod = pod;
    entry.status = status;
    if (entry.writing || same(status, entry.written)) return;
    entry.writing = this.#write(uid, entry).finally(() => {
      entry.writing = undefined;
    });
  }

  /** Resolves when the server has the newest status, or will never have it. */
  async flush(uid: string): Promise<void> {
    await this.#entries.get(uid)?.writing;
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  async #write(uid: string, entry: Entry): Promise<void> {
    let retry = FIRST_RETRY;
    while (this.#entries.get(uid) === entry && !same(entry.status, entry.written) && !this.#abort.signal.aborted) {
      const { status } = entry;
      const { namespace = '', name } = entry.pod.metadata;
      try {
        const body = { metadata: { uid }, status: patchBody(status, entry.written ?? entry.pod.status) };
        await this.#client
          .resource(pods)
          .patch(namespace, name, { type: 'strategic', body }, { subresource: 'status' });
        entry.written = status;
        retry = FIRST_RETRY;
      } catch (error) {
        if (isNotFound(error)) return;
        // Another pod of that name: this one is gone.
        if (isConflict(error) && /uid/i.test(error.message)) return;
        if (error instanceof ApiError && (error.code === 422 || error.code === 400)) {
          this.#log.error({ err: error, pod: `${namespace}/${name}` }, 'the server rejects the status of a pod');
          return;
        }
        this.#log.warn({ err: error, pod: `${namespace}/${name}` }, 'cannot write the status of a pod');
        await this.#clock.sleep(retry, this.#abort.signal);
        retry = Math.min(2 * retry, LONGEST_RETRY);
      }
    }
  }
}

/**
 * A strategic merge patch that sets all of the kubelet's own fields: null takes away what is no longer so, as does a
 * deletion for conditions that the server has.
 */
function patchBody(status: PodStatus, before: PodStatus | undefined): object {
  const gone = (before?.conditions ?? []).filter(
    ({ type }) => OWN_CONDITIONS.has(type) && !status.conditions?.some((c) => c.type === type),
  );
  return {
    ...status,
    reason: status.reason ?? null,
    message: status.message ?? null,
    conditions: [
      ...gone.map(({ type }) => ({ type, $patch: 'delete' })),
      ...(status.conditions ?? []).map((c) => ({ ...c, reason: c.reason ?? null, message: c.message ?? null })),
    ],
    // Merged by address otherwise, which would keep those of an earlier sandbox.
    ...(status.podIPs && { podIPs: [...status.podIPs, { $patch: 'replace' }] }),
    allocatedResources: withoutOthers(status.allocatedResources, before?.allocatedResources),
    ...(status.resources && {
      resources: {
        ...status.resources,
        limits: withoutOthers(status.resources.limits, before?.resources?.limits),
        requests: withoutOthers(status.resources.requests, before?.resources?.requests),
      },
    }),
  };
}

type List = Readonly<Record<string, string>>;

/** A list that takes away what was there before. */
function withoutOthers(
  now: List | undefined,
  before: List | undefined,
): Readonly<Record<string, string | null>> | null {
  if (!now) return null;
  const gone = Object.keys(before ?? {}).filter((name) => !Object.hasOwn(now, name));
  return { ...now, ...Object.fromEntries(gone.map((name) => [name, null])) };
}

function same(a: PodStatus, b: PodStatus | undefined): boolean {
  if (!b) return false;
  const sorted = (status: PodStatus) =>
    [...(status.conditions ?? [])]
      .sort((x, y) => (x.type < y.type ? -1 : 1))
      .map(({ lastProbeTime: _, ...condition }) => condition);
  return (Object.keys(a) as (keyof PodStatus)[]).every((key) =>
    key === 'conditions' ? deepEqual(sorted(a), sorted(b)) : deepEqual(a[key], b[key]),
  );
}
