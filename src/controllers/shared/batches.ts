/**
 * Runs `run` for 0..count-1 in batches of 1, 2, 4, ... and stops after the first batch in which one failed, so that
 * what is bound to fail (a quota) fails once and not a hundred times. `started` says how many were tried at all.
 */
export async function slowStart(
  count: number,
  run: (index: number) => Promise<unknown>,
): Promise<{ started: number; error?: unknown }> {
  let started = 0;
  for (let size = 1; started < count; size *= 2) {
    const batch = Math.min(size, count - started);
    const results = await Promise.allSettled(Array.from({ length: batch }, (_, i) => run(started + i)));
    started += batch;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) return { started, error: failed.reason };
  }
  return { started };
}

/** Runs all, and throws the first error when all have ended. */
export async function allSettled(runs: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(runs)) if (result.status === 'rejected') throw result.reason;
}
