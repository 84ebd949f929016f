import { isSchema, type JsonSchema } from './structural.ts';

/** Whether any part of a schema, or all of it, is as asked. */
export function someSchema(schema: JsonSchema, is: (schema: JsonSchema) => boolean): boolean {
  return is(schema) || partsOf(schema).some((part) => someSchema(part, is));
}

const partsOf = (schema: JsonSchema): JsonSchema[] => {
  const { items, not, allOf = [], anyOf = [], oneOf = [], additionalProperties, additionalItems } = schema;
  const single = [not, additionalProperties, additionalItems].filter((part) => typeof part === 'object');
  const named = [schema.properties, schema.patternProperties, schema.definitions, schema.dependencies];
  return [
    ...(items ? (isSchema(items) ? [items] : items) : []),
    ...allOf,
    ...anyOf,
    ...oneOf,
    ...single,
    ...named.flatMap((parts) => Object.values(parts ?? {}).filter(isOne)),
  ];
};

const isOne = (part: JsonSchema | readonly string[]): part is JsonSchema => !Array.isArray(part);
