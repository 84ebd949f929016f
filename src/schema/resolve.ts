import type {
  Field,
  FieldData,
  GroupVersionData,
  ListSchema,
  ObjectSchema,
  ProtoField,
  ScalarSchema,
  ScalarType,
  Schema,
  TypeData,
} from './model.ts';

/** Every type of some group-versions, with references resolved. Types are resolved when first asked for. */
export interface Model {
  readonly groups: readonly GroupVersionData[];
  /** By "core/v1.PodSpec". Throws for a name that is not in the model. */
  type(name: string): ObjectSchema;
  /**
   * A kind as requests name it. Every group-version knows meta.k8s.io's kinds too (DeleteOptions, Status, ...), as
   * clients name them in the group-version they talk to.
   */
  kind(group: string, version: string, kind: string): ObjectSchema | undefined;
}

/** Scalars that hold, or may hold, a JSONSchemaProps. */
const unions: ReadonlySet<string> = new Set([
  'JSONSchemaPropsOrArray',
  'JSONSchemaPropsOrBool',
  'JSONSchemaPropsOrStringArray',
]);

const scalarTypes: ReadonlySet<string> = new Set<ScalarType>([
  'string',
  'bool',
  'int32',
  'int64',
  'double',
  'bytes',
  'Quantity',
  'Time',
  'MicroTime',
  'Duration',
  'IntOrString',
  'RawExtension',
  'FieldsV1',
  'JSON',
]);

const isScalarType = (name: string): name is ScalarType => scalarTypes.has(name);

/** "core/v1": the folder and file under src/api. */
export const fileOf = (gv: GroupVersionData): string =>
  `${gv.package.split('.').at(-2)?.replace('_', '') ?? ''}/${gv.version}`;

export function resolveModel(groups: readonly GroupVersionData[]): Model {
  return new ResolvedModel(groups);
}

class ResolvedModel implements Model {
  readonly groups: readonly GroupVersionData[];
  readonly #files = new Map<string, GroupVersionData>();
  readonly #byGroupVersion = new Map<string, string>();
  readonly #types = new Map<string, TypeNode>();
  readonly #scalars = new Map<string, ScalarSchema>();

  constructor(groups: readonly GroupVersionData[]) {
    this.groups = groups;
    for (const gv of groups) {
      const file = fileOf(gv);
      this.#files.set(file, gv);
      this.#byGroupVersion.set(`${gv.group}/${gv.version}`, file);
    }
  }

  type(name: string): ObjectSchema {
    return this.node(name);
  }

  kind(group: string, version: string, kind: string): ObjectSchema | undefined {
    const file = this.#byGroupVersion.get(`${group}/${version}`);
    for (const candidate of file === undefined ? [] : [file, 'meta/v1']) {
      const gv = this.#files.get(candidate);
      const type = gv?.types[kind];
      if (gv && type && Object.hasOwn(gv.types, kind) && isKind(gv, kind, type))
        return this.node(`${candidate}.${kind}`);
    }
    return undefined;
  }

  node(name: string): TypeNode {
    const known = this.#types.get(name);
    if (known) return known;
    const dot = name.indexOf('.');
    const file = name.slice(0, dot);
    const gv = this.#files.get(file);
    const local = name.slice(dot + 1);
    const type = gv && Object.hasOwn(gv.types, local) ? gv.types[local] : undefined;
    if (!gv || !type) throw new Error(`the model has no type ${name}`);
    const node = new TypeNode(this, file, name, type, isKind(gv, local, type));
    this.#types.set(name, node);
    return node;
  }

  /** The node that a type name in `file` stands for. */
  reference(file: string, name: string): Schema {
    if (name === 'string[]') return wrappedStrings;
    if (isScalarType(name)) return this.#scalar(name);
    if (unions.has(name)) return this.#union(file, name);
    return this.node(name.includes('/') ? name : `${file}.${name}`);
  }

  #scalar(type: ScalarType): ScalarSchema {
    let scalar = this.#scalars.get(type);
    if (!scalar) {
      scalar = { node: 'scalar', type };
      this.#scalars.set(type, scalar);
    }
    return scalar;
  }

  #union(file: string, name: string): ScalarSchema {
    let scalar = this.#scalars.get(name);
    if (!scalar) {
      const model = this;
      scalar = {
        node: 'scalar',
        type: name as ScalarType, // `unions` holds only names of scalar types
        get of(): ObjectSchema {
          return model.node(`${file}.JSONSchemaProps`);
        },
      };
      this.#scalars.set(name, scalar);
    }
    return scalar;
  }
}

