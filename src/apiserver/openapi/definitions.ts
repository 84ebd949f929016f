import type { Docs } from '../../api/docs/docs.ts';
import { groupVersions } from '../../api/groups.ts';
import { model } from '../../api/model.ts';
import type { Field, FieldData, ObjectSchema, ScalarType, Schema } from '../../schema/model.ts';
import { fileOf } from '../../schema/resolve.ts';
import type { ServedResource } from '../core.ts';
import { customDefinition, customName, selectable } from './custom.ts';

/** A JSON document under construction. */
export type Json = { [key: string]: unknown };

export interface GroupVersionKind {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Fields that custom resources have too, and that their definitions say nothing about. */
const ofEveryKind: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** What they are, apart from their form. */
const wellKnownDocs: Partial<Record<ScalarType, string>> = {
  Quantity: 'A number with a unit: 100m is a tenth, 1k a thousand, 1Ki is 1024, 1.5Gi is 1536Mi.',
  Time: 'A time, to the second, as RFC 3339 has it.',
  MicroTime: 'A time, to the microsecond, as RFC 3339 has it.',
  Duration: 'A span of time: 1h30m, 10s, 500ms.',
  IntOrString: 'A number or a text.',
  RawExtension: 'An object of any kind; its own apiVersion and kind say which.',
  FieldsV1:
    'A set of fields, as a tree: "f:" is a field, "k:" an element by its keys, "v:" one by its value, "." the thing itself.',
  JSON: 'Any value.',
  JSONSchemaPropsOrArray: 'A schema, or one for each element.',
  JSONSchemaPropsOrBool: 'A schema, or whether anything at all is allowed.',
  JSONSchemaPropsOrStringArray: 'A schema, or names of properties.',
};

/** Types with a JSON form of their own are definitions of their own: name, and what it says. */
const wellKnown: Partial<Record<ScalarType, readonly [name: string, schema: Json]>> = {
  Quantity: ['io.k8s.apimachinery.pkg.api.resource.Quantity', { type: 'string' }],
  Time: [`${META}.Time`, { type: 'string', format: 'date-time' }],
  MicroTime: [`${META}.MicroTime`, { type: 'string', format: 'date-time' }],
  Duration: [`${META}.Duration`, { type: 'string' }],
  IntOrString: ['io.k8s.apimachinery.pkg.util.intstr.IntOrString', { type: 'string', format: 'int-or-string' }],
  RawExtension: ['io.k8s.apimachinery.pkg.runtime.RawExtension', { type: 'object' }],
  FieldsV1: [`${META}.FieldsV1`, { type: 'object' }],
  JSON: ['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON', {}],
  JSONSchemaPropsOrArray: ['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray', {}],
  JSONSchemaPropsOrBool: ['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool', {}],
  JSONSchemaPropsOrStringArray: [
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray',
    {},
  ],
};

const plain: Partial<Record<ScalarType, Json>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
};

/** "k8s.io.api.core.v1" is "io.k8s.api.core.v1" in OpenAPI. */
const prefixes = new Map(
  groupVersions.map((gv) => {
    const [first, second, ...rest] = gv.package.split('.');
    return [fileOf(gv), [second, first, ...rest].join('.').replaceAll('_', '-')];
  }),
);

/** A type's name among the definitions. Types of custom resources are named by whoever defines them. */
export function definitionName(schema: ObjectSchema): string {
  const dot = schema.name.indexOf('.');
  const prefix = prefixes.get(schema.name.slice(0, dot));
  return prefix === undefined ? schema.name : `${prefix}${schema.name.slice(dot)}`;
}

/**
 * The definitions that a document needs: asking for a reference adds what it points to, and all that that points to.
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
 */
export class Definitions {
  readonly version: 2 | 3;
  readonly #root: string;
  readonly #v3: boolean;
  readonly #done = new Map<string, Json>();
  readonly #kinds: (name: string) => readonly GroupVersionKind[];
  readonly #docs: Docs;

  constructor(version: 2 | 3, docs: Docs, kinds: (name: string) => readonly GroupVersionKind[]) {
    this.#docs = docs;
    this.version = version;
    this.#v3 = version === 3;
    this.#root = this.#v3 ? '#/components/schemas/' : '#/definitions/';
    this.#kinds = kinds;
  }

