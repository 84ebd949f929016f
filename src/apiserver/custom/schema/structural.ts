/**
 * The schema of a custom resource in the form that everything here walks: what a definition says about a value, read
 * once. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
import type { JSONSchemaProps, ValidationRule } from '../../../api/apiextensions/v1.gen.ts';

/** A schema as definitions write it in JSON. */
export interface JsonSchema
  extends Omit<
    JSONSchemaProps,
    | 'items'
    | 'allOf'
    | 'oneOf'
    | 'anyOf'
    | 'not'
    | 'properties'
    | 'additionalProperties'
    | 'patternProperties'
    | 'dependencies'
    | 'additionalItems'
    | 'definitions'
  > {
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly dependencies?: Readonly<Record<string, JsonSchema | readonly string[]>>;
  readonly additionalItems?: JsonSchema | boolean;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
}

/** The model describes schemas by their Go types; in JSON, `items` and its like are schemas themselves. */
export const asWritten = (schema: JSONSchemaProps): JsonSchema => schema as unknown as JsonSchema;

/** A node on the spine of a schema: one value of an object. */
export interface Structural {
  readonly schema: JsonSchema;
  /** "" where the schema names none. */
  readonly type: string;
  readonly nullable: boolean;
  /** Undefined where there is none: null is none as well. */
  readonly default: unknown;
  readonly properties: ReadonlyMap<string, Structural>;
  /** Schema of the values of other names. */
  readonly additional: Structural | undefined;
  /** Other names may be there: `additionalProperties` says so, as a schema or as true. */
  readonly allowsAdditional: boolean;
  readonly items: Structural | undefined;
  readonly preserveUnknown: boolean;
  readonly embedded: boolean;
  readonly intOrString: boolean;
  readonly listType: string;
  readonly listMapKeys: readonly string[];
  readonly mapType: string;
  readonly rules: readonly ValidationRule[];
  /** Whether this node or one below it has what a walk looks for; without it the walk need not go there. */
  readonly below: Below;
}

export interface Below {
  readonly defaults: boolean;
  readonly embedded: boolean;
  /** Lists that are sets or maps. */
  readonly uniqueLists: boolean;
  readonly rules: boolean;
}

const noProperties: ReadonlyMap<string, Structural> = new Map();

/** Reads a schema. It should have been validated: what structural schemas may not have is ignored. */
export function structuralOf(schema: JsonSchema): Structural {
  const { items, additionalProperties } = schema;
  const properties = schema.properties
    ? new Map(Object.entries(schema.properties).map(([name, property]) => [name, structuralOf(property)] as const))
    : noProperties;
  const additional = typeof additionalProperties === 'object' ? structuralOf(additionalProperties) : undefined;
  const ofItems = items && isSchema(items) ? structuralOf(items) : undefined;
  const children = [...properties.values(), ...(additional ? [additional] : []), ...(ofItems ? [ofItems] : [])];
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const listType = schema['x-kubernetes-list-type'] ?? '';
  const rules = schema['x-kubernetes-validations'] ?? [];
  return {
    schema,
    type: schema.type ?? '',
    nullable: schema.nullable === true,
    default: schema.default ?? undefined,
    properties,
    additional,
    allowsAdditional: additionalProperties !== undefined,
    items: ofItems,
    preserveUnknown: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embedded,
    intOrString: schema['x-kubernetes-int-or-string'] === true,
    listType,
    listMapKeys: schema['x-kubernetes-list-map-keys'] ?? [],
    mapType: schema['x-kubernetes-map-type'] ?? '',
    rules,
    below: {
      defaults: children.some((child) => child.below.defaults || child.default !== undefined),
      embedded: embedded || children.some((child) => child.below.embedded),
      uniqueLists: listType === 'set' || listType === 'map' || children.some((child) => child.below.uniqueLists),
      rules: rules.length > 0 || children.some((child) => child.below.rules),
    },
  };
}

const text: JsonSchema = { type: 'string' };
const metadata: JsonSchema = { type: 'object', properties: { name: text, generateName: text } };

/** The same with what expressions may always read of an object of a kind: its apiVersion, kind and names. */
export function withTypeAndMetadata(node: Structural): Structural {
  const known = completed.get(node);
  if (known) return known;
  const made = complete(node);
  completed.set(node, made);
  return made;
}

const completed = new WeakMap<Structural, Structural>();

function complete(node: Structural): Structural {
  const meta = { kind: structuralOf(text), apiVersion: structuralOf(text), metadata: structuralOf(metadata) };
  const found = node.properties.get('metadata');
  const named = ['name', 'generateName'].every((name) => found?.properties.get(name)?.type === 'string');
  const typed = ['kind', 'apiVersion'].every((name) => node.properties.get(name)?.type === 'string');
  if (typed && named && found?.type === 'object') return node;
  return { ...node, properties: new Map([...node.properties, ...Object.entries(meta)]) };
}

export const isSchema = (items: JsonSchema | readonly JsonSchema[]): items is JsonSchema => !Array.isArray(items);

/** The schema of a member of an object: of its own, or that of all other names. */
export const memberOf = (node: Structural, name: string): Structural | undefined =>
  node.properties.get(name) ?? node.additional;