/** A list that protobuf writes as a message of its own (ExtraValue, Verbs). */
const wrappedStrings: ListSchema = { node: 'list', items: { node: 'scalar', type: 'string' }, wrapped: true };

/** Kinds that are neither served as resources nor recognized by their metadata. */
const otherKinds =
  /(?<!^SELinux|SecurityContext)Options$|(Review|List)$|^(Status|APIGroup|APIVersions|Scale|SerializedReference)$/;

function isKind(gv: GroupVersionData, name: string, type: TypeData): boolean {
  for (const r of gv.resources) {
    if (r.kind === name) return true;
    for (const s of Object.values(r.subresources ?? {})) if (s.kind === name) return true;
  }
  const metadata = type.fields.metadata?.type ?? '';
  if (/^(meta\/v1\.)?(Object|List)Meta$/.test(metadata)) return !/Template(Spec)?$/.test(name);
  return otherKinds.test(name) && !type.fields.apiVersion;
}

const typeMeta = (name: string, schema: ScalarSchema): Field => ({
  name,
  schema,
  required: false,
  pointer: false,
  always: false,
  atomic: false,
});
const stringScalar: ScalarSchema = { node: 'scalar', type: 'string' };
const kindField = typeMeta('kind', stringScalar);
const apiVersionField = typeMeta('apiVersion', stringScalar);

class TypeNode implements ObjectSchema {
  readonly node = 'object' as const;
  readonly name: string;
  readonly atomic: boolean;
  readonly kind: boolean;
  readonly unions?: TypeData['unions'];
  readonly #model: ResolvedModel;
  readonly #file: string;
  readonly #data: TypeData;
  #fields: ReadonlyMap<string, Field> | undefined;
  #proto: readonly ProtoField[] | undefined;

  constructor(model: ResolvedModel, file: string, name: string, data: TypeData, kind: boolean) {
    this.#model = model;
    this.#file = file;
    this.name = name;
    this.#data = data;
    this.kind = kind;
    this.atomic = data.atomic === true;
    if (data.unions) this.unions = data.unions;
  }

  get fields(): ReadonlyMap<string, Field> {
    if (this.#fields) return this.#fields;
    const fields = new Map<string, Field>();
    if (this.kind) fields.set('kind', kindField).set('apiVersion', apiVersionField);
    for (const [name, data] of Object.entries(this.#data.fields)) {
      if (data.inline) for (const [n, f] of this.#embedded(data).fields) fields.set(n, f);
      else fields.set(name, this.#field(name, data));
    }
    this.#fields = fields;
    return fields;
  }

  get proto(): readonly ProtoField[] {
    if (this.#proto) return this.#proto;
    const own = this.fields;
    const proto: ProtoField[] = [];
    for (const [name, data] of Object.entries(this.#data.fields)) {
      const field = data.inline ? this.#field('', data) : own.get(name);
      if (field) proto.push({ tag: data.tag, field, inline: data.inline === true });
    }
    proto.sort((a, b) => a.tag - b.tag);
    this.#proto = proto;
    return proto;
  }

  #embedded(data: FieldData): ObjectSchema {
    const schema = this.#model.reference(this.#file, data.type ?? '');
    if (schema.node !== 'object') throw new Error(`${this.name}: an inline field must be an object`);
    return schema;
  }

  #field(name: string, data: FieldData): Field {
    const resolve = (type: string) => this.#model.reference(this.#file, type);
    const schema: Schema =
      data.type !== undefined
        ? resolve(data.type)
        : data.list !== undefined
          ? { node: 'list', items: resolve(data.list) }
          : { node: 'map', values: resolve(data.map ?? '') };
    return {
      name,
      schema,
      required: data.required === true,
      pointer: data.pointer === true,
      always: data.always === true || (schema.node === 'object' && !data.pointer),
      atomic: data.atomic === true,
      ...(data.default !== undefined && { default: data.default }),
      ...(data.enum && { enum: data.enum }),
      ...(data.listType && { listType: data.listType }),
      ...(data.keys && { keys: data.keys }),
      ...(data.granular && { granular: data.granular }),
      ...(data.patch && { patch: data.patch }),
      ...(data.mergeKey && { mergeKey: data.mergeKey }),
      ...(data.doc && { doc: data.doc }),
    };
  }
}
