import { type Lease, type LeaseSpec, leases } from '../api/coordination/v1.gen.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../api/errors.ts';
import { formatMicroTime } from '../schema/time.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { Client } from './client.ts';

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Unique among the candidates: "host_uid". */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
  /** How long others wait after the last renewal they saw. Default 15 s. */
  readonly leaseDurationMs?: number;
  /** How long the leader tries to renew before it gives up. Default 10 s, must be less than the duration. */
  readonly renewDeadlineMs?: number;
  /** Time between tries. Default 2 s. */
  readonly retryPeriodMs?: number;
  /** The signal aborts when leadership is lost or given up. */
  onStartedLeading(signal: AbortSignal): void;
  /** Leadership is over; nothing may be done in its name any more. Called at most once, after onStartedLeading. */
  onStoppedLeading(): void;
  onNewLeader?(identity: string): void;
}

const JITTER = 1.2;

/**
 * Leader election on a Lease, as client-go does it. Times in the Lease are only informative: a candidate measures with
 * its own clock how long it has seen the Lease unchanged, so clocks that differ do no harm.
 */
export class LeaderElector {
  readonly #options: Required<Omit<LeaderElectionOptions, 'onNewLeader'>> & Pick<LeaderElectionOptions, 'onNewLeader'>;
  readonly #abort = new AbortController();
  #observed: Lease | undefined;
  #observedAt = 0;
  #reported = '';
  #running: Promise<void> | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = {
      random: Math.random,
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
      ...options,
    };
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#options;
    if (leaseDurationMs <= renewDeadlineMs) throw new Error('leaseDurationMs must be greater than renewDeadlineMs');
    if (renewDeadlineMs <= retryPeriodMs * JITTER) {
      throw new Error(`renewDeadlineMs must be greater than retryPeriodMs * ${JITTER}`);
    }
  }

  /** Who holds the Lease as far as is known; "" when nobody does. */
  get leader(): string {
    return this.#observed?.spec.holderIdentity ?? '';
  }

  get isLeader(): boolean {
    return this.leader === this.#options.identity;
  }

  /** Starts to campaign; the promise resolves when leadership was lost, or after `stop`. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Gives up the Lease if it is held, so that another can take it at once. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random, retryPeriodMs, renewDeadlineMs, log, name } = this.#options;
    const { signal } = this.#abort;
    while (!(await this.#attempt())) {
      if (signal.aborted) return;
      await clock.sleep(retryPeriodMs * (1 + random() * JITTER), signal);
      if (signal.aborted) return;
    }
    const leading = new AbortController();
    log.info({ lease: name }, 'became leader');
    this.#options.onStartedLeading(leading.signal);
    let renewed = clock.now();
    while (!signal.aborted) {
      await clock.sleep(retryPeriodMs, signal);
      if (signal.aborted) break;
      const left = renewed + renewDeadlineMs - clock.now();
      // A server that does not answer must not keep us from noticing that the time is up.
      const attempt = this.#attempt();
      const ok = left > 0 && (await Promise.race([attempt, clock.sleep(left, signal).then(() => false)]));
      if (ok) renewed = clock.now();
      else if (clock.now() - renewed >= renewDeadlineMs) break;
    }
    leading.abort();
    log.info({ lease: name }, 'stopped leading');
    this.#options.onStoppedLeading();
    if (signal.aborted) await this.#release();
  }

  async #attempt(): Promise<boolean> {
    let acquired = false;
    try {
      acquired = await this.#acquireOrRenew();
    } catch (error) {
      const { log, name } = this.#options;
      if (isConflict(error) || isAlreadyExists(error)) log.debug({ lease: name }, 'another candidate was faster');
      else log.warn({ err: error, lease: name }, 'could not read or write the lease');
    }
    if (this.#reported !== this.leader) {
      this.#reported = this.leader;
      this.#options.onNewLeader?.(this.#reported);
    }
    return acquired;
  }

  async #acquireOrRenew(): Promise<boolean> {
    const { client, namespace, name, identity, clock, leaseDurationMs } = this.#options;
    const resource = client.resource(leases);
    const now = clock.now();
    const claim = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.round(leaseDurationMs / 1000),
      renewTime: formatMicroTime(now),
    };
    let current: Lease;
    try {
      current = await resource.get(namespace, name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const spec: LeaseSpec = { ...claim, acquireTime: claim.renewTime, leaseTransitions: 0 };
      this.#observe(await resource.create(namespace, { metadata: { name, namespace }, spec }));
      return true;
    }
    if (current.metadata.resourceVersion !== this.#observed?.metadata.resourceVersion) this.#observe(current);
    const { holderIdentity = '', leaseDurationSeconds = 0, leaseTransitions = 0, acquireTime } = current.spec;
    const mine = holderIdentity === identity;
    if (!mine && holderIdentity !== '' && this.#observedAt + leaseDurationSeconds * 1000 > now) return false;
    const spec: LeaseSpec = {
      ...current.spec,
      ...claim,
      acquireTime: mine ? acquireTime : claim.renewTime,
      leaseTransitions: mine ? leaseTransitions : leaseTransitions + 1,
    };
    this.#observe(await resource.update({ ...current, spec }));
    return true;
  }

  #observe(lease: Lease): void {
    this.#observed = lease;
    this.#observedAt = this.#options.clock.now();
  }

  async #release(): Promise<void> {
    const { client, namespace, name, identity, clock, log } = this.#options;
    const resource = client.resource(leases);
    // A renewal on its way when we were stopped makes the first try conflict.
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        const current = await resource.get(namespace, name);
        if (current.spec.holderIdentity !== identity) return;
        const time = formatMicroTime(clock.now());
        const { leaseTransitions } = current.spec;
        const spec = { leaseDurationSeconds: 1, renewTime: time, acquireTime: time, leaseTransitions };
        this.#observe(await resource.update({ ...current, spec }));
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error)) {
          log.warn({ err: error, lease: name }, 'could not release the lease');
          return;
        }
      }
    }
  }
}
