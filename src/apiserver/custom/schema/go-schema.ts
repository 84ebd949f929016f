/** Parts of a definition as Go writes its internal types in messages: every field, by its Go name. */
import type { CustomResourceDefinitionVersion, ValidationRule } from '../../../api/apiextensions/v1.gen.ts';
import { sorted } from '../../validation/go-value.ts';
import { asWritten, isSchema, type JsonSchema } from './structural.ts';

type Json = Readonly<Record<string, unknown>>;

const list = <T>(values: readonly T[] | undefined, each: (value: T) => unknown): unknown => values?.map(each) ?? null;

function mapOf<T>(values: Readonly<Record<string, T>> | undefined, each: (value: T) => unknown): unknown {
  if (!values) return null;
  const entries = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, each(value)]));
}

const orBool = (value: JsonSchema | boolean | undefined): Json | null =>
  value === undefined ? null : { Allows: value !== false, Schema: typeof value === 'object' ? goSchema(value) : null };

export function goItems(items: JsonSchema['items']): Json | null {
  if (!items) return null;
  return isSchema(items)
    ? { Schema: goSchema(items), JSONSchemas: null }
    : { Schema: null, JSONSchemas: list(items, goSchema) };
}

export const goRule = (rule: ValidationRule): Json => ({
  Rule: rule.rule,
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
});

/** Fields that are zero rather than null when they are not given, and all others, in the order of the type. */
export function goSchema(schema: JsonSchema): Json {
  const docs = schema.externalDocs;
  return {
    ID: schema.id ?? '',
    Schema: schema.$schema ?? '',
    Ref: schema.$ref ?? null,
    Description: schema.description ?? '',
    Type: schema.type ?? '',
    Nullable: schema.nullable ?? false,
    Format: schema.format ?? '',
    Title: schema.title ?? '',
    Default: sorted(schema.default ?? null),
    Maximum: schema.maximum ?? null,
    ExclusiveMaximum: schema.exclusiveMaximum ?? false,
    Minimum: schema.minimum ?? null,
    ExclusiveMinimum: schema.exclusiveMinimum ?? false,
    MaxLength: schema.maxLength ?? null,
    MinLength: schema.minLength ?? null,
    Pattern: schema.pattern ?? '',
    MaxItems: schema.maxItems ?? null,
    MinItems: schema.minItems ?? null,
    UniqueItems: schema.uniqueItems ?? false,
    MultipleOf: schema.multipleOf ?? null,
    Enum: list(schema.enum, sorted),
    MaxProperties: schema.maxProperties ?? null,
    MinProperties: schema.minProperties ?? null,
    Required: schema.required ?? null,
    Items: goItems(schema.items),
    AllOf: list(schema.allOf, goSchema),
    OneOf: list(schema.oneOf, goSchema),
    AnyOf: list(schema.anyOf, goSchema),
    Not: schema.not ? goSchema(schema.not) : null,
    Properties: mapOf(schema.properties, goSchema),
    AdditionalProperties: orBool(schema.additionalProperties),
    PatternProperties: mapOf(schema.patternProperties, goSchema),
    Dependencies: mapOf(schema.dependencies, (value) =>
      isNames(value) ? { Schema: null, Property: value } : { Schema: goSchema(value), Property: null },
    ),
    AdditionalItems: orBool(schema.additionalItems),
    Definitions: mapOf(schema.definitions, goSchema),
    ExternalDocs: docs ? { Description: docs.description ?? '', URL: docs.url ?? '' } : null,
    Example: sorted(schema.example ?? null),
    XPreserveUnknownFields: schema['x-kubernetes-preserve-unknown-fields'] ?? null,
    XEmbeddedResource: schema['x-kubernetes-embedded-resource'] ?? false,
    XIntOrString: schema['x-kubernetes-int-or-string'] ?? false,
    XListMapKeys: schema['x-kubernetes-list-map-keys'] ?? null,
    XListType: schema['x-kubernetes-list-type'] ?? null,
    XMapType: schema['x-kubernetes-map-type'] ?? null,
    XValidations: list(schema['x-kubernetes-validations'], goRule),
  };
}

const isNames = (value: JsonSchema | readonly string[]): value is readonly string[] => Array.isArray(value);

export function goVersion(version: CustomResourceDefinitionVersion): Json {
  const { schema, subresources } = version;
  const scale = subresources?.scale;
  return {
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: schema
      ? { OpenAPIV3Schema: schema.openAPIV3Schema ? goSchema(asWritten(schema.openAPIV3Schema)) : null }
      : null,
    Subresources: subresources
      ? {
          Status: subresources.status ?? null,
          Scale: scale
            ? {
                SpecReplicasPath: scale.specReplicasPath,
                StatusReplicasPath: scale.statusReplicasPath,
                LabelSelectorPath: scale.labelSelectorPath ?? null,
              }
            : null,
        }
      : null,
    AdditionalPrinterColumns: list(version.additionalPrinterColumns, (column) => ({
      Name: column.name,
      Type: column.type,
      Format: column.format ?? '',
      Description: column.description ?? '',
      Priority: column.priority ?? 0,
      JSONPath: column.jsonPath,
    })),
    SelectableFields: list(version.selectableFields, ({ jsonPath }) => ({ JSONPath: jsonPath })),
  };
}
