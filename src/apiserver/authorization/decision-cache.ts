import type { Clock } from '../../utils/clock.ts';
import type { WebhookStatus } from './webhook.ts';

/** As many answers as Kubernetes keeps of one webhook. */
const MOST = 8192;

/** The latest answers by question, each for a time. */
export class DecisionCache {
  readonly #clock: Clock;
  /** In the order of their last use. */
  readonly #entries = new Map<string, { readonly status: WebhookStatus; readonly expires: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): WebhookStatus | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (this.#clock.now() >= entry.expires) return undefined;
    this.#entries.set(key, entry);
    return entry.status;
  }

  /** `ttl` in milliseconds; 0 keeps nothing. */
  set(key: string, status: WebhookStatus, ttl: number): void {
    this.#entries.delete(key);
    if (ttl <= 0) return;
    this.#entries.set(key, { status, expires: this.#clock.now() + ttl });
    if (this.#entries.size <= MOST) return;
    const [oldest = ''] = this.#entries.keys();
    this.#entries.delete(oldest);
  }
}
