import type { Clock } from '../../utils/clock.ts';

/** A controller that waits longer than this for its own changes to show up has missed them. */
export const EXPECTATION_TIMEOUT_MS = 5 * 60_000;

interface Expected {
  creations: number;
  /** Keys of the objects whose deletion is awaited. */
  readonly deletions: Set<string>;
  readonly since: number;
}

/**
 * What a controller has done and its informer has not shown yet, for each of its objects. Acting again before that
 * would do the same work twice (client-go's ControllerExpectations with UID tracking).
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Replaces what was expected. */
  expect(key: string, creations: number, deletions: readonly string[] = []): void {
    this.#expected.set(key, { creations, deletions: new Set(deletions), since: this.#clock.now() });
  }

  creationObserved(key: string, count = 1): void {
    const expected = this.#expected.get(key);
    if (expected) expected.creations -= count;
  }

  deletionObserved(key: string, deleted: string): void {
    this.#expected.get(key)?.deletions.delete(deleted);
  }

  /** Whether everything expected was seen, or has been waited for too long. */
  satisfied(key: string): boolean {
    const expected = this.#expected.get(key);
    if (!expected) return true;
    if (expected.creations <= 0 && expected.deletions.size === 0) return true;
    return this.#clock.now() - expected.since > EXPECTATION_TIMEOUT_MS;
  }

  forget(key: string): void {
    this.#expected.delete(key);
  }
}
