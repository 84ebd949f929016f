import type { KubeObject, Mutable } from '../api/resource.ts';
import type { FieldError } from '../schema/field-error.ts';
import type { UserInfo } from './user.ts';

type Found = readonly FieldError[] | Promise<readonly FieldError[]>;

/**
 * What a kind does beyond its shape. Every hook is optional; the generic registry does what all kinds share (names,
 * uid, resourceVersion, timestamps, deletion, generateName, metadata validation). One file a kind in
 * src/apiserver/strategies/GROUP/KIND.ts, collected by src/apiserver/strategies/index.ts.
 * Objects handed to prepare hooks are private copies and may be changed; all others are frozen.
 */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** Defaults that depend on other fields; constant ones stand in the model. Runs on every decode of the kind. */
  readonly setDefaults?: (object: Mutable<T>) => void;
  /** Resets what a client may not set on create (status), sets generation 1 where the kind counts generations. */
  readonly prepareForCreate?: (object: Mutable<T>, context: StrategyContext) => void;
  /** What is wrong with it; a promise where finding out takes several turns of the event loop. */
  readonly validateCreate?: (object: T, context: StrategyContext) => Found;
  /** Restores what an update may not change, raises generation when the spec changed. */
  readonly prepareForUpdate?: (object: Mutable<T>, old: T, context: StrategyContext) => void;
  readonly validateUpdate?: (object: T, old: T, context: StrategyContext) => Found;
  /** The same for PUT and PATCH of a subresource that shares the kind: status, and for pods ephemeralcontainers, resize. */
  readonly subresources?: Readonly<Record<string, SubresourceStrategy<T>>>;
  /** Warning headers (deprecated fields, risky values). */
  readonly warnings?: (object: T, old: T | undefined) => readonly string[];
  /** PUT creates the object when it does not exist. */
  readonly allowCreateOnUpdate?: boolean;
  /** PUT without resourceVersion overwrites whatever is there. Kubernetes allows it for most kinds; default true. */
  readonly allowUnconditionalUpdate?: boolean;
  /** Grace period of a deletion in seconds: pods wait for their node; default 0. */
  readonly graceSeconds?: (object: T, requested: number | undefined) => number;
  /** Fields that field selectors can name, beyond metadata.name and metadata.namespace. */
  readonly selectableFields?: (object: T) => Readonly<Record<string, string>>;
  /** The propagation that a delete without one means; default 'background'. */
  readonly defaultPropagation?: 'background' | 'orphan';
  /** Warns whoever deletes without a word about dependents. */
  readonly deletionWarning?: string;
  /** Annotations that stand for fields of old versions: the metadata in tables does not have them. */
  readonly hiddenAnnotations?: readonly string[];
  /** Cells of the server-side table, one for each column of the model; the default prints name and age. */
  readonly tableCells?: (object: T, now: number) => readonly unknown[];
  /** The order of the rows, where it is not that of the names. */
  readonly tableOrder?: (a: T, b: T) => number;
  /** What clients are to know of a row beyond its cells: that a pod is done. */
  readonly rowConditions?: (object: T) => readonly TableRowCondition[] | undefined;
  /** Seconds after which an object goes by itself (events). */
  readonly ttlSeconds?: (object: T) => number | undefined;
}

export interface SubresourceStrategy<T extends KubeObject> {
  /** Keeps everything but what this subresource may change. */
  readonly prepareForUpdate: (object: Mutable<T>, old: T, context: StrategyContext) => void;
  readonly validateUpdate?: (object: T, old: T, context: StrategyContext) => Found;
  readonly warnings?: (object: T, old: T) => readonly string[];
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export interface TableRowCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface StrategyContext {
  /** The group that the request names: what is stored may be another's. */
  readonly group: string;
  readonly user: UserInfo;
  /** Adds a Warning header to the answer. */
  readonly warn: (text: string) => void;
  /** Of the namespace as this process knows it; none where there is no such namespace. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Of validation: what is wrong already. */
  readonly metadataProblems?: readonly FieldError[];
}
