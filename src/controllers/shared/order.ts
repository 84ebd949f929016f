import type { KubeObject } from '../../api/resource.ts';

/** Oldest first, by name where creation times are equal. */
export function byCreation(a: KubeObject, b: KubeObject): number {
  const { creationTimestamp: left, name } = a.metadata;
  const { creationTimestamp: right, name: other } = b.metadata;
  if (left !== right) return left < right ? -1 : 1;
  return name < other ? -1 : name > other ? 1 : 0;
}
