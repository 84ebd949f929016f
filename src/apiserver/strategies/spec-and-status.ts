import type { KubeObject, Mutable } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';

/** An object with the two halves that most kinds have. */
export interface WithSpec extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** An update is of the spec: the status stays, and generation counts the changes of the spec. */
export function updateSpec<T extends WithSpec>(object: Mutable<T>, old: T): void {
  keepStatus(object, old);
  const halves = object as Mutable<WithSpec>;
  if (!deepEqual(halves.spec, old.spec)) raiseGeneration(object, old);
}

export function keepStatus<T extends WithSpec>(object: Mutable<T>, old: T): void {
  const halves = object as Mutable<WithSpec>;
  if (old.status === undefined) delete halves.status;
  else halves.status = old.status;
}

/** An update of the status leaves the spec as it is. */
export function updateStatus<T extends WithSpec>(object: Mutable<T>, old: T): void {
  (object as Mutable<WithSpec>).spec = old.spec;
}

/** The same for kinds whose metadata is not the status writers' either. */
export function updateOnlyStatus<T extends WithSpec>(object: Mutable<T>, old: T): void {
  updateStatus(object, old);
  const meta = (object as Mutable<WithSpec>).metadata;
  const { labels, annotations, finalizers, ownerReferences } = old.metadata as Mutable<WithSpec>['metadata'];
  Object.assign(meta, { labels, annotations, finalizers, ownerReferences });
}

export function raiseGeneration<T extends KubeObject>(object: Mutable<T>, old: T): void {
  (object as Mutable<KubeObject>).metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** For kinds without a status that count their changes: all of the object but its metadata is the spec. */
export const countsChanges = {
  prepareForCreate: (object: Mutable<KubeObject>): void => {
    object.metadata.generation = 1;
  },
  prepareForUpdate: (object: Mutable<KubeObject>, old: KubeObject): void => {
    const { metadata: _now, ...content } = object;
    const { metadata: _then, ...before } = old;
    if (!deepEqual(content, before)) raiseGeneration(object, old);
  },
};
