import type { ListMeta, ObjectMeta } from './meta/v1.gen.ts';

/** What every persisted object has. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export interface KubeList<T> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ListMeta;
  readonly items: readonly T[];
}

export interface GroupResource {
  /** "" is the core group. */
  readonly group: string;
  /** Plural name as in paths: "pods". */
  readonly resource: string;
}

export interface GroupVersionResource extends GroupResource {
  readonly version: string;
}

/** A resource that objects of type T are kept under; one constant for each is generated from the model (`pods`). */
export interface ResourceType<T extends KubeObject = KubeObject> extends GroupVersionResource {
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set; carries T through inference. */
  readonly phantom?: T;
}

/** "v1", "apps/v1". */
export function apiVersionOf(gv: { readonly group: string; readonly version: string }): string {
  return gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;
}

/** The inverse of `apiVersionOf`; undefined when the text is not of that form. */
export function parseApiVersion(text: string): { group: string; version: string } | undefined {
  const parts = text.split('/');
  if (parts.length === 1 && parts[0]) return { group: '', version: parts[0] };
  if (parts.length === 2 && parts[0] && parts[1]) return { group: parts[0], version: parts[1] };
  return undefined;
}

/** "pods", "deployments.apps": how messages name a resource (schema.GroupResource.String). */
export function groupResourceName(gr: GroupResource): string {
  return gr.group === '' ? gr.resource : `${gr.resource}.${gr.group}`;
}

/** T with every property optional, all the way down: what a client may send. */
export type Draft<T> = T extends readonly (infer E)[]
  ? readonly Draft<E>[]
  : T extends object
    ? { readonly [K in keyof T]?: Draft<T[K]> }
    : T;

/** T with `readonly` taken off, all the way down: for code that builds or changes a copy of its own. */
export type Mutable<T> = T extends readonly (infer E)[]
  ? Mutable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;
