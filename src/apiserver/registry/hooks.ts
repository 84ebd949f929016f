import type { KubeObject, Mutable } from '../../api/resource.ts';
import type { Stored } from '../core.ts';

/** Something reserved for a write that has not happened yet. Exactly one of the two is called. */
export interface Reservation {
  commit(): void;
  revert(): void;
}

/**
 * What a resource does around its writes beyond its strategy: things that reach other state than the object. Called
 * before the strategy prepares and validates, as kube-apiserver's BeginCreate and BeginUpdate.
 */
export interface RegistryHooks {
  beginCreate?(object: Mutable<KubeObject>, dryRun: boolean): Promise<Reservation | undefined>;
  beginUpdate?(object: Mutable<KubeObject>, old: KubeObject, dryRun: boolean): Promise<Reservation | undefined>;
  /** The object is gone. */
  afterDelete?(last: Stored): void;
  /** Whether an object without finalizers may go as soon as an update leaves it so; default true. */
  deletableDuringUpdate?(object: KubeObject): boolean;
}
