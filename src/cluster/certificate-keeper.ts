import { type FSWatcher, watch } from 'node:fs';
import { deepEqual } from '../schema/equal.ts';
import type { Clock, Timer } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import { type CertificateNames, type ClusterCertificates, ensureCertificates } from './certificates.ts';

/** However little the system tells of changed files. Milliseconds. */
const INTERVAL = 3_600_000;
/** Several events of one change are one. Milliseconds. */
const PAUSE = 50;

export interface KeeperOptions {
  readonly dir: string;
  readonly names: CertificateNames;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The cluster's certificates, kept good: looked at when their directory changes (`skiff certs rotate`) and once an hour,
 * made anew long before they end, and told to whoever uses them.
 */
export class CertificateKeeper {
  readonly #options: KeeperOptions;
  readonly #listeners: ((certificates: ClusterCertificates) => void)[] = [];
  #current: ClusterCertificates;
  #watcher: FSWatcher | undefined;
  #timer: Timer;
  #soon: Timer | undefined;

  /** Throws where an authority is damaged or its time is over. */
  constructor(options: KeeperOptions) {
    this.#options = options;
    const { clock, dir, names } = options;
    this.#current = ensureCertificates(dir, names, clock);
    this.#timer = clock.after(INTERVAL, () => this.#regularly());
    try {
      this.#watcher = watch(dir, { persistent: false }, () => {
        this.#soon ??= clock.after(PAUSE, () => {
          this.#soon = undefined;
          this.check();
        });
      });
      // Where the directory goes away, or the system has no watches left, there is still the clock.
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  get current(): ClusterCertificates {
    return this.#current;
  }

  onChange(listener: (certificates: ClusterCertificates) => void): void {
    this.#listeners.push(listener);
  }

  /** Looks now. What cannot be read is logged, and what was stays in force. */
  check(): void {
    const { dir, names, clock, log } = this.#options;
    try {
      const found = ensureCertificates(dir, names, clock);
      if (deepEqual(found, this.#current)) return;
      const authority = found.ca.cert !== this.#current.ca.cert;
      this.#current = found;
      log.info(authority ? 'the cluster has a new certificate authority' : 'certificates were renewed');
      for (const listener of this.#listeners) listener(found);
    } catch (error) {
      log.error({ err: error }, 'the certificates could not be looked after');
    }
  }

  stop(): void {
    this.#watcher?.close();
    this.#timer.stop();
    this.#soon?.stop();
  }

  #regularly(): void {
    this.check();
    this.#timer = this.#options.clock.after(INTERVAL, () => this.#regularly());
  }
}
