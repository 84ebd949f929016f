import type { CustomResourceDefinition } from '../../api/apiextensions/v1.gen.ts';
import { model } from '../../api/model.ts';
import { declarationOf, ScopeTypes } from '../../apiserver/custom/schema/declarations.ts';
import { asWritten, structuralOf } from '../../apiserver/custom/schema/structural.ts';
import type { ObjectType } from '../../cel/environment.ts';
import { escapeProperty } from '../../cel/object-types.ts';
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
    const types = new ScopeTypes(declared);
    return { type: types.self, resolve: types.resolve };
  }
  return undefined;
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

/** Types of a built-in kind: objects are named by their paths. */
class ModelTypes implements KindTypes {
  readonly type: CelType;
  readonly #objects = new Map<string, ObjectSchema | undefined>();

  constructor(name: string, schema: ObjectSchema) {
    this.#objects.set(name, schema);
    this.type = structType(name);
  }

  readonly resolve = (name: string): ObjectType | undefined => {
    if (!this.#objects.has(name)) return undefined;
    const fields = new Map<string, Schema>();
    for (const field of this.#objects.get(name)?.fields.values() ?? []) {
      const escaped = escapeProperty(field.name);
      if (escaped !== undefined) fields.set(escaped, field.schema);
    }
    return {
      name,
      field: (field) => {
        const node = fields.get(field);
        return node && this.#typeOf(node, `${name}.${field}`);
      },
    };
  };

  #typeOf(node: Schema, name: string): CelType | undefined {
    switch (node.node) {
      case 'scalar':
        if (node.type !== 'RawExtension' && node.type !== 'FieldsV1') return scalars[node.type];
        // An object of which nothing is known.
        this.#objects.set(name, undefined);
        return structType(name);
      case 'list': {
        const items = this.#typeOf(node.items, `${name}.@idx`);
        return items && listOf(items);
      }
      case 'map': {
        const values = this.#typeOf(node.values, `${name}.@elem`);
        return values && mapOf(STRING, values);
      }
      case 'object':
        this.#objects.set(name, node);
        return structType(name);
    }
  }
}
