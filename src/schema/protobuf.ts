/**
 * Kubernetes' protobuf encoding over the type model, byte for byte as Kubernetes writes it: fields by tag, scalars that
 * are not behind a pointer always, map entries by key. Values are in the canonical form that `decode` makes.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
import type { JsonObject } from './json.ts';
import type { ObjectSchema } from './model.ts';
import { readMessage } from './protobuf-read.ts';
import { ProtobufError, ProtoReader, ProtoWriter } from './protobuf-wire.ts';
import { writeMessage } from './protobuf-write.ts';

export { ProtobufError } from './protobuf-wire.ts';

/** What a protobuf body begins with. */
const MAGIC = Buffer.from('k8s\0', 'latin1');

export interface ProtoEnvelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** The object's own message. */
  readonly raw: Buffer;
}

/** Whether bytes begin as a Kubernetes protobuf body does. */
const isProto = (bytes: Buffer): boolean => bytes.subarray(0, 4).equals(MAGIC);

/** An object in its envelope (runtime.Unknown). */
export function encodeProto(
  schema: ObjectSchema,
  gvk: { readonly apiVersion: string; readonly kind: string },
  object: object,
): Buffer {
  return encodeProtoEnvelope(gvk, encodeProtoMessage(schema, object));
}

/** The object's message alone. */
export function encodeProtoMessage(schema: ObjectSchema, object: object): Buffer {
  const writer = new ProtoWriter(1024);
  // Objects of a schema are plain JSON objects.
  writeMessage(schema, object as JsonObject, writer, 0);
  return writer.finish();
}

/** Puts a message into the envelope; `message` may be the concatenation of parts made before. */
export function encodeProtoEnvelope(
  gvk: { readonly apiVersion: string; readonly kind: string },
  message: Buffer,
): Buffer {
  const writer = new ProtoWriter(message.length + 64);
  writer.string(4, '');
  writer.string(3, '');
  writer.bytes(2, message);
  const end = writer.length;
  writer.string(2, gvk.kind);
  writer.string(1, gvk.apiVersion);
  writer.message(1, end);
  writer.raw(MAGIC);
  return writer.finish();
}

/** Opens the envelope; what is in it decides which schema to decode `raw` with. Throws ProtobufError. */
export function openProto(bytes: Buffer): ProtoEnvelope {
  if (bytes.length === 0) throw new ProtobufError('empty data');
  if (!isProto(bytes))
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  if (bytes.length === MAGIC.length) throw new ProtobufError('empty body');
  const reader = new ProtoReader(bytes.subarray(MAGIC.length));
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  while (reader.next()) {
    if (reader.tag === 1) {
      const meta = new ProtoReader(reader.bytes());
      while (meta.next()) {
        if (meta.tag === 1) apiVersion = meta.string();
        else if (meta.tag === 2) kind = meta.string();
        else meta.skip();
      }
    } else if (reader.tag === 2) raw = reader.bytes();
    else reader.skip();
  }
  return { apiVersion, kind, raw };
}

/**
 * Decodes a body in its envelope. The object is JSON-shaped, in the message's order: give it to `decodeKind` for the
 * canonical form. Throws ProtobufError.
 */
export function decodeProto(
  schema: ObjectSchema,
  bytes: Buffer,
): { apiVersion: string; kind: string; object: JsonObject } {
  const { apiVersion, kind, raw } = openProto(bytes);
  return { apiVersion, kind, object: decodeProtoMessage(schema, raw) };
}

export function decodeProtoMessage(schema: ObjectSchema, message: Buffer): JsonObject {
  return readMessage(schema, new ProtoReader(message), {}, 0);
}
