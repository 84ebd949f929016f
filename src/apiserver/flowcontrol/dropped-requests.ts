/** Seconds. */
const MOST_RETRY_AFTER = 32;

/**
 * How long those who are turned away are told to wait: a second at first, twice as long when many keep coming all the
 * same, less again when few do. For one priority level.
 */
export class DroppedRequests {
  retryAfter = 1;
  #history: { readonly second: number; readonly count: number }[] = [];
  #second = 0;
  #count = 0;
  #raisedAt = 0;

  /** `now` in milliseconds. */
  record(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.#second) {
      this.#count++;
      return;
    }
    const past = Math.min(2 * this.retryAfter, MOST_RETRY_AFTER);
    this.#history.push({ second: this.#second, count: this.#count });
    this.#history = this.#history.filter((entry) => this.#second - entry.second <= past);
    this.#second = second;
    this.#count = 1;
    this.#adjust(second);
  }

  #adjust(second: number): void {
    let dropped = 0;
    for (const entry of this.#history) {
      if (second - entry.second <= this.retryAfter && entry.second < second) dropped += entry.count;
    }
    if (second - this.#raisedAt >= this.retryAfter && dropped >= 3 * this.retryAfter) {
      this.retryAfter = Math.min(this.retryAfter * 2, MOST_RETRY_AFTER);
      this.#raisedAt = second;
    } else if (dropped < this.retryAfter && this.retryAfter > 1) {
      this.retryAfter--;
    }
  }
}
