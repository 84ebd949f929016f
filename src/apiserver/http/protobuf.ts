import { errors } from '../../api/errors.ts';
import type { Status } from '../../api/meta/v1.gen.ts';
import { model } from '../../api/model.ts';
import { apiVersionOf, parseApiVersion } from '../../api/resource.ts';
import type { ObjectSchema } from '../../schema/model.ts';
import { decodeProtoMessage, encodeProtoEnvelope, encodeProtoMessage, openProto } from '../../schema/protobuf.ts';
import { turns } from '../../utils/turns.ts';
import type { ServedResource, Stored, StoredList, WatchEventType } from '../core.ts';
import { joined, PIECE_BYTES } from './join.ts';
import { mediaTypes, type Representation } from './negotiate.ts';

/** Answers in protobuf. An object's message is made when somebody first asks for it and kept as long as the object. */
const messages = new WeakMap<Stored, Buffer>();
const metadataMessages = new WeakMap<Stored, Buffer>();

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The object itself, or what a subresource answered in its place (a Scale, a Status). */
function message(resource: ServedResource, stored: Stored): Buffer {
  let bytes = messages.get(stored);
  if (!bytes) {
    bytes = encodeProtoMessage(schemaOf(resource, stored.object), stored.object);
    messages.set(stored, bytes);
  }
  return bytes;
}

function schemaOf(resource: ServedResource, { apiVersion, kind }: Kind): ObjectSchema {
  if (kind === resource.data.kind && apiVersion === apiVersionOf(resource)) return resource.schema;
  const schema = schemaOfKind(apiVersion, kind);
  if (!schema?.proto) throw errors.notAcceptable(mediaTypes);
  return schema;
}

function schemaOfKind(apiVersion: string, kind: string): ObjectSchema | undefined {
  const gv = parseApiVersion(apiVersion);
  return gv && model.kind(gv.group, gv.version, kind);
}

function metadataMessage(stored: Stored): Buffer {
  let bytes = metadataMessages.get(stored);
  if (!bytes) {
    bytes = encodeProtoMessage(model.type('meta/v1.PartialObjectMetadata'), { metadata: stored.object.metadata });
    metadataMessages.set(stored, bytes);
  }
  return bytes;
}

export function encodeObject(resource: ServedResource, stored: Stored, rep: Representation): Buffer {
  if (rep.as !== '') {
    const gvk = { apiVersion: `meta.k8s.io/${rep.metaVersion}`, kind: 'PartialObjectMetadata' };
    return encodeProtoEnvelope(gvk, metadataMessage(stored));
  }
  return encodeProtoEnvelope(stored.object, message(resource, stored));
}

const LIST_META = 1;
const LIST_ITEMS = 2;

/**
 * A list's message is its objects' messages in a row, each behind its tag and length, and its own length comes before
 * them: all messages are made first, in turns, and then sent piece by piece.
 */
export async function listPieces(list: StoredList, rep: Representation): Promise<Generator<Buffer, void>> {
  const { resource, resourceVersion, remainingItemCount } = list;
  const meta = encodeProtoMessage(model.type('meta/v1.ListMeta'), {
    resourceVersion,
    continue: list.continue ?? '',
    ...(list.continue && remainingItemCount !== undefined && { remainingItemCount }),
  });
  const messageOf = rep.as === '' ? (stored: Stored) => message(resource, stored) : metadataMessage;
  const items: Buffer[] = [];
  let length = field(LIST_META, meta.length).length + meta.length;
  let made = 0;
  for (const stored of list.items) {
    const item = messageOf(stored);
    items.push(item);
    length += field(LIST_ITEMS, item.length).length + item.length;
    made += item.length;
    if (made < PIECE_BYTES) continue;
    made = 0;
    await turns.take();
  }
  const gvk =
    rep.as === ''
      ? { apiVersion: apiVersionOf(resource), kind: `${resource.data.kind}List` }
      : { apiVersion: `meta.k8s.io/${rep.metaVersion}`, kind: 'PartialObjectMetadataList' };
  return joined(listParts(gvk, length, meta, items));
}

function* listParts(gvk: Kind, length: number, meta: Buffer, items: readonly Buffer[]): Generator<Buffer, void> {
  // The envelope of nothing is that of something but for the length, and what follows.
  const empty = encodeProtoEnvelope(gvk, Buffer.alloc(0));
  yield empty.subarray(0, empty.length - AFTER_RAW.length - field(ENVELOPE_RAW, 0).length);
  yield field(ENVELOPE_RAW, length);
  yield field(LIST_META, meta.length);
  yield meta;
  for (const item of items) {
    yield field(LIST_ITEMS, item.length);
    yield item;
  }
  yield AFTER_RAW;
}

const ENVELOPE_RAW = 2;
/** Of the envelope: no content encoding and no content type. */
const AFTER_RAW = Buffer.from([0x1a, 0, 0x22, 0]);

/** A watch event: a WatchEvent message behind its length in four bytes; the object in it has an envelope of its own. */
export function protobufFrame(
  resource: ServedResource,
  rep: Representation,
  type: WatchEventType,
  stored: Stored,
): Buffer {
  return frame(type, encodeObject(resource, stored, rep));
}

export function protobufError(status: Status): Buffer {
  return frame('ERROR', encodeStatus(status));
}

export function encodeStatus(status: Status): Buffer {
  const schema = model.type('meta/v1.Status');
  return encodeProtoEnvelope({ apiVersion: 'v1', kind: 'Status' }, encodeProtoMessage(schema, status));
}

const EVENT_TYPE = 1;
const EVENT_OBJECT = 2;
const RAW_BYTES = 1;

function frame(type: string, object: Buffer): Buffer {
  const name = Buffer.from(type);
  const raw = field(RAW_BYTES, object.length);
  const parts = [field(EVENT_TYPE, name.length), name, field(EVENT_OBJECT, raw.length + object.length), raw, object];
  const length = Buffer.alloc(4);
  length.writeUInt32BE(parts.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([length, ...parts]);
}

/** The header of a length-delimited field. */
function field(tag: number, length: number): Buffer {
  const bytes = [(tag << 3) | 2];
  let rest = length;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A body in protobuf as the JSON value it stands for; its envelope says its kind. Throws ProtobufError. */
export function decodeProtobuf(bytes: Buffer): object {
  const { apiVersion, kind, raw } = openProto(bytes);
  const schema = schemaOfKind(apiVersion, kind);
  if (!schema) throw errors.badRequest(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { ...decodeProtoMessage(schema, raw), kind, apiVersion };
}
