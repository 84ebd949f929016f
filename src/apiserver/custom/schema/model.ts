/** A schema as the type model has it, for what is written over the model: apply, strict decoding. */
import type { Field, ListType, ObjectSchema, Schema } from '../../../schema/model.ts';
import type { Structural } from './structural.ts';

/** Anything at all. */
const ANYTHING: Schema = { node: 'scalar', type: 'JSON' };
const INT_OR_STRING: Schema = { node: 'scalar', type: 'IntOrString' };

/**
 * The model of a kind. `metadata` is the model's ObjectMeta; `name` names the type in messages, below it each type by its
 * path: "example.com/v1.Widget.spec". Without a schema everything is kept.
 */
export function toModel(root: Structural | undefined, name: string, metadata: ObjectSchema): ObjectSchema {
  const meta = fieldOf('metadata', metadata, undefined);
  const fields = new Map<string, Field>([
    ['apiVersion', fieldOf('apiVersion', { node: 'scalar', type: 'string' }, undefined)],
    ['kind', fieldOf('kind', { node: 'scalar', type: 'string' }, undefined)],
    ['metadata', meta],
  ]);
  if (!root) return { node: 'object', name, fields, atomic: false, kind: true, preserveUnknown: true };
  for (const [property, node] of root.properties) {
    if (!fields.has(property))
      fields.set(property, fieldOf(property, schemaOf(node, `${name}.${property}`, metadata), node, root));
  }
  const open = root.preserveUnknown || (root.properties.size === 0 && root.additional !== undefined);
  return {
    node: 'object',
    name,
    fields,
    atomic: root.mapType === 'atomic',
    kind: true,
    ...(open && { preserveUnknown: true as const }),
  };
}

function schemaOf(node: Structural, name: string, metadata: ObjectSchema): Schema {
  if (node.intOrString) return INT_OR_STRING;
  switch (node.type) {
    case 'string':
      return { node: 'scalar', type: 'string' };
    case 'boolean':
      return { node: 'scalar', type: 'bool' };
    case 'integer':
      return { node: 'scalar', type: node.schema.format === 'int32' ? 'int32' : 'int64' };
    case 'number':
      return { node: 'scalar', type: 'double' };
    case 'array':
      return { node: 'list', items: node.items ? schemaOf(node.items, `${name}[]`, metadata) : ANYTHING };
    case 'object':
      return objectOf(node, name, metadata);
    default:
      return ANYTHING;
  }
}

function objectOf(node: Structural, name: string, metadata: ObjectSchema): Schema {
  if (node.embedded) return { ...toModel(node, name, metadata), preserveUnknown: true };
  if (node.properties.size === 0) {
    if (node.additional) return { node: 'map', values: schemaOf(node.additional, `${name}.*`, metadata) };
    if (node.allowsAdditional) return { node: 'map', values: ANYTHING };
  }
  const fields = new Map<string, Field>();
  for (const [property, child] of node.properties) {
    fields.set(property, fieldOf(property, schemaOf(child, `${name}.${property}`, metadata), child, node));
  }
  return {
    node: 'object',
    name,
    fields,
    atomic: node.mapType === 'atomic',
    ...((node.preserveUnknown || node.additional) && { preserveUnknown: true as const }),
  };
}

const listTypes: ReadonlySet<string> = new Set<ListType>(['atomic', 'set', 'map']);
const isListType = (text: string): text is ListType => listTypes.has(text);

function fieldOf(name: string, schema: Schema, node: Structural | undefined, parent?: Structural): Field {
  const { listType = '', listMapKeys = [], mapType = '' } = node ?? {};
  const description = node?.schema.description;
  return {
    name,
    schema,
    required: parent?.schema.required?.includes(name) ?? false,
    pointer: true,
    always: false,
    atomic: mapType === 'atomic',
    ...(isListType(listType) && { listType }),
    ...(listMapKeys.length > 0 && { keys: listMapKeys }),
    ...(description !== undefined && { doc: description }),
  };
}
