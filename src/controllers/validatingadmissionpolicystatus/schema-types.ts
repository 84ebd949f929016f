import type { CustomResourceDefinition } from '../../api/apiextensions/v1.gen.ts';
import { model } from '../../api/model.ts';
import { declarationOf, ScopeTypes } from '../../apiserver/custom/schema/declarations.ts';
import { asWritten, structuralOf } from '../../apiserver/custom/schema/structural.ts';
import type { ObjectType } from '../../cel/environment.ts';
import { escapeProperty, fieldCalled } from '../../cel/object-types.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  structType,
  TIMESTAMP,
} from '../../cel/types.ts';
import type { ObjectSchema, ScalarType, Schema } from '../../schema/model.ts';

/** A kind's type, and the types of the objects in it by their names. */
export interface KindTypes {
  readonly type: CelType;
  readonly resolve: (name: string) => ObjectType | undefined;
}

export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The types that expressions see of a kind; undefined of one that has no schema. */
export function typesOfKind(kind: Kind, definitions: readonly CustomResourceDefinition[]): KindTypes | undefined {
  const schema = model.kind(kind.group, kind.version, kind.kind);
  if (schema) return new ModelTypes(kind.kind, schema);
  for (const { spec } of definitions) {
    if (spec.group !== kind.group || spec.names.kind !== kind.kind) continue;
    const version = spec.versions.find(({ name }) => name === kind.version);
    const written = version?.schema?.openAPIV3Schema;
    const declared = written && declarationOf(structuralOf(asWritten(written)), true);
    if (!declared) return undefined;
    return withObjectMeta(new ScopeTypes(declared));
  }
  return undefined;
}

/** All metadata, whatever the definition says of it. */
function withObjectMeta({ self, resolve }: ScopeTypes): KindTypes {
  const metadata = new ModelTypes('ObjectMeta', model.type('meta/v1.ObjectMeta'));
  return {
    type: self,
    resolve: (name) => {
      const known = resolve(name) ?? metadata.resolve(name);
      if (!known || name !== self.name) return known;
      return { name, field: (field) => (field === 'metadata' ? metadata.type : known.field(field)) };
    },
  };
}

/** Scalars as their OpenAPI has them; what OpenAPI leaves open no expression sees. */
const scalars: Readonly<Partial<Record<ScalarType, CelType>>> = {
  string: STRING,
  bool: BOOL,
  int32: INT,
  int64: INT,
  double: DOUBLE,
  bytes: BYTES,
  Time: TIMESTAMP,
  MicroTime: TIMESTAMP,
  Duration: STRING,
  IntOrString: DYN,
};

interface Known {
  /** Undefined of an object of which nothing is known. */
  readonly schema: ObjectSchema | undefined;
  /** The schemas it is in. Of what is in itself no expression sees more. */
  readonly within: readonly ObjectSchema[];
}

/** Types of a built-in kind: objects are named by their paths. */
class ModelTypes implements KindTypes {
  readonly type: CelType;
  readonly #objects = new Map<string, Known>();

  constructor(name: string, schema: ObjectSchema) {
    this.#objects.set(name, { schema, within: [] });
    this.type = structType(name);
  }

  readonly resolve = (name: string): ObjectType | undefined => {
    const known = this.#objects.get(name);
    if (!known) return undefined;
    const { schema, within } = known;
    const fields = new Map<string, Schema>();
    for (const field of schema?.fields.values() ?? []) {
      const escaped = escapeProperty(field.name);
      if (escaped !== undefined) fields.set(escaped, field.schema);
    }
    const around = schema ? [...within, schema] : within;
    return {
      name,
      field: (field) => {
        const node = fieldCalled(fields, field);
        return node && this.#typeOf(node, `${name}.${field}`, around);
      },
    };
  };

  #typeOf(node: Schema, name: string, within: readonly ObjectSchema[]): CelType | undefined {
    switch (node.node) {
      case 'scalar':
        if (node.type !== 'RawExtension' && node.type !== 'FieldsV1') return scalars[node.type];
        this.#objects.set(name, { schema: undefined, within });
        return structType(name);
      case 'list': {
        const items = this.#typeOf(node.items, `${name}.@idx`, within);
        return items && listOf(items);
      }
      case 'map': {
        const values = this.#typeOf(node.values, `${name}.@elem`, within);
        return values && mapOf(STRING, values);
      }
      case 'object':
        this.#objects.set(name, { schema: within.includes(node) ? undefined : node, within });
        return structType(name);
    }
  }
}