  reference(schema: ObjectSchema): Json {
    const name = definitionName(schema);
    if (!this.#done.has(name)) {
      // Before its fields: types refer to themselves.
      const definition: Json = {};
      this.#done.set(name, definition);
      Object.assign(definition, this.object(schema, this.#kinds(name)));
    }
    return { $ref: this.#root + name };
  }

  /** A definition that is no type of the model. */
  named(name: string, schema: Json): Json {
    if (!this.#done.has(name)) this.#done.set(name, schema);
    return { $ref: this.#root + name };
  }

  /** A custom kind, as its definition describes it. */
  custom(resource: ServedResource): Json {
    const name = customName(resource);
    if (!this.#done.has(name)) {
      const meta = this.reference(model.type('meta/v1.ObjectMeta'));
      this.#done.set(name, customDefinition(this.version, resource, meta));
    }
    return { $ref: this.#root + name };
  }

  /** The list of a custom resource. */
  customList(resource: ServedResource): Json {
    const { group, version, data } = resource;
    const kind = data.listKind ?? `${data.kind}List`;
    const name = customName({ ...resource, data: { ...data, kind } });
    const items = this.custom(resource);
    const meta = this.reference(model.type('meta/v1.ListMeta'));
    return this.named(name, {
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        items: { type: 'array', items },
        kind: { type: 'string' },
        metadata: this.#v3 ? { allOf: [meta] } : meta,
      },
      'x-kubernetes-group-version-kind': [gvk(group, version, kind)],
      ...selectable(resource),
    });
  }

  /** By name, sorted. */
  all(): Json {
    return Object.fromEntries([...this.#done].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  object(schema: ObjectSchema, kinds: readonly GroupVersionKind[]): Json {
    const required = [...schema.fields.values()].filter((field) => field.required).map(({ name }) => name);
    const properties = [...schema.fields.values()].map((field) => [field.name, this.#property(schema, field)] as const);
    const description = this.#docs.type(schema.name);
    return {
      ...(description !== undefined && { description }),
      type: 'object',
      ...(required.length > 0 && { required }),
      ...(properties.length > 0 && { properties: Object.fromEntries(properties.sort(([a], [b]) => (a < b ? -1 : 1))) }),
      ...(kinds.length > 0 && { 'x-kubernetes-group-version-kind': kinds }),
      ...(schema.atomic && { 'x-kubernetes-map-type': 'atomic' }),
      ...(schema.unions && { 'x-kubernetes-unions': schema.unions.map(union) }),
      ...(schema.preserveUnknown && { 'x-kubernetes-preserve-unknown-fields': true }),
    };
  }

  #property(owner: ObjectSchema, field: Field): Json {
    const bare = this.#schema(field.schema);
    // The values that are allowed are the elements' of a list or map.
    const inner = bare.items ? 'items' : bare.additionalProperties ? 'additionalProperties' : undefined;
    const schema =
      field.enum && inner ? { ...bare, [inner]: { ...Object(bare[inner]), enum: [...field.enum].sort() } } : bare;
    // What a custom resource's fields are for is said in its definition.
    const ours = owner.proto || (owner.kind && ofEveryKind.has(field.name));
    const description = field.doc ?? (ours ? this.#docs.field(owner.name, field.name) : undefined);
    const said: Json = {
      ...(description !== undefined && { description }),
      // Version 2 leaves them out: clients of old took them for values to fill in themselves.
      ...(this.#v3 && defaultOf(field)),
    };
    const rest: Json = {
      ...(field.enum && !inner && { enum: [...field.enum].sort() }),
      ...(field.keys && { 'x-kubernetes-list-map-keys': field.keys }),
      ...(field.listType && { 'x-kubernetes-list-type': field.listType }),
      ...(field.atomic && field.schema.node !== 'list' && { 'x-kubernetes-map-type': 'atomic' }),
      ...(field.granular && { 'x-kubernetes-map-type': 'granular' }),
      ...(field.mergeKey && { 'x-kubernetes-patch-merge-key': field.mergeKey }),
      ...(field.patch && { 'x-kubernetes-patch-strategy': field.patch }),
    };
    // OpenAPI 3.0 ignores what stands beside a $ref.
    if (this.#v3 && '$ref' in schema && (Object.keys(said).length > 0 || Object.keys(rest).length > 0))
      return { ...said, allOf: [schema], ...rest };
    return { ...said, ...schema, ...rest };
  }

  /** An element of a list or map, which in Go is a value and begins as a zero. */
  #element(schema: Schema): Json {
    const bare = this.#schema(schema);
    if (!this.#v3) return bare;
    const zero = zeroOf(schema);
    if (zero === undefined) return bare;
    return '$ref' in bare ? { default: zero, allOf: [bare] } : { default: zero, ...bare };
  }

  #schema(schema: Schema): Json {
    switch (schema.node) {
      case 'object':
        return this.reference(schema);
      case 'list':
        return { type: 'array', items: this.#element(schema.items) };
      case 'map':
        return { type: 'object', additionalProperties: this.#element(schema.values) };
      case 'scalar': {
        const known = wellKnown[schema.type];
        if (!known) return { ...plain[schema.type] };
        const form = this.#v3 ? (v3Forms[schema.type] ?? known[1]) : known[1];
        return this.named(known[0], { description: wellKnownDocs[schema.type], ...form });
      }
    }
  }
}

/** What Go has where nothing was given: of values that are not pointers. */
function zeroOf(schema: Schema): FieldData['default'] {
  if (schema.node === 'object') return {};
  if (schema.node !== 'scalar') return undefined;
  switch (schema.type) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
      return 0;
    default:
      return undefined;
  }
}

function defaultOf({ default: given, pointer, always, schema }: Field): Json | undefined {
  if (given !== undefined) return { default: given };
  if (pointer || !always) return undefined;
  const zero = zeroOf(schema);
  return zero === undefined ? undefined : { default: zero };
}

/** OpenAPI 3 can say that either will do. */
const v3Forms: Partial<Record<ScalarType, Json>> = {
  IntOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  Quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
};

function union({ discriminator, fields }: { discriminator?: string; fields: Readonly<Record<string, string>> }): Json {
  return { ...(discriminator !== undefined && { discriminator }), 'fields-to-discriminateBy': fields };
}

/** A GroupVersionKind with its fields in OpenAPI's order. */
export function gvk(group: string, version: string, kind: string): GroupVersionKind {
  return { group, kind, version };
}
