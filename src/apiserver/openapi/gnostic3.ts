import { ProtoWriter } from '../../schema/protobuf-wire.ts';
import type { Json } from './definitions.ts';
import { any, each, entries, entry, flag, message, named, text, type Write, wrapped } from './gnostic-wire.ts';

/**
 * An OpenAPI v3 document in protobuf, as client-go asks for it: the message openapi.v3.Document of
 * https://github.com/google/gnostic-models. The tables below are its messages with the fields that our documents use.
 */

/** A default is a number, a flag or a text; of an object there is nothing but that there is one. */
const defaultValue: Write = (writer, tag, value) => {
  const end = writer.length;
  if (typeof value === 'number') writer.double(1, value);
  else if (typeof value === 'boolean') writer.varint(2, value ? 1 : 0);
  else if (typeof value === 'string') writer.string(3, value);
  writer.message(tag, end);
};

const reference = message({ $ref: [1, text] }, 4);

/** Either the thing itself (1) or a reference to it (2). */
const orReference = (write: Write): Write => {
  const itself = wrapped(1, write);
  const referred = wrapped(2, reference);
  return (writer, tag, value) => {
    const refers = typeof value === 'object' && value !== null && '$ref' in value;
    (refers ? referred : itself)(writer, tag, value);
  };
};

/** Schemas hold schemas. */
const schema: Write = (writer, tag, value) => schemaOrReference(writer, tag, value);
const schemaOrReference = orReference(
  message(
    {
      nullable: [1, flag],
      title: [9, text],
      uniqueItems: [20, flag],
      required: [23, each(text)],
      enum: [24, each(any)],
      type: [25, text],
      allOf: [26, each(schema)],
      oneOf: [27, each(schema)],
      anyOf: [28, each(schema)],
      items: [30, wrapped(1, schema)],
      properties: [31, wrapped(1, named(schema))],
      additionalProperties: [32, wrapped(1, schema)],
      default: [33, defaultValue],
      description: [34, text],
      format: [35, text],
    },
    36,
  ),
);

const content = wrapped(1, named(message({ schema: [1, schema] }, 5)));
const parameter = orReference(
  message({ name: [1, text], in: [2, text], description: [3, text], required: [4, flag], schema: [10, schema] }, 14),
);
const requestBody = orReference(message({ description: [1, text], content: [2, content], required: [3, flag] }, 4));
const response = orReference(message({ description: [1, text], content: [3, content] }, 5));
const operation = message(
  {
    tags: [1, each(text)],
    description: [3, text],
    operationId: [5, text],
    parameters: [6, each(parameter)],
    requestBody: [7, requestBody],
    responses: [8, wrapped(2, named(response))],
  },
  13,
);
const pathItem = message(
  {
    get: [4, operation],
    put: [5, operation],
    post: [6, operation],
    delete: [7, operation],
    options: [8, operation],
    head: [9, operation],
    patch: [10, operation],
    parameters: [13, each(parameter)],
  },
  14,
);
const securityScheme = orReference(
  message({ type: [1, text], description: [2, text], name: [3, text], in: [4, text] }, 9),
);
const info = message({ title: [1, text], version: [6, text] }, 7);
const path = entry(pathItem);
const component = entry(schema);
const security = wrapped(1, named(securityScheme));

/** Encodes a document, and gives way after each path and each schema: it takes many milliseconds. */
export function* encodeGnostic3(value: Json): Generator<void, Buffer> {
  const writer = new ProtoWriter(1 << 18);
  const { components = {}, paths = {} } = value;
  const { schemas = {}, securitySchemes = {} } = components as Json; // the documents are our own
  const endOfComponents = writer.length;
  security(writer, 7, securitySchemes);
  const endOfSchemas = writer.length;
  for (const pair of entries(schemas)) {
    component(writer, 1, pair);
    yield;
  }
  if (writer.length > endOfSchemas) writer.message(1, endOfSchemas);
  writer.message(5, endOfComponents);
  const endOfPaths = writer.length;
  for (const pair of entries(paths)) {
    path(writer, 1, pair);
    yield;
  }
  writer.message(4, endOfPaths);
  info(writer, 2, value.info);
  text(writer, 1, value.openapi);
  return Buffer.from(writer.finish());
}
