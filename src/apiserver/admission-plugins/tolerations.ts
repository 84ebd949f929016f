import { isDeepStrictEqual } from 'node:util';
import type { Toleration } from '../../api/core/v1.gen.ts';

interface Plain {
  readonly key: string;
  readonly operator: string;
  readonly value: string;
  readonly effect: string;
  readonly tolerationSeconds: number | undefined;
}

const plain = ({ key, operator, value, effect, tolerationSeconds }: Toleration): Plain => ({
  key: key ?? '',
  operator: operator ?? '',
  value: value ?? '',
  effect: effect ?? '',
  tolerationSeconds,
});

const same = (a: Toleration, b: Toleration): boolean => isDeepStrictEqual(plain(a), plain(b));

/** Whether `wide` tolerates all that `narrow` does. */
function isSuperset(wide: Toleration, narrow: Toleration): boolean {
  if (same(wide, narrow)) return true;
  const [w, n] = [plain(wide), plain(narrow)];
  if (n.key !== w.key && (w.key !== '' || w.operator !== 'Exists')) return false;
  if (n.effect !== w.effect && w.effect !== '') return false;
  if (w.effect === 'NoExecute' && w.tolerationSeconds !== undefined) {
    if (n.tolerationSeconds === undefined || n.tolerationSeconds > w.tolerationSeconds) return false;
  }
  if (w.operator === 'Exists') return true;
  return (w.operator === '' || w.operator === 'Equal') && n.operator === 'Equal' && n.value === w.value;
}

/** Both lists, without those that another one covers; of equal ones the first stays. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  all.forEach((one, i) => {
    if (merged.some((other) => isSuperset(other, one))) return;
    if (all.slice(i + 1).some((other) => !same(one, other) && isSuperset(other, one))) return;
    merged.push({ ...one });
  });
  return merged;
}

/** Whether one of the list covers each toleration; a list of nothing allows everything. */
export function allAllowed(tolerations: readonly Toleration[], list: readonly Toleration[]): boolean {
  return list.length === 0 || tolerations.every((one) => list.some((wide) => isSuperset(wide, one)));
}

/** Puts a toleration in the place of those of its key, effect, operator and value, or at the end. */
export function withToleration(tolerations: readonly Toleration[], added: Toleration): Toleration[] {
  const matches = (other: Toleration) =>
    same({ ...other, tolerationSeconds: undefined }, { ...added, tolerationSeconds: undefined });
  if (tolerations.some((other) => same(other, added))) return [...tolerations];
  if (!tolerations.some(matches)) return [...tolerations, added];
  return tolerations.map((other) => (matches(other) ? added : other));
}
