import type { JsonObject } from '../../schema/json.ts';
import { isJsonObject } from '../../schema/json.ts';
import type { ServedResource } from '../core.ts';
import type { Structural } from '../custom/schema/structural.ts';
import { gvk, type Json } from './definitions.ts';

/** "dev.example.v1.Widget" for a Widget of example.dev/v1. */
export const customName = ({ group, version, data }: ServedResource): string =>
  `${group.split('.').reverse().join('.')}.${version}.${data.kind}`;

/** What may stand in a schema, in the order that Kubernetes has. */
const keywords = [
  'description',
  'type',
  'format',
  'title',
  'default',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'multipleOf',
  'enum',
  'maxProperties',
  'minProperties',
  'required',
  'nullable',
  'not',
  'allOf',
  'anyOf',
  'oneOf',
  'externalDocs',
  'example',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
] as const;
/** Version 2 cannot say these. */
const notIn2: ReadonlySet<string> = new Set(['default', 'not', 'allOf', 'anyOf', 'oneOf', 'nullable']);

/**
 * The definition of a custom kind: its schema as written, with what all kinds have. For version 2 what it, or kubectl,
 * cannot read is left out.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#publish-validation-schema-in-openapi
 */
export function customDefinition(version: 2 | 3, resource: ServedResource, objectMeta: Json): Json {
  const { group, data, custom } = resource;
  const kinds = {
    'x-kubernetes-group-version-kind': [gvk(group, resource.version, data.kind)],
    ...selectable(resource),
  };
  const { root, preserves = false } = custom?.shape.described ?? {};
  if (!root || (version === 2 && (root.preserveUnknown || preserves))) return { type: 'object', ...kinds };
  const schema = schemaOf(version, root);
  const metadata = { description: METADATA, ...(version === 3 ? { allOf: [objectMeta] } : objectMeta) };
  const { apiVersion, kind, ...given } = isJsonObject(schema.properties) ? schema.properties : {};
  const properties = {
    ...given,
    apiVersion: { description: API_VERSION, type: 'string' },
    kind: { description: KIND, type: 'string' },
    metadata,
  };
  const ordered = Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...schema, properties: Object.fromEntries(ordered), ...kinds };
}

/** What field selectors may name. */
export function selectable({ custom }: ServedResource): Json {
  const fields = [...(custom?.selectable ?? [])].map((fieldPath) => ({ fieldPath }));
  return fields.length > 0 ? { 'x-kubernetes-selectable-fields': fields } : {};
}

// Kubernetes' conformance suite looks for the first words of the first two.
const METADATA = "Standard object's metadata: names, labels, owners and times.";
const API_VERSION = 'APIVersion defines the schema that the object is written in: GROUP/VERSION.';
const KIND = 'The kind of object that this is.';

function schemaOf(version: 2 | 3, node: Structural): JsonObject {
  const { schema } = node;
  const out: JsonObject = {};
  for (const key of keywords) {
    const value = schema[key];
    if (value !== undefined && value !== false && !(version === 2 && notIn2.has(key))) out[key] = value;
  }
  const parts = partsOf(version, node);
  if (version === 3) return embedded(3, node, { ...out, ...parts });
  if (node.nullable) delete out.type;
  const closed = node.nullable || node.preserveUnknown;
  if (closed) {
    delete parts.items;
    delete parts.properties;
  }
  // Kubectl cannot read lists of it does not know what, nor objects that may have anything.
  if ((out.type === 'array' && !parts.items) || (out.type === 'object' && node.preserveUnknown)) delete out.type;
  const required = (schema.required ?? []).filter((name) => !node.properties.get(name)?.nullable);
  if (required.length === 0 || node.additional?.nullable) delete out.required;
  else out.required = required;
  return embedded(2, node, { ...out, ...parts });
}

function partsOf(version: 2 | 3, node: Structural): JsonObject {
  const properties = [...node.properties].sort(([a], [b]) => (a < b ? -1 : 1));
  const { additionalProperties } = node.schema;
  return {
    ...(properties.length > 0 && {
      properties: Object.fromEntries(properties.map(([name, one]) => [name, schemaOf(version, one)])),
    }),
    ...(additionalProperties !== undefined && {
      additionalProperties: node.additional ? schemaOf(version, node.additional) : additionalProperties,
    }),
    ...(node.items && { items: schemaOf(version, node.items) }),
  };
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Objects within objects have what all objects have. */
function embedded(version: 2 | 3, node: Structural, schema: JsonObject): JsonObject {
  if (!node.embedded || (version === 2 && node.preserveUnknown)) return schema;
  const ref = { $ref: `${version === 3 ? '#/components/schemas/' : '#/definitions/'}${META}` };
  const given = isJsonObject(schema.properties) ? schema.properties : {};
  const properties = {
    ...given,
    apiVersion: { description: API_VERSION, type: 'string' },
    kind: { description: KIND, type: 'string' },
    metadata: { description: METADATA, ...(version === 3 ? { allOf: [ref] } : ref) },
  };
  const required = Array.isArray(schema.required) ? schema.required : [];
  return { ...schema, properties, required: [...new Set([...required, 'kind', 'apiVersion'])] };
}
