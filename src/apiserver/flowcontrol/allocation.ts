/** What one priority level may get: at least `lower`, at most `upper`, in proportion to `target` between them. */
export interface Claim {
  readonly lower: number;
  readonly target: number;
  readonly upper: number;
}

/** Targets below this are taken for this: a level that wants nothing may still have what is left over. */
const LEAST_TARGET = 0.001;

/**
 * Divides `total` among claims: everyone gets the same multiple of their target, cut off at their bounds. Undefined
 * where the bounds leave no way to do it.
 */
export function allocate(
  total: number,
  claims: readonly Claim[],
): { readonly shares: readonly number[]; readonly multiple: number } | undefined {
  const all = claims.map(({ lower, upper, target }) => ({ lower, upper, target: Math.max(target, LEAST_TARGET) }));
  if (all.some(({ lower, upper, target }) => lower < 0 || lower > upper || target < lower)) return undefined;
  const at = (multiple: number) =>
    all.map(({ lower, upper, target }) => Math.max(lower, Math.min(upper, multiple * target)));
  const sum = (shares: readonly number[]) => shares.reduce((a, b) => a + b, 0);
  const slack = 1e-7;
  // Where the sum changes its slope; between two of them it grows evenly.
  const bends = all.flatMap(({ lower, upper, target }) => [lower / target, upper / target]).sort((a, b) => a - b);
  const first = bends[0] ?? 0;
  if (total < sum(at(first)) - slack) return undefined;
  let from = first;
  let below = sum(at(first));
  for (const bend of bends) {
    const sumHere = sum(at(bend));
    if (sumHere >= total - slack) {
      const multiple = sumHere > below ? from + ((bend - from) * (total - below)) / (sumHere - below) : bend;
      return { shares: at(multiple), multiple };
    }
    from = bend;
    below = sumHere;
  }
  return undefined;
}
