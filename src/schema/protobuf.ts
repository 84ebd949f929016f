/**
 * Kubernetes' protobuf encoding over the type model, byte for byte as Kubernetes writes it: fields by tag, scalars that
 * are not behind a pointer always, map entries by key. Values are in the canonical form that `decode` makes.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
import { formatDuration, parseDuration } from './duration.ts';
import { getOwn, isJsonObject, type JsonObject, MAX_DEPTH, setOwn } from './json.ts';
import type { ObjectSchema, ProtoField, ScalarSchema, Schema } from './model.ts';
import { ProtobufError, ProtoReader, ProtoWriter } from './protobuf-wire.ts';
import { formatInstant, formatMicroInstant, type Instant, isZeroTime, parseTime } from './time.ts';

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
  if (!isProto(bytes))
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
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

/* ---- writing: from the end to the beginning, so that the length of a message is known when its header is due ---- */

function writeMessage(schema: ObjectSchema, object: JsonObject, writer: ProtoWriter, depth: number): void {
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

/* ---- reading ---- */

const byTag = new WeakMap<ObjectSchema, Map<number, ProtoField>>();

function fieldsByTag(schema: ObjectSchema): Map<number, ProtoField> {
  let fields = byTag.get(schema);
  if (!fields) {
    if (!schema.proto) throw new ProtobufError(`${schema.name} has no protobuf form`);
    fields = new Map(schema.proto.map((f) => [f.tag, f]));
    byTag.set(schema, fields);
  }
  return fields;
}

function readMessage(schema: ObjectSchema, reader: ProtoReader, out: JsonObject, depth: number): JsonObject {
  if (depth > MAX_DEPTH) throw new ProtobufError('exceeded max depth');
  const fields = fieldsByTag(schema);
  while (reader.next()) {
    const entry = fields.get(reader.tag);
    if (!entry) {
      reader.skip();
      continue;
    }
    const { field, inline } = entry;
    const node = field.schema;
    if (inline) {
      if (node.node === 'object') readMessage(node, new ProtoReader(reader.bytes()), out, depth + 1);
    } else if (node.node === 'list' && !node.wrapped) {
      readElements(node.items, reader, listIn(out, field.name), depth);
    } else if (node.node === 'map') {
      readEntry(node.values, new ProtoReader(reader.bytes()), mapIn(out, field.name), depth);
    } else {
      const value = readValue(node, reader, depth);
      // Messages have every scalar; JSON has those that say something.
      if (value !== null && (field.pointer || field.always || !isZero(value))) out[field.name] = value;
    }
  }
  return out;
}

const isZero = (value: unknown) => value === '' || value === 0 || value === false;

function listIn(out: JsonObject, name: string): unknown[] {
  const existing = out[name];
  if (Array.isArray(existing)) return existing;
  const list: unknown[] = [];
  out[name] = list;
  return list;
}

function mapIn(out: JsonObject, name: string): JsonObject {
  const existing = out[name];
  if (isJsonObject(existing)) return existing;
  const map: JsonObject = {};
  out[name] = map;
  return map;
}

function readElements(node: Schema, reader: ProtoReader, list: unknown[], depth: number): void {
  const packed = node.node === 'scalar' && (node.type === 'int32' || node.type === 'int64' || node.type === 'bool');
  if (!packed || reader.wire !== 2) {
    list.push(readValue(node, reader, depth));
    return;
  }
  const inner = new ProtoReader(reader.bytes());
  while (!inner.done) list.push(node.type === 'bool' ? inner.rawVarint() !== 0n : inner.rawInteger());
}

function readEntry(node: Schema, reader: ProtoReader, map: JsonObject, depth: number): void {
  let key = '';
  let value: unknown;
  while (reader.next()) {
    if (reader.tag === 1) key = reader.string();
    else if (reader.tag === 2) value = readValue(node, reader, depth);
    else reader.skip();
  }
  setOwn(map, key, value ?? null);
}

function readValue(node: Schema, reader: ProtoReader, depth: number): unknown {
  switch (node.node) {
    case 'object':
      return readMessage(node, new ProtoReader(reader.bytes()), {}, depth + 1);
    case 'list': {
      const inner = new ProtoReader(reader.bytes());
      const list: unknown[] = [];
      while (inner.next()) {
        if (inner.tag === 1) list.push(readValue(node.items, inner, depth));
        else inner.skip();
      }
      return list;
    }
    case 'map':
      throw new ProtobufError('a map cannot be an element');
    default:
      return readScalar(node, reader, depth);
  }
}

function readScalar(node: ScalarSchema, reader: ProtoReader, depth: number): unknown {
  switch (node.type) {
    case 'string':
      return reader.string();
    case 'bool':
      return reader.varint() !== 0n;
    case 'int32':
    case 'int64':
      return reader.integer();
    case 'double':
      return reader.double();
    case 'bytes':
      return reader.bytes().toString('base64');
    default:
      return readWrapped(node, new ProtoReader(reader.bytes()), depth);
  }
}

/** Types that are messages of their own. */
function readWrapped(node: ScalarSchema, reader: ProtoReader, depth: number): unknown {
  switch (node.type) {
    case 'Quantity':
      return readMembers(reader, { 1: (r) => r.string() })[1] ?? '0';
    case 'Time':
    case 'MicroTime': {
      const members = readMembers(reader, { 1: (r) => r.integer(), 2: (r) => r.integer() });
      if (members[1] === undefined && members[2] === undefined) return null;
      return timeText(node.type, Number(members[1] ?? 0), Number(members[2] ?? 0));
    }
    case 'Duration':
      return formatDuration(BigInt(String(readMembers(reader, { 1: (r) => r.integer() })[1] ?? 0)));
    case 'IntOrString': {
      const members = readMembers(reader, { 1: (r) => r.integer(), 2: (r) => r.integer(), 3: (r) => r.string() });
      return members[1] === 1 ? (members[3] ?? '') : (members[2] ?? 0);
    }
    case 'JSONSchemaPropsOrArray':
    case 'JSONSchemaPropsOrBool':
    case 'JSONSchemaPropsOrStringArray':
      return readUnion(node, reader, depth);
    default: {
      const raw = readMembers(reader, { 1: (r) => r.bytes() })[1];
      return Buffer.isBuffer(raw) && raw.length > 0 ? parseJson(raw) : null;
    }
  }
}

function readMembers(
  reader: ProtoReader,
  members: Readonly<Record<number, (reader: ProtoReader) => unknown>>,
): Record<number, unknown> {
  const out: Record<number, unknown> = {};
  while (reader.next()) {
    const read = members[reader.tag];
    if (read) out[reader.tag] = read(reader);
    else reader.skip();
  }
  return out;
}

function timeText(type: 'Time' | 'MicroTime', seconds: number, nanos: number): string {
  // The years 1 to 9999, which is what the text form can say.
  if (!(seconds >= -62135596800 && seconds < 253402300800 && nanos >= 0 && nanos < 1e9)) {
    throw new ProtobufError('time is out of range');
  }
  const time: Instant = { seconds, micros: Math.floor(nanos / 1000) };
  return type === 'Time' ? formatInstant(time) : formatMicroInstant(time);
}

function readUnion(node: ScalarSchema, reader: ProtoReader, depth: number): unknown {
  const { of } = node;
  if (!of) throw new ProtobufError(`${node.type} has no schema`);
  let props: JsonObject | undefined;
  let list: unknown[] | undefined;
  let allows = false;
  const single = node.type === 'JSONSchemaPropsOrBool' ? 2 : 1;
  while (reader.next()) {
    if (reader.tag === single) props = readMessage(of, new ProtoReader(reader.bytes()), {}, depth + 1);
    else if (reader.tag === 1) allows = reader.varint() !== 0n;
    else if (reader.tag === 2) {
      list ??= [];
      list.push(
        node.type === 'JSONSchemaPropsOrArray'
          ? readMessage(of, new ProtoReader(reader.bytes()), {}, depth + 1)
          : reader.string(),
      );
    } else reader.skip();
  }
  return list ?? props ?? (single === 2 ? allows : null);
}

function parseJson(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8')) as unknown;
  } catch {
    throw new ProtobufError('a raw extension is not JSON');
  }
}
