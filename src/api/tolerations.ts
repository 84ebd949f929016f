import type { Taint, Toleration } from './core/v1.gen.ts';

/** Whether a toleration is for that taint (v1.Toleration.ToleratesTaint). */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  switch (operator) {
    case 'Exists':
      return true;
    case '':
    case 'Equal':
      return value === (taint.value ?? '');
    case 'Gt':
      return isInteger(value) && isInteger(taint.value) && BigInt(taint.value) > BigInt(value);
    case 'Lt':
      return isInteger(value) && isInteger(taint.value) && BigInt(taint.value) < BigInt(value);
  }
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^-?[0-9]+$/.test(text);
}

/** Whether any of the tolerations is for that taint. */
export function tolerated(taint: Taint, tolerations: readonly Toleration[] | undefined): boolean {
  return tolerations?.some((toleration) => tolerates(toleration, taint)) ?? false;
}

/** The first taint of one of the effects that no toleration is for. */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly Taint['effect'][],
): Taint | undefined {
  return taints?.find((taint) => effects.includes(taint.effect) && !tolerated(taint, tolerations));
}
