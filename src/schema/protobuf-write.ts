// Messages are written from the end to the beginning, so that the length of each is known when its header is due.
import { parseDuration } from './duration.ts';
import { getOwn, isJsonObject, type JsonObject, MAX_DEPTH } from './json.ts';
import type { ObjectSchema, ProtoField, ScalarSchema, Schema } from './model.ts';
import { ProtobufError, type ProtoWriter } from './protobuf-wire.ts';
import { isZeroTime, parseTime } from './time.ts';

export function writeMessage(schema: ObjectSchema, object: JsonObject, writer: ProtoWriter, depth: number): void {
  if (depth > MAX_DEPTH) throw new ProtobufError('exceeded max depth');
  const fields = schema.proto;
  if (!fields) throw new ProtobufError(`${schema.name} has no protobuf form`);
  for (let i = fields.length - 1; i >= 0; i--) {
    // biome-ignore lint/style/noNonNullAssertion: i is in range
    const { tag, field, inline }: ProtoField = fields[i]!;
    const node = field.schema;
    if (inline) {
      const end = writer.length;
      if (node.node === 'object') writeMessage(node, object, writer, depth + 1);
      writer.message(tag, end);
      continue;
    }
    const value = getOwn(object, field.name);
    if (value !== undefined && value !== null) writeValue(node, tag, value, writer, depth);
    else if (!field.pointer) writeZero(node, tag, writer, depth);
  }
}

/** A field that is not behind a pointer and has no value. */
function writeZero(node: Schema, tag: number, writer: ProtoWriter, depth: number): void {
  if (node.node === 'list' || node.node === 'map') return;
  if (node.node === 'object') {
    writeValue(node, tag, {}, writer, depth);
    return;
  }
  switch (node.type) {
    case 'string':
      writer.string(tag, '');
      return;
    case 'bool':
    case 'int32':
    case 'int64':
      writer.varint(tag, 0);
      return;
    case 'double':
      writer.double(tag, 0);
      return;
    case 'bytes':
      return;
    case 'Quantity':
      writeValue(node, tag, '0', writer, depth);
      return;
    case 'Duration':
      writeValue(node, tag, '0s', writer, depth);
      return;
    case 'IntOrString':
      writeValue(node, tag, 0, writer, depth);
      return;
    default:
      writer.message(tag, writer.length);
      return;
  }
}

function writeValue(node: Schema, tag: number, value: unknown, writer: ProtoWriter, depth: number): void {
  switch (node.node) {
    case 'object': {
      const end = writer.length;
      writeMessage(node, object(value), writer, depth + 1);
      writer.message(tag, end);
      return;
    }
    case 'list': {
      const list = array(value);
      const end = writer.length;
      for (let i = list.length - 1; i >= 0; i--)
        writeElement(node.items, node.wrapped ? 1 : tag, list[i], writer, depth);
      if (node.wrapped) writer.message(tag, end);
      return;
    }
    case 'map': {
      const map = object(value);
      const keys = sortedKeys(map);
      for (let i = keys.length - 1; i >= 0; i--) {
        const key = keys[i] ?? '';
        const end = writer.length;
        writeElement(node.values, 2, map[key], writer, depth);
        writer.string(1, key);
        writer.message(tag, end);
      }
      return;
    }
    default:
      writeScalar(node, tag, value, writer, depth);
  }
}

function writeElement(node: Schema, tag: number, value: unknown, writer: ProtoWriter, depth: number): void {
  if (value === undefined || value === null) writeZero(node, tag, writer, depth);
  else writeValue(node, tag, value, writer, depth);
}

function writeScalar(node: ScalarSchema, tag: number, value: unknown, writer: ProtoWriter, depth: number): void {
  const end = writer.length;
  switch (node.type) {
    case 'string':
      writer.string(tag, text(value));
      return;
    case 'bool':
      writer.varint(tag, value === true ? 1 : 0);
      return;
    case 'int32':
    case 'int64':
      writer.varint(tag, number(value));
      return;
    case 'double':
      writer.double(tag, number(value));
      return;
    case 'bytes':
      writer.bytes(tag, Buffer.from(text(value), 'base64'));
      return;
    case 'Quantity':
      writer.string(1, text(value));
      break;
    case 'Time':
    case 'MicroTime': {
      const time = parseTime(text(value));
      if (!isZeroTime(time)) {
        writer.varint(2, node.type === 'Time' ? 0 : time.micros * 1000);
        writer.varint(1, time.seconds);
      }
      break;
    }
    case 'Duration':
      writer.varint(1, parseDuration(text(value)));
      break;
    case 'IntOrString':
      writer.string(3, typeof value === 'string' ? value : '');
      writer.varint(2, typeof value === 'number' ? value : 0);
      writer.varint(1, typeof value === 'string' ? 1 : 0);
      break;
    case 'RawExtension':
    case 'FieldsV1':
    case 'JSON':
      writer.bytes(1, Buffer.from(JSON.stringify(value)));
      break;
    case 'JSONSchemaPropsOrArray':
      writeUnion(node, value, (list) => writeProps(node, 2, list, writer, depth), 1, writer, depth);
      break;
    case 'JSONSchemaPropsOrStringArray':
      writeUnion(node, value, (item) => writer.string(2, text(item)), 1, writer, depth);
      break;
    case 'JSONSchemaPropsOrBool':
      if (isJsonObject(value)) writeProps(node, 2, value, writer, depth);
      writer.varint(1, value === false ? 0 : 1);
      break;
  }
  writer.message(tag, end);
}

function writeUnion(
  node: ScalarSchema,
  value: unknown,
  element: (item: unknown) => void,
  tag: number,
  writer: ProtoWriter,
  depth: number,
): void {
  if (!Array.isArray(value)) {
    writeProps(node, tag, value, writer, depth);
    return;
  }
  for (let i = value.length - 1; i >= 0; i--) element(value[i]);
}

function writeProps(node: ScalarSchema, tag: number, value: unknown, writer: ProtoWriter, depth: number): void {
  if (node.of) writeValue(node.of, tag, value, writer, depth + 1);
}

/** Keys by their UTF-8 bytes, which is the order of UTF-16 units unless there are surrogates. */
function sortedKeys(map: JsonObject): string[] {
  const keys = Object.keys(map);
  if (keys.length < 2) return keys;
  if (keys.some((key) => /[\ud800-\udfff]/.test(key))) {
    return keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
  return keys.sort();
}

const unfit = (value: unknown, what: string) => new ProtobufError(`${JSON.stringify(value)} is not ${what}`);

function object(value: unknown): JsonObject {
  if (isJsonObject(value)) return value;
  throw unfit(value, 'an object');
}
function array(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unfit(value, 'a list');
}
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw unfit(value, 'a string');
}
function number(value: unknown): number {
  if (typeof value === 'number') return value;
  throw unfit(value, 'a number');
}
