import type { Container } from '../../api/core/v1.gen.ts';
import { labelSelector } from '../../api/labels.ts';
import type { LabelSelector } from '../../api/meta/v1.gen.ts';
import type { KubeObject } from '../../api/resource.ts';
import { timeToMs } from '../../schema/time.ts';
import { humanDuration } from '../http/table.ts';

/** Parts of table cells that several kinds share. What is not there prints as these. */
export const NONE = '<none>';
export const UNKNOWN = '<unknown>';
export const UNSET = '<unset>';

/** How long ago a Time or MicroTime was: "5d3h". */
export function since(time: string | undefined, now: number): string {
  return time ? humanDuration(now - timeToMs(time)) : UNKNOWN;
}

export const age = (object: KubeObject, now: number): string => since(object.metadata.creationTimestamp, now);

export const orNone = (text: string | undefined): string => text || NONE;

/** "a=1,b=2", sorted by key. */
export function labelsCell(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length > 0 ? pairs.sort().join(',') : NONE;
}

/** A label selector in its text form. */
export function selectorCell(selector: LabelSelector | undefined): string {
  if (!selector) return NONE;
  try {
    return labelSelector(selector).toString() || NONE;
  } catch {
    return '<error>';
  }
}

/** Names and images of a pod's containers, each in one cell. */
export function containersCells(
  containers: readonly Container[] | undefined,
): readonly [names: string, images: string] {
  const all = containers ?? [];
  return [all.map((c) => c.name).join(','), all.map((c) => c.image ?? '').join(',')];
}

/** Cells of kinds whose table has but a name and the time of creation. */
export const createdAtCells = (object: KubeObject): readonly unknown[] => [
  object.metadata.name,
  object.metadata.creationTimestamp ?? null,
];

export const nameAndAge = (object: KubeObject, now: number): readonly unknown[] => [
  object.metadata.name,
  age(object, now),
];
