/**
 * The type model: one description of a type drives everything generic (decoding, defaulting, pruning, validation,
 * protobuf, patches, apply, OpenAPI). Built-in kinds are written down in this form in src/api; a
 * CustomResourceDefinition's schema is turned into the same `Schema` nodes.
 *
 * There are two layers:
 *  - `GroupVersionData` is what people write: a compact table, one line a field, types named by strings.
 *  - `Schema` is what machines walk: nodes with every reference resolved, made by `resolve.ts`.
 */

/** Types that JSON knows or that Kubernetes gives a form of its own. */
export type ScalarType =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  /** Base64 in JSON, raw in protobuf. */
  | 'bytes'
  /** resource.Quantity: "100m", "1Gi". Canonical form on output. */
  | 'Quantity'
  /** metav1.Time: RFC 3339, whole seconds, UTC. */
  | 'Time'
  /** metav1.MicroTime: RFC 3339 with six decimals. */
  | 'MicroTime'
  /** metav1.Duration: Go's duration syntax, "1h0m0s". */
  | 'Duration'
  /** intstr.IntOrString. */
  | 'IntOrString'
  /** runtime.RawExtension: any object; its own apiVersion and kind say what it is. */
  | 'RawExtension'
  /** metav1.FieldsV1: the set of fields of a managedFields entry. */
  | 'FieldsV1'
  /** apiextensions JSON: any JSON value. */
  | 'JSON'
  /** Parts of an OpenAPI schema whose JSON is a schema or something simpler; protobuf has a message with both. */
  | 'JSONSchemaPropsOrArray'
  | 'JSONSchemaPropsOrBool'
  | 'JSONSchemaPropsOrStringArray';

export type ListType = 'atomic' | 'set' | 'map';
export type PatchStrategy = 'merge' | 'replace' | 'retainKeys' | 'merge,retainKeys';

/** One field of a type, as written in src/api. */
export interface FieldData {
  /** Protobuf tag (field number). */
  readonly tag: number;
  /** Exactly one of type, list and map says what the field holds: a scalar, "Name" of this package or "core/v1.Name". */
  readonly type?: string;
  /** Element type of a repeated field. */
  readonly list?: string;
  /** Value type of a string-keyed map. */
  readonly map?: string;
  /** OpenAPI says clients must give it. */
  readonly required?: true;
  /**
   * Go declares a pointer (or, for lists and maps, nothing of note): zero values that were given are kept. Without
   * it a zero value ("", 0, false) is not written to JSON, as `omitempty` does, and is always written to protobuf.
   */
  readonly pointer?: true;
  /** Written to JSON even when absent from the input (Go has no `omitempty`, or a struct by value): "", 0, {}, null. */
  readonly always?: true;
  /** The protobuf message nests what JSON has inline (Go's embedded structs). */
  readonly inline?: true;
  readonly default?: string | number | boolean | Readonly<Record<string, never>>;
  readonly enum?: readonly string[];
  readonly listType?: ListType;
  /** Keys of a `listType: 'map'` list. */
  readonly keys?: readonly string[];
  /** A map or struct that server-side apply replaces whole. */
  readonly atomic?: true;
  /** Server-side apply merges it field by field although its type is atomic elsewhere. */
  readonly granular?: true;
  readonly patch?: PatchStrategy;
  readonly mergeKey?: string;
  readonly doc?: string;
}

export interface TypeData {
  /** Fields by JSON name, in the order in which Kubernetes writes them. */
  readonly fields: Readonly<Record<string, FieldData>>;
  /** Server-side apply treats a value of this type as one leaf. */
  readonly atomic?: true;
  /** Discriminated unions, as OpenAPI names them. */
  readonly unions?: readonly { readonly discriminator?: string; readonly fields: Readonly<Record<string, string>> }[];
  readonly doc?: string;
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export interface SubresourceData {
  readonly kind: string;
  /** Where the kind is not of the parent's group-version: ["autoscaling", "v1"]. */
  readonly of?: readonly [group: string, version: string];
  readonly verbs: readonly Verb[];
}

/** A column of the server-side table: name, type, format, priority (0 is always shown), and what it says where that is told. */
export type ColumnData = readonly [name: string, type: string, format: string, priority: number, description?: string];

export interface ResourceData {
  /** Plural name in paths. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  /** Where it is not the kind with "List". */
  readonly listKind?: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: Readonly<Record<string, SubresourceData>>;
  readonly columns?: readonly ColumnData[];
}

/** A package of types; where it serves resources, a group-version. */
export interface GroupVersionData {
  readonly group: string;
  readonly version: string;
  /** Name of the protobuf package, "k8s.io.api.core.v1". */
  readonly package: string;
  readonly types: Readonly<Record<string, TypeData>>;
  readonly resources: readonly ResourceData[];
}

/* ---- the resolved form ---- */

/** A node of the resolved model. Nodes are shared and may be recursive; treat them as immutable. */
export type Schema = ScalarSchema | ListSchema | MapSchema | ObjectSchema;

export interface ScalarSchema {
  readonly node: 'scalar';
  readonly type: ScalarType;
  /** The schema that a JSONSchemaPropsOr... holds. */
  readonly of?: ObjectSchema;
}
export interface ListSchema {
  readonly node: 'list';
  readonly items: Schema;
  /** In protobuf the list is a message of its own, its elements field 1 (ExtraValue, Verbs). */
  readonly wrapped?: true;
}
export interface MapSchema {
  readonly node: 'map';
  readonly values: Schema;
}
export interface ObjectSchema {
  readonly node: 'object';
  /** "core/v1.PodSpec"; for custom resources the path within the definition. */
  readonly name: string;
  /** Every JSON field, inline ones lifted to this level, in writing order. */
  readonly fields: ReadonlyMap<string, Field>;
  readonly atomic: boolean;
  /** The type has apiVersion and kind of its own: `fields` begins with them, protobuf does not have them. */
  readonly kind?: boolean;
  /** Protobuf layout, sorted by tag; an inline message is one entry here. Absent for custom resources. */
  readonly proto?: readonly ProtoField[];
  /** Keep fields that the schema does not name (x-kubernetes-preserve-unknown-fields). */
  readonly preserveUnknown?: true;
  readonly unions?: TypeData['unions'];
}
export interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  readonly pointer: boolean;
  readonly always: boolean;
  readonly default?: FieldData['default'];
  readonly enum?: readonly string[];
  readonly listType?: ListType;
  readonly keys?: readonly string[];
  readonly atomic: boolean;
  readonly granular?: true;
  readonly patch?: PatchStrategy;
  readonly mergeKey?: string;
  readonly doc?: string;
}
export interface ProtoField {
  readonly tag: number;
  readonly field: Field;
  /** Set where the message is nested in protobuf but inline in JSON: `field` is then synthetic and unnamed in JSON. */
  readonly inline: boolean;
}
