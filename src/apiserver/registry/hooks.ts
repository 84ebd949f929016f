import type { KubeObject, Mutable } from '../../api/resource.ts';
import type { Operation } from '../../store/store.ts';

/**
 * What else a write takes or gives back, in the transaction of the write itself: either all of it happens or nothing, in
 * whatever process and however it ends.
 */
export interface Reservation {
  readonly operations: readonly Operation[];
  /** Another write took what these operations wanted; chooses anew and changes the object, or refuses. */
  again(object: Mutable<KubeObject>): Promise<void>;
  /** The write is over, whatever came of it. Called once. */
  done(): void;
}

/**
 * What a resource does around its writes beyond its strategy: things that reach other state than the object. Called
 * before the strategy prepares and validates, as kube-apiserver's BeginCreate and BeginUpdate.
 */
export interface RegistryHooks {
  beginCreate?(object: Mutable<KubeObject>, dryRun: boolean): Promise<Reservation | undefined>;
  beginUpdate?(object: Mutable<KubeObject>, old: KubeObject, dryRun: boolean): Promise<Reservation | undefined>;
  /** What is given back along with the object. */
  release?(last: KubeObject): readonly Operation[];
  /** Whether an object without finalizers may go as soon as an update leaves it so; default true. */
  deletableDuringUpdate?(object: KubeObject): boolean;
}
