import { ConnectionError, errorCode } from './frames.ts';

const MOST = 1000;
/** 33 a second. */
const REFILL_PER_MS = 0.033;

/**
 * A budget for what costs the server more than the client: streams reset as soon as they are opened (CVE-2023-44487),
 * empty frames, settings. Refilled with time, as nghttp2 does it.
 */
export class Patience {
  #left = MOST;
  #since = performance.now();

  /** Throws ConnectionError when there is none left. */
  spend(): void {
    if (--this.#left >= 0) return;
    const now = performance.now();
    this.#left = Math.min(MOST, Math.floor((now - this.#since) * REFILL_PER_MS)) - 1;
    this.#since = now;
    if (this.#left < 0) throw new ConnectionError(errorCode.enhanceYourCalm, 'too many resets or empty frames');
  }
}
