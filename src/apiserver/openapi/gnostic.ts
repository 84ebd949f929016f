import { ProtoWriter } from '../../schema/protobuf-wire.ts';
import type { Json } from './definitions.ts';
import {
  any,
  each,
  entries,
  entry,
  flag,
  type Message,
  message,
  named,
  text,
  type Write,
  wrapped,
} from './gnostic-wire.ts';

/**
 * An OpenAPI v2 document in protobuf, as kubectl asks for it: the message openapi.v2.Document of
 * https://github.com/google/gnostic-models. The tables below are its messages with the fields that our documents use.
 */

/** Schemas hold schemas. */
const schema: Write = (writer, tag, value) => writeSchema(writer, tag, value);
const writeSchema = message(
  {
    $ref: [1, text],
    format: [2, text],
    description: [4, text],
    required: [19, each(text)],
    enum: [20, each(any)],
    additionalProperties: [21, wrapped(1, schema)],
    type: [22, wrapped(1, text)],
    items: [23, wrapped(1, schema)],
    properties: [25, wrapped(1, named(schema))],
  },
  31,
);

const body = message(
  { description: [1, text], name: [2, text], in: [3, text], required: [4, flag], schema: [5, schema] },
  6,
);
const place = { required: [1, flag], in: [2, text], description: [3, text], name: [4, text] } as const;
const inQuery = message({ ...place, type: [6, text], uniqueItems: [20, flag] }, 23);
const inPath = message({ ...place, type: [5, text], uniqueItems: [19, flag] }, 22);
const parameters: Record<string, Write> = {
  body: wrapped(1, wrapped(1, body)),
  query: wrapped(1, wrapped(2, wrapped(3, inQuery))),
  path: wrapped(1, wrapped(2, wrapped(4, inPath))),
};
/** A reference to a shared parameter. */
const reference = wrapped(2, message({ $ref: [1, text] }, 3));
const parameter: Write = (writer, tag, value) => {
  const { in: where } = value as { readonly in?: string }; // references have none
  const write = where === undefined ? reference : parameters[where];
  if (!write) throw new TypeError(`no such parameters: ${where}`);
  write(writer, tag, value);
};
/** Among the shared ones none is a reference, and there is no word between for what is none. */
const shared: Record<string, Write> = {
  body: wrapped(1, body),
  query: wrapped(2, wrapped(3, inQuery)),
  path: wrapped(2, wrapped(4, inPath)),
};
const sharedParameter: Write = (writer, tag, value) => {
  const write = shared[String((value as { readonly in?: string }).in)]; // every parameter has it
  if (!write) throw new TypeError('no such parameters');
  write(writer, tag, value);
};

const response = message({ description: [1, text], schema: [2, wrapped(1, schema)] }, 5);
const operation = message(
  {
    tags: [1, each(text)],
    description: [3, text],
    operationId: [5, text],
    produces: [6, each(text)],
    consumes: [7, each(text)],
    parameters: [8, each(parameter)],
    responses: [9, wrapped(1, named(wrapped(1, response)))],
    schemes: [10, each(text)],
  },
  13,
);
const pathItem = message(
  {
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    options: [6, operation],
    head: [7, operation],
    patch: [8, operation],
    parameters: [9, each(parameter)],
  },
  10,
);

const apiKey = message({ type: [1, text], name: [2, text], in: [3, text], description: [4, text] }, 5);
const document: Message = {
  swagger: [1, text],
  info: [2, message({ title: [1, text], version: [2, text] }, 7)],
  security: [12, each(wrapped(1, named(wrapped(1, each(text)))))],
  securityDefinitions: [13, wrapped(1, named(wrapped(2, apiKey)))],
};
/** The two long parts of a document, each a map. */
const parts: Record<string, readonly [tag: number, inner: number, write: Write]> = {
  paths: [8, 2, entry(pathItem)],
  definitions: [9, 1, entry(schema)],
  parameters: [10, 1, entry(sharedParameter)],
};

/** Encodes a document, and gives way after each definition and each path: it takes many milliseconds. */
export function* encodeGnostic(value: Json): Generator<void, Buffer> {
  const writer = new ProtoWriter(1 << 20);
  for (const [name, content] of entries(value)) {
    const part = parts[name];
    if (part) {
      const [tag, inner, write] = part;
      const end = writer.length;
      for (const pair of entries(content)) {
        write(writer, inner, pair);
        yield;
      }
      writer.message(tag, end);
      continue;
    }
    const field = document[name];
    if (!field) throw new TypeError(`no field for ${JSON.stringify(name)}`);
    field[1](writer, field[0], content);
  }
  return Buffer.from(writer.finish());
}
