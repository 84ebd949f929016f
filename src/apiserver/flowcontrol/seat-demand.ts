/** What the demand of seats was over some time. */
export interface Demand {
  readonly average: number;
  readonly deviation: number;
  readonly max: number;
}

/** Keeps up with a number that changes in steps: its mean over time, and how far it strayed from it. */
export class Integrator {
  #since: number;
  #at: number;
  #value = 0;
  #sum = 0;
  #squares = 0;
  #max = 0;

  /** `now` in milliseconds, here and below. */
  constructor(now: number) {
    this.#since = now;
    this.#at = now;
  }

  set(value: number, now: number): void {
    if (now > this.#at) this.#integrate(now);
    this.#value = value;
    if (value > this.#max) this.#max = value;
  }

  #integrate(now: number): void {
    const passed = now - this.#at;
    this.#sum += this.#value * passed;
    this.#squares += this.#value * this.#value * passed;
    this.#at = now;
  }

  /** What it was since it was last taken; undefined where no time has passed, when only `max` can be known. */
  take(now: number): Demand | { readonly max: number } {
    if (now > this.#at) this.#integrate(now);
    const max = this.#max;
    const time = this.#at - this.#since;
    const average = time > 0 ? this.#sum / time : 0;
    const demand =
      time > 0
        ? { average, deviation: Math.sqrt(Math.max(0, this.#squares / time - average * average)), max }
        : { max };
    this.#since = this.#at;
    this.#sum = 0;
    this.#squares = 0;
    this.#max = this.#value;
    return demand;
  }
}

/** Of the former value so much stays after ten seconds; half of it is left after five minutes. */
const SMOOTHING = 0.977;

/** The demand of a priority level, as the borrowing of seats looks at it: quick to rise, slow to fall. */
export class DemandStatistics {
  average = 0;
  deviation = 0;
  highWatermark = 0;
  smoothed = 0;

  update(demand: Demand | { readonly max: number }): void {
    this.highWatermark = Math.round(demand.max);
    if (!('average' in demand)) return;
    this.average = demand.average;
    this.deviation = demand.deviation;
    const envelope = demand.average + demand.deviation;
    this.smoothed = Math.max(envelope, SMOOTHING * this.smoothed + (1 - SMOOTHING) * envelope);
  }
}
