import { formatDuration } from './duration.ts';
import { isJsonObject, type JsonObject, MAX_DEPTH, setOwn } from './json.ts';
import type { ObjectSchema, ProtoField, ScalarSchema, Schema } from './model.ts';
import { ProtobufError, ProtoReader } from './protobuf-wire.ts';
import { formatInstant, formatMicroInstant, type Instant } from './time.ts';

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

export function readMessage(schema: ObjectSchema, reader: ProtoReader, out: JsonObject, depth: number): JsonObject {
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
